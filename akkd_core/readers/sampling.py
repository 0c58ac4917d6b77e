"""Where and when: values of files with other grids and times, brought to a scene.

The one place that knows how ancillary data are sampled: evenly spread points of the scene,
bilinear between the values of a raster or of a latitude-longitude grid, linear between the two
nearest time steps; means of a swath's cells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import InputError
from akkd_core.grid import Grid
from akkd_core.raster.projection import from_lonlat, to_lonlat

Array = NDArray[np.float64]

POINTS = 48
"""Points along each side of a scene at which values are taken."""

OUTSIDE_LIMIT = timedelta(minutes=90)
"""A time axis may end this long before the scene, or begin after it; the nearest step is taken."""

GAP_LIMIT = timedelta(hours=6)
"""Between steps further apart than this nothing is interpolated."""

NEAR_M = 10_000.0
"""A scene between a swath's cells takes those within this distance, m."""

_AROUND_DEG = 3.0


@dataclass(frozen=True)
class TimeShares:
    """Steps of a time axis that make up a moment, and their shares, which sum to 1.

    Parameters
    ----------
    steps : tuple of (int, float)
    text : str
        The moments, for provenance.
    """

    steps: tuple[tuple[int, float], ...]
    text: str


def iso(moment: datetime) -> str:
    """ISO 8601 text of an aware moment, UTC, to the second."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def time_shares(times: Sequence[datetime], at: datetime, source: str) -> TimeShares:
    """Interpolate linearly between the two nearest steps.

    Parameters
    ----------
    times : sequence of datetime
        Aware, in any order, not empty.
    at : datetime
        Aware.
    source : str
        File, for errors.

    Raises
    ------
    InputError
        If ``at`` is further outside than `OUTSIDE_LIMIT`, or the steps around it are further apart
        than `GAP_LIMIT`.
    """
    remedy = "Give a file with the hours around it"
    if not times:
        raise InputError(f"{source}: its time axis is empty. {remedy}")
    order = sorted(range(len(times)), key=lambda i: times[i])
    first, last = times[order[0]], times[order[-1]]
    if not first <= at <= last:
        apart = first - at if at < first else at - last
        if apart > OUTSIDE_LIMIT:
            raise InputError(
                f"{source}: its time, {iso(first)} to {iso(last)}, is "
                f"{apart.total_seconds() / 3600:.1f} h away from the scene's {iso(at)}; "
                f"{OUTSIDE_LIMIT.total_seconds() / 3600:g} h are allowed. {remedy}"
            )
        nearest = order[0] if at < first else order[-1]
        return TimeShares(((nearest, 1.0),), iso(times[nearest]))
    after = next(n for n, i in enumerate(order) if times[i] >= at)
    if times[order[after]] == at:
        return TimeShares(((order[after], 1.0),), iso(at))
    low, high = order[after - 1], order[after]
    gap = times[high] - times[low]
    if gap > GAP_LIMIT:
        raise InputError(
            f"{source}: its steps around the scene's {iso(at)} are "
            f"{gap.total_seconds() / 3600:g} h apart; {GAP_LIMIT.total_seconds() / 3600:g} h are "
            f"allowed. {remedy}"
        )
    share = (at - times[low]) / gap
    text = f"{iso(times[low])} and {iso(times[high])}, linear"
    return TimeShares(((low, 1.0 - share), (high, share)), text)


def scene_points(grid: Grid, crs: int | str = 4326) -> tuple[Array, Array]:
    """Points spread evenly over a raster, in another coordinate system.

    Parameters
    ----------
    grid : Grid
    crs : int or str
        EPSG code or WKT; longitude and latitude by default.

    Returns
    -------
    x, y : ndarray of float64, (n, n)
        Degrees, or units of the coordinate system.
    """
    rows, cols = (min(POINTS, size) for size in grid.shape)
    row = (np.arange(rows) + 0.5) / rows * grid.rows
    col = (np.arange(cols) + 0.5) / cols * grid.cols
    at_row, at_col = np.meshgrid(row, col, indexing="ij")
    x, y = grid.xy(at_row, at_col)  # type: ignore[arg-type]  # floats and arrays alike
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if crs == grid.epsg:
        return xs, ys
    lon, lat = to_lonlat(grid.epsg, xs, ys)
    return (lon, lat) if crs == 4326 else from_lonlat(crs, lon, lat)


def scene_centre(grid: Grid) -> tuple[float, float]:
    """Longitude and latitude of a raster's centre, degrees."""
    lon, lat = to_lonlat(grid.epsg, *grid.xy(grid.rows / 2, grid.cols / 2))
    return float(lon), float(lat)


