"""Drawing of atmospheres and their way through LOWTRAN7 to a table of band atmospheres."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.progress import Progress
from akkd_core.sensors import Sensor, aster_tir
from akkd_core.simulation.atmospheres import AtmosphereTable
from akkd_core.simulation.lowtran_engine import AtmosphereCase, band_average
from akkd_core.simulation.lowtran_pool import simulate_spectra
from akkd_core.simulation.profile_variation import vary
from akkd_core.simulation.profiles import Profile

TRAINING_WEIGHTS = {
    "afgl_1986-tropical": 0.25,
    "afgl_1986-midlatitude_summer": 0.20,
    "afgl_1986-us_standard": 0.17,
    "afgl_1986-midlatitude_winter": 0.12,
    "afgl_1986-subarctic_summer": 0.09,
    "afgl_1986-subarctic_winter": 0.08,
    "mipas_2007-polar_summer": 0.04,
    "mipas_2007-polar_winter": 0.05,
}
"""Base profiles of the training split and how often each is drawn."""

VALIDATION_WEIGHTS = {
    "mipas_2007-tropical": 0.4,
    "mipas_2007-midlatitude_day": 0.3,
    "mipas_2007-midlatitude_night": 0.3,
}
"""Base profiles of the validation split: none of them is trained on."""

CO2_RANGE_PPMV = (365.0, 425.0)
CO2_JUDGING_PPMV = 390.0
VIEW_ZENITH_MAX_DEG = 10.0
VIEW_ZENITH_JUDGING_MAX_DEG = 9.0
VISIBILITY_RANGE_KM = (5.0, 50.0)


def draw_varied_cases(
    profiles: Sequence[Profile],
    count: int,
    seed: int,
    weights: Sequence[float] | None = None,
) -> list[AtmosphereCase]:
    """Draw varied atmospheres for training.

    Each has a seed of its own, so that the n-th does not depend on how many are drawn.

    Parameters
    ----------
    profiles : sequence of Profile
        Reference profiles from sea level.
    count : int
    seed : int
    weights : sequence of float, optional
        How often each profile is drawn; equal if None.
    """
    if not profiles or count < 0:
        raise ParameterError("needs one or more profiles and a count of 0 or more")
    share = np.ones(len(profiles)) if weights is None else np.asarray(weights, dtype=np.float64)
    if share.shape != (len(profiles),) or share.min() < 0 or share.sum() <= 0:
        raise ParameterError("weights must be one number >= 0 per profile, not all 0")
    share = share / share.sum()
    cases = []
    for child in np.random.SeedSequence(seed).spawn(count):
        rng = np.random.default_rng(child)
        profile = vary(profiles[int(rng.choice(len(profiles), p=share))], rng)
        cases.append(
            AtmosphereCase(
                profile,
                visibility_km=draw_visibility_km(rng),
                view_zenith_deg=float(rng.uniform(0.0, VIEW_ZENITH_MAX_DEG)),
                co2_ppmv=float(rng.uniform(*CO2_RANGE_PPMV)),
            )
        )
    return cases


def draw_judging_cases(profiles: Sequence[Profile], draws: int, seed: int) -> list[AtmosphereCase]:
    """Unvaried profiles, each ``draws`` times with a view angle and a visibility of its own."""
    children = np.random.SeedSequence(seed).spawn(len(profiles) * draws)
    cases = []
    for number, child in enumerate(children):
        rng = np.random.default_rng(child)
        cases.append(
            AtmosphereCase(
                profiles[number // draws].for_lowtran(),
                visibility_km=draw_visibility_km(rng),
                view_zenith_deg=float(rng.uniform(0.0, VIEW_ZENITH_JUDGING_MAX_DEG)),
                co2_ppmv=CO2_JUDGING_PPMV,
            )
        )
    return cases


def draw_visibility_km(rng: np.random.Generator) -> float:
    """Draw a visibility, 5-50 km; its density rises linearly towards clear air."""
    low, high = VISIBILITY_RANGE_KM
    return float(low + (high - low) * np.sqrt(rng.random()))


def simulate_cases(
    cases: Sequence[AtmosphereCase],
    split: str,
    workers: int | None = None,
    progress: Progress | None = None,
    sensor: Sensor | None = None,
) -> AtmosphereTable:
    """Run LOWTRAN7 on given cases and average over the sensor's bands.

    Raises
    ------
    MissingDependencyError, SimulationError, OperationCancelled
        As `lowtran_pool.simulate_spectra`.
    """
    bands = band_average(simulate_spectra(cases, workers, progress), sensor or aster_tir())
    profiles = [case.profile for case in cases]

    def column(values: list[float]) -> NDArray[np.float32]:
        return np.array(values, dtype=np.float32)

    return AtmosphereTable(
        transmittance=bands[:, 0].astype(np.float32),
        path_radiance=bands[:, 1].astype(np.float32),
        downwelling_radiance=bands[:, 2].astype(np.float32),
        tcwv_kg_m2=column([p.tcwv_kg_m2 for p in profiles]),
        air_temperature_k=column([p.air_temperature_k for p in profiles]),
        surface_pressure_hpa=column([p.surface_pressure_hpa for p in profiles]),
        elevation_m=column([p.elevation_m for p in profiles]),
        visibility_km=column([case.visibility_km for case in cases]),
        view_zenith_deg=column([case.view_zenith_deg for case in cases]),
        profile=np.array([p.name for p in profiles], dtype=np.str_),
        split=np.full(len(cases), split),
    )


def simulate_atmospheres(
    profiles: Sequence[Profile],
    count: int,
    seed: int,
    workers: int | None = None,
    progress: Progress | None = None,
) -> AtmosphereTable:
    """Vary profiles at random and compute their band atmospheres (split ``train``).

    Parameters
    ----------
    profiles : sequence of Profile
        Reference profiles from sea level, drawn by `TRAINING_WEIGHTS` where all are in it,
        else equally often.
    count : int
        Number of atmospheres.
    seed : int
        Same seed, same table, whatever the number of workers.
    workers : int, optional
        Processes; all cores if None.
    progress : Progress, optional
    """
    known = all(profile.name in TRAINING_WEIGHTS for profile in profiles)
    weights = [TRAINING_WEIGHTS[p.name] for p in profiles] if known else None
    cases = draw_varied_cases(profiles, count, seed, weights)
    return simulate_cases(cases, "train", workers, progress)
