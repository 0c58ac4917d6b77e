"""Training: samples a second of AKKD's loop beside a bare Keras fit of the same net and data.

    python benchmarks/training.py [--scenes 1000] [--epochs 6] [--json FILE]

AKKD's loop draws order, noise of what is known and pixels anew in each epoch, watches the loss,
keeps a checkpoint and the best weights, and validates with averaged weights. The bare fit gets the
same compiled model and, ready in memory, what an epoch of AKKD's was fed; it validates, too, and
does nothing else. One thread; the median CPU seconds of the epochs after the first two.
"""

from __future__ import annotations

import os

os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import argparse  # noqa: E402
import statistics  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from measuring import Goal, keep, machine  # noqa: E402

from akkd_core.nn import surroundings_training, training  # noqa: E402
from akkd_core.nn.options import SurroundingsOptions, TrainingOptions  # noqa: E402
from akkd_core.operations.simulate import run_scenes  # noqa: E402
from akkd_core.simulation.training_set import TrainingSet  # noqa: E402

GOAL = 0.95
WARM_UP = 2


class EpochTimes(keras.callbacks.Callback):
    """CPU and wall time at the end of each epoch, validation and other callbacks included."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[tuple[float, float]] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.mark()

    def mark(self) -> None:
        self.ends.append((time.process_time(), time.perf_counter()))

    def seconds(self) -> tuple[float, float]:
        """CPU and wall seconds of an epoch."""
        taken = np.diff(np.array(self.ends), axis=0)[WARM_UP - 1 :]
        return statistics.median(taken[:, 0].tolist()), statistics.median(taken[:, 1].tolist())


class EpochProgress:
    """Progress of AKKD's loop: it is told of each epoch's end after everything was kept."""

    def __init__(self) -> None:
        self.times = EpochTimes()

    def update(self, share: float, message: str = "") -> None:
        self.times.mark()

    def cancelled(self) -> bool:
        return False


class Ready(keras.utils.PyDataset):
    """Batches that were made before."""

    def __init__(self, batches: Any) -> None:
        super().__init__()
        self.made = [batches[i] for i in range(len(batches))]

    def __len__(self) -> int:
        return len(self.made)

    def __getitem__(self, index: int) -> Any:
        return self.made[index]


def joined(batches: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return all batches as one, as Keras takes data in memory."""
    made = Ready(batches).made
    feeds, goals = (
        {name: np.concatenate([batch[part][name] for batch in made]) for name in made[0][part]}
        for part in (0, 1)
    )
    return feeds, goals


class BareFit:
    """What stands in for AKKD's epochs: model.fit and nothing else."""

    def __init__(self, in_one_piece: bool, batch: int) -> None:
        self.in_one_piece, self.batch, self.times = in_one_piece, batch, EpochTimes()

    def __call__(
        self, model: Any, batches: Callable[[int], Any], validation: Any, *_: Any,
        options: Any, **__: Any,
    ) -> None:  # fmt: skip
        kept = {"epochs": options.epochs, "verbose": 0, "callbacks": [self.times]}
        if not self.in_one_piece:
            model.fit(Ready(batches(0)), validation_data=Ready(validation), shuffle=False, **kept)
            return
        feeds, goals = joined(batches(0))
        model.fit(
            feeds, goals, validation_data=joined(validation), batch_size=self.batch,
            validation_batch_size=self.batch, **kept,
        )  # fmt: skip


def akkd_and_bare(
    module: Any, train: Callable[..., Any], sets: tuple[TrainingSet, TrainingSet], options: Any,
    in_one_piece: bool, folder: Path,
) -> dict[str, Any]:  # fmt: skip
    """Seconds of an epoch, and samples a CPU second, of both ways."""
    watch = EpochProgress()
    train(*sets, folder / "akkd", options=options, progress=watch)
    own, bare = module.run_epochs, BareFit(in_one_piece, options.batch_scenes)
    module.run_epochs = bare
    try:
        (folder / "bare").mkdir()  # which AKKD's own epochs would have made
        train(*sets, folder / "bare", options=options)
    finally:
        module.run_epochs = own
    samples = len(sets[0]) // options.batch_scenes * options.batch_scenes * sets[0].lst.shape[1]
    rows = {}
    for name, times in (("akkd", watch.times), ("bare Keras fit", bare.times)):
        cpu, wall = times.seconds()
        rows[name] = {"epoch_cpu_s": cpu, "epoch_wall_s": wall, "samples_per_cpu_s": samples / cpu}
    ratio = rows["akkd"]["samples_per_cpu_s"] / rows["bare Keras fit"]["samples_per_cpu_s"]
    return {"rows": rows, "samples_per_epoch": samples, "ratio": ratio}


def data_sets(folder: Path, scenes: int) -> tuple[TrainingSet, TrainingSet]:
    made = []
    for split, count in (("train", scenes), ("validation", max(scenes // 10, 64))):
        path = folder / f"{split}.npz"
        run_scenes(str(path), count, 64, split, side=16, seed=1)
        made.append(TrainingSet.load(path))
    return made[0], made[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    facts = machine()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    epochs = {"epochs": arguments.epochs, "patience": 0}
    ways = {
        "scene": (training, training.train_teacher, TrainingOptions(**epochs), True),
        "surroundings": (
            surroundings_training, surroundings_training.train_surroundings_teacher,
            SurroundingsOptions(**epochs), False,
        ),
    }  # fmt: skip
    results = {}
    with tempfile.TemporaryDirectory() as name:
        sets = data_sets(Path(name), arguments.scenes)
        for kind, (module, train, options, in_one_piece) in ways.items():
            results[kind] = akkd_and_bare(
                module, train, sets, options, in_one_piece, Path(name) / kind
            )
            for way, row in results[kind]["rows"].items():
                print(f"{kind:14}{way:16}{row['samples_per_cpu_s']:12,.0f} samples a CPU second, "
                      f"{row['epoch_cpu_s']:.2f} s an epoch")  # fmt: skip
    goals = [
        Goal(f"training ({kind}): samples/s over bare Keras", found["ratio"], GOAL, ">=")
        for kind, found in results.items()
    ]
    keep("training", results, goals, facts, arguments.json)


if __name__ == "__main__":
    main()
