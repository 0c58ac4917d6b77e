"""Windows in which a raster larger than a scene takes its statistics, and how they blend.

The atmosphere is nearly the same over a scene, not over a mosaic: statistics are taken in
overlapping windows of at most 60 km, and every pixel blends the results of its (up to four)
nearest windows bilinearly, so that no seam can show.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.grid import Grid

SCENE_LIMIT_M = 100_000.0
"""A raster up to this long and wide is one scene (an L1T granule is 74 km x 84 km), m."""

WINDOW_M = 60_000.0
"""Size of a window in a larger raster, m; neighbours overlap by half."""


@dataclass(frozen=True)
class Window:
    """One window: where it lies, and the centre from which its weight falls.

    Parameters
    ----------
    row, col, rows, cols : int
        Pixels.
    """

    row: int
    col: int
    rows: int
    cols: int


def _axis(length: int, pixel_m: float) -> tuple[list[int], int]:
    """Return starts and size of the windows along one axis, pixels."""
    size = max(int(WINDOW_M / pixel_m), 2)
    if length <= size:
        return [0], length
    count = max(math.ceil((length - size) / (size / 2)) + 1, 2)
    return [round(i * (length - size) / (count - 1)) for i in range(count)], size


def statistics_windows(grid: Grid) -> list[list[Window]]:
    """Windows of a raster, by row and column of windows; one of all for a single scene."""
    pixel_m = grid.pixel_size_m
    if max(grid.rows, grid.cols) * pixel_m <= SCENE_LIMIT_M:
        return [[Window(0, 0, grid.rows, grid.cols)]]
    row_starts, rows = _axis(grid.rows, pixel_m)
    col_starts, cols = _axis(grid.cols, pixel_m)
    return [[Window(r, c, rows, cols) for c in col_starts] for r in row_starts]


def axis_weights(starts: list[int], size: int, first: int, count: int) -> NDArray[np.float32]:
    """Weight of each window along one axis for pixels ``first`` to ``first + count``.

    Hat functions between the windows' centres, constant beyond the outermost.

    Parameters
    ----------
    starts : list of int
        First pixel of each window, increasing.
    size : int
        Length of a window, pixels.
    first, count : int
        Pixels asked for.

    Returns
    -------
    ndarray of float32, (window, count)
        0-1, summing to 1 over the windows.
    """
    centres = np.array(starts, dtype=np.float64) + size / 2
    pixels = np.arange(first, first + count) + 0.5
    identity = np.eye(len(starts))
    return np.stack([np.interp(pixels, centres, row) for row in identity]).astype(np.float32)


def tile_windows(grid: Grid, size: int) -> list[Window]:
    """Tiles of a raster, row by row; they cover it exactly once.

    Parameters
    ----------
    grid : Grid
    size : int
        Pixels; tiles at the lower and right border may be smaller.
    """
    return [
        Window(row, col, min(size, grid.rows - row), min(size, grid.cols - col))
        for row in range(0, grid.rows, size)
        for col in range(0, grid.cols, size)
    ]
