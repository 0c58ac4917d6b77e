"""Atmospheres of wrong humidity belong row by row to the judging ones, and are wrong as told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from akkd_core.errors import InputError, ParameterError
from akkd_core.simulation.training_set import JUDGE_RECIPE, TrainingSet
from akkd_core.validation.heldout import held_out_scenes
from akkd_core.validation.humidity import (
    TrueAtmosphere,
    WrongHumidity,
    shipped_wrong_humidity,
)


@pytest.fixture(scope="module")
def scenes() -> TrainingSet:
    recipe = replace(JUDGE_RECIPE, shape=(12, 12), pixels=16)
    return held_out_scenes(30, recipe=recipe, seed=2, workers=1)


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_shipped_tables(factor: float) -> None:
    source = shipped_wrong_humidity(factor)
    true, wrong = source.table, source.wrong
    assert len(true) == len(wrong) == 387
    for name in ("view_zenith_deg", "visibility_km", "elevation_m", "surface_pressure_hpa"):
        np.testing.assert_array_equal(getattr(true, name), getattr(wrong, name))
    moist = true.tcwv_kg_m2 > 1.0
    np.testing.assert_allclose(
        wrong.tcwv_kg_m2[moist] / true.tcwv_kg_m2[moist], factor, rtol=0.01
    )
    change = wrong.transmittance - true.transmittance
    assert (np.sign(change[moist]) == np.sign(1.0 - factor)).mean() > 0.999
    # water vapour's continuum goes with its square: more than 10 % of optical depth when moist
    depth = np.log(wrong.transmittance[:, 3]) / np.log(true.transmittance[:, 3])
    very_moist = true.tcwv_kg_m2 > 40.0
    assert 0.13 < np.abs(depth[very_moist] - 1.0).mean() < 0.21


def test_wrong_atmosphere_of_a_scene(scenes: TrainingSet) -> None:
    dry, true = shipped_wrong_humidity(0.9), TrueAtmosphere()
    for index in range(len(scenes)):
        tau, path, down = true.atmosphere(scenes, index)
        np.testing.assert_array_equal(tau, scenes.transmittance[index])
        other = dry.atmosphere(scenes, index)
        assert (other[0] >= tau - 2e-5).all()
        assert (other[1] <= path + 2e-3).all() and (other[2] <= down + 2e-3).all()
        assert other[0].dtype == np.float64 and other[0].shape == (5,)


def test_foreign_scenes_are_refused(scenes: TrainingSet) -> None:
    foreign = replace(scenes, transmittance=scenes.transmittance * np.float32(0.99))
    with pytest.raises(InputError, match="judging atmospheres"):
        shipped_wrong_humidity(1.1).atmosphere(foreign, 0)


def test_mistakes() -> None:
    with pytest.raises(ParameterError, match=r"1\.2"):
        shipped_wrong_humidity(1.2)
    source = shipped_wrong_humidity(0.9)
    with pytest.raises(ParameterError, match="profiles"):
        WrongHumidity(source.table, source.wrong.select(np.arange(386, -1, -1)))
