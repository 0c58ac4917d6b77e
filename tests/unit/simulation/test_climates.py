"""Climates: flat over classes of water vapour, wide in temperature, the same with the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from akkd_core.errors import ParameterError, SimulationError
from akkd_core.simulation.atmosphere_draws import TRAINING_WEIGHTS
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.climates import (
    CLASSES,
    TCWV_EDGES_KG_M2,
    draw_climate_cases,
    shifted,
)
from akkd_core.simulation.profiles import reference_profile

BASES = [reference_profile(name) for name in TRAINING_WEIGHTS]


def test_a_shift_keeps_relative_humidity_in_the_troposphere() -> None:
    base = reference_profile("afgl_1986-midlatitude_summer")
    warm = shifted(base, 5.0)
    low = base.altitude_km <= 8.0
    np.testing.assert_allclose((warm.temperature_k - base.temperature_k)[low], 5.0)
    np.testing.assert_allclose(
        warm.relative_humidity()[low], base.relative_humidity()[low], rtol=1e-6
    )
    aloft = base.pressure_hpa < 100.0
    np.testing.assert_array_equal(warm.water_vapour_ppmv[aloft], base.water_vapour_ppmv[aloft])
    tropopause = int(np.argmin(np.abs(base.altitude_km - 14.0)))
    assert (warm.temperature_k - base.temperature_k)[tropopause] == pytest.approx(-2.0, abs=0.3)
    assert warm.tcwv_kg_m2 > 1.25 * base.tcwv_kg_m2


def test_every_class_of_water_vapour_holds_as_many() -> None:
    cases = draw_climate_cases(BASES, CLASSES, 3)
    tcwv = np.array([case.profile.tcwv_kg_m2 for case in cases])
    count, _ = np.histogram(tcwv, TCWV_EDGES_KG_M2)
    assert (count == 1).all()
    # in no order
    assert (np.diff(tcwv) < 0).any() and (np.diff(tcwv) > 0).any()
    again = draw_climate_cases(BASES, CLASSES, 3)
    assert [case.profile.tcwv_kg_m2 for case in again] == tcwv.tolist()


def test_counts_and_profiles_are_checked() -> None:
    with pytest.raises(ParameterError, match="multiple of 14"):
        draw_climate_cases(BASES, 15, 1)
    with pytest.raises(ParameterError, match="0 profiles"):
        draw_climate_cases([], 14, 1)
    with pytest.raises(SimulationError, match="moister"):
        draw_climate_cases([reference_profile("mipas_2007-polar_winter")], 14, 1)


def test_shipped_climates_are_flat_and_wide() -> None:
    air = shipped_atmospheres("climates")
    assert set(air.split.tolist()) == {"train"}
    assert set(air.profile.tolist()) <= set(TRAINING_WEIGHTS)
    count, _ = np.histogram(air.tcwv_kg_m2, TCWV_EDGES_KG_M2)
    # packed to 0.002 kg m-2, which moves some across an edge
    np.testing.assert_allclose(count, 1000, atol=15)
    usual = shipped_atmospheres("train").of_split("train")
    assert (air.tcwv_kg_m2 < 1).mean() > 3 * (usual.tcwv_kg_m2 < 1).mean()
    moist = air.tcwv_kg_m2 > 29
    assert air.air_temperature_k[moist].std() > 3.0
    assert air.air_temperature_k.min() < 222 < 315 < air.air_temperature_k.max()
    # the rank correlation of transmittance and vapour
    rank = np.argsort(np.argsort(air.tcwv_kg_m2))
    for band in range(5):
        order = np.argsort(np.argsort(air.transmittance[:, band]))
        assert np.corrcoef(rank, order)[0, 1] < -0.8
