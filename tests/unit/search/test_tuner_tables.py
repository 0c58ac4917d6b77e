"""The committed tables of trained networks; the default tuner beats chance on the second."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from akkd_core.bundle.architecture import Architecture
from akkd_core.search.proposer import EditDistanceProposer, Tried
from akkd_core.search.space import SearchSpace

TABLES = Path(__file__).parents[3] / "benchmarks" / "tables"
LIMIT = 200_000
OUTPUTS = {"lst": 1, "joint": 6}


def read(table: str) -> list[dict[str, str]]:
    with open(TABLES / f"search_{table}.csv", newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.parametrize("table", OUTPUTS)
def test_a_table_holds_networks_of_the_space(table: str) -> None:
    rows = read(table)
    networks = [Architecture.from_json(json.loads(row["architecture"])) for row in rows]
    space = SearchSpace(n_out=OUTPUTS[table], max_parameters=LIMIT)
    assert len(set(networks)) == len(rows) >= 500
    assert all(network in space for network in networks)
    for network, row in zip(networks, rows, strict=True):
        assert space.parameters(network) == int(row["parameters"])
        assert float(row["objective"]) > 0.0 and -1.0 <= float(row["pcc"]) <= 1.0


def test_the_default_tuner_beats_random_search_on_the_table_it_was_checked_on() -> None:
    """Six seeds of the twenty that benchmarks/search_tuners.py runs."""
    rows = read("joint")
    networks = [Architecture.from_json(json.loads(row["architecture"])) for row in rows]
    scores = np.array([float(row["objective"]) for row in rows])
    proposer = EditDistanceProposer(SearchSpace(n_out=6, max_parameters=LIMIT))
    ranks = []
    for seed in range(6):
        order = np.random.default_rng([seed, 0]).permutation(len(rows)).tolist()
        tried = order[:8]
        while len(tried) < 30:
            left = sorted(set(order) - set(tried))
            known = [Tried(networks[i], float(scores[i])) for i in tried]
            rng = np.random.default_rng([seed, len(tried)])
            tried.append(left[proposer.choose(known, [networks[i] for i in left], rng)])
        best = [scores[part].min() for part in (tried, order[:30])]
        ranks.append([int((scores < score).sum()) + 1 for score in best])
    ours, random = np.mean(ranks, axis=0)
    assert ours < 0.6 * random
