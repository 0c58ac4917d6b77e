"""Plain networks fitted to samples: what a search's trials and the paper's tables need."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.architecture import Architecture
from akkd_core.bundle.network import Network
from akkd_core.errors import OperationCancelled, TrainingError
from akkd_core.progress import Progress, SilentProgress

_CHUNK = 1 << 14


@dataclass(frozen=True)
class Samples:
    """Inputs and targets of single pixels.

    Parameters
    ----------
    x : ndarray of float32, (n, n_in)
        Raw inputs, e.g. brightness temperatures, K.
    y : ndarray of float32, (n, n_out)
        Raw targets, e.g. LST, K, or emissivity, 0-1.
    base : ndarray of float32, (n, n_out), optional
        What is added to the network's output, e.g. a brightness temperature, K; 0 without.

    Raises
    ------
    TrainingError
        If shapes don't fit, there are no samples, or a value is not finite.
    """

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    base: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if self.x.ndim != 2 or self.y.ndim != 2 or len(self.x) != len(self.y) or not len(self.x):
            raise TrainingError(f"samples of shapes {self.x.shape} and {self.y.shape} don't fit")
        if self.base is not None and self.base.shape != self.y.shape:
            raise TrainingError(f"base of shape {self.base.shape} for targets {self.y.shape}")
        if not (np.isfinite(self.x).all() and np.isfinite(self.y).all()):
            raise TrainingError("samples hold values that are not finite")

    @property
    def departure(self) -> NDArray[np.float32]:
        """Targets minus base, (n, n_out)."""
        return self.y if self.base is None else self.y - self.base


@dataclass(frozen=True)
class Standardisation:
    """Means and scales of inputs and of targets' departures, float32.

    Parameters
    ----------
    x_mean, x_scale : ndarray of float32, (n_in,)
    y_mean, y_scale : ndarray of float32, (n_out,)
    """

    x_mean: NDArray[np.float32]
    x_scale: NDArray[np.float32]
    y_mean: NDArray[np.float32]
    y_scale: NDArray[np.float32]

    @classmethod
    def of(cls, samples: Samples) -> Standardisation:
        """Mean and standard deviation of a set of samples."""
        x, y = samples.x.astype(np.float64), samples.departure.astype(np.float64)
        found = (x.mean(0), np.maximum(x.std(0), 1e-6), y.mean(0), np.maximum(y.std(0), 1e-6))
        return cls(*(values.astype(np.float32) for values in found))

    def inputs(self, samples: Samples) -> NDArray[np.float32]:
        """Standardised inputs, (n, n_in)."""
        scaled: NDArray[np.float32] = (samples.x - self.x_mean) / self.x_scale
        return scaled

    def targets(self, samples: Samples) -> NDArray[np.float32]:
        """Standardised departures of the targets, (n, n_out)."""
        scaled: NDArray[np.float32] = (samples.departure - self.y_mean) / self.y_scale
        return scaled

    def restore(self, output: NDArray[np.floating], samples: Samples) -> NDArray[np.float32]:
        """Turn a network's standardised output into the targets' units, (n, n_out)."""
        raw = output * self.y_scale + self.y_mean
        full: NDArray[np.float32] = (raw if samples.base is None else raw + samples.base).astype(
            np.float32
        )
        return full


@dataclass(frozen=True)
class FitOptions:
    """How a plain network is fitted.

    Parameters
    ----------
    epochs : int
        Passes through the samples.
    batch_size : int
        Samples in one step.
    seed : int
        Of weights, order and dropout; the same seed gives the same network.
    """

    epochs: int = 10
    batch_size: int = 512
    seed: int = 1


@dataclass(frozen=True)
class Fit:
    """A fitted network and its scores on samples that it was not fitted to.

    Parameters
    ----------
    network : Network
        Takes raw inputs, gives the targets' departures in their units.
    mae, pcc, rmse, bias : tuple of float
        One per target, in its unit; NaN correlation where a prediction is constant.
    seconds : float
        Wall time of the fit.
    """

    network: Network
    mae: tuple[float, ...]
    pcc: tuple[float, ...]
    rmse: tuple[float, ...]
    bias: tuple[float, ...]
    seconds: float


class _Watch(keras.callbacks.Callback):
    """Reports progress, stops on cancel or a loss that is not finite."""

    def __init__(self, progress: Progress, epochs: int) -> None:
        super().__init__()
        self.progress, self.epochs = progress, epochs

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self.progress.cancelled():
            raise OperationCancelled("cancelled by the user")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        loss = (logs or {}).get("loss", 0.0)
        if not np.isfinite(loss):
            raise TrainingError("the loss is not finite; lower the learning rate")
        self.progress.update((epoch + 1) / self.epochs, f"epoch {epoch + 1}: loss {loss:.4f}")


def build_network(architecture: Architecture, n_in: int, n_out: int) -> Any:
    """Build an untrained Keras model: dense layers with dropout, a linear output layer.

    Parameters
    ----------
    architecture : Architecture
    n_in, n_out : int

    Returns
    -------
    keras.Model
    """
    x = inputs = keras.Input((n_in,))
    for layer in architecture.layers:
        x = keras.layers.Dense(layer.units, activation=layer.activation)(x)
        if layer.dropout:
            x = keras.layers.Dropout(layer.dropout)(x)
    return keras.Model(inputs, keras.layers.Dense(n_out)(x))


def train_model(
    model: Any,
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    architecture: Architecture,
    options: FitOptions,
    progress: Progress | None = None,
) -> None:
    """Minimise the mean square error with the architecture's optimizer, in place.

    The learning rate falls to a hundredth by a cosine, so that few epochs tell good from bad.

    Parameters
    ----------
    model : keras.Model
        Untrained.
    x, y : ndarray of float32
        Standardised.
    architecture : Architecture
        For optimizer and learning rate.
    options : FitOptions
    progress : Progress, optional

    Raises
    ------
    TrainingError
        If the loss is not finite.
    OperationCancelled
        If the user cancelled.
    """
    steps = options.epochs * -(-len(x) // options.batch_size)
    rate = keras.optimizers.schedules.CosineDecay(architecture.learning_rate, steps, alpha=0.01)
    kinds = {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}
    model.compile(kinds[architecture.optimizer](rate), loss="mse")
    model.fit(
        x,
        y,
        batch_size=options.batch_size,
        epochs=options.epochs,
        verbose=0,
        callbacks=[_Watch(progress or SilentProgress(), options.epochs)],
    )


def predict(model: Any, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Output of a model, (n, n_out), in chunks; no graph is traced for the few calls there are.

    Parameters
    ----------
    model : keras.Model
    x : ndarray of float32, (n, n_in)
        Standardised.
    """
    chunks = [
        np.asarray(model(x[i : i + _CHUNK], training=False)) for i in range(0, len(x), _CHUNK)
    ]
    return np.concatenate(chunks)


