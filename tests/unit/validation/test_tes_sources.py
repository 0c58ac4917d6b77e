"""Atmospheres that TES could be handed: each as its command makes it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from akkd_core.bundle import load_bundle
from akkd_core.errors import ParameterError
from akkd_core.inference.context import make_context
from akkd_core.simulation.atmosphere_choice import atmosphere_near
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.training_set import JUDGE_RECIPE, TrainingSet
from akkd_core.validation.heldout import held_out_scenes
from akkd_core.validation.tes_sources import RetrievedAtmosphere, TypicalAtmosphere
from tests.builders.retrieval import scene_aware_bundle


@pytest.fixture(scope="module")
def scenes() -> TrainingSet:
    recipe = replace(JUDGE_RECIPE, shape=(24, 24), pixels=300)
    return held_out_scenes(3, recipe=recipe, workers=1)


def test_retrieved(scenes: TrainingSet) -> None:
    bundle = scene_aware_bundle()
    tau, path, down = RetrievedAtmosphere(bundle).atmosphere(scenes, 1)
    context = make_context(bundle, scenes.statistics[1])
    np.testing.assert_array_equal(tau, context.transmittance)
    np.testing.assert_array_equal(path, context.path_radiance)
    np.testing.assert_array_equal(down, context.downwelling_radiance)


def test_typical(scenes: TrainingSet) -> None:
    air = shipped_atmospheres("train").of_split("train")
    found = TypicalAtmosphere(air).atmosphere(scenes, 2)
    warmth = float(scenes.bt[2][:, 3].mean())
    expected = atmosphere_near(air, float(scenes.tcwv_kg_m2[2]), warmth)
    np.testing.assert_allclose(found[0], expected.transmittance, atol=0.005)
    np.testing.assert_allclose(found[1], expected.path_radiance, atol=0.05)


def test_needs_a_scene_network(repo_root) -> None:  # type: ignore[no-untyped-def]
    bundle = load_bundle(repo_root / "benchmarks" / "bundles" / "pixel-only")
    with pytest.raises(ParameterError, match="no scene network"):
        RetrievedAtmosphere(bundle)
