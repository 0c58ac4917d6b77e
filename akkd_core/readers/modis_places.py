"""Where MODIS's cells lie: sinusoidal and other grids, and swaths of pixels without a grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from akkd_core.grid import Grid
from akkd_core.raster.projection import from_lonlat, to_lonlat

SPHERE_M = 6_371_007.181
"""Radius of the sphere of MODIS's sinusoidal projection, m."""

SINUSOIDAL_WKT = (
    'PROJCS["MODIS Sinusoidal",GEOGCS["Sphere",DATUM["MODIS sphere",'
    f'SPHEROID["MODIS sphere",{SPHERE_M},0]],PRIMEM["Greenwich",0],'
    'UNIT["degree",0.0174532925199433]],PROJECTION["Sinusoidal"],'
    'PARAMETER["longitude_of_center",0],PARAMETER["false_easting",0],'
    'PARAMETER["false_northing",0],UNIT["metre",1]]'
)
"""MODIS's sinusoidal system, which has no EPSG code."""

LINES_PER_SCAN = 10
"""Lines of 1 km that MODIS's ten detectors see at a time; neighbouring scans overlap."""

_PER_SIDE = 4
_MARGIN_DEG = 0.05

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
LonLat = tuple[Floats, Floats]


class ModisPlaces(Protocol):
    """Places of the cells of a file."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    def candidates(self, lon: Floats, lat: Floats) -> tuple[Indices, Indices]:
        """Rows and columns of the cells that may touch what the points enclose."""

    def centres(self, rows: Indices, cols: Indices) -> LonLat:
        """Longitude and latitude of cell centres, degrees, (n,)."""

    def outlines(self, rows: Indices, cols: Indices) -> LonLat:
        """Longitude and latitude of the vertices of cells, degrees, (n, vertices), in a round."""


@dataclass(frozen=True)
class GridPlaces:
    """Cells of a grid.

    Parameters
    ----------
    grid : Grid
        With ``epsg`` 0 where the system has no code.
    wkt : str
        The system then.
    """

    grid: Grid
    wkt: str = ""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.grid.shape

    def lonlat(self, row: ArrayLike, col: ArrayLike) -> LonLat:
        """Longitude and latitude of fractional places, 0 is the first cell's upper left corner."""
        x0, a, b, y0, d, e = self.grid.geotransform
        right, down = np.asarray(col, np.float64), np.asarray(row, np.float64)
        x, y = x0 + a * right + b * down, y0 + d * right + e * down
        if self.wkt == SINUSOIDAL_WKT:
            lat = y / SPHERE_M
            return np.degrees(x / (SPHERE_M * np.cos(lat))), np.degrees(lat)
        return to_lonlat(self.wkt or self.grid.epsg, x, y)

    def rowcol(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Fractional row and column of points, the inverse of `lonlat`."""
        if self.wkt == SINUSOIDAL_WKT:
            y = SPHERE_M * np.radians(lat)
            x = SPHERE_M * np.radians(lon) * np.cos(np.radians(lat))
        else:
            x, y = from_lonlat(self.wkt or self.grid.epsg, lon, lat)
        x0, a, b, y0, d, e = self.grid.geotransform
        det = a * e - b * d
        return (a * (y - y0) - d * (x - x0)) / det, (e * (x - x0) - b * (y - y0)) / det

    def candidates(self, lon: Floats, lat: Floats) -> tuple[Indices, Indices]:
        """Rows and columns of the cells in the box that encloses the points."""
        row, col = self.rowcol(lon, lat)
        spans = []
        for place, size in zip((row, col), self.shape, strict=True):
            first, last = np.floor(place.min()), np.floor(place.max())
            spans.append(np.arange(max(int(first), 0), min(int(last), size - 1) + 1))
        rows, cols = (axis.ravel() for axis in np.meshgrid(*spans, indexing="ij"))
        if self.wkt != SINUSOIDAL_WKT:
            return rows, cols
        # beyond the date line tiles go on, but not on Earth: these places are another tile's
        on_earth = np.abs(self.centres(rows, cols)[0]) <= 180.0
        return rows[on_earth], cols[on_earth]

    def centres(self, rows: Indices, cols: Indices) -> LonLat:
        """Longitude and latitude of cell centres, degrees, (n,)."""
        return self.lonlat(rows + 0.5, cols + 0.5)

    def outlines(self, rows: Indices, cols: Indices) -> LonLat:
        """Vertices of cells: the corners, and points between as sides are curves elsewhere."""
        along = np.arange(_PER_SIDE) / _PER_SIDE
        down = np.concatenate([0 * along, along, 0 * along + 1, 1 - along])
        right = np.concatenate([along, 0 * along + 1, 1 - along, 0 * along])
        return self.lonlat(rows[:, None] + down, cols[:, None] + right)


@dataclass(frozen=True, eq=False)
class SwathPlaces:
    """Pixels of a swath, scan by scan of ten lines.

    A pixel's outline is halfway to its neighbours' centres, within its scan (at the scan's edge as
    far out as in). MODIS itself weighs twice that width along the scan, in a triangle.

    Parameters
    ----------
    longitude, latitude : ndarray of float64, (row, col)
        Of pixel centres, degrees.
    """

    longitude: Floats
    latitude: Floats

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, cols = self.latitude.shape
        return rows, cols

    def candidates(self, lon: Floats, lat: Floats) -> tuple[Indices, Indices]:
        """Rows and columns of the pixels in the box of degrees that encloses the points."""
        middle = float(lon.flat[0])
        apart = (lon - middle + 180.0) % 360.0 - 180.0
        ours = (self.longitude - middle + 180.0) % 360.0 - 180.0
        wide = _MARGIN_DEG / max(float(np.cos(np.radians(np.abs(lat).max()))), 0.01)
        inside = (ours >= apart.min() - wide) & (ours <= apart.max() + wide)
        inside &= self.latitude >= lat.min() - _MARGIN_DEG
        inside &= self.latitude <= lat.max() + _MARGIN_DEG
        rows, cols = np.nonzero(inside)
        return rows, cols

    def centres(self, rows: Indices, cols: Indices) -> LonLat:
        """Longitude and latitude of pixel centres, degrees, (n,)."""
        return self.longitude[rows, cols], self.latitude[rows, cols]

    def outlines(self, rows: Indices, cols: Indices) -> LonLat:
        """Four corners of pixels, midway between centres."""
        lon, lat = np.empty((rows.size, 4)), np.empty((rows.size, 4))
        for scan in np.unique(rows // LINES_PER_SCAN):
            chosen = rows // LINES_PER_SCAN == scan
            first = scan * LINES_PER_SCAN
            left, right = max(int(cols[chosen].min()) - 1, 0), int(cols[chosen].max()) + 2
            part = np.s_[first : first + LINES_PER_SCAN, left:right]
            corners = _corners(to_vectors(self.longitude[part], self.latitude[part]))
            r, c = rows[chosen] - first, cols[chosen] - left
            four = np.stack(
                [corners[r, c], corners[r, c + 1], corners[r + 1, c + 1], corners[r + 1, c]], axis=1
            )
            lon[chosen], lat[chosen] = to_degrees(four)
        return lon, lat


def to_vectors(lon: Floats, lat: Floats) -> Floats:
    """Directions of points as unit vectors, (..., 3): they have no date line and no poles."""
    lam, phi = np.radians(lon), np.radians(lat)
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)


def to_degrees(vectors: Floats) -> LonLat:
    """Longitude and latitude of directions, degrees, the inverse of `to_vectors`."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    return np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))


def _corners(centres: Floats) -> Floats:
    """Corners of a block of pixels (row + 1, col + 1, 3): means of four, edges extrapolated."""
    for axis in (0, 1):
        padded = np.concatenate([centres.take([0], axis), centres, centres.take([-1], axis)], axis)
        if centres.shape[axis] > 1:
            first, second = centres.take([0], axis), centres.take([1], axis)
            last, before = centres.take([-1], axis), centres.take([-2], axis)
            parts = [2 * first - second, centres, 2 * last - before]
            padded = np.concatenate(parts, axis)
        inner = np.arange(padded.shape[axis] - 1)
        centres = 0.5 * (padded.take(inner, axis) + padded.take(inner + 1, axis))
    return centres


def spread_lattice(
    longitude: Floats,
    latitude: Floats,
    shape: tuple[int, int],
    offset: tuple[int, int],
    increment: tuple[int, int],
) -> LonLat:
    """Centres of all pixels out of a coarser lattice of them.

    Linear in space within each scan of ten lines, never across: where scans overlap, the line
    after the last of a scan lies before it on the ground.

    Parameters
    ----------
    longitude, latitude : ndarray of float64, (m, n)
        Of the lattice, degrees.
    shape : tuple of int
        Rows and columns of pixels.
    offset, increment : tuple of int
        Of the first lattice point, and from one to the next, in rows and columns.

    Returns
    -------
    lon, lat : ndarray of float64, (row, col)
    """
    points = to_vectors(longitude, latitude)
    per_scan = LINES_PER_SCAN // increment[0]
    whole = LINES_PER_SCAN % increment[0] == 0 and per_scan > 1
    line, pixel = np.arange(shape[0]), np.arange(shape[1])
    scan = line // LINES_PER_SCAN if whole else np.zeros_like(line)
    first, span = scan * per_scan if whole else scan, per_scan if whole else len(points)
    place = (line - offset[0]) / increment[0] - first
    base = np.clip(np.floor(place), 0, span - 2).astype(np.intp)
    weight = (place - base)[:, None, None]
    base = np.minimum(first + base, len(points) - 2)
    lines = (1 - weight) * points[base] + weight * points[base + 1]
    place = (pixel - offset[1]) / increment[1]
    base = np.clip(np.floor(place), 0, points.shape[1] - 2).astype(np.intp)
    weight = (place - base)[:, None]
    return to_degrees((1 - weight) * lines[:, base] + weight * lines[:, base + 1])
