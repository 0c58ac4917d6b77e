"""A scene's temperatures as MODIS's cells would see them: means over footprints.

Emitted radiance is averaged, not temperature: of a cell with hot and cold parts a sensor sees
``sum a e B(T) / sum a e`` with areas a, emissivities e and Planck's law B, the radiometric
temperature of an ensemble (Norman and Becker 1995, Agricultural and Forest Meteorology 77, 153-166,
definitions of r-emissivity). B stands for MODIS band 31 at 11.03 um, e is the mean of ASTER's bands
13 and 14 (10.66 and 11.29 um), which lie around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import GridMismatchError
from akkd_core.grid import Grid
from akkd_core.inference.product_files import product_paths
from akkd_core.physics.planck import planck_radiance, planck_temperature
from akkd_core.quality import QC_NODATA, is_cloud, is_produced
from akkd_core.raster import open_raster
from akkd_core.readers.modis_lst import ModisLayer
from akkd_core.readers.modis_places import GridPlaces
from akkd_core.validation.footprints import footprint_areas, footprint_sums
from akkd_core.validation.station_scenes import ProductScene

BAND_31_UM = 11.03
"""Wavelength of MODIS band 31, um."""

_BORDER_POINTS = 33
_BAND_12, _BANDS_13_14 = 3, (4, 5)

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CellMeans:
    """A scene over cells.

    Parameters
    ----------
    lst : ndarray of float64, (n,)
        K; NaN where no pixel is valid.
    valid_fraction : ndarray of float64, (n,)
        Share of the cell's area with a valid temperature, 0-1.
    touched : ndarray of bool, (n,)
        Whether the scene's raster reaches the cell at all.
    spread_k : ndarray of float64, (n,)
        Standard deviation of temperature within the cell, K.
    emissivity_12 : ndarray of float64, (n,)
        Mean emissivity of ASTER band 12 (9.08 um); NaN without that layer.
    scene_share : float
        Share of the scene's valid area that lies in cells, 0-1 where these don't overlap.
    """

    lst: Floats
    valid_fraction: Floats
    touched: NDArray[np.bool_]
    spread_k: Floats
    emissivity_12: Floats
    scene_share: float


@dataclass(frozen=True, eq=False)
class ModisCells:
    """Cells of MODIS under a scene.

    Parameters
    ----------
    rows, cols : ndarray of intp, (n,)
    lon, lat : ndarray of float64, (n,)
        Of their centres, degrees.
    outline : tuple of ndarray of float64, (n, vertices)
        Longitudes and latitudes of their vertices.
    layer : ModisLayer
        Day or night, whichever was seen nearer to the scene.
    minutes_apart : ndarray of float64, (n,), or None
        Between view time and scene.
    """

    rows: NDArray[np.intp]
    cols: NDArray[np.intp]
    lon: Floats
    lat: Floats
    outline: tuple[Floats, Floats]
    layer: ModisLayer
    minutes_apart: Floats | None

    def of(self, array: NDArray[Any]) -> NDArray[Any]:
        """Values of a layer at the cells."""
        return array[self.rows, self.cols]


def scene_border(grid: Grid) -> tuple[Floats, Floats]:
    """Longitude and latitude of points along a raster's border, degrees."""
    along = np.linspace(0.0, 1.0, _BORDER_POINTS)
    low, high = np.zeros_like(along), np.ones_like(along)
    row = np.concatenate([low, along, high, along]) * grid.rows
    col = np.concatenate([along, high, along, low]) * grid.cols
    return GridPlaces(grid).lonlat(row, col)


def cell_means(
    scene: ProductScene, lon: Floats, lat: Floats, *, plain_mean: bool = False
) -> CellMeans:
    """Average a scene over cells.

    Pixels that the product's QC calls cloud or not produced don't count.

    Parameters
    ----------
    scene : ProductScene
    lon, lat : ndarray of float64, (n, vertices)
        Outlines of the cells, degrees.
    plain_mean : bool
        Average temperature itself.

    Raises
    ------
    GranuleReadError
        If a layer can't be read.
    GridMismatchError
        If layers of the product don't fit each other.
    """
    lst, radiant, band_12 = _read(scene)
    valid = np.isfinite(lst)
    filled = np.where(valid, lst, 0.0)
    middle = float(filled[valid].mean()) if valid.any() else 0.0
    weight = valid * radiant
    emitted = np.where(valid, planck_radiance(BAND_31_UM, np.where(valid, lst, 300.0)), 0.0)
    about = np.where(valid, lst - middle, 0.0)
    fields = np.stack(
        [
            np.ones_like(filled), valid.astype(np.float64), weight, weight * emitted,
            about, about**2, valid * band_12,
        ]
    )  # fmt: skip
    sums, whole_area = np.zeros((len(fields), len(lon))), np.ones(len(lon))
    # pixels of a swath beside lines without places have no outline
    known = np.isfinite(lon).all(axis=1)
    row, col = GridPlaces(scene.grid).rowcol(lon[known], lat[known])
    sums[:, known], whole_area[known] = footprint_sums(row, col, fields), footprint_areas(row, col)
    covered, area, weights, radiances, mean, square, emissivity = sums
    touched = covered > 1e-6
    some = area > 1e-6
    safe = np.where(some, area, 1.0)
    mean, square = mean / safe, square / safe
    if plain_mean:
        found = mean + middle
    else:
        found = planck_temperature(BAND_31_UM, radiances / np.where(some, weights, 1.0))
    return CellMeans(
        np.where(some, found, np.nan),
        np.clip(area / whole_area, 0.0, 1.0),
        touched,
        np.where(some, np.sqrt(np.maximum(square - mean**2, 0.0)), np.nan),
        np.where(some, emissivity / safe, np.nan),
        float(area.sum() / valid.sum()) if valid.any() else 0.0,
    )


def _read(scene: ProductScene) -> tuple[Floats, Floats, Floats]:
    """Temperature (NaN where it doesn't count), emissivity at 11 um and of band 12."""
    layers = product_paths(scene.scene_id, scene.folder).layers
    lst = _layer(layers["LST"], scene.grid, 1)[0].astype(np.float64)
    if layers["QC"].exists():
        quality = _layer(layers["QC"], scene.grid, 1)[0].astype(np.uint16)
        lst[(quality == QC_NODATA) | ~is_produced(quality) | is_cloud(quality)] = np.nan
    unknown = np.full(lst.shape, np.nan)
    if not layers["LSE"].exists():
        return lst, np.ones(lst.shape), unknown
    lse = _layer(layers["LSE"], scene.grid, _BAND_12, *_BANDS_13_14).astype(np.float64)
    return lst, _filled(lse[1:].mean(axis=0)), _filled(lse[0])


def _layer(path: Path, grid: Grid, *bands: int) -> NDArray[Any]:
    with open_raster(path) as raster:
        if raster.shape != grid.shape or raster.count < max(bands):
            raise GridMismatchError(
                f"{path}: {raster.count} bands of {raster.shape}, the temperature is {grid.shape}. "
                "Retrieve the scene again"
            )
        stored: NDArray[Any] = raster.read(0, 0, *raster.shape, bands=bands)
    return stored


def _filled(emissivity: Floats) -> Floats:
    """Give pixels without emissivity the mean of the others."""
    known = np.isfinite(emissivity)
    return np.where(known, emissivity, emissivity[known].mean() if known.any() else 1.0)
