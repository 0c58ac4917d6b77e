"""Planck's law: values, inverse, monotony."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akkd_core.physics.planck import (
    TEMPERATURE_MAX_K,
    TEMPERATURE_MIN_K,
    band_radiance,
    brightness_temperature,
    broadcast_band_radiance,
    planck_radiance,
    planck_temperature,
)
from akkd_core.sensors import aster_tir

TEMPERATURES = st.floats(TEMPERATURE_MIN_K + 0.1, TEMPERATURE_MAX_K - 0.1)


def test_published_values() -> None:
    """Stefan-Boltzmann and Wien's law, CODATA 2018."""
    wavelength = np.geomspace(0.5, 1500.0, 40_000)
    spectrum = planck_radiance(wavelength, 300.0)
    exitance = np.pi * float(np.sum(0.5 * (spectrum[1:] + spectrum[:-1]) * np.diff(wavelength)))
    assert exitance == pytest.approx(5.670374419e-8 * 300.0**4, rel=2e-4)
    assert wavelength[np.argmax(spectrum)] == pytest.approx(2897.771955 / 300.0, rel=1e-3)
    assert planck_radiance(10.0, 300.0) == pytest.approx(9.924, abs=0.001)


@given(wavelength=st.floats(7.0, 14.0), temperature=st.floats(150.0, 450.0))
def test_temperature_inverts_radiance(wavelength: float, temperature: float) -> None:
    radiance = planck_radiance(wavelength, temperature)
    assert planck_temperature(wavelength, radiance) == pytest.approx(temperature, abs=1e-7)


@pytest.mark.parametrize("radiance", [0.0, -1.0, np.nan])
def test_no_temperature_without_positive_radiance(radiance: float) -> None:
    assert np.isnan(planck_temperature(10.0, radiance))


# the first call builds the table
@settings(deadline=None)
@given(temperature=TEMPERATURES)
def test_brightness_temperature_inverts_band_radiance(temperature: float) -> None:
    back = brightness_temperature(broadcast_band_radiance(np.float64(temperature)))
    np.testing.assert_allclose(back, temperature, atol=1e-8)


@settings(deadline=None)
@given(temperature=TEMPERATURES, step=st.floats(1e-3, 50.0))
def test_band_radiance_rises_with_temperature(temperature: float, step: float) -> None:
    warmer = min(temperature + step, TEMPERATURE_MAX_K)
    low, high = (broadcast_band_radiance(np.float64(t)) for t in (temperature, warmer))
    assert (high > low).all()


@settings(deadline=None)
@given(temperature=st.floats(200.0, 370.0))
def test_band_radiance_is_near_that_of_the_effective_wavelength(temperature: float) -> None:
    """What the features rely on: within 0.06 K."""
    centre = planck_radiance(aster_tir().effective_wavelength_um, temperature)
    difference = brightness_temperature(centre) - temperature
    assert np.abs(difference).max() < 0.06


def test_table_is_fine_enough() -> None:
    """Halfway between nodes, against direct integration over the response functions."""
    sensor = aster_tir()
    for index in range(5):
        weight = sensor.srf_weights(index)
        for temperature in (200.025, 270.025, 300.025, 369.975):
            spectrum = planck_radiance(sensor.wavelength_um[index], temperature)
            exact = float(spectrum @ weight / weight.sum())
            table = float(broadcast_band_radiance(np.float64(temperature))[index])
            assert table == pytest.approx(exact, rel=1e-6)


def test_band_axis_and_missing_values() -> None:
    temperature = np.full((2, 5, 3), 290.0)
    temperature[1, 2, 0] = np.nan
    radiance = band_radiance(temperature, band_axis=1)
    np.testing.assert_allclose(
        radiance[0, :, 0], broadcast_band_radiance(np.float64(290.0)), rtol=1e-12
    )
    assert np.isnan(radiance[1, 2, 0]) and np.isfinite(radiance).sum() == 29
    back = brightness_temperature(np.moveaxis(radiance, 1, 0))
    assert np.nanmax(np.abs(back - 290.0)) < 1e-9 and np.isnan(back[2, 1, 0])


def test_outside_the_table() -> None:
    radiance = broadcast_band_radiance(np.array([TEMPERATURE_MIN_K, TEMPERATURE_MAX_K]))
    assert np.isnan(brightness_temperature(radiance * [[0.9, 1.1]] * np.ones((5, 1)))).all()


def test_number_of_bands_is_checked() -> None:
    with pytest.raises(ValueError, match="4 bands"):
        band_radiance(np.full((4, 3), 290.0))
