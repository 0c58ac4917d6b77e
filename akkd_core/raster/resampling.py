"""From one grid to another: rotated ones, and ones in another coordinate system.

Values come from where the target's pixel centres lie in the source, computed exactly; nothing is
invented beyond the source's edge or across pixels without a value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.grid import Grid
from akkd_core.raster.projection import from_lonlat, to_lonlat

METHODS = ("bilinear", "nearest")
"""How values are taken from a grid."""


@dataclass(frozen=True)
class Places:
    """Where a target's pixel centres lie in a source raster.

    Parameters
    ----------
    row, col : ndarray of float64, (row, col) of the target
        Fractional, pixel centres at whole numbers.
    inside : ndarray of bool, (row, col) of the target
        Whether the centre lies in a pixel of the source.
    """

    row: NDArray[np.float64]
    col: NDArray[np.float64]
    inside: NDArray[np.bool_]


def centres(grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return easting and northing of pixel centres in the grid's own system.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    x, y : ndarray of float64, (row, col)
        m, or degrees.
    """
    row, col = np.mgrid[: grid.rows, : grid.cols] + 0.5
    x0, a, b, y0, d, e = grid.geotransform
    return x0 + a * col + b * row, y0 + d * col + e * row


def places_of(grid: Grid, x: NDArray[np.float64], y: NDArray[np.float64]) -> Places:
    """Places of coordinates of the grid's own system in a raster on it.

    Parameters
    ----------
    grid : Grid
    x, y : ndarray of float64
        m, or degrees.
    """
    x0, a, b, y0, d, e = grid.geotransform
    det = a * e - b * d
    # nanometres of rounding must not reach for a neighbour that may be fill
    col = np.round((e * (x - x0) - b * (y - y0)) / det - 0.5, 6)
    row = np.round((a * (y - y0) - d * (x - x0)) / det - 0.5, 6)
    inside = (row >= -0.5) & (row < grid.rows - 0.5) & (col >= -0.5) & (col < grid.cols - 0.5)
    return Places(row, col, inside)


def source_places(source: Grid, target: Grid) -> Places:
    """Places of a target's pixel centres in a raster on another grid.

    Parameters
    ----------
    source, target : Grid

    Raises
    ------
    MissingDependencyError
        If the systems differ and no projection library is there.
    """
    x, y = centres(target)
    if target.epsg != source.epsg:
        x, y = from_lonlat(source.epsg, *to_lonlat(target.epsg, x, y))
    return places_of(source, x, y)


def resample(
    values: NDArray[np.float32], places: Places, method: str = "bilinear"
) -> NDArray[np.float32]:
    """Take values of a raster at places.

    Parameters
    ----------
    values : ndarray of float32, (band, row, col)
        NaN where there is none.
    places : Places
    method : {'bilinear', 'nearest'}
        Bilinear gives NaN where any of the neighbours that count is NaN.

    Returns
    -------
    ndarray of float32, (band, *places)
        NaN outside.

    Raises
    ------
    ParameterError
        If the method is unknown.
    """
    if method not in METHODS:
        raise ParameterError(f"resampling {method!r}: choose one of {', '.join(METHODS)}")
    out = np.full((values.shape[0], *places.inside.shape), np.nan, dtype=np.float32)
    row, col = places.row[places.inside], places.col[places.inside]
    if method == "nearest":
        rows, cols = nearest(row, values.shape[1]), nearest(col, values.shape[2])
        out[:, places.inside] = values[:, rows, cols]
    else:
        out[:, places.inside] = _bilinear(values, row, col)
    return out


def nearest(place: NDArray[np.float64], size: int) -> NDArray[np.intp]:
    """Return the nearest pixel along one axis; half a pixel goes to the next.

    Parameters
    ----------
    place : ndarray of float64
        Fractional number of a row or column, 0 is the first one's centre.
    size : int
        Number of rows or columns.

    Returns
    -------
    ndarray of intp
        0 to size - 1.
    """
    found: NDArray[np.intp] = np.clip(np.floor(place + 0.5), 0, size - 1).astype(np.intp)
    return found


def _bilinear(
    values: NDArray[np.float32], row: NDArray[np.float64], col: NDArray[np.float64]
) -> NDArray[np.float32]:
    last_row, last_col = values.shape[1] - 1, values.shape[2] - 1
    # at the outer half pixel the edge's value stands
    row, col = row.clip(0, last_row), col.clip(0, last_col)
    top, left = np.floor(row).astype(np.intp), np.floor(col).astype(np.intp)
    bottom, right = np.minimum(top + 1, last_row), np.minimum(left + 1, last_col)
    down, along = row - top, col - left
    total = np.zeros((values.shape[0], row.size))
    for r, wr in ((top, 1 - down), (bottom, down)):
        for c, wc in ((left, 1 - along), (right, along)):
            weight = wr * wc
            total += np.where(weight > 0, values[:, r, c] * weight, 0.0)
    return total.astype(np.float32)
