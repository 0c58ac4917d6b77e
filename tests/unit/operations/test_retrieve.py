"""The Python function ``akkd_core.retrieve``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import akkd_core
from akkd_core.errors import AkkdWarning, BundleMismatchError, GranuleReadError, ParameterError
from akkd_core.grid import Grid
from akkd_core.inference.product import is_complete
from akkd_core.operations.info import describe
from akkd_core.raster import create_cog, open_raster
from tests.builders import command
from tests.builders.joint import offset_bundle, saved


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return command.bundle(tmp_path_factory.mktemp("model") / "bundle")


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    pytest.importorskip("pyhdf")
    return command.granule(tmp_path / "G.hdf")


def test_one_scene(scene: Path, model: Path, tmp_path: Path) -> None:
    (summary,) = akkd_core.retrieve(scene, tmp_path / "out", model, runtime="numpy")
    assert (summary.scene_id, summary.status, summary.error) == ("G", "written", None)
    assert is_complete("G", tmp_path / "out")
    assert summary.valid_percent == pytest.approx(100 * (1 - (8 * 9 + 1) / (60 * 70)))
    with open_raster(tmp_path / "out" / "G_LST.tif") as raster:
        lst = raster.read(0, 0, 60, 70)[0]
    assert np.isnan(lst[:8, :9]).all() and np.isnan(lst[30, 30])
    assert lst[50, 50] > lst[5, 50] + 10
    with open_raster(tmp_path / "out" / "G_LST_err.tif") as raster:
        assert raster.tags["ERROR_METHOD"] == "arbitrary"
    with open_raster(tmp_path / "out" / "G_QC.tif") as raster:
        qc = raster.read(0, 0, 60, 70)[0]
    assert (qc[:8, :9] == 65535).all() and qc[30, 30] == 3 | 2 << 2
    assert akkd_core.retrieve([scene], tmp_path / "out", model)[0].status == "skipped"


def test_a_single_failure_is_raised(tmp_path: Path, model: Path) -> None:
    with pytest.raises(GranuleReadError, match="absent.hdf"):
        akkd_core.retrieve(tmp_path / "absent.hdf", model=model)


def test_several_scenes(scene: Path, tmp_path: Path, model: Path) -> None:
    bad, good = akkd_core.retrieve([tmp_path / "absent.hdf", scene], model=model)
    assert bad.status == "failed" and isinstance(bad.error, GranuleReadError)
    assert good.status == "written" and good.folder == tmp_path / "G_akkd"


@pytest.mark.parametrize(
    "options",
    [{"tile_size": 3}, {"t_air": 100.0}, {"t_air": float("nan")}, {"runtime": "x"}, {"tcwv": -1}],
)
def test_bad_values(scene: Path, model: Path, options: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        akkd_core.retrieve(scene, model=model, **options)  # type: ignore[arg-type]


def vapour(path: Path, value: float) -> Path:
    grid = Grid(32650, (490000.0, 1000.0, 0.0, 4410000.0, 0.0, -1000.0), 30, 30)
    writer = create_cog(
        path, grid=grid, count=1, dtype="float32", nodata=float("nan"), descriptions=["tcwv"],
        tags={},
    )
    writer.write(np.full((1, 30, 30), value, np.float32), 0, 0)
    writer.commit()
    return path


def test_water_vapour_from_a_raster(scene: Path, model: Path, tmp_path: Path) -> None:
    akkd_core.retrieve(scene, model=model, tcwv=vapour(tmp_path / "wv.tif", 18.5))
    facts = json.loads((tmp_path / "G_akkd" / "G.json").read_text())["properties"]
    assert facts["akkd:ancillary"]["tcwv_kg_m2"] == pytest.approx(18.5)
    assert facts["akkd:tcwv_source"] == "wv.tif"
    empty = vapour(tmp_path / "empty.tif", np.nan)
    with pytest.warns(AkkdWarning, match="water vapour"):
        akkd_core.retrieve(scene, model=model, tcwv=empty, overwrite=True)
    facts = json.loads((tmp_path / "G_akkd" / "G.json").read_text())["properties"]
    assert facts["akkd:ancillary"]["tcwv_kg_m2"] is None


def test_distance_to_cloud_and_known_emissivity(
    scene: Path, model: Path, tmp_path: Path
) -> None:
    akkd_core.retrieve(
        scene, tmp_path / "out", model, cloud_distance=True, water_snow_prior=True, tile_size=64
    )
    with open_raster(tmp_path / "out" / "G_CDIST.tif") as raster:
        distance = raster.read(0, 0, 60, 70)[0]
        assert raster.descriptions == ("CDIST",) and raster.dtype == "float32"
    assert np.isnan(distance[:8, :9]).all()
    inside = distance[np.isfinite(distance)]
    assert inside.min() >= 0.0 and inside.max() <= 5000.0 and inside.size > 4000
    item = json.loads((tmp_path / "out" / "G.json").read_text())
    assert item["assets"]["CDIST"]["raster:bands"][0]["unit"] == "m"
    with open_raster(tmp_path / "out" / "G_LST.tif") as raster:
        assert "ECOSTRESS" in raster.tags["WATER_SNOW_PRIOR"]
    akkd_core.retrieve(scene, tmp_path / "out", model, overwrite=True)
    assert not (tmp_path / "out" / "G_CDIST.tif").exists()
    with open_raster(tmp_path / "out" / "G_LST.tif") as raster:
        assert "WATER_SNOW_PRIOR" not in raster.tags


def test_closure(scene: Path, model: Path, tmp_path: Path) -> None:
    akkd_core.retrieve(scene, tmp_path / "out", model, closure=True, tile_size=64)
    with open_raster(tmp_path / "out" / "G_CLOSURE.tif") as raster:
        assert raster.descriptions == tuple(f"Closure{band}" for band in range(10, 15))
        assert (raster.dtype, raster.units) == ("float32", ("K",) * 5)
        assert np.isnan(raster.nodata) and raster.tags["SOURCE_ID"] == "G"
        assert raster.band_tags[0]["long_name"].endswith("minus measured, ASTER band 10")
        found = raster.read(0, 0, 60, 70)
    with open_raster(tmp_path / "out" / "G_LST.tif") as raster:
        absent = np.isnan(raster.read(0, 0, 60, 70)[0])
    assert np.array_equal(np.isnan(found), np.stack([absent] * 5))
    item = json.loads((tmp_path / "out" / "G.json").read_text())
    assert item["assets"]["CLOSURE"]["raster:bands"][2]["unit"] == "K"
    told = "\n".join(describe(tmp_path / "out" / "G.json").lines)
    assert f"Closure14 {found[4][~absent].min():.4g} to {found[4][~absent].max():.4g}" in told
    assert is_complete("G", tmp_path / "out")
    (tmp_path / "out" / "G_CLOSURE.tif").unlink()
    assert not is_complete("G", tmp_path / "out")


def test_closure_of_a_bundle_without_an_atmosphere(scene: Path, tmp_path: Path) -> None:
    pixel_only = saved(tmp_path / "pixels", offset_bundle("pixels", 1.0))
    with pytest.raises(BundleMismatchError, match="scene network"):
        akkd_core.retrieve(scene, tmp_path / "out", pixel_only, closure=True)
    assert not (tmp_path / "out").exists()
