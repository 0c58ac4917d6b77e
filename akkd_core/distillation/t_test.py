"""One-sample t test of repeated scores, and the utility of its t: eqs. (10)-(14) of the paper.

The AK-KD paper (section 2.3.1) names the test one of independent samples, but its eq. (10), and the
degrees of freedom behind the p values of its Table 4 (29 for 30 repetitions), are those of the
one-sample test, done here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from akkd_core.errors import ParameterError

_ROUNDING = 8.0 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class TTest:
    """One-sample t test of repeated scores against the score before; NaN where undefined.

    Parameters
    ----------
    n : int
        Finite scores.
    failed : int
        Scores that were not finite: left out, and no part of ``n``.
    mean : float
        Of the finite scores, in the metric's unit.
    sd : float
        Their sample standard deviation (n - 1 in the denominator).
    before : float
        Score before.
    t : float
        Eq. (10).
    p : float
        Eq. (14), two-tailed, 0-1.
    """

    n: int
    failed: int
    mean: float
    sd: float
    before: float
    t: float
    p: float

    @property
    def df(self) -> int:
        """Degrees of freedom, n - 1; 0 with less than two scores."""
        return max(self.n - 1, 0)

    @property
    def no_spread(self) -> bool:
        """Whether two or more scores are all equal, as with a seed that has no effect."""
        return self.n > 1 and self.sd == 0.0


def p_value(t: float, df: int) -> float:
    """Two-tailed p of a t statistic (eqs. 12-14), 0-1; NaN if t is NaN or df is below 1.

    Computed by the survival function: eq. (14) as it is printed, ``2 * (1 - F(|t|))``, loses all
    digits above ``|t|`` of about 15 at df 29, where the paper prints p down to 1.68E-45.

    Parameters
    ----------
    t : float
    df : int
        Degrees of freedom.
    """
    if df < 1 or math.isnan(t):
        return math.nan
    return float(2.0 * stats.t.sf(abs(t), df))


def utility(t: float) -> float:
    """Relative utility of a weight (eq. 11), ``1 / ln(|t| + e)``: 1 at t = 0, 0 at infinity.

    Parameters
    ----------
    t : float
        NaN gives NaN.
    """
    return 0.0 if math.isinf(t) else 1.0 / math.log(abs(t) + math.e)


def normalised_utilities(values: Sequence[float]) -> tuple[float, ...]:
    """Utilities over the largest of them, so the best weight has 1: what the radar chart shows.

    The paper doesn't say how it normalises; this keeps ratios. NaN stays NaN.

    Parameters
    ----------
    values : sequence of float
        0-1, of the weights of one target and metric.
    """
    finite = [value for value in values if math.isfinite(value)]
    greatest = max(finite, default=0.0)
    return tuple(value / greatest if greatest > 0 else value for value in values)


def one_sample_t(scores: ArrayLike, before: float) -> TTest:
    """Test repeated scores against the score before (eqs. 10 and 14).

    Scores that are not finite (a training that diverged) are left out and counted. With one score
    or none there is no spread to judge by: t and p are NaN. With two or more that are all equal,
    t is 0 and p 1 if they equal the score before, else t is infinite and p 0.

    Parameters
    ----------
    scores : array_like of shape (n,)
        Any metric; computed in float64.
    before : float
        Score of the small model before, in the same unit.

    Raises
    ------
    ParameterError
        If the score before is not finite, or scores are not one-dimensional.
    """
    given = np.asarray(scores, dtype=np.float64)
    if given.ndim != 1:
        raise ParameterError(f"repeated scores have shape {given.shape}, expected one dimension")
    if not math.isfinite(before):
        raise ParameterError(f"score before distillation is {before}. Score the small model first")
    x = given[np.isfinite(given)]
    n, failed = int(x.size), int(given.size - x.size)
    if n < 2:
        mean = float(x[0]) if n else math.nan
        return TTest(n, failed, mean, math.nan, before, math.nan, math.nan)
    scale = max(float(np.abs(x).max()), abs(before))
    # what rounding leaves of equal numbers is no spread
    if float(np.ptp(x)) <= _ROUNDING * scale:
        mean = float(x[0])
        same = abs(mean - before) <= _ROUNDING * scale
        t = 0.0 if same else math.copysign(math.inf, mean - before)
        return TTest(n, failed, mean, 0.0, before, t, p_value(t, n - 1))
    mean, sd = float(x.mean()), float(x.std(ddof=1))
    t = (mean - before) / (sd / math.sqrt(n))
    return TTest(n, failed, mean, sd, before, t, p_value(t, n - 1))
