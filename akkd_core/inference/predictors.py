"""Runtimes that evaluate a network on many pixels, behind one protocol.

onnxruntime is the default on a CPU, numpy is always there, TensorFlow serves GPUs. All agree to
1e-3 K and 1e-5 of emissivity. Each is imported only when it is chosen.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.model import ModelBundle
from akkd_core.bundle.network import Network
from akkd_core.errors import MissingDependencyError, ParameterError

RUNTIMES = ("auto", "onnxruntime", "numpy", "tensorflow")


class Predictor(Protocol):
    """A network, ready to run."""

    @property
    def network(self) -> Network:
        """The network that is evaluated."""

    @property
    def runtime(self) -> str:
        """Name of the runtime."""

    @property
    def device(self) -> str:
        """``cpu`` or ``gpu:N``."""

    def predict(
        self, features: NDArray[np.float32], scene: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Predict for many pixels of one scene.

        Parameters
        ----------
        features : float32 array (n, n_pixel_inputs)
            Per-pixel inputs in their own units; any strides.
        scene : float32 array (n_scene_inputs,), optional
            Inputs that are constant over these pixels, in their own units.

        Returns
        -------
        float32 array (n, n_out)
            Outputs in their own units; NaN in rows whose features aren't all finite.

        Raises
        ------
        BundleMismatchError
            If a shape isn't what the network takes, or a scene input isn't finite.
        """


def make_predictor(
    model: ModelBundle | Network,
    runtime: str = "auto",
    device: str = "auto",
    *,
    threads: int | None = None,
) -> Predictor:
    """Prepare a network for prediction.

    Parameters
    ----------
    model : ModelBundle or Network
        Of a bundle the pixel network is taken.
    runtime : str
        One of `RUNTIMES`; ``auto`` takes TensorFlow if a GPU is asked for, otherwise onnxruntime
        if it can be imported, otherwise numpy.
    device : str
        ``auto``, ``cpu`` or ``gpu:N``; only TensorFlow runs on a GPU.
    threads : int, optional
        Of onnxruntime or numpy; by default as many as cores are available to the process, or as
        OMP_NUM_THREADS says if that is fewer.

    Raises
    ------
    ParameterError
        If a name is unknown or the runtime doesn't run on the device.
    MissingDependencyError
        If the runtime or the device isn't there; names the remedy.
    """
    network = model.pixel_network if isinstance(model, ModelBundle) else model
    kind, _, index = device.partition(":")
    valid = device in ("auto", "cpu") or (kind == "gpu" and index.isdecimal())
    if runtime not in RUNTIMES or not valid:
        raise ParameterError(
            f"runtime {runtime!r} on device {device!r}: give one of {', '.join(RUNTIMES)} on "
            "auto, cpu or gpu:N"
        )
    if kind == "gpu" and runtime in ("onnxruntime", "numpy"):
        raise ParameterError(f"runtime {runtime} doesn't run on {device}; choose tensorflow")
    if runtime == "tensorflow" or kind == "gpu":
        return _tensorflow(network, device)
    if runtime != "numpy":
        try:
            from akkd_core.inference.onnx_predictor import OnnxPredictor

            return OnnxPredictor(network, threads=threads)
        # A wheel built for another numpy fails with more than ImportError.
        except (ImportError, AttributeError, OSError) as error:
            if runtime == "onnxruntime":
                raise MissingDependencyError(
                    f"onnxruntime can't be imported ({error}); install it (pip install "
                    "onnxruntime) or choose the numpy runtime"
                ) from error
    from akkd_core.inference.numpy_predictor import NumpyPredictor

    return NumpyPredictor(network, threads=threads)


def _tensorflow(network: Network, device: str) -> Predictor:
    try:
        from akkd_core.nn.tf_predictor import TensorflowPredictor
    except ImportError as error:
        raise MissingDependencyError(
            f"tensorflow can't be imported ({error}); install it (pip install 'akkd[train]') or "
            "choose the onnxruntime or numpy runtime on the cpu"
        ) from error
    return TensorflowPredictor(network, device=device)
