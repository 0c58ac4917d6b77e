"""Training sets: reproducible, whole, honest about their noise, and safe on disk."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from akkd_core.errors import InputError, OperationCancelled, ParameterError
from akkd_core.physics.planck import brightness_temperature
from akkd_core.physics.rte import radiance_toa_full
from akkd_core.physics.scene_statistics import STATISTIC_NAMES
from akkd_core.progress import SilentProgress
from akkd_core.simulation.atmospheres import AtmosphereTable, shipped_atmospheres
from akkd_core.simulation.materials import materials
from akkd_core.simulation.training_set import (
    JUDGE_RECIPE,
    SceneRecipe,
    TrainingSet,
    simulate_training_set,
)

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


def test_sets_are_checked(air: AtmosphereTable) -> None:
    made = make(air, 5)
    with pytest.raises(InputError, match="number of scenes"):
        replace(made, lst=made.lst[:4])
    with pytest.raises(InputError, match="finite"):
        replace(made, bt=np.full_like(made.bt, np.nan))
    with pytest.raises(InputError, match="statistics"):
        replace(made, statistics=made.statistics[:, :70])


def test_recipes_are_checked() -> None:
    with pytest.raises(ParameterError, match="300 pixels"):
        SceneRecipe(shape=(16, 16), pixels=300)
    with pytest.raises(ParameterError, match="materials"):
        SceneRecipe(n_materials=(5, 2))


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
