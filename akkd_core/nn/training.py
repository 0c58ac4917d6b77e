"""Training of the teacher: batches of scenes, loss, checkpoints that resume, export to a bundle."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from akkd_core.bundle.architecture import Architecture, Layer
from akkd_core.errors import OperationCancelled, TrainingError
from akkd_core.nn.teacher import TARGETS, Scaling, Teacher, build_teacher
from akkd_core.physics.features import encode_atmosphere
from akkd_core.physics.scene_statistics import SCENE_INPUTS
from akkd_core.progress import Progress, SilentProgress
from akkd_core.simulation.training_set import TrainingSet

DEFAULT_PIXEL_ARCHITECTURE = Architecture(tuple(Layer(256, "relu", 0.0) for _ in range(3)))
DEFAULT_SCENE_ARCHITECTURE = Architecture(
    tuple(Layer(n, "relu", p) for n, p in ((384, 0.1), (256, 0.0), (128, 0.0)))
)

_EMA_MOMENTUM = 0.998


@dataclass(frozen=True)
class TrainingOptions:
    """How a teacher is trained.

    Parameters
    ----------
    inputs : {'scene', 'pixel'}
        Scene-aware, or the paper's five brightness temperatures alone.
    targets : tuple of str
        Of `TARGETS`.
    epochs : int
        Passes through the set.
    batch_scenes : int
        Scenes per step.
    learning_rate : float
        At the start; falls to a hundredth by a cosine.
    atmosphere_weight : float
        Weight of the auxiliary loss.
    known_share : float
        Share of scenes whose water vapour is given, and of those whose air temperature is, 0-1.
    tcwv_error : float
        Relative standard error of given water vapour.
    air_temperature_error_k : float
        Standard error of given air temperature, K.
    vector_size : int
    seed : int
    """

    inputs: str = "scene"
    targets: tuple[str, ...] = TARGETS
    epochs: int = 40
    batch_scenes: int = 64
    learning_rate: float = 2e-3
    atmosphere_weight: float = 1.0
    known_share: float = 0.35
    tcwv_error: float = 0.10
    air_temperature_error_k: float = 2.0
    vector_size: int = 16
    seed: int = 1


def scene_inputs(
    data: TrainingSet,
    tcwv: NDArray[np.floating] | None = None,
    air_temperature: NDArray[np.floating] | None = None,
) -> NDArray[np.float32]:
    """Raw inputs of the scene network, (scene, 79): statistics, then ancillary with flags.

    Parameters
    ----------
    data : TrainingSet
    tcwv, air_temperature : ndarray, (scene,), optional
        kg m-2 and K; NaN where unknown; None: unknown everywhere.
    """
    columns = [data.statistics]
    for values in (tcwv, air_temperature):
        given = np.full(len(data), np.nan) if values is None else np.asarray(values)
        known = np.isfinite(given)
        columns.append(np.stack([given, known], axis=-1).astype(np.float32))
    return np.concatenate(columns, axis=-1).astype(np.float32)


def standardise_scene(raw: NDArray[np.float32], scaling: Scaling) -> NDArray[np.float32]:
    """Return inputs in standard deviations, float32; an unknown ancillary (NaN) is 0."""
    scaled = (raw - scaling.scene_mean) / scaling.scene_scale
    result: NDArray[np.float32] = np.nan_to_num(scaled, nan=0.0).astype(np.float32)
    return result


class _Batches(keras.utils.PyDataset):
    """Batches of scenes in random order, their ancillary known or not anew each time."""

    def __init__(
        self,
        data: TrainingSet,
        scaling: Scaling,
        options: TrainingOptions,
        rows: NDArray[np.intp],
        shuffle: bool,
        epoch: int = 0,
    ) -> None:
        super().__init__()
        self.data, self.scaling, self.options = data, scaling, options
        self.rows, self.shuffle, self.epoch = rows, shuffle, epoch
        truth = encode_atmosphere(data.transmittance, data.path_radiance, data.downwelling_radiance)
        self.atmosphere = (truth - scaling.atmosphere_mean) / scaling.atmosphere_scale
        columns = [TARGETS.index(t) for t in options.targets]
        self.columns = columns
        self.order = rows
        self.on_epoch_begin()

    def __len__(self) -> int:
        return max(len(self.rows) // self.options.batch_scenes, 1)

    def on_epoch_begin(self) -> None:
        if self.shuffle:
            rng = np.random.default_rng([self.options.seed, self.epoch])
            self.order = rng.permutation(self.rows)

    def on_epoch_end(self) -> None:
        self.epoch += 1

    def __getitem__(self, index: int) -> tuple[dict[str, Any], dict[str, Any]]:
        options, data = self.options, self.data
        rows = self.order[index * options.batch_scenes : (index + 1) * options.batch_scenes]
        targets = np.concatenate([data.lst[rows][..., None], data.lse[rows]], axis=-1)
        feeds: dict[str, Any] = {"bt": data.bt[rows]}
        goals: dict[str, Any] = {"targets": targets[..., self.columns]}
        if options.inputs == "scene":
            epoch = self.epoch if self.shuffle else 0
            rng = np.random.default_rng([options.seed, epoch, index])
            feeds["scene"] = self._scene(rng, rows)
            goals["atmosphere"] = self.atmosphere[rows]
        return feeds, goals

    def _scene(self, rng: np.random.Generator, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        data, options, s = self.data, self.options, self.scaling
        raw = np.full((len(rows), len(SCENE_INPUTS)), np.nan, dtype=np.float32)
        raw[:, :-4] = data.statistics[rows]
        known = rng.random((2, len(rows))) < options.known_share
        tcwv = data.tcwv_kg_m2[rows] * (1 + options.tcwv_error * rng.standard_normal(len(rows)))
        air = data.air_temperature_k[rows] + (
            options.air_temperature_error_k * rng.standard_normal(len(rows))
        )
        for i, values in enumerate((tcwv, air)):
            raw[:, -4 + 2 * i] = np.where(known[i], values, np.nan)
            raw[:, -3 + 2 * i] = known[i]
        return standardise_scene(raw, s)


def _loss(teacher: Teacher) -> Any:
    columns = [TARGETS.index(t) for t in teacher.targets]
    scale = teacher.scaling.target_scale[columns]

    def smooth_absolute_error(truth: Any, predicted: Any) -> Any:
        """Absolute error in standard deviations, rounded off near zero."""
        departure = (truth - predicted) / scale
        return ops.mean(ops.sqrt(departure * departure + 0.01))

    return smooth_absolute_error


class _SeedByEpoch(keras.callbacks.Callback):
    """Draws dropout from seed and epoch alone: checkpoints don't hold Keras's random state."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        layers = [layer for layer in self.model.layers if hasattr(layer, "seed_generator")]
        for i, layer in enumerate(layers):
            state = np.random.SeedSequence([self.seed, epoch, i]).generate_state(2)
            layer.seed_generator.state.assign(state)


