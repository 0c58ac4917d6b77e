"""Statistics of scenes: values by name, and scenes that leave nothing to measure."""

from __future__ import annotations

import numpy as np
import pytest

from akkd_core.physics.scene_statistics import SCENE_INPUTS, STATISTIC_NAMES, scene_statistics

RNG = np.random.default_rng(11)


def pixels(count: int) -> np.ndarray:
    reference = RNG.normal(290.0, 6.0, count)
    differences = RNG.normal([-3.0, -2.0, -1.0, 0.0, -0.8], [1.0, 0.7, 0.5, 0.0, 0.3], (count, 5))
    # warm ground differs more in band 10
    differences[:, 0] -= 0.12 * (reference - 290.0)
    return (reference[:, None] + differences).astype(np.float32)


def named(bt: np.ndarray) -> dict[str, float]:
    values = scene_statistics(bt)
    assert values.dtype == np.float32 and values.shape == (75,)
    return dict(zip(STATISTIC_NAMES, values.tolist(), strict=True))


def test_values_by_name() -> None:
    bt = pixels(20_000)
    found = named(bt)
    difference = (bt[:, 0] - bt[:, 3]).astype(np.float64)
    reference = bt[:, 3].astype(np.float64)
    assert found["mean_bt_13"] == pytest.approx(reference.mean(), abs=1e-3)
    assert found["mean_bt_10_minus_13"] == pytest.approx(difference.mean(), abs=1e-3)
    assert found["log_spread_bt_13"] == pytest.approx(np.log(reference.std()), abs=1e-3)
    assert found["q50_bt_13"] == pytest.approx(np.median(reference), abs=0.01)
    assert found["q98_bt_10_minus_13"] == pytest.approx(np.quantile(difference, 0.98), abs=0.02)
    expected = np.corrcoef(reference, difference)[0, 1]
    assert found["correlation_bt_13_bt_10_minus_13"] == pytest.approx(expected, abs=1e-3)
    order = np.argsort(reference)[: len(bt) // 5]
    assert found["bin0_bt_10_minus_13"] == pytest.approx(difference[order].mean(), abs=1e-3)


def test_order_of_pixels_does_not_matter() -> None:
    bt = pixels(3000)
    np.testing.assert_allclose(
        scene_statistics(bt), scene_statistics(RNG.permutation(bt)), atol=2e-4
    )


def test_warmer_scene_differs_in_its_temperatures_alone() -> None:
    bt = pixels(5000)
    cold, warm = named(bt), named(bt + np.float32(4.0))
    for name in STATISTIC_NAMES:
        of_reference = name in ("mean_bt_13",) or (name[0] == "q" and name.endswith("_bt_13"))
        shift = 4.0 if of_reference else 0.0
        assert warm[name] - cold[name] == pytest.approx(shift, abs=5e-3), name


@pytest.mark.parametrize("count", [1, 2, 5, 64])
def test_uniform_and_tiny_scenes(count: int) -> None:
    bt = np.tile(np.array([285.0, 286.0, 287.0, 288.0, 287.5], dtype=np.float32), (count, 1))
    found = named(bt)
    assert all(np.isfinite(list(found.values())))
    assert found["log_spread_bt_13"] == pytest.approx(np.log(0.05), abs=1e-5)
    assert found["correlation_bt_13_bt_10_minus_13"] == 0.0
    for number in range(5):
        assert found[f"bin{number}_bt_10_minus_13"] == pytest.approx(-3.0)


def test_input_is_left_alone() -> None:
    bt = pixels(500)
    before = bt.copy()
    scene_statistics(bt)
    np.testing.assert_array_equal(bt, before)


def test_names_are_unique() -> None:
    assert len(set(SCENE_INPUTS)) == len(SCENE_INPUTS) == 79
