"""Total column water vapour of MOD05_L2, the MODIS product of the same satellite and second.

Fields, scales and fill values stand in the file: Water_Vapor_Near_Infrared (1 km, day) and
Water_Vapor_Infrared (5 km) in cm; latitudes and longitudes every 5 km. Source: MODIS Atmosphere
L2 Water Vapor Product (doi:10.5067/MODIS/MOD05_L2.061).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import GranuleReadError
from akkd_core.readers.hdf4 import read_arrays
from akkd_core.readers.hdf4_structure import Hdf4Structure, SdsInfo

CM_TO_KG_M2 = 10.0
"""1 cm of precipitable water is 10 kg m-2."""

NEAR_INFRARED, INFRARED = "Water_Vapor_Near_Infrared", "Water_Vapor_Infrared"
_CELL = 5


@dataclass(frozen=True)
class WaterVapourCells:
    """Water vapour in cells of 5 km.

    Parameters
    ----------
    latitude, longitude : ndarray of float64, (row, col)
        Cell centres, degrees.
    tcwv : mapping of str to ndarray of float64, (row, col)
        By field, best first, kg m-2; NaN where there is none.
    """

    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]
    tcwv: dict[str, NDArray[np.float64]]


def is_mod05(structure: Hdf4Structure) -> bool:
    """Whether an HDF4 file holds MOD05_L2's fields."""
    names = {info.name for info in structure.datasets}
    return {INFRARED, "Latitude", "Longitude"} <= names or NEAR_INFRARED in names


def read_mod05(structure: Hdf4Structure, *, backend: str = "auto") -> WaterVapourCells:
    """Read a MOD05_L2 granule.

    Parameters
    ----------
    structure : Hdf4Structure
    backend : {"auto", "pyhdf", "gdal"}

    Raises
    ------
    GranuleReadError
        If fields are missing or don't fit each other.
    """
    names = ["Latitude", "Longitude", NEAR_INFRARED, INFRARED]
    infos = {name: structure.find(name) for name in names}
    present = [info for info in infos.values() if info is not None]
    arrays = dict(
        zip(
            (info.name for info in present),
            read_arrays(structure, present, backend=backend),
            strict=True,
        )
    )
    if "Latitude" not in arrays or "Longitude" not in arrays:
        raise _incomplete(structure.path, "latitudes and longitudes")
    latitude, longitude = (np.asarray(arrays[n], np.float64) for n in ("Latitude", "Longitude"))
    tcwv = {}
    for name in (NEAR_INFRARED, INFRARED):
        info = infos[name]
        if info is not None:
            centimetres = _to_cells(scaled(arrays[name], info, 0.001), latitude.shape)
            if centimetres.shape != latitude.shape:
                raise _incomplete(structure.path, f"a place for every value of {name}")
            tcwv[name] = centimetres * CM_TO_KG_M2
    if not tcwv or longitude.shape != latitude.shape:
        raise _incomplete(structure.path, "water vapour on its lattice")
    return WaterVapourCells(latitude, longitude, tcwv)


def _incomplete(path: Path, what: str) -> GranuleReadError:
    return GranuleReadError(f"{path}: MOD05_L2 granule without {what}. Download it again")


def scaled(
    counts: NDArray[np.generic], info: SdsInfo, usual_scale: float = 1.0
) -> NDArray[np.float64]:
    """Values of a field of MODIS's atmosphere products: ``scale_factor * (count - add_offset)``.

    Parameters
    ----------
    counts : ndarray
    info : SdsInfo
        With its attributes.
    usual_scale : float
        Where the file tells none.

    Returns
    -------
    ndarray of float64
        In the field's unit, NaN where fill or out of range.
    """
    values = np.asarray(counts, np.float64)

    def attribute(name: str, default: float) -> float:
        value = info.attributes.get(name)
        return float(value[0]) if isinstance(value, tuple) and value else default

    valid_range = info.attributes.get("valid_range")
    valid = values != (-9999.0 if info.fill_value is None else info.fill_value)
    if isinstance(valid_range, tuple) and len(valid_range) == 2:
        valid &= (values >= valid_range[0]) & (values <= valid_range[1])
    else:
        valid &= values >= 0
    physical = (values - attribute("add_offset", 0.0)) * attribute("scale_factor", usual_scale)
    return np.where(valid, physical, np.nan)


def _to_cells(values: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Average 1 km values over the 5 km cells; values already on the cells pass."""
    if values.shape == shape or values.ndim != 2:
        return values
    rows, cols = shape
    if values.shape[0] < rows * _CELL or values.shape[1] < cols * _CELL:
        return values
    blocks = values[: rows * _CELL, : cols * _CELL].reshape(rows, _CELL, cols, _CELL)
    valid = np.isfinite(blocks)
    count = valid.sum(axis=(1, 3))
    total = np.where(valid, blocks, 0.0).sum(axis=(1, 3))
    result: NDArray[np.float64] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return result
