"""A teacher labels many scenes at once as retrieval would label each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from akkd_core.bundle import ModelBundle, load_bundle
from akkd_core.errors import BundleMismatchError, OperationCancelled
from akkd_core.inference.context import (
    STATISTICS_LIMIT_SD,
    Ancillary,
    make_context,
    pixel_features,
)
from akkd_core.inference.predictors import make_predictor
from akkd_core.nn.teacher_samples import label
from akkd_core.physics.scene_statistics import SCENE_INPUTS
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.materials import materials
from akkd_core.simulation.training_set import SceneRecipe, TrainingSet, simulate_training_set
from tests.builders.retrieval import refined_bundle
from tests.builders.scene_teacher import untrained_scene_bundle


@pytest.fixture(scope="module")
def bundle(scenes: TrainingSet) -> ModelBundle:
    return untrained_scene_bundle(scenes)


@pytest.fixture(scope="module")
def scenes() -> TrainingSet:
    air = shipped_atmospheres("train").of_split("train")
    recipe = SceneRecipe(shape=(16, 16), pixels=12)
    return simulate_training_set(air, materials("train"), 6, recipe=recipe, seed=4, workers=1)


def _inputs(scenes: TrainingSet) -> np.ndarray:
    """Nothing known, then water vapour, air temperature, both."""
    raw = np.full((len(scenes), len(SCENE_INPUTS)), np.nan, dtype=np.float32)
    raw[:, :-4], raw[:, -3], raw[:, -1] = scenes.statistics, 0.0, 0.0
    raw[(1, 3), -4], raw[(1, 3), -3] = scenes.tcwv_kg_m2[[1, 3]], 1.0
    raw[(2, 3), -2], raw[(2, 3), -1] = scenes.air_temperature_k[[2, 3]], 1.0
    return raw


def test_labels_are_those_of_retrieval(bundle: ModelBundle, scenes: TrainingSet) -> None:
    statistics = scenes.statistics.copy()
    statistics[4] += 40.0  # far outside the training domain: held at the limit
    odd = replace(scenes, statistics=statistics)
    found = label(bundle, odd, _inputs(odd), limit_sd=STATISTICS_LIMIT_SD)
    predictor = make_predictor(bundle, "numpy")
    for i in range(len(odd)):
        tcwv, air = odd.tcwv_kg_m2[i], odd.air_temperature_k[i]
        known = Ancillary(float(tcwv) if i in (1, 3) else None, float(air) if i in (2, 3) else None)
        context = make_context(bundle, statistics[i], known)
        features = pixel_features(bundle.pixel_network, odd.bt[i], context)
        expected = predictor.predict(features, context.scene)
        np.testing.assert_allclose(found.scene[i], context.scene, rtol=0, atol=2e-5)
        np.testing.assert_allclose(found.pixel[i], features, rtol=0, atol=2e-3)
        np.testing.assert_allclose(found.teacher[i][:, 0], expected[:, 0], rtol=0, atol=3e-3)
        np.testing.assert_allclose(found.teacher[i][:, 1:], expected[:, 1:], rtol=0, atol=3e-5)
    np.testing.assert_array_equal(found.truth[..., 0], odd.lst)
    np.testing.assert_array_equal(found.truth[..., 1:], odd.lse)


def test_a_bundle_without_a_scene_network_is_refused(scenes: TrainingSet, repo_root: Path) -> None:
    pixel_only = load_bundle(repo_root / "benchmarks" / "bundles" / "pixel-only")
    with pytest.raises(BundleMismatchError, match="no scene network"):
        label(pixel_only, scenes, _inputs(scenes), limit_sd=6.0)


def test_a_bundle_that_sees_surroundings_is_refused(scenes: TrainingSet) -> None:
    with pytest.raises(BundleMismatchError, match="other inputs or outputs"):
        label(refined_bundle(), scenes, _inputs(scenes), limit_sd=6.0)


def test_labelling_can_be_cancelled(bundle: ModelBundle, scenes: TrainingSet) -> None:
    class Cancelled:
        def update(self, fraction: float, message: str = "") -> None: ...

        def cancelled(self) -> bool:
            return True

    with pytest.raises(OperationCancelled):
        label(bundle, scenes, _inputs(scenes), limit_sd=6.0, progress=Cancelled())
