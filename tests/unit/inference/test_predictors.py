from __future__ import annotations

import importlib.util
import os
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from akkd_core.bundle import AK_KD_TRIAL3, Network
from akkd_core.bundle.architecture import ACTIVATIONS
from akkd_core.bundle.prediction import cache_rows
from akkd_core.errors import BundleMismatchError, MissingDependencyError, ParameterError
from akkd_core.inference.numpy_predictor import NumpyPredictor
from akkd_core.inference.onnx_import import import_onnxruntime
from akkd_core.inference.predictors import Predictor, make_predictor
from tests.builders import bundles

CPU_RUNTIMES = ("numpy", "onnxruntime")
HAS_TENSORFLOW = importlib.util.find_spec("tensorflow") is not None
LST_TOLERANCE_K = 1e-3
LSE_TOLERANCE = 1e-5


def inputs(network: Network, n: int, seed: int = 0) -> tuple[NDArray[Any], NDArray[Any]]:
    rng = np.random.default_rng(seed)
    raw = network.input_mean + 2 * network.input_scale * rng.normal(size=(n, network.n_inputs))
    raw = raw.astype(np.float32)
    return raw[:, : network.n_pixel_inputs], raw[0, network.n_pixel_inputs :]


def reference(network: Network, features: NDArray[Any], scene: NDArray[Any]) -> NDArray[Any]:
    wide = np.broadcast_to(scene, (len(features), scene.size))
    return network.forward(np.concatenate([features, wide], axis=1), np.float64)


def assert_close(result: NDArray[Any], expected: NDArray[Any]) -> None:
    assert result.dtype == np.float32
    assert np.abs(result[:, 0] - expected[:, 0]).max() < LST_TOLERANCE_K
    assert np.abs(result[:, 1] - expected[:, 1]).max() < LSE_TOLERANCE


def check(predictor: Predictor, n: int, seed: int = 0) -> None:
    features, scene = inputs(predictor.network, n, seed)
    assert_close(predictor.predict(features, scene), reference(predictor.network, features, scene))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 40), st.sampled_from(ACTIVATIONS)), min_size=0, max_size=5),
    st.booleans(),
    st.booleans(),
    st.integers(1, 300),
)
def test_runtimes_equal_float64_on_random_networks(
    layers: list[tuple[int, str]], scene: bool, add: bool, n: int
) -> None:
    network = bundles.network(
        [units for units, _ in layers], [name for _, name in layers], scene=scene, add=add
    )
    for runtime in CPU_RUNTIMES:
        check(make_predictor(network, runtime, threads=1), n)


@pytest.mark.skipif(not HAS_TENSORFLOW, reason="tensorflow is not installed")
@pytest.mark.parametrize(
    ("activations", "scene", "add"),
    [
        (("tanh", "relu", "relu"), True, True),
        (("sigmoid", "silu", "linear"), False, False),
        (("relu", "tanh", "silu"), False, True),
        (("silu", "sigmoid", "relu"), True, False),
    ],
)
def test_tensorflow_equals_the_others(activations: tuple[str, ...], scene: bool, add: bool) -> None:
    from akkd_core.nn.tf_predictor import TensorflowPredictor

    network = bundles.network((24, 33, 8), activations, scene=scene, add=add)
    features, values = inputs(network, 1500)
    expected = reference(network, features, values)
    features[3, 1] = np.nan
    for predictor in (
        TensorflowPredictor(network, device="cpu", xla=True, chunk=1024),
        TensorflowPredictor(network, device="cpu", xla=False),
        *(make_predictor(network, runtime) for runtime in CPU_RUNTIMES),
    ):
        result = predictor.predict(features, values)
        assert np.isnan(result[3]).all()
        keep = np.arange(1500) != 3
        assert_close(result[keep], expected[keep])


@pytest.mark.parametrize("runtime", CPU_RUNTIMES)
def test_the_paper_net_over_several_blocks(runtime: str) -> None:
    network = bundles.network(
        [layer.units for layer in AK_KD_TRIAL3.layers],
        [layer.activation for layer in AK_KD_TRIAL3.layers],
    )
    check(make_predictor(network, runtime), 5000)


@pytest.mark.parametrize("runtime", CPU_RUNTIMES)
def test_blocks_do_not_show(runtime: str) -> None:
    network = bundles.network()
    features, scene = inputs(network, 9001)
    predictor = make_predictor(network, runtime)
    whole = predictor.predict(features, scene)
    parts = [predictor.predict(features[a:b], scene) for a, b in ((0, 1), (1, 5000), (5000, 9001))]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=0, atol=6e-5)