@dataclass(frozen=True)
class GridPlaces:
    """Points on a latitude-longitude grid: the window that holds them, and where they lie in it.

    Parameters
    ----------
    rows, cols : ndarray of int
        Of the file's grid, that the points need; columns may go round the globe.
    row, col : ndarray of float64
        Fractional position within those, NaN outside the grid.
    """

    rows: NDArray[np.int_]
    cols: NDArray[np.int_]
    row: Array
    col: Array


def grid_places(latitude: Array, longitude: Array, lon: Array, lat: Array) -> GridPlaces | None:
    """Find points on a grid of cell centres.

    Latitudes may rise or fall, longitudes may be -180-180 or 0-360 and go round the globe. Beyond
    the outermost centres the grid goes on for half a cell, with the value at its edge.

    Parameters
    ----------
    latitude, longitude : ndarray of float64, (rows,), (cols,)
        Of the grid, degrees, monotonic.
    lon, lat : ndarray of float64
        Of the points, degrees.

    Returns
    -------
    GridPlaces or None
        None if the grid holds none of the points.
    """
    order = 1 if latitude.size < 2 or latitude[1] > latitude[0] else -1
    row = _fractional(latitude * order, lat * order)
    east = longitude - longitude[0]
    if longitude.size > 1 and east[1] < 0:
        # columns from east to west: turn them round
        turned = grid_places(latitude, longitude[::-1], lon, lat)
        if turned is None:
            return None
        return GridPlaces(turned.rows, longitude.size - 1 - turned.cols, turned.row, turned.col)
    step = float(np.median(np.diff(east))) if east.size > 1 else 0.5
    if 360.0 - east[-1] <= 1.5 * step:
        # global: the first column comes again after the last
        east, count = np.append(east, 360.0), east.size
    else:
        count = east.size
    away = np.mod(lon - longitude[0], 360.0)
    away = np.where(away > 360.0 - 0.5 * step, away - 360.0, away) if east[-1] < 360.0 else away
    col = _fractional(east, away)
    inside = np.isfinite(row) & np.isfinite(col)
    if not inside.any():
        return None
    rows = _needed(row[inside], latitude.size)
    cols = _needed(col[inside], east.size)
    return GridPlaces(rows, cols % count, row - rows[0], col - cols[0])


def _fractional(axis: Array, at: Array) -> Array:
    """Fractional index on a rising axis, held within half a step of its ends; NaN beyond."""
    if axis.size == 1:
        return np.where(np.abs(at - axis[0]) <= 0.25, 0.0, np.nan)
    found = np.interp(at, axis, np.arange(axis.size, dtype=np.float64))
    low = axis[0] - 0.5 * (axis[1] - axis[0])
    high = axis[-1] + 0.5 * (axis[-1] - axis[-2])
    result: Array = np.where((at >= low) & (at <= high), found, np.nan)
    return result


def _needed(position: Array, size: int) -> NDArray[np.int_]:
    low = int(np.floor(position.min()))
    return np.arange(low, min(int(np.floor(position.max())) + 1, size - 1) + 1)


def bilinear(values: Array, row: Array, col: Array) -> Array:
    """Sample between values; a missing neighbour leaves its share to the others.

    Parameters
    ----------
    values : ndarray of float64, (..., rows, cols)
        In any unit; NaN where missing.
    row, col : ndarray of float64, shape S
        Fractional positions of values, 0 for the first; NaN outside.

    Returns
    -------
    ndarray of float64, (...) + S
        NaN outside, and where no neighbour with a share has a value.
    """
    outside = ~(np.isfinite(row) & np.isfinite(col))
    r0, r1, down = neighbours(np.where(outside, 0.0, row), values.shape[-2])
    c0, c1, right = neighbours(np.where(outside, 0.0, col), values.shape[-1])
    corners = [values[..., r, c] for r, c in ((r0, c0), (r0, c1), (r1, c0), (r1, c1))]
    return np.where(outside, np.nan, blend(corners, down, right))


