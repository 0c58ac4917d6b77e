"""Evaluation of scenes before training: which of them a small model can't learn.

A small network is trained on two thirds of a scene's selected pixels, in blocks, and scored on the
held-out third against its labels. Scenes on which it does worse than a limit are the complex ones
that students are made for; the others train the teacher (paper, section 3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from akkd_core.progress import Progress

if TYPE_CHECKING:
    from akkd_core.simulation.archive_scene import ArchiveScene

TRAINING, COMPLEX = "training", "complex"

_WIDTHS = (32, 32)
_LEARNING_RATE = 3e-3
_BATCH = 256
_MOST_PIXELS = 9216


@dataclass(frozen=True)
class Limits:
    """What a scene of the training kind has to reach.

    Parameters
    ----------
    lst_mae_k : float
        Largest MAE of temperature on held-out labels.
    lse_mae : float
        Largest MAE of emissivity, mean over the five bands.
    pcc : float
        Smallest Pearson correlation, mean over temperature and the five emissivities.
    """

    lst_mae_k: float
    lse_mae: float
    pcc: float


@dataclass(frozen=True)
class Evaluation:
    """How a small model did on a scene's held-out labels.

    Parameters
    ----------
    lst_mae_k, lse_mae : float
        K; mean over the five bands.
    pcc : float
        Mean over the six targets; NaN where labels don't vary.
    trained_on, held_out : int
        Pixels.
    """

    lst_mae_k: float
    lse_mae: float
    pcc: float
    trained_on: int
    held_out: int

    def kind(self, limits: Limits) -> str:
        """Return ``training``, or ``complex`` if a limit is missed."""
        # labels without variance have no correlation: the errors decide
        missed = (
            self.lst_mae_k > limits.lst_mae_k
            or self.lse_mae > limits.lse_mae
            or self.pcc < limits.pcc
        )
        return COMPLEX if missed else TRAINING

    def to_json(self) -> dict[str, Any]:
        """Return as a JSON object."""
        return {
            "lst_mae_k": round(self.lst_mae_k, 4),
            "lse_mae": round(self.lse_mae, 5),
            "pcc": round(self.pcc, 4) if np.isfinite(self.pcc) else None,
            "trained_on": self.trained_on,
            "held_out": self.held_out,
        }


def evaluate(
    scene: ArchiveScene, epochs: int, seed: int, progress: Progress | None = None
) -> Evaluation:
    """Train a small network on a scene and score it on held-out blocks.

    Parameters
    ----------
    scene : ArchiveScene
    epochs : int
    seed : int
    progress : Progress, optional

    Raises
    ------
    DistillationError
        If the scene has no pixels to learn from or to score.
    MissingDependencyError
        Without TensorFlow.
    TrainingError, OperationCancelled
    """
    from akkd_core.bundle.architecture import Architecture
    from akkd_core.distillation.chain import fit_labels
    from akkd_core.distillation.plan import DistillationPlan
    from akkd_core.distillation.samples import split_scene, take
    from akkd_core.distillation.scoring import score_network
    from akkd_core.physics.features import OUTPUT_NAMES

    plan = DistillationPlan(targets=OUTPUT_NAMES, batch_size=_BATCH)
    learned, held_out = split_scene(
        scene, plan.targets, block=plan.block, share=plan.held_out_share, seed=seed
    )
    rows = np.random.default_rng([seed, 12]).permutation(len(learned))[:_MOST_PIXELS]
    learned = take(learned, rows)
    architecture = Architecture.of(_WIDTHS, learning_rate=_LEARNING_RATE)
    network = fit_labels(learned, architecture, epochs, plan, seed, progress)
    scores = score_network(network, held_out)
    return _evaluation({t: s["labels"] for t, s in scores.items()}, len(learned), len(held_out))


def _evaluation(
    scores: Mapping[str, Mapping[str, float | None]], learned: int, held_out: int
) -> Evaluation:
    def value(target: str, kind: str) -> float:
        found = scores[target][kind]
        return np.nan if found is None else found

    bands = [target for target in scores if target != "lst"]
    pcc = [value(target, "pcc") for target in scores]
    known = [one for one in pcc if np.isfinite(one)]
    return Evaluation(
        value("lst", "mae"),
        float(np.mean([value(target, "mae") for target in bands])),
        float(np.mean(known)) if known else np.nan,
        learned,
        held_out,
    )
