"""Train networks drawn from the search space, as tables on which tuners are compared.

    python benchmarks/search_table.py [lst] [joint]

writes what is missing of benchmarks/tables/search_lst.csv and search_joint.csv, one row a network:
architecture, held-out objective (MAE of LST, K; or the mean MAE of LST and five emissivities in
standard deviations), PCC, parameters, seconds. An interrupted run goes on. `search_tuners.py`
compares tuners on them.
The tables were committed before any tuner was run on them: the first is that on which ours was
developed, the second, of other networks and another target, was made afterwards to check it.

Data: 400 simulated scenes of 40 pixels (training air and materials) to train, 200 scenes of 40
pixels (validation air and materials) to score; five brightness temperatures in; 6 epochs.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from akkd_core.bundle.architecture import Architecture
from akkd_core.physics.features import OUTPUT_NAMES, PIXEL_ONLY_FEATURES
from akkd_core.search.space import SearchSpace

TARGETS = {"lst": ("lst",), "joint": OUTPUT_NAMES}
EPOCHS = 6
_LIMIT = 200_000
_COLUMNS = ("architecture", "objective", "pcc", "parameters", "seconds")
_SEEDS = {"lst": 20261122, "joint": 20261123}
DATA: dict[str, Any] = {}
_PART = 100  # then new processes: Keras gives back little of what a network took


def path_of(table: str) -> Path:
    """File of a table."""
    return Path(__file__).parent / "tables" / f"search_{table}.csv"


def space_of(table: str) -> SearchSpace:
    """Space that a table's networks are drawn from."""
    return SearchSpace(n_out=len(TARGETS[table]), max_parameters=_LIMIT)


def draw(table: str, count: int) -> list[Architecture]:
    """Distinct networks of the space, the first ones the same for every count."""
    rng, space = np.random.default_rng(_SEEDS[table]), space_of(table)
    found: dict[Architecture, None] = {}
    while len(found) < count:
        found[space.sample(rng)] = None
    return list(found)


def read_table(table: str) -> list[tuple[Architecture, float]]:
    """Architectures with their held-out objective."""
    with open(path_of(table), newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    return [
        (Architecture.from_json(json.loads(row["architecture"])), float(row["objective"]))
        for row in rows
    ]


def _start(table: str) -> None:
    """Load data and TensorFlow once in a worker."""
    from akkd_core.nn.fitting import Samples
    from akkd_core.simulation.atmospheres import shipped_atmospheres
    from akkd_core.simulation.materials import materials
    from akkd_core.simulation.training_set import SceneRecipe, simulate_training_set

    def samples(split: str, scenes: int, seed: int) -> Samples:
        recipe = SceneRecipe(pixels=40, vary_materials=split == "train")
        made = simulate_training_set(
            shipped_atmospheres("train").of_split(split),
            materials(split),
            scenes,
            recipe=recipe,
            seed=seed,
        )
        bt = made.bt.reshape(-1, 5)
        y = np.concatenate([made.lst.reshape(-1, 1), made.lse.reshape(-1, 5)], axis=1)
        base = np.zeros_like(y)
        base[:, 0] = bt[:, 3]
        outputs = len(TARGETS[table])
        return Samples(bt, y[:, :outputs], base[:, :outputs])

    DATA[table] = samples("train", 400, 11), samples("validation", 200, 12)


def _train(architecture: Architecture) -> dict[str, object]:
    import keras

    from akkd_core.nn.autokeras_search import objective_of
    from akkd_core.nn.fitting import FitOptions, fit_network

    ((table, (train, held_out)),) = DATA.items()
    fit = fit_network(
        architecture,
        train,
        held_out,
        input_names=PIXEL_ONLY_FEATURES,
        output_names=TARGETS[table],
        options=FitOptions(epochs=EPOCHS),
    )
    keras.backend.clear_session()
    return {
        "architecture": json.dumps(architecture.to_json()),
        "objective": f"{objective_of(fit.mae, fit.network.output_scale):.5f}",
        "pcc": f"{fit.pcc[0]:.6f}",
        "parameters": space_of(table).parameters(architecture),
        "seconds": f"{fit.seconds:.2f}",
    }


def fill(table: str, count: int, workers: int) -> None:
    """Train what a table lacks."""
    path = path_of(table)
    done = len(read_table(table)) if path.exists() else 0
    wanted = draw(table, count)
    spawn = multiprocessing.get_context("spawn")
    path.parent.mkdir(exist_ok=True)
    with open(path, "a", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, _COLUMNS)
        if done == 0:
            writer.writeheader()
        while done < len(wanted):
            part = wanted[done : done + _PART]
            with ProcessPoolExecutor(workers, spawn, _start, (table,)) as pool:
                for row in pool.map(_train, part):
                    writer.writerow(row)
                    handle.flush()
                    done += 1
                    print(f"{table}, {done}/{len(wanted)}: {row['objective']}", flush=True)
    print(f"{path.name}: {done} networks")


def main() -> None:
    """Fill the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="lst, joint; both without")
    parser.add_argument("--networks", type=int, default=520)
    parser.add_argument("--workers", type=int, default=1, help="processes of one thread each")
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for table in options.tables or TARGETS:
        fill(table, options.networks, options.workers)


if __name__ == "__main__":
    main()