def neighbours(position: Array, size: int) -> tuple[NDArray[np.int_], NDArray[np.int_], Array]:
    """Find indices around positions on an axis, held on it, and the share of the second.

    Parameters
    ----------
    position : ndarray of float64
        Fractional, 0 for the first value.
    size : int
        Values on the axis.
    """
    held = np.clip(position, 0, size - 1)
    low = np.floor(held).astype(int)
    return low, np.minimum(low + 1, size - 1), np.asarray(held - low, dtype=np.float64)


def blend(corners: Sequence[Array], down: Array, right: Array) -> Array:
    """Weigh the four neighbours of points; a missing one leaves its share to the others.

    Parameters
    ----------
    corners : sequence of ndarray of float64
        Upper left, upper right, lower left, lower right, in any unit; NaN where missing.
    down, right : ndarray of float64
        Shares of the lower and the right ones, 0-1.
    """
    shares = ((1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right)
    total, weight = np.zeros(corners[0].shape), np.zeros(corners[0].shape)
    for found, share in zip(corners, shares, strict=True):
        known = np.where(np.isfinite(found), share, 0.0)
        total += np.where(known > 0, found, 0.0) * known
        weight += known
    return np.where(weight > 1e-9, total / np.maximum(weight, 1e-9), np.nan)


def swath_cells(latitude: Array, longitude: Array, grid: Grid) -> tuple[NDArray[np.bool_], Array]:
    """Cells of a swath around a raster, and how far they lie outside it.

    Parameters
    ----------
    latitude, longitude : ndarray of float64, (row, col)
        Of the cells' centres, degrees.
    grid : Grid

    Returns
    -------
    around : ndarray of bool, (row, col)
    outside_m : ndarray of float64, (n,)
        Distance of those cells from the raster, m; 0 inside.
    """
    centre_lon, centre_lat = scene_centre(grid)
    span = _AROUND_DEG + max(grid.shape) * grid.pixel_size_m / 111_000.0
    stretch = max(math.cos(math.radians(centre_lat)), 0.05)
    east = (longitude - centre_lon + 180.0) % 360.0 - 180.0
    around = (np.abs(latitude - centre_lat) < span) & (np.abs(east) < span / stretch)
    if not around.any():
        return around, np.empty(0)
    x, y = from_lonlat(grid.epsg, longitude[around], latitude[around])
    row, col = grid.rowcol(x, y)  # type: ignore[arg-type]  # floats and arrays alike
    beyond = np.hypot(col - np.clip(col, 0, grid.cols), row - np.clip(row, 0, grid.rows))
    return around, np.where(np.isfinite(beyond), beyond, np.inf) * grid.pixel_size_m


def swath_mean(values: Array, around: NDArray[np.bool_], outside_m: Array) -> tuple[Array, int]:
    """Mean of a swath's cells inside a raster; without any, of those within `NEAR_M`.

    Parameters
    ----------
    values : ndarray of float64, (..., row, col)
        In any unit; NaN where missing. A cell counts where all its leading values are there.
    around, outside_m
        Of `swath_cells`.

    Returns
    -------
    mean : ndarray of float64, (...)
        NaN without any cell.
    count : int
        Cells that made it up.
    """
    if not outside_m.size:
        return np.full(values.shape[:-2], np.nan), 0
    chosen = values[..., around]
    known = np.isfinite(chosen).reshape(-1, chosen.shape[-1]).all(axis=0)
    for limit in (0.0, NEAR_M):
        used = known & (outside_m <= limit)
        if used.any():
            return np.asarray(chosen[..., used].mean(axis=-1)), int(used.sum())
    return np.full(values.shape[:-2], np.nan), 0