def scores(
    predicted: NDArray[np.floating], truth: NDArray[np.floating]
) -> dict[str, tuple[float, ...]]:
    """MAE, PCC, RMSE and bias of each column, in its unit.

    Parameters
    ----------
    predicted, truth : ndarray, (n, n_out)
    """
    p, t = predicted.astype(np.float64), truth.astype(np.float64)
    error = p - t
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = ((p - p.mean(0)) * (t - t.mean(0))).mean(0)
        pcc = covariance / (p.std(0) * t.std(0))
    columns = {
        "mae": np.abs(error).mean(0),
        "pcc": pcc,
        "rmse": np.sqrt((error**2).mean(0)),
        "bias": error.mean(0),
    }
    return {name: tuple(float(v) for v in values) for name, values in columns.items()}


def fit_network(
    architecture: Architecture,
    train: Samples,
    held_out: Samples,
    *,
    input_names: tuple[str, ...],
    output_names: tuple[str, ...],
    options: FitOptions = FitOptions(),
    progress: Progress | None = None,
) -> Fit:
    """Fit a network and score it on held-out samples.

    Parameters
    ----------
    architecture : Architecture
    train, held_out : Samples
    input_names, output_names : tuple of str
        Columns of the samples.
    options : FitOptions
    progress : Progress, optional

    Returns
    -------
    Fit

    Raises
    ------
    TrainingError
        If samples don't fit or the loss is not finite.
    OperationCancelled
        If the user cancelled.
    """
    started = time.monotonic()
    keras.utils.set_random_seed(options.seed)
    scale = Standardisation.of(train)
    model = build_network(architecture, train.x.shape[1], train.y.shape[1])
    train_model(
        model, scale.inputs(train), scale.targets(train), architecture, options, progress
    )
    output = predict(model, scale.inputs(held_out))
    found = scores(scale.restore(output, held_out), held_out.y)
    network = export_network(model, scale, input_names, output_names)
    return Fit(network, **found, seconds=time.monotonic() - started)


def export_network(
    model: Any,
    scale: Standardisation,
    input_names: tuple[str, ...],
    output_names: tuple[str, ...],
    output_add: tuple[str | None, ...] = (),
) -> Network:
    """Plain weights of a fitted model, with its standardisation.

    Parameters
    ----------
    model : keras.Model
    scale : Standardisation
    input_names, output_names : tuple of str
    output_add : tuple of (str or None)
        See `Network`.
    """
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    weights = [layer.get_weights() for layer in dense]
    return Network(
        kernels=tuple(w[0] for w in weights),
        biases=tuple(w[1] for w in weights),
        activations=tuple(layer.activation.__name__ for layer in dense),
        input_names=input_names,
        n_pixel_inputs=len(input_names),
        input_mean=scale.x_mean,
        input_scale=scale.x_scale,
        output_names=output_names,
        output_mean=scale.y_mean,
        output_scale=scale.y_scale,
        output_add=output_add,
    )
