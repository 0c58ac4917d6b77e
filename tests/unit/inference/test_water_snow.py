"""Water and snow whose emissivity is known."""

from __future__ import annotations

import numpy as np
import pytest

from akkd_core.inference.cloud_mask import NOTHING, SNOW, WATER
from akkd_core.inference.context import SceneContext
from akkd_core.inference.tile_pixels import PixelRetrieval
from akkd_core.inference.water_snow import KNOWN_LSE, KNOWN_LSE_ERROR, with_known_emissivity
from akkd_core.physics.planck import brightness_temperature
from akkd_core.physics.rte import radiance_toa_full

TAU = np.array([0.5, 0.62, 0.7, 0.7, 0.66])
PATH = np.array([2.3, 2.0, 1.8, 2.1, 2.3])
DOWN = np.array([3.6, 3.1, 2.7, 3.2, 3.5])
KINDS = np.array([WATER, NOTHING, SNOW], dtype=np.uint8)
LST = np.array([288.0, 300.0, 268.0])


def _case(context: SceneContext):
    lse = np.array([KNOWN_LSE[WATER], (0.9,) * 5, KNOWN_LSE[SNOW]]).T
    radiance = radiance_toa_full(LST, lse, TAU, PATH, DOWN)
    bt = brightness_temperature(radiance).T.astype(np.float32)
    values = np.full((3, 6), 0.95, dtype=np.float32)
    values[:, 0] = 290.0
    errors = np.full((3, 6), 0.02, dtype=np.float32)
    found = PixelRetrieval(values, errors, np.full(3, 0.7, np.float32), np.ones(3, dtype=bool))
    share = np.full(3, 0.5, dtype=np.float32)
    return found, with_known_emissivity(found, bt, [(share, context), (share, context)], KINDS)


def test_temperature_solves_band_13() -> None:
    before, after = _case(SceneContext.of_air(TAU, PATH, DOWN))
    assert after.values[0, 0] == pytest.approx(288.0, abs=0.02)
    assert after.values[2, 0] == pytest.approx(268.0, abs=0.02)
    for row, kind in ((0, WATER), (2, SNOW)):
        np.testing.assert_allclose(after.values[row, 1:], KNOWN_LSE[kind], rtol=1e-6)
        np.testing.assert_allclose(after.errors[row, 1:], KNOWN_LSE_ERROR[kind], rtol=1e-6)
    np.testing.assert_array_equal(after.values[1], before.values[1])
    np.testing.assert_array_equal(after.errors[:, 0], before.errors[:, 0])


def test_nothing_changes_without_an_atmosphere() -> None:
    before, after = _case(SceneContext())
    np.testing.assert_array_equal(after.values, before.values)
    np.testing.assert_array_equal(after.errors, before.errors)
