"""Rasters of any origin with their places and units, and one brought to another's pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import InputError
from akkd_core.grid import Grid
from akkd_core.raster import RasterReader
from akkd_core.raster.projection import Crs, from_lonlat, to_lonlat
from akkd_core.raster.resampling import centres, places_of, resample
from akkd_core.validation.footprints import footprint_areas, footprint_sums
from akkd_core.validation.raster_units import Measure, find_measure

_CELLS_AT_ONCE = 4_000_000
_MOST_CELLS = 60_000_000

Floats = NDArray[np.float64]
Values = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class RasterChoice:
    """A band of a raster, and what the user says of it.

    Parameters
    ----------
    path : str
    band : int
        Counted from 1.
    unit : str
        One of `akkd_core.validation.raster_units.UNITS`.
    scale : float
        By which stored values are multiplied before the unit counts.
    """

    path: str
    band: int = 1
    unit: str = "auto"
    scale: float = 1.0


@dataclass(frozen=True, eq=False)
class PlacedRaster:
    """A band of an open raster, with its place and measure.

    Parameters
    ----------
    reader : RasterReader
    band : int
        Counted from 1.
    grid : Grid
        With ``epsg`` 0 where the coordinate system has no code.
    crs : int or str
        EPSG code, or WKT where there is none.
    measure : Measure
    """

    reader: RasterReader
    band: int
    grid: Grid
    crs: Crs
    measure: Measure

    @property
    def name(self) -> str:
        """Name of the file."""
        return Path(self.reader.path).name

    @property
    def title(self) -> str:
        """Description of the band; empty without."""
        return self.reader.descriptions[self.band - 1]

    def read(self, row: int, col: int, rows: int, cols: int) -> Values:
        """Values of a window in the shared unit, float32 (row, col); NaN where there is none."""
        stored = self.reader.read(row, col, rows, cols, bands=(self.band,))[0]
        return self.measure.values(stored, self.reader.nodata)

    def here(self, other: PlacedRaster, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Bring coordinates of the other's system to this one's."""
        if self.crs == other.crs:
            return x, y
        with np.errstate(invalid="ignore"):
            return from_lonlat(self.crs, *to_lonlat(other.crs, x, y))


def place_raster(reader: RasterReader, choice: RasterChoice) -> PlacedRaster:
    """Find place and measure of a raster.

    Parameters
    ----------
    reader : RasterReader
    choice : RasterChoice

    Raises
    ------
    InputError
        If the band isn't there, it has no coordinate system, or its unit can't be told.
    """
    name = Path(choice.path).name
    band = choice.band
    if band > reader.count:
        raise InputError(f"{name}: has no band {band}. Give one of 1-{reader.count}")
    if not reader.wkt:
        raise InputError(f"{name}: has no coordinate system. Assign it one")
    grid = reader.grid or Grid(0, reader.geotransform, *reader.shape)
    crs: Crs = grid.epsg or reader.wkt
    measure = find_measure(reader, band, choice.unit, choice.scale)
    return PlacedRaster(reader, band, grid, crs, measure)


def stripes(ours: PlacedRaster, cells: float) -> Iterator[tuple[int, int]]:
    """Cut a raster into parts that need about the same memory.

    Parameters
    ----------
    ours : PlacedRaster
    cells : float
        Pixels of the reference in one of its pixels, at least 1.

    Yields
    ------
    row, rows : int
        First row of a part, and their number.
    """
    rows = int(np.clip(_CELLS_AT_ONCE / (cells * ours.grid.cols), 1, ours.grid.rows))
    for row in range(0, ours.grid.rows, rows):
        yield row, min(rows, ours.grid.rows - row)


def _outlines(part: Grid, ours: PlacedRaster, theirs: PlacedRaster) -> tuple[Floats, Floats]:
    """Corners of pixels in the reference's pixels, 0 at its corner; (row, col, 4) each."""
    x0, a, b, y0, d, e = part.geotransform
    row, col = np.mgrid[: part.rows + 1, : part.cols + 1].astype(np.float64)
    places = places_of(
        theirs.grid,
        *theirs.here(ours, x0 + a * col + b * row, y0 + d * col + e * row),
    )
    return _rounds(places.row) + 0.5, _rounds(places.col) + 0.5


