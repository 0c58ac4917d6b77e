"""The global optimization criterion (GOC) with squared losses, as pure functions.

Eq. (9) of the AK-KD paper writes ``alpha * MSE(y, student) + (1 - alpha) * MSE(teacher, student)``:
there alpha is the weight of the labels. Its section 2.3.1 and its Table 4 read alpha as the weight
of the teacher ("the guiding role of the teacher model at higher alpha values"). Nothing here is
called alpha: every function takes ``teacher_weight``, which is 0.3 for the paper's choice in the
reading of section 2.3.1 and 0.7 in that of eq. (9).

Both losses being squared, GOC is the squared error against one composite label, plus a constant
that the student can't change (`goc_offset`). So its gradient is that of ordinary training on
composite labels, and dataset distillation on top of GOC adds no other knowledge: it only lowers the
weight of the labels from ``1 - w`` to ``(1 - w)**2`` (`label_weight`).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from akkd_core.errors import ParameterError


def check_teacher_weight(teacher_weight: float) -> float:
    """Return the weight if it lies in 0-1.

    Raises
    ------
    ParameterError
        If it doesn't, or is no number.
    """
    if not (math.isfinite(teacher_weight) and 0.0 <= teacher_weight <= 1.0):
        raise ParameterError(f"teacher weight is {teacher_weight}. Give a number from 0 to 1")
    return float(teacher_weight)


def _finite(*arrays: ArrayLike) -> list[NDArray[np.float64]]:
    values = [np.asarray(array, dtype=np.float64) for array in arrays]
    if len({value.shape for value in values}) != 1:
        shapes = ", ".join(str(value.shape) for value in values)
        raise ParameterError(f"labels, teacher and student differ in shape: {shapes}")
    if not values[0].size or not all(np.isfinite(value).all() for value in values):
        raise ParameterError(
            "labels, teacher and student: empty or not finite. Leave invalid pixels out first"
        )
    return values


def mse(target: ArrayLike, student: ArrayLike) -> float:
    """Mean squared error (eq. 8), in the square of the values' unit; computed in float64.

    Parameters
    ----------
    target, student : array_like of one shape
        Finite values of one unit.

    Raises
    ------
    ParameterError
        If shapes differ, or values are missing or not finite.
    """
    a, b = _finite(target, student)
    return float(np.mean((a - b) ** 2))


def goc(y: ArrayLike, teacher: ArrayLike, student: ArrayLike, teacher_weight: float) -> float:
    """Global optimization criterion (eq. 9), in the square of the values' unit.

    ``(1 - w) * MSE(y, student) + w * MSE(teacher, student)``, computed in float64.

    Parameters
    ----------
    y, teacher, student : array_like of one shape
        Labels, predictions of the teacher and of the student: finite values of one unit.
    teacher_weight : float
        w, 0-1.

    Raises
    ------
    ParameterError
        If shapes differ, values are missing or not finite, or the weight is out of bounds.
    """
    w = check_teacher_weight(teacher_weight)
    return (1.0 - w) * mse(y, student) + w * mse(teacher, student)


def goc_gradient(
    y: ArrayLike, teacher: ArrayLike, student: ArrayLike, teacher_weight: float
) -> NDArray[np.float64]:
    """Gradient of `goc` with respect to the student's predictions, float64, in the values' unit.

    Both terms apart, as eq. (9) has them:
    ``(2 / N) * ((1 - w) * (student - y) + w * (student - teacher))``.

    Parameters
    ----------
    y, teacher, student, teacher_weight
        As of `goc`.

    Raises
    ------
    ParameterError
        As `goc`.
    """
    w = check_teacher_weight(teacher_weight)
    labels, taught, own = _finite(y, teacher, student)
    fidelity, consistency = own - labels, own - taught
    gradient: NDArray[np.float64] = (1.0 - w) * fidelity + w * consistency
    return gradient * (2.0 / own.size)


def composite_label(
    y: ArrayLike, teacher: ArrayLike, teacher_weight: float
) -> NDArray[np.float64]:
    """Labels of dataset distillation, ``(1 - w) * y + w * teacher``: float64, the values' unit.

    To train on, never to score against.

    Parameters
    ----------
    y, teacher : array_like of one shape
        Labels and predictions of the teacher; where either is NaN, so is the result.
    teacher_weight : float
        w, 0-1.

    Raises
    ------
    ParameterError
        If shapes differ or the weight is out of bounds.
    """
    w = check_teacher_weight(teacher_weight)
    labels = np.asarray(y, dtype=np.float64)
    taught = np.asarray(teacher, dtype=np.float64)
    if labels.shape != taught.shape:
        raise ParameterError(f"labels {labels.shape} and teacher {taught.shape} differ in shape")
    mixed: NDArray[np.float64] = (1.0 - w) * labels + w * taught
    return mixed


def goc_offset(y: ArrayLike, teacher: ArrayLike, teacher_weight: float) -> float:
    """GOC minus the squared error against the composite label, whatever the student.

    ``w * (1 - w) * MSE(y, teacher)``, in the square of the values' unit: the loss below which GOC
    can't fall.

    Parameters
    ----------
    y, teacher : array_like of one shape
        Finite values of one unit.
    teacher_weight : float
        w, 0-1.

    Raises
    ------
    ParameterError
        As `goc`.
    """
    w = check_teacher_weight(teacher_weight)
    return w * (1.0 - w) * mse(y, teacher)


def label_weight(teacher_weight: float, stages: int) -> float:
    """Weight that the original labels keep after composite labels or GOC in ``stages`` layers.

    ``(1 - w)**stages``: GOC alone, or training on composite labels alone, is one stage; GOC on
    composite labels (dataset distillation on top of GOC) is two.

    Parameters
    ----------
    teacher_weight : float
        w of each stage, 0-1.
    stages : int
        0 or more.

    Raises
    ------
    ParameterError
        If the weight is out of bounds or stages are negative.
    """
    if stages < 0:
        raise ParameterError(f"stages of distillation: {stages}, must be 0 or more")
    return (1.0 - check_teacher_weight(teacher_weight)) ** stages
