"""Train networks drawn from the search space, as a table on which tuners are compared.

    python benchmarks/search_table.py --networks 520

writes benchmarks/tables/search.csv, one row a network: architecture, held-out MAE and PCC of LST,
parameters, seconds. An interrupted run goes on. The table was made, and committed, before any tuner
was run on it; `benchmarks/search_tuners.py` compares them.

Data: 400 simulated scenes of 40 pixels (training air and materials) to train, 200 scenes of 40
pixels (validation air and materials) to score; five brightness temperatures in, LST out; 6 epochs.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from akkd_core.bundle.architecture import Architecture
from akkd_core.search.space import SearchSpace

TABLE = Path(__file__).parent / "tables" / "search.csv"
SPACE = SearchSpace(max_parameters=200_000)
EPOCHS = 6
_COLUMNS = ("architecture", "mae_k", "pcc", "parameters", "seconds")
_SEED = 20261122
_PART = 100  # then new processes: Keras gives back little of what a network took


def draw(count: int) -> list[Architecture]:
    """Distinct networks of the space, the same for the same count."""
    rng = np.random.default_rng(_SEED)
    found: dict[Architecture, None] = {}
    while len(found) < count:
        found[SPACE.sample(rng)] = None
    return list(found)


def read_table(path: Path = TABLE) -> list[tuple[Architecture, float]]:
    """Architectures with their held-out MAE, K."""
    with open(path, newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    return [
        (Architecture.from_json(json.loads(row["architecture"])), float(row["mae_k"]))
        for row in rows
    ]


def _start() -> None:
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
        return Samples(bt, made.lst.reshape(-1, 1), bt[:, 3:4])

    globals()["DATA"] = samples("train", 400, 11), samples("validation", 200, 12)


def _train(architecture: Architecture) -> dict[str, object]:
    import keras

    from akkd_core.nn.fitting import FitOptions, fit_network
    from akkd_core.physics.features import PIXEL_ONLY_FEATURES

    train, held_out = globals()["DATA"]
    fit = fit_network(
        architecture,
        train,
        held_out,
        input_names=PIXEL_ONLY_FEATURES,
        output_names=("lst",),
        options=FitOptions(epochs=EPOCHS),
    )
    keras.backend.clear_session()
    return {
        "architecture": json.dumps(architecture.to_json()),
        "mae_k": f"{fit.mae[0]:.5f}",
        "pcc": f"{fit.pcc[0]:.6f}",
        "parameters": SPACE.parameters(architecture),
        "seconds": f"{fit.seconds:.2f}",
    }


def main() -> None:
    """Train what the table lacks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=520)
    parser.add_argument("--workers", type=int, default=1, help="processes of one thread each")
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    done = len(read_table()) if TABLE.exists() else 0
    wanted = draw(options.networks)
    spawn = multiprocessing.get_context("spawn")
    TABLE.parent.mkdir(exist_ok=True)
    with open(TABLE, "a", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, _COLUMNS)
        if done == 0:
            writer.writeheader()
        while done < len(wanted):
            part = wanted[done : done + _PART]
            with ProcessPoolExecutor(options.workers, spawn, _start) as pool:
                for row in pool.map(_train, part):
                    writer.writerow(row)
                    handle.flush()
                    done += 1
                    print(f"{done}/{len(wanted)}: MAE {row['mae_k']} K", flush=True)


if __name__ == "__main__":
    main()
