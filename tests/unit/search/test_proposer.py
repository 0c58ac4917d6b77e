"""The Gaussian process over architectures and the proposer that uses it."""

from __future__ import annotations

import numpy as np
import pytest

from akkd_core.bundle.architecture import Architecture
from akkd_core.errors import ParameterError
from akkd_core.search.edit_distance import edit_distances
from akkd_core.search.gaussian_process import EMBEDDINGS, predict
from akkd_core.search.proposer import EditDistanceProposer, RandomProposer, Tried
from akkd_core.search.space import SearchSpace

SPACE = SearchSpace()


def difficulty(architecture: Architecture) -> float:
    """An error that depends on activation and dropout, as trained networks' errors do."""
    sigmoids = np.mean([layer.activation == "sigmoid" for layer in architecture.layers])
    dropout = np.mean([layer.dropout for layer in architecture.layers])
    return float(1.0 + 2.0 * sigmoids + 3.0 * dropout)


def trials(count: int, seed: int = 0) -> list[Tried]:
    rng = np.random.default_rng(seed)
    drawn = [SPACE.sample(rng) for _ in range(count)]
    return [Tried(a, difficulty(a)) for a in drawn]


@pytest.mark.parametrize("embedding", EMBEDDINGS)
def test_prediction_knows_what_was_tried_and_doubts_what_is_far(embedding: str) -> None:
    known = trials(30)
    tried, scores = [t.architecture for t in known], np.array([t.score for t in known])
    rng = np.random.default_rng(5)
    near = [SPACE.mutate(a, rng) for a in tried]
    far = [Architecture.of((1024,) * 9, "sigmoid", dropout=0.5, optimizer="adamw")]
    found = predict(
        tried, scores, [*tried, *near, *far], embedding=embedding, rng=np.random.default_rng(1)
    )
    at_trials, beside = found.mean[:30], found.mean[30:60]
    assert np.corrcoef(at_trials, scores)[0, 1] > 0.95
    truth = np.array([difficulty(a) for a in near])
    assert np.corrcoef(beside, truth)[0, 1] > 0.8
    assert (found.sd > 0.0).all()
    assert found.sd[-1] > 1.5 * found.sd[:30].mean()


@pytest.mark.parametrize(
    ("embedding", "least"), [("weighted", 0.5), ("projection", 0.5), ("bourgain", 0.15)]
)
def test_prediction_orders_new_architectures(embedding: str, least: float) -> None:
    """Bourgain's embedding loses much of the distances."""
    found = []
    for seed in range(5):
        known, new = trials(40, seed), trials(200, seed=100 + seed)
        predicted = predict(
            [t.architecture for t in known],
            np.array([t.score for t in known]),
            [t.architecture for t in new],
            embedding=embedding,
            rng=np.random.default_rng(1),
        )
        found.append(np.corrcoef(predicted.mean, [t.score for t in new])[0, 1])
    assert np.mean(found) > least


def test_the_plain_kernel_is_not_positive_semi_definite() -> None:
    """Why eq. (6) needs an embedding or a projection."""
    drawn = [t.architecture for t in trials(200)]
    plain = np.exp(-((0.3 * edit_distances(drawn, drawn)) ** 2))
    assert np.linalg.eigvalsh(plain).min() < -0.01


@pytest.mark.parametrize("embedding", EMBEDDINGS)
def test_same_trials_same_proposal_and_nothing_twice(embedding: str) -> None:
    proposer = EditDistanceProposer(SPACE, embedding=embedding, drawn=50, mutated=50)
    known = trials(12)
    first, second = (proposer.propose(known, np.random.default_rng([1, 12])) for _ in range(2))
    assert first == second
    assert first in SPACE
    assert first not in {t.architecture for t in known}


def test_the_first_trials_are_random_and_failures_do_not_count() -> None:
    proposer = EditDistanceProposer(SPACE, initial=8)
    known = trials(7)
    known += [Tried(SPACE.sample(np.random.default_rng(i)), None) for i in (91, 92)]
    drawn = proposer.propose(known, np.random.default_rng(4))
    assert drawn == RandomProposer(SPACE).propose(known, np.random.default_rng(4))


def test_weights_say_what_matters() -> None:
    """Errors that depend on the learning rate alone: its part gets the largest weight."""
    rng = np.random.default_rng(2)
    tried = [SPACE.sample(rng) for _ in range(40)]
    scores = np.array([abs(np.log10(a.learning_rate) + 3.0) for a in tried])
    found = predict(tried, scores, tried[:1], embedding="weighted", rng=rng)
    layers, first, optimizer, rate = found.weights
    assert rate > 5.0 * max(layers, first, optimizer)


def test_it_learns_where_the_good_networks_are() -> None:
    proposer = EditDistanceProposer(SPACE)
    known = trials(10)
    for i in range(10, 22):
        proposed = proposer.propose(known, np.random.default_rng([2, i]))
        known.append(Tried(proposed, difficulty(proposed)))
    guided, random = (np.median([t.score for t in part]) for part in (known[10:], trials(400, 3)))
    assert guided < random - 0.4


def test_failed_trials_are_avoided() -> None:
    rng = np.random.default_rng(0)
    good = [Architecture.of((64, int(u), 64), "relu") for u in range(64, 192, 16)]
    bad = [Architecture.of((64, int(u), 64), "sigmoid", dropout=0.5) for u in range(64, 192, 16)]
    known = [Tried(a, 1.0 + 0.01 * i) for i, a in enumerate(good)] + [Tried(a, None) for a in bad]
    # the worst good score stands for failures: make it visibly worse than the rest
    known.append(Tried(Architecture.of((64, 1024, 64), "sigmoid", dropout=0.5), 3.0))
    candidates = [
        Architecture.of((64, 72 + 128, 64), "relu"),
        Architecture.of((64, 72 + 128, 64), "sigmoid", dropout=0.5),
    ]
    for embedding in EMBEDDINGS:
        proposer = EditDistanceProposer(SPACE, embedding=embedding)
        assert proposer.choose(known, candidates, rng) == 0


def test_a_space_of_one_is_no_endless_loop() -> None:
    one = SearchSpace(
        layers=(3,), units=(32,), activations=("relu",), dropout=(0.0,), optimizers=("adam",),
        learning_rates=(1e-3,),
    )  # fmt: skip
    only = one.sample(np.random.default_rng(0))
    known = [Tried(only, 1.0), Tried(only, 1.1)]
    assert EditDistanceProposer(one, initial=2).propose(known, np.random.default_rng(0)) == only


@pytest.mark.parametrize(
    "wrong", [{"embedding": "none"}, {"acquisition": "luck"}, {"initial": 1}, {"parents": 0}]
)
def test_unknown_choices_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        EditDistanceProposer(SPACE, **wrong)  # type: ignore[arg-type]