def _rounds(lattice: Floats) -> Floats:
    around = lattice[:-1, :-1], lattice[:-1, 1:], lattice[1:, 1:], lattice[1:, :-1]
    return np.stack(around, axis=-1)


def cells_in_a_pixel(ours: PlacedRaster, theirs: PlacedRaster) -> float:
    """Count the reference's pixels in one of ours, by area; in the middle of ours, or of theirs."""
    for one, other, power in ((ours, theirs, 1), (theirs, ours, -1)):
        middle = one.grid.window(one.grid.rows // 2, one.grid.cols // 2, 1, 1)
        row, col = (corners.reshape(1, 4) for corners in _outlines(middle, one, other))
        if np.isfinite(row).all() and np.isfinite(col).all():
            return float(footprint_areas(row, col)[0] ** power)
    return 1.0


def bring(
    part: Grid, ours: PlacedRaster, theirs: PlacedRaster, how: str
) -> tuple[Values, Values, Mask] | None:
    """Bring a reference to a part of our grid.

    Parameters
    ----------
    part : Grid
        A window of ours.
    ours, theirs : PlacedRaster
    how : {"mean", "bilinear", "nearest"}

    Returns
    -------
    values, share : ndarray of float32, (row, col) of the part; or None without overlap
        The reference, and the share of each pixel's area that has one, 0-1.
    inside : ndarray of bool
        Whether the pixel's centre lies in the reference's grid.

    Raises
    ------
    InputError
        If the reference is too fine to be held.
    GranuleReadError
        If it can't be read.
    """
    places = places_of(theirs.grid, *theirs.here(ours, *centres(part)))
    if not places.inside.any():
        return None
    row, col = places.row, places.col
    if how == "mean":
        row, col = _outlines(part, ours, theirs)
    top, rows = _window(row[places.inside], theirs.grid.rows)
    left, cols = _window(col[places.inside], theirs.grid.cols)
    if rows * cols > _MOST_CELLS:
        raise InputError(
            f"{theirs.name}: {rows} x {cols} cells under one row of {ours.name}. Aggregate it "
            "first, or give it first"
        )
    cells = theirs.read(top, left, rows, cols)
    if how != "mean":
        window = theirs.grid.window(top, left, rows, cols)
        near = places_of(window, *theirs.here(ours, *centres(part)))
        values = resample(cells[None], near, how)[0]
        return values, np.isfinite(values).astype(np.float32), places.inside
    values = np.full(part.shape, np.nan, dtype=np.float32)
    share = np.zeros(part.shape, dtype=np.float32)
    whole = places.inside & np.isfinite(row).all(axis=-1) & np.isfinite(col).all(axis=-1)
    values[whole], share[whole] = _means(row[whole] - top, col[whole] - left, cells)
    return values, share, places.inside


def _window(place: Floats, size: int) -> tuple[int, int]:
    """First and number of the rows or columns that places and their neighbours lie in."""
    known = place[np.isfinite(place)]
    first = int(np.clip(np.floor(known.min()) - 1, 0, size - 1))
    last = int(np.clip(np.ceil(known.max()) + 1, 0, size - 1))
    return first, last - first + 1


def _means(row: Floats, col: Floats, cells: Values) -> tuple[Values, Values]:
    """Mean over each outline and the share of its area that has values, by exact area."""
    valid = np.isfinite(cells)
    middle = float(cells[valid].mean(dtype=np.float64)) if valid.any() else 0.0
    fields = np.stack([np.where(valid, cells - middle, 0.0), valid]).astype(np.float64)
    total, area = footprint_sums(row, col, fields)
    share = area / footprint_areas(row, col)
    means = np.full(total.shape, np.nan)
    some = share > 1e-6
    means[some] = middle + total[some] / area[some]
    return means.astype(np.float32), share.astype(np.float32)


def where_it_lies(side: PlacedRaster) -> str:
    """Latitudes and longitudes of a raster's corners, in words."""
    x, y = np.array(side.grid.corners()).T
    lon, lat = to_lonlat(side.crs, x, y)
    return (
        f"latitude {lat.min():.2f} to {lat.max():.2f}, longitude {lon.min():.2f} to "
        f"{lon.max():.2f}"
    )


