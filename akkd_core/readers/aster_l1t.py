"""ASTER L1T V003 in HDF4: terrain-corrected, north-up UTM."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import AkkdWarning, GranuleReadError, MissingBandError
from akkd_core.grid import Grid
from akkd_core.images import TIR_BANDS, Scene
from akkd_core.raster.projection import from_lonlat
from akkd_core.readers.aster_grid import (
    PIXEL_M,
    UtmPlace,
    centred_grid,
    check_place,
    resolve_utm,
)
from akkd_core.readers.aster_metadata import AsterOdl
from akkd_core.readers.aster_reflective import read_reflective
from akkd_core.readers.hdf4 import read_arrays
from akkd_core.readers.hdf4_structure import Hdf4Structure, SdsInfo

SWATH = "TIR_Swath"
"""HDF-EOS swath of the thermal bands."""

_EXTENT_LIMIT_PIXELS = 1.5


def read_l1t(structure: Hdf4Structure, odl: AsterOdl, *, backend: str = "auto") -> Scene:
    """Read an L1T granule.

    Parameters
    ----------
    structure : Hdf4Structure
    odl : AsterOdl
        Of the same file.
    backend : {"auto", "pyhdf", "gdal"}

    Returns
    -------
    Scene
        Digital numbers in memory.

    Raises
    ------
    GranuleReadError, MissingBandError, MissingDependencyError
    """
    datasets = find_bands(structure)
    bounds = odl.latitude_bounds or _lattice_bounds(structure, backend)
    grid = _grid(odl, bounds, *datasets[0].shape)
    metadata = odl.metadata("AST_L1T")
    scene = Scene.from_array(read_dn(structure, datasets, backend), grid, metadata)
    if metadata.daytime is False:
        return scene
    found = read_reflective(structure, odl, grid.shape, metadata.acquired_at)
    return replace(scene, reflective=found)


def find_bands(structure: Hdf4Structure) -> list[SdsInfo]:
    """Find the data sets of the five thermal bands, in order.

    Raises
    ------
    MissingBandError
        If one is missing.
    GranuleReadError
        If they aren't five rasters of uint16 and one shape.
    """
    found = {band: structure.find(f"ImageData{band}", SWATH) for band in TIR_BANDS}
    missing = [str(band) for band, info in found.items() if info is None]
    if missing:
        raise MissingBandError(
            f"{structure.path}: thermal band {', '.join(missing)} is missing. "
            "AKKD needs all of bands 10-14; order the granule with its TIR bands"
        )
    datasets = [info for info in found.values() if info is not None]
    shapes = {info.shape for info in datasets}
    if len(shapes) != 1 or len(datasets[0].shape) != 2 or 0 in datasets[0].shape:
        raise GranuleReadError(
            f"{structure.path}: thermal bands have shapes {sorted(shapes)}, expected one raster "
            "shape. Download the granule again"
        )
    if {info.dtype for info in datasets} != {"uint16"}:
        raise GranuleReadError(
            f"{structure.path}: thermal bands are {datasets[0].dtype}, expected uint16 digital "
            "numbers. Give the granule as distributed"
        )
    return datasets


def read_dn(structure: Hdf4Structure, datasets: list[SdsInfo], backend: str) -> NDArray[np.uint16]:
    """Digital numbers, uint16 (5, row, col). Raises GranuleReadError."""
    return np.stack(read_arrays(structure, datasets, backend=backend))


def _lattice_bounds(structure: Hdf4Structure, backend: str) -> tuple[float, float] | None:
    """Southern and northern bound of the swath's latitudes, where the metadata give none."""
    info = structure.find("Latitude", SWATH)
    if info is None:
        return None
    (latitude,) = read_arrays(structure, [info], backend=backend)
    south, north = float(latitude.min()), float(latitude.max())
    return (south, north) if -90 <= south <= north <= 90 else None


def _grid(odl: AsterOdl, bounds: tuple[float, float] | None, rows: int, cols: int) -> Grid:
    """UPPERLEFTM is (northing, easting) of the upper left pixel's centre."""
    zone, corners = odl.utm_zone(), odl.corners
    if bounds is None:
        raise GranuleReadError(
            f"{odl.path}: the metadata give no latitudes (SOUTHBOUNDINGCOORDINATE, "
            "SCENEFOURCORNERS). Download the granule again"
        )
    upper_left = odl.numbers("UPPERLEFTM")
    if len(upper_left) == 2:
        place = resolve_utm(odl.path, zone, upper_left[0], upper_left[1], bounds)
        if corners:
            check_place(odl.path, place, corners[0], _extent_misfit(odl, rows, cols) * PIXEL_M)
    elif corners:
        # In real granules the corners are those pixels' centres too, to the millimetre.
        epsg = (32600 if bounds[1] > 0 else 32700) + zone
        x, y = from_lonlat(epsg, *corners[0])
        place = UtmPlace(epsg, round(float(x), 3), round(float(y), 3))
    else:
        raise GranuleReadError(
            f"{odl.path}: the metadata give no upper left corner (UPPERLEFTM, SCENEFOURCORNERS). "
            "Download the granule again"
        )
    _check_extent(odl, rows, cols)
    return centred_grid(place, rows, cols)


def _check_extent(odl: AsterOdl, rows: int, cols: int) -> None:
    """Warn if the corners span another number of pixels than the raster has."""
    if _extent_misfit(odl, rows, cols) > _EXTENT_LIMIT_PIXELS:
        warnings.warn(
            f"{odl.path}: corners {odl.numbers('UPPERLEFTM')} and {odl.numbers('LOWERRIGHTM')} "
            f"don't fit a raster of {rows} x {cols} pixels of 90 m. The product may be misplaced",
            AkkdWarning,
            stacklevel=2,
        )


def _extent_misfit(odl: AsterOdl, rows: int, cols: int) -> float:
    """By how many pixels the corners miss the raster's extent; 0 where they aren't told."""
    upper, lower = odl.numbers("UPPERLEFTM"), odl.numbers("LOWERRIGHTM")
    if len(upper) != 2 or len(lower) != 2:
        return 0.0
    spans = sorted(abs(a - b) / PIXEL_M + 1 for a, b in zip(upper, lower, strict=True))
    sizes = sorted((rows, cols))
    return max(abs(span - size) for span, size in zip(spans, sizes, strict=True))
