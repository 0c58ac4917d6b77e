"""Training of the teacher that sees pixels' surroundings: what it minimises, and its run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from akkd_core.bundle import ModelBundle, bundle_hash
from akkd_core.nn.batches import steps_per_epoch
from akkd_core.nn.checkpoints import save_keras_model
from akkd_core.nn.objective import absolute_error_of, kind_of_optimizer
from akkd_core.nn.options import (
    DEFAULT_ARCHITECTURES,
    SurroundingsArchitectures,
    SurroundingsOptions,
)
from akkd_core.nn.surroundings_batches import SurroundingsBatches
from akkd_core.nn.surroundings_restore import begun_from
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
_COUNT = len(OUTPUT_NAMES)
_WEIGHTS = np.array([1.0, *(_LSE_WEIGHT,) * (_COUNT - 1)], dtype=np.float32)


def train_surroundings_teacher(
    data: TrainingSet,
    validation: TrainingSet,
    work_dir: str | Path,
    *,
    options: SurroundingsOptions,
    architectures: SurroundingsArchitectures = DEFAULT_ARCHITECTURES,
    start: ModelBundle | None = None,
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
    architectures : SurroundingsArchitectures
    start : ModelBundle, optional
        Of the same architectures: the training begins with its weights, and keeps its scaling.
    progress : Progress, optional

    Returns
    -------
    SurroundingsTeacher
        With the averaged weights of the best epoch.

    Raises
    ------
    TrainingError, OperationCancelled
        As `akkd_core.nn.training.train_teacher`.
    BundleMismatchError
        If ``start`` is of another form.
    """
    keras.utils.set_random_seed(options.seed)
    teacher = (
        begun_from(start, options, architectures)
        if start
        else build_surroundings_teacher(SurroundingsScaling.of(data), options, architectures)
    )
    fit_surroundings(
        teacher.model,
        (data, validation),
        Path(work_dir),
        scaling=teacher.scaling,
        options=options,
        architectures=architectures,
        losses={"targets": _loss(options), "atmosphere": "mse", "first_guess": "mse"},
        metrics=[absolute_error_of(i, name) for i, name in enumerate(OUTPUT_NAMES)],
        facts={"start": bundle_hash(start)} if start else None,
        progress=progress,
    )
    save_keras_model(Path(work_dir) / KERAS_NAME, teacher.model)
    return teacher


def fit_surroundings(
    model: Any,
    sets: tuple[TrainingSet, TrainingSet],
    work_dir: Path,
    *,
    scaling: SurroundingsScaling,
    options: SurroundingsOptions,
    architectures: SurroundingsArchitectures,
    losses: Mapping[str, Any],
    metrics: list[Any],
    facts: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> None:
    """Fit a model to what `SurroundingsBatches` gives, or go on where a run stopped.

    Parameters
    ----------
    model : keras.Model
        With the inputs, and outputs of the names, of a `SurroundingsTeacher`'s.
    sets : (TrainingSet, TrainingSet)
        To train and to validate on.
    work_dir : path
    scaling : SurroundingsScaling
    options : SurroundingsOptions
    architectures : SurroundingsArchitectures
        What the model was built of.
    losses : mapping of str to loss
        By output.
    metrics : list of keras.metrics.Metric
        Of the targets.
    facts : mapping, optional
        What else makes this run another one, as JSON takes it.
    progress : Progress, optional

    Raises
    ------
    TrainingError, OperationCancelled
        As `akkd_core.nn.training.train_teacher`.
    """
    data, validation = sets
    steps = steps_per_epoch(data, options) * options.epochs
    schedule = keras.optimizers.schedules.CosineDecay(
        architectures.pixel.learning_rate, steps, alpha=_LAST_RATE
    )
    # the average forgets the untrained start even in a short run
    momentum = min(_EMA_MOMENTUM, 1.0 - 20.0 / (steps + 20))
    kind = kind_of_optimizer(architectures.pixel)
    model.compile(
        kind(schedule, global_clipnorm=1.0, use_ema=True, ema_momentum=momentum),
        loss=dict(losses),
        loss_weights={
            "targets": 1.0,
            "atmosphere": options.atmosphere_weight,
            "first_guess": options.first_guess_weight,
        },
        metrics={"targets": metrics},
    )
    run_epochs(
        model,
        lambda done: SurroundingsBatches(data, scaling, options, shuffle=True, epoch=done),
        SurroundingsBatches(validation, scaling, options, shuffle=False),
        work_dir,
        options=options,
        run={"options": asdict(options), **architectures.to_json(), **(facts or {})},
        progress=progress,
    )


def error_of(departure: Any) -> Any:
    """Absolute error of outputs: 1 for 1 K, and 0.2 for each 0.02 of an emissivity.

    Parameters
    ----------
    departure : tensor, (..., 6)
        In `ERROR_UNITS`.
    """
    return ops.mean(ops.sum(ops.abs(departure) * _WEIGHTS, axis=-1))


def told_error(departure: Any, log_scale: Any) -> Any:
    """Negative log likelihood of departures whose told scales are of a Laplace distribution.

    The heads learn of the errors, the errors nothing of the heads.

    Parameters
    ----------
    departure, log_scale : tensor, (..., 6)
        In `ERROR_UNITS`.
    """
    scale = ops.clip(log_scale, -_LOG_SCALE_LIMIT, _LOG_SCALE_LIMIT)
    return ops.mean(ops.stop_gradient(ops.abs(departure)) * ops.exp(-scale) + scale)


def _loss(options: SurroundingsOptions) -> Any:
    def errors_and_how_well_they_are_told(truth: Any, predicted: Any) -> Any:
        departure = (truth - predicted[..., :_COUNT]) / ERROR_UNITS
        told = told_error(departure, predicted[..., _COUNT:])
        return error_of(departure) + options.error_weight * told

    return errors_and_how_well_they_are_told
