"""Atmospheres that TES is handed on held-out scenes: the true ones, or too dry or too moist.

The wrong ones are the judging profiles with 0.9 or 1.1 times the humidity at every level, through
LOWTRAN7 with the same view angle and visibility (``data/atmospheres_judge_humidity.npz``).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import InputError, ParameterError
from akkd_core.simulation.atmospheres import (
    AtmosphereTable,
    load_atmospheres,
    shipped_atmospheres,
)
from akkd_core.simulation.training_set import TrainingSet

HUMIDITY_FACTORS = (0.9, 1.1)
"""Humidity over the true one, in the order of the shipped table's halves."""

_FACTOR_TOLERANCE = 0.02

BandAtmosphere = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Transmittance, path radiance, downwelling radiance, (5,) each."""


class AtmosphereSource(Protocol):
    """Something that hands out a scene's atmosphere."""

    def atmosphere(self, scenes: TrainingSet, index: int) -> BandAtmosphere:
        """Transmittance (0-1), path and downwelling radiance (W m-2 sr-1 um-1) of a scene."""


class TrueAtmosphere:
    """The atmosphere that the scene was simulated with."""

    def atmosphere(self, scenes: TrainingSet, index: int) -> BandAtmosphere:
        """Hand out as `AtmosphereSource.atmosphere` says."""
        return (
            scenes.transmittance[index].astype(np.float64),
            scenes.path_radiance[index].astype(np.float64),
            scenes.downwelling_radiance[index].astype(np.float64),
        )


@dataclass(frozen=True)
class WrongHumidity:
    """The scene's atmosphere with the humidity off by a factor.

    Parameters
    ----------
    table : AtmosphereTable
        The atmospheres of the scenes.
    wrong : AtmosphereTable
        The same with another humidity, row by row.
    """

    table: AtmosphereTable
    wrong: AtmosphereTable

    def __post_init__(self) -> None:
        if self.table.profile.tolist() != self.wrong.profile.tolist():
            raise ParameterError("atmospheres of true and wrong humidity have other profiles")

    def atmosphere(self, scenes: TrainingSet, index: int) -> BandAtmosphere:
        """Hand out as `AtmosphereSource.atmosphere` says.

        Raises
        ------
        InputError
            If the scene's atmosphere isn't in the table.
        """
        same = (self.table.profile == scenes.profile[index]) & (
            self.table.transmittance == scenes.transmittance[index]
        ).all(axis=1)
        if not same.any():
            raise InputError(
                f"scene {index}: its atmosphere ({scenes.profile[index]}) isn't in the table of "
                "atmospheres with wrong humidity. use the shipped judging atmospheres"
            )
        row = int(np.argmax(same))
        return (
            self.wrong.transmittance[row].astype(np.float64),
            self.wrong.path_radiance[row].astype(np.float64),
            self.wrong.downwelling_radiance[row].astype(np.float64),
        )


def shipped_wrong_humidity(factor: float) -> WrongHumidity:
    """Read the judging atmospheres with wrong humidity that come with the package.

    Parameters
    ----------
    factor : float
        One of `HUMIDITY_FACTORS`.

    Raises
    ------
    ParameterError
        For another factor.
    InputError
        If the two shipped tables don't belong together.
    """
    if factor not in HUMIDITY_FACTORS:
        raise ParameterError(f"humidity factor {factor:g}: choose one of {HUMIDITY_FACTORS}")
    table = shipped_atmospheres("judge")
    folder = files("akkd_core.simulation") / "data"
    path = Path(str(folder / "atmospheres_judge_humidity.npz"))
    both = load_atmospheres(path)
    half = np.arange(len(both)) // len(table)
    wrong = both.select(half == HUMIDITY_FACTORS.index(factor))
    moist = table.tcwv_kg_m2 > 1.0
    if len(both) != 2 * len(table) or not np.allclose(
        wrong.tcwv_kg_m2[moist] / table.tcwv_kg_m2[moist], factor, rtol=_FACTOR_TOLERANCE
    ):
        raise InputError(f"{path}: doesn't belong to the shipped judging atmospheres")
    return WrongHumidity(table, wrong)
