"""Who proposes the next architecture to try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from akkd_core.bundle.architecture import Architecture
from akkd_core.errors import ParameterError
from akkd_core.search.gaussian_process import EMBEDDINGS, Prediction, predict
from akkd_core.search.space import SearchSpace

ACQUISITIONS = ("expected-improvement", "lower-confidence-bound")

_CONFIDENCE = 2.0
_TRIES = 1000


@dataclass(frozen=True)
class Tried:
    """A trial as a proposer sees it.

    Parameters
    ----------
    architecture : Architecture
    score : float, optional
        The objective, lower is better; None if the trial failed.
    """

    architecture: Architecture
    score: float | None


class Proposer(Protocol):
    """Proposes what to try next, from what was tried."""

    def propose(self, tried: Sequence[Tried], rng: np.random.Generator) -> Architecture:
        """Return an architecture: the same for the same trials and random numbers."""


@dataclass(frozen=True)
class RandomProposer:
    """Draws from the space, whatever was tried.

    Parameters
    ----------
    space : SearchSpace
    """

    space: SearchSpace

    def propose(self, tried: Sequence[Tried], rng: np.random.Generator) -> Architecture:
        """Draw an architecture that was not tried, as long as there are such."""
        known = {trial.architecture for trial in tried}
        for _ in range(_TRIES):
            drawn = self.space.sample(rng)
            if drawn not in known:
                return drawn
        return drawn


@dataclass(frozen=True)
class EditDistanceProposer:
    """Bayesian optimisation with the kernel of edit distances.

    After a few random trials a Gaussian process over architectures predicts what each candidate
    would score; the candidate of the best acquisition is next. Candidates are random draws and
    mutations of the best trials by one or two edits.

    Parameters
    ----------
    space : SearchSpace
    embedding : {'weighted', 'projection', 'bourgain'}
        See `akkd_core.search.gaussian_process`.
    acquisition : {'expected-improvement', 'lower-confidence-bound'}
    initial : int
        Random trials before the first that is guided.
    drawn : int
        Random candidates.
    mutated : int
        Candidates that are mutations.
    parents : int
        How many of the best trials are mutated.

    Raises
    ------
    ParameterError
        If a choice is unknown or a number too small.
    """

    space: SearchSpace
    embedding: str = "weighted"
    acquisition: str = "expected-improvement"
    initial: int = 8
    drawn: int = 300
    mutated: int = 300
    parents: int = 5

    def __post_init__(self) -> None:
        if self.embedding not in EMBEDDINGS:
            raise ParameterError(f"embedding {self.embedding!r}: choose of {', '.join(EMBEDDINGS)}")
        if self.acquisition not in ACQUISITIONS:
            raise ParameterError(
                f"acquisition {self.acquisition!r}: choose of {', '.join(ACQUISITIONS)}"
            )
        if self.initial < 2 or self.drawn < 1 or self.mutated < 0 or self.parents < 1:
            raise ParameterError("give at least 2 initial trials, 1 candidate and 1 parent")

    def propose(self, tried: Sequence[Tried], rng: np.random.Generator) -> Architecture:
        """Return the candidate of the best acquisition; a random one for the first trials."""
        if sum(trial.score is not None for trial in tried) < self.initial:
            return RandomProposer(self.space).propose(tried, rng)
        candidates = self._candidates(tried, rng)
        return candidates[self.choose(tried, candidates, rng)]

    def choose(
        self, tried: Sequence[Tried], candidates: Sequence[Architecture], rng: np.random.Generator
    ) -> int:
        """Return the index of the candidate of the best acquisition.

        Parameters
        ----------
        tried : sequence of Tried
            At least two with a score.
        candidates : sequence of Architecture
        rng : numpy.random.Generator
        """
        scores = _with_failures(tried)
        found = predict(
            [trial.architecture for trial in tried],
            scores,
            candidates,
            embedding=self.embedding,
            rng=rng,
        )
        return int(np.argmax(self._acquire(found, float(scores.min()))))

    def _acquire(self, found: Prediction, best: float) -> NDArray[np.float64]:
        if self.acquisition == "lower-confidence-bound":
            return _CONFIDENCE * found.sd - found.mean
        # Jones et al. 1998, eq. 15
        z = (best - found.mean) / found.sd
        density = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
        improvement: NDArray[np.float64] = found.sd * (z * ndtr(z) + density)
        return improvement

    def _candidates(self, tried: Sequence[Tried], rng: np.random.Generator) -> list[Architecture]:
        known = {trial.architecture for trial in tried}
        scored = sorted(
            ((trial.score, i) for i, trial in enumerate(tried) if trial.score is not None)
        )
        parents = [tried[i].architecture for _, i in scored[: self.parents]]
        found: dict[Architecture, None] = {}
        for i in range(self.mutated):
            child = self.space.mutate(parents[i % len(parents)], rng)
            if rng.random() < 0.5:
                child = self.space.mutate(child, rng)
            found[child] = None
        for _ in range(self.drawn):
            found[self.space.sample(rng)] = None
        new = [architecture for architecture in found if architecture not in known]
        return new or [RandomProposer(self.space).propose(tried, rng)]


def _with_failures(tried: Sequence[Tried]) -> NDArray[np.float64]:
    """Logarithms of scores where all are positive, as errors are; failed trials as the worst."""
    known = np.array([trial.score for trial in tried if trial.score is not None])
    worst = float(known.max())
    scores = np.array([worst if trial.score is None else trial.score for trial in tried])
    return np.log(scores) if (known > 0.0).all() else scores
