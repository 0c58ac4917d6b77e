"""Block bootstrap: against plain resampling, coverage, and what blocks change."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.validation import bootstrap
from akkd_core.validation.bootstrap import INTERVAL_METRICS, bootstrap_intervals, spatial_blocks
from akkd_core.validation.match_up import MatchUp
from akkd_core.validation.metrics import metrics


def match_up(estimate: NDArray[np.float64], values: NDArray[np.float64],
             cluster: NDArray[np.intp], **more: NDArray[np.bool_]) -> MatchUp:  # fmt: skip
    return MatchUp(
        "ours", "theirs", "LST", "K", estimate, values, cluster, {}, (), subsets=more
    )


def clustered(
    seed: int, clusters: int = 60, each: int = 12, shared: float = 1.0, own: float = 0.3
) -> MatchUp:
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(clusters), each)
    values = rng.uniform(280, 320, cluster.size)
    error = shared * rng.standard_normal(clusters)[cluster]
    error += own * rng.standard_normal(cluster.size)
    return match_up(values + error, values, cluster)


def test_every_metric_agrees_with_resampling_by_hand() -> None:
    found = clustered(3, clusters=25, each=8)
    mine = bootstrap_intervals(found, draws=400, seed=1)
    rng = np.random.default_rng(7)
    drawn = []
    for _ in range(400):
        index = np.concatenate(
            [np.flatnonzero(found.cluster == c) for c in rng.integers(0, 25, 25)]
        )
        drawn.append(metrics(found.estimate[index], found.values[index]))
    for name in INTERVAL_METRICS:
        values = np.array([getattr(one, name) for one in drawn])
        low, high = np.percentile(values, [2.5, 97.5])
        spread = high - low
        assert mine[name][0] == pytest.approx(low, abs=0.2 * spread), name
        assert mine[name][1] == pytest.approx(high, abs=0.2 * spread), name


def test_one_draw_of_everything_gives_the_metrics_themselves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    even = clustered(5, clusters=7, each=40)
    # lopsided: the distances below the median and above it differ
    lopsided = np.random.default_rng(6).exponential(2.0, even.values.size) ** 2
    found = match_up(even.values + lopsided, even.values, even.cluster)

    class Once:
        def multinomial(self, n: int, shares: object, size: int) -> NDArray[np.int64]:
            return np.ones((size, n), dtype=np.int64)

    monkeypatch.setattr(bootstrap.np.random, "default_rng", lambda seed: Once())
    expected = metrics(found.estimate, found.values)
    for at_once in (4000, 1):  # one product of matrices, and draw by draw
        monkeypatch.setattr(bootstrap, "_CLUSTERS_AT_ONCE", at_once)
        for name, (low, high) in bootstrap_intervals(found, draws=10).items():
            near = 5e-3 if name == "robust_sd" else 1e-9
            assert low == high == pytest.approx(getattr(expected, name), rel=near), name


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Standard error of the bias is 1/sqrt(60); pixels resampled singly would say a third of it."""
    inside = singly = 0
    for seed in range(60):
        found = clustered(seed)
        low, high = bootstrap_intervals(found, draws=100, seed=seed)["bias"]
        inside += low <= 0.0 <= high
        alone = match_up(found.estimate, found.values, np.arange(found.estimate.size))
        low, high = bootstrap_intervals(alone, draws=50, seed=seed)["bias"]
        singly += low <= 0.0 <= high
    assert 0.88 <= inside / 60 <= 0.99
    assert singly / 60 < 0.6


def test_same_seed_same_intervals() -> None:
    found = clustered(1)
    first = bootstrap_intervals(found, draws=100, seed=4)
    assert first == bootstrap_intervals(found, draws=100, seed=4)
    assert first != bootstrap_intervals(found, draws=100, seed=5)
    wide = bootstrap_intervals(found, draws=100, seed=4, level=0.99)["rmse"]
    assert wide[0] <= first["rmse"][0] < first["rmse"][1] <= wide[1]


def test_subsets_have_their_own() -> None:
    found = clustered(2)
    half = match_up(
        found.estimate, found.values, found.cluster, half=np.arange(found.estimate.size) < 360
    )
    alone = match_up(found.estimate[:360], found.values[:360], found.cluster[:360])
    assert bootstrap_intervals(half, subset="half", draws=50) == bootstrap_intervals(
        alone, draws=50
    )


def test_too_few_clusters_have_no_interval() -> None:
    found = clustered(2, clusters=4)
    assert all(math.isnan(v) for pair in bootstrap_intervals(found).values() for v in pair)


def test_a_constant_error_and_reference() -> None:
    cluster = np.repeat(np.arange(6), 3)
    found = bootstrap_intervals(match_up(np.full(18, 301.5), np.full(18, 300.0), cluster))
    assert found["bias"] == found["mae"] == pytest.approx((1.5, 1.5))
    assert found["robust_sd"] == (0.0, 0.0)
    assert math.isnan(found["pcc"][0]) and math.isnan(found["r2"][1])


def test_blocks_are_squares() -> None:
    row, col = np.mgrid[0:50, 0:45]
    blocks = spatial_blocks(row.ravel(), col.ravel(), 20).reshape(50, 45)
    assert sorted(np.unique(blocks).tolist()) == list(range(9))
    assert np.unique(blocks[20:40, 20:40]).size == 1
    assert blocks[19, 19] != blocks[20, 19] and blocks[19, 19] != blocks[19, 20]
    assert spatial_blocks([], [], 5).size == 0
    with pytest.raises(ParameterError, match="positive"):
        spatial_blocks([1], [1], 0)


@pytest.mark.parametrize(("draws", "level"), [(5, 0.95), (100, 1.0), (100, 0.0)])
def test_mistakes(draws: int, level: float) -> None:
    with pytest.raises(ParameterError, match="bootstrap"):
        bootstrap_intervals(clustered(0), draws=draws, level=level)
