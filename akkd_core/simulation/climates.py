"""Climates: air drawn equally often from every class of water vapour, and wide in temperature.

`atmosphere_draws.draw_varied_cases` draws as often as a guess of the world has it; polar and very
moist air is rare there, and a network is poor where it has seen little. What is drawn here is a
choice of this project, not a climatology; judging profiles are never passed through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from akkd_core.errors import ParameterError, SimulationError
from akkd_core.simulation.atmosphere_draws import (
    CO2_RANGE_PPMV,
    VIEW_ZENITH_MAX_DEG,
    draw_visibility_km,
)
from akkd_core.simulation.lowtran_engine import AtmosphereCase
from akkd_core.simulation.profile_variation import vary
from akkd_core.simulation.profiles import Profile, saturation_pressure_hpa

TCWV_EDGES_KG_M2 = (
    0.08, 0.5, 1.0, 2.0, 4.0, 7.0, 11.0, 16.0, 22.0, 29.0, 37.0, 46.0, 57.0, 70.0, 96.0,
)  # fmt: skip
"""Edges of the classes of total column water vapour, kg m-2: the driest Antarctic winter to moister
than any radiosonde's."""

CLASSES = len(TCWV_EDGES_KG_M2) - 1

COLD_BELOW_K = 270.0
COLD_SHIFT_K, WARM_SHIFT_K = (-20.0, 4.0), (-8.0, 6.0)
"""How far a base profile is shifted, K, where its air at the ground is colder than `COLD_BELOW_K`
and else: the reference profiles of winter are much warmer than the coldest winters."""

_STRATOSPHERE_HPA = 120.0
_MOST_DRAWS_PER_CASE = 100


def shifted(profile: Profile, by_k: float) -> Profile:
    """Shift the temperature of the troposphere, keeping its relative humidity.

    Parameters
    ----------
    profile : Profile
    by_k : float
        At the ground and up to 8 km above it, K; the shift turns at 14 km (-0.4 of it, as the
        tropopause rises) and is gone at 30 km.

    Returns
    -------
    Profile
        Water vapour above 120 hPa as before.
    """
    height = profile.altitude_km - profile.altitude_km[0]
    column = np.interp(height, [0.0, 8.0, 14.0, 30.0], [1.0, 1.0, -0.4, 0.0])
    temperature = profile.temperature_k + by_k * column
    more = saturation_pressure_hpa(temperature) / saturation_pressure_hpa(profile.temperature_k)
    water = profile.water_vapour_ppmv * np.where(
        profile.pressure_hpa > _STRATOSPHERE_HPA, more, 1.0
    )
    return replace(profile, temperature_k=temperature, water_vapour_ppmv=water)


def draw_climate_cases(
    profiles: Sequence[Profile], count: int, seed: int
) -> list[AtmosphereCase]:
    """Draw atmospheres flat over the classes of water vapour.

    A base profile, each as often as another, is `shifted`, then varied as all training air is
    (`profile_variation.vary`), and kept if its class isn't full yet.

    Parameters
    ----------
    profiles : sequence of Profile
        Reference profiles from sea level, of one split.
    count : int
        A multiple of the number of classes, 14.
    seed : int
        Same seed, same atmospheres, in the same random order.

    Raises
    ------
    ParameterError
        If there is no profile, or ``count`` is no multiple.
    SimulationError
        If the profiles don't fill a class.
    """
    if not profiles or count < CLASSES or count % CLASSES:
        raise ParameterError(
            f"climates: {count} atmospheres of {len(profiles)} profiles; give one profile or more "
            f"and a multiple of {CLASSES}, the number of classes of water vapour"
        )
    wanted = count // CLASSES
    classes: list[list[AtmosphereCase]] = [[] for _ in range(CLASSES)]
    number = 0
    while any(len(cases) < wanted for cases in classes):
        if number > _MOST_DRAWS_PER_CASE * count:
            edges = [TCWV_EDGES_KG_M2[k] for k, c in enumerate(classes) if len(c) < wanted]
            raise SimulationError(
                f"climates: {number} draws don't fill the class from {edges[0]:g} kg m-2. "
                "give moister and drier profiles"
            )
        rng = np.random.default_rng([seed, number])
        number += 1
        base = profiles[int(rng.integers(len(profiles)))]
        span = COLD_SHIFT_K if base.temperature_k[0] < COLD_BELOW_K else WARM_SHIFT_K
        profile = vary(shifted(base, rng.uniform(*span)), rng)
        label = int(np.searchsorted(TCWV_EDGES_KG_M2, profile.tcwv_kg_m2)) - 1
        if 0 <= label < CLASSES and len(classes[label]) < wanted:
            classes[label].append(
                AtmosphereCase(
                    profile,
                    visibility_km=draw_visibility_km(rng),
                    view_zenith_deg=float(rng.uniform(0.0, VIEW_ZENITH_MAX_DEG)),
                    co2_ppmv=float(rng.uniform(*CO2_RANGE_PPMV)),
                )
            )
    ordered = [case for cases in classes for case in cases]
    # in no order: a table's first rows are a sample of all
    order = np.random.default_rng([seed, 10**6]).permutation(count)
    return [ordered[row] for row in order]
