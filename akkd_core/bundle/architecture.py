"""Architectures of the fully connected networks: what the search varies and a bundle records."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from akkd_core.errors import ParameterError

ACTIVATIONS = ("relu", "tanh", "sigmoid", "silu", "linear")
OPTIMIZERS = ("adam", "adamw")
MAX_UNITS = 1024
MAX_DROPOUT = 0.5
MAX_LAYERS = 32


@dataclass(frozen=True)
class Layer:
    """One hidden layer.

    Parameters
    ----------
    units : int
        1-1024.
    activation : str
        One of `ACTIVATIONS`.
    dropout : float
        Share of units dropped while training, 0-0.5; nothing at inference.

    Raises
    ------
    ParameterError
        If a value is out of its bounds.
    """

    units: int
    activation: str = "relu"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if not _is_int(self.units) or not 1 <= self.units <= MAX_UNITS:
            raise ParameterError(f"layer units {self.units!r}: give an integer 1-{MAX_UNITS}")
        if self.activation not in ACTIVATIONS:
            raise ParameterError(
                f"activation {self.activation!r}: choose one of {', '.join(ACTIVATIONS)}"
            )
        if not _is_number(self.dropout) or not 0.0 <= self.dropout <= MAX_DROPOUT:
            raise ParameterError(f"dropout {self.dropout!r}: give a number 0-{MAX_DROPOUT}")

    def to_json(self) -> dict[str, Any]:
        """Return the layer as a JSON object."""
        return {"units": self.units, "activation": self.activation, "dropout": self.dropout}

    @classmethod
    def from_json(cls, value: object) -> Layer:
        """Read a layer from `to_json`'s object; raises ParameterError on any deviation."""
        fields = _fields(value, ("units", "activation", "dropout"), "layer")
        return cls(**fields)


@dataclass(frozen=True)
class Architecture:
    """Hidden layers of a fully connected network and how its weights are optimised.

    Parameters
    ----------
    layers : tuple of Layer
        1-32 hidden layers, input side first; the linear output layer is implied.
    optimizer : str
        One of `OPTIMIZERS`.
    learning_rate : float
        > 0, at most 1.

    Raises
    ------
    ParameterError
        If a value is out of its bounds.
    """

    layers: tuple[Layer, ...]
    optimizer: str = "adam"
    learning_rate: float = 1e-3

    def __post_init__(self) -> None:
        if not isinstance(self.layers, tuple) or not 1 <= len(self.layers) <= MAX_LAYERS:
            raise ParameterError(f"architecture: give a tuple of 1-{MAX_LAYERS} layers")
        if not all(isinstance(layer, Layer) for layer in self.layers):
            raise ParameterError("architecture: every layer must be a Layer")
        if self.optimizer not in OPTIMIZERS:
            raise ParameterError(
                f"optimizer {self.optimizer!r}: choose one of {', '.join(OPTIMIZERS)}"
            )
        if not _is_number(self.learning_rate) or not 0.0 < self.learning_rate <= 1.0:
            raise ParameterError(f"learning rate {self.learning_rate!r}: give a number in (0, 1]")

    @classmethod
    def of(
        cls,
        units: Sequence[int],
        activations: str | Sequence[str] = "relu",
        *,
        dropout: float = 0.0,
        optimizer: str = "adam",
        learning_rate: float = 1e-3,
    ) -> Architecture:
        """Build an architecture from widths and one activation, or one for each layer."""
        names = [activations] * len(units) if isinstance(activations, str) else list(activations)
        if len(names) != len(units):
            raise ParameterError(f"{len(names)} activations for {len(units)} layers")
        layers = tuple(Layer(u, a, dropout) for u, a in zip(units, names, strict=True))
        return cls(layers, optimizer, learning_rate)

    def _widths(self, n_in: int, n_out: int) -> list[int]:
        if n_in < 1 or n_out < 1:
            raise ParameterError(f"{n_in} inputs and {n_out} outputs: give at least one of each")
        return [n_in, *(layer.units for layer in self.layers), n_out]

    def multiply_adds(self, n_in: int, n_out: int) -> int:
        """Count the multiply-adds of one prediction (biases and activations not counted)."""
        widths = self._widths(n_in, n_out)
        return sum(a * b for a, b in zip(widths, widths[1:], strict=False))

    def parameters(self, n_in: int, n_out: int) -> int:
        """Count the trainable weights and biases."""
        return self.multiply_adds(n_in, n_out) + sum(self._widths(n_in, n_out)[1:])

    def to_json(self) -> dict[str, Any]:
        """Return the architecture as a JSON object."""
        return {
            "layers": [layer.to_json() for layer in self.layers],
            "optimizer": self.optimizer,
            "learning_rate": self.learning_rate,
        }

    @classmethod
    def from_json(cls, value: object) -> Architecture:
        """Read an architecture from `to_json`'s object; raises ParameterError on any deviation."""
        fields = _fields(value, ("layers", "optimizer", "learning_rate"), "architecture")
        layers = fields["layers"]
        if not isinstance(layers, list) or len(layers) > MAX_LAYERS:
            raise ParameterError(f"architecture: layers must be a list of 1-{MAX_LAYERS}")
        fields["layers"] = tuple(Layer.from_json(layer) for layer in layers)
        return cls(**fields)

    def __str__(self) -> str:
        widths = ",".join(f"{layer.units} {layer.activation}" for layer in self.layers)
        return f"({widths}; {self.optimizer} {self.learning_rate:g})"


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _fields(value: object, names: tuple[str, ...], what: str) -> dict[str, Any]:
    if not isinstance(value, Mapping) or set(value) != set(names):
        raise ParameterError(f"{what}: give an object with exactly {', '.join(names)}")
    return dict(value)


AK_KD_TRIAL3 = Architecture.of((32, 32, 720, 32, 32, 752, 32), ("tanh", *["relu"] * 6))
"""The best network of the AK-KD paper's search (its Table 1, trial 3), trained with Adam."""
