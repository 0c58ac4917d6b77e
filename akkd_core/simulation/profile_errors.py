"""Air as a profile with errors tells it: what a user has who gives ``--profile``.

A reanalysis or a sounding is off by about 1 K and a tenth of the humidity, the same way over a few
kilometres; what it doesn't tell (aerosol, carbon dioxide) the retrieval takes as usual. Networks
learn from such air, beside the truth, how far to trust a profile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np

from akkd_core.errors import ParameterError
from akkd_core.simulation.atmospheres import AtmosphereTable, load_atmospheres
from akkd_core.simulation.lowtran_engine import AtmosphereCase
from akkd_core.simulation.profiles import Profile
from akkd_core.simulation.scene_air import VISIBILITY_KM

TEMPERATURE_ERROR_K = 1.0
HUMIDITY_ERROR = 0.10
"""One-sigma errors of each level: K, and relative to its mixing ratio (log-normal)."""

CORRELATION_KM = 2.0
"""Height over which the correlation of the errors falls to 1/e (exponential)."""

ASSUMED_CO2_PPMV = 395.0
"""The middle of the training air's range: without a date there is no better guess."""

SHIPPED = ("climates", "validation", "judge")
"""Shipped tables whose air is shipped as profiles tell it, too."""


def with_errors(profile: Profile, rng: np.random.Generator) -> Profile:
    """Return a profile with errors of temperature and humidity that are correlated in height.

    Parameters
    ----------
    profile : Profile
    rng : numpy.random.Generator

    Returns
    -------
    Profile
        On the same levels; pressure and ozone as they were.
    """
    height = np.asarray(profile.altitude_km, dtype=np.float64)
    correlation = np.exp(-np.abs(height[:, None] - height[None, :]) / CORRELATION_KM)
    root = np.linalg.cholesky(correlation + 1e-9 * np.eye(len(height)))
    warmer = TEMPERATURE_ERROR_K * (root @ rng.standard_normal(len(height)))
    moister = HUMIDITY_ERROR * (root @ rng.standard_normal(len(height)))
    return replace(
        profile,
        temperature_k=profile.temperature_k + warmer,
        water_vapour_ppmv=profile.water_vapour_ppmv * np.exp(moister),
    )


def as_told(cases: Sequence[AtmosphereCase], seed: Sequence[int]) -> list[AtmosphereCase]:
    """Return atmospheres as profiles with errors tell them, one for each.

    Parameters
    ----------
    cases : sequence of AtmosphereCase
        The truth.
    seed : sequence of int
        The n-th case's errors come from it and n alone.

    Returns
    -------
    list of AtmosphereCase
        With rural aerosol of 23 km visibility and `ASSUMED_CO2_PPMV`, as `akkd retrieve --profile`
        runs LOWTRAN7; the view angle is known.
    """
    return [
        replace(
            case,
            profile=with_errors(case.profile, np.random.default_rng([*seed, number])),
            visibility_km=VISIBILITY_KM,
            co2_ppmv=ASSUMED_CO2_PPMV,
        )
        for number, case in enumerate(cases)
    ]


def shipped_told_air(name: str) -> AtmosphereTable:
    """Read the shipped air as profiles with errors tell it.

    Parameters
    ----------
    name : str
        ``climates``, ``judge`` (row by row `shipped_atmospheres` of that name), or ``validation``
        (row by row ``shipped_atmospheres("train").of_split("validation")``).

    Raises
    ------
    ParameterError
        For another name.
    """
    if name not in SHIPPED:
        raise ParameterError(
            f"no shipped air of profiles for {name!r}: choose {', '.join(SHIPPED)}"
        )
    path = files("akkd_core.simulation") / "data" / f"told_{name}.npz"
    return load_atmospheres(Path(str(path)))
