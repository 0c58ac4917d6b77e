"""Temporary names beside the target, recognisable, so that a killed run's leftovers can be removed.

A temporary file is hidden and named ``.FINALNAME.HOST-PID-RANDOM.akkd-tmp``; GDAL derives its own
scratch names from it by appending, so one pattern finds all of them.
"""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import platform
import re
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from akkd_core.errors import ProductWriteError

_SUFFIX = ".akkd-tmp"
_OTHER_HOST_AGE_S = 24 * 3600.0
_LOW_SPACE_BYTES = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)


def _host() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:6]


def temporary_path(final: str | Path) -> Path:
    """Name for a file that will be renamed to ``final``, in the same folder."""
    final = Path(final)
    mark = f"{_host()}-{os.getpid()}-{secrets.token_hex(4)}"
    return final.with_name(f".{final.name}.{mark}{_SUFFIX}")


def _alive(pid: int) -> bool:
    # Windows has no signal 0 (it would send Ctrl-C), but refuses to delete open files by itself.
    if sys.platform == "win32":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _abandoned(path: Path, host: str, pid: int) -> bool:
    if host == _host():
        return pid != os.getpid() and not _alive(pid)
    try:
        return time.time() - path.stat().st_mtime > _OTHER_HOST_AGE_S
    except OSError:
        return False


def remove_leftovers(final: str | Path) -> list[Path]:
    """Delete temporary files and folders that killed runs left for ``final``.

    Files of a process that still runs, or of another machine within a day, are left alone.

    Returns
    -------
    list of Path
        What was deleted.
    """
    final = Path(final)
    removed = []
    mark = r"([0-9a-f]{6})-(\d+)-[0-9a-f]{8}\.akkd-tmp"
    pattern = re.compile(rf"\.{re.escape(final.name)}\.{mark}")
    for name in glob.glob(f".{glob.escape(final.name)}.*{_SUFFIX}*", root_dir=final.parent):
        match = pattern.match(name)
        path = final.parent / name
        if match and _abandoned(path, match[1], int(match[2])):
            try:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
            except OSError:
                continue
            removed.append(path)
    return removed


def remove_own(temporary: Path) -> None:
    """Delete a temporary file and the scratch files that GDAL made beside it."""
    for name in glob.glob(glob.escape(temporary.name) + "*", root_dir=temporary.parent):
        (temporary.parent / name).unlink(missing_ok=True)


@contextmanager
def whole_file(final: str | Path) -> Iterator[Path]:
    """Give a temporary path to write to; it gets its final name when the block ends well.

    Parameters
    ----------
    final : path

    Raises
    ------
    ProductWriteError
        If writing fails; nothing is left then.
    """
    temporary = temporary_path(final)
    try:
        yield temporary
        os.replace(temporary, final)
    except OSError as error:
        raise write_error(final, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _suspicion(folder: Path) -> str:
    try:
        if shutil.disk_usage(folder).free < _LOW_SPACE_BYTES:
            return "no space left on the disk"
    except OSError:
        return ""
    return "" if os.access(folder, os.W_OK) else "the folder is read-only"


def write_error(path: str | Path, cause: object) -> ProductWriteError:
    """Error that says in one line why a file could not be written, and what to do."""
    path = Path(path)
    folder = path.parent
    remedy = "Free some space or choose another folder"
    if isinstance(cause, OSError) and cause.errno and cause.strerror:
        text = cause.strerror
        if isinstance(cause, (FileExistsError, NotADirectoryError)):
            text = "a file stands where its folder should be"
        if cause.errno not in _FULL:
            remedy = "Choose another folder"
        if cause.errno == errno.ENAMETOOLONG:
            remedy = "Give the scene a shorter name"
    else:
        # GDAL's own words seldom name the cause; the folder tells.
        text = _suspicion(folder) or " ".join(str(cause).split())
    return ProductWriteError(f"{path}: can't be written: {text}. {remedy}")
