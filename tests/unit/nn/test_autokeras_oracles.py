"""Tuners without training: what they propose, and that an interruption changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("autokeras", reason="needs the training extra")

from akkd_core.bundle.architecture import AK_KD_TRIAL3, Architecture
from akkd_core.errors import ParameterError
from akkd_core.nn.autokeras_graph import architecture_of, hyperparameters_of, values_of
from akkd_core.nn.autokeras_oracles import OBJECTIVE, TUNERS, SpaceOracle, make_oracle
from akkd_core.search.proposer import EditDistanceProposer, RandomProposer, Tried
from akkd_core.search.space import SearchSpace

PAPER = SearchSpace()
LIMITED = SearchSpace(max_parameters=60_000)
NARROW = SearchSpace(
    layers=(1, 2), units=(4, 8, 16), activations=("relu", "tanh"), dropout=(0.0,),
    learning_rates=(1e-3, 1e-2), max_parameters=150,
)  # fmt: skip
TINY = SearchSpace(layers=(1, 2), units=(4, 8), dropout=(0.0, 0.5), learning_rates=(1e-3, 1e-2))


def oracle_of(tuner: str, space: SearchSpace, folder: Any, trials: int, **more: Any) -> SpaceOracle:
    oracle = make_oracle(
        tuner, space=space, search_seed=0, max_trials=trials, initial_points=3,
        proposer=EditDistanceProposer(space, initial=3, drawn=20, mutated=20), **more,
    )  # fmt: skip
    oracle._set_project_dir(folder, "p")
    oracle.verbose = 0
    return oracle


def drive(
    oracle: SpaceOracle, score: Callable[[Architecture], float | None]
) -> list[Architecture]:
    """Run trials as keras-tuner does, but for the training."""
    found = []
    while True:
        trial = oracle.create_trial("t")
        if trial.status == "STOPPED":
            return found
        found.append(architecture_of(trial.hyperparameters.values))
        value = score(found[-1])
        if value is None:
            trial.status = "FAILED"
        else:
            oracle.update_trial(trial.trial_id, {OBJECTIVE: value})
            trial.status = "COMPLETED"
        oracle.end_trial(trial)


def by_parameters(architecture: Architecture) -> float:
    return abs(np.log(architecture.parameters(5, 1) / 20_000)) + len(architecture.layers) / 10


def with_failures(architecture: Architecture) -> float | None:
    return None if architecture.optimizer == "adamw" else by_parameters(architecture)


@given(st.integers(0, 2**32))
def test_hyperparameters_and_architecture_say_the_same(seed: int) -> None:
    architecture = PAPER.sample(np.random.default_rng(seed))
    assert architecture_of(values_of(architecture)) == architecture


def test_layers_that_a_network_lacks_have_no_values() -> None:
    values = values_of(AK_KD_TRIAL3)
    assert values["fcn/units_3"] == 720 and "fcn/units_8" not in values
    assert architecture_of({**values, "fcn/units_9": 5}) == AK_KD_TRIAL3
    with pytest.raises(KeyError):
        architecture_of({**values, "fcn/layers": 8})


def test_all_nine_layers_are_declared_and_conditional() -> None:
    hp = hyperparameters_of(PAPER)
    assert len(hp.space) == 1 + 9 * 3 + 2
    hp.values["fcn/layers"] = 5
    active = [item.name for item in hp.space if hp.is_active(item)]
    assert "fcn/units_5" in active and "fcn/units_6" not in active


@settings(max_examples=50)
@given(st.integers(0, 2**31))
def test_every_random_draw_lies_in_the_space(seed: int) -> None:
    hp = hyperparameters_of(PAPER)
    values: dict[str, Any] = {}
    for i, item in enumerate(hp.space):
        values[item.name] = item.random_sample(seed + i)
    assert architecture_of(values) in PAPER


def test_draws_reach_every_value_even_the_last_layers(tmp_path: Any) -> None:
    seen = drive(oracle_of("random", PAPER, tmp_path, 90), lambda _: 1.0)
    assert all(architecture in PAPER for architecture in seen)
    layers = [layer for architecture in seen for layer in architecture.layers]
    assert {layer.dropout for layer in layers} == set(PAPER.dropout), "0.5 as well"
    assert {layer.activation for layer in layers} == set(PAPER.activations)
    assert {layer.units for layer in layers} >= {32, 1024}
    assert {len(architecture.layers) for architecture in seen} == set(PAPER.layers)
    assert {(a.optimizer, a.learning_rate) for a in seen} == {
        (name, rate) for name in PAPER.optimizers for rate in PAPER.learning_rates
    }
    ninth = [architecture.layers[8] for architecture in seen if len(architecture.layers) == 9]
    assert len({layer.units for layer in ninth}) > 5, "not the default in every network"


@pytest.mark.parametrize("tuner", TUNERS)
def test_all_tuners_keep_to_the_limit_and_propose_nothing_twice(tuner: str, tmp_path: Any) -> None:
    space = NARROW if tuner == "bayesian" else LIMITED  # seconds a proposal in the whole space
    seen = drive(oracle_of(tuner, space, tmp_path, 5), by_parameters)
    assert len(set(seen)) == 5
    assert all(architecture in space for architecture in seen)


@pytest.mark.parametrize("score", [by_parameters, with_failures])
@pytest.mark.parametrize("tuner", TUNERS)
def test_interrupted_anywhere_the_trials_are_the_same(
    tuner: str, score: Callable[[Architecture], float | None], tmp_path: Any
) -> None:
    whole = drive(oracle_of(tuner, NARROW, tmp_path, 6), score)
    assert len(set(whole)) == 6
    for kept in (1, 4):
        again = oracle_of(tuner, NARROW, tmp_path, 6, recorded=whole[:kept])
        np.random.seed(kept)
        assert drive(again, score) == whole
    longer = drive(oracle_of(tuner, NARROW, tmp_path, 7, recorded=whole), score)
    assert longer[:6] == whole and len(set(longer)) == 7


@pytest.mark.parametrize("tuner", TUNERS)
def test_numpys_global_state_is_left_alone(tuner: str, tmp_path: Any) -> None:
    np.random.seed(5)
    drive(oracle_of(tuner, TINY, tmp_path, 4), by_parameters)
    after = np.random.random()
    np.random.seed(5)
    assert after == np.random.random()


def test_seeds_differ_and_nought_is_one(tmp_path: Any) -> None:
    found = []
    for seed in (0, 0, 1):
        oracle = make_oracle("random", space=PAPER, search_seed=seed, max_trials=3)
        oracle._set_project_dir(tmp_path, "p")
        oracle.verbose = 0
        found.append(drive(oracle, lambda _: 1.0))
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("tuner", TUNERS)
def test_a_space_that_was_tried_whole_ends_the_search(tuner: str, tmp_path: Any) -> None:
    space = SearchSpace(layers=(1,), units=(4, 8), dropout=(0.0,), activations=("relu",),
                        optimizers=("adam",), learning_rates=(1e-3, 1e-2))  # fmt: skip
    assert len(set(drive(oracle_of(tuner, space, tmp_path, 9), by_parameters))) == 4


def test_many_failed_trials_in_a_row_do_not_end_the_search(tmp_path: Any) -> None:
    assert len(drive(oracle_of("random", TINY, tmp_path, 7), lambda _: None)) == 7


@dataclass
class Spy:
    """A proposer that keeps what it was told, and proposes one that is too large first."""

    space: SearchSpace
    seen: list[list[Tried]] = field(default_factory=list)

    def propose(self, tried: Sequence[Tried], rng: np.random.Generator) -> Architecture:
        self.seen.append(list(tried))
        if len(self.seen) == 2:
            return Architecture.of((1024,) * 9)
        return RandomProposer(self.space).propose(tried, rng)


def test_the_proposer_is_told_scores_and_failures_and_asked_again(tmp_path: Any) -> None:
    spy = Spy(TINY)
    oracle = make_oracle(
        "edit-distance", proposer=spy, space=TINY, search_seed=0, max_trials=3
    )
    oracle._set_project_dir(tmp_path, "p")
    oracle.verbose = 0
    scores = iter([0.5, None, 0.25])
    found = drive(oracle, lambda _: next(scores))
    assert [len(tried) for tried in spy.seen] == [0, 1, 1, 2]
    assert spy.seen[3] == [Tried(found[0], 0.5), Tried(found[1], None)]
    assert all(architecture in TINY for architecture in found)


def test_stopping_before_a_new_trial_but_not_before_a_recorded_one(tmp_path: Any) -> None:
    recorded = drive(oracle_of("random", TINY, tmp_path, 2), lambda _: 1.0)
    oracle = oracle_of("random", TINY, tmp_path, 5, recorded=recorded, stop=lambda: True)
    assert drive(oracle, lambda _: 1.0) == recorded and oracle.stopped


def test_unknown_tuners_are_named() -> None:
    for tuner in ("best", "edit-distance"):
        with pytest.raises(ParameterError, match=tuner):
            make_oracle(tuner, space=TINY, search_seed=0, max_trials=1)
