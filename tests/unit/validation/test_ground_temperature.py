"""Temperature from longwave fluxes, and broadband emissivity against blackbody-weighted means."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from akkd_core.constants import C1_RADIANCE_W_UM4, C2_UM_K, STEFAN_BOLTZMANN_W_M2_K4
from akkd_core.errors import ParameterError
from akkd_core.simulation.materials import all_materials
from akkd_core.validation.ground_temperature import broadband_emissivity, longwave_temperature

# centroids of the bands' spectral response, um
CENTROIDS = (8.2873, 8.6349, 9.0793, 10.6592, 11.2893)


@given(st.floats(200.0, 350.0), st.floats(0.85, 1.0), st.floats(80.0, 480.0))
def test_fluxes_that_a_temperature_makes_give_it_back(t: float, eps: float, down: float) -> None:
    up = eps * STEFAN_BOLTZMANN_W_M2_K4 * t**4 + (1 - eps) * down
    assert float(longwave_temperature(up, down, eps)) == pytest.approx(t, abs=1e-6)


def test_a_figure_by_hand() -> None:
    # 276.0 - 0.02 * 186.3 = 272.274; / (0.98 * 5.670374419e-8) = 4.899685e9; its fourth root
    assert float(longwave_temperature(276.0, 186.3, 0.98)) == pytest.approx(264.571, abs=1e-3)


def test_missing_and_impossible_fluxes_have_no_temperature() -> None:
    found = longwave_temperature([np.nan, 300.0, 5.0], [200.0, np.nan, 400.0], 0.95)
    assert np.isnan(found).all()
    with pytest.raises(ParameterError, match="above 0 and at most 1"):
        longwave_temperature(300.0, 200.0, 1.2)


def test_published_formula() -> None:
    assert float(broadband_emissivity([1.0] * 5)) == pytest.approx(0.995)
    bands = [0.970, 0.969, 0.966, 0.974, 0.974]
    assert float(broadband_emissivity(bands)) == pytest.approx(0.971971, abs=1e-6)
    with pytest.raises(ParameterError, match="five"):
        broadband_emissivity([0.9, 0.9])


def test_formula_agrees_with_the_shipped_spectra() -> None:
    """Blackbody-weighted emissivity of 8-13.5 um at 300 K, spectra linear between the bands."""
    table = all_materials()
    wavelength = np.linspace(8.0, 13.5, 1101)
    weight = 1.0 / (wavelength**5 * np.expm1(C2_UM_K / wavelength / 300.0)) * C1_RADIANCE_W_UM4
    lse = table.lse.astype(np.float64)
    expected = np.array([np.interp(wavelength, CENTROIDS, one) @ weight for one in lse])
    expected /= weight.sum()
    error = broadband_emissivity(lse.T) - expected
    assert abs(error.mean()) < 0.006
    assert np.sqrt((error**2).mean()) < 0.008
    soil = np.array([kind == "soil" for kind in table.kind])
    assert np.abs(error[soil]).max() < 0.01
