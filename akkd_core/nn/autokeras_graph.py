"""What AutoKeras searches: a block of dense layers, a linear head, and how they are declared.

Its own blocks don't do: a plain ``for`` over the layers leaves those unseen at the default, its
dropout never reaches 0.5, its head fails with Keras 3.13 and later, and its AdamW lets the learning
rate fall to nothing within a few steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import autokeras
import keras
import keras_tuner
from autokeras.adapters import RegressionAdapter
from autokeras.analysers import RegressionAnalyser
from autokeras.engine.head import Head
from autokeras.graph import Graph

from akkd_core.bundle.architecture import Architecture, Layer
from akkd_core.search.space import SearchSpace

_BLOCK = "fcn"


def _declare_layers(hp: keras_tuner.HyperParameters, space: SearchSpace) -> None:
    """Declare the layers' hyperparameters, those of layers a trial lacks too, as conditional.

    Parameters
    ----------
    hp : keras_tuner.HyperParameters
        In the block's name scope.
    space : SearchSpace
    """
    hp.Choice("layers", list(space.layers))
    for i in range(space.layers[-1]):
        with hp.conditional_scope("layers", [count for count in space.layers if count > i]):
            hp.Choice(f"units_{i + 1}", list(space.units))
            hp.Choice(f"activation_{i + 1}", list(space.activations))
            hp.Choice(f"dropout_{i + 1}", [float(share) for share in space.dropout])


def _declare_training(hp: keras_tuner.HyperParameters, space: SearchSpace) -> None:
    """Declare optimizer and learning rate."""
    hp.Choice("optimizer", list(space.optimizers))
    hp.Choice("learning_rate", [float(rate) for rate in space.learning_rates])


def hyperparameters_of(space: SearchSpace) -> keras_tuner.HyperParameters:
    """All hyperparameters of a space, as building a network declares them.

    Parameters
    ----------
    space : SearchSpace
    """
    hp = keras_tuner.HyperParameters()
    with hp.name_scope(_BLOCK):
        _declare_layers(hp, space)
    _declare_training(hp, space)
    return hp


def values_of(architecture: Architecture) -> dict[str, Any]:
    """Hyperparameters of an architecture; none of layers that it lacks.

    Parameters
    ----------
    architecture : Architecture

    Returns
    -------
    dict of str to (int, float or str)
    """
    values: dict[str, Any] = {f"{_BLOCK}/layers": len(architecture.layers)}
    for i, layer in enumerate(architecture.layers, start=1):
        values[f"{_BLOCK}/units_{i}"] = layer.units
        values[f"{_BLOCK}/activation_{i}"] = layer.activation
        values[f"{_BLOCK}/dropout_{i}"] = float(layer.dropout)
    values["optimizer"] = architecture.optimizer
    values["learning_rate"] = float(architecture.learning_rate)
    return values


def architecture_of(values: Mapping[str, Any]) -> Architecture:
    """Architecture of hyperparameters: the inverse of `values_of`.

    Parameters
    ----------
    values : mapping
        Values of inactive hyperparameters are left alone.

    Raises
    ------
    KeyError
        If one is missing.
    ParameterError
        If one is out of bounds.
    """
    layers = tuple(
        Layer(
            int(values[f"{_BLOCK}/units_{i}"]),
            str(values[f"{_BLOCK}/activation_{i}"]),
            float(values[f"{_BLOCK}/dropout_{i}"]),
        )
        for i in range(1, int(values[f"{_BLOCK}/layers"]) + 1)
    )
    return Architecture(layers, str(values["optimizer"]), float(values["learning_rate"]))


class FcnBlock(autokeras.Block):
    """Dense layers with dropout, as the search space has them.

    Parameters
    ----------
    space : SearchSpace
    """

    def __init__(self, space: SearchSpace, **kwargs: Any) -> None:
        super().__init__(name=_BLOCK, **kwargs)
        self.space = space

    def build(self, hp: keras_tuner.HyperParameters, inputs: Any = None) -> Any:
        """Declare the hyperparameters and connect the layers that are active."""
        _declare_layers(hp, self.space)
        (x,) = inputs
        for i in range(1, hp.get("layers") + 1):
            x = keras.layers.Dense(hp.get(f"units_{i}"), activation=hp.get(f"activation_{i}"))(x)
            share = hp.get(f"dropout_{i}")
            if share:
                x = keras.layers.Dropout(share)(x)
        return x


class LinearHead(Head):
    """A linear output layer, its targets standardised by the caller."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(loss="mean_squared_error", **kwargs)

    def build(self, hp: keras_tuner.HyperParameters, inputs: Any = None) -> Any:
        """Connect the output layer; no hyperparameters."""
        return keras.layers.Dense(int(self.shape[-1]))(inputs[0])

    def get_adapter(self) -> Any:
        """Targets are taken as they are, checked to be numbers."""
        return RegressionAdapter(name=self.name)

    def get_analyser(self) -> Any:
        """Find the number of targets."""
        return RegressionAnalyser(name=self.name)

    def get_hyper_preprocessors(self) -> list[Any]:
        """None."""
        return []


class FcnGraph(Graph):
    """AutoKeras's graph with the space's own optimizers; the trial compiles the model."""

    def __init__(self, space: SearchSpace, **kwargs: Any) -> None:
        self.space = space
        super().__init__(**kwargs)

    def _compile_keras_model(self, hp: keras_tuner.HyperParameters, model: Any) -> Any:
        _declare_training(hp, self.space)
        # one array in and out, where AutoKeras has lists of one
        return keras.Model(model.inputs[0], model.outputs[0])

    def save(self, filepath: str) -> None:
        """Write nothing: the record of trials is what a search keeps."""


class FcnAutoModel(autokeras.AutoModel):
    """AutoKeras's model of a search space of fully connected networks.

    Parameters
    ----------
    space : SearchSpace
    **kwargs
        See `autokeras.AutoModel`.
    """

    def __init__(self, space: SearchSpace, **kwargs: Any) -> None:
        self.space = space
        inputs = autokeras.Input()
        super().__init__(inputs=inputs, outputs=LinearHead()(FcnBlock(space)(inputs)), **kwargs)

    def _build_graph(self) -> FcnGraph:
        return FcnGraph(self.space, inputs=self.inputs, outputs=self.outputs)
