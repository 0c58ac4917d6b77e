"""Scores of tallied errors with intervals by profile: mean errors, coverage, likelihood, bias."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.physics.features import OUTPUT_NAMES
from akkd_core.validation.error_tally import ERROR_EDGES, UNITS, ErrorTally

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

TCWV_EDGES_KG_M2 = (10.0, 20.0, 30.0, 40.0)
TCWV_CLASSES = ("0-10", "10-20", "20-30", "30-40", ">40")

ONE_SIGMA = 0.6827
_DRAWS = 1000
_FEWEST_PROFILES = 5
_LOG_2PI = math.log(2.0 * math.pi)


@dataclass(frozen=True)
class Estimate:
    """A figure with its uncertainty; NaN where there is none.

    Parameters
    ----------
    value : float
    low, high : float
        95 % interval, by resampling profiles.
    standard_error : float
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    standard_error: float = math.nan


def ratio_by_profile(
    above: Array, below: Array, profile: NDArray[np.str_], seed: int = 0
) -> Estimate:
    """Ratio of two sums over scenes, with an interval by resampling whole profiles.

    Scenes of one profile aren't independent; percentile intervals of 1,000 draws (Efron and
    Tibshirani 1993, chapter 13). None with fewer than five profiles.

    Parameters
    ----------
    above, below : ndarray of float64, (scene,)
        Scenes where either isn't finite are left out.
    profile : ndarray of str, (scene,)
    seed : int
        Same seed, same interval.
    """
    usable = np.isfinite(above) & np.isfinite(below)
    above, below, profile = above[usable], below[usable], profile[usable]
    if not below.sum() > 0:
        return Estimate(math.nan)
    value = float(above.sum() / below.sum())
    names, label = np.unique(profile, return_inverse=True)
    count = len(names)
    if count < _FEWEST_PROFILES:
        return Estimate(value)
    top = np.bincount(label.ravel(), weights=above, minlength=count)
    bottom = np.bincount(label.ravel(), weights=below, minlength=count)
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1.0 / count), _DRAWS)
    drawn_bottom = draws @ bottom
    drawn = (draws @ top)[drawn_bottom > 0] / drawn_bottom[drawn_bottom > 0]
    low, high = np.percentile(drawn, [2.5, 97.5]).tolist()
    return Estimate(value, low, high, float(drawn.std(ddof=1)))


@dataclass(frozen=True)
class Likelihood:
    """Mean negative log likelihood of normal errors, and that of a constant sigma.

    Parameters
    ----------
    told : Estimate
        With the predicted sigmas, in nats a pixel.
    constant : float
        With the root mean square of these very errors as sigma of all of them: no other constant
        does better, so it is more than a constant that was fitted elsewhere could reach.
    constant_sigma : float
        That constant, K or 1.
    gain : Estimate
        ``constant - told``: above 0 the predicted sigmas are worth having.
    """

    told: Estimate
    constant: float
    constant_sigma: float
    gain: Estimate


class ErrorSummary:
    """Scores of a tally, or of those of its scenes that are chosen.

    Parameters
    ----------
    tally : ErrorTally
    chosen : ndarray of bool, (scene,), optional
    """

    def __init__(self, tally: ErrorTally, chosen: Mask | None = None) -> None:
        self._tally = tally
        self._chosen = np.ones(len(tally), dtype=bool) if chosen is None else chosen
        self.profile = tally.facts.profile[self._chosen]
        self.scenes = int(self._chosen.sum())

    def _sum(self, name: str) -> Array:
        return self._tally.moment(name)[self._chosen]

    def _by_scene(self, name: str) -> Array:
        pixels = self._sum("pixels")
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(pixels > 0, self._sum(name) / pixels, np.nan)

    def lst_mae(self) -> Estimate:
        """Mean over scenes of the scene's mean absolute LST error, K."""
        mae = self._by_scene("absolute")[:, 0]
        return ratio_by_profile(mae, np.ones_like(mae), self.profile)

    def lse_mae(self) -> Estimate:
        """Mean over scenes and bands of the scene's mean absolute LSE error."""
        mae = self._by_scene("absolute")[:, 1:].mean(axis=1)
        return ratio_by_profile(mae, np.ones_like(mae), self.profile)

    def bias(self, output: int = 0) -> Estimate:
        """Mean over scenes of the scene's mean error, K or 1."""
        mean = self._by_scene("error")[:, output]
        return ratio_by_profile(mean, np.ones_like(mean), self.profile)

    def mean_absolute_scene_bias(self) -> float:
        """Mean over scenes of the absolute of the scene's mean LST error, K."""
        bias = np.abs(self._by_scene("error")[:, 0])
        return float(np.nanmean(bias)) if np.isfinite(bias).any() else math.nan

    def retrieved_share(self, pixels: int) -> float:
        """Share of the chosen scenes' pixels that have a temperature, 0-1."""
        return float(self._sum("pixels")[:, 0].sum() / max(pixels * self.scenes, 1))

    def coverage(self, output: int, interval: str = "in_sigma") -> Estimate:
        """Share of pixels within the predicted error (``in_sigma``) or interval (``in_90``)."""
        return ratio_by_profile(
            self._sum(interval)[:, output], self._sum("told")[:, output], self.profile
        )

    def likelihood(self, output: int) -> Likelihood:
        """Negative log likelihood of an output's errors."""
        told, square = self._sum("told")[:, output], self._sum("told_square")[:, output]
        log_sigma = self._sum("log_sigma")[:, output]
        nll = log_sigma + 0.5 * self._sum("scaled_square")[:, output] + 0.5 * _LOG_2PI * told
        if not told.sum() > 0 or not square.sum() > 0:
            return Likelihood(Estimate(math.nan), math.nan, math.nan, Estimate(math.nan))
        variance = float(square.sum() / told.sum())
        constant = told * 0.5 * (_LOG_2PI + math.log(variance)) + 0.5 * square / variance
        return Likelihood(
            ratio_by_profile(nll, told, self.profile),
            float(constant.sum() / told.sum()),
            math.sqrt(variance),
            ratio_by_profile(constant - nll, told, self.profile),
        )


