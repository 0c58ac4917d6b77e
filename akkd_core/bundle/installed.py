"""Bundles by name: those shipped, and those that the user installed in a folder of his own.

A path that exists goes before a name, and a shipped bundle before an installed one.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from akkd_core.bundle.content import JOINT, MANIFEST
from akkd_core.bundle.store import shipped_bundle_path
from akkd_core.errors import BundleError, ParameterError

MODELS_VARIABLE = "AKKD_MODELS"
"""Environment variable that names the folder of installed models."""

SHIPPED = ("default", "compact")
"""Names of the shipped bundles, which no installed one may take."""

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_-])?")


def models_folder(platform: str = sys.platform) -> Path:
    """Folder of installed models, which need not exist yet.

    Parameters
    ----------
    platform : str
        As `sys.platform`.

    Returns
    -------
    Path
        ``AKKD_MODELS`` if set; else ``akkd/models`` in the platform's folder for a user's data:
        ``%APPDATA%``, ``~/Library/Application Support``, or ``$XDG_DATA_HOME`` (XDG Base Directory
        Specification 0.8; a relative one doesn't count), by default ``~/.local/share``.
    """
    given = os.environ.get(MODELS_VARIABLE)
    if given:
        return Path(given).expanduser().absolute()
    home = Path.home()
    if platform == "win32":
        base = Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming")
    elif platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME", ""))
        if not base.is_absolute():
            base = home / ".local" / "share"
    return base / "akkd" / "models"


def check_model_name(name: str) -> None:
    """Raise ParameterError for a name that no installed bundle can have."""
    if not _NAME.fullmatch(name) or name.lower().endswith(".zip"):
        raise ParameterError(
            f"name {name[:80]!r}: give letters, digits, '.', '_' and '-', at most 80, a letter or "
            "digit first, no .zip"
        )
    if name.lower() in SHIPPED:
        raise ParameterError(f"name {name!r}: is a shipped bundle's. give another --name")


def installed_bundles() -> dict[str, Path]:
    """Folders of installed bundles and joint models by name, in order of name.

    Nothing is verified; that is done when one is loaded.
    """
    try:
        found = sorted(models_folder().iterdir())
    except OSError:
        return {}
    return {path.name: path for path in found if _NAME.fullmatch(path.name) and is_model(path)}


def is_model(folder: Path) -> bool:
    """Whether a folder holds the index of a bundle or joint model."""
    return any((folder / index).is_file() for index in (MANIFEST, JOINT))


def find_bundle(given: str | Path) -> Path | None:
    """Path of a bundle by path or name.

    Parameters
    ----------
    given : path
        A path, or the name of a shipped or installed bundle.

    Returns
    -------
    Path or None
        None if there is neither such a path nor a bundle of that name.
    """
    path = shipped_bundle_path(given)
    return path if path.exists() else installed_bundles().get(str(given))


def bundle_path(given: str | Path) -> Path:
    """Path of a bundle by path or name.

    Parameters
    ----------
    given : path
        As of `find_bundle`.

    Raises
    ------
    BundleError
        If it is neither; the message lists the names.
    """
    found = find_bundle(given)
    if found is not None:
        return found
    installed = ", ".join(installed_bundles()) or "none"
    raise BundleError(
        f"{given}: no such bundle; there is no such path, and no bundle of that name. Give a path, "
        f"a shipped one ({', '.join(SHIPPED)}) or one installed with akkd install ({installed})"
    )
