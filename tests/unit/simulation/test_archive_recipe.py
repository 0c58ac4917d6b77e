"""Scenes of the archive: they obey the equation, their labels err as promised, and no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from akkd_core.errors import InputError, ParameterError
from akkd_core.physics.planck import brightness_temperature, broadcast_band_radiance
from akkd_core.physics.rte import radiance_toa_full
from akkd_core.simulation.archive_air import AirDesign, place_air
from akkd_core.simulation.archive_labels import product_labels
from akkd_core.simulation.archive_places import archive_places
from akkd_core.simulation.archive_recipe import (
    FULL_SIDE,
    ArchiveRecipe,
    CloudDesign,
    archive_materials,
    simulate_archive_scene,
    through_cloud,
)
from akkd_core.simulation.archive_scene import ArchiveScene
from akkd_core.simulation.archive_surfaces import SurfaceDesign, draw_elevation, sunlight
from akkd_core.simulation.materials import materials
from akkd_core.simulation.scenes import dn_to_radiance, noise_radiance, radiance_to_dn

RECIPE = ArchiveRecipe(pixels_per_side=48)
CLOUDY = replace(RECIPE, cloud=CloudDesign(chance=1.0))


def scene_of(kind: str, index: int, recipe: ArchiveRecipe = RECIPE) -> ArchiveScene:
    return simulate_archive_scene(archive_places(kind)[index], recipe)


@pytest.fixture(scope="module")
def gentle() -> list[ArchiveScene]:
    return [scene_of("training", i) for i in range(12)]


@pytest.fixture(scope="module")
def steep() -> list[ArchiveScene]:
    return [scene_of("complex", i) for i in range(10)]


def expected_radiance(scene: ArchiveScene) -> np.ndarray:
    place = next(p for p in archive_places(scene.kind) if p.scene_name == scene.name)
    air = place_air(place).true.at(scene.elevation_m)
    lst, lse = scene.truth()
    return radiance_toa_full(
        lst, lse, air.transmittance, air.path_radiance, air.downwelling_radiance
    )


def test_full_size_holds_the_papers_samples() -> None:
    assert 27 * FULL_SIDE**2 == pytest.approx(9.6e6, rel=0.002)


@pytest.mark.parametrize(("kind", "index"), [("training", 1), ("complex", 3), ("complex", 5)])
def test_truth_gives_the_measured_radiance_up_to_noise(kind: str, index: int) -> None:
    scene = scene_of(kind, index)
    clear = scene.thin_cloud == 0
    residual = (scene.radiance - expected_radiance(scene))[:, clear]
    level = noise_radiance(0.3)
    np.testing.assert_allclose(residual.std(axis=1), level, rtol=0.06)
    assert np.abs(residual.mean(axis=1) / level).max() < 0.1


def test_radiance_comes_in_the_sensors_counts(steep: list[ArchiveScene]) -> None:
    radiance = steep[0].radiance.astype(np.float64)
    again = dn_to_radiance(radiance_to_dn(radiance)).astype(np.float32)
    np.testing.assert_allclose(again, steep[0].radiance, rtol=1e-6)
    np.testing.assert_allclose(
        steep[0].bt, brightness_temperature(steep[0].radiance), rtol=1e-6, atol=1e-3
    )


def test_labels_err_within_bounds_and_more_than_with_true_air(
    gentle: list[ArchiveScene], steep: list[ArchiveScene]
) -> None:
    for scenes, low, high in ((gentle, 0.5, 1.5), (steep, 0.6, 1.8)):
        lst_mae, lse_mae, true_air = [], [], []
        for scene in scenes:
            lst, lse = scene.truth()
            good = scene.label_valid
            assert good.mean() > 0.75
            lst_mae.append(np.abs(scene.label_lst - lst)[good].mean())
            lse_mae.append(np.abs(scene.label_lse - lse)[:, good].mean())
            place = next(p for p in archive_places(scene.kind) if p.scene_name == scene.name)
            better = product_labels(
                scene.radiance, scene.elevation_m, place_air(place).true, RECIPE.nedt_k
            )
            true_air.append(np.abs(better.lst - lst)[good].mean())
        assert low < np.mean(lst_mae) < high
        assert 0.008 < np.mean(lse_mae) < 0.03
        assert np.mean(true_air) < np.mean(lst_mae)


def test_labels_are_rounded_as_products_are(steep: list[ArchiveScene]) -> None:
    for scene in steep[:3]:
        good = scene.label_valid
        tenths = scene.label_lst[good].astype(np.float64) * 10
        thousandths = scene.label_lse[:, good].astype(np.float64) * 1000
        assert np.abs(tenths - np.rint(tenths)).max() < 1e-3
        assert np.abs(thousandths - np.rint(thousandths)).max() < 1e-3
        assert len(np.unique(np.rint(thousandths))) > 20


def test_labels_use_each_pixels_elevation() -> None:
    scene = scene_of("complex", 5)
    air = place_air(archive_places("complex")[5]).true
    lst = scene.truth()[0]
    clear = scene.label_valid & (scene.thin_cloud == 0)
    flat = product_labels(
        scene.radiance, np.full_like(scene.elevation_m, scene.elevation_m.min()), air, 0.3
    )
    known = product_labels(scene.radiance, scene.elevation_m, air, 0.3)
    high = clear & (scene.elevation_m > np.quantile(scene.elevation_m, 0.7))
    assert np.abs(known.lst - lst)[high].mean() < 0.7 * np.abs(flat.lst - lst)[high].mean()


def test_a_pixel_without_radiance_has_no_label() -> None:
    radiance = np.full((5, 4, 4), 9.0, dtype=np.float32)
    radiance[:, 0, 0] = np.nan
    radiance[2, 1, 1] = 0.0
    air = place_air(archive_places("training")[0]).believed
    labels = product_labels(radiance, np.full((4, 4), 1200.0), air, 0.3)
    assert not labels.valid[0, 0] and not labels.valid[1, 1]
    assert np.isnan(labels.lst[0, 0]) and np.isnan(labels.lse[:, 1, 1]).all()
    assert np.isfinite(labels.lst).sum() == 14


def test_training_scenes_are_gentle_and_complex_ones_are_not(
    gentle: list[ArchiveScene], steep: list[ArchiveScene]
) -> None:
    for scene in gentle:
        assert np.ptp(scene.elevation_m) <= 250.5
        assert len(scene.materials) <= 6 and set(scene.materials) <= set(materials("train").name)
        assert not scene.thin_cloud.any()
    judged = set(materials("judge").name)
    for scene in steep:
        assert np.ptp(scene.elevation_m) >= 890
        assert len(scene.materials) >= 6
        assert not set(scene.materials) & set(materials("validation").name)
        assert float(scene.truth()[0].std()) > 3.0
    assert sum(bool(judged & set(scene.materials)) for scene in steep) >= 9
    assert np.mean([s.truth()[0].std() for s in gentle]) < np.mean(
        [s.truth()[0].std() for s in steep]
    )


def test_complex_materials_are_those_of_two_splits() -> None:
    both = set(archive_materials("complex").name)
    assert both == set(materials("train").name) | set(materials("judge").name)


def test_quality_assessment_misses_the_thinnest_cloud() -> None:
    scenes = [scene_of("complex", i, CLOUDY) for i in range(8)]
    missed = [s.label_valid & (s.thin_cloud > 0.01) for s in scenes]
    assert sum(m.mean() > 0.02 for m in missed) >= 6
    for scene in scenes:
        assert not (scene.label_valid & (scene.thin_cloud > 0.1)).any()
    # cloud that isn't seen makes labels too cold
    for scene, where in zip(scenes, missed, strict=True):
        if where.sum() > 50:
            error = scene.label_lst - scene.truth()[0]
            assert error[where].mean() - error[scene.thin_cloud == 0].mean() < -0.3


def test_cloud_hides_the_ground_by_its_thickness() -> None:
    ground = np.full((5, 1, 3), 10.0)
    seen = through_cloud(ground, np.array([[0.0, 0.1, 30.0]], dtype=np.float32), 230.0)
    own = broadcast_band_radiance(230.0)
    np.testing.assert_allclose(seen[:, 0, 0], 10.0)
    passed = np.exp(-0.1)
    np.testing.assert_allclose(seen[:, 0, 1], 10.0 * passed + own * (1 - passed), rtol=1e-6)
    np.testing.assert_allclose(seen[:, 0, 2], own, rtol=1e-6)


def test_scenes_are_of_summer_mornings_and_distinct(
    gentle: list[ArchiveScene], steep: list[ArchiveScene]
) -> None:
    for scene in gentle + steep:
        assert scene.acquired_at.utcoffset() == timedelta(0)
        assert scene.acquired_at.month in (6, 7, 8) and 2001 <= scene.acquired_at.year <= 2020
        # half past ten to eleven by the sun over 73-135 E
        assert 1 <= scene.acquired_at.hour <= 6
        assert scene.air is not None and 0.09 < abs(scene.air.water_error) < 0.21
    assert len({s.acquired_at for s in gentle + steep}) == 22


def test_the_same_seed_gives_the_same_scene_and_another_one_another() -> None:
    one, same = scene_of("complex", 2), scene_of("complex", 2)
    np.testing.assert_array_equal(one.radiance, same.radiance)
    np.testing.assert_array_equal(one.label_lse, same.label_lse)
    other = scene_of("complex", 2, replace(RECIPE, seed=1))
    assert np.abs(one.truth()[0] - other.truth()[0]).mean() > 0.5
    assert one.air == other.air
    # a scene doesn't depend on how many are made
    few = scene_of("complex", 2, replace(RECIPE, training_scenes=1, complex_scenes=3))
    np.testing.assert_array_equal(one.radiance, few.radiance)


def test_relief_fills_the_places_heights_and_is_steep_at_any_size() -> None:
    place = archive_places("complex")[2]
    for side in (96, 300):
        height = draw_elevation(np.random.default_rng(0), place, side, SurfaceDesign())
        assert height.min() == pytest.approx(place.elevation_m, abs=0.1)
        assert height.max() == pytest.approx(place.elevation_m + place.relief_m, abs=0.1)
        slope = np.degrees(np.arctan(np.hypot(*np.gradient(height.astype(float), 90.0))))
        assert 12 < slope.mean() < 35


def test_sun_on_slopes() -> None:
    level = np.zeros((5, 5))
    np.testing.assert_allclose(sunlight(level, 30.0, 135.0), 1.0)
    # a plane rising 45 degrees towards the west faces east
    east = np.tile(-90.0 * np.arange(5), (5, 1))
    expected = np.cos(np.radians(45.0 - 30.0)) / np.cos(np.radians(30.0))
    np.testing.assert_allclose(sunlight(east, 30.0, 90.0), expected)
    np.testing.assert_allclose(sunlight(east, 50.0, 270.0), 0.0, atol=1e-9)
    # rows run south: ground falling with the rows faces south
    np.testing.assert_allclose(sunlight(east.T, 30.0, 180.0), expected)
    assert sunlight(east.T, 50.0, 0.0).max() == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    "change",
    [
        {"training_scenes": 28},
        {"complex_scenes": -1},
        {"training_scenes": 0, "complex_scenes": 0},
        {"pixels_per_side": 8},
        {"nedt_k": -0.1},
        {"seed": -1},
        {"tes": "none"},
        {"first_year": 2030},
        {"air": AirDesign(seed=1)},
    ],
)
def test_a_recipe_out_of_range_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ParameterError, match="archive"):
        replace(RECIPE, **change)


def test_designs_out_of_range_are_refused() -> None:
    with pytest.raises(ParameterError):
        CloudDesign(cover=(0.5, 0.2))
    with pytest.raises(ParameterError, match="no range"):
        SurfaceDesign(complex_materials=(5, 3))
    with pytest.raises(ParameterError, match="each land cover"):
        SurfaceDesign(sun_slope_k=(("rock", 3.0),))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "judge"}, "kind"),
        ({"radiance": np.zeros((5, 48, 48))}, "float64"),
        ({"label_lst": np.zeros((48, 47), dtype=np.float32)}, "label_lst"),
        ({"lse": None}, "truth"),
        ({"label_lse": np.full((5, 48, 48), 1.5, dtype=np.float32)}, "label_lse"),
        ({"lst": np.full((48, 48), np.inf, dtype=np.float32)}, "lst"),
        ({"label_lst": np.full((48, 48), np.nan, dtype=np.float32)}, "not finite"),
    ],
)
def test_a_scene_that_contradicts_itself_is_refused(
    gentle: list[ArchiveScene], change: dict[str, object], message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        replace(gentle[0], **change)


def test_times_need_to_be_utc(gentle: list[ArchiveScene]) -> None:
    with pytest.raises(ParameterError, match="UTC"):
        replace(gentle[0], acquired_at=gentle[0].acquired_at.replace(tzinfo=None))


def test_a_scene_without_truth_says_so(gentle: list[ArchiveScene]) -> None:
    real = replace(gentle[0], lst=None, lse=None, air=None)
    with pytest.raises(InputError, match="truth is unknown"):
        real.truth()
