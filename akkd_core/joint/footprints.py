"""How far inside a model's footprint pixels lie.

Footprints are polygons in longitude and latitude; a raster is in whatever projection. Distances are
taken in longitude and latitude with the local length of a degree, so neither far corners nor the
180th meridian disturb them; near a border, where they matter, they are good to a percent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.belongs import Ring
from akkd_core.grid import Grid
from akkd_core.raster.projection import to_lonlat

Array = NDArray[np.float64]
_Place = tuple[NDArray[np.intp], Array]

_METRES_PER_DEGREE = 6_371_008.8 * math.pi / 180
"""Of latitude, on the sphere of the Earth's mean radius (IUGG)."""

_POINTS_A_SIDE = 8
_LATTICE = 32
_DIGITS = 7


def ring_of(grid: Grid) -> Ring:
    """Footprint of a raster.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    Ring
        Longitude and latitude, degrees, with points between the corners, since a straight line of
        one projection is none in another.

    Raises
    ------
    MissingDependencyError
        If no projection library is installed.
    """
    corners = np.array(grid.corners())
    steps = np.arange(_POINTS_A_SIDE)[:, None] / _POINTS_A_SIDE
    sides = zip(corners, np.roll(corners, -1, axis=0), strict=True)
    points = np.concatenate([start + steps * (end - start) for start, end in sides])
    lon, lat = to_lonlat(grid.epsg, points[:, 0], points[:, 1])
    return tuple(
        (round(float(x), _DIGITS), round(float(y), _DIGITS)) for x, y in zip(lon, lat, strict=True)
    )


def ring_bounds(ring: Ring) -> tuple[float, float, float, float]:
    """West, south, east, north of a polygon, degrees; west > east across the 180th meridian."""
    points = _near(ring, ring[0][0])
    west, east = (float(_wrapped(v)) for v in (points[:, 0].min(), points[:, 0].max()))
    return west, float(points[:, 1].min()), east, float(points[:, 1].max())


def pixel_lonlat(grid: Grid, row: int, col: int, rows: int, cols: int) -> tuple[Array, Array]:
    """Longitude and latitude of the centres of a window's pixels, interpolated from a lattice.

    Parameters
    ----------
    grid : Grid
    row, col, rows, cols : int
        The window, pixels.

    Returns
    -------
    lon, lat : ndarray of float64, (rows, cols)
        Degrees; longitudes without a jump, so beyond 180 across the 180th meridian.
    """
    down, across = _lattice(row, rows), _lattice(col, cols)
    mesh_row, mesh_col = np.meshgrid(down, across, indexing="ij")
    x0, a, b, y0, d, e = grid.geotransform
    x = x0 + a * mesh_col + b * mesh_row
    y = y0 + d * mesh_col + e * mesh_row
    lon, lat = to_lonlat(grid.epsg, x, y)
    lon = lon[0, 0] + _wrapped(lon - lon[0, 0])
    place_row = _place(down, np.arange(row, row + rows, dtype=np.float64) + 0.5)
    place_col = _place(across, np.arange(col, col + cols, dtype=np.float64) + 0.5)
    return _interpolated(lon, place_row, place_col), _interpolated(lat, place_row, place_col)


def inside_distance(rings: Sequence[Ring], lon: Array, lat: Array, reach_m: float) -> Array:
    """Distance of pixels to the border of a footprint, inside it.

    Parameters
    ----------
    rings : sequence of Ring
        Polygons; of those that overlap the one counts in whose inside a pixel lies deepest.
    lon, lat : ndarray of float64, (rows, cols)
        Of the pixels of one window, degrees, longitudes without a jump.
    reach_m : float
        Distances beyond it needn't be told apart, m.

    Returns
    -------
    ndarray of float64, (rows, cols)
        m; 0 outside, at most `reach_m`.
    """
    found = np.zeros(lon.shape)
    for ring in rings:
        if (found >= reach_m).all():
            break
        np.maximum(found, _ring_distance(ring, lon, lat, reach_m), out=found)
    return found


