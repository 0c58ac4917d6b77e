"""Profiles, water vapour and air temperature of MOD07_L2, MODIS's atmosphere of the same second.

Twenty levels, 5-1000 hPa, in cells of 5 km; temperature and dew point in K (collection 6 has the
mixing ratio, too), water vapour in cm; counts by ``scale_factor * (count - add_offset)``. Source:
MODIS Level 2 Atmospheric Profiles, doi:10.5067/MODIS/MOD07_L2.061, and its file specification.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from akkd_core.errors import GranuleReadError
from akkd_core.grid import Grid
from akkd_core.readers.hdf4 import read_arrays
from akkd_core.readers.hdf4_structure import Hdf4Structure
from akkd_core.readers.mod05 import CM_TO_KG_M2, scaled
from akkd_core.readers.sampling import Array, swath_cells, swath_mean

TEMPERATURE, DEW_POINT = "Retrieved_Temperature_Profile", "Retrieved_Moisture_Profile"
MIXING_RATIO, HEIGHT = "Retrieved_WV_Mixing_Ratio_Profile", "Retrieved_Height_Profile"
WATER_VAPOUR, PRESSURE, ELEVATION = "Water_Vapor", "Surface_Pressure", "Surface_Elevation"
_LEVELS = 20
_MIN_LEVELS = 10


@dataclass(frozen=True)
class Mod07Column:
    """Mean column of the cells in a scene, from the top down.

    Parameters
    ----------
    pressure_hpa, temperature_k : ndarray of float64, (levels,)
    dew_point_k, mixing_ratio_g_kg : ndarray of float64, (levels,), or None
        One of them is there.
    surface_pressure_hpa, surface_elevation_m : float or None
    cells : int
        That made up the mean.
    """

    pressure_hpa: Array
    temperature_k: Array
    dew_point_k: Array | None
    mixing_ratio_g_kg: Array | None
    surface_pressure_hpa: float | None
    surface_elevation_m: float | None
    cells: int


def is_mod07(structure: Hdf4Structure) -> bool:
    """Whether an HDF4 file holds MOD07_L2's fields."""
    names = {info.name for info in structure.datasets}
    return {TEMPERATURE, DEW_POINT, "Latitude", "Longitude"} <= names


class Mod07:
    """A MOD07_L2 granule.

    Parameters
    ----------
    structure : Hdf4Structure

    Raises
    ------
    GranuleReadError
        If fields are missing or don't fit each other.
    """

    def __init__(self, structure: Hdf4Structure) -> None:
        self._structure, self.path = structure, structure.path
        names = ("Latitude", "Longitude", TEMPERATURE, DEW_POINT, MIXING_RATIO, WATER_VAPOUR,
                 PRESSURE, ELEVATION)  # fmt: skip
        infos = [info for name in names if (info := structure.find(name)) is not None]
        arrays = read_arrays(structure, infos)
        self._fields: dict[str, Array] = {
            info.name: scaled(counts, info) for info, counts in zip(infos, arrays, strict=True)
        }
        self.latitude = np.asarray(arrays[0], dtype=np.float64)
        self.longitude = np.asarray(arrays[1], dtype=np.float64)
        lattice = self.latitude.shape
        for name, values in self._fields.items():
            wanted = (_LEVELS, *lattice) if name.endswith("_Profile") else lattice
            if values.shape != wanted:
                raise self._without(f"{name} on its lattice")
        self.pressure_hpa = self._pressures()

    def _without(self, what: str) -> GranuleReadError:
        return GranuleReadError(
            f"{self.path}: MOD07_L2 granule without {what}. Download it again"
        )

    def _pressures(self) -> Array:
        text = self._structure.attributes.get("Pressure_Levels")
        numbers = re.findall(r"\d+(?:\.\d+)?", text) if isinstance(text, str) else []
        levels = np.array([float(number) for number in numbers])
        if levels.shape != (_LEVELS,) or (np.diff(levels) <= 0).any():
            raise self._without("the pressures of its levels")
        return levels

    def tcwv(self, grid: Grid) -> tuple[float | None, int]:
        """Mean water vapour in a scene, kg m-2, None without any; and the cells that made it."""
        values = self._fields.get(WATER_VAPOUR)
        if values is None:
            raise self._without("water vapour")
        mean, cells = swath_mean(values, *swath_cells(self.latitude, self.longitude, grid))
        return (float(mean) * CM_TO_KG_M2 if cells else None), cells

    def air_temperature(self, grid: Grid) -> tuple[float | None, int]:
        """Mean temperature of the lowest level with a value, K, None without any; and the cells."""
        profile = self._fields[TEMPERATURE]
        lowest = np.full(self.latitude.shape, np.nan)
        for level in range(_LEVELS):
            lowest = np.where(np.isfinite(profile[level]), profile[level], lowest)
        mean, cells = swath_mean(lowest, *swath_cells(self.latitude, self.longitude, grid))
        return (float(mean) if cells else None), cells

    def column(self, grid: Grid) -> Mod07Column | None:
        """Mean profile in a scene, float64, K and g kg-1; None if no cell has one."""
        around, outside = swath_cells(self.latitude, self.longitude, grid)
        temperature = self._fields[TEMPERATURE]
        name = MIXING_RATIO if np.isfinite(self._fields.get(MIXING_RATIO, np.nan)).any() else ""
        humidity = self._fields[name or DEW_POINT]
        known = np.isfinite(temperature) & np.isfinite(humidity)
        whole = np.where(known.sum(axis=0) >= _MIN_LEVELS, 1.0, np.nan)
        count = swath_mean(whole, around, outside)[1]
        if not count:
            return None
        profiles = np.stack([np.where(known, v, np.nan) for v in (temperature, humidity)]) * whole
        levels = []
        for level in range(_LEVELS):
            mean, cells = swath_mean(profiles[:, level], around, outside)
            # levels below the ground are there in few cells
            if 2 * cells >= count:
                levels.append([self.pressure_hpa[level], *mean])
        pressure, warmth, moisture = np.array(levels).T
        ground = [
            None if (field := self._fields.get(what)) is None
            else _known(*swath_mean(np.where(np.isfinite(whole), field, np.nan), around, outside))
            for what in (PRESSURE, ELEVATION)
        ]  # fmt: skip
        return Mod07Column(
            pressure, warmth, None if name else moisture, moisture if name else None,
            ground[0], ground[1], count,
        )  # fmt: skip


def _known(mean: Array, cells: int) -> float | None:
    return float(mean) if cells else None
