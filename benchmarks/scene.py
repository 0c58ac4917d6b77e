"""One scene of 700 x 830 pixels, from a cold start to finished products, beside Keras.

    python benchmarks/scene.py [--rounds 3] [--json FILE]

Times the command `akkd-retrieve` as a whole process (wall, CPU, peak memory). Beside it, in the
same run, a cold process that only evaluates the same pixel network on as many pixels through
keras.Model.predict: no file is read, no product written.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROWS, COLS = 700, 830

KERAS = """
import sys
import numpy as np, keras
from akkd_core.bundle import default_bundle_path, load_bundle
network = load_bundle(default_bundle_path()).pixel_network
layers = [keras.Input((network.n_inputs,))]
model = keras.Sequential(layers + [
    keras.layers.Dense(k.shape[1], activation=None if a == "linear" else a)
    for k, a in zip(network.kernels, network.activations)])
for layer, k, b in zip(model.layers, network.kernels, network.biases):
    layer.set_weights([k, b])
x = np.random.default_rng(0).normal(size=(int(sys.argv[1]), network.n_inputs)).astype("float32")
model.predict(x, batch_size=65536, verbose=0)
"""


def measure(command: list[str], cwd: str) -> dict[str, float]:
    """Wall and CPU seconds and peak memory of one process."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        environment.pop(name, None)
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command[0]} failed")
    return {
        "wall_s": time.perf_counter() - start,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    bin_dir = Path(sys.executable).parent
    rows: dict[str, list[dict[str, float]]] = {"akkd-retrieve": [], "keras predict alone": []}
    with tempfile.TemporaryDirectory() as folder:
        granule = [str(bin_dir / "akkd"), "simulate", "granule", "scene.hdf", "--seed", "7"]
        size = ["--rows", str(ROWS), "--cols", str(COLS), "-q"]
        subprocess.run([*granule, *size], cwd=folder, check=True)
        retrieve = [str(bin_dir / "akkd-retrieve"), "scene.hdf", "--overwrite", "-q"]
        keras = [sys.executable, "-c", KERAS, str(ROWS * COLS)]
        for _ in range(options.rounds):
            rows["akkd-retrieve"].append(measure(retrieve, folder))
            rows["keras predict alone"].append(
                measure(keras, folder)
            )
    best = {name: {k: min(r[k] for r in found) for k in found[0]} for name, found in rows.items()}
    print(f"{'':22}{'wall s':>8}{'CPU s':>8}{'peak MiB':>10}   (best of {options.rounds})")
    for name, row in best.items():
        print(f"{name:22}{row['wall_s']:8.2f}{row['cpu_s']:8.2f}{row['peak_mib']:10.0f}")
    ours, peer = best["akkd-retrieve"], best["keras predict alone"]
    ratios = {k: ours[k] / peer[k] for k in ours}
    print("whole retrieval over Keras' prediction alone: " + ", ".join(
        f"{name} {value:.2f}" for name, value in ratios.items()))  # fmt: skip
    if options.json:
        data = {"rounds": rows, "best": best, "ratios": ratios,
                "load_average": os.getloadavg(), "cores": os.cpu_count()}  # fmt: skip
        options.json.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
