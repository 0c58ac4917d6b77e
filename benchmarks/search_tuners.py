"""Tuners compared on tables of trained networks, 30 trials each, 20 seeds.

    python benchmarks/search_tuners.py [--seeds 20] [--trials 30] [--json FILE]

Every tuner starts from the same 8 networks of a table, drawn by the seed, then picks from what is
left of it (`search_table.py` made the tables). The stock tuner is keras-tuner's Bayesian oracle,
which AutoKeras uses, with its own Gaussian process, encoding and confidence bound, picking from the
table, too, and from its ninth trial on: with its default, 90 random trials first, it would be the
random search. Seconds are of a whole proposal over the full space after 20 trials, the stock
oracle's unmodified; one thread.

Printed: the best objective after the trials, mean and standard deviation over seeds; its mean rank
in the table; one-sided Wilcoxon signed-rank tests over seeds that a tuner's best is lower.
"""

from __future__ import annotations

import os

os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import argparse  # noqa: E402
import json  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from datetime import datetime, timezone  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
from keras_tuner import Objective  # noqa: E402
from keras_tuner.engine.trial import Trial, TrialStatus  # noqa: E402
from keras_tuner.oracles import BayesianOptimizationOracle  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from scipy.stats import wilcoxon  # noqa: E402
from search_table import TARGETS, read_table, space_of  # noqa: E402

from akkd_core.bundle.architecture import Architecture  # noqa: E402
from akkd_core.nn.autokeras_graph import hyperparameters_of, values_of  # noqa: E402
from akkd_core.search.gaussian_process import EMBEDDINGS  # noqa: E402
from akkd_core.search.proposer import EditDistanceProposer, Tried  # noqa: E402
from akkd_core.search.space import SearchSpace  # noqa: E402

INITIAL = 8
LEAST_NETWORKS = 500
Choose = Callable[[list[int], list[int], np.random.Generator], int]


class Stock:
    """keras-tuner's Bayesian oracle over the space, asked about the table's networks alone."""

    def __init__(
        self, space: SearchSpace, networks: list[Architecture], scores: NDArray[np.float64]
    ) -> None:
        self.oracle = BayesianOptimizationOracle(
            objective=Objective("objective", "min"),
            num_initial_points=INITIAL,
            hyperparameters=hyperparameters_of(space),
            max_trials=1000,
            seed=1,
        )
        self.networks, self.scores = networks, scores
        self.vectors = np.array([self._vector(values_of(a)) for a in networks])

    def _vector(self, values: dict[str, Any]) -> list[float]:
        space = self.oracle.hyperparameters.space
        return [hp.value_to_prob(values.get(hp.name, hp.default)) for hp in space]

    def choose(self, tried: list[int], left: list[int], rng: np.random.Generator) -> int:
        """Least confidence bound of the oracle's Gaussian process."""
        process = self.oracle._make_gpr()
        process.fit(self.vectors[tried], self.scores[tried])
        mean, sd = process.predict(self.vectors[left], return_std=True)
        return left[int(np.argmin(mean - self.oracle.beta * sd))]

    def seconds(self, tried: list[int]) -> float:
        """Time of one proposal of the oracle as it is, over the whole space."""
        for i in tried:
            hp = self.oracle.hyperparameters.copy()
            hp.values = values_of(self.networks[i])
            trial = Trial(hp, trial_id=str(i), status=TrialStatus.COMPLETED)
            trial.score = float(self.scores[i])
            self.oracle.trials[str(i)] = trial
        started = time.monotonic()
        self.oracle.populate_space("next")
        return time.monotonic() - started


def edit_distance(
    networks: list[Architecture], scores: NDArray[np.float64], proposer: EditDistanceProposer
) -> Choose:
    """Our tuner, picking from the table."""

    def choose(tried: list[int], left: list[int], rng: np.random.Generator) -> int:
        known = [Tried(networks[i], float(scores[i])) for i in tried]
        return left[proposer.choose(known, [networks[i] for i in left], rng)]

    return choose


