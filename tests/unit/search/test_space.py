"""The search space: what is in it, draws and mutations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akkd_core.bundle.architecture import AK_KD_TRIAL3, Architecture, Layer
from akkd_core.errors import ParameterError
from akkd_core.search.space import SearchSpace

PAPER = SearchSpace()


def test_the_defaults_are_the_papers() -> None:
    assert PAPER.layers == (3, 4, 5, 6, 7, 8, 9)
    assert PAPER.units[:2] == (32, 48) and PAPER.units[-1] == 1024 and len(PAPER.units) == 63
    assert PAPER.activations == ("relu", "tanh", "sigmoid")
    assert PAPER.dropout == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    assert PAPER.optimizers == ("adam", "adamw")
    assert AK_KD_TRIAL3 in PAPER


@pytest.mark.parametrize(
    "changed",
    [
        Architecture.of((32, 32)),
        Architecture.of((32,) * 10),
        Architecture.of((32, 40, 32)),
        Architecture.of((32, 32, 32), "silu"),
        Architecture.of((32, 32, 32), dropout=0.25),
        Architecture.of((32, 32, 32), learning_rate=2e-3),
    ],
)
def test_what_lies_outside(changed: Architecture) -> None:
    assert changed not in PAPER


def test_what_table_1_of_the_paper_holds_outside_its_own_space() -> None:
    # trial 7's first layer and the dropout of trials 1 and 5
    assert 769 not in PAPER.units
    assert 0.25 not in PAPER.dropout


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), limit=st.sampled_from([None, 20_000, 200_000]))
def test_draws_and_mutations_stay_inside(seed: int, limit: int | None) -> None:
    space = SearchSpace(max_parameters=limit)
    rng = np.random.default_rng(seed)
    drawn = space.sample(rng)
    assert drawn in space
    for _ in range(5):
        changed = space.mutate(drawn, rng)
        assert changed in space and changed != drawn
        assert abs(len(changed.layers) - len(drawn.layers)) <= 1
        drawn = changed


def test_every_choice_occurs_with_its_share() -> None:
    rng = np.random.default_rng(0)
    drawn = [PAPER.sample(rng) for _ in range(2000)]
    layers = [layer for a in drawn for layer in a.layers]
    for value in PAPER.dropout:
        share = np.mean([layer.dropout == value for layer in layers])
        assert share == pytest.approx(1 / 6, abs=0.02)
    for value in PAPER.layers:
        share = np.mean([len(a.layers) == value for a in drawn])
        assert share == pytest.approx(1 / 7, abs=0.04)
    assert {layer.units for layer in layers} == set(PAPER.units)
    assert np.mean([a.optimizer == "adam" for a in drawn]) == pytest.approx(0.5, abs=0.04)


def test_a_mutation_changes_one_thing() -> None:
    rng = np.random.default_rng(3)
    start = Architecture.of((64, 128, 256, 64), learning_rate=1e-3)
    kinds = set()
    for _ in range(200):
        changed = PAPER.mutate(start, rng)
        if len(changed.layers) != 4:
            kinds.add(len(changed.layers))
            continue
        pairs = zip(changed.layers, start.layers, strict=True)
        edits = sum(
            (a.units != b.units) + (a.activation != b.activation) + (a.dropout != b.dropout)
            for a, b in pairs
        )
        edits += changed.optimizer != start.optimizer
        edits += changed.learning_rate != start.learning_rate
        assert edits == 1
    assert kinds == {3, 5}


def test_the_limit_counts_weights_and_biases() -> None:
    # 5*32 + 32*32*2 + 32 weights and 97 biases
    smallest = Architecture(tuple(Layer(32) for _ in range(3)), "adam", 1e-4)
    assert SearchSpace().parameters(smallest) == 5 * 32 + 2 * 32 * 32 + 32 + 97
    assert smallest in SearchSpace(max_parameters=2337)
    with pytest.raises(ParameterError, match="smallest network of the space has 2337"):
        SearchSpace(max_parameters=2336)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("layers", ()),
        ("units", (64, 32)),
        ("units", (32, 2000)),
        ("dropout", (0.0, 0.6)),
        ("activations", ("relu", "relu")),
        ("activations", ("swish",)),
        ("optimizers", ()),
        ("learning_rates", (0.0, 1e-3)),
        ("layers", (3, 40)),
    ],
)
def test_a_space_that_is_none_is_refused(field: str, values: tuple[object, ...]) -> None:
    with pytest.raises(ParameterError):
        SearchSpace(**{field: values})  # type: ignore[arg-type]
