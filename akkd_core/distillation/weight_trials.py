"""Repeated trainings with each weight of the teacher: what the weight is selected by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.network import Network
from akkd_core.distillation.chain import go_on
from akkd_core.distillation.plan import DistillationPlan
from akkd_core.distillation.samples import HeldOut, PixelSamples
from akkd_core.distillation.scoring import Scores, score_network
from akkd_core.distillation.weights import METRICS, RepeatedScores
from akkd_core.errors import DistillationError, TrainingError
from akkd_core.progress import Progress

BEFORE = "before"
"""Repetition of the row that holds the small model's own scores."""

Rows = Sequence[Mapping[str, Any]]
"""Results with ``scene``, ``weight``, ``repetition``, and ``scores`` by target and reference; a
target whose training diverged is missing."""


def pre_distil(
    small: Network,
    learn: PixelSamples,
    taught: NDArray[np.float32],
    held_out: HeldOut,
    plan: DistillationPlan,
    weight: float,
    seed: int,
    progress: Progress | None = None,
) -> Scores:
    """Train a small model on under the GOC and its original labels; score it where held out.

    Parameters
    ----------
    small : Network
    learn : PixelSamples
    taught : ndarray of float32, (n, n_targets)
        What the teacher predicts there.
    held_out : HeldOut
    plan : DistillationPlan
    weight : float
        Of the teacher, 0-1.
    seed : int
    progress : Progress, optional

    Returns
    -------
    Scores
        Empty for a training that diverged.

    Raises
    ------
    OperationCancelled
    """
    try:
        student = go_on(
            small, learn, learn.labels, taught, weight, plan.goc_epochs,
            plan, seed, progress,
        )  # fmt: skip
    except TrainingError:
        return {}
    return score_network(student, held_out)


def repeated_scores(rows: Rows, scene: str) -> list[RepeatedScores]:
    """Scores against held-out labels of one scene, by target and metric.

    Parameters
    ----------
    rows : sequence of dict
    scene : str

    Raises
    ------
    DistillationError
        If the small model's scores are missing.
    """
    before = _before(rows, scene)
    weights = _weights(rows, scene)
    return [
        RepeatedScores(
            target,
            metric,
            _number(before[target]["labels"][metric]),
            {w: _repeated(rows, scene, w, target, "labels", metric) for w in weights},
        )
        for target in before
        for metric in METRICS
    ]


def named_after_scene(scores: Sequence[RepeatedScores], scene: str) -> list[RepeatedScores]:
    """Scores with the scene in the target's name, so that several scenes' stand side by side."""
    return [replace(one, target=f"{one.target} {scene}") for one in scores]


def relative_truth_errors(rows: Rows, scenes: Sequence[str]) -> dict[float, float]:
    """Mean over scenes and targets of MAE against the truth over that before, by weight.

    Parameters
    ----------
    rows : sequence of dict
    scenes : sequence of str

    Returns
    -------
    dict of float to float
        Empty where the truth is unknown.
    """
    ratios: dict[float, list[float]] = {}
    for scene in scenes:
        before = _before(rows, scene)
        for target, by_reference in before.items():
            if "truth" not in by_reference:
                return {}
            for weight in _weights(rows, scene):
                found = _repeated(rows, scene, weight, target, "truth", "mae")
                mean = float(np.mean(found)) / _number(by_reference["truth"]["mae"])
                ratios.setdefault(weight, []).append(mean)
    return {weight: float(np.mean(values)) for weight, values in ratios.items()}


def _weights(rows: Rows, scene: str) -> list[float]:
    return sorted({row["weight"] for row in rows if row["scene"] == scene} - {None})


def _before(rows: Rows, scene: str) -> Scores:
    for row in rows:
        if row["scene"] == scene and row["repetition"] == BEFORE:
            scores: Scores = row["scores"]
            return scores
    raise DistillationError(f"{scene}: no scores of the small model")


def _repeated(
    rows: Rows, scene: str, weight: float, target: str, reference: str, metric: str
) -> list[float]:
    return [
        _number(row["scores"][target][reference][metric]) if target in row["scores"] else math.nan
        for row in rows
        if row["scene"] == scene and row["weight"] == weight
    ]


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
