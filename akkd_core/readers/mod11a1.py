"""MOD11A1 under a scene: good temperatures that Terra's MODIS saw with it.

Daily tiles of 1 km in MODIS's sinusoidal projection (sphere of 6371007.181 m), HDF4: LST_Day_1km
and LST_Night_1km in counts of 0.02 K (7500-65535), QC of which bits 0-1 are 0 where good, and view
times in counts of 0.1 h of local solar time (fill 255). Source: MODIS Land-Surface Temperature
Products' Users' Guide, Collection 6 (Wan); scales and fill values stand in the file.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import GranuleReadError, UnsupportedGranuleError
from akkd_core.grid import Grid
from akkd_core.raster.projection import to_lonlat
from akkd_core.raster.resampling import centres, nearest, places_of
from akkd_core.readers.hdf4 import read_arrays
from akkd_core.readers.hdf4_structure import Hdf4Structure, read_structure
from akkd_core.readers.odl import join_pieces, parse_odl
from akkd_core.readers.reference_raster import CellsUnder
from akkd_core.readers.sniff import describe_hdf4

SPHERE_M = 6_371_007.181
"""Radius of the sinusoidal projection's sphere, m."""

VIEW_MINUTES = 30.0
"""Largest difference of view time and the scene's time, local solar."""

_LST_K, _LST_MIN = 0.02, 7500
_HOURS, _TIME_FILL = 0.1, 255
_GOOD_BITS = 0b11
_NO_EPSG = 0


def read_mod11a1_under(path: str | Path, grid: Grid, acquired_at: datetime) -> CellsUnder | None:
    """Read the good temperatures of a MOD11A1 tile under a scene.

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
    structure = read_structure(path)
    core = parse_odl(join_pieces(structure.attributes, "CoreMetadata"), str(path))
    if core.text("SHORTNAME") != "MOD11A1":
        what = describe_hdf4(structure, core.text("SHORTNAME") or "")
        raise UnsupportedGranuleError(
            f"{path}: is {what}, not MODIS temperature. Give MOD11A1 or a GeoTIFF in K"
        )
    if core.text("RANGEBEGINNINGDATE") != f"{acquired_at:%Y-%m-%d}":
        return None
    x, y = centres(grid)
    lon, lat = to_lonlat(grid.epsg, x, y)
    tile = _tile(structure)
    sinus_x = SPHERE_M * np.radians(lon) * np.cos(np.radians(lat))
    places = places_of(tile, sinus_x, SPHERE_M * np.radians(lat))
    if not places.inside.any():
        return None
    hour = acquired_at.hour + acquired_at.minute / 60.0 + acquired_at.second / 3600.0
    solar = (hour + float(lon.mean()) / 15.0) % 24.0
    cell = np.full(grid.shape, -1, dtype=np.intp)
    row = nearest(places.row[places.inside], tile.rows)
    col = nearest(places.col[places.inside], tile.cols)
    used, number = np.unique(row * tile.cols + col, return_inverse=True)
    cell[places.inside] = number.ravel()
    return CellsUnder(Path(path), _temperatures(structure, solar).ravel()[used], cell)


def _tile(structure: Hdf4Structure) -> Grid:
    """Grid of a tile in sinusoidal metres; the projection has no EPSG code."""
    text = join_pieces(structure.attributes, "StructMetadata")
    root = parse_odl(text, str(structure.path))
    left_top, right_bottom = root.numbers("UpperLeftPointMtrs"), root.numbers("LowerRightMtrs")
    lst = structure.find("LST_Day_1km")
    if len(left_top) != 2 or len(right_bottom) != 2 or lst is None or len(lst.shape) != 2:
        raise GranuleReadError(
            f"{structure.path}: MOD11A1 granule without its place. Download it again"
        )
    rows, cols = lst.shape
    (left, top), (right, bottom) = left_top, right_bottom
    transform = (left, (right - left) / cols, 0.0, top, 0.0, (bottom - top) / rows)
    return Grid(_NO_EPSG, transform, rows, cols)


def _temperatures(structure: Hdf4Structure, solar_hour: float) -> NDArray[np.float32]:
    """Good temperatures seen near a time, K; of day and night the one that was."""
    merged: NDArray[np.float32] | None = None
    for half in ("Day", "Night"):
        infos = [
            structure.find(name)
            for name in (f"LST_{half}_1km", f"QC_{half}", f"{half}_view_time")
        ]
        known = [info for info in infos if info is not None]
        if len(known) != len(infos):
            raise GranuleReadError(
                f"{structure.path}: MOD11A1 granule without {half.lower()} temperature, its QC or "
                "its view time. Download it again"
            )
        counts, quality, times = (np.asarray(array) for array in read_arrays(structure, known))
        apart = np.abs(times * _HOURS - solar_hour)
        apart = np.minimum(apart, 24.0 - apart)
        good = (counts >= _LST_MIN) & ((quality & _GOOD_BITS) == 0) & (times != _TIME_FILL)
        good &= apart * 60.0 <= VIEW_MINUTES
        values = np.where(good, counts * _LST_K, np.nan).astype(np.float32)
        merged = values if merged is None else np.where(np.isnan(merged), values, merged)
    assert merged is not None
    return merged
