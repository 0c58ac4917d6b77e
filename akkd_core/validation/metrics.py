"""Metrics of an estimate against a reference, of arrays at once or window by window."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from akkd_core.errors import ParameterError

MAD_TO_SD = 1.4826
"""Standard deviation over median absolute deviation of a normal distribution."""

_HISTOGRAM_BINS = 40_000
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Metrics:
    """Metrics of estimate minus reference, in the quantity's unit; NaN where undefined.

    Parameters
    ----------
    n : int
        Pairs of finite values.
    bias : float
        Mean difference.
    mae : float
        Mean absolute difference.
    rmse : float
        Root mean square difference.
    ubrmse : float
        Without the bias: ``sqrt(rmse**2 - bias**2)``.
    robust_sd : float
        1.4826 times the median absolute deviation from the median difference.
    pcc : float
        Pearson correlation coefficient, -1 to 1.
    r2 : float
        Coefficient of determination, 1 minus squared differences over the reference's variance;
        not the square of ``pcc``, below 0 where the reference's mean would do better.
    """

    n: int
    bias: float
    mae: float
    rmse: float
    ubrmse: float
    robust_sd: float
    pcc: float
    r2: float

    def to_json(self) -> dict[str, float | None]:
        """Return as a JSON object, null where undefined."""
        return {k: v if math.isfinite(v) else None for k, v in asdict(self).items()}


def metrics(estimate: ArrayLike, reference: ArrayLike) -> Metrics:
    """Compare two arrays.

    Parameters
    ----------
    estimate, reference : array_like of one shape
        Any unit; computed in float64. Pairs with a value that isn't finite are left out.

    Raises
    ------
    ParameterError
        If shapes differ.
    """
    running = RunningMetrics()
    error = running.add(estimate, reference)
    spread = math.nan
    if error.size:
        spread = MAD_TO_SD * float(np.median(np.abs(error - np.median(error))))
    return running.result(robust_sd=spread)


class RunningMetrics:
    """Metrics of arrays that come in parts, in memory that doesn't grow with them.

    The moments are exact (combined as in Chan, Golub and LeVeque 1983); the robust spread comes
    from a histogram of the differences and is good to ``2 * error_range / 40000``.

    Parameters
    ----------
    error_range : float
        Differences are counted within plus or minus this, in the quantity's unit.
    """

    def __init__(self, error_range: float = 50.0) -> None:
        if not error_range > 0:
            raise ParameterError(f"range of differences is {error_range}, must be positive")
        self._range = error_range
        self._histogram = np.zeros(_HISTOGRAM_BINS, dtype=np.int64)
        self._n = 0
        self._absolute = 0.0
        self._mean = np.zeros(2)
        self._moment = np.zeros((2, 2))
        self._error_mean = 0.0
        self._error_square = 0.0

    def add(self, estimate: ArrayLike, reference: ArrayLike) -> NDArray[np.float64]:
        """Add a part and return its finite differences, float64.

        Raises
        ------
        ParameterError
            If shapes differ.
        """
        x, y = np.asarray(estimate, dtype=np.float64), np.asarray(reference, dtype=np.float64)
        if x.shape != y.shape:
            raise ParameterError(f"metrics: estimate {x.shape} and reference {y.shape} differ")
        both = np.isfinite(x) & np.isfinite(y)
        x, y = x[both], y[both]
        error: NDArray[np.float64] = x - y
        if not error.size:
            return error
        pair = np.stack([x, y])
        mean = pair.mean(axis=1)
        centred = pair - mean[:, None]
        count = self._n + error.size
        step = mean - self._mean
        self._moment += centred @ centred.T
        self._moment += np.outer(step, step) * (self._n * error.size / count)
        self._mean += step * (error.size / count)
        self._error_mean += (float(error.mean()) - self._error_mean) * (error.size / count)
        self._error_square += float((error**2).sum())
        self._absolute += float(np.abs(error).sum())
        self._n = count
        scaled = (error / self._range + 1.0) * (0.5 * _HISTOGRAM_BINS)
        index = np.clip(scaled.astype(np.int64), 0, _HISTOGRAM_BINS - 1)
        self._histogram += np.bincount(index, minlength=_HISTOGRAM_BINS)
        return error

    def result(self, robust_sd: float | None = None) -> Metrics:
        """Metrics of all that was added; ``robust_sd`` replaces the histogram's."""
        if not self._n:
            return Metrics(0, *(math.nan,) * 7)
        mean_square = self._error_square / self._n
        bias = self._error_mean
        # what rounding (to float32, and of sums) leaves of a constant's variance is no variance
        floor = self._n * (_ROUNDING * self._mean) ** 2
        variances = np.diag(self._moment)
        estimate, reference = np.where(variances > floor, variances, 0.0).tolist()
        product = math.sqrt(estimate * reference)
        return Metrics(
            n=self._n,
            bias=bias,
            mae=self._absolute / self._n,
            rmse=math.sqrt(mean_square),
            ubrmse=math.sqrt(max(mean_square - bias**2, 0.0)),
            robust_sd=self._robust_sd() if robust_sd is None else robust_sd,
            pcc=float(self._moment[0, 1] / product) if product > 0 else math.nan,
            r2=float(1.0 - self._error_square / reference) if reference > 0 else math.nan,
        )

    def _robust_sd(self) -> float:
        width = 2.0 * self._range / _HISTOGRAM_BINS
        centres = (np.arange(_HISTOGRAM_BINS, dtype=np.float64) + 0.5) * width - self._range
        median = _weighted_median(centres, self._histogram)
        distance = np.abs(centres - median).astype(np.float64)
        return MAD_TO_SD * _weighted_median(distance, self._histogram)


def _weighted_median(values: NDArray[np.float64], weights: NDArray[np.int64]) -> float:
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(cumulative, 0.5 * cumulative[-1])]])
