"""Compression of a teacher that sees pixels' surroundings: four small networks learn of it.

Student and teacher see the same draws in every step: the same scenes with the same known of their
air, the same pixels, the same sample. So the teacher runs in the step, beside the student, and what
it says belongs to the student's inputs whatever was drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
from keras import ops

from akkd_core.nn.options import SurroundingsArchitectures, SurroundingsStudentOptions
from akkd_core.nn.surroundings_teacher import (
    ERROR_UNITS,
    SurroundingsTeacher,
    build_surroundings_teacher,
)
from akkd_core.nn.surroundings_training import error_of, fit_surroundings, told_error
from akkd_core.physics.features import ATMOSPHERE_NAMES, OUTPUT_NAMES
from akkd_core.progress import Progress
from akkd_core.simulation.training_set import TrainingSet

_COUNT, _AIR = len(OUTPUT_NAMES), len(ATMOSPHERE_NAMES)
_TAUGHT = {"targets": _COUNT, "atmosphere": _AIR, "first_guess": _AIR}


def train_surroundings_student(
    teacher: SurroundingsTeacher,
    data: TrainingSet,
    validation: TrainingSet,
    work_dir: str | Path,
    *,
    options: SurroundingsStudentOptions,
    architectures: SurroundingsArchitectures,
    facts: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> SurroundingsTeacher:
    """Train a student, or go on where an interrupted run in ``work_dir`` stopped.

    Minimised is ``(1 - w) error(truth) + w error(teacher)`` of LST and emissivities, both errors
    as the teacher's training has them, and of the atmosphere before and after the sample was
    looked at. The error heads learn of the student's own departures from the truth.

    Parameters
    ----------
    teacher : SurroundingsTeacher
        See `akkd_core.nn.surroundings_restore`; its scaling is the student's, too.
    data, validation : TrainingSet
        Of disjoint profiles and materials. The epoch is kept that comes nearest to its goals on the
        validation set, from the file alone.
    work_dir : path
        Checkpoint, kept weights and learning curve go here.
    options : SurroundingsStudentOptions
    architectures : SurroundingsArchitectures
        Of the student.
    facts : mapping, optional
        What else makes this run another one, e.g. the teacher's hash, as JSON takes it.
    progress : Progress, optional

    Returns
    -------
    SurroundingsTeacher
        The student, with averaged weights.

    Raises
    ------
    TrainingError
        If the loss is not finite, or ``work_dir`` holds a run with other options or a damaged one.
    OperationCancelled
        If the user cancelled; run again to resume.
    """
    keras.utils.set_random_seed(options.seed)
    student = build_surroundings_teacher(teacher.scaling, options, architectures)
    weight = options.teacher_weight
    fit_surroundings(
        _side_by_side(student.model, teacher.model),
        (data, validation),
        Path(work_dir),
        scaling=teacher.scaling,
        options=options,
        architectures=architectures,
        losses={
            "targets": _criterion(weight, options.error_weight),
            "atmosphere": _criterion_of_air(weight),
            "first_guess": _criterion_of_air(weight),
        },
        metrics=[
            metric for i, name in enumerate(OUTPUT_NAMES) for metric in _metrics(i, name, weight)
        ],
        facts={"facts": dict(facts or {})},
        progress=progress,
    )
    return student


def _side_by_side(student: Any, teacher: Any) -> Any:
    """Model of a student whose outputs are followed by its teacher's, which aren't trained."""
    teacher.trainable = False
    labels = teacher(student.input, training=False)
    outputs = {
        name: ops.concatenate([values, ops.stop_gradient(labels[name][..., : _TAUGHT[name]])], -1)
        for name, values in student.output.items()
    }
    return keras.Model(student.input, outputs)


def _criterion(teacher_weight: float, error_weight: float) -> Any:
    def criterion(truth: Any, predicted: Any) -> Any:
        """Goals of both kinds, and how well the departures from the truth are told."""
        student, teacher = predicted[..., :_COUNT], predicted[..., 2 * _COUNT :]
        from_truth = (truth - student) / ERROR_UNITS
        from_teacher = (teacher - student) / ERROR_UNITS
        goals = (1.0 - teacher_weight) * error_of(from_truth)
        told = told_error(from_truth, predicted[..., _COUNT : 2 * _COUNT])
        return goals + teacher_weight * error_of(from_teacher) + error_weight * told

    return criterion


def _criterion_of_air(teacher_weight: float) -> Any:
    def criterion_of_air(truth: Any, predicted: Any) -> Any:
        """Square errors of the standardised atmosphere."""
        student, teacher = predicted[..., :_AIR], predicted[..., _AIR:]
        from_truth = ops.mean(ops.square(truth - student))
        from_teacher = ops.mean(ops.square(teacher - student))
        return (1.0 - teacher_weight) * from_truth + teacher_weight * from_teacher

    return criterion_of_air


def _metrics(column: int, name: str, teacher_weight: float) -> list[Any]:
    """Mean absolute departure of an output from its goals, and of LST from the truth; its unit."""

    def from_truth(truth: Any, predicted: Any) -> Any:
        return ops.abs(truth[..., column] - predicted[..., column])

    def from_goals(truth: Any, predicted: Any) -> Any:
        away = ops.abs(predicted[..., 2 * _COUNT + column] - predicted[..., column])
        return (1.0 - teacher_weight) * from_truth(truth, predicted) + teacher_weight * away

    found = [keras.metrics.MeanMetricWrapper(from_goals, name=f"mae_{name}")]
    if name == "lst":
        found.append(keras.metrics.MeanMetricWrapper(from_truth, name=f"truth_mae_{name}"))
    return found
