"""Held-out scores: right arithmetic, held-out scenes, and methods that are no strawmen."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from akkd_core.bundle import ModelBundle
from akkd_core.errors import BundleMismatchError, OperationCancelled, ParameterError
from akkd_core.inference.context import make_context, pixel_features
from akkd_core.inference.pixel_sample import PixelSample
from akkd_core.inference.retriever import Retriever
from akkd_core.progress import SilentProgress
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.materials import materials
from akkd_core.simulation.training_set import (
    JUDGE_RECIPE,
    SceneRecipe,
    TrainingSet,
    simulate_training_set,
)
from akkd_core.validation.atmosphere_scores import score_atmosphere
from akkd_core.validation.heldout import (
    VARIANTS,
    bootstrap_standard_error,
    held_out_scenes,
    score_by_class,
    score_method,
)
from akkd_core.validation.humidity import TrueAtmosphere, shipped_wrong_humidity
from akkd_core.validation.methods import (
    BundleMethod,
    Method,
    Result,
    TesMethod,
    regression_methods,
)
from akkd_core.validation.metrics import metrics
from akkd_core.validation.score_report import ScoreReport
from akkd_core.validation.tes_sources import RetrievedAtmosphere
from tests.builders.bundles import bundle as other_bundle
from tests.builders.retrieval import refined_bundle, scene_aware_bundle

SMALL = replace(JUDGE_RECIPE, shape=(24, 24), pixels=150)


class Known:
    """A method with a known error of temperature and emissivity."""

    name = "known"

    def __init__(self, lst_k: float = 0.5, lse: float | None = 0.01, fails: int = 0) -> None:
        self.lst_k, self.lse, self.fails = lst_k, lse, fails

    def retrieve(self, scenes: TrainingSet, index: int) -> Result:
        sign = -1.0 if index % 2 else 1.0
        lst = scenes.lst[index] + sign * self.lst_k
        lse = scenes.lse[index].astype(np.float64)
        if index < self.fails:
            lst, lse = np.full_like(lst, np.nan), np.full_like(lse, np.nan)
        return lst.astype(np.float64), None if self.lse is None else lse + self.lse


@pytest.fixture(scope="module")
def scenes() -> TrainingSet:
    return held_out_scenes(60, recipe=SMALL, seed=1, workers=1)


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    return scene_aware_bundle()


@pytest.fixture(scope="module")
def regressions() -> tuple[Method, ...]:
    training = simulate_training_set(
        shipped_atmospheres("train").of_split("train"),
        materials("train"),
        400,
        recipe=SceneRecipe(shape=(24, 24), pixels=64),
        seed=0,
        workers=1,
    )
    return regression_methods(training)


def test_scenes_are_held_out(scenes: TrainingSet) -> None:
    trained = set(shipped_atmospheres("train").profile.tolist())
    assert not trained & set(scenes.profile.tolist())
    assert all(name.startswith("ecmwf") for name in scenes.profile)
    only = held_out_scenes(5, recipe=SMALL, profiles="ecmwf52", workers=1)
    assert all(name.startswith("ecmwf52") for name in only.profile)
    with pytest.raises(ParameterError, match="nosuch"):
        held_out_scenes(5, profiles="nosuch")


def test_arithmetic_of_scores(scenes: TrainingSet) -> None:
    score = score_method(Known(0.5, 0.01), scenes)
    assert score.lst_mae == pytest.approx(0.5, abs=1e-4)
    assert score.lse_mae == pytest.approx(0.01, abs=1e-6)
    assert score.mean_absolute_scene_bias == pytest.approx(0.5, abs=1e-4)
    # half the scenes are off each way
    assert score.lst.bias == pytest.approx(0.0, abs=1e-4)
    assert score.lst.rmse == pytest.approx(0.5, abs=1e-4)
    assert score.lst.n == scenes.lst.size and score.failed_share == 0.0
    assert [band.bias for band in score.lse] == pytest.approx([0.01] * 5, abs=1e-6)


def test_mean_is_over_scenes_not_over_pixels(scenes: TrainingSet) -> None:
    class HalfFails(Known):
        def retrieve(self, scenes: TrainingSet, index: int) -> Result:
            lst, lse = super().retrieve(scenes, index)
            if index == 0:
                lst = lst + 59.5
                lst[10:] = np.nan
            return lst, lse

    score = score_method(HalfFails(0.5), scenes)
    assert score.lst_mae == pytest.approx((60.0 + 59 * 0.5) / 60, rel=1e-4)
    assert 0.0 < score.failed_share < 0.02


def test_methods_without_emissivity_or_result(scenes: TrainingSet) -> None:
    score = score_method(Known(lse=None), scenes)
    assert score.lse == () and np.isnan(score.lse_mae)
    failed = score_method(Known(0.5, fails=3), scenes)
    assert failed.lst_mae == pytest.approx(0.5, abs=1e-4)
    assert failed.failed_share == pytest.approx(3 / 60)
    assert np.isnan(failed.scene_lst_mae[:3]).all()


def test_classes_partition_the_scenes(scenes: TrainingSet) -> None:
    parts = score_by_class(score_method(Known(0.5), scenes), scenes)
    for kind in ("water vapour, kg m-2", "materials", "land cover"):
        here = [part for part in parts if part.kind == kind]
        assert sum(part.scenes for part in here) == len(scenes)
        assert all(part.lst_mae == pytest.approx(0.5, abs=1e-3) for part in here if part.scenes)
    dry = next(part for part in parts if part.label == "0-10")
    assert dry.scenes == int((scenes.tcwv_kg_m2 < 10.0).sum())
    few = next(part for part in parts if part.label == "2-4")
    assert few.scenes == int((scenes.n_materials <= 4).sum())


def test_bootstrap_goes_by_profile() -> None:
    rng = np.random.default_rng(0)
    of_profile = rng.normal(1.0, 0.3, 100)
    profile = np.repeat([f"p{i}" for i in range(100)], 3)
    error = bootstrap_standard_error(np.repeat(of_profile, 3), profile)
    # three equal scenes of a profile tell no more than one
    assert error == pytest.approx(of_profile.std() / 10.0, rel=0.1)
    independent = bootstrap_standard_error(np.repeat(of_profile, 3), np.arange(300).astype(str))
    assert independent == pytest.approx(error / np.sqrt(3), rel=0.15)
    assert np.isnan(bootstrap_standard_error(np.array([np.nan]), np.array(["a"])))


def test_bundle_is_fed_as_in_retrieval(scenes: TrainingSet, bundle: ModelBundle) -> None:
    lst, lse = BundleMethod(bundle, runtime="numpy").retrieve(scenes, 3)
    context = make_context(bundle, scenes.statistics[3])
    features = pixel_features(bundle.pixel_network, scenes.bt[3], context)
    assert context.scene is not None
    rows = np.broadcast_to(context.scene, (len(features), len(context.scene)))
    expected = bundle.pixel_network.forward(np.concatenate([features, rows], axis=1))
    np.testing.assert_allclose(lst, expected[:, 0], atol=2e-3)
    assert lse is not None
    np.testing.assert_allclose(lse, np.clip(expected[:, 1:], 0.3, 1.0), atol=1e-5)


def test_a_bundle_of_four_networks_is_fed_as_in_retrieval(scenes: TrainingSet) -> None:
    refined = refined_bundle()
    lst, lse = BundleMethod(refined, runtime="numpy").retrieve(scenes, 3)
    bt, local = scenes.bt[3], scenes.local[3]
    context = make_context(refined, scenes.statistics[3], sample=lambda: PixelSample(bt, local))
    found = Retriever(refined, "numpy").pixels(bt, [(np.ones(len(bt), np.float32), context)], local)
    np.testing.assert_allclose(lst, found.values[:, 0], atol=2e-3)
    np.testing.assert_allclose(lse, found.values[:, 1:], atol=1e-5)
    scores = score_atmosphere(refined, scenes)
    handed = [RetrievedAtmosphere(refined).atmosphere(scenes, i)[0] for i in range(len(scenes))]
    expected = metrics(np.array(handed)[:, 3], scenes.transmittance[:, 3])
    assert {(s.quantity, s.band): s.metrics for s in scores}["transmittance", 13] == expected
    np.testing.assert_allclose(handed[3], context.transmittance, rtol=1e-5)


def test_ancillary_changes_the_result_and_is_drawn_per_scene(
    scenes: TrainingSet, bundle: ModelBundle
) -> None:
    alone = BundleMethod(bundle, runtime="numpy")
    known = BundleMethod(bundle, "known", runtime="numpy", ancillary_seed=1)
    again = BundleMethod(bundle, "known", runtime="numpy", ancillary_seed=1)
    first, second, third = (m.retrieve(scenes, 2)[0] for m in (alone, known, again))
    assert np.abs(first - second).max() > 1e-3
    np.testing.assert_array_equal(second, third)


def test_ancillary_has_the_errors_it_says(bundle: ModelBundle, scenes: TrainingSet) -> None:
    method = BundleMethod(bundle, runtime="numpy", ancillary_seed=3)
    given = [method._ancillary(scenes, index) for index in range(len(scenes))]
    tcwv = np.array([one.tcwv_kg_m2 for one in given]) / scenes.tcwv_kg_m2 - 1.0
    air = np.array([one.air_temperature_k for one in given]) - scenes.air_temperature_k
    assert 0.07 < tcwv.std() < 0.13 and abs(tcwv.mean()) < 0.04
    assert 1.4 < air.std() < 2.6 and abs(air.mean()) < 0.8


def test_bundle_must_give_all_outputs() -> None:
    with pytest.raises(BundleMismatchError, match="lse_10"):
        BundleMethod(other_bundle())


def test_regressions_are_no_strawmen(
    scenes: TrainingSet, regressions: tuple[Method, ...]
) -> None:
    quadratic, unknown, by_regression = (score_method(m, scenes) for m in regressions)
    assert 0.9 < quadratic.lst_mae < 1.9
    assert 0.016 < quadratic.lse_mae < 0.028
    assert quadratic.lst_mae < by_regression.lst_mae < 3.5
    assert quadratic.lst_mae < unknown.lst_mae < 3.5
    assert unknown.lse == ()


def test_tes_knows_the_air_and_suffers_from_a_wrong_one(scenes: TrainingSet) -> None:
    true = score_method(TesMethod(TrueAtmosphere(), "true"), scenes)
    dry = score_method(TesMethod(shipped_wrong_humidity(0.9), "dry"), scenes)
    moist = score_method(TesMethod(shipped_wrong_humidity(1.1), "moist"), scenes)
    assert 0.6 < true.lst_mae < 1.15 and true.lse_mae < 0.036
    assert true.lst_mae < dry.lst_mae and true.lst_mae < moist.lst_mae
    assert dry.lst.bias < true.lst.bias < moist.lst.bias
    assert true.failed_share < 0.001


def test_variants_depart_from_the_recipe_in_one_thing() -> None:
    changed = {
        label: [
            name for name in vars(recipe) if getattr(recipe, name) != getattr(JUDGE_RECIPE, name)
        ]
        for label, recipe in VARIANTS.items()
    }
    assert changed == {
        "noise constant in K": ["kelvin_noise_share"],
        "surface 5 K warmer": ["offset_shift_k"],
        "surface 5 K colder": ["offset_shift_k"],
        "optical depth off as between two engines": ["engine_error"],
    }
    assert VARIANTS["surface 5 K colder"].offset_shift_k == -5.0


def test_atmosphere_that_a_bundle_predicts(scenes: TrainingSet, bundle: ModelBundle) -> None:
    found = {(s.quantity, s.band): s.metrics for s in score_atmosphere(bundle, scenes)}
    assert len(found) == 15
    predicted = [make_context(bundle, row).transmittance for row in scenes.statistics]
    expected = metrics(np.array(predicted)[:, 3], scenes.transmittance[:, 3])
    assert found["transmittance", 13] == expected
    report = ScoreReport(
        scenes,
        (score_method(Known(), scenes),),
        {},
        atmosphere=score_atmosphere(bundle, scenes),
    )
    assert "downwelling_radiance" in report.text()


def test_report(scenes: TrainingSet) -> None:
    first, second = score_method(Known(0.5), scenes), score_method(Known(lse=None), scenes)
    report = ScoreReport(scenes, (first, second), {"surface 5 K warmer": (first,)}, 1)
    text = report.text()
    assert "60 simulated scenes" in text and "surface 5 K warmer" in text
    assert " 0.500 " in text and "0.0100" in text and ">40" in text
    data = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert data["methods"][0]["lst_mae_k"] == pytest.approx(0.5, abs=1e-4)
    assert data["methods"][1]["lse_mae"] is None
    assert data["variants"]["surface 5 K warmer"][0]["method"] == "known"
    scores = {(score.name, score.measured_on): score.value for score in report.manifest_scores()}
    assert scores["lse mae", report.description] == pytest.approx(0.01, abs=1e-6)
    assert scores["lst mae", report.description + "; surface 5 K warmer"] == pytest.approx(
        0.5, abs=1e-4
    )


def test_cancelling(scenes: TrainingSet) -> None:
    class Impatient(SilentProgress):
        def cancelled(self) -> bool:
            return True

    with pytest.raises(OperationCancelled):
        score_method(Known(), scenes, Impatient())
