"""How the teacher's weight is chosen from repeated scores: section 2.3.1 of the AK-KD paper.

A student is trained several times with each weight; its scores are tested against the score before.
The paper takes the weight of the lowest ``|t|``: the one that changes the scores least, relative to
their spread. That is not the one that makes them best, so the weight of the least held-out error
stands beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.distillation.goc import check_teacher_weight
from akkd_core.distillation.t_test import TTest, one_sample_t, utility
from akkd_core.errors import DistillationError, ParameterError

PAPER_WEIGHTS: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Weights that the paper tried, 30 times each."""

METRICS: Mapping[str, bool] = {"pcc": True, "mae": False}
"""Metrics of the paper; True: higher is better."""


def lowest_t_weight(tests: Mapping[float, TTest]) -> float | None:
    """Weight of the lowest ``|t|``; of equal ones the least; None if no t is finite.

    Parameters
    ----------
    tests : mapping of float to TTest
        By teacher weight.
    """
    finite = [(abs(test.t), weight) for weight, test in tests.items() if math.isfinite(test.t)]
    return min(finite)[1] if finite else None


@dataclass(frozen=True)
class RepeatedScores:
    """Scores of one target by one metric: before, and again and again with each weight.

    Parameters
    ----------
    target : str
        ``lst``, ``lse_10`` ...
    metric : {'pcc', 'mae'}
        On held-out pixels, against their original labels.
    before : float
        Score of the small model.
    by_weight : mapping of float to sequence of float
        Scores of the repetitions by teacher weight (0-1), NaN for one that failed.

    Raises
    ------
    ParameterError
        For an unknown metric, a score before that isn't finite, a weight out of bounds or none.
    """

    target: str
    metric: str
    before: float
    by_weight: Mapping[float, Sequence[float]]

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise ParameterError(f"metric {self.metric!r}: give one of {', '.join(METRICS)}")
        if not math.isfinite(self.before):
            raise ParameterError(
                f"{self.target}: {self.metric} before distillation is {self.before}. "
                "Score the small model first"
            )
        if not self.by_weight:
            raise ParameterError(f"{self.target}: no scores of any teacher weight")
        for weight in self.by_weight:
            check_teacher_weight(weight)


@dataclass(frozen=True)
class Series:
    """Tests of one target by one metric.

    Parameters
    ----------
    target, metric : str
    tests : mapping of float to TTest
        By teacher weight, ascending. Their t is positive where the mean lies above the score
        before.
    """

    target: str
    metric: str
    tests: Mapping[float, TTest]

    def improvement_t(self, weight: float) -> float:
        """T with the sign of an improvement, as Table 4 has it: of the MAE, eq. (10) negated.

        In Table 4 PCC and MAE fall from positive to negative t together, as the teacher's weight
        grows; as an MAE that falls while the PCC does would be odd, its sign must be turned.
        """
        t = self.tests[weight].t
        return t if METRICS[self.metric] else -t

    @property
    def lowest_t_weight(self) -> float | None:
        """The paper's choice for this target and metric; None if no t is finite."""
        return lowest_t_weight(self.tests)

    @property
    def best_mean_weight(self) -> float | None:
        """Weight of the best mean score; of equal ones the least; None if none is finite."""
        sign = -1.0 if METRICS[self.metric] else 1.0
        means = [(sign * t.mean, w) for w, t in self.tests.items() if math.isfinite(t.mean)]
        return min(means)[1] if means else None

    def utilities(self) -> tuple[float, ...]:
        """Return the utility of each weight (eq. 11), 0-1, ascending weight."""
        return tuple(utility(test.t) for test in self.tests.values())


@dataclass(frozen=True)
class Quartiles:
    """Median and quartiles of chosen weights, with linear interpolation between ranks.

    The paper's quartiles (0.275, 0.425) are possible so for 12 weights in steps of 0.1: six targets
    by two metrics.
    """

    n: int
    lower: float
    median: float
    upper: float

    @classmethod
    def of(cls, weights: Sequence[float]) -> Quartiles:
        """Quartiles of one or more weights, 0-1.

        Raises
        ------
        DistillationError
            If there is none.
        """
        if not len(weights):
            raise DistillationError(
                "weight selection: no weight has a finite t. Ask for two or more repetitions"
            )
        lower, median, upper = np.quantile(np.asarray(weights, dtype=np.float64), (0.25, 0.5, 0.75))
        return cls(len(weights), float(lower), float(median), float(upper))


