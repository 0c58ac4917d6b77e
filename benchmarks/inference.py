"""How near the machine's limit networks are evaluated, beside peers in the same run.

    python benchmarks/inference.py [--bundle PATH] [--pixels 100000] [--peers all] [--json FILE]

The nets are the paper's trial 3, the shipped default bundle's and the compact one's; with --bundle,
that bundle's too. One thread for everybody. Shares are of the core's float32 matrix product (sgemm
of 1024 x 1024, numpy's BLAS), measured in turns with the runtimes; times are the least of the
rounds after the first, in CPU seconds.
"""

from __future__ import annotations

import os

os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"})
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# These halve numpy's speed where they don't fit the processor.
for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(_name, None)

import argparse  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import asdict, dataclass  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
from measuring import Goal, keep, machine  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from akkd_core.bundle import (  # noqa: E402
    AK_KD_TRIAL3,
    Network,
    load_bundle,
    shipped_bundle_path,
)
from akkd_core.bundle.onnx_graph import onnx_bytes  # noqa: E402
from akkd_core.inference.onnx_import import import_onnxruntime  # noqa: E402
from akkd_core.inference.predictors import make_predictor  # noqa: E402

Run = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]
PAPER = "trial 3, 6 outputs"
OURS = ("akkd onnxruntime", "akkd numpy")
PEERS = ("onnxruntime, plain session", "numpy, naive", "tf.function", "tf.function XLA",
         "keras predict")  # fmt: skip


@dataclass(frozen=True)
class Row:
    name: str
    seconds: float
    share_of_peak: float
    pixels_per_second: float
    largest_difference: float


def trial3(outputs: int = 6) -> Network:
    """The paper's best net with random weights: speed does not depend on them."""
    rng = np.random.default_rng(1)
    widths = [5, *(layer.units for layer in AK_KD_TRIAL3.layers), outputs]
    shapes = list(zip(widths, widths[1:], strict=False))
    return Network(
        kernels=tuple((rng.normal(size=s) / np.sqrt(s[0])).astype(np.float32) for s in shapes),
        biases=tuple(rng.normal(0, 0.1, size=s[1]).astype(np.float32) for s in shapes),
        activations=(*(layer.activation for layer in AK_KD_TRIAL3.layers), "linear"),
        input_names=tuple(f"bt_{band}" for band in range(10, 15)),
        n_pixel_inputs=5,
        input_mean=np.full(5, 290, np.float32),
        input_scale=np.full(5, 12, np.float32),
        output_names=tuple(f"output_{i}" for i in range(outputs)),
        output_mean=np.zeros(outputs, np.float32),
        output_scale=np.ones(outputs, np.float32),
    )


def best_time(work: Callable[[], Any], repeats: int) -> float:
    """Least CPU seconds of a few runs after one that isn't counted."""
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def sgemm_peak() -> float:
    """Floating-point operations a second of a large float32 matrix product."""
    n = 1024
    a = np.random.default_rng(0).normal(size=(n, n)).astype(np.float32)
    out = np.empty_like(a)
    return 2 * n**3 / best_time(lambda: np.matmul(a, a, out=out), 8)


def plain_onnxruntime(network: Network) -> Run:
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(onnx_bytes(network), options)
    names = [item.name for item in session.get_inputs()]

    def run(features: NDArray[np.float32], scene: NDArray[np.float32]) -> NDArray[np.float32]:
        given = {"features": features, "scene": scene[None, :]}
        result: NDArray[np.float32] = session.run(None, {name: given[name] for name in names})[0]
        return result

    return run


def naive_numpy(network: Network) -> Run:
    def run(features: NDArray[np.float32], scene: NDArray[np.float32]) -> NDArray[np.float32]:
        wide = np.broadcast_to(scene, (len(features), scene.size))
        return network.forward(np.concatenate([features, wide], axis=1))

    return run


def tensorflow(network: Network, xla: bool) -> Run:
    from akkd_core.nn.tf_predictor import TensorflowPredictor

    return TensorflowPredictor(network, device="cpu", xla=xla, chunk=1 << 16).predict


def keras_predict(network: Network) -> Run:
    import keras

    inputs = keras.Input((network.n_inputs,))
    value = keras.layers.Rescaling(
        1 / network.input_scale, -network.input_mean / network.input_scale
    )(inputs)
    for bias, activation in zip(network.biases, network.activations, strict=True):
        value = keras.layers.Dense(bias.size, activation=activation)(value)
    value = keras.layers.Rescaling(network.output_scale, network.output_mean)(value)
    model = keras.Model(inputs, value)
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    for layer, kernel, bias in zip(dense, network.kernels, network.biases, strict=True):
        layer.set_weights([kernel, bias])

    def run(features: NDArray[np.float32], scene: NDArray[np.float32]) -> NDArray[np.float32]:
        wide = np.broadcast_to(scene, (len(features), scene.size))
        rows = np.concatenate([features, wide], axis=1)
        result: NDArray[np.float32] = model.predict(rows, batch_size=1 << 16, verbose=0)
        for column, source in enumerate(network.add_columns):
            if source is not None:
                result[:, column] += rows[:, source]
        return result

    return run


