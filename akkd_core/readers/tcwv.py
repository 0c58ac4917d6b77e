"""Total column water vapour over a scene: a number, a GeoTIFF, or MOD05_L2."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import (
    AkkdWarning,
    GranuleReadError,
    ParameterError,
    UnsupportedGranuleError,
)
from akkd_core.grid import Grid
from akkd_core.raster import RasterReader, open_raster
from akkd_core.raster.projection import from_lonlat, to_lonlat
from akkd_core.readers.hdf4_structure import read_structure
from akkd_core.readers.mod05 import CM_TO_KG_M2, is_mod05, read_mod05
from akkd_core.readers.sniff import FileKind, describe_hdf4, sniff

TCWV_MAX_KG_M2 = 120.0
"""Largest water vapour accepted, kg m-2, the network's bound; Earth's wettest air holds 80."""

_EXPECTED = "Give a number in kg m-2 (1 g cm-2 = 10), a GeoTIFF in kg m-2, or a MOD05_L2 granule"
_CENTIMETRES = {"cm", "g cm-2", "g/cm2", "g/cm^2", "g cm^-2"}
_SAMPLES = 64
_STRIP_ROWS = 512
_NEAR_M = 10_000.0
_WINDOW_DEG = 3.0


def read_tcwv(spec: str, grid: Grid) -> float | None:
    """Water vapour over a scene, see :func:`akkd_core.readers.read_tcwv`."""
    try:
        number = float(spec)
    except ValueError:
        return _read_file(Path(spec), grid)
    if not 0 <= number <= TCWV_MAX_KG_M2:
        raise ParameterError(
            f"water vapour {spec} is out of 0-{TCWV_MAX_KG_M2:.0f} kg m-2. {_EXPECTED}"
        )
    return number


def _read_file(file: Path, grid: Grid) -> float | None:
    kind = sniff(file)
    if kind is FileKind.HDF4:
        value = _from_mod05(file, grid)
    elif kind is FileKind.TIFF:
        value = _from_raster(file, grid)
    else:
        raise UnsupportedGranuleError(f"{file}: is {kind.value}, not water vapour. {_EXPECTED}")
    if value is None:
        warnings.warn(
            f"{file}: has no valid water vapour over the scene; it is taken as unknown. "
            "Give one of the scene's time and place",
            AkkdWarning,
            stacklevel=3,
        )
    elif not 0 <= value <= TCWV_MAX_KG_M2:
        raise ParameterError(
            f"{file}: mean of {value:.4g} over the scene is no water vapour in kg m-2. {_EXPECTED}"
        )
    return value


def _from_mod05(file: Path, grid: Grid) -> float | None:
    structure = read_structure(file)
    if not is_mod05(structure):
        raise UnsupportedGranuleError(
            f"{file}: is {describe_hdf4(structure)}, not water vapour. {_EXPECTED}"
        )
    cells = read_mod05(structure)
    centre_lon, centre_lat = to_lonlat(grid.epsg, *grid.xy(grid.rows / 2, grid.cols / 2))
    span = _WINDOW_DEG + grid.rows * grid.pixel_size_m / 111_000.0
    stretch = max(math.cos(math.radians(float(centre_lat))), 0.05)
    east = (cells.longitude - float(centre_lon) + 180.0) % 360.0 - 180.0
    around = (np.abs(cells.latitude - float(centre_lat)) < span) & (np.abs(east) < span / stretch)
    if not around.any():
        return None
    x, y = from_lonlat(grid.epsg, cells.longitude[around], cells.latitude[around])
    margin = _outside_m(grid, x, y)
    for values in cells.tcwv.values():
        chosen = values[around]
        for limit in (0.0, _NEAR_M):
            usable = chosen[(margin <= limit) & np.isfinite(chosen)]
            if usable.size:
                return float(usable.mean())
    return None


def _outside_m(
    grid: Grid, x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Distance of points from the raster, m; 0 inside."""
    x0, a, b, y0, d, e = grid.geotransform
    det = a * e - b * d
    col = (e * (x - x0) - b * (y - y0)) / det
    row = (a * (y - y0) - d * (x - x0)) / det
    beyond = np.hypot(col - col.clip(0, grid.cols), row - row.clip(0, grid.rows))
    result: NDArray[np.float64] = np.where(np.isfinite(beyond), beyond, np.inf) * grid.pixel_size_m
    return result


def _from_raster(file: Path, grid: Grid) -> float | None:
    """Mean of the raster at 64 x 64 points spread evenly over the scene."""
    with open_raster(file) as reader:
        if reader.grid is None:
            raise GranuleReadError(
                f"{file}: the GeoTIFF has no coordinate system. Give it one (gdal_edit.py -a_srs)"
            )
        values = _sample(reader, reader.grid, grid)
        factor = CM_TO_KG_M2 if reader.units[:1] and _is_cm(reader.units[0]) else 1.0
    usable = values[np.isfinite(values) & (values >= 0)]
    return float(usable.mean()) * factor if usable.size else None


def _is_cm(unit: str) -> bool:
    return unit.strip().lower() in _CENTIMETRES


def _sample(reader: RasterReader, raster: Grid, grid: Grid) -> NDArray[np.float64]:
    place = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    rows, cols = np.meshgrid(place * grid.rows, place * grid.cols, indexing="ij")
    x0, a, b, y0, d, e = grid.geotransform
    x, y = x0 + a * cols + b * rows, y0 + d * cols + e * rows
    if raster.epsg != grid.epsg:
        x, y = from_lonlat(raster.epsg, *to_lonlat(grid.epsg, x, y))
    rx0, ra, rb, ry0, rd, re = raster.geotransform
    det = ra * re - rb * rd
    col = np.floor((re * (x - rx0) - rb * (y - ry0)) / det)
    row = np.floor((ra * (y - ry0) - rd * (x - rx0)) / det)
    inside = (row >= 0) & (row < raster.rows) & (col >= 0) & (col < raster.cols)
    return _pick(reader, row[inside].astype(int), col[inside].astype(int))


def _pick(
    reader: RasterReader, row: NDArray[np.int_], col: NDArray[np.int_]
) -> NDArray[np.float64]:
    """Pixels by row and col, read in strips so that memory stays small; nodata as NaN."""
    values = np.full(row.shape, np.nan)
    if not row.size:
        return values
    left, right = int(col.min()), int(col.max()) + 1
    for start in range(int(row.min()), int(row.max()) + 1, _STRIP_ROWS):
        chosen = (row >= start) & (row < start + _STRIP_ROWS)
        if chosen.any():
            rows = int(row[chosen].max()) - start + 1
            strip = reader.read(start, left, rows, right - left, [1])[0]
            values[chosen] = strip[row[chosen] - start, col[chosen] - left]
    if reader.nodata is not None:
        values[values == reader.nodata] = np.nan
    return values
