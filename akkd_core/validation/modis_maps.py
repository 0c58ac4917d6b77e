"""Maps of match-ups with MODIS: on its own grid, or of swaths on a grid of 1 km in UTM."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from akkd_core.grid import Grid
from akkd_core.raster.projection import from_lonlat
from akkd_core.raster.resampling import centres
from akkd_core.readers.modis_places import GridPlaces, ModisPlaces
from akkd_core.validation.match_up import ComparisonMaps

_SWATH_CELL_M = 1000.0
_REACH = 0.75

Indices = NDArray[np.intp]
Floats = NDArray[np.float64]


def comparison_maps(
    places: ModisPlaces, scene: Grid, rows: Indices, cols: Indices, estimate: Floats, values: Floats
) -> ComparisonMaps:
    """Lay match-ups out as rasters.

    Parameters
    ----------
    places : ModisPlaces
    scene : Grid
        Whose system maps of swaths get.
    rows, cols : ndarray of intp, (n,)
        Cells, one or more.
    estimate, values : ndarray of float64, (n,)
        K.
    """
    if isinstance(places, GridPlaces):
        top, left = int(rows.min()), int(cols.min())
        shape = int(rows.max()) - top + 1, int(cols.max()) - left + 1
        grid = places.grid.window(top, left, *shape)
        estimated, referred = _empty(shape), _empty(shape)
        estimated[rows - top, cols - left] = estimate
        referred[rows - top, cols - left] = values
        return ComparisonMaps(grid, places.wkt or None, estimated, referred)
    x, y = from_lonlat(scene.epsg, *places.centres(rows, cols))
    left_m = _SWATH_CELL_M * float(np.floor(x.min() / _SWATH_CELL_M))
    top_m = _SWATH_CELL_M * float(np.ceil(y.max() / _SWATH_CELL_M))
    shape = (
        int(np.ceil((top_m - y.min()) / _SWATH_CELL_M)) or 1,
        int(np.ceil((x.max() - left_m) / _SWATH_CELL_M)) or 1,
    )
    transform = (left_m, _SWATH_CELL_M, 0.0, top_m, 0.0, -_SWATH_CELL_M)
    grid = Grid(scene.epsg, transform, *shape)
    at = np.stack([part.ravel() for part in centres(grid)], axis=1)
    distance, nearest = cKDTree(np.stack([x, y], axis=1)).query(at)
    near = (distance <= _REACH * _SWATH_CELL_M).reshape(shape)
    estimated, referred = _empty(shape), _empty(shape)
    estimated[near] = estimate[nearest.reshape(shape)[near]]
    referred[near] = values[nearest.reshape(shape)[near]]
    return ComparisonMaps(grid, None, estimated, referred)


def _empty(shape: tuple[int, int]) -> NDArray[np.float32]:
    return np.full(shape, np.nan, dtype=np.float32)
