"""The TensorFlow runtime: for GPUs, compiled by XLA."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from akkd_core.bundle.network import Network
from akkd_core.bundle.prediction import blocks, checked_inputs, mark_invalid
from akkd_core.errors import MissingDependencyError

_CHUNK_CPU = 1 << 14
_CHUNK_GPU_MIN, _CHUNK_GPU_MAX = 1 << 16, 1 << 22
_CHUNK_MIN = 256
_MEMORY_UNKNOWN = 2 << 30
_MEMORY_SHARE = 1 / 4


class TensorflowPredictor:
    """Evaluates a network with a compiled TensorFlow function on one device.

    Blocks are padded to powers of two, so that the function is compiled for a few shapes only. A
    GPU computes one while the next is made ready and the one before is taken.

    Parameters
    ----------
    network : Network
    device : str
        ``cpu``, ``gpu:N``, or ``auto``: the first GPU if there is one.
    xla : bool
        Compile with XLA.
    chunk : int, optional
        Rows at a time, a power of two; by default what suits the CPU's cache, or by the GPU's
        memory.

    Raises
    ------
    MissingDependencyError
        If TensorFlow sees no such GPU.
    """

    runtime = "tensorflow"

    def __init__(
        self, network: Network, *, device: str = "auto", xla: bool = True, chunk: int | None = None
    ) -> None:
        self.network = network
        self.device = _device(device)
        gpu = self.device.startswith("gpu")
        if gpu:
            # Tensor cores would round the products to 10 bits: tenths of a kelvin.
            tf.config.experimental.enable_tensor_float_32_execution(False)
        if chunk is None:
            chunk = rows_that_fit(network, _memory_of(self.device)) if gpu else _CHUNK_CPU
        self._chunk = chunk
        self._function = _compiled(network, self.device, xla)

    def predict(
        self, features: NDArray[np.float32], scene: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Predict as `Predictor.predict` says."""
        rows, values = checked_inputs(self.network, features, scene)
        outputs = np.empty((len(rows), self.network.n_outputs), dtype=np.float32)
        # A call returns before a GPU is done; only taking the numbers waits.
        begun: tuple[slice, Any] | None = None
        for part in blocks(len(rows), self._chunk):
            following = part, self._begin(rows[part], values)
            if begun is not None:
                _take(outputs, rows, *begun)
            begun = following
        if begun is not None:
            _take(outputs, rows, *begun)
        return outputs

    def _begin(self, block: NDArray[np.float32], values: NDArray[np.float32]) -> Any:
        size = max(1 << (len(block) - 1).bit_length(), _CHUNK_MIN)
        padded = np.zeros((size, block.shape[1]), dtype=np.float32)
        padded[: len(block)] = block
        return self._function(padded, values) if values.size else self._function(padded)


def _take(
    outputs: NDArray[np.float32], rows: NDArray[np.float32], part: slice, result: Any
) -> None:
    block = rows[part]
    outputs[part] = result.numpy()[: len(block)]
    mark_invalid(block, outputs[part])


def rows_that_fit(network: Network, memory: int) -> int:
    """Rows of a block by a device's memory: a power of two, 65,536 to 4,194,304.

    Two blocks are on the device at once; a block needs its inputs, its outputs and the widest pair
    of layers at most, and a quarter of the memory is taken, for other programs have their share.

    Parameters
    ----------
    network : Network
    memory : int
        Bytes.

    Returns
    -------
    int
    """
    widths = [network.n_pixel_inputs, *(bias.size for bias in network.biases)]
    widest = max(a + b for a, b in zip(widths, widths[1:], strict=False))
    a_row = 4 * (network.n_pixel_inputs + network.n_outputs + widest)
    rows = max(int(memory * _MEMORY_SHARE) // (2 * a_row), 1)
    return min(max(1 << (rows.bit_length() - 1), _CHUNK_GPU_MIN), _CHUNK_GPU_MAX)


def _memory_of(device: str) -> int:
    """Bytes that TensorFlow may take of a GPU; where it doesn't tell, 2 GiB."""
    from tensorflow.python.client import device_lib

    wanted = f"/device:{device.upper()}"
    limits = [found.memory_limit for found in device_lib.list_local_devices()
              if found.name.endswith(wanted)]  # fmt: skip
    return int(limits[0]) if limits and limits[0] > 0 else _MEMORY_UNKNOWN


def _device(device: str) -> str:
    gpus = tf.config.list_physical_devices("GPU")
    if device == "auto":
        return "gpu:0" if gpus else "cpu"
    if device.startswith("gpu") and int(device.partition(":")[2]) >= len(gpus):
        raise MissingDependencyError(
            f"{device}: TensorFlow sees {len(gpus)} GPUs; install its GPU build (pip install "
            "'tensorflow[and-cuda]') and a driver, or use --device cpu"
        )
    return device


def _compiled(network: Network, device: str, xla: bool) -> Any:
    n = network.n_pixel_inputs
    name = f"/{device.upper()}" if ":" in device else f"/{device.upper()}:0"
    choice = np.zeros((network.n_inputs, network.n_outputs), dtype=np.float32)
    for column, source in enumerate(network.add_columns):
        if source is not None:
            choice[source, column] = 1.0
    with tf.device(name):
        kernels = [tf.constant(kernel) for kernel in network.kernels]
        biases = [tf.constant(bias) for bias in network.biases]

    def evaluate(features: Any, scene: Any = None) -> Any:
        with tf.device(name):
            value = (features - network.input_mean[:n]) / network.input_scale[:n]
            bias = biases[0]
            # XLA aborts the process on arrays without elements.
            if network.n_scene_inputs:
                start = (scene - network.input_mean[n:]) / network.input_scale[n:]
                bias = start @ kernels[0][n:] + bias
            value = _activation(network.activations[0])(value @ kernels[0][:n] + bias)
            rest = zip(kernels[1:], biases[1:], network.activations[1:], strict=True)
            for kernel, bias, activation in rest:
                value = _activation(activation)(value @ kernel + bias)
            value = network.output_mean + network.output_scale * value + features @ choice[:n]
            return value + scene @ choice[n:] if network.n_scene_inputs else value

    return tf.function(evaluate, jit_compile=xla)


def _activation(name: str) -> Any:
    return tf.identity if name == "linear" else getattr(tf.nn, name)
