"""Features of pixels: formula, bounds, order, and the coding of atmospheres."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from akkd_core.physics.features import (
    ATMOSPHERE_NAMES,
    GROUND_BT_RANGE_K,
    PHYSICS_FEATURES,
    PIXEL_ONLY_FEATURES,
    decode_atmosphere,
    encode_atmosphere,
    physics_features,
)
from akkd_core.physics.planck import planck_radiance, planck_temperature
from akkd_core.sensors import aster_tir

TAU = np.array([0.655, 0.752, 0.812, 0.854, 0.848])
PATH = np.array([1.66, 1.26, 0.99, 0.93, 0.97])
SKY = np.array([2.84, 2.16, 1.71, 1.58, 1.63])
BT = np.array([[289.0, 291.0, 293.0, 295.0, 294.0], [281.0, 281.5, 282.0, 283.0, 282.5]])
OTHERS = [0, 1, 2, 4]


def named(features: np.ndarray) -> dict[str, np.ndarray]:
    return dict(zip(PHYSICS_FEATURES, features.T, strict=True))


def test_values_against_plancks_law() -> None:
    found = named(physics_features(BT, TAU, PATH, SKY))
    wavelength = aster_tir().effective_wavelength_um
    ground = (planck_radiance(wavelength, BT) - PATH) / TAU
    ground_bt = planck_temperature(wavelength, ground)
    np.testing.assert_allclose(found["bt_13"], BT[:, 3], rtol=1e-6)
    np.testing.assert_allclose(found["ground_bt_13"], ground_bt[:, 3], atol=2e-3)
    for i in OTHERS:
        band = i + 10
        np.testing.assert_allclose(found[f"bt_{band}_minus_13"], BT[:, i] - BT[:, 3], atol=1e-4)
        difference = ground_bt[:, i] - ground_bt[:, 3]
        np.testing.assert_allclose(found[f"ground_bt_{band}_minus_13"], difference, atol=2e-3)
    highest = ground_bt.max(axis=1) - ground_bt[:, 3]
    np.testing.assert_allclose(found["ground_bt_max_minus_13"], highest, atol=2e-3)
    for i in range(5):
        np.testing.assert_allclose(found[f"sky_ratio_{i + 10}"], SKY[i] / ground[:, i], rtol=1e-4)


def test_clear_air_leaves_the_temperatures() -> None:
    found = named(physics_features(BT, np.ones(5), np.zeros(5), np.zeros(5)))
    np.testing.assert_allclose(found["ground_bt_13"], BT[:, 3], atol=1e-3)
    np.testing.assert_allclose(found["sky_ratio_12"], 0.0)


@pytest.mark.parametrize(("path", "bound"), [(9.0, GROUND_BT_RANGE_K[0]), (0.0, None)])
def test_impossible_atmospheres_stay_in_bounds(path: float, bound: float | None) -> None:
    """More path radiance than radiance, or next to no transmittance: held, never NaN."""
    found = named(physics_features(BT, np.full(5, 0.02), np.full(5, path), SKY))
    edge = GROUND_BT_RANGE_K[1] if bound is None else bound
    np.testing.assert_allclose(found["ground_bt_13"] - BT[:, 3], edge, atol=1e-2)


def test_atmosphere_per_pixel() -> None:
    together = physics_features(BT, np.stack([TAU, TAU**2]), PATH, SKY)
    np.testing.assert_allclose(
        together[1], physics_features(BT[1:], TAU**2, PATH, SKY)[0], rtol=1e-6
    )


def test_names() -> None:
    assert len(PHYSICS_FEATURES) == len(set(PHYSICS_FEATURES)) == 16
    assert PIXEL_ONLY_FEATURES == ("bt_10", "bt_11", "bt_12", "bt_13", "bt_14")
    assert len(ATMOSPHERE_NAMES) == 15


@given(
    st.lists(st.floats(0.05, 0.99), min_size=5, max_size=5),
    st.lists(st.floats(0.02, 11.0), min_size=5, max_size=5),
)
def test_atmospheres_come_back(tau: list[float], radiance: list[float]) -> None:
    encoded = encode_atmosphere(np.array(tau), np.array(radiance), np.array(radiance[::-1]))
    assert encoded.shape == (15,) and encoded.dtype == np.float32
    back = decode_atmosphere(encoded)
    np.testing.assert_allclose(back[0], tau, rtol=2e-6)
    np.testing.assert_allclose(back[1], radiance, rtol=2e-6)
    np.testing.assert_allclose(back[2], radiance[::-1], rtol=2e-6)


@given(st.lists(st.floats(-50.0, 50.0), min_size=15, max_size=15))
def test_whatever_is_decoded_is_an_atmosphere(encoded: list[float]) -> None:
    tau, path, sky = decode_atmosphere(np.array(encoded))
    assert ((tau > 0) & (tau < 1)).all()
    assert ((path > 0) & (path < 13)).all() and ((sky > 0) & (sky < 13)).all()