@pytest.mark.parametrize("runtime", CPU_RUNTIMES)
def test_invalid_rows_are_nan_and_touch_no_others(runtime: str) -> None:
    # tanh makes a finite number of infinity
    network = bundles.network(activations=("tanh", "relu"), add=False)
    features, scene = inputs(network, 4100)
    predictor = make_predictor(network, runtime)
    clean = predictor.predict(features, scene)
    rows = [0, 17, 4095, 4099]
    for row, value in zip(rows, (np.nan, np.inf, -np.inf, np.nan), strict=True):
        features[row, row % 3] = value
    result = predictor.predict(features, scene)
    assert np.isnan(result[rows]).all()
    others = np.setdiff1d(np.arange(4100), rows)
    np.testing.assert_array_equal(result[others], clean[others])


@pytest.mark.parametrize("runtime", CPU_RUNTIMES)
def test_any_strides_and_no_rows(runtime: str) -> None:
    network = bundles.network()
    features, scene = inputs(network, 64)
    predictor = make_predictor(network, runtime)
    planes = np.ascontiguousarray(features.T)
    np.testing.assert_array_equal(
        predictor.predict(planes.T, scene), predictor.predict(features, scene)
    )
    assert predictor.predict(features[:0], scene).shape == (0, 2)
    before = features.copy()
    predictor.predict(features, scene)
    np.testing.assert_array_equal(features, before)


@pytest.mark.parametrize("runtime", CPU_RUNTIMES)
def test_wrong_inputs_are_refused(runtime: str) -> None:
    predictor = make_predictor(bundles.network(), runtime)
    features, scene = inputs(predictor.network, 4)
    for wrong in (features[:, :2], features[0], np.ones((4, 5), np.float32)):
        with pytest.raises(BundleMismatchError):
            predictor.predict(wrong, scene)
    for values in (None, scene[:1], np.array([1.0, np.nan], np.float32)):
        with pytest.raises(BundleMismatchError):
            predictor.predict(features, values)


def test_auto_takes_onnxruntime_and_falls_back_to_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_predictor(bundles.bundle()).runtime == "onnxruntime"
    monkeypatch.delitem(sys.modules, "akkd_core.inference.onnx_predictor", raising=False)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert make_predictor(bundles.bundle()).runtime == "numpy"
    with pytest.raises(MissingDependencyError, match="pip install onnxruntime"):
        make_predictor(bundles.bundle(), "onnxruntime")


def test_onnxruntime_is_silent_unless_the_user_wants_its_telemetry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", sys)
    for wish, expected in ((None, "1"), ("0", "0")):
        monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
        if wish is not None:
            monkeypatch.setenv("ORT_DISABLE_TELEMETRY", wish)
        import_onnxruntime()
        assert os.environ["ORT_DISABLE_TELEMETRY"] == expected


def test_tensorflow_missing_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "akkd_core.nn.tf_predictor", raising=False)
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    for arguments in (("tensorflow", "cpu"), ("auto", "gpu:0")):
        with pytest.raises(MissingDependencyError, match="pip install"):
            make_predictor(bundles.network(), *arguments)


@pytest.mark.skipif(not HAS_TENSORFLOW, reason="tensorflow is not installed")
def test_a_gpu_that_is_not_there_names_the_remedy() -> None:
    with pytest.raises(MissingDependencyError, match="--device cpu"):
        make_predictor(bundles.network(), "tensorflow", "gpu:99")


@pytest.mark.parametrize(
    ("runtime", "device"),
    [
        ("torch", "cpu"),
        ("auto", "tpu"),
        ("auto", "gpu:x"),
        ("auto", "gpu:"),
        ("auto", "gpu"),
        ("numpy", "gpu:0"),
        ("onnxruntime", "gpu:0"),
    ],
)
def test_unknown_runtimes_and_devices_are_refused(runtime: str, device: str) -> None:
    with pytest.raises(ParameterError):
        make_predictor(bundles.network(), runtime, device)


def test_importing_the_protocol_imports_no_runtime() -> None:
    code = (
        "import sys, akkd_core.inference.predictors as p, akkd_core.inference.numpy_predictor;"
        "sys.exit(any(m in sys.modules for m in ('onnxruntime', 'tensorflow', 'keras', 'onnx')))"
    )
    import subprocess

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_block_follows_the_widest_layers() -> None:
    wide = bundles.network((720, 32), ("relu", "relu"))
    assert cache_rows(wide) == 256
    assert cache_rows(bundles.network((8,), ("relu",))) == 4096
    assert NumpyPredictor(wide, block=7).predict(*inputs(wide, 20)).shape == (20, 2)
