"""Samples that are calibrated already, and what values look like."""

from __future__ import annotations

import numpy as np
import pytest

from akkd_core.calibration import CalibratedSamples, check_quantity
from akkd_core.errors import CalibrationError, InputError
from akkd_core.physics.planck import band_radiance
from akkd_core.quality import PixelFlag


def pixels(*values: float) -> np.ndarray:
    """One row of pixels with the same value in all bands."""
    return np.broadcast_to(np.array(values, np.float32), (5, 1, len(values))).copy()


def test_brightness_temperature_passes_in_its_range() -> None:
    bt = CalibratedSamples("bt").brightness_temperature(pixels(300.5, 0, 149.9, 450.0, -5))
    assert bt.dtype == np.float32
    np.testing.assert_array_equal(bt[2, 0], np.array([300.5, np.nan, np.nan, 450, np.nan], "f4"))


def test_radiance_becomes_its_temperature() -> None:
    kelvins = np.array([[210.0, 300.0, 390.0]])
    radiance = band_radiance(np.broadcast_to(kelvins, (5, 1, 3))).astype(np.float32)
    found = CalibratedSamples("radiance").brightness_temperature(radiance)
    np.testing.assert_allclose(found, np.broadcast_to(kelvins, (5, 1, 3)), atol=2e-4)
    assert np.isnan(CalibratedSamples("radiance").brightness_temperature(pixels(0, 90.0))).all()


def test_flags() -> None:
    samples = pixels(300, 0, 300, 300, 300)
    samples[1, 0, 2] = 0
    samples[3, 0, 3] = 900
    samples[[0, 4], 0, 4] = 0, 20
    expected = [0, PixelFlag.FILL, PixelFlag.FILL, PixelFlag.INVALID, 5]
    assert CalibratedSamples("bt").flags(samples).tolist() == [expected]


def test_wrong_use_is_refused() -> None:
    with pytest.raises(CalibrationError, match="dn"):
        CalibratedSamples("dn")
    with pytest.raises(CalibrationError, match="uint16"):
        CalibratedSamples("bt").brightness_temperature(np.ones((5, 2, 2), np.uint16))


@pytest.mark.parametrize(
    ("quantity", "value"),
    [("dn", 1500), ("dn", 300), ("dn", 1500.4), ("radiance", 8.3), ("bt", 289.3), ("bt", 290)],
)
def test_sensible_values_pass(quantity: str, value: float) -> None:
    check_quantity("r.tif", np.full(9, value, np.float32), quantity)
    check_quantity("r.tif", np.array([]), quantity)


@pytest.mark.parametrize(
    ("quantity", "value", "words"),
    [
        ("dn", 8.3, "--quantity radiance"),
        ("dn", 289.3, "--quantity bt"),
        ("radiance", 1500, "--quantity dn"),
        ("radiance", 289.3, "--quantity bt"),
        ("bt", 1500, "--quantity dn"),
        ("bt", 8.3, "radiance .*273.15"),
        ("bt", -8.3, "below 150 K.*273.15"),
        ("bt", 65.0, "--quantity dn"),
        ("radiance", 1e6, "nor any"),
    ],
)
def test_others_are_named(quantity: str, value: float, words: str) -> None:
    with pytest.raises(InputError, match=f"r.tif: .*{words}"):
        check_quantity("r.tif", np.full(9, value, np.float32), quantity)
