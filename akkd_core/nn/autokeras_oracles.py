"""The four tuners as keras-tuner oracles: ours, which asks a proposer, and three stock ones.

Each is made a function of the search's seed, the trial's number and the trials before it, so that
an interrupted search goes on as if it had not been; each keeps to the space and its size limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras_tuner
import numpy as np
from autokeras.tuners.greedy import GreedyOracle
from keras_tuner.engine.trial import TrialStatus

from akkd_core.bundle.architecture import Architecture
from akkd_core.errors import ParameterError
from akkd_core.nn.autokeras_graph import architecture_of, hyperparameters_of, values_of
from akkd_core.search.proposer import Proposer, Tried
from akkd_core.search.space import SearchSpace

OBJECTIVE = "objective"
TUNERS = ("edit-distance", "bayesian", "random", "greedy")

_DRAWS = 1000
_BAYESIAN_INITIAL = 8
"""Random trials before the first that the stock Bayesian tuner guides.

Its default is three times the number of hyperparameters, 90: it would never guide one of 30 trials.
"""


class SpaceOracle(keras_tuner.Oracle):
    """Keeps an oracle's proposals within the space, new, and reproducible.

    A proposal that is too large or was tried already is asked for again, a few times; then one is
    drawn from the space.

    Parameters
    ----------
    space : SearchSpace
    search_seed : int
        0 is a seed, too.
    max_trials : int
    recorded : sequence of Architecture
        Of trials that an earlier run finished: proposed again, unasked.
    stop : callable
        Tells, before a new trial, whether the search should end.
    **kwargs
        Of the stock oracle.
    """

    asks = 100
    _tried_so_far: set[str]

    def __init__(
        self,
        *,
        space: SearchSpace,
        search_seed: int,
        max_trials: int,
        recorded: Sequence[Architecture] = (),
        stop: Callable[[], bool] = lambda: False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            objective=keras_tuner.Objective(OBJECTIVE, "min"),
            max_trials=max_trials,
            hyperparameters=hyperparameters_of(space),
            seed=search_seed + 1,  # keras-tuner takes 0 for none
            max_consecutive_failed_trials=max_trials + 1,  # failed trials don't end the search
            **kwargs,
        )
        self.space, self.search_seed = space, search_seed
        self.recorded, self.stop = tuple(recorded), stop
        self.seconds_proposing, self.stopped = 0.0, False

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Give the trial that an earlier run had at this place, or else a new one."""
        number = len(self.trials)
        if number < len(self.recorded):
            return _running(self.recorded[number])
        self.stopped = self.stop()
        if self.stopped:
            return _STOPPED
        started = time.monotonic()
        with self._seeded(number):
            proposed = self._new(trial_id, np.random.default_rng([self.search_seed, number]))
        self.seconds_proposing = time.monotonic() - started
        return _STOPPED if proposed is None else _running(proposed)

    def _new(self, trial_id: str, rng: np.random.Generator) -> Architecture | None:
        known = {architecture_of(trial.hyperparameters.values) for trial in self.trials.values()}
        for _ in range(self.asks):
            proposed = self._ask(trial_id, rng)
            if proposed is None:
                break
            if proposed in self.space and proposed not in known:
                return proposed
        for _ in range(_DRAWS):
            drawn = self.space.sample(rng)
            if drawn not in known:
                return drawn
        return None  # all of a small space was tried

    def _ask(self, trial_id: str, rng: np.random.Generator) -> Architecture | None:
        """Ask the stock oracle; None if it finds nothing new."""
        response = super().populate_space(trial_id)
        if response["status"] != TrialStatus.RUNNING:
            return None
        return architecture_of(response["values"])

    @contextmanager
    def _seeded(self, number: int) -> Iterator[None]:
        """Seed every source of chance by the trial's number, and forget what was rejected.

        keras-tuner's oracles draw from seeds counted up, the Bayesian one from a RandomState, and
        AutoKeras's greedy one from numpy's global state.
        """
        seeds = np.random.SeedSequence([self.search_seed, number]).generate_state(3)
        before = np.random.get_state()
        tried = set(self._tried_so_far)
        self._seed_state = int(seeds[0])
        self._random_state = np.random.RandomState(seeds[1])
        np.random.seed(seeds[2])
        try:
            yield
        finally:
            np.random.set_state(before)
            self._tried_so_far = tried


_STOPPED = {"status": TrialStatus.STOPPED, "values": None}


def _running(architecture: Architecture) -> dict[str, Any]:
    return {"status": TrialStatus.RUNNING, "values": values_of(architecture)}


class ProposerOracle(SpaceOracle):
    """Ours: asks a proposer.

    Parameters
    ----------
    proposer : Proposer
    **kwargs
        See `SpaceOracle`.
    """

    asks = 3  # it knows the space and what was tried

    def __init__(self, *, proposer: Proposer, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.proposer = proposer

    def _ask(self, trial_id: str, rng: np.random.Generator) -> Architecture | None:
        tried = [
            Tried(architecture_of(trial.hyperparameters.values), trial.score)
            for trial in self.trials.values()
        ]
        return self.proposer.propose(tried, rng)


class BayesianOracle(SpaceOracle, keras_tuner.oracles.BayesianOptimizationOracle):
    """keras-tuner's Gaussian process with a Matern kernel on the hyperparameters."""

    asks = 2  # it proposes almost the same again, and takes seconds to


class RandomOracle(SpaceOracle, keras_tuner.oracles.RandomSearchOracle):
    """keras-tuner's random search."""


class AutoKerasGreedyOracle(SpaceOracle, GreedyOracle):
    """AutoKeras's own: changes one group of hyperparameters of the best trial at random."""


def make_oracle(
    tuner: str,
    *,
    proposer: Proposer | None = None,
    initial_points: int = _BAYESIAN_INITIAL,
    **kwargs: Any,
) -> SpaceOracle:
    """Make a tuner's oracle.

    Parameters
    ----------
    tuner : str
        Of `TUNERS`.
    proposer : Proposer, optional
        Whom ``edit-distance`` asks.
    initial_points : int
        Random trials before the Bayesian tuner guides one.
    **kwargs
        See `SpaceOracle`.

    Raises
    ------
    ParameterError
        If the tuner is unknown, or the proposer missing.
    """
    if tuner == "edit-distance" and proposer is not None:
        return ProposerOracle(proposer=proposer, **kwargs)
    if tuner == "bayesian":
        return BayesianOracle(num_initial_points=initial_points, **kwargs)
    if tuner == "random":
        return RandomOracle(**kwargs)
    if tuner == "greedy":
        return AutoKerasGreedyOracle(**kwargs)
    raise ParameterError(f"tuner {tuner!r}: choose of {', '.join(TUNERS)}, with its proposer")