def build(name: str, network: Network) -> Run:
    if name.startswith("akkd "):
        return make_predictor(network, name.split()[1], threads=1).predict
    return {
        "onnxruntime, plain session": plain_onnxruntime,
        "numpy, naive": naive_numpy,
        "tf.function": lambda net: tensorflow(net, False),
        "tf.function XLA": lambda net: tensorflow(net, True),
        "keras predict": keras_predict,
    }[name](network)


def measure(network: Network, names: list[str], pixels: int, repeats: int) -> dict[str, Any]:
    """Time every runtime on one network, in turns, so that a busy machine is unfair to none."""
    rng = np.random.default_rng(2)
    raw = network.input_mean + network.input_scale * rng.normal(size=(pixels, network.n_inputs))
    features = np.ascontiguousarray(raw[:, : network.n_pixel_inputs], dtype=np.float32)
    scene = raw[0, network.n_pixel_inputs :].astype(np.float32)
    operations = 2.0 * network.multiply_adds() * pixels
    reference = naive_numpy(network)(features[:4096], scene)
    runs: dict[str, Run] = {}
    for name in names:
        try:
            runs[name] = build(name, network)
        except ImportError as error:
            print(f"{name}: left out ({error})", file=sys.stderr)
    peaks: list[float] = []
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats + 1):
        peaks.append(sgemm_peak())
        for name, run in runs.items():
            start = time.process_time()
            run(features, scene)
            times[name].append(time.process_time() - start)
    rows = []
    for name, run in runs.items():
        seconds = min(times[name][1:])
        share = operations / seconds / max(peaks)
        difference = float(np.abs(run(features[:4096], scene) - reference).max())
        rows.append(Row(name, seconds, share, pixels / seconds, difference))
    return {
        "multiply_adds": network.multiply_adds(),
        "pixels": pixels,
        "sgemm_gflop_s": {"max": max(peaks) / 1e9, "min": min(peaks) / 1e9},
        "rows": [asdict(row) for row in rows],
        "ours_over_best_peer": ratios(rows),
    }


def ratios(rows: list[Row]) -> dict[str, float]:
    """Speed of each of ours over that of the fastest peer: above 1 is ahead."""
    peers = [row.seconds for row in rows if row.name not in OURS]
    return {row.name: min(peers) / row.seconds for row in rows if row.name in OURS and peers}


def show(title: str, result: dict[str, Any]) -> None:
    peak = result["sgemm_gflop_s"]
    print(f"{title}: {result['multiply_adds']} multiply-adds a pixel, {result['pixels']} pixels, "
          f"sgemm {peak['min']:.0f}-{peak['max']:.0f} GFLOP/s")  # fmt: skip
    slowest = max(row["seconds"] for row in result["rows"])
    for row in sorted(result["rows"], key=lambda row: row["seconds"]):
        print(f"  {row['name']:28} {row['seconds']:7.3f} s  {row['share_of_peak']:6.1%} of peak  "
              f"{slowest / row['seconds']:5.2f} x slowest  "
              f"differs by {row['largest_difference']:.1e}")  # fmt: skip
    for name, ratio in result["ours_over_best_peer"].items():
        print(f"  {name}: {ratio:.2f} x the fastest peer")


def goals_of(results: dict[str, Any]) -> list[Goal]:
    """What issue and README promise of the nets."""
    found = []
    shares = {row["name"]: row["share_of_peak"] for row in results[PAPER]["rows"]}
    for name, limit in zip(OURS, (0.85, 0.60), strict=True):
        found.append(Goal(f"{PAPER}, {name}: share of sgemm peak", shares[name], limit, ">="))
    for title, result in results.items():
        ratio = result["ours_over_best_peer"][OURS[0]]
        found.append(Goal(f"{title}, {OURS[0]}: speed over the fastest peer", ratio, 0.95, ">="))
    speeds = {
        title: next(r["pixels_per_second"] for r in result["rows"] if r["name"] == OURS[0])
        for title, result in results.items()
    }
    ratio = speeds["compact"] / speeds["default"]
    found.append(Goal("compact over default: pixels/s of the network", ratio, 10.0, ">="))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, help="also time this bundle's pixel network")
    parser.add_argument("--pixels", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peers", choices=("all", "light"), default="all",
                        help="light: without TensorFlow and Keras")  # fmt: skip
    parser.add_argument("--json", type=Path, help="write the results here")
    arguments = parser.parse_args()
    facts = machine()
    names = [*OURS, *(PEERS if arguments.peers == "all" else PEERS[:2])]
    networks = {PAPER: trial3()}
    for shipped in ("default", "compact"):
        networks[shipped] = load_bundle(shipped_bundle_path(shipped)).pixel_network
    if arguments.bundle:
        networks[arguments.bundle.name] = load_bundle(arguments.bundle).pixel_network
    results = {}
    for title, network in networks.items():
        results[title] = measure(network, names, arguments.pixels, arguments.repeats)
        show(title, results[title])
    keep("inference", results, goals_of(results), facts, arguments.json)


if __name__ == "__main__":
    main()
