"""Saving bundles to folders, and loading them from folders and zip archives of any origin."""

from __future__ import annotations

import io
import os
import secrets
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from akkd_core.bundle.archive import MAX_ARCHIVE_BYTES, check_archive
from akkd_core.bundle.content import JOINT, MANIFEST, bundle_files, read_bundle
from akkd_core.bundle.manifest import MAX_MANIFEST_BYTES
from akkd_core.bundle.model import ModelBundle
from akkd_core.errors import (
    BundleError,
    BundleIntegrityError,
    BundleMismatchError,
    ParameterError,
    ProductWriteError,
)


@dataclass(frozen=True)
class BundleSource:
    """Where the files of a bundle, or of a joint model, are read from.

    Parameters
    ----------
    read : callable
        From the name of a file to its bytes, bounded in size; raises BundleIntegrityError.
    has : callable
        From the name of a file to whether something of that name is there.
    """

    read: Callable[[str], bytes]
    has: Callable[[str], bool]

    def inside(self, folder: str) -> BundleSource:
        """Return the source of a sub-folder; limits of size are those of the whole."""
        return BundleSource(
            lambda name: self.read(f"{folder}/{name}"), lambda name: self.has(f"{folder}/{name}")
        )


def open_source(path: str | Path) -> BundleSource:
    """Open a folder, or a zip archive of it, whose directory is checked and never unpacked.

    Parameters
    ----------
    path : path

    Raises
    ------
    BundleIntegrityError
        If it is neither a bundle nor a joint model, both, damaged or hostile.
    """
    source = Path(path)
    found = _folder_source(source) if source.is_dir() else _archive_source(source)
    if found.has(JOINT) and found.has(MANIFEST):
        raise BundleIntegrityError(f"holds both {JOINT} and {MANIFEST}; it must be one of the two")
    return found


def default_bundle_path() -> Path:
    """Return the folder of the bundle that is shipped with the package."""
    return Path(str(files("akkd_core.bundle") / "default"))


def compact_bundle_path() -> Path:
    """Return the folder of the shipped student of the default bundle, made for speed."""
    return Path(str(files("akkd_core.bundle") / "compact"))


def shipped_bundle_path(path: str | Path) -> Path:
    """Return the folder that a shipped bundle's name (``default``, ``compact``) stands for.

    Parameters
    ----------
    path : path
        Anything else, a folder of that name in the working directory too, is left as it is.
    """
    shipped = {"default": default_bundle_path, "compact": compact_bundle_path}
    if str(path) in shipped and not Path(path).exists():
        return shipped[str(path)]()
    return Path(path)


def save_bundle(bundle: ModelBundle, folder: str | Path, *, overwrite: bool = False) -> Path:
    """Write a bundle to a folder, whole or not at all.

    Parameters
    ----------
    bundle : ModelBundle
    folder : path
        Made with its parents; may exist if it is empty.
    overwrite : bool
        Replace a bundle that is there, with everything else in its folder.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ParameterError
        If something is there that may not be replaced.
    ProductWriteError
        If it can't be written.
    """
    return write_folder(folder, bundle_files(bundle), MANIFEST, overwrite=overwrite)


def write_folder(
    folder: str | Path, content: Mapping[str, bytes], index: str, *, overwrite: bool = False
) -> Path:
    """Write files to a folder, whole or not at all.

    Parameters
    ----------
    folder : path
        Made with its parents; may exist if it is empty.
    content : mapping of str to bytes
        Files by name, which may lie in sub-folders.
    index : str
        Name of the file by which a folder is known as one that may be replaced.
    overwrite : bool
        Replace such a folder, with everything in it.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ParameterError
        If something is there that may not be replaced.
    ProductWriteError
        If it can't be written.
    """
    target = Path(folder)
    _check_target(target, index, overwrite)
    token = secrets.token_hex(6)
    partial = target.with_name(f".{target.name}.{token}.partial")
    replaced = target.with_name(f".{target.name}.{token}.replaced")
    try:
        partial.mkdir(parents=True)
        for name, data in content.items():
            (partial / name).parent.mkdir(exist_ok=True)
            with open(partial / name, "wb") as handle:
                handle.write(data)
                handle.flush()
                os.fsync(handle.fileno())
        if target.exists():
            target.rename(replaced)
        partial.rename(target)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        if replaced.exists() and not target.exists():
            replaced.rename(target)
        raise ProductWriteError(f"{target}: the bundle can't be written ({error})") from error
    shutil.rmtree(replaced, ignore_errors=True)
    return target


