"""Simulated granules and sets: what is written is what was asked for, and reads back."""

import numpy as np
import pytest

from akkd_core.errors import ParameterError
from akkd_core.operations.simulate import run_granule, run_scenes
from akkd_core.physics.planck import brightness_temperature, broadcast_band_radiance
from akkd_core.physics.rte import radiance_toa_full
from akkd_core.raster import open_raster
from akkd_core.readers import open_scene
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.granule_scene import simulate_scene, swath_mask
from akkd_core.simulation.materials import materials
from akkd_core.simulation.rte_comparison import paper_minus_full
from akkd_core.simulation.training_set import TrainingSet

pytest.importorskip("pyhdf.SD", reason="writes HDF4")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("granule")
    outcome = run_granule(
        str(folder / "g.hdf"), rows=60, cols=80, seed=3, nedt=0.0, latitude=-33.0, longitude=151.0
    )
    return folder, outcome


def test_granule_and_truth_obey_the_radiative_transfer_equation(made):
    folder, outcome = made
    scene = open_scene(folder / "g.hdf")
    with open_raster(folder / "g_truth.tif") as reader:
        truth = reader.read(0, 0, *scene.grid.shape)
        assert reader.grid == scene.grid
        assert reader.descriptions == ("LST", "Emis10", "Emis11", "Emis12", "Emis13", "Emis14")
    air = shipped_atmospheres("judge")
    candidates = np.flatnonzero(
        (air.profile == outcome.data["profile"])
        & np.isclose(air.tcwv_kg_m2, outcome.data["tcwv_kg_m2"])
    )
    inside = np.isfinite(truth[0])
    ucc = np.array(scene.metadata.ucc)[:, None]
    measured = (scene.dn[:, inside].astype(float) - 1) * ucc
    worst = []
    for row in candidates:
        expected = radiance_toa_full(
            truth[0, inside],
            truth[1:, inside],
            air.transmittance[row],
            air.path_radiance[row],
            air.downwelling_radiance[row],
        )
        worst.append(np.abs(measured - expected).max(axis=1))
    # without noise only the rounding to whole counts is left
    assert np.min([w / ucc[:, 0] for w in worst], axis=0).max() <= 0.51


def test_granule_lies_where_asked_in_the_south(made):
    scene = open_scene(made[0] / "g.hdf")
    assert scene.grid.epsg == 32756
    assert scene.grid.geotransform[3] > 5_000_000


def test_nothing_is_overwritten_unasked(made):
    with pytest.raises(ParameterError, match="exists"):
        run_granule(str(made[0] / "g.hdf"), rows=20, cols=20)


def test_same_seed_same_granule(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        run_granule(str(tmp_path / name / "g.hdf"), rows=30, cols=30, seed=5)
    first, second = (open_scene(tmp_path / n / "g.hdf").dn for n in ("a", "b"))
    assert np.array_equal(first, second)


def test_fill_surrounds_the_rotated_swath():
    mask = swath_mask(70, 83, 8.2)
    assert mask.shape[0] > 70 and mask.shape[1] > 83
    assert not mask[0, 0] and not mask[-1, -1] and mask[40, 45]
    assert mask.sum() == pytest.approx(70 * 83, rel=0.02)
    scene = simulate_scene(
        shipped_atmospheres("train"), materials("train"), rows=70, cols=83, seed=1
    )
    assert np.array_equal(scene.dn[0] == 0, ~mask)
    assert np.array_equal(np.isnan(scene.lst), ~mask)


def test_noise_has_the_size_that_was_asked_for():
    quiet, noisy = (
        simulate_scene(
            shipped_atmospheres("train"),
            materials("train"),
            rows=80,
            cols=80,
            orientation_deg=0.0,
            seed=2,
            tcwv_kg_m2=20.0,
            nedt_k=nedt,
        )
        for nedt in (0.0, 0.3)
    )
    ucc = np.array([0.006882, 0.006780, 0.006590, 0.005693, 0.005225])[:, None, None]
    spread = ((noisy.dn.astype(float) - quiet.dn.astype(float)) * ucc).std(axis=(1, 2))
    # 0.3 K of a surface at 300 K, and the rounding of two counts
    kelvins = brightness_temperature(broadcast_band_radiance(300.0) + spread) - 300.0
    assert np.abs(kelvins - 0.3).max() < 0.02


def test_training_set_of_a_split(tmp_path):
    path = tmp_path / "s.npz"
    outcome = run_scenes(str(path), scenes=6, pixels=10, split="validation", seed=4)
    data = TrainingSet.load(path)
    assert data.bt.shape == (6, 10, 5)
    assert outcome.data["scenes"] == 6
    allowed = set(shipped_atmospheres("train").of_split("validation").profile.tolist())
    assert set(data.profile.tolist()) <= allowed
    assert any("paper's equation" in line for line in outcome.lines)


def test_a_users_atmosphere_table_is_used(tmp_path):
    table = shipped_atmospheres("train").select(np.arange(24000) < 3)
    table.save_csv(tmp_path / "mine.csv")
    run_scenes(
        str(tmp_path / "s.npz"), scenes=3, pixels=5, atmospheres=str(tmp_path / "mine.csv")
    )
    data = TrainingSet.load(tmp_path / "s.npz")
    assert sorted(data.tcwv_kg_m2) == pytest.approx(sorted(table.tcwv_kg_m2), abs=1e-3)


def test_the_papers_equation_differs_by_tenths_to_kelvins():
    difference = paper_minus_full(shipped_atmospheres("train"), materials("train"), count=100)
    rms = np.sqrt((difference**2).mean(axis=0))
    assert (rms > 0.1).all() and (rms < 3.0).all()


def test_wide_materials_are_to_train_on(tmp_path):
    path = str(tmp_path / "t.npz")
    with pytest.raises(ParameterError, match="wide"):
        run_scenes(path, scenes=2, materials="wide", split="judge")
    outcome = run_scenes(path, scenes=300, pixels=8, materials="wide", side=8, seed=4)
    assert "370 materials (wide)" in outcome.lines[0]
    # the usual split knows no snow darker than 0.985 in band 14, ice is at 0.974
    usual = str(tmp_path / "u.npz")
    run_scenes(usual, scenes=300, pixels=8, side=8, seed=4)
    darkest = []
    for made in (path, usual):
        data = TrainingSet.load(made)
        alone = (data.land_cover == "snow") & (data.n_materials == 1)
        darkest.append(data.lse[alone][..., 4].min())
    assert darkest[0] < 0.98 < darkest[1]


def test_climates_are_air_to_train_on(tmp_path):
    path = str(tmp_path / "c.npz")
    for wrong in ({"split": "judge"}, {"atmospheres": "mine.csv"}):
        with pytest.raises(ParameterError, match="--air"):
            run_scenes(path, scenes=2, air="climates", **wrong)
    outcome = run_scenes(path, scenes=60, pixels=40, air="climates", side=12, cloud_share=0.5)
    made = TrainingSet.load(path)
    assert made.bt.shape == (60, 40, 5) and outcome.data["profiles_known"]
    assert np.isfinite(made.profile_atmosphere).all()
    # a seventh of the classes is below 1 kg m-2, of the usual air next to none
    assert (made.tcwv_kg_m2 < 1).mean() > 0.04
    usual = run_scenes(str(tmp_path / "u.npz"), scenes=3, pixels=40, side=12)
    assert not usual.data["profiles_known"]
    validation = run_scenes(str(tmp_path / "v.npz"), scenes=3, pixels=40, split="validation")
    assert validation.data["profiles_known"]
