"""The numpy runtime: always there, needs nothing but numpy."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.network import Network, activate
from akkd_core.bundle.prediction import blocks, cache_rows, checked_inputs, mark_invalid
from akkd_core.inference.threads import default_threads, single_blas_thread

_SHARES = 4


class NumpyPredictor:
    """Evaluates a network block by block in buffers that stay in the cache.

    The scene's share of the first layer is computed once. After a ReLU layer the bias costs no
    pass of its own: ``relu(h + b) = max(h, -b) + b``, and the constant ``+ b`` goes into the next
    layer's bias. Blocks are shared among threads, each with one BLAS thread.

    Parameters
    ----------
    network : Network
    threads : int, optional
        By default as `default_threads` says.
    block : int, optional
        Rows at a time; by default what fits the cache.
    """

    runtime = "numpy"
    device = "cpu"

    def __init__(
        self, network: Network, *, threads: int | None = None, block: int | None = None
    ) -> None:
        self.network = network
        self._threads = threads or default_threads()
        self._block = block or cache_rows(network)

    def predict(
        self, features: NDArray[np.float32], scene: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Predict as `Predictor.predict` says."""
        rows, values = checked_inputs(self.network, features, scene)
        outputs = np.empty((len(rows), self.network.n_outputs), dtype=np.float32)
        layers = _folded(self.network, values)

        def work(share: slice) -> None:
            self._evaluate(layers, rows[share], values, outputs[share])

        with single_blas_thread() as held:
            count = -(-len(rows) // self._block)
            threads = min(self._threads if held else 1, count)
            if threads <= 1:
                work(slice(None))
            else:
                # Whole blocks, so that the result is the same to the bit; a few shares each, so
                # that a thread that is held up keeps nobody waiting.
                share = -(-count // (threads * _SHARES)) * self._block
                with ThreadPoolExecutor(threads) as pool:
                    list(pool.map(work, blocks(len(rows), share)))
        return outputs

    def _evaluate(
        self,
        layers: list[_FoldedLayer],
        rows: NDArray[np.float32],
        scene: NDArray[np.float32],
        outputs: NDArray[np.float32],
    ) -> None:
        net, n = self.network, self.network.n_pixel_inputs
        size = min(self._block, max(len(rows), 1))
        scaled = np.empty((size, n), dtype=np.float32)
        buffers = [np.empty((size, kernel.shape[1]), dtype=np.float32) for kernel in net.kernels]
        with np.errstate(all="ignore"):
            for part in blocks(len(rows), size):
                raw, out = rows[part], outputs[part]
                value = np.subtract(raw, net.input_mean[:n], out=scaled[: len(raw)])
                value /= net.input_scale[:n]
                for layer, buffer in zip(layers, buffers, strict=True):
                    value = layer.apply(value, buffer[: len(raw)])
                np.multiply(value, net.output_scale, out=out)
                out += net.output_mean
                for column, source in enumerate(net.add_columns):
                    if source is not None:
                        out[:, column] += raw[:, source] if source < n else scene[0, source - n]
                mark_invalid(raw, out)


@dataclass(frozen=True, eq=False)
class _FoldedLayer:
    """A layer with either a bias to add or, for ReLU, the threshold that replaces it."""

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    activation: str

    def apply(self, value: NDArray[np.float32], out: NDArray[np.float32]) -> NDArray[np.float32]:
        np.matmul(value, self.kernel, out=out)
        if self.activation == "relu":
            return np.maximum(out, self.bias, out=out)
        out += self.bias
        activate(out, self.activation)
        return out


def _folded(network: Network, scene: NDArray[np.float32]) -> list[_FoldedLayer]:
    """Fold the scene inputs into the first bias, and each ReLU's bias into the next layer's."""
    n = network.n_pixel_inputs
    scaled = (scene[0].astype(np.float64) - network.input_mean[n:]) / network.input_scale[n:]
    carried = scaled @ network.kernels[0][n:].astype(np.float64)
    layers = []
    for i, kernel in enumerate(network.kernels):
        bias = network.biases[i].astype(np.float64) + carried
        relu = network.activations[i] == "relu"
        used = kernel[:n] if i == 0 else kernel
        layers.append(
            _FoldedLayer(used, (-bias if relu else bias).astype(np.float32), network.activations[i])
        )
        if relu:
            following = network.kernels[i + 1].astype(np.float64)
            carried = bias.astype(np.float32).astype(np.float64) @ following
        else:
            carried = np.zeros(1)
    return layers