@dataclass(frozen=True)
class WeightSelection:
    """The chosen teacher weights and what they were chosen by.

    Parameters
    ----------
    weights : tuple of float
        That were tried, ascending.
    series : tuple of Series
        Of each target and metric.
    quartiles : Quartiles
        Of the series' weights of the lowest ``|t|``.
    lowest_t_weight : float
        The paper's choice: the tried weight next to the median; of two as near, the lower (so the
        paper comes from its medians 0.35 and 0.3 to 0.3).
    relative_errors : mapping of float to float
        Mean over targets of mean held-out MAE over MAE before, by weight; NaN where a target has no
        finite MAE.
    least_error_weight : float
        Weight of the least relative error.
    """

    weights: tuple[float, ...]
    series: tuple[Series, ...]
    quartiles: Quartiles
    lowest_t_weight: float
    relative_errors: Mapping[float, float]
    least_error_weight: float

    @property
    def recommended(self) -> float:
        """Weight to use: that of least held-out error if it is better, else that of lowest |t|."""
        errors = self.relative_errors
        kept = errors[self.lowest_t_weight]
        better = errors[self.least_error_weight] < kept or math.isnan(kept)
        return self.least_error_weight if better else self.lowest_t_weight

    @property
    def targets(self) -> tuple[str, ...]:
        """Targets, in the order given."""
        return tuple(dict.fromkeys(one.target for one in self.series))

    def find(self, target: str, metric: str) -> Series | None:
        """Series of a target and metric, None if there is none."""
        found = [s for s in self.series if (s.target, s.metric) == (target, metric)]
        return found[0] if found else None


def select_weight(scores: Sequence[RepeatedScores]) -> WeightSelection:
    """Choose the teacher's weight from repeated scores of several targets.

    Parameters
    ----------
    scores : sequence of RepeatedScores
        Of each target, each with the same weights; the MAE of every target among them.

    Raises
    ------
    ParameterError
        If there are none, weights differ, a series comes twice or a target lacks its MAE.
    DistillationError
        If no t or no held-out error is finite.
    """
    if not scores:
        raise ParameterError("weight selection: no scores")
    weights = tuple(sorted(scores[0].by_weight))
    names = [(one.target, one.metric) for one in scores]
    if len(set(names)) < len(names):
        raise ParameterError("weight selection: a target and metric come twice")
    for one in scores:
        if tuple(sorted(one.by_weight)) != weights:
            raise ParameterError(f"{one.target}, {one.metric}: other weights than {names[0]}")
    series = tuple(
        Series(s.target, s.metric, {w: one_sample_t(s.by_weight[w], s.before) for w in weights})
        for s in scores
    )
    errors = _relative_errors(series, weights)
    chosen = [weight for one in series if (weight := one.lowest_t_weight) is not None]
    quartiles = Quartiles.of(chosen)
    finite = [(error, weight) for weight, error in errors.items() if math.isfinite(error)]
    if not finite:
        raise DistillationError("weight selection: no weight has a finite held-out MAE")
    return WeightSelection(
        weights, series, quartiles, _nearest(weights, quartiles.median), errors, min(finite)[1]
    )


def _relative_errors(series: Sequence[Series], weights: Sequence[float]) -> dict[float, float]:
    by_target: dict[str, Series] = {one.target: one for one in series if one.metric == "mae"}
    ratios: list[NDArray[np.float64]] = []
    for target in dict.fromkeys(one.target for one in series):
        if target not in by_target:
            raise ParameterError(f"{target}: no MAE, so no held-out error to choose by")
        tests = by_target[target].tests
        before = next(iter(tests.values())).before
        if before <= 0:
            raise ParameterError(f"{target}: MAE before distillation is {before}, must be positive")
        ratios.append(np.array([tests[w].mean for w in weights]) / before)
    means = np.mean(ratios, axis=0)
    return {weight: float(mean) for weight, mean in zip(weights, means, strict=True)}


def _nearest(weights: Sequence[float], value: float) -> float:
    # rounded, so that 0.3 and 0.4 are as near to 0.35 as they look
    return min(weights, key=lambda weight: (round(abs(weight - value), 9), weight))
