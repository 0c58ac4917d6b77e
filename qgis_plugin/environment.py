"""The Python environment that trains: where it is, and how it is called. Standard library only.

TensorFlow must not come into QGIS's process (its libraries clash with QGIS's), so what trains runs
as a child process, the ``akkd`` command of an environment of the user's.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

COMMAND = "akkd"
_PYTHONS = ("python3", "python", "python.exe")
# What would bend another Python's libraries.
_DROPPED = ("PYTHON", "QT_", "QGIS", "GDAL_", "PROJ_", "LD_", "DYLD_")
_KEPT = ("QT_QPA_PLATFORM",)

REMEDY = (
    "Training runs in a Python environment of its own, which was not found. Make one (python3 -m "
    "venv akkd-env, then akkd-env/bin/pip install akkd[train]) and name its Python under Settings, "
    "Options, Processing, Providers, AKKD"
)


def _call(python: Path) -> list[str]:
    return [str(python), "-I", "-m", "akkd_cli"]


def _python_in(folder: Path) -> Path | None:
    for place in (folder, folder / "bin", folder / "Scripts"):
        for name in _PYTHONS:
            if (place / name).is_file():
                return place / name
    return None


def _interpreter(script: Path) -> Path | None:
    """Python that a script names in its first line; None for a program of another kind."""
    with script.open("rb") as stream:
        first = stream.readline(1024)
    named = Path(os.fsdecode(first[2:].strip())) if first.startswith(b"#!") else None
    return named if named is not None and named.is_file() else None


def find_command(setting: str) -> list[str] | None:
    """Words that start ``akkd``; None if there is no environment.

    Parameters
    ----------
    setting : str
        What the user named: a Python interpreter, an environment's folder or its akkd; empty for
        the akkd on the PATH.
    """
    if not setting:
        found = shutil.which(COMMAND)
        return None if found is None else find_command(found)
    path = Path(setting).expanduser()
    if path.is_dir():
        python = _python_in(path)
        return None if python is None else _call(python)
    if not path.is_file():
        return None
    if path.stem.lower().startswith("python"):
        return _call(path)
    python = _interpreter(path)
    return [str(path)] if python is None else _call(python)


def child_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Environment variables for the child, without those that QGIS set for itself.

    Parameters
    ----------
    environment : mapping, optional
        By default this process's.
    """
    source = os.environ if environment is None else environment
    return {
        key: value
        for key, value in source.items()
        if key in _KEPT or not key.upper().startswith(_DROPPED)
    }


def command_words(
    operation_id: str, options: Sequence[tuple[str, str]], arguments: Sequence[str]
) -> list[str]:
    """Words after the command: an operation with its options and arguments.

    Parameters
    ----------
    operation_id : str
    options : sequence of (str, str)
        Option, and its value or an empty string for a flag.
    arguments : sequence of str
        Positional ones.
    """
    words = operation_id.split()
    for option, value in options:
        words += [f"{option}={value}"] if value else [option]
    return [*words, "--progress=json", "--", *arguments]
