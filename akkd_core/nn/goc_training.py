"""Distillation of a plain network: training that goes on from its weights under the GOC."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from akkd_core.bundle.architecture import Architecture
from akkd_core.bundle.network import Network
from akkd_core.errors import TrainingError
from akkd_core.nn.fitting import (
    FitOptions,
    Samples,
    Standardisation,
    build_network,
    export_network,
)
from akkd_core.progress import Progress, SilentProgress, checkpoint

_SLOWEST = 0.01


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
    _check_layers(network, architecture)
    model = build_network(architecture, len(network.input_names), len(network.output_names))
    _set_weights(model, network)
    return model


def fit_plain(
    architecture: Architecture,
    samples: Samples,
    *,
    input_names: tuple[str, ...],
    output_names: tuple[str, ...],
    output_add: tuple[str | None, ...] = (),
    options: FitOptions,
    progress: Progress | None = None,
) -> Network:
    """Train a network on labels alone, from random weights.

    The same training as `train_goc` with a teacher of no weight, so that what goes on from it
    differs in the loss alone.

    Parameters
    ----------
    architecture : Architecture
    samples : Samples
    input_names, output_names : tuple of str
        Columns of the samples.
    output_add : tuple of (str or None)
        Inputs that the samples' base holds; see `Network`.
    options : FitOptions
    progress : Progress, optional

    Raises
    ------
    TrainingError, OperationCancelled
        As `train_goc`.
    """
    keras.utils.set_random_seed(options.seed)
    model = build_network(architecture, samples.x.shape[1], samples.y.shape[1])
    scale = Standardisation.of(samples)
    start = export_network(model, scale, input_names, output_names, output_add)
    return train_goc(
        start, architecture, samples.x, samples.y, samples.y, 0.0,
        options=options, progress=progress,
    )  # fmt: skip


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
    network's standardised units; with w = 0 it is the paper's incremental learning. The learning
    rate falls to a hundredth by a cosine.

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
        The same seed gives the same network, whatever was trained before.
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
    _check_layers(network, architecture)
    inputs = (x - network.input_mean) / network.input_scale
    base = np.stack(
        [
            np.zeros(len(x), np.float32) if name is None else x[:, network.input_names.index(name)]
            for name in network.output_add
        ],
        axis=1,
    )
    goals = [(y - base - network.output_mean) / network.output_scale for y in (labels, teacher)]
    trainer = _trainer(architecture, x.shape[1], labels.shape[1])
    return trainer.train(
        network,
        inputs.astype(np.float32),
        np.concatenate(goals, axis=1).astype(np.float32),
        teacher_weight,
        options,
        progress or SilentProgress(),
    )


def goc_loss(teacher_weight: Any, n_out: int) -> Any:
    """Loss with labels and teacher side by side as its targets, (n, 2 n_out).

    Parameters
    ----------
    teacher_weight : float or scalar tensor
        0-1.
    n_out : int
    """

    def loss(goals: Any, student: Any) -> Any:
        fidelity = keras.ops.mean(keras.ops.square(goals[:, :n_out] - student))
        consistency = keras.ops.mean(keras.ops.square(goals[:, n_out:] - student))
        return (1.0 - teacher_weight) * fidelity + teacher_weight * consistency

    return loss


class _Trainer:
    """One compiled epoch for networks of one architecture: students are trained by the hundred.

    Weights, optimizer and learning rate start anew with each of them.
    """

    def __init__(self, architecture: Architecture, n_in: int, n_out: int) -> None:
        self._rate = architecture.learning_rate
        self._model = build_network(architecture, n_in, n_out)
        kinds = {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}
        self._optimizer = kinds[architecture.optimizer](self._rate)
        self._optimizer.build(self._model.trainable_variables)
        self._weight = tf.Variable(0.0, trainable=False, dtype=tf.float32)
        self._loss = goc_loss(self._weight, n_out)
        # a method's own cache of graphs would keep the trainer alive
        self._epoch = tf.function(self._run_epoch, reduce_retracing=True)

    def _run_epoch(self, x: Any, goals: Any, order: Any, rates: Any) -> Any:
        total = tf.constant(0.0)
        for step in tf.range(tf.shape(order)[0]):
            rows = order[step]
            self._optimizer.learning_rate.assign(rates[step])
            with tf.GradientTape() as tape:
                student = self._model(tf.gather(x, rows), training=True)
                loss = self._loss(tf.gather(goals, rows), student)
            variables = self._model.trainable_variables
            self._optimizer.apply_gradients(
                zip(tape.gradient(loss, variables), variables, strict=True)
            )
            total += loss
        return total / tf.cast(tf.shape(order)[0], tf.float32)

    def train(
        self,
        start: Network,
        x: NDArray[np.float32],
        goals: NDArray[np.float32],
        teacher_weight: float,
        options: FitOptions,
        progress: Progress,
    ) -> Network:
        """Train from a network's weights, and return the one that comes of it."""
        self._begin(start, teacher_weight, options.seed)
        rng = np.random.default_rng([options.seed, 11])
        batch = min(options.batch_size, len(x))
        steps = len(x) // batch
        passed = np.arange(options.epochs * steps) / max(options.epochs * steps, 1)
        cosine = _SLOWEST + (1.0 - _SLOWEST) * 0.5 * (1.0 + np.cos(np.pi * passed))
        rates = (self._rate * cosine).astype(np.float32).reshape(options.epochs, steps)
        inputs, wanted = tf.constant(x), tf.constant(goals)
        for epoch in range(options.epochs):
            checkpoint(progress, epoch / options.epochs, f"epoch {epoch + 1}")
            order = rng.permutation(len(x))[: steps * batch].reshape(steps, batch)
            loss = float(self._epoch(inputs, wanted, tf.constant(order), tf.constant(rates[epoch])))
            if not np.isfinite(loss):
                raise TrainingError("the loss is not finite; lower the learning rate")
        progress.update(1.0)
        dense = [la for la in self._model.layers if isinstance(la, keras.layers.Dense)]
        weights = [layer.get_weights() for layer in dense]
        return replace(
            start, kernels=tuple(w[0] for w in weights), biases=tuple(w[1] for w in weights)
        )

    def _begin(self, start: Network, teacher_weight: float, seed: int) -> None:
        keras.utils.set_random_seed(seed)
        _set_weights(self._model, start)
        for variable in self._optimizer.variables:
            variable.assign(keras.ops.zeros_like(variable))
        for number, layer in enumerate(self._model.layers):
            if isinstance(layer, keras.layers.Dropout):
                layer.seed_generator.state.assign([seed, number])
        self._weight.assign(teacher_weight)


@lru_cache(maxsize=8)
def _trainer(architecture: Architecture, n_in: int, n_out: int) -> _Trainer:
    return _Trainer(architecture, n_in, n_out)


def _check_layers(network: Network, architecture: Architecture) -> None:
    widths = [layer.units for layer in architecture.layers]
    if [kernel.shape[1] for kernel in network.kernels[:-1]] != widths:
        raise TrainingError(f"a network of other layers than {architecture}")


def _set_weights(model: Any, network: Network) -> None:
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    for layer, kernel, bias in zip(dense, network.kernels, network.biases, strict=True):
        layer.set_weights([kernel, bias])
