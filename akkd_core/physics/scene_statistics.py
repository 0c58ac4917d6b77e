"""Statistics of a scene's brightness temperatures: what tells the atmosphere.

All pixels of a scene look through nearly the same air at many temperatures and materials, so the
joint distribution of band 13 and of the four differences to it carries the atmosphere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from akkd_core.physics.features import ATMOSPHERE_NAMES, OTHERS, REFERENCE

QUANTILES = (0.02, 0.10, 0.25, 0.50, 0.75, 0.90, 0.98)
_BINS = 5
_SPREAD_FLOOR_K = 0.05
_VARIABLES = ("bt_13", "bt_10_minus_13", "bt_11_minus_13", "bt_12_minus_13", "bt_14_minus_13")
_PAIRS = tuple((i, j) for i in range(5) for j in range(i + 1, 5))

STATISTIC_NAMES = (
    *(f"mean_{v}" for v in _VARIABLES),
    *(f"log_spread_{v}" for v in _VARIABLES),
    *(f"q{round(100 * q):02d}_{v}" for v in _VARIABLES for q in QUANTILES),
    *(f"correlation_{_VARIABLES[i]}_{_VARIABLES[j]}" for i, j in _PAIRS),
    *(f"bin{b}_{v}" for b in range(_BINS) for v in _VARIABLES[1:]),
)
"""Names of the statistics, in order; temperatures in K."""

ANCILLARY_NAMES = ("tcwv_kg_m2", "tcwv_known", "air_temperature_k", "air_temperature_known")
"""What may be known of the air, each with a flag 0 or 1."""

SCENE_INPUTS = STATISTIC_NAMES + ANCILLARY_NAMES
"""Inputs of the scene network, in order."""

PROFILE_NAMES = (*(f"profile_{name}" for name in ATMOSPHERE_NAMES), "profile_known")
"""Further inputs of a scene network that takes a known atmosphere: the atmosphere of a profile,
encoded as `akkd_core.physics.features.encode_atmosphere` does, and a flag 0 or 1."""

SCENE_INPUT_SETS = (SCENE_INPUTS, SCENE_INPUTS + PROFILE_NAMES)
"""What a scene network may take: without and with the atmosphere of a profile."""


def scene_statistics(bt: NDArray[np.floating]) -> NDArray[np.float32]:
    """Statistics of one scene's pixels.

    Parameters
    ----------
    bt : ndarray, (n, 5)
        Brightness temperature of valid pixels, K, n >= 1, no NaN.

    Returns
    -------
    ndarray of float32, (75,)
        In the order of `STATISTIC_NAMES`: mean, log standard deviation (floor 0.05 K), seven
        quantiles of BT13 and of the four differences to it, their correlations, and the mean
        differences within five equally filled classes of BT13.
    """
    values = np.array(bt, dtype=np.float32)
    reference = values[:, REFERENCE]
    x = np.stack([reference, *(values[:, i] - reference for i in OTHERS)])
    mean = x.mean(axis=1, dtype=np.float64)
    centred = x - mean[:, None].astype(np.float32)
    count = x.shape[1]
    covariance = (centred @ centred.T).astype(np.float64) / count
    spread = np.sqrt(np.maximum(np.diag(covariance), _SPREAD_FLOOR_K**2))
    order = np.sort(x, axis=1)
    position = [min(int(q * count), count - 1) for q in QUANTILES]
    correlation = [covariance[i, j] / (spread[i] * spread[j]) for i, j in _PAIRS]
    edges = order[0, [min(count * b // _BINS, count - 1) for b in range(1, _BINS)]]
    label = np.searchsorted(edges, reference, side="right")
    size = np.bincount(label, minlength=_BINS)
    bins = np.stack([np.bincount(label, weights=row, minlength=_BINS) for row in x[1:]])
    # an empty class (all pixels alike) takes the scene's mean
    by_class = np.where(size > 0, bins / np.maximum(size, 1), mean[1:, None])
    return np.concatenate(
        [mean, np.log(spread), order[:, position].ravel(), correlation, by_class.T.ravel()]
    ).astype(np.float32)
