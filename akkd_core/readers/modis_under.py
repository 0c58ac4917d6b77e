"""MODIS temperature under a scene: good cells that Terra saw with it, pixel by pixel."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np

from akkd_core.errors import UnsupportedGranuleError
from akkd_core.grid import Grid
from akkd_core.raster.projection import to_lonlat
from akkd_core.raster.resampling import centres, nearest, places_of
from akkd_core.readers.modis_hdf import read_modis_hdf
from akkd_core.readers.modis_lst import hours_apart, solar_hours
from akkd_core.readers.modis_places import GridPlaces
from akkd_core.readers.reference_raster import CellsUnder

VIEW_MINUTES = 30.0
"""Largest difference of view time and the scene's time, local solar."""

_DAILY = ("MOD11A1", "MOD11B1", "MOD21A1D", "MOD21A1N")


def read_modis_under(path: str | Path, grid: Grid, acquired_at: datetime) -> CellsUnder | None:
    """Read the good temperatures of a daily tile of Terra's under a scene.

    Parameters
    ----------
    path : path
    grid : Grid
        Of the scene.
    acquired_at : datetime
        Of the scene, UTC; cells seen at another time of the day have no value.

    Returns
    -------
    CellsUnder or None
        Values in K; None if the tile lies elsewhere or is of another day.

    Raises
    ------
    GranuleReadError
        If the file can't be read, or contradicts itself.
    UnsupportedGranuleError
        If it is another product.
    """
    modis = read_modis_hdf(path)
    places = modis.places
    if modis.product not in _DAILY or not isinstance(places, GridPlaces):
        raise UnsupportedGranuleError(
            f"{path}: is {modis.product}, not of Terra on the scene's day. Give MOD11A1 or MOD21A1D"
        )
    if not modis.covers(acquired_at.date()):
        return None
    x, y = centres(grid)
    lon, lat = to_lonlat(grid.epsg, x, y)
    row, col = places.rowcol(lon, lat)
    # places_of counts from pixel centres in the grid's own metres
    x0, a, b, y0, d, e = places.grid.geotransform
    found = places_of(places.grid, x0 + a * col + b * row, y0 + d * col + e * row)
    if not found.inside.any():
        return None
    rows = nearest(found.row[found.inside], places.grid.rows)
    cols = nearest(found.col[found.inside], places.grid.cols)
    used, number = np.unique(rows * places.grid.cols + cols, return_inverse=True)
    cell = np.full(grid.shape, -1, dtype=np.intp)
    cell[found.inside] = number.ravel()
    solar = solar_hours(acquired_at, lon.mean())
    values = np.full(used.size, np.nan, dtype=np.float32)
    for layer in modis.layers:
        if layer.quality is None or layer.solar_hour is None:
            continue
        near = hours_apart(layer.solar_hour.ravel()[used], solar) * 60.0 <= VIEW_MINUTES
        good = near & layer.quality.good.ravel()[used]
        values = np.where(np.isnan(values) & good, layer.lst.ravel()[used], values)
    return CellsUnder(Path(path), values, cell)
