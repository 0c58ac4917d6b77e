from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from akkd_core.bundle.network import activate
from akkd_core.errors import BundleIntegrityError, BundleMismatchError
from tests.builders import bundles


def test_forward_by_hand() -> None:
    # tcwv 30 is 1 scaled; four units of 1 averaged, +0.5, then 0.7 + 0.1 * 1.5
    assert bundles.scene_network().forward([[30.0]])[0, 0] == pytest.approx(0.85, abs=1e-6)
    # below the mean the ReLU gives 0: only the bias is left
    assert bundles.scene_network().forward([[10.0]])[0, 0] == pytest.approx(0.75, abs=1e-6)


def test_output_add_adds_the_raw_input() -> None:
    plain = bundles.network(add=False)
    residual = replace(plain, output_add=("bt_13", "tcwv"))
    x = np.array([[300.0, 295.0, 1.0, 25.0, 0.0]], dtype=np.float32)
    difference = residual.forward(x, np.float64) - plain.forward(x, np.float64)
    np.testing.assert_allclose(difference, [[295.0, 25.0]], atol=1e-9)


@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid", "silu", "linear"])
def test_activations(name: str) -> None:
    x = np.array([-200.0, -2.0, -0.3, 0.0, 0.7, 3.0, 200.0])
    sigmoid = 1 / (1 + np.exp(-x))
    expected = {
        "relu": np.where(x > 0, x, 0),
        "tanh": np.tanh(x),
        "sigmoid": sigmoid,
        "silu": x * sigmoid,
        "linear": x,
    }[name]
    np.testing.assert_allclose(activate(x.copy(), name), expected, atol=1e-14)


def test_arrays_are_own_and_read_only() -> None:
    kernel = np.ones((1, 4), dtype=np.float32)
    net = replace(bundles.scene_network(), kernels=(kernel, np.ones((4, 1))))
    kernel[:] = 9
    assert (net.kernels[0] == 1).all()
    with pytest.raises(ValueError):
        net.kernels[0][0, 0] = 2


def test_names_and_counts() -> None:
    net = bundles.network()
    assert net.pixel_input_names == ("bt_10", "bt_13", "departure")
    assert net.scene_input_names == ("tcwv", "elevation")
    assert (net.n_inputs, net.n_scene_inputs, net.n_outputs) == (5, 2, 2)
    assert net.add_columns == (1, None)
    assert net.multiply_adds() == 5 * 16 + 16 * 12 + 12 * 2
    assert net.parameters() == net.multiply_adds() + 16 + 12 + 2


@pytest.mark.parametrize(
    "change",
    [
        {"kernels": (np.full((1, 4), np.nan), np.ones((4, 1)))},
        {"kernels": (np.full((1, 4), 1e39), np.ones((4, 1)))},
        {"kernels": (np.ones((2, 4)), np.ones((4, 1)))},
        {"kernels": (np.ones((1, 4)), np.ones((5, 1)))},
        {"kernels": (np.ones((1, 4)),)},
        {"kernels": (np.ones((1, 5000)), np.ones((5000, 1)))},
        {"kernels": (np.array([["a"] * 4]), np.ones((4, 1)))},
        {"biases": (np.zeros(4), np.zeros(2))},
        {"activations": ("relu", "relu")},
        {"activations": ("exp", "linear")},
        {"input_names": ("a", "b")},
        {"input_names": ("",)},
        {"n_pixel_inputs": 0},
        {"n_pixel_inputs": 2},
        {"input_scale": np.zeros(1)},
        {"output_scale": np.array([-1.0])},
        {"output_mean": np.zeros(2)},
        {"output_add": ("nothing",)},
        {"output_add": (None, None)},
    ],
)
def test_malformed_networks_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BundleIntegrityError):
        replace(bundles.scene_network(), **change)


def test_wrong_number_of_inputs_is_refused() -> None:
    with pytest.raises(BundleMismatchError):
        bundles.network().forward(np.zeros((3, 4)))
