"""What both raster libraries need for reading: limits, checks and the error in one line."""

from __future__ import annotations

import os
from typing import Any

from akkd_core.errors import GranuleReadError, InputError

CACHE_BYTES = 32 << 20
"""GDAL's block cache; its default, a share of the machine's memory, would not be flat."""


_BY_NAME = {
    ".hgt": "SRTMHGT", ".asc": "AAIGrid", ".bil": "EHdr", ".flt": "EHdr",
    ".dt0": "DTED", ".dt1": "DTED", ".dt2": "DTED",
}  # fmt: skip
"""Plain formats of elevation models, which no content tells."""


def reading_driver(path: str) -> str:
    """GDAL driver that may open a file: GTiff or PNG by content, else a plain one by name.

    Others are kept out: HDF4 crashes on malformed files, VRT follows links.
    """
    try:
        with open(path, "rb") as handle:
            head = handle.read(4)
    except OSError:
        return "GTiff"
    if head == b"\x89PNG":
        return "PNG"
    if head[:2] in (b"II", b"MM"):
        return "GTiff"
    return _BY_NAME.get(os.path.splitext(path)[1].lower(), "GTiff")


def check_window(
    path: str, shape: tuple[int, int], row: int, col: int, rows: int, cols: int
) -> None:
    """Raise InputError for a window that is empty or leaves the raster."""
    inside = min(row, col) >= 0 and row + rows <= shape[0] and col + cols <= shape[1]
    if not inside or rows < 1 or cols < 1:
        raise InputError(
            f"{path}: window of {rows} x {cols} at ({row}, {col}) leaves the raster of "
            f"{shape[0]} x {shape[1]} pixels"
        )


def raster_error(path: str, cause: Any) -> GranuleReadError:
    """Error that says in one line why a raster could not be read."""
    text = " ".join(str(cause).split())
    for echo in (f"{path}: ", f"{path}:", f"{os.path.basename(path)}: "):
        text = text.replace(echo, "")
    text = text.rstrip(".")
    return GranuleReadError(f"{path}: can't be read as a raster: {text}. Check that it is whole")
