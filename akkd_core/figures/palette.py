"""Charts as small PNG, for pages of many: 256 colours, and fewer pixels."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from akkd_core.figures.style import png_bytes

PAGE_DPI = 120
"""Pixels per inch."""

_COLOURS = 256
_BITS_OF_RARE = 4
"""Most significant bits by which rare colours are grouped."""


def palette_png(figure: Any) -> bytes:
    """Return a chart as the bytes of a PNG with a palette.

    The chart's frequent colours stay as they are: lines, text and surfaces. Those of their edges
    go to the nearest that is kept.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    """
    from PIL import Image  # matplotlib needs it, too

    pixels = np.asarray(Image.open(io.BytesIO(png_bytes(figure, PAGE_DPI))).convert("RGB"))
    palette, index = reduce_colours(pixels)
    image = Image.fromarray(index)
    image.putpalette(palette.tobytes())
    stream = io.BytesIO()
    image.save(stream, format="PNG", optimize=True)
    return stream.getvalue()


def reduce_colours(
    pixels: NDArray[np.uint8],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Reduce an image to 256 colours, the most frequent exactly.

    Parameters
    ----------
    pixels : ndarray of uint8, (row, col, 3)

    Returns
    -------
    palette : ndarray of uint8, (256 at most, 3)
    index : ndarray of uint8, (row, col)
        Of each pixel's colour in it.
    """
    flat = pixels.reshape(-1, 3).astype(np.uint32)
    codes, place, counts = np.unique(
        flat[:, 0] << 16 | flat[:, 1] << 8 | flat[:, 2], return_inverse=True, return_counts=True
    )
    colours = np.stack([codes >> 16 & 255, codes >> 8 & 255, codes & 255], axis=1)
    order = np.argsort(-counts, kind="stable")
    exact = order[: _COLOURS // 2]
    rest = order[_COLOURS // 2 :]
    palette = colours[exact]
    if len(rest):
        # of each group of like colours the most frequent one, groups of most pixels first
        _, first, group = np.unique(
            colours[rest] >> (8 - _BITS_OF_RARE), axis=0, return_index=True, return_inverse=True
        )
        pixels_of = np.bincount(group.ravel(), weights=counts[rest])
        chosen = np.argsort(-pixels_of, kind="stable")[: _COLOURS // 2]
        palette = np.concatenate([palette, colours[rest[first[chosen]]]])
    nearest = cKDTree(palette).query(colours)[1]
    index: NDArray[np.uint8] = nearest[place.ravel()].astype(np.uint8).reshape(pixels.shape[:2])
    return palette.astype(np.uint8), index
