"""One scene of 700 x 830 pixels, from a cold start to finished products, beside Keras.

    python benchmarks/scene.py [--rounds 3] [--model BUNDLE] [--json FILE]

Times the command `akkd-retrieve` as a whole process (wall, CPU, peak memory) on all cores, a second
scene in the same process, and `akkd --help`. Beside it, in the same run, a cold process that only
evaluates the same pixel network on as many pixels through keras.Model.predict: no file is read, no
product written. Then `stages.py` says where the time goes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from measuring import Goal, Usage, keep, machine, run_process

ROWS, COLS = 700, 830
OURS, HELP, PEER = "akkd-retrieve", "akkd --help", "keras predict alone"

KERAS = """
import sys
import numpy as np, keras
from akkd_core.bundle import bundle_path, load_bundle
network = load_bundle(bundle_path(sys.argv[2])).pixel_network
layers = [keras.Input((network.n_inputs,))]
model = keras.Sequential(layers + [
    keras.layers.Dense(k.shape[1], activation=None if a == "linear" else a)
    for k, a in zip(network.kernels, network.activations)])
for layer, k, b in zip(model.layers, network.kernels, network.biases):
    layer.set_weights([k, b])
x = np.random.default_rng(0).normal(size=(int(sys.argv[1]), network.n_inputs)).astype("float32")
model.predict(x, batch_size=65536, verbose=0)
"""


def commands(model: str) -> dict[str, list[str]]:
    """Commands by name, all in the folder that holds the scene."""
    folder = Path(sys.executable).parent
    retrieve = [str(folder / "akkd-retrieve"), "scene.hdf", "--model", model, "--overwrite", "-q"]
    return {
        OURS: retrieve,
        HELP: [str(folder / "akkd"), "--help"],
        PEER: [sys.executable, "-c", KERAS, str(ROWS * COLS), model],
    }


def stages(folder: str, model: str) -> dict[str, Any]:
    """Seconds by stage of the first and the second scene, the faster of two runs each."""
    script = str(Path(__file__).parent / "stages.py")
    runs = []
    for _ in range(2):
        run_process([sys.executable, script, "scene.hdf", "--model", model, "--json", "s.json"],
                    folder)  # fmt: skip
        runs.append(json.loads((Path(folder) / "s.json").read_text()))
    return {which: min((run[which] for run in runs), key=total) for which in runs[0]}


def total(rows: dict[str, dict[str, float]], what: str = "wall_s") -> float:
    """Sum over stages."""
    return sum(row[what] for row in rows.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default="default", help="bundle: a name or an absolute path")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    facts = machine()
    measured: dict[str, list[Usage]] = {name: [] for name in commands(options.model)}
    with tempfile.TemporaryDirectory() as folder:
        granule = [str(Path(sys.executable).parent / "akkd"), "simulate", "granule", "scene.hdf"]
        size = ["--seed", "7", "--rows", str(ROWS), "--cols", str(COLS), "-q"]
        subprocess.run([*granule, *size], cwd=folder, check=True)
        for _ in range(options.rounds):
            for name, command in commands(options.model).items():
                measured[name].append(run_process(command, folder))
        by_stage = stages(folder, options.model)
    best = {name: {k: min(getattr(run, k) for run in runs) for k in asdict(runs[0])}
            for name, runs in measured.items()}  # fmt: skip
    print(f"{'':22}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}   (best of {options.rounds})")
    for name, row in best.items():
        print(f"{name:22}{row['wall_s']:8.2f}{row['cpu_s']:8.2f}{row['peak_mb']:9.0f}")
    ratios = {k: best[OURS][k] / best[PEER][k] for k in best[OURS]}
    goals = [
        Goal("scene, cold start to products: wall", best[OURS]["wall_s"], 2.5, "<=", "s"),
        Goal("scene, cold start: peak memory", best[OURS]["peak_mb"], 350.0, "<=", "MB"),
        Goal("second scene in the same process: wall", total(by_stage["second"]), 1.2, "<=", "s"),
        Goal("akkd --help: wall", best[HELP]["wall_s"], 0.3, "<=", "s"),
        Goal("scene over Keras' prediction alone: wall", ratios["wall_s"], 1.0, "<="),
    ]
    results = {"best": best, "ratios": ratios, "stages": by_stage, "pixels": ROWS * COLS,
               "rounds": {name: [asdict(run) for run in runs] for name, runs in measured.items()},
               }  # fmt: skip
    keep("scene", results, goals, facts, options.json)


if __name__ == "__main__":
    main()
