"""Distillation of a plain network: training that goes on from its weights under the GOC."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from akkd_core.bundle.architecture import Architecture
from akkd_core.bundle.network import Network
from akkd_core.errors import TrainingError
from akkd_core.nn.fitting import FitOptions, build_network, train_model
from akkd_core.progress import Progress


def restore_model(network: Network, architecture: Architecture) -> Any:
    """Keras model of an exported network: its weights, the architecture's dropout.

    Parameters
    ----------
    network : Network
    architecture : Architecture
        That it was made with.

    Returns
    -------
    keras.Model

    Raises
    ------
    TrainingError
        If the two don't fit.
    """
    widths = [layer.units for layer in architecture.layers]
    if [kernel.shape[1] for kernel in network.kernels[:-1]] != widths:
        raise TrainingError(f"a network of other layers than {architecture}")
    model = build_network(architecture, len(network.input_names), len(network.output_names))
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    for layer, kernel, bias in zip(dense, network.kernels, network.biases, strict=True):
        layer.set_weights([kernel, bias])
    return model


def train_goc(
    network: Network,
    architecture: Architecture,
    x: NDArray[np.float32],
    labels: NDArray[np.float32],
    teacher: NDArray[np.float32],
    teacher_weight: float,
    *,
    options: FitOptions,
    progress: Progress | None = None,
) -> Network:
    """Train a network further under the global optimization criterion.

    ``(1 - w) MSE(labels, student) + w MSE(teacher, student)``, eq. (9) of the AK-KD paper, in the
    network's standardised units; with w = 0 it is the paper's incremental learning.

    Parameters
    ----------
    network : Network
        The small model; it stays as it is.
    architecture : Architecture
        That it was made with.
    x : ndarray of float32, (n, n_in)
        Raw inputs.
    labels, teacher : ndarray of float32, (n, n_out)
        Raw targets, and what the teacher predicts there.
    teacher_weight : float
        w, 0-1.
    options : FitOptions
    progress : Progress, optional

    Returns
    -------
    Network

    Raises
    ------
    TrainingError
        If shapes don't fit, or the loss is not finite.
    OperationCancelled
        If the user cancelled.
    """
    if labels.shape != teacher.shape or labels.shape != (len(x), len(network.output_names)):
        raise TrainingError(f"labels {labels.shape}, teacher {teacher.shape}, inputs {x.shape}")
    keras.utils.set_random_seed(options.seed)
    model = restore_model(network, architecture)
    inputs = (x - network.input_mean) / network.input_scale
    base = np.stack(
        [
            np.zeros(len(x), np.float32) if name is None else x[:, network.input_names.index(name)]
            for name in network.output_add
        ],
        axis=1,
    )
    goals = [(y - base - network.output_mean) / network.output_scale for y in (labels, teacher)]
    train_model(
        model,
        inputs.astype(np.float32),
        np.concatenate(goals, axis=1).astype(np.float32),
        architecture,
        options,
        progress,
        loss=goc_loss(teacher_weight, labels.shape[1]),
    )
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    weights = [layer.get_weights() for layer in dense]
    return replace(
        network, kernels=tuple(w[0] for w in weights), biases=tuple(w[1] for w in weights)
    )


def goc_loss(teacher_weight: float, n_out: int) -> Any:
    """Keras loss: labels and teacher side by side as its targets, (n, 2 n_out).

    Parameters
    ----------
    teacher_weight : float
        0-1.
    n_out : int
    """

    def loss(goals: Any, student: Any) -> Any:
        fidelity = ops.mean(ops.square(goals[:, :n_out] - student))
        consistency = ops.mean(ops.square(goals[:, n_out:] - student))
        return (1.0 - teacher_weight) * fidelity + teacher_weight * consistency

    return loss