def _ring_distance(ring: Ring, lon: Array, lat: Array, reach_m: float) -> Array:
    points = _near(ring, float(lon.mean()))
    # a box around the window, wider by the reach, in which an edge may matter
    margin = reach_m / _METRES_PER_DEGREE
    shrink = max(math.cos(math.radians(min(float(np.abs(lat).max()), 89.0))), 1e-2)
    west, east = float(lon.min()) - margin / shrink, float(lon.max()) + margin / shrink
    south, north = float(lat.min()) - margin, float(lat.max()) + margin
    low, high = points.min(axis=0), points.max(axis=0)
    if low[0] > east or high[0] < west or low[1] > north or high[1] < south:
        return np.zeros(lon.shape)
    inside = np.zeros(lon.shape, dtype=bool)
    squared = np.full(lon.shape, np.inf)
    scale = np.cos(np.radians(lat))
    for start, end in zip(points, np.roll(points, -1, axis=0), strict=True):
        if max(start[1], end[1]) < south or min(start[1], end[1]) > north:
            continue
        inside ^= _crosses(start, end, lon, lat)
        if max(start[0], end[0]) >= west and min(start[0], end[0]) <= east:
            np.minimum(squared, _squared_degrees(start, end, lon, lat, scale), out=squared)
    distance = np.minimum(np.sqrt(squared) * _METRES_PER_DEGREE, reach_m)
    return np.where(inside, distance, 0.0)


def _near(ring: Ring, lon: float) -> Array:
    """Corners of a ring, (n, 2), without a jump in longitude and on the side of `lon`."""
    points = np.array(ring, dtype=np.float64)
    steps = _wrapped(np.diff(points[:, 0], prepend=points[0, 0]))
    points[:, 0] = points[0, 0] + np.cumsum(steps)
    middle = 0.5 * (points[:, 0].min() + points[:, 0].max())
    points[:, 0] += 360.0 * round((lon - middle) / 360.0)
    return points


def _crosses(start: Array, end: Array, lon: Array, lat: Array) -> NDArray[np.bool_]:
    """Whether the way east from each pixel crosses an edge."""
    (x0, y0), (x1, y1) = start, end
    if y0 == y1:
        return np.zeros(lon.shape, dtype=bool)
    within = (lat >= min(y0, y1)) & (lat < max(y0, y1))
    crosses: NDArray[np.bool_] = within & (lon < x0 + (lat - y0) * (x1 - x0) / (y1 - y0))
    return crosses


def _squared_degrees(start: Array, end: Array, lon: Array, lat: Array, scale: Array) -> Array:
    """Squared distance to an edge in degrees of latitude; `scale` is the cosine of latitude."""
    along_x, along_y = (end[0] - start[0]) * scale, end[1] - start[1]
    to_x, to_y = (lon - start[0]) * scale, lat - start[1]
    length = along_x**2 + along_y**2
    share = np.clip((to_x * along_x + to_y * along_y) / np.maximum(length, 1e-300), 0.0, 1.0)
    squared: Array = (to_x - share * along_x) ** 2 + (to_y - share * along_y) ** 2
    return squared


def _wrapped(degrees: Array) -> Array:
    """Differences of longitude, -180 to 180."""
    result: Array = (degrees + 180.0) % 360.0 - 180.0
    return result


def _lattice(first: int, count: int) -> Array:
    return np.linspace(first, first + count, max(math.ceil(count / _LATTICE), 1) + 1)


def _interpolated(values: Array, rows: _Place, cols: _Place) -> Array:
    """Bilinear interpolation from an evenly spaced lattice."""
    (i, v), (j, u) = rows, cols
    u, v = u[None, :], v[:, None]
    upper = values[i][:, j] * (1 - u) + values[i][:, j + 1] * u
    lower = values[i + 1][:, j] * (1 - u) + values[i + 1][:, j + 1] * u
    result: Array = upper * (1 - v) + lower * v
    return result


def _place(lattice: Array, positions: Array) -> _Place:
    """Lattice point before each position, and how far the position is on the way to the next."""
    scaled = (positions - lattice[0]) / (lattice[1] - lattice[0])
    index = np.clip(scaled.astype(np.intp), 0, len(lattice) - 2)
    return index, scaled - index
