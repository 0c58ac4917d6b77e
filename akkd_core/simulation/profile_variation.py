"""Random variation of reference profiles, to make training air as wide as the real one.

Wide on purpose: dry hot deserts, moist mid-latitudes, inversions, plateaus. What is drawn here is
a choice of this project, not a climatology; the judging profiles are never passed through it.
"""

from __future__ import annotations

import numpy as np

from akkd_core.simulation.profiles import (
    Array,
    Profile,
    hydrostatic_pressure_hpa,
    saturation_pressure_hpa,
)

ELEVATION_MAX_M = 4500.0
AIR_TEMPERATURE_RANGE_K = (216.0, 321.0)
TCWV_MAX_KG_M2 = 105.0
_LAPSE_MAX_K_KM = 9.9
_SURFACE_LAYER_LAPSE_K_KM = 25.0
_STRATOSPHERE_HPA = 120.0


def draw_elevation_m(rng: np.random.Generator) -> float:
    """Draw a surface elevation, 0-4500 m: most lowland, the rest thinning out upwards."""
    kind = rng.random()
    if kind < 0.6:
        return float(rng.uniform(0.0, 400.0))
    if kind < 0.9:
        return float(min(rng.exponential(900.0), ELEVATION_MAX_M))
    return float(rng.uniform(0.0, ELEVATION_MAX_M))


def vary(
    profile: Profile, rng: np.random.Generator, elevation_m: float | None = None
) -> Profile:
    """Draw a surface elevation and vary temperature, humidity, ozone and surface pressure.

    Parameters
    ----------
    profile : Profile
        A reference profile that begins at sea level.
    rng : numpy.random.Generator
    elevation_m : float, optional
        Surface elevation if it isn't to be drawn, 0-6000 m.

    Returns
    -------
    Profile
        At most 34 levels, of the same name; relative humidity at most 1 in the troposphere,
        air temperature 216-321 K, water vapour at most 105 kg m-2.
    """
    ground = draw_elevation_m(rng) if elevation_m is None else elevation_m
    base = profile.for_lowtran(ground)
    height = base.altitude_km - base.altitude_km[0]
    desert = base.air_temperature_k > 270.0 and rng.random() < 0.22
    temperature = _vary_temperature(base.temperature_k, height, desert, rng)
    surface = base.surface_pressure_hpa * float(np.exp(rng.normal(0.0, 0.008)))
    pressure = hydrostatic_pressure_hpa(
        base.altitude_km, temperature, base.water_vapour_ppmv, surface
    )
    water = _vary_humidity(base, temperature, pressure, height, desert, rng)
    ozone = base.ozone_ppmv * np.exp(rng.normal(0.0, 0.18) + _correlated(height, 4.0, 0.12, rng))
    varied = Profile(profile.name, base.altitude_km, pressure, temperature, water, ozone)
    excess = varied.tcwv_kg_m2 / TCWV_MAX_KG_M2
    if excess > 1.0:
        water = water / excess
        varied = Profile(profile.name, base.altitude_km, pressure, temperature, water, ozone)
    return varied


def _correlated(height_km: Array, length_km: float, sd: float, rng: np.random.Generator) -> Array:
    """Draw noise of given standard deviation, exponentially correlated in height."""
    noise = rng.standard_normal(height_km.size)
    keep = np.exp(-np.diff(height_km) / length_km)
    out = np.empty_like(noise)
    out[0] = noise[0]
    for level, share in enumerate(keep, start=1):
        out[level] = share * out[level - 1] + np.sqrt(1.0 - share**2) * noise[level]
    return sd * out


def _vary_temperature(
    temperature: Array, height: Array, desert: bool, rng: np.random.Generator
) -> Array:
    column = np.interp(height, [0.0, 8.0, 14.0, 30.0], [1.0, 1.0, -0.4, 0.0])
    varied = temperature + rng.normal(0.0, 4.0) * column + _correlated(height, 2.5, 1.5, rng)
    if desert:
        top_km = rng.uniform(1.5, 4.5)
        mixed = np.interp(top_km, height, varied) + rng.uniform(8.5, 9.7) * (top_km - height)
        varied = np.where(height < top_km, np.maximum(varied, mixed), varied)
    elif rng.random() < 0.45:
        depth = rng.uniform(0.15, 0.7)
        varied = varied - rng.uniform(0.0, 12.0) * np.exp(-height / depth)
    else:
        depth = rng.uniform(0.7, 2.5)
        varied = varied + rng.normal(2.0, 4.0) * np.exp(-height / depth)
    low, high = AIR_TEMPERATURE_RANGE_K
    # The whole lower air moves with the surface, or clipping would leave a kink of a few kelvin.
    shift = np.clip(varied[0], low, high) - varied[0]
    return _limit_lapse(varied + shift * np.exp(-height / 3.0), height)


def _limit_lapse(temperature: Array, height: Array) -> Array:
    """Warm levels that lie colder than dry convection would leave them."""
    out = np.maximum(temperature, 150.0)
    for level in range(1, out.size):
        limit = _SURFACE_LAYER_LAPSE_K_KM if height[level] <= 0.1 else _LAPSE_MAX_K_KM
        floor = out[level - 1] - limit * (height[level] - height[level - 1])
        out[level] = max(out[level], floor) if height[level] < 16.0 else out[level]
    return out


def _vary_humidity(
    base: Profile,
    temperature: Array,
    pressure: Array,
    height: Array,
    desert: bool,
    rng: np.random.Generator,
) -> Array:
    """Scale the base mixing ratio by a wide log-normal; cap at saturation."""
    warming = saturation_pressure_hpa(temperature) / saturation_pressure_hpa(base.temperature_k)
    # Between conserving the vapour (0) and conserving relative humidity (1).
    follow = rng.uniform(0.0, 0.3) if desert else rng.uniform(0.2, 1.1)
    if desert:
        scale = rng.normal(-0.7, 0.7)
    else:
        # common, dry and very moist air
        kind = rng.random()
        mean, sd = (0.2, 0.42) if kind < 0.62 else (-0.7, 0.8) if kind < 0.88 else (0.9, 0.35)
        scale = rng.normal(mean, sd)
    scale = float(np.clip(scale, -3.0, 1.7))
    logarithm = scale + _correlated(height, 2.0, 0.4, rng)
    tropospheric = base.water_vapour_ppmv * warming**follow * np.exp(logarithm)
    cap = saturation_pressure_hpa(temperature) / pressure * 1e6
    aloft = base.water_vapour_ppmv * float(np.exp(rng.normal(0.0, 0.1)))
    result: Array = np.where(
        pressure > _STRATOSPHERE_HPA, np.minimum(tropospheric, cap), np.minimum(aloft, 20.0)
    )
    return result
