"""What the manifest says of one network: inputs, outputs and layers; weights are elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.architecture import ACTIVATIONS, MAX_LAYERS, Architecture
from akkd_core.bundle.network import MAX_PARAMETERS, MAX_WIDTH, Network
from akkd_core.bundle.strict_json import Fields
from akkd_core.errors import BundleIntegrityError, BundleMismatchError, ParameterError


@dataclass(frozen=True)
class Variable:
    """An input or output: name, unit, and scaling ``scaled = (value - mean) / scale``.

    `add` names, for an output, the input whose raw value is added to it.
    """

    name: str
    unit: str
    mean: float
    scale: float
    add: str | None = None


@dataclass(frozen=True)
class NetworkSpec:
    """All of a network but its weights.

    Parameters
    ----------
    inputs : tuple of Variable
        In order; the first `n_pixel_inputs` differ from pixel to pixel.
    n_pixel_inputs : int
    outputs : tuple of Variable
        In order.
    units, activations : tuple
        Of each layer, the output layer last.
    architecture : Architecture, optional
        How it was trained.

    Raises
    ------
    BundleIntegrityError
        If a size is beyond its limit.
    BundleMismatchError
        If the architecture has other layers.
    """

    inputs: tuple[Variable, ...]
    n_pixel_inputs: int
    outputs: tuple[Variable, ...]
    units: tuple[int, ...]
    activations: tuple[str, ...]
    architecture: Architecture | None = None

    def __post_init__(self) -> None:
        widths = (len(self.inputs), *self.units)
        if not all(type(w) is int and 1 <= w <= MAX_WIDTH for w in widths):
            raise BundleIntegrityError(f"network: every width must be 1-{MAX_WIDTH}")
        if not 1 <= len(self.units) <= MAX_LAYERS + 1 or len(self.activations) != len(self.units):
            raise BundleIntegrityError(f"network: give 1-{MAX_LAYERS + 1} layers with activations")
        if self.units[-1] != len(self.outputs) or not set(self.activations) <= set(ACTIVATIONS):
            raise BundleIntegrityError(
                "network: the layers don't fit the outputs, or an activation is unknown"
            )
        count = sum(a * b + b for a, b in zip(widths, widths[1:], strict=False))
        if count > MAX_PARAMETERS:
            raise BundleIntegrityError(f"network: {count} weights, limit {MAX_PARAMETERS}")
        if self.architecture is not None:
            layers = [(layer.units, layer.activation) for layer in self.architecture.layers]
            if layers != list(zip(self.units, self.activations, strict=True))[:-1]:
                raise BundleMismatchError("network: its layers aren't those of its architecture")

    @classmethod
    def of(
        cls, network: Network, units: Mapping[str, str], architecture: Architecture | None = None
    ) -> NetworkSpec:
        """Describe a network; `units` gives the unit of each input and output by name."""
        missing = [n for n in (*network.input_names, *network.output_names) if n not in units]
        if missing:
            raise BundleIntegrityError(f"manifest: no unit given for {', '.join(missing[:5])}")
        plain: tuple[str | None, ...] = (None,) * network.n_inputs
        return cls(
            inputs=_variables(
                network.input_names, units, network.input_mean, network.input_scale, plain
            ),
            n_pixel_inputs=network.n_pixel_inputs,
            outputs=_variables(
                network.output_names,
                units,
                network.output_mean,
                network.output_scale,
                network.output_add,
            ),
            units=tuple(bias.size for bias in network.biases),
            activations=network.activations,
            architecture=architecture,
        )

    def shapes(self) -> list[tuple[int, int]]:
        """Return the shape of each kernel, input side first."""
        widths = (len(self.inputs), *self.units)
        return list(zip(widths, self.units, strict=False))

    def network(
        self, kernels: Sequence[NDArray[np.float32]], biases: Sequence[NDArray[np.float32]]
    ) -> Network:
        """Build the network from its weights; raises BundleIntegrityError if they don't fit."""
        return Network(
            kernels=tuple(kernels),
            biases=tuple(biases),
            activations=self.activations,
            input_names=tuple(v.name for v in self.inputs),
            n_pixel_inputs=self.n_pixel_inputs,
            input_mean=np.array([v.mean for v in self.inputs]),
            input_scale=np.array([v.scale for v in self.inputs]),
            output_names=tuple(v.name for v in self.outputs),
            output_mean=np.array([v.mean for v in self.outputs]),
            output_scale=np.array([v.scale for v in self.outputs]),
            output_add=tuple(v.add for v in self.outputs),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the description as a JSON object."""
        inputs = []
        for i, v in enumerate(self.inputs):
            per = "pixel" if i < self.n_pixel_inputs else "scene"
            inputs.append(
                {"name": v.name, "unit": v.unit, "per": per, "mean": v.mean, "scale": v.scale}
            )
        outputs = [
            {"name": v.name, "unit": v.unit, "mean": v.mean, "scale": v.scale, "add_input": v.add}
            for v in self.outputs
        ]
        layers = [
            {"units": units, "activation": activation}
            for units, activation in zip(self.units, self.activations, strict=True)
        ]
        architecture = None if self.architecture is None else self.architecture.to_json()
        return {
            "inputs": inputs,
            "outputs": outputs,
            "layers": layers,
            "architecture": architecture,
        }

    @classmethod
    def from_json(cls, value: object, what: str) -> NetworkSpec:
        """Read `to_json`'s object; raises BundleIntegrityError on any deviation."""
        fields = Fields(value, what)
        pairs = [_input(item, what) for item in fields.take("inputs", list)]
        per = [kind for _, kind in pairs]
        n_pixel = per.count("pixel")
        if per != ["pixel"] * n_pixel + ["scene"] * (len(per) - n_pixel):
            raise BundleIntegrityError(f"{what}: pixel inputs must come first, then scene inputs")
        outputs = tuple(_output(item, what) for item in fields.take("outputs", list))
        layers = [_layer(item, what) for item in fields.take("layers", list)]
        architecture = fields.take("architecture", (dict, type(None)))
        fields.done()
        try:
            built = None if architecture is None else Architecture.from_json(architecture)
        except ParameterError as error:
            raise BundleIntegrityError(f"{what}: {error}") from None
        return cls(
            inputs=tuple(variable for variable, _ in pairs),
            n_pixel_inputs=n_pixel,
            outputs=outputs,
            units=tuple(units for units, _ in layers),
            activations=tuple(activation for _, activation in layers),
            architecture=built,
        )


def _variables(
    names: Sequence[str],
    units: Mapping[str, str],
    mean: NDArray[np.float32],
    scale: NDArray[np.float32],
    add: Sequence[str | None],
) -> tuple[Variable, ...]:
    rows = zip(names, mean, scale, add, strict=True)
    return tuple(Variable(n, units[n], float(m), float(s), a) for n, m, s, a in rows)


def _input(value: object, what: str) -> tuple[Variable, str]:
    fields = Fields(value, f"{what} input")
    variable = Variable(
        fields.take("name", str),
        fields.take("unit", str),
        _single(fields.take("mean", float)),
        _single(fields.take("scale", float)),
    )
    per = fields.take("per", str)
    fields.done()
    return variable, per


def _single(value: float) -> float:
    """Round to float32, as the network holds it."""
    with np.errstate(over="ignore"):
        return float(np.float32(value))


def _output(value: object, what: str) -> Variable:
    fields = Fields(value, f"{what} output")
    variable = Variable(
        fields.take("name", str),
        fields.take("unit", str),
        _single(fields.take("mean", float)),
        _single(fields.take("scale", float)),
        fields.take("add_input", (str, type(None))),
    )
    fields.done()
    return variable


def _layer(value: object, what: str) -> tuple[int, str]:
    fields = Fields(value, f"{what} layer")
    layer = fields.take("units", int), fields.take("activation", str)
    fields.done()
    return layer
