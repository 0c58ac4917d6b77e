"""Repeated trainings with each weight of the teacher: what the weight is selected by."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.network import Network
from akkd_core.distillation.chain import go_on
from akkd_core.distillation.plan import DistillationPlan
from akkd_core.distillation.records import RecordFile
from akkd_core.distillation.samples import HeldOut, PixelSamples
from akkd_core.distillation.scoring import Scores, score_network
from akkd_core.distillation.weights import METRICS, RepeatedScores
from akkd_core.errors import DistillationError, TrainingError
from akkd_core.progress import Progress, SilentProgress, checkpoint

BEFORE = "before"
"""Repetition of the row that holds the small model's own scores."""

Rows = Sequence[Mapping[str, Any]]
"""Results with ``scene``, ``weight``, ``repetition``, and ``scores`` by target and reference; a
target whose training diverged is missing."""


@dataclass(frozen=True)
class TrialPart:
    """What the trials of one network begin with.

    Parameters
    ----------
    small : Network
        The small model.
    learn : PixelSamples
        Pixels to learn from.
    taught : ndarray of float32, (n, n_targets)
        What the teacher predicts there.
    held_out : HeldOut
        Of the same scene.
    plan : DistillationPlan
    """

    small: Network
    learn: PixelSamples
    taught: NDArray[np.float32]
    held_out: HeldOut
    plan: DistillationPlan


def run_trials(
    record: RecordFile,
    scene: str,
    start: Callable[[], Sequence[TrialPart]],
    weights: Sequence[float],
    repetitions: int,
    seed: int,
    progress: Progress | None = None,
) -> None:
    """Train a scene's small models on with every weight, again and again; what is kept stays.

    Parameters
    ----------
    record : RecordFile
        Takes the small models' scores and each trial's.
    scene : str
    start : callable
        Gives one part for each network; called if a trial is missing.
    weights : sequence of float
        Of the teacher, 0-1.
    repetitions : int
    seed : int
    progress : Progress, optional

    Raises
    ------
    ProductWriteError, OperationCancelled
    """
    report = progress or SilentProgress()
    missing = [
        (weight, repetition)
        for repetition in range(repetitions)
        for weight in weights
        if record.find(scene=scene, weight=weight, repetition=repetition) is None
    ]
    if not missing and record.find(scene=scene, repetition=BEFORE) is not None:
        return
    parts = start()
    record.get(
        lambda: {"scores": _merged(score_network(p.small, p.held_out) for p in parts)},
        scene=scene, weight=None, repetition=BEFORE,
    )  # fmt: skip
    for number, (weight, repetition) in enumerate(missing):
        checkpoint(
            report, number / len(missing), f"weight {weight:g}, repetition {repetition + 1}"
        )
        # the same order of pixels for every weight of a repetition
        own_seed = 1000 * (seed + 1) + repetition
        scores = _merged(pre_distil(part, weight, own_seed) for part in parts)
        record.get(
            lambda scores=scores: {"scores": scores},  # type: ignore[misc]
            scene=scene, weight=weight, repetition=repetition,
        )  # fmt: skip


def _merged(parts: Iterable[Scores]) -> dict[str, Any]:
    return {target: scores for part in parts for target, scores in part.items()}


def pre_distil(
    part: TrialPart, weight: float, seed: int, progress: Progress | None = None
) -> Scores:
    """Train a small model on under the GOC and its original labels; score it where held out.

    Parameters
    ----------
    part : TrialPart
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
            part.small, part.learn, part.learn.labels, part.taught, weight, part.plan.goc_epochs,
            part.plan, seed, progress,
        )  # fmt: skip
    except TrainingError:
        return {}
    return score_network(student, part.held_out)


def repeated_scores(
    rows: Rows, scene: str, reference: str = "labels"
) -> list[RepeatedScores]:
    """Scores on held-out pixels of one scene, by target and metric.

    Parameters
    ----------
    rows : sequence of dict
    scene : str
    reference : {'labels', 'truth'}
        What the scores are taken against; the truth is for comparison, it selects nothing.

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
            _number(before[target][reference][metric]),
            {w: _repeated(rows, scene, w, target, reference, metric) for w in weights},
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
