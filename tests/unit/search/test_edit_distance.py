"""Edit distances: by hand, against a plain recursion, and as a distance."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akkd_core.bundle.architecture import Architecture, Layer
from akkd_core.search.edit_distance import distance_parts, edit_distances
from akkd_core.search.space import SearchSpace

SPACE = SearchSpace()


def distance(a: Architecture, b: Architecture) -> float:
    return float(edit_distances([a], [b])[0, 0])


def test_by_hand() -> None:
    start = Architecture.of((64, 128, 256))
    assert distance(start, start) == 0.0
    # width: |128 - 64| / 128 of one layer, a third of its distance
    assert distance(start, Architecture.of((64, 64, 256))) == pytest.approx(0.5 / 3)
    assert distance(start, Architecture.of((64, 128, 256), ("relu", "tanh", "relu"))) == (
        pytest.approx(1 / 3)
    )
    dropped = replace(start, layers=(Layer(64, "relu", 0.2), *start.layers[1:]))
    assert distance(start, dropped) == pytest.approx(0.4 / 3)
    assert distance(start, Architecture.of((64, 128, 32, 256))) == pytest.approx(1.0)
    assert distance(start, replace(start, optimizer="adamw")) == pytest.approx(0.5)
    assert distance(start, replace(start, learning_rate=1e-2)) == pytest.approx(0.25)
    assert distance(start, replace(start, learning_rate=1e-6)) == pytest.approx(0.5)


def test_the_parts_by_hand() -> None:
    a = Architecture.of((64, 128, 256), ("tanh", "relu", "relu"), learning_rate=1e-3)
    b = Architecture.of((64, 128, 256), optimizer="adamw", learning_rate=1e-2)
    np.testing.assert_allclose(distance_parts([a], [b])[:, 0, 0], [1 / 3, 1.0, 1.0, 0.5])
    c = Architecture.of((64, 128, 128), ("tanh", "relu", "tanh"), learning_rate=1e-3)
    np.testing.assert_allclose(distance_parts([a], [c])[:, 0, 0], [0.5, 0.0, 0.0, 0.0])


def test_layers_are_matched_not_compared_by_place() -> None:
    a = Architecture.of((1024, 64, 128, 256), ("sigmoid", "relu", "relu", "relu"))
    b = Architecture.of((64, 128, 256))
    assert distance(a, b) == pytest.approx(1.0)


def recursion(a: Architecture, b: Architecture) -> float:
    """The definition, without tables or arrays."""

    def layer(x: Layer, y: Layer) -> float:
        width = abs(x.units - y.units) / max(x.units, y.units)
        return (width + (x.activation != y.activation) + abs(x.dropout - y.dropout) / 0.5) / 3

    @cache
    def best(i: int, j: int) -> float:
        if i == 0 or j == 0:
            return float(i + j)
        return min(
            best(i - 1, j - 1) + layer(a.layers[i - 1], b.layers[j - 1]),
            best(i - 1, j) + 1,
            best(i, j - 1) + 1,
        )

    decades = abs(np.log10(a.learning_rate) - np.log10(b.learning_rate)) / 2
    training = ((a.optimizer != b.optimizer) + min(decades, 1.0)) / 2
    return best(len(a.layers), len(b.layers)) + training


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_equals_the_recursion_and_is_a_distance(seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = [SPACE.sample(rng) for _ in range(6)]
    found = edit_distances(drawn, drawn)
    expected = [[recursion(a, b) for b in drawn] for a in drawn]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(found, found.T, atol=1e-12)
    np.testing.assert_array_equal(np.diag(found), 0.0)
    # triangle inequality
    assert (found[:, None, :] <= found[:, :, None] + found[None, :, :] + 1e-12).all()


def test_many_at_once_equal_one_at_a_time() -> None:
    rng = np.random.default_rng(1)
    first, second = ([SPACE.sample(rng) for _ in range(n)] for n in (150, 7))
    found = edit_distances(first, second)
    assert found.shape == (150, 7)
    for i in (0, 63, 64, 149):
        for j in range(7):
            assert found[i, j] == pytest.approx(distance(first[i], second[j]))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_one_edit_is_near(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start = SPACE.sample(rng)
    assert 0.0 < distance(start, SPACE.mutate(start, rng)) <= 1.0 + 1e-12
