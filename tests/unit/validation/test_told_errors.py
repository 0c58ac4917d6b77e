"""Errors that a bundle tells of its pixels: calibrated by scene, and as often right as said."""

from __future__ import annotations

import numpy as np
import pytest

from akkd_core.bundle import load_bundle, save_bundle
from akkd_core.errors import TrainingError
from akkd_core.physics.features import OUTPUT_NAMES
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.materials import materials
from akkd_core.simulation.training_set import SceneRecipe, simulate_training_set
from akkd_core.validation.told_errors import (
    INTERVAL_90,
    ToldErrors,
    calibrate_told,
    quantile_by_scene,
    told_coverage,
    told_ratios,
    with_told_errors,
)
from tests.builders.surroundings import untrained_bundle


@pytest.fixture(scope="module")
def scenes():
    air = shipped_atmospheres("judge")
    recipe = SceneRecipe(shape=(20, 20), pixels=24)
    return simulate_training_set(air, materials("judge"), 30, recipe=recipe, seed=2, workers=1)


@pytest.fixture(scope="module")
def bundle(scenes):
    pytest.importorskip("keras", reason="needs the training extra")
    return untrained_bundle(scenes)


def test_calibrated_errors_hold_as_often_as_said(bundle, scenes, tmp_path):
    found = calibrate_told(bundle, [scenes])
    assert found.scenes == 30
    made = with_told_errors(bundle, found, "30 scenes of a test")
    save_bundle(made, tmp_path / "b")
    calibrated = load_bundle(tmp_path / "b")
    ratio = told_ratios(calibrated, scenes)
    np.testing.assert_allclose((ratio <= 1).mean((0, 1)), 0.6827 * 31 / 30, atol=0.005)
    widths = calibrated.manifest.extra[INTERVAL_90]
    assert tuple(widths) == OUTPUT_NAMES
    inside = (ratio <= np.array(list(widths.values()))).mean((0, 1))
    np.testing.assert_allclose(inside, 0.9 * 31 / 30, atol=0.005)
    assert "calibrated by scene on 30 scenes of a test" in calibrated.manifest.uncertainty.method
    covered = told_coverage(calibrated, scenes)
    assert [c.name for c in covered] == list(OUTPUT_NAMES)
    assert covered[2].one_sigma == pytest.approx((ratio[..., 2] <= 1).mean())
    assert covered[2].two_sigma == pytest.approx((ratio[..., 2] <= 2).mean())


def test_factors_of_several_sets_are_of_all_their_scenes(bundle, scenes):
    parts = [replace_rows(scenes, np.s_[:10]), replace_rows(scenes, np.s_[10:])]
    np.testing.assert_array_equal(
        calibrate_told(bundle, parts).factor, calibrate_told(bundle, [scenes]).factor
    )


def replace_rows(scenes, rows):
    return type(scenes)(**{name: values[rows] for name, values in vars(scenes).items()})


def test_errors_that_are_not_finite_are_refused(bundle, scenes):
    found = ToldErrors(np.full(6, 1e-300), np.ones(6), 1)
    tiny = with_told_errors(with_told_errors(bundle, found, "none"), found, "none")
    with np.errstate(divide="ignore"), pytest.raises(TrainingError, match="not finite"):
        calibrate_told(tiny, [replace_rows(scenes, np.s_[:2])])


def test_quantiles_allow_for_the_scene_that_is_not_known():
    """A new scene's values lie below the bound as often as promised, whatever scenes' biases."""
    rng = np.random.default_rng(3)
    inside = []
    for _ in range(600):
        scale = np.exp(rng.normal(0.0, 1.0, (5, 1, 1)))
        ratio = scale * np.abs(rng.standard_normal((5, 50, 1)))
        inside.append((ratio[4] <= quantile_by_scene(ratio[:4], 0.68)).mean())
    assert 0.68 < np.mean(inside) < 0.88
    # the fifth scene's values are counted as beyond all of the four
    known = np.arange(1.0, 101.0).reshape(4, 25, 1)
    assert quantile_by_scene(known, 0.64)[0] == pytest.approx(np.quantile(known, 0.8))
    assert quantile_by_scene(known, 0.9)[0] == 100.0
    assert quantile_by_scene(np.zeros((2, 3, 1)), 0.9)[0] > 0