def load_bundle(path: str | Path, *, sensor: str | None = None) -> ModelBundle:
    """Load and verify a bundle; nothing of it is executed and nothing is written.

    Hashes, shapes, finite values and sizes are checked, links are refused, and files that the
    format doesn't know are left alone. A zip archive is read in memory.

    Parameters
    ----------
    path : path
        A folder, or a zip archive of it.
    sensor : str, optional
        The sensor it must be made for.

    Raises
    ------
    BundleVersionError
        If its format is of another version.
    BundleIntegrityError
        If a file is missing, altered, malformed or hostile.
    BundleMismatchError
        If it was made for another sensor, or is a joint model.
    """
    try:
        source = open_source(path)
        if source.has(JOINT):
            raise BundleMismatchError(
                "is a joint model, of which this can't use one. give one of its members"
            )
        bundle = read_bundle(source.read)
        if sensor is not None:
            bundle.require_sensor(sensor)
    except BundleError as error:
        raise type(error)(f"{path}: {error}") from None
    return bundle


def _check_target(target: Path, index: str, overwrite: bool) -> None:
    if not target.name:
        raise ParameterError(f"{target}: give a folder with a name")
    if not target.exists() and not target.is_symlink():
        return
    if not target.is_dir() or target.is_symlink():
        raise ParameterError(f"{target}: is not a folder; choose another path")
    present = any(target.iterdir())
    if present and not overwrite:
        raise ParameterError(f"{target}: exists already; choose another folder or overwrite it")
    if present and not (target / index).is_file():
        raise ParameterError(
            f"{target}: holds no bundle and is not replaced; choose another folder"
        )


def _limit(name: str) -> int:
    index = name.rpartition("/")[2] in (MANIFEST, JOINT)
    return MAX_MANIFEST_BYTES if index else MAX_ARCHIVE_BYTES


def _folder_source(folder: Path) -> BundleSource:
    remaining = MAX_ARCHIVE_BYTES

    def read(name: str) -> bytes:
        nonlocal remaining
        if (folder / name).parent != folder and (folder / name).parent.is_symlink():
            raise BundleIntegrityError(f"{name}: lies in a folder that is a link")
        data = _read_file(folder / name, min(remaining, _limit(name)), name)
        remaining -= len(data)
        return data

    return BundleSource(read, lambda name: os.path.lexists(folder / name))


def _read_file(path: Path, limit: int, name: str) -> bytes:
    """Read a regular file, not a link, not a pipe, up to a limit."""
    try:
        if stat.S_ISLNK(path.lstat().st_mode):
            raise BundleIntegrityError(f"{name}: is a link")
        with open(path, "rb", opener=_open_plain) as handle:
            if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
                raise BundleIntegrityError(f"{name}: is not a plain file")
            data = handle.read(limit + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BundleIntegrityError(
            f"{name}: can't be read ({reason}); give a bundle's whole folder or zip"
        ) from None
    if len(data) > limit:
        raise BundleIntegrityError(f"{name}: larger than {limit} bytes")
    return data


def _open_plain(path: str, flags: int) -> int:
    """Open without following a link that appeared meanwhile, and without waiting for a pipe."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _archive_source(path: Path) -> BundleSource:
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except OSError:
        regular = False
    if not regular:
        raise BundleIntegrityError("no such bundle; give its folder or a zip archive of it")
    data = _read_file(path.resolve(), MAX_ARCHIVE_BYTES, "the archive")
    check_archive(data, "the archive")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = frozenset(archive.namelist())
    prefix = _prefix(names, "the archive")

    def read(name: str) -> bytes:
        limit = _limit(name)
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(prefix + name) as file:
                content = file.read(limit + 1)
        except KeyError:
            raise BundleIntegrityError(f"{name}: not in the archive") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
            raise BundleIntegrityError(f"{name}: damaged in the archive ({error})") from None
        if len(content) > limit:
            raise BundleIntegrityError(f"{name}: larger than {limit} bytes")
        return content

    return BundleSource(read, lambda name: prefix + name in names)


def _prefix(names: Collection[str], what: str) -> str:
    """Return the folder inside the archive that holds the index, at most one level deep."""
    near = [name.rpartition("/") for name in names if name.count("/") <= 1]
    joint = [folder + slash for folder, slash, name in near if name == JOINT]
    bundles = [folder + slash for folder, slash, name in near if name == MANIFEST]
    # a joint model at the top has its members' manifests one level deeper
    if len(joint) == 1 and (joint[0] == "" or not bundles):
        return joint[0]
    if len(bundles) != 1 or joint:
        raise BundleIntegrityError(
            f"{what}: holds {len(bundles) + len(joint)} manifests, expected one"
        )
    return bundles[0]
