"""Training of the teacher: epochs that can be interrupted, cancelled and ended early."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from akkd_core.bundle.architecture import Architecture
from akkd_core.errors import OperationCancelled, TrainingError
from akkd_core.nn.batches import SceneBatches, steps_per_epoch
from akkd_core.nn.checkpoints import (
    RUN_NAME,
    check_run,
    load_arrays,
    restore_checkpoint,
    save_arrays,
    save_checkpoint,
    save_keras_model,
)
from akkd_core.nn.early_stopping import judge
from akkd_core.nn.learning_curve import LearningCurve
from akkd_core.nn.objective import compile_teacher, readable_logs
from akkd_core.nn.options import (
    DEFAULT_PIXEL_ARCHITECTURE,
    DEFAULT_SCENE_ARCHITECTURE,
    EpochOptions,
    TrainingOptions,
)
from akkd_core.nn.teacher import Scaling, Teacher, build_teacher
from akkd_core.progress import Progress, SilentProgress
from akkd_core.raster.temporary import remove_leftovers
from akkd_core.simulation.training_set import TrainingSet

CURVE_NAME = "learning_curve.csv"
"""The learning curve in the work folder; see `akkd_core.nn.learning_curve`."""

KERAS_NAME = "model.keras"
"""The Keras model in the work folder, a training artefact: no bundle holds it."""

_DEFAULT_OPTIONS = TrainingOptions()
_CHECKPOINT = "checkpoint.npz"
_KEPT = "kept_weights.npz"


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


class _Watch(keras.callbacks.Callback):
    """Keeps curve, weights and checkpoint of each epoch; ends the run when it is time.

    Stands before `SwapEMAWeights`, whose averaged weights are in the model until its own
    ``on_test_end``: those were validated, so those are kept.
    """

    def __init__(self, progress: Progress, options: EpochOptions, folder: Path) -> None:
        super().__init__()
        self.progress, self.options, self.folder = progress, options, folder
        self.curve = LearningCurve(folder / CURVE_NAME)
        self.validated: list[Any] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self.progress.cancelled():
            raise OperationCancelled("training cancelled; run again to resume")
        loss = (logs or {}).get("loss", 0.0)
        if not np.isfinite(loss):
            raise TrainingError("the loss is not finite; lower the learning rate")

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        self.validated = self.model.get_weights()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        done, values = epoch + 1, readable_logs(logs or {})
        self.curve.append(done, values)
        # the file's digits count: a resumed run has no others
        verdict = judge(self.curve.columns(), self.options.targets, self.options.patience)
        if verdict.kept_epoch == done:
            save_arrays(self.folder / _KEPT, self.validated, done)
        # last: what a checkpoint says is done has its row and its weights
        save_checkpoint(self.folder / _CHECKPOINT, self.model, done)
        text = ", ".join(f"{k} {values[k]:.4f}" for k in ("loss", "val_loss") if k in values)
        self.progress.update(done / self.options.epochs, f"epoch {done}: {text}")
        self.model.stop_training = verdict.stop


def train_teacher(
    data: TrainingSet,
    validation: TrainingSet,
    work_dir: str | Path,
    *,
    options: TrainingOptions = _DEFAULT_OPTIONS,
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
        Checkpoint, kept weights, learning curve (`CURVE_NAME`) and Keras model (`KERAS_NAME`) go
        here.
    options : TrainingOptions
    pixel_architecture : Architecture
        Its optimizer and learning rate are those of the whole model.
    scene_architecture : Architecture
        Only its layers count.
    progress : Progress, optional

    Returns
    -------
    Teacher
        With the averaged weights (exponential moving average) of the epoch at whose end they had
        the lowest validation error; see `akkd_core.nn.early_stopping`.

    Raises
    ------
    TrainingError
        If the loss is not finite, or ``work_dir`` holds a run with other options or a damaged one.
    OperationCancelled
        If the user cancelled; run again to resume.
    """
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
    steps = steps_per_epoch(data, options) * options.epochs
    compile_teacher(teacher, pixel_architecture, options, steps)
    run_epochs(
        teacher.model,
        lambda done: SceneBatches(data, scaling, options, shuffle=True, epoch=done),
        SceneBatches(validation, scaling, options, shuffle=False),
        Path(work_dir),
        options=options,
        run={
            "options": asdict(options),
            "pixel": pixel_architecture.to_json(),
            "scene": scene_architecture.to_json(),
        },
        progress=progress,
    )
    save_keras_model(Path(work_dir) / KERAS_NAME, teacher.model)
    return teacher


def run_epochs(
    model: Any,
    batches: Callable[[int], Any],
    validation: Any,
    folder: Path,
    *,
    options: EpochOptions,
    run: Mapping[str, Any],
    progress: Progress | None = None,
) -> None:
    """Fit a model, or go on where an interrupted run stopped; it ends with the kept weights.

    Parameters
    ----------
    model : keras.Model
        Compiled, with `make_optimizer`'s optimizer and a metric ``mae_TARGET`` for each target.
    batches : callable
        From the number of epochs done to the batches of those that follow, whose order is their
        own affair: drawn from seed and epoch alone, so that runs can resume.
    validation : keras.utils.PyDataset
    folder : path
        Work folder; made.
    options : EpochOptions
    run : mapping
        What the run is, as JSON takes it.
    progress : Progress, optional

    Raises
    ------
    TrainingError, OperationCancelled
        As `train_teacher`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in (_CHECKPOINT, _KEPT, CURVE_NAME, KERAS_NAME, RUN_NAME):
        remove_leftovers(folder / name)
    check_run(folder, run)
    done = restore_checkpoint(folder / _CHECKPOINT, model)
    curve = LearningCurve(folder / CURVE_NAME)
    curve.cut(done)
    if not done or not judge(curve.columns(), options.targets, options.patience).stop:
        model.fit(
            batches(done),
            validation_data=validation,
            epochs=options.epochs,
            initial_epoch=done,
            shuffle=False,
            verbose=0,
            callbacks=[
                _SeedByEpoch(options.seed),
                _Watch(progress or SilentProgress(), options, folder),
                keras.callbacks.SwapEMAWeights(),
            ],
        )
    model.set_weights(load_arrays(folder / _KEPT)[0])
