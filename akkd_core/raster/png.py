"""Writing a palette PNG (ISO/IEC 15948) with the standard library alone.

One byte a pixel and a palette with opacity: a third of the size of colours, no side-car files.
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.raster.cog import sync
from akkd_core.raster.temporary import remove_leftovers, remove_own, temporary_path, write_error

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PALETTE = 3
_LEVEL = 6


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_bytes(image: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    """Encode a palette image.

    Parameters
    ----------
    image : ndarray of uint8, (row, col)
        Places in the palette.
    palette : ndarray of uint8, (1-256, 4)
        Red, green, blue, opacity, 0-255.

    Returns
    -------
    bytes

    Raises
    ------
    ParameterError
        If the arrays don't fit together.
    """
    fits = image.dtype == np.uint8 and image.ndim == 2 and image.size > 0
    if not fits or palette.shape[1:] != (4,) or not 1 <= len(palette) <= 256:
        raise ParameterError("a picture needs uint8 rows and a palette of up to 256 colours")
    if int(image.max()) >= len(palette):
        raise ParameterError("a picture's value lies outside its palette")
    rows, cols = image.shape
    header = struct.pack(">IIBBBBB", cols, rows, 8, _PALETTE, 0, 0, 0)
    # Each row is led by its filter's number; 0 (none) is best for palettes.
    lines = np.zeros((rows, cols + 1), np.uint8)
    lines[:, 1:] = image
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", np.ascontiguousarray(palette[:, :3]).tobytes()),
            _chunk(b"tRNS", np.ascontiguousarray(palette[:, 3]).tobytes()),
            _chunk(b"IDAT", zlib.compress(lines.tobytes(), _LEVEL)),
            _chunk(b"IEND", b""),
        )
    )


def prepare_png(path: str | Path, image: NDArray[np.uint8], palette: NDArray[np.uint8]) -> Path:
    """Write a whole PNG under a temporary name beside its final one.

    Parameters
    ----------
    path : path
        Final name; the caller renames.
    image : ndarray of uint8, (row, col)
        Places in the palette.
    palette : ndarray of uint8, (1-256, 4)
        Red, green, blue, opacity, 0-255.

    Returns
    -------
    Path
        Temporary name.

    Raises
    ------
    ProductWriteError
        If the disk refuses.
    """
    path = Path(path)
    data = png_bytes(image, palette)
    temporary = temporary_path(path)
    try:
        remove_leftovers(path)
        temporary.write_bytes(data)
        sync(temporary)
    except OSError as error:
        remove_own(temporary)
        raise write_error(path, error) from error
    except BaseException:
        remove_own(temporary)
        raise
    return temporary


def write_png(path: str | Path, image: NDArray[np.uint8], palette: NDArray[np.uint8]) -> None:
    """Write a PNG under a temporary name and rename it.

    Parameters
    ----------
    path : path
    image : ndarray of uint8, (row, col)
        Places in the palette.
    palette : ndarray of uint8, (1-256, 4)
        Red, green, blue, opacity, 0-255.

    Raises
    ------
    ProductWriteError
        If the disk refuses.
    """
    os.replace(prepare_png(path, image, palette), path)
