"""When a training ends and which epoch's weights it keeps: a function of its learning curve alone.

A resumed run therefore decides as an uninterrupted one would. Imports no Keras.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from akkd_core.errors import TrainingError

LST_THRESHOLD_K = 0.005
"""Fall of the validation MAE of LST that counts as improvement, K: a hundredth of a good MAE."""

LSE_THRESHOLD = 0.0001
"""The same of an emissivity, 1. Keras's usual 1e-4 on a loss is of no use to either: on the square
error of emissivity (2.5e-5) it would end every run at once, on that of LST in K none."""


@dataclass(frozen=True)
class Verdict:
    """What a learning curve says.

    Parameters
    ----------
    kept_epoch : int
        From 1: the one with the lowest validation MAE, over targets the mean of MAE / threshold.
    improved_epoch : int
        The last one that improved.
    stop : bool
        Whether the run has gone on without improvement for as long as it may.
    """

    kept_epoch: int
    improved_epoch: int
    stop: bool


def threshold(target: str) -> float:
    """Least fall of a target's validation MAE that counts, in its unit."""
    return LST_THRESHOLD_K if target == "lst" else LSE_THRESHOLD


def judge(columns: Mapping[str, Sequence[float]], targets: Sequence[str], patience: int) -> Verdict:
    """Judge a run by the validation MAE of its epochs so far.

    An epoch improves if any target's MAE is lower by more than its threshold than when that target
    last improved, so slow progress adds up. Which epoch to keep is not bound to thresholds.

    Parameters
    ----------
    columns : mapping of str to sequence of float
        ``val_mae_TARGET`` of each target, epochs in order.
    targets : sequence of str
    patience : int
        Epochs without improvement after which to stop; 0: never.

    Raises
    ------
    TrainingError
        If there is no epoch, or no MAE is finite.
    """
    rows = list(zip(*(columns[f"val_mae_{name}"] for name in targets), strict=True))
    limits = [threshold(name) for name in targets]
    reference = [math.inf] * len(limits)
    kept, lowest, improved = 0, math.inf, 0
    for epoch, row in enumerate(rows, start=1):
        fallen = [mae < ref - limit for mae, ref, limit in zip(row, reference, limits, strict=True)]
        if any(fallen):
            improved = epoch
        reference = [
            mae if fell else ref for mae, ref, fell in zip(row, reference, fallen, strict=True)
        ]
        score = sum(mae / limit for mae, limit in zip(row, limits, strict=True)) / len(limits)
        if score < lowest:
            kept, lowest = epoch, score
    if not kept:
        raise TrainingError("no epoch has a finite validation error; lower the learning rate")
    return Verdict(kept, improved, bool(patience) and len(rows) - improved >= patience)
