"""Files that operations write: not over others unasked, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from akkd_core.errors import ParameterError


def refuse_existing(path: str | Path | None, overwrite: bool) -> None:
    """Raise ParameterError if a file or folder is there that may not be replaced."""
    if path and Path(path).exists() and not overwrite:
        raise ParameterError(f"{path}: exists. choose another name or --overwrite")


def check_file(path: str | Path | None, overwrite: bool) -> None:
    """Raise ParameterError if a file can't be written there; before any work is done."""
    refuse_existing(path, overwrite)
    if path and Path(path).is_dir():
        raise ParameterError(f"{path}: is a folder. choose a file")
    if path and not Path(path).resolve().parent.is_dir():
        raise ParameterError(f"{path}: its folder isn't there. make it or choose another")


def write_text(path: str, text: str) -> None:
    """Write a text file, whole or not at all; raises ProductWriteError."""
    from akkd_core.raster.temporary import whole_file

    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
