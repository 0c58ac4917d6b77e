"""What a teacher's training minimises and reports, and with which optimizer."""

from __future__ import annotations

import re
from typing import Any

import keras
from keras import ops

from akkd_core.bundle.architecture import Architecture
from akkd_core.nn.options import TrainingOptions
from akkd_core.nn.teacher import TARGETS, Teacher

_OPTIMIZERS = {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}
_EMA_MOMENTUM = 0.998


def kind_of_optimizer(architecture: Architecture) -> Any:
    """Return Keras's class of an architecture's optimizer."""
    return _OPTIMIZERS[architecture.optimizer]


def make_optimizer(architecture: Architecture, steps: int) -> Any:
    """Make the optimizer of an architecture, with averaged weights (exponential moving average).

    The learning rate rises to the architecture's over the first steps and falls by a cosine. Adam
    and AdamW have Keras's defaults (AdamW: weight decay 0.004); gradients are clipped to norm 1.

    Parameters
    ----------
    architecture : Architecture
        For optimizer and learning rate.
    steps : int
        Of the whole run.

    Returns
    -------
    keras.optimizers.Optimizer
    """
    rate = architecture.learning_rate
    schedule = keras.optimizers.schedules.CosineDecay(
        rate / 20, steps, alpha=0.01, warmup_target=rate, warmup_steps=min(500, steps // 10)
    )
    # the average forgets the untrained start even in a short run
    momentum = min(_EMA_MOMENTUM, 1.0 - 20.0 / (steps + 20))
    kind = kind_of_optimizer(architecture)
    return kind(schedule, clipnorm=1.0, use_ema=True, ema_momentum=momentum)


def compile_teacher(
    teacher: Teacher, architecture: Architecture, options: TrainingOptions, steps: int
) -> None:
    """Give the model its optimizer, losses and metrics.

    Parameters
    ----------
    teacher : Teacher
    architecture : Architecture
        Of the pixel network; its optimizer trains the scene network, too.
    options : TrainingOptions
    steps : int
        Of the whole run.
    """
    losses: dict[str, Any] = {"targets": _loss(teacher)}
    weights = {"targets": 1.0}
    if options.inputs == "scene":
        losses["atmosphere"] = "mse"
        weights["atmosphere"] = options.atmosphere_weight
    teacher.model.compile(
        make_optimizer(architecture, steps),
        loss=losses,
        loss_weights=weights,
        metrics={"targets": [absolute_error_of(i, name) for i, name in enumerate(teacher.targets)]},
    )


def readable_logs(logs: dict[str, Any]) -> dict[str, float]:
    """Keras's logs by the learning curve's names: ``val_targets_mae_lst`` is ``val_mae_lst``."""
    return {
        re.sub(r"targets_((?:truth_)?mae_)", r"\1", name): float(value)
        for name, value in logs.items()
    }


def rounded_error(departure: Any) -> Any:
    """Mean absolute departure, rounded off near zero: square below a tenth of an SD.

    Parameters
    ----------
    departure : tensor
        In standard deviations.
    """
    return ops.mean(ops.sqrt(departure * departure + 0.01))


def _loss(teacher: Teacher) -> Any:
    columns = [TARGETS.index(t) for t in teacher.targets]
    scale = teacher.scaling.target_scale[columns]

    def smooth_absolute_error(truth: Any, predicted: Any) -> Any:
        """Absolute error in standard deviations, rounded off near zero."""
        return rounded_error((truth - predicted) / scale)

    return smooth_absolute_error


def absolute_error_of(column: int, name: str) -> Any:
    """Make the metric ``mae_NAME`` of one column of the outputs."""
    def absolute_error(truth: Any, predicted: Any) -> Any:
        return ops.abs(truth[..., column] - predicted[..., column])

    return keras.metrics.MeanMetricWrapper(absolute_error, name=f"mae_{name}")
