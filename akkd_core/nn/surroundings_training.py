"""Training of the teacher that sees pixels' surroundings: what it minimises, and its run."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from akkd_core.bundle.architecture import Architecture
from akkd_core.nn.batches import steps_per_epoch
from akkd_core.nn.checkpoints import save_keras_model
from akkd_core.nn.objective import absolute_error_of, kind_of_optimizer
from akkd_core.nn.options import (
    DEFAULT_PIXEL_ARCHITECTURE,
    DEFAULT_REFINEMENT_ARCHITECTURE,
    DEFAULT_SAMPLE_ARCHITECTURE,
    DEFAULT_SCENE_ARCHITECTURE,
    SurroundingsOptions,
)
from akkd_core.nn.surroundings_batches import SurroundingsBatches
from akkd_core.nn.surroundings_teacher import (
    ERROR_UNITS,
    SurroundingsScaling,
    SurroundingsTeacher,
    build_surroundings_teacher,
)
from akkd_core.nn.training import KERAS_NAME, run_epochs
from akkd_core.physics.features import OUTPUT_NAMES
from akkd_core.progress import Progress
from akkd_core.simulation.training_set import TrainingSet

_EMA_MOMENTUM = 0.999
_LAST_RATE = 0.01
_LSE_WEIGHT = 0.2
_LOG_SCALE_LIMIT = 8.0


def train_surroundings_teacher(
    data: TrainingSet,
    validation: TrainingSet,
    work_dir: str | Path,
    *,
    options: SurroundingsOptions,
    pixel_architecture: Architecture = DEFAULT_PIXEL_ARCHITECTURE,
    scene_architecture: Architecture = DEFAULT_SCENE_ARCHITECTURE,
    progress: Progress | None = None,
) -> SurroundingsTeacher:
    """Train the teacher, or go on where an interrupted run in ``work_dir`` stopped.

    Parameters
    ----------
    data, validation : TrainingSet
        Of disjoint profiles and materials; validated is what is found from the file alone.
    work_dir : path
        As for `akkd_core.nn.training.train_teacher`.
    options : SurroundingsOptions
    pixel_architecture : Architecture
        Its optimizer and learning rate are those of the whole model.
    scene_architecture : Architecture
        Only its layers count.
    progress : Progress, optional

    Returns
    -------
    SurroundingsTeacher
        With the averaged weights of the best epoch.

    Raises
    ------
    TrainingError, OperationCancelled
        As `akkd_core.nn.training.train_teacher`.
    """
    keras.utils.set_random_seed(options.seed)
    scaling = SurroundingsScaling.of(data)
    teacher = build_surroundings_teacher(scaling, options, pixel_architecture, scene_architecture)
    steps = steps_per_epoch(data, options) * options.epochs
    _compile(teacher, pixel_architecture, options, steps)
    run_epochs(
        teacher.model,
        lambda done: SurroundingsBatches(data, scaling, options, shuffle=True, epoch=done),
        SurroundingsBatches(validation, scaling, options, shuffle=False),
        Path(work_dir),
        options=options,
        run={
            # as JSON gives it back
            "options": {**asdict(options), "sample_pixels": list(options.sample_pixels)},
            "pixel": pixel_architecture.to_json(),
            "scene": scene_architecture.to_json(),
            "sample": DEFAULT_SAMPLE_ARCHITECTURE.to_json(),
            "refinement": DEFAULT_REFINEMENT_ARCHITECTURE.to_json(),
        },
        progress=progress,
    )
    save_keras_model(Path(work_dir) / KERAS_NAME, teacher.model)
    return teacher


def _compile(
    teacher: SurroundingsTeacher,
    architecture: Architecture,
    options: SurroundingsOptions,
    steps: int,
) -> None:
    schedule = keras.optimizers.schedules.CosineDecay(
        architecture.learning_rate, steps, alpha=_LAST_RATE
    )
    # the average forgets the untrained start even in a short run
    momentum = min(_EMA_MOMENTUM, 1.0 - 20.0 / (steps + 20))
    kind = kind_of_optimizer(architecture)
    teacher.model.compile(
        kind(schedule, global_clipnorm=1.0, use_ema=True, ema_momentum=momentum),
        loss={"targets": _loss(options), "atmosphere": "mse", "first_guess": "mse"},
        loss_weights={
            "targets": 1.0,
            "atmosphere": options.atmosphere_weight,
            "first_guess": options.first_guess_weight,
        },
        metrics={"targets": [absolute_error_of(i, name) for i, name in enumerate(OUTPUT_NAMES)]},
    )


def _loss(options: SurroundingsOptions) -> Any:
    count = len(OUTPUT_NAMES)
    weight = np.array([1.0, *(_LSE_WEIGHT,) * (count - 1)], dtype=np.float32)

    def errors_and_how_well_they_are_told(truth: Any, predicted: Any) -> Any:
        """Absolute errors, and the likelihood of their told scales if Laplace distributed."""
        error = ops.abs(truth - predicted[..., :count]) / ERROR_UNITS
        scale = ops.clip(predicted[..., count:], -_LOG_SCALE_LIMIT, _LOG_SCALE_LIMIT)
        # the heads learn of the errors, the errors nothing of the heads
        told = ops.mean(ops.stop_gradient(error) * ops.exp(-scale) + scale)
        return ops.mean(ops.sum(error * weight, axis=-1)) + options.error_weight * told

    return errors_and_how_well_they_are_told
