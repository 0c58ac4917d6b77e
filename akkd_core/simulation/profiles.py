"""Atmospheric profiles: where they come from and how they are varied.

Training air comes from the reference atmospheres of AFGL and MIPAS (package ``joseki``), varied
at random; judging air from two sets of diverse ECMWF profiles, given by path and never varied.
This module knows nothing of radiative transfer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from akkd_core.errors import GranuleReadError, InputError, MissingDependencyError, ParameterError

Array = NDArray[np.float64]

LEVEL_LIMIT = 34
"""LOWTRAN7 takes at most 34 levels (its card 2C)."""

LEVELS_ABOVE_GROUND_KM: Array = np.array(
    [0, 0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7]
    + [8, 9, 10, 11, 12, 13, 14, 16, 18, 20, 22.5, 25, 30, 35, 45, 60, 90],
    dtype=np.float64,
)
"""Where a profile is sampled for LOWTRAN7: dense where the water vapour is."""

_GRAVITY_M_S2 = 9.80665
_GAS_CONSTANT_J_MOL_K = 8.31446
_DRY_AIR_KG_MOL = 0.0289652
_WATER_KG_MOL = 0.01801528
_WATER_TO_AIR = _WATER_KG_MOL / _DRY_AIR_KG_MOL
_OZONE_TO_AIR = 0.0479982 / _DRY_AIR_KG_MOL

AFGL_PROFILES = (
    "afgl_1986-tropical",
    "afgl_1986-midlatitude_summer",
    "afgl_1986-midlatitude_winter",
    "afgl_1986-subarctic_summer",
    "afgl_1986-subarctic_winter",
    "afgl_1986-us_standard",
)
"""Anderson et al. 1986, AFGL-TR-86-0110, as named by joseki."""

MIPAS_PROFILES = (
    "mipas_2007-midlatitude_day",
    "mipas_2007-midlatitude_night",
    "mipas_2007-polar_summer",
    "mipas_2007-polar_winter",
    "mipas_2007-tropical",
)
"""Remedios et al. 2007, doi:10.5194/acpd-7-9973-2007, as named by joseki."""


@dataclass(frozen=True)
class Profile:
    """A column of air from the surface upwards.

    Parameters
    ----------
    name : str
        Name of the base profile; a variation keeps it, so that splits go by it.
    altitude_km : ndarray of float64, (levels,)
        Above sea level, rising; the first is the surface.
    pressure_hpa, temperature_k : ndarray of float64, (levels,)
    water_vapour_ppmv, ozone_ppmv : ndarray of float64, (levels,)
        Mole fraction of the moist air times 1e6.

    Raises
    ------
    ParameterError
        If shapes differ, a value is not finite or out of bounds, or levels are not in order.
    """

    name: str
    altitude_km: Array
    pressure_hpa: Array
    temperature_k: Array
    water_vapour_ppmv: Array
    ozone_ppmv: Array

    def __post_init__(self) -> None:
        columns = (self.pressure_hpa, self.temperature_k, self.water_vapour_ppmv, self.ozone_ppmv)
        if self.altitude_km.ndim != 1 or self.altitude_km.size < 2:
            raise ParameterError(f"profile {self.name}: needs two or more levels")
        if any(c.shape != self.altitude_km.shape for c in columns):
            raise ParameterError(f"profile {self.name}: columns differ in length")
        if not all(np.isfinite(c).all() for c in (self.altitude_km, *columns)):
            raise ParameterError(f"profile {self.name}: holds values that are not finite")
        if (np.diff(self.altitude_km) <= 0).any() or (np.diff(self.pressure_hpa) >= 0).any():
            raise ParameterError(
                f"profile {self.name}: altitude must rise and pressure fall from level to level"
            )
        if not ((self.temperature_k > 100) & (self.temperature_k < 1500)).all():
            raise ParameterError(f"profile {self.name}: temperature outside 100-1500 K")
        if min(c.min() for c in columns) < 0 or self.water_vapour_ppmv.max() > 2e5:
            raise ParameterError(f"profile {self.name}: gas amount out of bounds")

    @property
    def elevation_m(self) -> float:
        """Altitude of the surface, m."""
        return float(self.altitude_km[0] * 1000.0)

    @property
    def surface_pressure_hpa(self) -> float:
        """Pressure at the surface, hPa."""
        return float(self.pressure_hpa[0])

    @property
    def air_temperature_k(self) -> float:
        """Temperature of the lowest level, K."""
        return float(self.temperature_k[0])

    @property
    def tcwv_kg_m2(self) -> float:
        """Total column water vapour, kg m-2: density integrated, exponential between levels."""
        density = (self.water_vapour_ppmv * 1e-6 * self.pressure_hpa * 100.0 * _WATER_KG_MOL) / (
            _GAS_CONSTANT_J_MOL_K * self.temperature_k
        )
        low, high = np.maximum(density[:-1], 1e-30), np.maximum(density[1:], 1e-30)
        ratio = np.log(low / high)
        steep = np.abs(ratio) > 1e-6
        mean = np.where(steep, (low - high) / np.where(steep, ratio, 1.0), 0.5 * (low + high))
        return float((mean * np.diff(self.altitude_km) * 1000.0).sum())

    def relative_humidity(self) -> Array:
        """Water vapour pressure over saturation above liquid water, per level, 0-1 and more."""
        vapour = self.water_vapour_ppmv * 1e-6 * self.pressure_hpa
        result: Array = vapour / saturation_pressure_hpa(self.temperature_k)
        return result

    def at_altitudes(self, altitude_km: Array) -> Profile:
        """Sample at other altitudes: temperature linear, logarithms of the rest linear."""
        z = self.altitude_km

        def logarithmic(column: Array) -> Array:
            result: Array = np.exp(np.interp(altitude_km, z, np.log(np.maximum(column, 1e-12))))
            return result

        return Profile(
            self.name,
            np.asarray(altitude_km, dtype=np.float64),
            logarithmic(self.pressure_hpa),
            np.interp(altitude_km, z, self.temperature_k),
            logarithmic(self.water_vapour_ppmv),
            logarithmic(self.ozone_ppmv),
        )

    def for_lowtran(self, elevation_m: float | None = None) -> Profile:
        """Cut at a surface elevation and sample on `LEVELS_ABOVE_GROUND_KM`, at most 34 levels.

        Parameters
        ----------
        elevation_m : float, optional
            m above sea level, between the profile's surface and 6000 m; its own surface if None.
        """
        ground = self.elevation_m if elevation_m is None else float(elevation_m)
        if not self.elevation_m - 1e-6 <= ground <= 6000.0:
            raise ParameterError(
                f"profile {self.name}: elevation {ground:g} m is outside "
                f"{self.elevation_m:g}-6000 m"
            )
        top = min(100.0, float(self.altitude_km[-1]))
        levels = ground / 1000.0 + LEVELS_ABOVE_GROUND_KM
        return self.at_altitudes(levels[levels <= top])


def saturation_pressure_hpa(temperature_k: ArrayLike) -> Array:
    """Saturation vapour pressure over liquid water, hPa (Bolton 1980, equation 10).

    Fitted over 238-308 K; used outside it for bounds alone. Needs T > 30 K.
    """
    celsius = np.asarray(temperature_k, dtype=np.float64) - 273.15
    result: Array = 6.112 * np.exp(17.67 * celsius / (celsius + 243.5))
    return result


def hydrostatic_altitude_km(
    pressure_hpa: Array, temperature_k: Array, water_vapour_ppmv: Array, surface_km: float
) -> Array:
    """Altitudes of levels listed from the surface upwards (hypsometric equation), km."""
    virtual = _virtual_temperature(temperature_k, water_vapour_ppmv)
    mean = 0.5 * (virtual[:-1] + virtual[1:])
    step_m = (
        _GAS_CONSTANT_J_MOL_K
        / (_DRY_AIR_KG_MOL * _GRAVITY_M_S2)
        * mean
        * np.log(pressure_hpa[:-1] / pressure_hpa[1:])
    )
    return np.concatenate([[surface_km], surface_km + np.cumsum(step_m) / 1000.0])


def hydrostatic_pressure_hpa(
    altitude_km: Array, temperature_k: Array, water_vapour_ppmv: Array, surface_hpa: float
) -> Array:
    """Pressures of levels listed from the surface upwards (hypsometric equation), hPa."""
    virtual = _virtual_temperature(temperature_k, water_vapour_ppmv)
    mean = 0.5 * (virtual[:-1] + virtual[1:])
    scale_m = _GAS_CONSTANT_J_MOL_K / (_DRY_AIR_KG_MOL * _GRAVITY_M_S2) * mean
    depth = np.cumsum(np.diff(altitude_km) * 1000.0 / scale_m)
    result: Array = surface_hpa * np.exp(-np.concatenate([[0.0], depth]))
    return result


def _virtual_temperature(temperature_k: Array, water_vapour_ppmv: Array) -> Array:
    fraction = water_vapour_ppmv * 1e-6
    result: Array = temperature_k / (1.0 - fraction * (1.0 - _WATER_TO_AIR))
    return result


def standard_altitude_km(pressure_hpa: float) -> float:
    """Altitude of a pressure in the U.S. Standard Atmosphere 1976, troposphere, not below 0, km."""
    altitude = 44.3308 * (1.0 - float((pressure_hpa / 1013.25) ** 0.190263))
    return max(0.0, altitude)


def reference_profile(identifier: str) -> Profile:
    """Return one of AFGL's or MIPAS's reference profiles from the package ``joseki``.

    Parameters
    ----------
    identifier : str
        One of `AFGL_PROFILES` or `MIPAS_PROFILES`.

    Raises
    ------
    MissingDependencyError
        If ``joseki`` is not installed.
    ParameterError
        If the name is unknown.
    """
    if identifier not in AFGL_PROFILES + MIPAS_PROFILES:
        raise ParameterError(
            f"unknown reference profile {identifier}: choose one of "
            f"{', '.join(AFGL_PROFILES + MIPAS_PROFILES)}"
        )
    try:
        import joseki
    except ImportError as error:
        raise MissingDependencyError(
            "the reference profiles need the package joseki: pip install akkd[simulate]"
        ) from error
    data = joseki.make(identifier)
    keep = data.z.values <= 105.0
    return Profile(
        identifier,
        data.z.values[keep].astype(np.float64),
        data.p.values[keep].astype(np.float64) / 100.0,
        data.t.values[keep].astype(np.float64),
        data.x_H2O.values[keep].astype(np.float64) * 1e6,
        data.x_O3.values[keep].astype(np.float64) * 1e6,
    )


def read_ecmwf83(path: Path) -> tuple[Profile, ...]:
    """Read the 83 diverse ECMWF profiles (Matricardi 2008, ECMWF TM 564) without the envelopes.

    Parameters
    ----------
    path : Path
        ``ECMWF_83P_91L.dat``.

    Returns
    -------
    tuple of Profile
        80 profiles ``ecmwf83-001`` to ``ecmwf83-080``.

    Raises
    ------
    GranuleReadError, InputError
        If the file is absent, or is not of that form.
    """
    profiles = []
    for number, header, rows in _blocks(path, r"Profile\s+(\d+)", header_lines=1):
        table = _numbers(path, number, rows, 8)
        surface = _header_value(path, number, header, 5)
        profiles.append(
            _from_pressure_levels(
                f"ecmwf83-{number:03d}", surface, table[:, 0], table[:, 1], table[:, 2], table[:, 4]
            )
        )
    return _without_envelopes(path, profiles, 83)


def read_ecmwf52(path: Path) -> tuple[Profile, ...]:
    """Read the 52 diverse ECMWF profiles (60-level set on 101 levels) without the envelopes.

    Parameters
    ----------
    path : Path
        ``diverse_52profiles_101L.dat``.

    Returns
    -------
    tuple of Profile
        49 profiles ``ecmwf52-001`` to ``ecmwf52-049``.

    Raises
    ------
    GranuleReadError, InputError
        If the file is absent, or is not of that form.
    """
    profiles = []
    for number, header, rows in _blocks(path, r"#\s*(\d+)\s+(.*)", header_lines=0):
        table = _numbers(path, number, rows, 4)
        surface = _header_value(path, number, header, 3)
        specific = table[:, 2]
        fraction = specific / (_WATER_TO_AIR + (1.0 - _WATER_TO_AIR) * specific)
        profiles.append(
            _from_pressure_levels(
                f"ecmwf52-{number:03d}",
                surface,
                table[:, 0],
                table[:, 1],
                fraction * 1e6,
                table[:, 3] / _OZONE_TO_AIR * 1e6,
            )
        )
    return _without_envelopes(path, profiles, 52)


def _blocks(path: Path, pattern: str, header_lines: int) -> list[tuple[int, str, list[str]]]:
    """Split a profile file into (number, header text, rows)."""
    try:
        text = Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise GranuleReadError(f"{path}: can't be read as a profile set ({error})") from error
    blocks: list[tuple[int, str, list[str]]] = []
    pending = 0
    for line in text.splitlines():
        if line.startswith("!") or not line.strip():
            continue
        match = re.match(r"\s*" + pattern, line)
        if match:
            blocks.append((int(match[1]), line[match.end(1) :], []))
            pending = header_lines
        elif blocks and pending:
            blocks[-1] = (blocks[-1][0], line, [])
            pending -= 1
        elif blocks:
            blocks[-1][2].append(line)
    return blocks


def _header_value(path: Path, number: int, header: str, index: int) -> float:
    try:
        return float(header.split()[index])
    except (ValueError, IndexError) as error:
        raise InputError(f"{path}: header of profile {number} is malformed") from error


def _numbers(path: Path, number: int, rows: list[str], columns: int) -> Array:
    words = [row.split() for row in rows]
    if not words or any(len(row) != columns for row in words):
        raise InputError(f"{path}: profile {number} should have {columns} columns")
    try:
        return np.array([[float(word) for word in row] for row in words], dtype=np.float64)
    except ValueError as error:
        raise InputError(f"{path}: profile {number} holds something other than numbers") from error


def _without_envelopes(path: Path, profiles: list[Profile], count: int) -> tuple[Profile, ...]:
    if len(profiles) != count:
        raise InputError(f"{path}: holds {len(profiles)} profiles, expected {count}")
    return tuple(profiles[:-3])


def _from_pressure_levels(
    name: str, surface_hpa: float, pressure: Array, temperature: Array, water: Array, ozone: Array
) -> Profile:
    """Order from the surface upwards, cut at the surface pressure, add hydrostatic altitudes."""
    order = np.argsort(-pressure)
    columns = [column[order] for column in (pressure, temperature, water, ozone)]
    depth = -np.log(columns[0])
    ground = -np.log(surface_hpa)
    above = depth > ground + 1e-4
    lifted = [np.concatenate([[np.interp(ground, depth, c)], c[above]]) for c in columns[1:]]
    levels = np.concatenate([[surface_hpa], columns[0][above]])
    altitude = hydrostatic_altitude_km(
        levels, lifted[0], lifted[1], standard_altitude_km(surface_hpa)
    )
    return Profile(name, altitude, levels, lifted[0], lifted[1], lifted[2])
