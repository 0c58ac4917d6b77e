"""From a rotated grid to a north-up one, without inventing anything beyond the swath.

Bilinear in counts, which is linear in radiance since both are proportional to DN - 1; where a
neighbour is fill, zero radiance, saturated or invalid, the nearest pixel is taken as it is.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from akkd_core.grid import Grid
from akkd_core.readers.aster_grid import PIXEL_M
from akkd_core.sensors import aster_tir

_STRIP_ROWS = 256


def north_up_grid(rotated: Grid) -> Grid:
    """North-up grid of 90 m that holds a rotated one; pixel centres at whole multiples of 90 m."""
    if rotated.north_up:
        return rotated
    corners = rotated.corners()
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    half = PIXEL_M / 2
    left = math.floor((min(xs) + half) / PIXEL_M) * PIXEL_M - half
    top = math.ceil((max(ys) - half) / PIXEL_M) * PIXEL_M + half
    cols = math.ceil((max(xs) - left) / PIXEL_M - 1e-6)
    rows = math.ceil((top - min(ys)) / PIXEL_M - 1e-6)
    return Grid(rotated.epsg, (left, PIXEL_M, 0.0, top, 0.0, -PIXEL_M), rows, cols)


def resample_north_up(
    counts: NDArray[np.uint16], rotated: Grid
) -> tuple[NDArray[np.uint16], Grid]:
    """Resample digital numbers.

    Parameters
    ----------
    counts : ndarray of uint16, (band, row, col)
        On ``rotated``.
    rotated : Grid

    Returns
    -------
    counts : ndarray of uint16, (band, row, col)
        On ``grid``; 0 where a pixel's centre lies outside the rotated raster.
    grid : Grid
        :func:`north_up_grid` of ``rotated``.
    """
    grid = north_up_grid(rotated)
    if grid == rotated:
        return counts, grid
    out = np.zeros((counts.shape[0], *grid.shape), np.uint16)
    for start in range(0, grid.rows, _STRIP_ROWS):
        rows = np.arange(start, min(start + _STRIP_ROWS, grid.rows))
        out[:, rows] = _strip(counts, rotated, grid, rows)
    return out, grid


def _strip(
    counts: NDArray[np.uint16], rotated: Grid, grid: Grid, rows: NDArray[np.int_]
) -> NDArray[np.uint16]:
    x0, a, _, y0, _, e = grid.geotransform
    x = x0 + a * (np.arange(grid.cols) + 0.5)
    y = y0 + e * (rows[:, None] + 0.5)
    rx0, ra, rb, ry0, rd, re = rotated.geotransform
    det = ra * re - rb * rd
    # Fractional place with pixel centres at whole numbers.
    col = (re * (x - rx0) - rb * (y - ry0)) / det - 0.5
    row = (ra * (y - ry0) - rd * (x - rx0)) / det - 0.5
    inside = (row >= -0.5) & (row < rotated.rows - 0.5) & (col >= -0.5) & (col < rotated.cols - 0.5)
    out = np.zeros((counts.shape[0], *inside.shape), np.uint16)
    out[:, inside] = _interpolate(counts, row[inside], col[inside])
    return out


def _interpolate(
    counts: NDArray[np.uint16], row: NDArray[np.float64], col: NDArray[np.float64]
) -> NDArray[np.uint16]:
    """Interpolate counts at fractional places, (band, n)."""
    last_row, last_col = counts.shape[1] - 1, counts.shape[2] - 1
    nearest = counts[:, np.rint(row).astype(int).clip(0, last_row),
                     np.rint(col).astype(int).clip(0, last_col)]  # fmt: skip
    row, col = row.clip(0, last_row), col.clip(0, last_col)
    top, left = np.floor(row).astype(int), np.floor(col).astype(int)
    bottom, right = np.minimum(top + 1, last_row), np.minimum(left + 1, last_col)
    down, along = row - top, col - left
    sensor = aster_tir()
    total = np.zeros(nearest.shape, np.float64)
    usable = np.ones(nearest.shape, bool)
    for r, wr in ((top, 1 - down), (bottom, down)):
        for c, wc in ((left, 1 - along), (right, along)):
            value, weight = counts[:, r, c], wr * wc
            ordinary = (value > sensor.dn_zero_radiance) & (value < sensor.dn_saturated)
            usable &= ordinary | (weight == 0)
            total += value * weight
    blended: NDArray[np.uint16] = np.where(usable, np.rint(total).astype(np.uint16), nearest)
    return blended
