"""Confidence intervals of metrics by a block bootstrap.

Errors of neighbouring pixels hang together (one atmosphere, one material), so that resampling
single pixels would claim far too narrow intervals. Whole blocks are drawn with replacement instead
(Kunsch 1989, Annals of Statistics 17, 1217-1241; percentile intervals as in Efron and Tibshirani
1993, chapter 13).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from akkd_core.errors import ParameterError
from akkd_core.validation.match_up import MatchUp
from akkd_core.validation.metrics import MAD_TO_SD

INTERVAL_METRICS = ("bias", "mae", "rmse", "ubrmse", "robust_sd", "pcc", "r2")
"""Metrics that get an interval."""

FEWEST_CLUSTERS = 5
"""With fewer blocks there is no interval: too few ways of drawing them."""

Array = NDArray[np.float64]

_BINS = 2000
_CLUSTERS_AT_ONCE = 4000
_WEIGHTS_AT_ONCE = 4_000_000
_ROUNDING = 1e-6


def spatial_blocks(row: ArrayLike, col: ArrayLike, side: int) -> NDArray[np.intp]:
    """Clusters of pixels: squares of a raster.

    Parameters
    ----------
    row, col : array_like of int, (n,)
        Places, counted from 0.
    side : int
        Of a square, pixels.

    Returns
    -------
    ndarray of intp, (n,)
        Numbers from 0 on without gaps.

    Raises
    ------
    ParameterError
        If ``side`` isn't positive.
    """
    if side < 1:
        raise ParameterError(f"side of the blocks is {side} pixels, must be positive")
    down, along = np.asarray(row) // side, np.asarray(col) // side
    if not down.size:
        return np.empty(0, dtype=np.intp)
    number = np.unique(down * (along.max() + 1) + along, return_inverse=True)[1]
    return np.asarray(number.ravel(), dtype=np.intp)


def bootstrap_intervals(
    match_up: MatchUp,
    *,
    subset: str | None = None,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, tuple[float, float]]:
    """Intervals of the metrics of a match-up, by resampling its clusters.

    Parameters
    ----------
    match_up : MatchUp
    subset : str, optional
        Only the pairs of this subset.
    draws : int
        Resamplings, 10 or more.
    seed : int
        Same seed, same intervals.
    level : float
        Probability that an interval covers the true value, between 0 and 1.

    Returns
    -------
    dict of str to (float, float)
        Lower and upper bound by name of `INTERVAL_METRICS`, in the quantity's unit. NaN with fewer
        than `FEWEST_CLUSTERS` clusters, and where a metric is undefined. The robust spread's are
        good to a thousandth of the differences' range.

    Raises
    ------
    ParameterError
        If ``draws`` or ``level`` is out of range.
    """
    if draws < 10 or not 0.0 < level < 1.0:
        raise ParameterError(
            f"bootstrap: {draws} draws at level {level}, expected 10 or more and 0 to 1"
        )
    chosen = slice(None) if subset is None else match_up.subsets[subset]
    estimate, values = match_up.estimate[chosen], match_up.values[chosen]
    used, cluster = np.unique(match_up.cluster[chosen], return_inverse=True)
    if len(used) < FEWEST_CLUSTERS:
        return dict.fromkeys(INTERVAL_METRICS, (math.nan, math.nan))
    rng = np.random.default_rng(seed)
    found: dict[str, list[Array]] = {name: [] for name in INTERVAL_METRICS}
    batch = max(1, _WEIGHTS_AT_ONCE // len(used))
    for start in range(0, draws, batch):
        # how often each cluster is drawn: a bootstrap sample without the sample
        size = min(batch, draws - start)
        weights = rng.multinomial(len(used), np.full(len(used), 1.0 / len(used)), size=size)
        part = _moments(estimate, values, cluster.ravel(), weights.astype(np.float64))
        part["robust_sd"] = _robust_sd(estimate - values, cluster.ravel(), weights)
        for name in INTERVAL_METRICS:
            found[name].append(part[name])
    tail = 50.0 * (1.0 - level)
    return {name: _interval(np.concatenate(found[name]), tail) for name in INTERVAL_METRICS}


def _interval(drawn: Array, tail: float) -> tuple[float, float]:
    finite = drawn[np.isfinite(drawn)]
    if not finite.size:
        return math.nan, math.nan
    low, high = np.percentile(finite, [tail, 100.0 - tail]).tolist()
    return low, high


def _moments(
    estimate: Array, values: Array, cluster: NDArray[np.intp], weights: Array
) -> dict[str, Array]:
    """Metrics of each draw from sums over clusters, exact."""
    # centred first, or the squares of 300 K would drown the variances
    x, y = estimate - estimate.mean(), values - values.mean()
    error = estimate - values
    terms = (np.ones_like(x), error, np.abs(error), error**2, x, y, x * x, y * y, x * y)
    sums = np.stack([np.bincount(cluster, weights=term) for term in terms], axis=1)
    total = weights @ sums
    n, bias, mae, square, mx, my, xx, yy, xy = total.T / total.T[0]
    floor_x, floor_y = (_ROUNDING * estimate.mean()) ** 2, (_ROUNDING * values.mean()) ** 2
    variance_x, variance_y = xx - mx**2, yy - my**2
    with np.errstate(divide="ignore", invalid="ignore"):
        varied = variance_y > floor_y
        pcc = np.where(
            varied & (variance_x > floor_x),
            (xy - mx * my) / np.sqrt(variance_x * variance_y),
            math.nan,
        )
        r2 = np.where(varied, 1.0 - square / variance_y, math.nan)
    return {
        "bias": bias,
        "mae": mae,
        "rmse": np.sqrt(square),
        "ubrmse": np.sqrt(np.maximum(square - bias**2, 0.0)),
        "pcc": np.clip(pcc, -1.0, 1.0),
        "r2": r2,
    }


def _robust_sd(error: Array, cluster: NDArray[np.intp], weights: NDArray[np.int64]) -> Array:
    """1.4826 times the median absolute deviation of each draw, from a histogram per cluster."""
    low, high = float(error.min()), float(error.max())
    if not high > low:
        return np.zeros(len(weights))
    width = (high - low) / _BINS
    place = np.minimum(((error - low) / width).astype(np.intp), _BINS - 1)
    out = np.empty(len(weights))
    for i, drawn in enumerate(_histograms(place, cluster, weights)):
        middle = _middle(drawn)
        # folded at the median's bin it is the histogram of the distances from there
        below, above = drawn[middle::-1], drawn[middle:]
        folded = np.zeros(_BINS)
        folded[: above.size] = above
        folded[1 : below.size] += below[1:]
        out[i] = MAD_TO_SD * width * _middle(folded)
    return out


def _histograms(
    place: NDArray[np.intp], cluster: NDArray[np.intp], weights: NDArray[np.int64]
) -> Iterator[NDArray[Any]]:
    """Histogram of each draw: one product of matrices for few clusters, else one by one."""
    clusters = weights.shape[1]
    if clusters > _CLUSTERS_AT_ONCE:
        for drawn in weights:
            yield np.bincount(place, weights=drawn[cluster], minlength=_BINS)
        return
    counts = np.bincount(cluster * _BINS + place, minlength=clusters * _BINS)
    table = counts.reshape(clusters, _BINS).astype(np.float32)
    yield from weights.astype(np.float32) @ table


def _middle(counts: NDArray[Any]) -> int:
    """Index of the bin in which the median lies."""
    cumulative = np.cumsum(counts, dtype=np.float64)
    return int(np.searchsorted(cumulative, 0.5 * cumulative[-1]))
