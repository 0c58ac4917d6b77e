"""Training sets: reproducible, whole, honest about their noise, and safe on disk."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from akkd_core.errors import InputError, OperationCancelled, ParameterError
from akkd_core.physics.features import encode_atmosphere
from akkd_core.physics.local_features import local_features
from akkd_core.physics.planck import brightness_temperature
from akkd_core.physics.rte import radiance_toa_full
from akkd_core.physics.scene_statistics import STATISTIC_NAMES, scene_statistics
from akkd_core.progress import SilentProgress
from akkd_core.simulation import training_set
from akkd_core.simulation.atmospheres import AtmosphereTable, shipped_atmospheres
from akkd_core.simulation.materials import materials
from akkd_core.simulation.scenes import Atmosphere
from akkd_core.simulation.training_set import (
    JUDGE_RECIPE,
    SceneRecipe,
    TrainingSet,
    simulate_training_set,
)
from akkd_core.validation.heldout import held_out_scenes

SMALL = SceneRecipe(shape=(16, 16), pixels=20)


@pytest.fixture(scope="module")
def air() -> AtmosphereTable:
    return shipped_atmospheres("train").of_split("train").select(np.arange(30))


def make(
    air: AtmosphereTable,
    scenes: int = 40,
    recipe: SceneRecipe = SMALL,
    seed: int = 3,
    workers: int = 1,
) -> TrainingSet:
    return simulate_training_set(
        air, materials("train"), scenes, recipe=recipe, seed=seed, workers=workers
    )


def same(first: TrainingSet, second: TrainingSet) -> bool:
    return all(
        getattr(first, f.name).tobytes() == getattr(second, f.name).tobytes()
        for f in fields(TrainingSet)
    )


def test_same_seed_same_bytes_whatever_the_workers(air: AtmosphereTable) -> None:
    # more scenes than a chunk, so that two workers really share them
    recipe = SceneRecipe(shape=(8, 8), pixels=4)
    one = make(air, 150, recipe)
    assert same(one, make(air, 150, recipe, workers=2))
    assert not same(one, make(air, 150, recipe, seed=4))


def test_each_atmosphere_serves_equally_often(air: AtmosphereTable) -> None:
    made = make(air, 60, SceneRecipe(shape=(8, 8), pixels=4, engine_error=False))
    used = [int((air.transmittance == row).all(axis=1).sum()) for row in made.transmittance]
    assert min(used) >= 1
    _, count = np.unique(made.tcwv_kg_m2, return_counts=True)
    assert count.min() >= 2


def test_engine_error_varies_the_atmosphere(air: AtmosphereTable) -> None:
    made = make(air, 30, replace(SMALL, engine_error=True))
    for tau in made.transmittance:
        assert not (air.transmittance == tau).all(axis=1).any()


def residual_k(made: TrainingSet) -> np.ndarray:
    """Observed minus noise-free brightness temperature, (scene, pixel, 5), from the truth."""
    out = []
    for i in range(len(made)):
        toa = radiance_toa_full(
            made.lst[i],
            made.lse[i].T,
            made.transmittance[i],
            made.path_radiance[i],
            made.downwelling_radiance[i],
        )
        out.append(made.bt[i] - brightness_temperature(toa).T)
    return np.array(out)


def test_truth_and_observation_belong_together(air: AtmosphereTable) -> None:
    made = make(air, 20, replace(SMALL, nedt_k=(0.0, 0.0)))
    # 12-bit rounding alone: half a count is 0.02 to 0.06 K
    assert np.abs(residual_k(made)).max() < 0.08


def test_noise_is_at_its_level_where_the_scene_is_warm(air: AtmosphereTable) -> None:
    recipe = replace(SMALL, pixels=200, nedt_k=(0.3, 0.3), kelvin_noise_share=0.0)
    made = make(air, 60, recipe)
    near = np.abs(made.bt.mean(axis=(1, 2)) - 300.0) < 8.0
    assert near.sum() >= 5
    spread = residual_k(made)[near].reshape(-1, 5).std(axis=0)
    np.testing.assert_allclose(spread, 0.3, rtol=0.12)


def test_crops_tell_less_of_the_scene(air: AtmosphereTable) -> None:
    whole = make(air, 20, replace(SMALL, crop_share=0.0))
    cropped = make(air, 20, replace(SMALL, crop_share=1.0))
    assert whole.bt.shape == cropped.bt.shape == (20, 20, 5)
    column = STATISTIC_NAMES.index("log_spread_bt_13")
    assert cropped.statistics[:, column].mean() < whole.statistics[:, column].mean()


def test_temperature_prior_can_be_shifted(air: AtmosphereTable) -> None:
    base, warm = make(air), make(air, recipe=replace(SMALL, offset_shift_k=5.0))
    shift = warm.lst - base.lst
    # below 5 K only where snow would melt
    assert np.median(shift) == pytest.approx(5.0, abs=1e-3)
    assert shift.max() <= 5.0 + 1e-3 and shift.min() >= -1e-3


def test_recipe_of_judging() -> None:
    """The generator is fixed: scores stay comparable."""
    expected = {
        "shape": (96, 96),
        "pixels": 2304,
        "nedt_k": (0.3, 0.3),
        "kelvin_noise_share": 0.0,
        "engine_error": False,
        "n_materials": (2, 12),
        "crop_share": 0.0,
        "vary_materials": False,
        "offset_shift_k": 0.0,
    }
    assert {name: getattr(JUDGE_RECIPE, name) for name in expected} == expected


def test_scenes_of_documented_scores_stay_the_same() -> None:
    """Values of before scenes had local features: these must not move what is drawn."""
    made = held_out_scenes(2, workers=1)
    np.testing.assert_allclose(
        made.bt[:, 0],
        [
            [267.95807, 269.46042, 270.19458, 270.87491, 270.60135],
            [241.28424, 241.96080, 240.93192, 243.01143, 242.39186],
        ],
        atol=1e-3,
    )
    np.testing.assert_allclose(made.lst[:, 0], [273.14999, 243.39085], atol=1e-3)
    np.testing.assert_allclose(made.lse[:, 0, 2], [0.9697705, 0.9842028], atol=1e-5)
    np.testing.assert_allclose(made.statistics[:, 10], [268.26178, 232.18835], atol=1e-3)
    np.testing.assert_allclose(made.bt.mean((1, 2)), [269.92563, 235.77135], atol=2e-3)
    assert np.isfinite(made.profile_atmosphere).all()


def test_saved_and_loaded(air: AtmosphereTable, tmp_path: Path) -> None:
    made = make(air, 10)
    path = tmp_path / "set.npz"
    made.save(path)
    assert same(made, TrainingSet.load(path))
    assert [p.name for p in tmp_path.iterdir()] == ["set.npz"]


@pytest.mark.parametrize("content", [None, b"", b"not a zip", b"PK\x03\x04broken"])
def test_files_that_are_no_training_set(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"set\.npz"):
        TrainingSet.load(path)


def test_files_of_an_earlier_version_are_named_as_such(
    air: AtmosphereTable, tmp_path: Path
) -> None:
    made = make(air, 5)
    path = tmp_path / "old.npz"
    old = {f.name: getattr(made, f.name) for f in fields(made) if f.name != "local"}
    np.savez(path, **old)
    with pytest.raises(InputError, match=r"old\.npz: .* earlier version.* local\. make it anew"):
        TrainingSet.load(path)


def test_local_features_are_of_the_kept_pixels(
    air: AtmosphereTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = []

    def spy(bt: np.ndarray) -> np.ndarray:
        images.append((bt, local_features(bt)))
        return images[-1][1]

    monkeypatch.setattr(training_set, "local_features", spy)
    recipe = replace(SMALL, cloud_share=0.6, crop_share=0.5)
    rng = np.random.default_rng(5)
    hidden = 0
    for row in range(12):
        scene = training_set._one_scene(
            rng, Atmosphere.of(air, row), materials("train"), recipe
        )
        bt, local = images[-1]
        shown = np.isfinite(bt).all(axis=0)
        hidden += not shown.all()
        for value, around in zip(scene["bt"], scene["local"], strict=True):
            here = (bt == value[:, None, None]).all(axis=0)
            assert (shown & here).any()
            assert any((local[:, r, c] == around).all() for r, c in np.argwhere(here))
        assert np.isfinite(scene["local"]).all()
        expected = scene_statistics(bt[:, shown].T)
        np.testing.assert_array_equal(scene["statistics"], expected)
    assert 3 <= hidden <= 11


def test_hidden_pixels_hide_between_a_tenth_and_four_fifths() -> None:
    rng = np.random.default_rng(1)
    recipe = replace(SMALL, cloud_share=1.0)
    shown = [training_set._hide(rng, (32, 32), recipe).mean() for _ in range(60)]
    assert 0.19 < min(shown) < 0.3 and 0.8 < max(shown) < 0.91
    state = rng.bit_generator.state
    assert training_set._hide(rng, (4, 4), SMALL).all()
    assert rng.bit_generator.state == state, "sets without clouds are the same bytes as ever"


def test_each_scene_has_its_own_airs_profile(air: AtmosphereTable) -> None:
    tagged = replace(air, tcwv_kg_m2=np.arange(len(air), dtype=np.float32))
    told = replace(air, path_radiance=air.path_radiance * np.float32(1.5))
    recipe = replace(SMALL, engine_error=False)
    made = simulate_training_set(
        tagged, materials("train"), 40, recipe=recipe, seed=3, told_air=told, workers=1
    )
    row = made.tcwv_kg_m2.astype(int)
    expected = encode_atmosphere(
        told.transmittance[row], told.path_radiance[row], told.downwelling_radiance[row]
    )
    np.testing.assert_array_equal(made.profile_atmosphere, expected)
    assert np.isnan(make(air, 3).profile_atmosphere).all()
    with pytest.raises(ParameterError, match="29 rows for 30"):
        simulate_training_set(
            air, materials("train"), 4, told_air=told.select(np.arange(29)), workers=1
        )


def test_sets_are_checked(air: AtmosphereTable) -> None:
    made = make(air, 5)
    with pytest.raises(InputError, match="number of scenes"):
        replace(made, lst=made.lst[:4])
    with pytest.raises(InputError, match="finite"):
        replace(made, bt=np.full_like(made.bt, np.nan))
    with pytest.raises(InputError, match="statistics"):
        replace(made, statistics=made.statistics[:, :70])
    with pytest.raises(InputError, match="local features"):
        replace(made, local=made.local[:, :3])
    with pytest.raises(InputError, match="air of profiles"):
        replace(made, profile_atmosphere=made.profile_atmosphere[:, :3])


def test_recipes_are_checked() -> None:
    with pytest.raises(ParameterError, match="300 pixels"):
        SceneRecipe(shape=(16, 16), pixels=300)
    with pytest.raises(ParameterError, match="materials"):
        SceneRecipe(n_materials=(5, 2))
    with pytest.raises(ParameterError, match="cloudy"):
        SceneRecipe(cloud_share=1.2)


def test_cancelling(air: AtmosphereTable) -> None:
    class Impatient(SilentProgress):
        def cancelled(self) -> bool:
            return True

    with pytest.raises(OperationCancelled):
        simulate_training_set(
            air, materials("train"), 10, recipe=SMALL, workers=1, progress=Impatient()
        )
    with pytest.raises(ParameterError, match="0"):
        make(air, 0)


def test_sets_are_joined_scene_after_scene(air: AtmosphereTable) -> None:
    first, second = make(air, 5), make(air, 3, seed=4)
    both = TrainingSet.joined([first, second])
    assert len(both) == 8
    assert np.array_equal(both.bt, np.concatenate([first.bt, second.bt]))
    assert both.profile.tolist() == [*first.profile.tolist(), *second.profile.tolist()]
    assert TrainingSet.joined([second]) is second
    other = make(air, 3, replace(SMALL, pixels=12))
    with pytest.raises(InputError, match=r"20, 12 pixels.*same --pixels"):
        TrainingSet.joined([first, other])
    with pytest.raises(InputError, match="no set"):
        TrainingSet.joined([])
