"""Tuners compared on a table of trained networks, 30 trials each, 20 seeds.

    python benchmarks/search_tuners.py [--seeds 20] [--trials 30] [--json FILE]

Every tuner starts from the same 8 networks of the table, drawn by the seed, then picks from what is
left of it (`benchmarks/tables/search.csv`; `search_table.py` made it). The stock tuner is
keras-tuner's Bayesian oracle, which AutoKeras uses, with its own Gaussian process, encoding and
confidence bound, picking from the table, too, and from its ninth trial on: with its default, 90
random trials first, it would be the random search. Seconds are of a whole proposal over the full
space after 20 trials, the stock oracle's unmodified; one thread.

Printed: best MAE after the trials, mean over seeds; its rank in the table; one-sided Wilcoxon
signed-rank tests over seeds that a tuner's best is lower than another's.
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
from search_table import SPACE, read_table  # noqa: E402

from akkd_core.bundle.architecture import Architecture  # noqa: E402
from akkd_core.nn.autokeras_graph import hyperparameters_of, values_of  # noqa: E402
from akkd_core.search.gaussian_process import EMBEDDINGS  # noqa: E402
from akkd_core.search.proposer import ACQUISITIONS, EditDistanceProposer, Tried  # noqa: E402

INITIAL = 8
LEAST_NETWORKS = 500
Choose = Callable[[list[int], list[int], np.random.Generator], int]


class Stock:
    """keras-tuner's Bayesian oracle over the space, asked about the table's networks alone."""

    def __init__(self, networks: list[Architecture], mae: NDArray[np.float64]) -> None:
        self.oracle = BayesianOptimizationOracle(
            objective=Objective("mae", "min"),
            num_initial_points=INITIAL,
            hyperparameters=hyperparameters_of(SPACE),
            max_trials=1000,
            seed=1,
        )
        self.networks, self.mae = networks, mae
        self.vectors = np.array([self._vector(values_of(a)) for a in networks])

    def _vector(self, values: dict[str, Any]) -> list[float]:
        space = self.oracle.hyperparameters.space
        return [hp.value_to_prob(values.get(hp.name, hp.default)) for hp in space]

    def choose(self, tried: list[int], left: list[int], rng: np.random.Generator) -> int:
        """Least confidence bound of the oracle's Gaussian process."""
        process = self.oracle._make_gpr()
        process.fit(self.vectors[tried], self.mae[tried])
        mean, sd = process.predict(self.vectors[left], return_std=True)
        return left[int(np.argmin(mean - self.oracle.beta * sd))]

    def seconds(self, tried: list[int]) -> float:
        """Time of one proposal of the oracle as it is, over the whole space."""
        for i in tried:
            hp = self.oracle.hyperparameters.copy()
            hp.values = values_of(self.networks[i])
            trial = Trial(hp, trial_id=str(i), status=TrialStatus.COMPLETED)
            trial.score = float(self.mae[i])
            self.oracle.trials[str(i)] = trial
        started = time.monotonic()
        self.oracle.populate_space("next")
        return time.monotonic() - started


def edit_distance(
    networks: list[Architecture], mae: NDArray[np.float64], proposer: EditDistanceProposer
) -> Choose:
    """Our tuner, picking from the table."""

    def choose(tried: list[int], left: list[int], rng: np.random.Generator) -> int:
        known = [Tried(networks[i], float(mae[i])) for i in tried]
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


def report(best: dict[str, NDArray[np.float64]], mae: NDArray[np.float64], ours: str) -> list[str]:
    """Table of the tuners and the tests of ours against them."""
    lines = [f"{'tuner':28s} {'best MAE, K':>11s} {'+-':>6s} {'rank':>6s} {'p < random':>11s}"]
    for name, values in best.items():
        ranks = [int((mae < v).sum()) + 1 for v in values]
        p = "" if name == "random" else f"{lower(values, best['random']):11.2g}"
        lines.append(
            f"{name:28s} {values.mean():11.4f} {values.std(ddof=1):6.4f} {np.mean(ranks):6.1f} {p}"
        )
    stock = best["stock Bayesian"]
    lines += [
        f"{ours} lower than stock Bayesian: p = {lower(best[ours], stock):.2g}; "
        f"higher: p = {lower(stock, best[ours]):.2g}",
    ]
    return lines


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    table = read_table()
    if len(table) < LEAST_NETWORKS:
        raise SystemExit(f"the table holds {len(table)} networks: run search_table.py first")
    networks, mae = [a for a, _ in table], np.array([m for _, m in table])
    stock = Stock(networks, mae)
    proposers = {
        f"edit distance, {embedding}, {short}": EditDistanceProposer(
            SPACE, embedding=embedding, acquisition=acquisition
        )
        for embedding in EMBEDDINGS
        for short, acquisition in zip(("EI", "LCB"), ACQUISITIONS, strict=True)
    }
    tuners: dict[str, Choose | None] = {"random": None, "stock Bayesian": stock.choose}
    tuners |= {name: edit_distance(networks, mae, p) for name, p in proposers.items()}
    best = {
        name: np.array(
            [
                mae[search(choose, len(mae), options.trials, seed)].min()
                for seed in range(options.seeds)
            ]
        )
        for name, choose in tuners.items()
    }
    default = EditDistanceProposer(SPACE)
    ours = next(name for name, p in proposers.items() if p == default)
    first = search(None, len(mae), 20, 0)
    known = [Tried(networks[i], float(mae[i])) for i in first]
    started = time.monotonic()
    default.propose(known, np.random.default_rng(0))
    seconds = {ours: time.monotonic() - started, "stock Bayesian": stock.seconds(first)}
    print(
        f"{len(mae)} networks, MAE {mae.min():.4f}-{mae.max():.4f} K, median "
        f"{np.median(mae):.4f}; {options.trials} trials, {options.seeds} seeds; default: {ours}"
    )
    print("\n".join(report(best, mae, ours)))
    print("; ".join(f"{name}: {s:.2f} s a proposal" for name, s in seconds.items()))
    if options.json:
        result = {
            "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "networks": len(mae),
            "trials": options.trials,
            "default": ours,
            "best_mae_k": {name: values.tolist() for name, values in best.items()},
            "seconds_a_proposal": seconds,
        }
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
