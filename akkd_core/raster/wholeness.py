"""Whether a TIFF is whole: every tile that its directories name lies inside the file.

GDAL may report a full disk only while closing, where no exception can be raised; so each file is
checked by its structure (TIFF 6.0 and BigTIFF) before it gets its final name. Nor does GDAL look at
the checksum at the end of a Deflate tile (Adler-32, RFC 1950): a flipped bit would pass as pixels.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_TYPES = {3: "u2", 4: "u4", 16: "u8"}
_STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS, _TILE_COUNTS = 273, 279, 324, 325
_EXTENTS = (_STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS, _TILE_COUNTS)
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _SAMPLES = 256, 257, 258, 259, 277
_STRIP_ROWS, _PLANAR, _TILE_WIDTH, _TILE_HEIGHT = 278, 284, 322, 323
_DEFLATE = (8, 32946)
_MAX_DIRECTORIES = 1024
_READ, _INFLATED, _MOST_INFLATED = 1 << 16, 1 << 18, 1 << 28


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


def _directory(
    handle: BinaryIO, layout: _Layout, position: int, size: int, wanted: Collection[int]
) -> tuple[dict[int, NDArray[np.uint64]], int]:
    """Whole numbers of the wanted tags of a directory, and where the next one lies."""
    _seek(handle, position, size)
    (n,) = _unpack(handle, layout.order + layout.count)
    first = handle.tell()
    entry_size = struct.calcsize(layout.order + layout.entry) + layout.inline
    tables: dict[int, NDArray[np.uint64]] = {}
    for index in range(n):
        _seek(handle, first + index * entry_size, size)
        tag, kind, count = _unpack(handle, layout.order + layout.entry)
        if tag in wanted:
            tables[tag] = _values(handle, layout, kind, count, size)
    _seek(handle, first + n * entry_size, size)
    (following,) = _unpack(handle, layout.order + layout.offset)
    return tables, int(following)


def _check_directory(handle: BinaryIO, layout: _Layout, position: int, size: int) -> int:
    tables, following = _directory(handle, layout, position, size, _EXTENTS)
    for offsets, counts in ((_STRIP_OFFSETS, _STRIP_COUNTS), (_TILE_OFFSETS, _TILE_COUNTS)):
        if offsets in tables:
            starts, lengths = tables[offsets], tables.get(counts, tables[offsets][:0])
            if starts.shape != lengths.shape or not (starts.all() and lengths.all()):
                raise ValueError("tiles are missing")
            # Compared without adding first: a hostile sum of two uint64 may wrap.
            if (lengths > size).any() or (starts > size - lengths.astype(np.int64)).any():
                raise ValueError("tiles lie beyond the end of the file")
    return following


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


def check_tiles(path: str | Path) -> None:
    """Check the pixels of a TIFF's first image by the checksums of its Deflate tiles or strips.

    What is compressed otherwise isn't looked at: it has no checksum. Nor are tiles beyond
    256 MiB of pixels, so the time is bounded whatever the file declares.

    Parameters
    ----------
    path : path

    Raises
    ------
    ValueError
        If it isn't a TIFF, or a tile is damaged.
    OSError
        If it can't be read.
    """
    size = os.path.getsize(path)
    with open(path, "rb") as handle:
        layout, position = _header(handle)
        shape = (_WIDTH, _HEIGHT, _BITS, _SAMPLES, _STRIP_ROWS, _PLANAR, _TILE_WIDTH, _TILE_HEIGHT)
        wanted = {*_EXTENTS, *shape, _COMPRESSION}
        tables, _ = _directory(handle, layout, position, size, wanted)
        if _first(tables, _COMPRESSION, 1) not in _DEFLATE:
            return
        tiled = _TILE_OFFSETS in tables
        starts = tables.get(_TILE_OFFSETS if tiled else _STRIP_OFFSETS)
        lengths = tables.get(_TILE_COUNTS if tiled else _STRIP_COUNTS)
        if starts is None or lengths is None or starts.shape != lengths.shape:
            raise ValueError("tiles are missing")
        number, most = _tiling(tables, tiled)
        for index in range(min(number, len(starts), _MOST_INFLATED // most)):
            # Without a length it was left out when written: all fill.
            if length := int(lengths[index]):
                _seek(handle, int(starts[index]), size)
                try:
                    _check_stream(handle, length, most)
                except (ValueError, zlib.error) as error:
                    raise ValueError(f"tile {index + 1} of {number} is damaged: {error}") from error


def _first(tables: Mapping[int, NDArray[np.uint64]], tag: int, default: int) -> int:
    found = tables.get(tag)
    return int(found[0]) if found is not None and len(found) else default


def _tiling(tables: Mapping[int, NDArray[np.uint64]], tiled: bool) -> tuple[int, int]:
    """Tiles, or strips, of an image, and the bytes of each."""
    width, height = _first(tables, _WIDTH, 0), _first(tables, _HEIGHT, 0)
    across, down = width, min(_first(tables, _STRIP_ROWS, height), height)
    if tiled:
        across, down = _first(tables, _TILE_WIDTH, 0), _first(tables, _TILE_HEIGHT, 0)
    samples = _first(tables, _SAMPLES, 1)
    planes = samples if _first(tables, _PLANAR, 1) == 2 else 1
    if not (across and down and samples):
        raise ValueError("an image without size")
    row = (across * samples // planes * _first(tables, _BITS, 1) + 7) // 8
    return -(-width // across) * -(-height // down) * planes, down * row


def _check_stream(handle: BinaryIO, length: int, most: int) -> None:
    """Inflate a stream of zlib, which compares its checksum at its end; nothing is kept."""
    stream, total = zlib.decompressobj(), 0
    while not stream.eof:
        data = stream.unconsumed_tail
        if not data:
            data = handle.read(min(_READ, length))
            length -= len(data)
        found = len(stream.decompress(data, _INFLATED))
        total += found
        if total > most:
            raise ValueError("it holds too many pixels")
        if not (data or found or stream.eof):
            raise ValueError("it ends too soon")
