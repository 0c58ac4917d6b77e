from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from akkd_core.bundle.network import Network
from akkd_core.bundle.onnx_check import check_onnx
from akkd_core.bundle.onnx_graph import onnx_bytes, write_onnx
from tests.builders import bundles

NETWORKS = [
    bundles.network(),
    bundles.network(scene=False, add=False),
    bundles.network((9, 8, 7), ("silu", "sigmoid", "linear")),
    bundles.network((), ()),
    bundles.scene_network(),
]


@pytest.mark.parametrize("net", NETWORKS)
def test_the_graph_is_valid_onnx_and_plain(net: Network, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    data = write_onnx(net, tmp_path / "model.onnx", "a name").read_bytes()
    check_onnx(data, "model.onnx")
    model = onnx.load_from_string(data)
    onnx.checker.check_model(model, full_check=True)
    assert model.graph.name == "a name"
    assert [i.name for i in model.graph.input] == ["features", "scene"][
        : 1 + (net.n_scene_inputs > 0)
    ]
    assert {p.key for p in model.metadata_props} == {"features", "scene", "outputs"}


@pytest.mark.parametrize("net", NETWORKS)
def test_other_tools_get_the_same_values(net: Network) -> None:
    reference = pytest.importorskip("onnx.reference")
    rng = np.random.default_rng(3)
    n = net.n_pixel_inputs
    raw = net.input_mean + net.input_scale * rng.normal(size=(50, net.n_inputs))
    raw = raw.astype(np.float32)
    raw[:, n:] = raw[0, n:]
    feed = {"features": raw[:, :n], "scene": raw[:1, n:]}
    session = reference.ReferenceEvaluator(
        pytest.importorskip("onnx").load_from_string(onnx_bytes(net))
    )
    names = session.input_names
    result = session.run(None, {name: feed[name] for name in names})[0]
    np.testing.assert_allclose(result, net.forward(raw, np.float64), rtol=0, atol=2e-4)
