"""Blocks of the TensorFlow runtime: sized by memory, several in flight, on the CPU device."""

from __future__ import annotations

import numpy as np
import pytest

from akkd_core.inference.numpy_predictor import NumpyPredictor
from tests.builders import bundles

pytest.importorskip("tensorflow")


def test_rows_by_memory() -> None:
    from akkd_core.nn.tf_predictor import rows_that_fit

    narrow, wide = bundles.network([8], ["relu"]), bundles.network([2000, 2000], ["relu"] * 2)
    for network in (narrow, wide):
        found = [rows_that_fit(network, memory) for memory in (0, 2 << 30, 8 << 30, 80 << 30)]
        assert found == sorted(found) and all(rows & (rows - 1) == 0 for rows in found)
        assert min(found) >= 1 << 16 and max(found) <= 1 << 22
    assert rows_that_fit(narrow, 80 << 30) == 1 << 22
    rows = rows_that_fit(wide, 40 << 30)
    assert 1 << 16 < rows < rows_that_fit(narrow, 40 << 30)
    # Two blocks take a quarter of the memory at most, and more than an eighth.
    two = 2 * rows * 4 * (4000 + wide.n_pixel_inputs + wide.n_outputs)
    assert (40 << 30) / 8 < two <= (40 << 30) / 4


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 1000])
def test_blocks_in_flight_come_back_in_order(count: int) -> None:
    from akkd_core.nn.tf_predictor import TensorflowPredictor

    network = bundles.network([12, 9], ["tanh", "relu"])
    predictor = TensorflowPredictor(network, device="cpu", chunk=256)
    draw = np.random.default_rng(4)
    features = (
        network.input_mean + network.input_scale * draw.normal(size=(count, network.n_inputs))
    ).astype(np.float32)[:, : network.n_pixel_inputs]
    if count > 3:
        features[count // 2, 1] = np.nan
    scene = network.input_mean[network.n_pixel_inputs :].astype(np.float32)
    expected = NumpyPredictor(network).predict(features, scene)
    found = predictor.predict(features, scene)
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-4)
    assert np.isnan(found).any(axis=1).sum() == (count > 3)


def test_memory_of_an_unknown_device() -> None:
    from akkd_core.nn import tf_predictor

    assert tf_predictor._memory_of("gpu:7") == 2 << 30
