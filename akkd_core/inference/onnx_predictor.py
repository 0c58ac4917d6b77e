"""The onnxruntime runtime: the fastest on a CPU."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.network import Network
from akkd_core.bundle.onnx_graph import onnx_bytes
from akkd_core.bundle.prediction import blocks, cache_rows, checked_inputs, mark_invalid
from akkd_core.inference.onnx_import import import_onnxruntime
from akkd_core.inference.threads import default_threads

onnxruntime = import_onnxruntime()

# In units of rows that fit the cache; onnxruntime keeps fewer layers alive at a time than we do.
_CHUNK_OF_CACHE = 2
_CHUNK_MIN, _CHUNK_MAX = 512, 8192
_LOG_ERRORS = 3


class OnnxPredictor:
    """Runs the ONNX graph made from the network's own weights, never a file of a bundle.

    Each thread runs blocks of rows of its own through all layers: onnxruntime's threads would wait
    for each other in every layer.
    """

    runtime = "onnxruntime"
    device = "cpu"

    def __init__(
        self, network: Network, *, threads: int | None = None, chunk: int | None = None
    ) -> None:
        self.network = network
        self._threads = threads or default_threads()
        rows = _CHUNK_OF_CACHE * cache_rows(network)
        self._chunk = chunk or min(max(rows, _CHUNK_MIN), _CHUNK_MAX)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = _LOG_ERRORS
        self._session = onnxruntime.InferenceSession(
            onnx_bytes(network), options, providers=["CPUExecutionProvider"]
        )

    def predict(
        self, features: NDArray[np.float32], scene: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Predict as `Predictor.predict` says."""
        rows, values = checked_inputs(self.network, features, scene)
        outputs = np.empty((len(rows), self.network.n_outputs), dtype=np.float32)
        feed = {"scene": values} if self.network.n_scene_inputs else {}

        def work(part: slice) -> None:
            block = np.ascontiguousarray(rows[part])
            outputs[part] = self._session.run(["outputs"], {**feed, "features": block})[0]
            mark_invalid(block, outputs[part])

        parts = list(blocks(len(rows), self._chunk))
        if self._threads == 1 or len(parts) == 1:
            for part in parts:
                work(part)
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                list(pool.map(work, parts))
        return outputs
