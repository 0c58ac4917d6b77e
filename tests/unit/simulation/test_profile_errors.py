"""Profiles with errors: of the size and correlation they claim, and the shipped air of them."""

from __future__ import annotations

import numpy as np
import pytest

from akkd_core.errors import ParameterError
from akkd_core.simulation.atmospheres import AtmosphereTable, shipped_atmospheres
from akkd_core.simulation.lowtran_engine import AtmosphereCase
from akkd_core.simulation.profile_errors import (
    ASSUMED_CO2_PPMV,
    SHIPPED,
    as_told,
    shipped_told_air,
    with_errors,
)
from akkd_core.simulation.profiles import reference_profile

PROFILE = reference_profile("afgl_1986-us_standard").for_lowtran()


def drawn(count: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    """Errors of temperature, K, and of humidity, logarithm."""
    rng = np.random.default_rng(2)
    found = [with_errors(PROFILE, rng) for _ in range(count)]
    return (
        np.array([p.temperature_k - PROFILE.temperature_k for p in found]),
        np.log([p.water_vapour_ppmv / PROFILE.water_vapour_ppmv for p in found]),
    )


def test_errors_have_their_size_and_are_alike_over_two_kilometres() -> None:
    warmer, moister = drawn()
    np.testing.assert_allclose(warmer.std(axis=0), 1.0, rtol=0.06)
    np.testing.assert_allclose(moister.std(axis=0), 0.10, rtol=0.06)
    assert np.abs(warmer.mean(axis=0)).max() < 0.08
    height = PROFILE.altitude_km
    expected = np.exp(-np.abs(height[:, None] - height[None]) / 2.0)
    for errors in (warmer, moister):
        assert np.abs(np.corrcoef(errors.T) - expected).max() < 0.08
    # of temperature and humidity not of each other
    assert abs(np.corrcoef(warmer[:, 0], moister[:, 0])[0, 1]) < 0.06


def test_a_user_knows_neither_aerosol_nor_carbon_dioxide() -> None:
    case = AtmosphereCase(PROFILE, visibility_km=7.0, view_zenith_deg=6.0, co2_ppmv=420.0)
    first, second = as_told([case, case], (4, 2))
    assert (first.visibility_km, first.co2_ppmv, first.view_zenith_deg) == (
        23.0, ASSUMED_CO2_PPMV, 6.0,
    )  # fmt: skip
    assert not np.array_equal(first.profile.temperature_k, second.profile.temperature_k)
    np.testing.assert_array_equal(first.profile.pressure_hpa, PROFILE.pressure_hpa)
    # each case by its number alone
    alone = as_told([case], (4, 2))[0]
    np.testing.assert_array_equal(alone.profile.temperature_k, first.profile.temperature_k)


def truth_of(name: str) -> AtmosphereTable:
    if name == "validation":
        return shipped_atmospheres("train").of_split("validation")
    return shipped_atmospheres(name)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_air_of_profiles_is_the_truths_row_by_row(name: str) -> None:
    truth, told = truth_of(name), shipped_told_air(name)
    assert told.profile.tolist() == truth.profile.tolist()
    np.testing.assert_allclose(told.view_zenith_deg, truth.view_zenith_deg, atol=2e-3)
    error = told.air_temperature_k - truth.air_temperature_k
    assert error.std() == pytest.approx(1.0, abs=0.1)
    # a tenth of the humidity level by level; over the column less, since errors differ aloft
    wet = np.log(told.tcwv_kg_m2 / truth.tcwv_kg_m2)[truth.tcwv_kg_m2 > 1]
    assert 0.05 < wet.std() < 0.10
    depth = np.log(np.log(told.transmittance) / np.log(truth.transmittance))
    assert 0.05 < depth.std() < 0.5
    assert (told.visibility_km == 23.0).all()


def test_only_some_air_is_known_as_profiles() -> None:
    with pytest.raises(ParameterError, match="climates, validation, judge"):
        shipped_told_air("train")
