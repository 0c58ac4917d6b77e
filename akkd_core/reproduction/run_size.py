"""How large the shared distillation is, by budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from akkd_core.bundle import AK_KD_TRIAL3
from akkd_core.distillation.plan import DistillationPlan
from akkd_core.distillation.weights import PAPER_WEIGHTS
from akkd_core.physics.features import OUTPUT_NAMES
from akkd_core.simulation.archive_recipe import FULL_SIDE, ArchiveRecipe

MODELS = (1, 2)
"""The small models."""


def plans_of_targets(**changes: Any) -> tuple[DistillationPlan, ...]:
    """One plan for each target, as in the paper, with some of its values changed."""
    return tuple(DistillationPlan((target,), **changes) for target in OUTPUT_NAMES)


@dataclass(frozen=True)
class RunSize:
    """How large the distillation is.

    Parameters
    ----------
    pixels_per_side, training_scenes : int
        Of the archive.
    repetitions : int
        Trainings with each weight.
    plans : tuple of DistillationPlan
        One for each network; together they have all targets.
    most_scored : int
        Held-out pixels of a training scene that the large model is scored on, at most.
    weights : tuple of float
        Teacher weights that are tried.
    """

    pixels_per_side: int
    training_scenes: int
    repetitions: int
    plans: tuple[DistillationPlan, ...]
    most_scored: int = 4096
    weights: tuple[float, ...] = PAPER_WEIGHTS

    @property
    def recipe(self) -> ArchiveRecipe:
        """Of the archive."""
        return ArchiveRecipe(
            training_scenes=self.training_scenes,
            complex_scenes=len(MODELS),
            pixels_per_side=self.pixels_per_side,
        )


SIZES: Mapping[str, RunSize] = {
    "small": RunSize(96, 27, 10, plans_of_targets()),
    "paper": RunSize(
        FULL_SIDE,
        27,
        30,
        plans_of_targets(teacher_architecture=AK_KD_TRIAL3, most_per_scene=FULL_SIDE**2),
    ),
}
"""By budget. The paper's: 9.6 million samples, the teacher's architecture from its Table 1."""