def tcwv_classes(tally: ErrorTally) -> tuple[tuple[str, ErrorSummary], ...]:
    """Summaries of the scenes of each class of water vapour (`TCWV_CLASSES`, kg m-2)."""
    number = np.digitize(tally.facts.tcwv_kg_m2, TCWV_EDGES_KG_M2)
    return tuple(
        (name, ErrorSummary(tally, number == place)) for place, name in enumerate(TCWV_CLASSES)
    )


def cover_classes(tally: ErrorTally) -> tuple[tuple[str, ErrorSummary], ...]:
    """Summaries of the scenes of each land cover, in alphabetical order, where it is known."""
    cover = tally.facts.land_cover
    return tuple(
        (name, ErrorSummary(tally, cover == name)) for name in sorted(set(cover.tolist()) - {""})
    )


@dataclass(frozen=True)
class ReliabilityBin:
    """Pixels of like predicted error.

    Parameters
    ----------
    sigma : float
        Root mean square of the predicted errors, K or 1.
    rms : float
        Root mean square of the true errors.
    quantile_68 : float
        Which 68.3 % of the absolute errors don't exceed; good to 3 %.
    share : float
        Of all pixels, 0-1.
    """

    sigma: float
    rms: float
    quantile_68: float
    share: float


def reliability(tally: ErrorTally, output: int, bins: int = 10) -> tuple[ReliabilityBin, ...]:
    """Errors by predicted error, in up to ``bins`` classes of about as many pixels each.

    Parameters
    ----------
    tally : ErrorTally
    output : int
        Of `OUTPUT_NAMES`.
    bins : int
    """
    counts = tally.histogram[output].sum(axis=1)
    total = int(counts.sum())
    found: list[ReliabilityBin] = []
    start = 0
    for stop in range(1, len(counts) + 1):
        inside = int(counts[start:stop].sum())
        # the last one takes what is left, unless it would be tiny
        left = int(counts[stop:].sum())
        enough = inside * bins >= total and left * 2 * bins >= total
        if not inside or not (enough or not left):
            continue
        errors = tally.histogram[output, start:stop].sum(axis=0)
        found.append(
            ReliabilityBin(
                math.sqrt(tally.sigma_square[output, start:stop].sum() / inside),
                math.sqrt(tally.square_by_sigma[output, start:stop].sum() / inside),
                _quantile(errors, ONE_SIGMA) * float(UNITS[output]),
                inside / total,
            )
        )
        start = stop
        if not left:
            break
    return tuple(found)


def _quantile(counts: NDArray[np.int64], share: float) -> float:
    """Quantile of a histogram on `ERROR_EDGES`, even in the logarithm within a bin."""
    cumulative = np.concatenate([[0], np.cumsum(counts)]) / max(int(counts.sum()), 1)
    return float(np.exp(np.interp(share, cumulative, np.log(ERROR_EDGES))))


def mae_difference(first: ErrorTally, second: ErrorTally) -> Estimate:
    """LST MAE of one method minus another's on the same scenes, K, paired scene by scene."""
    apart = [
        np.divide(
            tally.moment("absolute")[:, 0],
            tally.moment("pixels")[:, 0],
            out=np.full(len(tally), np.nan),
            where=tally.moment("pixels")[:, 0] > 0,
        )
        for tally in (first, second)
    ]
    difference = apart[0] - apart[1]
    return ratio_by_profile(difference, np.ones_like(difference), first.facts.profile)


LSE_OUTPUTS = tuple(range(1, len(OUTPUT_NAMES)))
"""Places of the emissivities in `OUTPUT_NAMES`."""
