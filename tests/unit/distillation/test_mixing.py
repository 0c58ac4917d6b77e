"""What mixing two estimates gains at best."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from akkd_core.distillation.mixing import GRID, Mixing, best_weight, mix, summarise
from akkd_core.errors import ParameterError


def square_weight(found: Mixing) -> float:
    return best_weight(found.own_square, found.teacher_square, found.product)


def test_two_opposite_biases_cancel() -> None:
    found = mix(np.full(50, 1.0), np.full(50, -3.0))
    assert found.own_bias == 1.0 and found.teacher_bias == -3.0
    assert GRID[np.argmin(found.mae)] == 0.25 and min(found.mae) == pytest.approx(0.0, abs=1e-12)
    assert square_weight(found) == pytest.approx(0.25)
    assert found.mae[0] == 1.0 and found.mae[-1] == 3.0
    assert found.correlation == 0.0


def test_independent_errors_of_one_size_are_worth_half_each() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, (2, 200_000))
    found = mix(a, b)
    assert square_weight(found) == pytest.approx(0.5, abs=0.01)
    # sd 1/sqrt(2), and the mean absolute value of a normal variable is sqrt(2/pi) of it
    assert min(found.mae) == pytest.approx(math.sqrt(1 / math.pi), abs=0.01)
    assert found.correlation == pytest.approx(0.0, abs=0.01)


def test_a_teacher_with_the_same_but_larger_error_gains_nothing() -> None:
    error = np.random.default_rng(1).normal(0, 1, 1000)
    found = mix(error, 2 * error)
    assert GRID[np.argmin(found.mae)] == 0.0 and square_weight(found) == 0.0
    assert found.correlation == pytest.approx(1.0)
    same = mix(error, error)
    assert square_weight(same) == 0.0


@given(st.floats(0.1, 5), st.floats(0.1, 5), st.floats(-0.99, 0.99))
def test_best_weight_is_the_least_of_the_parabola(a: float, b: float, correlation: float) -> None:
    product = correlation * a * b
    w = best_weight(a * a, b * b, product)

    def square(w: float) -> float:
        return (1 - w) ** 2 * a * a + w**2 * b * b + 2 * w * (1 - w) * product

    assert 0 <= w <= 1
    assert all(square(w) <= square(other) + 1e-9 for other in GRID)


def test_a_common_weight_over_scenes() -> None:
    n = np.ones(10)
    scenes = [mix(1.0 * n, -1.0 * n), mix(-2.0 * n, 2.0 * n), mix(0.5 * n, 0.5 * n)]
    found = summarise(scenes)
    assert found.scenes == 3
    assert found.own_mae == found.teacher_mae == pytest.approx(3.5 / 3)
    assert found.common_weight == 0.5 and found.common_mae == pytest.approx(0.5 / 3)
    assert found.own_weight_mae == pytest.approx(0.5 / 3)
    assert found.own_bias_sd == pytest.approx(np.std([1, -2, 0.5], ddof=1))
    expected = np.corrcoef([1, -2, 0.5], [-1, 2, 0.5])[0, 1]
    assert found.bias_correlation == pytest.approx(expected)
    alone = summarise(scenes[:1])
    assert alone.to_json()["own_bias_sd"] is None and math.isnan(alone.bias_correlation)


def test_what_has_no_error_is_refused() -> None:
    with pytest.raises(ParameterError, match="one length"):
        mix(np.ones(3), np.ones(4))
    with pytest.raises(ParameterError, match="no scene"):
        summarise([])
