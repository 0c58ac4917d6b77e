"""Bundles as judged: the retrieval's own values and errors; scenes evenly over profiles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from akkd_core.bundle import ModelBundle
from akkd_core.errors import BundleIntegrityError, OperationCancelled, ParameterError
from akkd_core.physics.scene_statistics import PROFILE_NAMES, SCENE_INPUTS
from akkd_core.progress import SilentProgress
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.training_set import JUDGE_RECIPE, TrainingSet
from akkd_core.validation.judged_methods import (
    PROFILE,
    WATER_AND_AIR,
    JudgedBundle,
    Unsure,
    stated_interval,
    takes_profiles,
    tally_scenes,
)
from akkd_core.validation.judging_blocks import BLOCK, JudgingScenes, judging_rows
from akkd_core.validation.methods import BundleMethod, TesMethod
from akkd_core.validation.tes_sources import ToldAtmosphere
from tests.builders.retrieval import refined_bundle, scene_aware_bundle

SMALL = replace(JUDGE_RECIPE, shape=(24, 24), pixels=150)


@pytest.fixture(scope="module")
def scenes() -> TrainingSet:
    return JudgingScenes(10, SMALL, seed=2, workers=1).block(0)


def test_every_profile_has_as_many_scenes() -> None:
    air = shipped_atmospheres("judge")
    rows = judging_rows(air, 1032, seed=1)
    names, counts = np.unique(air.profile[rows], return_counts=True)
    assert len(names) == 129 and set(counts.tolist()) == {8}
    assert max(np.bincount(rows)) == 3  # a profile's three rows take turns
    assert len(set(air.profile[rows[:129]].tolist())) == 129
    assert not np.array_equal(rows, judging_rows(air, 1032, seed=2))
    with pytest.raises(ParameterError, match="at least 1"):
        judging_rows(air, 0)


def test_blocks_are_their_own_scenes() -> None:
    plan = JudgingScenes(BLOCK + 2, SMALL, seed=2, workers=1)
    assert plan.blocks == 2
    last = plan.block(1)
    assert len(last) == 2
    assert np.array_equal(last.bt, plan.block(1).bt)
    air = shipped_atmospheres("judge")
    rows = judging_rows(air, BLOCK + 2, 2)[BLOCK:]
    assert sorted(last.profile.tolist()) == sorted(air.profile[rows].tolist())
    assert np.isfinite(last.profile_atmosphere).all()


def test_a_bundle_is_judged_as_it_is_scored(scenes: TrainingSet) -> None:
    bundle = scene_aware_bundle()
    values, sigma = JudgedBundle(bundle).judge(scenes, 3)
    lst, lse = BundleMethod(bundle).retrieve(scenes, 3)
    assert values[:, 0] == pytest.approx(lst, abs=1e-3)
    assert lse is not None and values[:, 1:] == pytest.approx(lse, abs=1e-5)
    assert sigma is not None and sigma.shape == (150, 6)
    assert bundle.error_table is not None
    low, high = bundle.error_table.sigma[0].min(), bundle.error_table.sigma[0].max()
    assert low <= sigma[:, 0].min() and sigma[:, 0].max() <= high


def test_errors_that_the_network_tells_are_taken(scenes: TrainingSet) -> None:
    values, sigma = JudgedBundle(refined_bundle()).judge(scenes, 0)
    assert sigma is not None and (sigma > 0).all() and np.isfinite(values).all()
    # told is exp(-0.5) K, about; more beyond the domain, as in a retrieval
    assert 0.3 < sigma[:, 0].min() and np.median(sigma[:, 0]) < 3
    assert np.ptp(sigma[:, 0]) > 0


def test_what_is_known_enters(scenes: TrainingSet) -> None:
    bundle = scene_aware_bundle(names=SCENE_INPUTS + PROFILE_NAMES)
    assert takes_profiles(bundle) and not takes_profiles(scene_aware_bundle())
    alone, _ = JudgedBundle(bundle).judge(scenes, 1)
    for known in (WATER_AND_AIR, PROFILE):
        values, _ = JudgedBundle(bundle, known=known, seed=4).judge(scenes, 1)
        assert np.abs(values - alone)[:, 0].max() > 1e-3
    again, _ = JudgedBundle(bundle, known=WATER_AND_AIR, seed=4).judge(scenes, 1)
    other, _ = JudgedBundle(bundle, known=WATER_AND_AIR, seed=5).judge(scenes, 1)
    first, _ = JudgedBundle(bundle, known=WATER_AND_AIR, seed=4).judge(_only(scenes, 1), 0)
    assert np.array_equal(again, first) and not np.array_equal(again, other)


def _only(scenes: TrainingSet, index: int) -> TrainingSet:
    names = scenes.__dataclass_fields__
    return TrainingSet(**{name: getattr(scenes, name)[index : index + 1] for name in names})


def test_stated_intervals() -> None:
    def with_extra(value: object) -> ModelBundle:
        bundle = scene_aware_bundle()
        return replace(bundle, manifest=replace(bundle.manifest, extra={"interval_90": value}))

    assert stated_interval(scene_aware_bundle()) == pytest.approx([1.6449] * 6, abs=1e-4)
    assert stated_interval(with_extra(1.8)).tolist() == [1.8] * 6
    assert stated_interval(with_extra([1, 2, 3, 4, 5, 6])).tolist() == [1, 2, 3, 4, 5, 6]
    named = dict(zip(("lst", *(f"lse_{b}" for b in range(10, 15))), range(1, 7), strict=True))
    assert stated_interval(with_extra(named)).tolist() == [1, 2, 3, 4, 5, 6]
    for bad in ("wide", [1.0, 2.0], -1.0, {"lst": 1.0}):
        with pytest.raises(BundleIntegrityError, match="interval_90"):
            stated_interval(with_extra(bad))


def test_tallies_of_several_methods(scenes: TrainingSet) -> None:
    methods = [
        JudgedBundle(scene_aware_bundle()),
        Unsure(TesMethod(ToldAtmosphere(), "TES, profile")),
    ]
    own, tes = tally_scenes(methods, scenes, SilentProgress())
    assert len(own) == len(tes) == 10 and own.tells_errors and not tes.tells_errors
    assert own.facts.profile.tolist() == scenes.profile.tolist()
    values, _ = methods[0].judge(scenes, 0)
    error = np.abs(values[:, 0] - scenes.lst[0]).sum()
    assert own.moment("absolute")[0, 0] == pytest.approx(error)

    class Cancelled(SilentProgress):
        def cancelled(self) -> bool:
            return True

    with pytest.raises(OperationCancelled):
        tally_scenes(methods, scenes, Cancelled())
