"""A trained fully connected network: plain float32 arrays, scaling and names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from akkd_core.bundle.architecture import ACTIVATIONS, MAX_LAYERS
from akkd_core.errors import BundleIntegrityError, BundleMismatchError

MAX_WIDTH = 4096
MAX_PARAMETERS = 8_000_000


@dataclass(frozen=True, eq=False)
class Network:
    """A fully connected network with its scaling, checked when built.

    ``y = output_mean + output_scale * fcn((x - input_mean) / input_scale)``, and to an output
    that names an input in `output_add` that input's raw value is added (a residual prediction,
    e.g. LST as a departure from a first guess).

    Parameters
    ----------
    kernels : tuple of float32 arrays (in, out)
        One for each layer, the output layer last.
    biases : tuple of float32 arrays (out,)
    activations : tuple of str
        One for each layer; the last is ``linear``.
    input_names : tuple of str
        The first `n_pixel_inputs` differ from pixel to pixel; the others, the scene inputs, are
        constant over a scene or window.
    n_pixel_inputs : int
        1 to the number of inputs.
    input_mean, input_scale : float32 array (n_in,)
        In the input's unit; scale > 0.
    output_names : tuple of str
    output_mean, output_scale : float32 array (n_out,)
        In the output's unit; scale > 0.
    output_add : tuple of (str or None)
        For each output the input that is added to it; empty means none at all.

    Raises
    ------
    BundleIntegrityError
        If an array isn't finite, shapes don't chain, or a size is beyond its limit.
    """

    kernels: tuple[NDArray[np.float32], ...]
    biases: tuple[NDArray[np.float32], ...]
    activations: tuple[str, ...]
    input_names: tuple[str, ...]
    n_pixel_inputs: int
    input_mean: NDArray[np.float32]
    input_scale: NDArray[np.float32]
    output_names: tuple[str, ...]
    output_mean: NDArray[np.float32]
    output_scale: NDArray[np.float32]
    output_add: tuple[str | None, ...] = ()

    def __post_init__(self) -> None:
        for name in ("activations", "input_names", "output_names"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        add = tuple(self.output_add) or (None,) * len(self.output_names)
        object.__setattr__(self, "output_add", add)
        for name in ("kernels", "biases"):
            arrays = tuple(_frozen(array, name) for array in getattr(self, name))
            object.__setattr__(self, name, arrays)
        for name in ("input_mean", "input_scale", "output_mean", "output_scale"):
            object.__setattr__(self, name, _frozen(getattr(self, name), name))
        self._check_names()
        self._check_layers()
        self._check_scaling()

    def _check_names(self) -> None:
        for what, names in (("input", self.input_names), ("output", self.output_names)):
            if not 1 <= len(names) <= MAX_WIDTH:
                raise BundleIntegrityError(f"network: {len(names)} {what}s, limit {MAX_WIDTH}")
            if len(set(names)) != len(names) or not all(isinstance(n, str) and n for n in names):
                raise BundleIntegrityError(f"network: {what} names must be unique and not empty")
        if not 1 <= self.n_pixel_inputs <= len(self.input_names):
            raise BundleIntegrityError(
                f"network: {self.n_pixel_inputs} pixel inputs of {len(self.input_names)} inputs"
            )
        if len(self.output_add) != len(self.output_names):
            raise BundleIntegrityError("network: output_add needs one entry for each output")
        for name in self.output_add:
            if name is not None and name not in self.input_names:
                raise BundleIntegrityError(f"network: output_add names no input: {name!r}")

    def _check_layers(self) -> None:
        count = len(self.kernels)
        if not 1 <= count <= MAX_LAYERS + 1:
            raise BundleIntegrityError(f"network: {count} layers, limit {MAX_LAYERS + 1}")
        if len(self.biases) != count or len(self.activations) != count:
            raise BundleIntegrityError("network: kernels, biases and activations differ in number")
        if self.activations[-1] != "linear" or not set(self.activations) <= set(ACTIVATIONS):
            raise BundleIntegrityError(
                f"network: activations must be of {', '.join(ACTIVATIONS)}, the last linear"
            )
        width = len(self.input_names)
        for i, (kernel, bias) in enumerate(zip(self.kernels, self.biases, strict=True)):
            if kernel.ndim != 2 or kernel.shape[0] != width or bias.shape != kernel.shape[1:]:
                raise BundleIntegrityError(
                    f"network: layer {i} has kernel {kernel.shape} and bias {bias.shape}, "
                    f"expected ({width}, n) and (n,)"
                )
            width = kernel.shape[1]
            if not 1 <= width <= MAX_WIDTH:
                raise BundleIntegrityError(f"network: layer {i} is {width} wide, max {MAX_WIDTH}")
        if width != len(self.output_names):
            raise BundleIntegrityError(
                f"network: the last layer gives {width} values for {len(self.output_names)} outputs"
            )
        if self.parameters() > MAX_PARAMETERS:
            raise BundleIntegrityError(
                f"network: {self.parameters()} weights, limit {MAX_PARAMETERS}"
            )

    def _check_scaling(self) -> None:
        for name in ("input", "output"):
            n = len(getattr(self, f"{name}_names"))
            mean, scale = getattr(self, f"{name}_mean"), getattr(self, f"{name}_scale")
            if mean.shape != (n,) or scale.shape != (n,):
                raise BundleIntegrityError(f"network: {name} scaling needs {n} means and scales")
            if not (scale > 0).all():
                raise BundleIntegrityError(f"network: {name} scales must be positive")

    @property
    def n_inputs(self) -> int:
        """Number of inputs, pixel and scene."""
        return len(self.input_names)

    @property
    def n_scene_inputs(self) -> int:
        """Number of inputs that are constant over a scene."""
        return len(self.input_names) - self.n_pixel_inputs

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        return len(self.output_names)

    @property
    def pixel_input_names(self) -> tuple[str, ...]:
        """Names of the inputs that differ from pixel to pixel."""
        return self.input_names[: self.n_pixel_inputs]

    @property
    def scene_input_names(self) -> tuple[str, ...]:
        """Names of the inputs that are constant over a scene."""
        return self.input_names[self.n_pixel_inputs :]

    @property
    def add_columns(self) -> tuple[int | None, ...]:
        """For each output the index of the input added to it, or None."""
        return tuple(
            None if name is None else self.input_names.index(name) for name in self.output_add
        )

    def parameters(self) -> int:
        """Count the weights and biases."""
        return sum(a.size for a in (*self.kernels, *self.biases))

    def multiply_adds(self) -> int:
        """Count the multiply-adds of one prediction (biases and activations not counted)."""
        return sum(kernel.size for kernel in self.kernels)

    def forward(self, x: ArrayLike, dtype: DTypeLike = np.float32) -> NDArray[Any]:
        """Predict in the plainest way: the reference that the fast runtimes are held to.

        Parameters
        ----------
        x : array_like (n, n_in)
            Inputs in their own units.
        dtype : dtype
            float32, or float64 to measure rounding.

        Returns
        -------
        ndarray (n, n_out)
            Outputs in their own units.

        Raises
        ------
        BundleMismatchError
            If the number of columns isn't that of the inputs.
        """
        raw = np.asarray(x, dtype=dtype)
        if raw.ndim != 2 or raw.shape[1] != self.n_inputs:
            raise BundleMismatchError(f"network takes (n, {self.n_inputs}) inputs, not {raw.shape}")
        value: NDArray[Any] = (raw - self.input_mean.astype(dtype)) / self.input_scale.astype(dtype)
        for kernel, bias, name in zip(self.kernels, self.biases, self.activations, strict=True):
            value = activate(value @ kernel.astype(dtype) + bias.astype(dtype), name)
        value = self.output_mean.astype(dtype) + self.output_scale.astype(dtype) * value
        for column, source in enumerate(self.add_columns):
            if source is not None:
                value[:, column] += raw[:, source]
        return value


def activate(value: NDArray[Any], name: str) -> NDArray[Any]:
    """Apply an activation to a floating-point array (any dtype) in place and return it.

    The sigmoid is written with tanh, which doesn't overflow.
    """
    if name == "relu":
        np.maximum(value, 0, out=value)
    elif name == "tanh":
        np.tanh(value, out=value)
    elif name == "sigmoid":
        value *= 0.5
        np.tanh(value, out=value)
        value += 1
        value *= 0.5
    elif name == "silu":
        value *= activate(value.copy(), "sigmoid")
    elif name != "linear":
        raise BundleIntegrityError(f"network: unknown activation {name!r}")
    return value


def _frozen(array: ArrayLike, name: str) -> NDArray[np.float32]:
    """Return an own, C-contiguous, read-only float32 copy, checked finite."""
    source = np.asarray(array)
    if source.dtype.kind not in "fiu":
        raise BundleIntegrityError(f"network: {name} must hold numbers, not {source.dtype}")
    with np.errstate(over="ignore"):
        copy = np.array(source, dtype=np.float32, order="C")
    if not np.isfinite(copy).all():
        raise BundleIntegrityError(f"network: {name} holds values that aren't finite")
    copy.setflags(write=False)
    return copy