def search(choose: Choose | None, count: int, trials: int, seed: int) -> list[int]:
    """Networks tried, in order; the same first eight for every tuner."""
    order = [int(i) for i in np.random.default_rng([seed, 0]).permutation(count)]
    if choose is None:
        return order[:trials]
    tried = order[:INITIAL]
    while len(tried) < trials:
        left = sorted(set(range(count)) - set(tried))
        tried.append(choose(tried, left, np.random.default_rng([seed, len(tried)])))
    return tried


def lower(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """One-sided Wilcoxon signed-rank test: p that the first isn't lower than the second."""
    if np.array_equal(first, second):
        return 1.0
    return float(wilcoxon(first, second, alternative="less", zero_method="zsplit").pvalue)


def report(
    best: dict[str, NDArray[np.float64]], scores: NDArray[np.float64], ours: str
) -> list[str]:
    """Table of the tuners and the tests of ours against them."""
    lines = [f"{'tuner':28s} {'best':>11s} {'+-':>6s} {'rank':>6s} {'p < random':>11s}"]
    for name, values in best.items():
        ranks = [int((scores < v).sum()) + 1 for v in values]
        p = "" if name == "random" else f"{lower(values, best['random']):11.2g}"
        best_of = f"{values.mean():11.4f} {values.std(ddof=1):6.4f} {np.mean(ranks):6.1f}"
        lines.append(f"{name:28s} {best_of} {p}".rstrip())
    stock = best["stock Bayesian"]
    lines += [
        f"{ours} lower than stock Bayesian: p = {lower(best[ours], stock):.2g}; "
        f"higher: p = {lower(stock, best[ours]):.2g}",
    ]
    return lines


def compare(table: str, trials: int, seeds: int) -> dict[str, Any]:
    """Print the comparison on one table and return it as a JSON object."""
    rows = read_table(table)
    if len(rows) < LEAST_NETWORKS:
        raise SystemExit(f"{table}: {len(rows)} networks in its table: run search_table.py first")
    space, networks = space_of(table), [a for a, _ in rows]
    scores = np.array([score for _, score in rows])
    stock = Stock(space, networks, scores)
    proposers = {
        f"edit distance, {embedding}": EditDistanceProposer(space, embedding=embedding)
        for embedding in EMBEDDINGS
    }
    tuners: dict[str, Choose | None] = {"random": None, "stock Bayesian": stock.choose}
    tuners |= {name: edit_distance(networks, scores, p) for name, p in proposers.items()}
    best = {
        name: np.array(
            [scores[search(choose, len(rows), trials, seed)].min() for seed in range(seeds)]
        )
        for name, choose in tuners.items()
    }
    default = EditDistanceProposer(space)
    ours = next(name for name, p in proposers.items() if p == default)
    first = search(None, len(rows), 20, 0)
    known = [Tried(networks[i], float(scores[i])) for i in first]
    started = time.monotonic()
    default.propose(known, np.random.default_rng(0))
    seconds = {ours: time.monotonic() - started, "stock Bayesian": stock.seconds(first)}
    print(
        f"table {table}: {len(rows)} networks, objective {scores.min():.4f}-{scores.max():.4f}, "
        f"median {np.median(scores):.4f}; {trials} trials, {seeds} seeds; default: {ours}"
    )
    print("\n".join(report(best, scores, ours)))
    print("; ".join(f"{name}: {s:.2f} s a proposal" for name, s in seconds.items()))
    return {
        "networks": len(rows),
        "default": ours,
        "best": {name: values.tolist() for name, values in best.items()},
        "seconds_a_proposal": seconds,
    }


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = {table: compare(table, options.trials, options.seeds) for table in TARGETS}
    if options.json:
        facts = {
            "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "trials": options.trials,
            "tables": found,
        }
        options.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
