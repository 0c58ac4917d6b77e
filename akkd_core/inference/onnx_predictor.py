"""The onnxruntime runtime: the fastest on a CPU."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.network import Network
from akkd_core.bundle.onnx_graph import onnx_bytes
from akkd_core.bundle.prediction import blocks, cache_rows, checked_inputs, mark_invalid
from akkd_core.inference.onnx_import import import_onnxruntime
from akkd_core.inference.threads import default_threads

onnxruntime = import_onnxruntime()

# In units of rows that fit the cache; onnxruntime keeps fewer layers alive at a time than we do.
_CHUNK_OF_CACHE = 4
_CHUNK_MIN, _CHUNK_MAX = 1024, 8192
_LOG_ERRORS = 3


class OnnxPredictor:
    """Runs the ONNX graph made from the network's own weights, never a file of a bundle.

    Threads don't spin while they wait: on a shared machine that would cost the others, and in a
    batch of processes ourselves.
    """

    runtime = "onnxruntime"
    device = "cpu"

    def __init__(
        self, network: Network, *, threads: int | None = None, chunk: int | None = None
    ) -> None:
        self.network = network
        threads = threads or default_threads()
        rows = _CHUNK_OF_CACHE * cache_rows(network) * threads
        self._chunk = chunk or min(max(rows, _CHUNK_MIN), _CHUNK_MAX)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _LOG_ERRORS
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
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
        for part in blocks(len(rows), self._chunk):
            feed["features"] = np.ascontiguousarray(rows[part])
            outputs[part] = self._session.run(["outputs"], feed)[0]
            mark_invalid(rows[part], outputs[part])
        return outputs
