"""Scores of the shared distillation's models, and their table beside the paper's numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.distillation.samples import HeldOut
from akkd_core.distillation.scoring import REFERENCES
from akkd_core.errors import DistillationError
from akkd_core.physics.features import OUTPUT_NAMES
from akkd_core.reproduction.distillation_run import DistillationRun
from akkd_core.reproduction.published import MODELS, PublishedModel
from akkd_core.reproduction.result import Cell, Column, ResultTable
from akkd_core.validation.metrics import Metrics, metrics

LABELS, TRUTH = REFERENCES
"""What our scores are taken against."""

LSE_NAMES = OUTPUT_NAMES[1:]
TITLES = {"lst": "LST", **{name: f"LSE {name[-2:]}" for name in LSE_NAMES}}
"""Targets as charts and tables name them."""


@dataclass(frozen=True)
class Comparison:
    """Estimates of one target beside what they are judged by.

    Parameters
    ----------
    reference, estimate : ndarray of float32, (n,)
        K, or 0-1.
    metrics : Metrics
        Of the estimate against the reference.
    """

    reference: NDArray[np.float32]
    estimate: NDArray[np.float32]
    metrics: Metrics

    @property
    def sd_ratio(self) -> float:
        """Standard deviation of the estimate over the reference's; NaN where that has none."""
        spread = float(np.std(self.reference, dtype=np.float64))
        return float(np.std(self.estimate, dtype=np.float64)) / spread if spread > 0 else math.nan


def compare(run: DistillationRun, key: str, target: str, reference: str) -> Comparison:
    """Compare a model with the original labels or the truth of its held-out pixels.

    Parameters
    ----------
    run : DistillationRun
    key : str
        The model's name.
    target : str
    reference : {'labels', 'truth'}

    Raises
    ------
    DistillationError
        If the truth is unknown.
    """
    found = run.evaluations[key]
    return _compare(found.held_out, found.estimate, target, reference)


def compare_labels(run: DistillationRun, key: str, target: str) -> Comparison:
    """Compare the labels themselves with the truth, on a model's held-out pixels.

    Parameters
    ----------
    run : DistillationRun
    key, target : str

    Raises
    ------
    DistillationError
        If the truth is unknown.
    """
    held_out = run.evaluations[key].held_out
    return _compare(held_out, held_out.samples.labels, target, TRUTH)


def _compare(
    held_out: HeldOut, estimate: NDArray[np.float32], target: str, reference: str
) -> Comparison:
    samples = held_out.samples
    values = samples.labels if reference == LABELS else samples.truth
    if values is None:
        raise DistillationError("held-out pixels without truth: nothing to compare with")
    column = samples.targets.index(target)
    own, other = estimate[:, column], values[:, column]
    return Comparison(other, own, metrics(own, other))


@dataclass(frozen=True)
class MeanScore:
    """PCC, MAE and bias of a target, or their means over the five emissivities.

    Parameters
    ----------
    pcc, mae, bias : float
    """

    pcc: float
    mae: float
    bias: float


def lst_score(run: DistillationRun, key: str, reference: str) -> MeanScore:
    """Scores of temperature, K; parameters and errors as `compare`."""
    found = compare(run, key, "lst", reference).metrics
    return MeanScore(found.pcc, found.mae, found.bias)


def lse_score(run: DistillationRun, key: str, reference: str) -> MeanScore:
    """Means over bands of emissivity's scores; parameters and errors as `compare`."""
    found = [compare(run, key, name, reference).metrics for name in LSE_NAMES]
    columns = [(one.pcc, one.mae, one.bias) for one in found]
    pcc, mae, bias = np.mean(columns, axis=0).tolist()
    return MeanScore(pcc, mae, bias)


_COLUMNS = (
    Column("target"),
    Column("paper: PCC"),
    Column("ours (labels): PCC"),
    Column("ours (truth): PCC"),
    Column("paper: MAE", 4),
    Column("ours (labels): MAE", 4),
    Column("ours (truth): MAE", 4),
    Column("ours (truth): bias", 4),
)


def model_table(run: DistillationRun, key: str) -> ResultTable:
    """Scores of a model beside what the paper's text has of it; K for LST, 1 for LSE.

    Parameters
    ----------
    run : DistillationRun
    key : str
        One of the published.
    """
    published = MODELS[key]
    rows = [
        _row(TITLES[target], _published(published, target), *_both(run, key, target))
        for target in OUTPUT_NAMES
    ]
    mean = (published.mean_lse_pcc, published.mean_lse_mae)
    ours = (lse_score(run, key, LABELS), lse_score(run, key, TRUTH))
    rows.append(_row("LSE, mean of bands", mean, *ours))
    caption = f"The paper: section {published.section}. MAE and bias in K (LST) and 1 (LSE):"
    return ResultTable("", caption, _COLUMNS, tuple(rows))


def _published(model: PublishedModel, target: str) -> tuple[float | None, float | None]:
    if target == "lst":
        return model.lst.pcc, model.lst.mae_k
    return model.lse_pcc.get(int(target[-2:])), None


def _both(run: DistillationRun, key: str, target: str) -> tuple[MeanScore, MeanScore]:
    found = [compare(run, key, target, reference).metrics for reference in REFERENCES]
    labels, truth = (MeanScore(one.pcc, one.mae, one.bias) for one in found)
    return labels, truth


def _row(
    title: str, paper: tuple[float | None, float | None], labels: MeanScore, truth: MeanScore
) -> tuple[Cell, ...]:
    return (
        title, paper[0], cell(labels.pcc), cell(truth.pcc), paper[1], cell(labels.mae),
        cell(truth.mae), cell(truth.bias),
    )  # fmt: skip


def cell(value: float) -> float | None:
    """Return a number that JSON can hold, None for any other."""
    return value if math.isfinite(value) else None


def change(before: float, after: float, unit: str = "K") -> str:
    """Words on an error before and after, e.g. ``from 1.10 to 0.73 K``."""
    digits = 2 if unit == "K" else 4
    return f"from {before:.{digits}f} to {after:.{digits}f} {unit}".rstrip()