class _Report(keras.callbacks.Callback):
    """Passes progress on, stops on cancel or NaN, keeps the learning curve."""

    def __init__(self, progress: Progress, options: TrainingOptions, curve: Path) -> None:
        super().__init__()
        self.progress, self.options, self.curve = progress, options, curve
        self.steps = 0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self.progress.cancelled():
            raise OperationCancelled("training cancelled; run again to resume")
        loss = (logs or {}).get("loss", 0.0)
        if not np.isfinite(loss):
            raise TrainingError("the loss is not finite; lower the learning rate")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = logs or {}
        new = not self.curve.exists()
        with open(self.curve, "a", newline="", encoding="utf-8") as handle:
            writer = csv.writer(handle)
            if new:
                writer.writerow(["epoch", *sorted(logs)])
            writer.writerow([epoch + 1, *(f"{logs[k]:.6g}" for k in sorted(logs))])
        text = ", ".join(f"{k} {logs[k]:.4f}" for k in ("loss", "val_loss") if k in logs)
        self.progress.update((epoch + 1) / self.options.epochs, f"epoch {epoch + 1}: {text}")


def train_teacher(
    data: TrainingSet,
    validation: TrainingSet,
    work_dir: str | Path,
    *,
    options: TrainingOptions = TrainingOptions(),
    pixel_architecture: Architecture = DEFAULT_PIXEL_ARCHITECTURE,
    scene_architecture: Architecture = DEFAULT_SCENE_ARCHITECTURE,
    progress: Progress | None = None,
) -> Teacher:
    """Train a teacher, or go on where an interrupted run in ``work_dir`` stopped.

    Parameters
    ----------
    data, validation : TrainingSet
        Of disjoint profiles and materials.
    work_dir : path
        Checkpoints, learning curve ``learning_curve.csv`` and the Keras model go here.
    options : TrainingOptions
    pixel_architecture, scene_architecture : Architecture
    progress : Progress, optional

    Returns
    -------
    Teacher
        With averaged weights (exponential moving average).

    Raises
    ------
    TrainingError
        If the loss is not finite, or ``work_dir`` holds a run with other options.
    OperationCancelled
        If the user cancelled; run again to resume.
    """
    folder = Path(work_dir)
    folder.mkdir(parents=True, exist_ok=True)
    _check_resumable(folder, options, pixel_architecture, scene_architecture)
    keras.utils.set_random_seed(options.seed)
    scaling = Scaling.of(data, options.inputs)
    teacher = build_teacher(
        scaling,
        pixel_architecture,
        scene_architecture,
        inputs=options.inputs,
        targets=options.targets,
        vector_size=options.vector_size,
    )
    done = _epochs_done(folder / "backup")
    batches = _Batches(data, scaling, options, np.arange(len(data)), shuffle=True, epoch=done)
    held_out = _Batches(validation, scaling, options, np.arange(len(validation)), shuffle=False)
    steps = len(batches) * options.epochs
    schedule = keras.optimizers.schedules.CosineDecay(
        options.learning_rate / 20,
        steps,
        alpha=0.01,
        warmup_target=options.learning_rate,
        warmup_steps=min(500, steps // 10),
    )
    # the average forgets the untrained start even in a short run
    momentum = min(_EMA_MOMENTUM, 1.0 - 20.0 / (steps + 20))
    losses: dict[str, Any] = {"targets": _loss(teacher)}
    weights = {"targets": 1.0}
    if options.inputs == "scene":
        losses["atmosphere"] = "mse"
        weights["atmosphere"] = options.atmosphere_weight
    teacher.model.compile(
        keras.optimizers.Adam(schedule, clipnorm=1.0, use_ema=True, ema_momentum=momentum),
        loss=losses,
        loss_weights=weights,
    )
    teacher.model.fit(
        batches,
        validation_data=held_out,
        epochs=options.epochs,
        shuffle=False,  # _Batches does it, from seed and epoch alone, so that runs can resume
        verbose=0,
        callbacks=[
            _SeedByEpoch(options.seed),
            keras.callbacks.SwapEMAWeights(),
            keras.callbacks.BackupAndRestore(str(folder / "backup"), delete_checkpoint=False),
            _Report(progress or SilentProgress(), options, folder / "learning_curve.csv"),
        ],
    )
    return teacher


def _epochs_done(backup: Path) -> int:
    """Return how many epochs an interrupted run has finished, as its checkpoint says."""
    facts = backup / "training_metadata.json"
    return int(json.loads(facts.read_text(encoding="utf-8"))["epoch"]) if facts.exists() else 0


def _check_resumable(
    folder: Path, options: TrainingOptions, pixel: Architecture, scene: Architecture
) -> None:
    run = {"options": asdict(options), "pixel": pixel.to_json(), "scene": scene.to_json()}
    text = json.dumps(run, indent=1, sort_keys=True)
    path = folder / "run.json"
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise TrainingError(
            f"{folder}: holds a run with other options. choose another --work-dir or empty it"
        )
    path.write_text(text, encoding="utf-8")
