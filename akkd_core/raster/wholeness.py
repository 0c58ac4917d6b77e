"""Whether a TIFF is whole: every tile that its directories name lies inside the file.

GDAL may report a full disk only while closing, where no exception can be raised; so each file is
checked by its structure (TIFF 6.0 and BigTIFF) before it gets its final name.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_TYPES = {3: "u2", 4: "u4", 16: "u8"}
_STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS, _TILE_COUNTS = 273, 279, 324, 325
_MAX_DIRECTORIES = 1024


@dataclass(frozen=True)
class _Layout:
    order: str
    entry: str
    count: str
    offset: str
    inline: int


def _header(handle: BinaryIO) -> tuple[_Layout, int]:
    head = handle.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 16:
        raise ValueError("not a TIFF")
    (magic,) = struct.unpack(order + "H", head[2:4])
    if magic == 42:
        return _Layout(order, "HHI", "H", "I", 4), struct.unpack(order + "I", head[4:8])[0]
    if magic == 43:
        return _Layout(order, "HHQ", "Q", "Q", 8), struct.unpack(order + "Q", head[8:16])[0]
    raise ValueError("not a TIFF")


def _unpack(handle: BinaryIO, form: str) -> tuple[int, ...]:
    size = struct.calcsize(form)
    data = handle.read(size)
    if len(data) != size:
        raise ValueError("the file ends inside a directory")
    return struct.unpack(form, data)


def _seek(handle: BinaryIO, position: int, file_size: int) -> None:
    if position >= file_size:
        raise ValueError("a directory lies beyond the end of the file")
    handle.seek(position)


def _values(
    handle: BinaryIO, layout: _Layout, kind: int, count: int, file_size: int
) -> NDArray[np.uint64]:
    if kind not in _TYPES:
        raise ValueError("a table of tiles has an unknown type")
    dtype = np.dtype(layout.order + _TYPES[kind])
    size = count * dtype.itemsize
    if size > layout.inline:
        (position,) = _unpack(handle, layout.order + layout.offset)
        _seek(handle, position, file_size)
    data = handle.read(size) if size < file_size else b""
    if len(data) != size:
        raise ValueError("the file ends inside a table of tiles")
    return np.frombuffer(data, dtype=dtype, count=count).astype(np.uint64)


def _check_directory(handle: BinaryIO, layout: _Layout, position: int, size: int) -> int:
    _seek(handle, position, size)
    (n,) = _unpack(handle, layout.order + layout.count)
    first = handle.tell()
    entry_size = struct.calcsize(layout.order + layout.entry) + layout.inline
    tables: dict[int, NDArray[np.uint64]] = {}
    for index in range(n):
        _seek(handle, first + index * entry_size, size)
        tag, kind, count = _unpack(handle, layout.order + layout.entry)
        if tag in (_STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS, _TILE_COUNTS):
            tables[tag] = _values(handle, layout, kind, count, size)
    _seek(handle, first + n * entry_size, size)
    (following,) = _unpack(handle, layout.order + layout.offset)
    for offsets, counts in ((_STRIP_OFFSETS, _STRIP_COUNTS), (_TILE_OFFSETS, _TILE_COUNTS)):
        if offsets in tables:
            starts, lengths = tables[offsets], tables.get(counts, tables[offsets][:0])
            if starts.shape != lengths.shape or not (starts.all() and lengths.all()):
                raise ValueError("tiles are missing")
            # Compared without adding first: a hostile sum of two uint64 may wrap.
            if (lengths > size).any() or (starts > size - lengths.astype(np.int64)).any():
                raise ValueError("tiles lie beyond the end of the file")
    return int(following)


def check_tiff(path: str | Path) -> None:
    """Check that a TIFF holds all tiles of all its images.

    Parameters
    ----------
    path : path

    Raises
    ------
    ValueError
        If it isn't a TIFF, or tiles are missing or lie beyond the end of the file.
    OSError
        If it can't be read.
    """
    size = os.path.getsize(path)
    with open(path, "rb") as handle:
        layout, position = _header(handle)
        for _ in range(_MAX_DIRECTORIES):
            if position == 0:
                return
            position = _check_directory(handle, layout, position, size)
    raise ValueError("too many directories")
