"""The search space: which architectures a search may try, how they are drawn and changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from akkd_core.bundle.architecture import ACTIVATIONS, OPTIMIZERS, Architecture, Layer
from akkd_core.errors import ParameterError

_T = TypeVar("_T")
_TRIES = 2000


@dataclass(frozen=True)
class SearchSpace:
    """Fully connected networks that a search may try; the defaults are the paper's.

    Source: Dai, Mao et al. 2025, section 2.2 and eq. (5). The optimizer stands in its Table 1;
    learning rates, which the paper does not give, are ours.

    Parameters
    ----------
    layers : tuple of int
        Numbers of hidden layers, ascending.
    units : tuple of int
        Units of a layer, ascending.
    activations : tuple of str
        Of `akkd_core.bundle.architecture.ACTIVATIONS`.
    dropout : tuple of float
        Share of a layer's units dropped while training, 0-0.5.
    optimizers : tuple of str
        Of `akkd_core.bundle.architecture.OPTIMIZERS`.
    learning_rates : tuple of float
        Ascending.
    n_in, n_out : int
        Inputs and outputs of the networks, from which their parameters are counted.
    max_parameters : int, optional
        Larger networks are left out of the space.

    Raises
    ------
    ParameterError
        If a choice is empty, twice there, out of bounds, or no network stays below the limit.
    """

    layers: tuple[int, ...] = tuple(range(3, 10))
    units: tuple[int, ...] = tuple(range(32, 1025, 16))
    activations: tuple[str, ...] = ("relu", "tanh", "sigmoid")
    dropout: tuple[float, ...] = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    optimizers: tuple[str, ...] = OPTIMIZERS
    learning_rates: tuple[float, ...] = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
    n_in: int = 5
    n_out: int = 1
    max_parameters: int | None = None
    _smallest: Architecture = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("layers", "units", "dropout", "learning_rates"):
            values = getattr(self, name)
            if not values or list(values) != sorted(set(values)):
                raise ParameterError(f"search space: {name} {values}: give ascending values")
        for name, known in (("activations", ACTIVATIONS), ("optimizers", OPTIMIZERS)):
            values = getattr(self, name)
            if not values or len(set(values)) < len(values) or not set(values) <= set(known):
                raise ParameterError(f"search space: {name} {values}: choose of {', '.join(known)}")
        least = Layer(self.units[0], self.activations[0], self.dropout[0])
        smallest = Architecture(
            (least,) * self.layers[0], self.optimizers[0], self.learning_rates[0]
        )
        # raise where the upper ends are out of bounds
        largest = Layer(self.units[-1], self.activations[0], self.dropout[-1])
        Architecture((largest,) * self.layers[-1], learning_rate=self.learning_rates[-1])
        object.__setattr__(self, "_smallest", smallest)
        if not self._fits(smallest):
            raise ParameterError(
                f"max-parameters {self.max_parameters}: the smallest network of the space has "
                f"{self.parameters(smallest)}; give more, or fewer layers or units"
            )

    def parameters(self, architecture: Architecture) -> int:
        """Count weights and biases of an architecture between this space's inputs and outputs."""
        return architecture.parameters(self.n_in, self.n_out)

    def _fits(self, architecture: Architecture) -> bool:
        return self.max_parameters is None or self.parameters(architecture) <= self.max_parameters

    def __contains__(self, architecture: object) -> bool:
        """Tell whether a search of this space may try it."""
        return (
            isinstance(architecture, Architecture)
            and len(architecture.layers) in self.layers
            and architecture.optimizer in self.optimizers
            and architecture.learning_rate in self.learning_rates
            and all(
                layer.units in self.units
                and layer.activation in self.activations
                and layer.dropout in self.dropout
                for layer in architecture.layers
            )
            and self._fits(architecture)
        )

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draw an architecture: every choice uniform and on its own, too large ones left out.

        Parameters
        ----------
        rng : numpy.random.Generator
        """
        for _ in range(_TRIES):
            drawn = Architecture(
                tuple(self._layer(rng) for _ in range(_pick(rng, self.layers))),
                _pick(rng, self.optimizers),
                _pick(rng, self.learning_rates),
            )
            if self._fits(drawn):
                return drawn
        return self._smallest  # a limit that leaves next to nothing of the space

    def _layer(self, rng: np.random.Generator) -> Layer:
        return Layer(
            _pick(rng, self.units), _pick(rng, self.activations), _pick(rng, self.dropout)
        )

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Change one thing: a layer, the number of layers, the optimizer or its rate.

        Parameters
        ----------
        architecture : Architecture
            Of this space.
        rng : numpy.random.Generator

        Returns
        -------
        Architecture
            Of this space; the same only if the space allows no change.
        """
        edits: tuple[Callable[[Architecture, np.random.Generator], Architecture], ...] = (
            self._widen_or_narrow,
            self._change_activation,
            self._change_dropout,
            self._insert,
            self._delete,
            self._change_training,
        )
        for _ in range(_TRIES):
            changed = edits[rng.integers(len(edits))](architecture, rng)
            if changed != architecture and changed in self:
                return changed
        return architecture

    def _widen_or_narrow(self, of: Architecture, rng: np.random.Generator) -> Architecture:
        i = int(rng.integers(len(of.layers)))
        return _with_layer(of, i, replace(of.layers[i], units=_pick(rng, self.units)))

    def _change_activation(self, of: Architecture, rng: np.random.Generator) -> Architecture:
        i = int(rng.integers(len(of.layers)))
        return _with_layer(of, i, replace(of.layers[i], activation=_pick(rng, self.activations)))

    def _change_dropout(self, of: Architecture, rng: np.random.Generator) -> Architecture:
        i = int(rng.integers(len(of.layers)))
        return _with_layer(of, i, replace(of.layers[i], dropout=_pick(rng, self.dropout)))

    def _insert(self, of: Architecture, rng: np.random.Generator) -> Architecture:
        if len(of.layers) >= self.layers[-1]:
            return of
        i = int(rng.integers(len(of.layers) + 1))
        return replace(of, layers=(*of.layers[:i], self._layer(rng), *of.layers[i:]))

    def _delete(self, of: Architecture, rng: np.random.Generator) -> Architecture:
        if len(of.layers) <= self.layers[0]:
            return of
        i = int(rng.integers(len(of.layers)))
        return replace(of, layers=of.layers[:i] + of.layers[i + 1 :])

    def _change_training(self, of: Architecture, rng: np.random.Generator) -> Architecture:
        if rng.random() < 0.5:
            return replace(of, optimizer=_pick(rng, self.optimizers))
        return replace(of, learning_rate=_pick(rng, self.learning_rates))


def _with_layer(of: Architecture, i: int, layer: Layer) -> Architecture:
    return replace(of, layers=(*of.layers[:i], layer, *of.layers[i + 1 :]))


def _pick(rng: np.random.Generator, values: tuple[_T, ...]) -> _T:
    return values[int(rng.integers(len(values)))]
