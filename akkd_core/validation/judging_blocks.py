"""Held-out scenes block by block: as many of every judging profile, memory of one block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.progress import Progress
from akkd_core.simulation.atmospheres import AtmosphereTable, shipped_atmospheres
from akkd_core.simulation.materials import materials
from akkd_core.simulation.profile_errors import shipped_told_air
from akkd_core.simulation.training_set import (
    JUDGE_RECIPE,
    SceneRecipe,
    TrainingSet,
    simulate_training_set,
)

BLOCK = 128
"""Scenes of a block."""

_ORDER, _SEEDS_APART = 7, 1000


def judging_rows(air: AtmosphereTable, scenes: int, seed: int = 0) -> NDArray[np.intp]:
    """Rows of a table for scenes, as evenly over its profiles as their number allows.

    Parameters
    ----------
    air : AtmosphereTable
    scenes : int
    seed : int
        Of the profiles' order.

    Returns
    -------
    ndarray of intp, (scenes,)
        Of n profiles the first n scenes have one each, and so on; a profile's rows take turns.

    Raises
    ------
    ParameterError
        If there are no scenes.
    """
    if scenes < 1:
        raise ParameterError(f"number of scenes is {scenes}, must be at least 1")
    names = np.unique(air.profile)
    order = np.random.default_rng([seed, _ORDER]).permutation(len(names))
    rows = [np.flatnonzero(air.profile == names[number]) for number in order]
    return np.array([rows[n % len(rows)][n // len(rows) % len(rows[n % len(rows)])]
                     for n in range(scenes)], dtype=np.intp)  # fmt: skip


@dataclass(frozen=True)
class JudgingScenes:
    """Scenes to be judged on, of which a block is simulated when it is needed.

    Parameters
    ----------
    scenes : int
    recipe : SceneRecipe
    seed : int
        Same seed, same scenes.
    workers : int, optional
        Processes; default: one per core.
    """

    scenes: int
    recipe: SceneRecipe = JUDGE_RECIPE
    seed: int = 0
    workers: int | None = None

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return -(-self.scenes // BLOCK)

    def block(self, number: int, progress: Progress | None = None) -> TrainingSet:
        """Simulate one block.

        Parameters
        ----------
        number : int
            From 0.
        progress : Progress, optional

        Raises
        ------
        OperationCancelled
            If the user cancelled.
        """
        air, told = shipped_atmospheres("judge"), shipped_told_air("judge")
        rows = judging_rows(air, self.scenes, self.seed)[number * BLOCK : (number + 1) * BLOCK]
        return simulate_training_set(
            air.select(rows),
            materials("judge"),
            len(rows),
            recipe=self.recipe,
            seed=_SEEDS_APART * self.seed + number,
            told_air=told.select(rows),
            workers=self.workers,
            progress=progress,
        )
