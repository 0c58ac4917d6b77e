"""Radiative transfer: full equation, the paper's, and the way back to the ground."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akkd_core.physics.planck import brightness_temperature, broadcast_band_radiance
from akkd_core.physics.rte import (
    effective_air_temperature,
    ground_leaving_radiance,
    radiance_toa_full,
    radiance_toa_paper,
)

# US standard atmosphere 1976, nadir, rural aerosol 23 km (LOWTRAN7)
TAU = np.array([0.655, 0.752, 0.812, 0.854, 0.848])
PATH = np.array([1.66, 1.26, 0.99, 0.93, 0.97])
SKY = np.array([2.84, 2.16, 1.71, 1.58, 1.63])
LSE = np.array([0.80, 0.82, 0.85, 0.95, 0.96])


def test_full_equation_by_hand() -> None:
    found = radiance_toa_full(300.0, LSE, TAU, PATH, SKY)
    black = broadcast_band_radiance(300.0)
    for band in range(5):
        surface = LSE[band] * black[band] + (1 - LSE[band]) * SKY[band]
        assert found[band] == pytest.approx(TAU[band] * surface + PATH[band], rel=1e-12)


def test_paper_equation_by_hand() -> None:
    found = radiance_toa_paper(300.0, LSE, TAU, 265.0)
    black, air = broadcast_band_radiance(300.0), broadcast_band_radiance(265.0)
    expected = (1 - TAU) * (1 + (1 - LSE) * TAU) * air + TAU * LSE * black
    np.testing.assert_allclose(found, expected, rtol=1e-12)


# the first call builds the table
@settings(deadline=None)
@given(st.floats(200.0, 320.0))
def test_effective_temperature_of_isothermal_air(temperature: float) -> None:
    path = (1.0 - TAU) * broadcast_band_radiance(np.float64(temperature))
    assert effective_air_temperature(TAU, path) == pytest.approx(temperature, abs=0.026)


def test_equations_agree_where_the_paper_is_exact() -> None:
    """Isothermal air, whose sky radiance is its path radiance, (1 - tau) B(Ta)."""
    path = (1.0 - TAU) * broadcast_band_radiance(270.0)
    full = radiance_toa_full(300.0, LSE, TAU, path, path)
    paper = radiance_toa_paper(300.0, LSE, TAU, 270.0)
    np.testing.assert_allclose(full, paper, rtol=1e-12)


def test_equations_differ_in_real_air() -> None:
    full = radiance_toa_full(300.0, LSE, TAU, PATH, SKY)
    paper = radiance_toa_paper(300.0, LSE, TAU, effective_air_temperature(TAU, PATH))
    difference = brightness_temperature(paper) - brightness_temperature(full)
    assert 0.3 < np.abs(difference).max() < 4.0


def test_ground_leaving_radiance_inverts() -> None:
    lst = np.array([[280.0, 300.0], [310.0, 320.0]])
    lse = np.broadcast_to(LSE[:, None, None], (5, 2, 2))
    toa = radiance_toa_full(lst, lse, TAU, PATH, SKY)
    assert toa.shape == (5, 2, 2)
    expected = lse * broadcast_band_radiance(lst) + (1 - lse) * SKY[:, None, None]
    np.testing.assert_allclose(ground_leaving_radiance(toa, TAU, PATH), expected, rtol=1e-12)


def test_clear_air_shows_the_surface() -> None:
    toa = radiance_toa_full(295.0, np.ones(5), np.ones(5), np.zeros(5), SKY)
    np.testing.assert_allclose(brightness_temperature(toa), 295.0, atol=1e-9)
