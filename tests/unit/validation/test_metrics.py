"""Metrics: by hand, with gaps, in parts, and where they are undefined."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from akkd_core.errors import ParameterError
from akkd_core.validation.metrics import Metrics, RunningMetrics, metrics

RNG = np.random.default_rng(1)


def test_by_hand() -> None:
    found = metrics([1.0, 2.0, 3.0, 6.0], [0.0, 2.0, 4.0, 4.0])
    assert found.n == 4
    assert found.bias == pytest.approx(0.5)
    assert found.mae == pytest.approx(1.0)
    assert found.rmse == pytest.approx(math.sqrt(6 / 4))
    assert found.ubrmse == pytest.approx(math.sqrt(6 / 4 - 0.25))
    # differences 1, 0, -1, 2: median 0.5, deviations 0.5, 0.5, 1.5, 1.5
    assert found.robust_sd == pytest.approx(1.4826)
    assert found.pcc == pytest.approx(np.corrcoef([1, 2, 3, 6], [0, 2, 4, 4])[0, 1])
    assert found.r2 == pytest.approx(1 - 6 / 11)


def test_normal_errors_have_the_spread_they_were_given() -> None:
    truth = RNG.uniform(270, 320, 200_000)
    found = metrics(truth + RNG.normal(0.3, 1.2, truth.size), truth)
    assert found.bias == pytest.approx(0.3, abs=0.01)
    assert found.ubrmse == pytest.approx(1.2, abs=0.01)
    assert found.robust_sd == pytest.approx(1.2, abs=0.01)
    assert found.mae < found.rmse


def test_gaps_on_either_side_are_left_out() -> None:
    estimate = np.array([[1.0, np.nan, 3.0], [4.0, np.inf, 6.5]], dtype=np.float32)
    reference = np.array([[1.5, 2.0, np.nan], [4.0, 5.0, 6.0]], dtype=np.float32)
    found = metrics(estimate, reference)
    assert found == metrics([1.0, 4.0, 6.5], [1.5, 4.0, 6.0])
    assert found.n == 3


@pytest.mark.parametrize("values", [[], [np.nan, np.nan]])
def test_nothing_to_compare(values: list[float]) -> None:
    found = metrics(values, values)
    assert found.n == 0
    assert all(v is None for k, v in found.to_json().items() if k != "n")


def test_a_constant_has_no_correlation() -> None:
    found = metrics([300.1] * 50, np.linspace(290, 310, 50))
    assert math.isnan(found.pcc) and math.isfinite(found.r2)
    found = metrics(np.linspace(290, 310, 50), [300.1] * 50)
    assert math.isnan(found.pcc) and math.isnan(found.r2)
    assert found.rmse == pytest.approx(math.sqrt(np.mean((np.linspace(290, 310, 50) - 300.1) ** 2)))


def test_a_constant_rounded_to_float32_has_no_correlation() -> None:
    rng = np.random.default_rng(3)
    water = np.full(5000, 0.9876, np.float32)
    water[::2] = np.nextafter(water[0], np.float32(1))
    result = metrics(water + rng.normal(0, 0.002, 5000), water)
    assert math.isnan(result.pcc) and math.isnan(result.r2)
    assert result.rmse == pytest.approx(0.002, rel=0.05)


def test_float32_input_loses_nothing() -> None:
    truth = (300.0 + RNG.normal(0, 0.01, 500_000)).astype(np.float32)
    estimate = truth + np.float32(0.25)
    found = metrics(estimate, truth)
    assert found.bias == pytest.approx(
        (estimate.astype(np.float64) - truth.astype(np.float64)).mean(), abs=1e-12
    )
    assert found.pcc == pytest.approx(1.0, abs=1e-4)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(0, 1000))
def test_parts_give_the_whole(sizes: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.uniform(280, 310, sum(sizes))
    estimate = truth + rng.normal(0.5, 1.0, truth.size)
    estimate[rng.random(truth.size) < 0.1] = np.nan
    running = RunningMetrics()
    for part in np.split(np.arange(truth.size), np.cumsum(sizes)[:-1]):
        running.add(estimate[part], truth[part])
    whole, parts = metrics(estimate, truth), running.result()
    for name in ("n", "bias", "mae", "rmse", "ubrmse", "pcc", "r2"):
        expected = getattr(whole, name)
        assert getattr(parts, name) == pytest.approx(expected, rel=1e-7, abs=1e-9, nan_ok=True)


def test_robust_spread_from_the_histogram() -> None:
    truth = RNG.uniform(0.9, 1.0, 5001)
    estimate = truth + RNG.standard_t(3, truth.size) * 0.01
    running = RunningMetrics(error_range=1.0)
    running.add(estimate, truth)
    exact = metrics(estimate, truth).robust_sd
    assert running.result().robust_sd == pytest.approx(exact, abs=2e-4)


def test_differences_beyond_the_histogram_count_in_the_moments() -> None:
    running = RunningMetrics(error_range=1.0)
    running.add([0.0, 100.0], [0.0, 0.0])
    assert running.result().bias == pytest.approx(50.0)


def test_mistakes() -> None:
    with pytest.raises(ParameterError, match=r"\(3,\)"):
        metrics([1, 2, 3], [1, 2])
    with pytest.raises(ParameterError, match="positive"):
        RunningMetrics(0.0)


def test_metrics_are_frozen() -> None:
    with pytest.raises(AttributeError):
        metrics([1.0], [1.0]).bias = 2.0  # type: ignore[misc]
    assert isinstance(metrics([1.0], [1.0]), Metrics)
