"""Rasters give what the granule gives that they were made of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from akkd_core.errors import AkkdError, OperationCancelled
from akkd_core.grid import Grid
from akkd_core.inference.product import is_complete
from akkd_core.operations.preprocess import preprocess
from akkd_core.operations.retrieve import retrieve
from akkd_core.operations.retrieve_raster import retrieve_raster, run
from akkd_core.progress import SilentProgress
from akkd_core.raster import create_cog, open_raster
from akkd_core.readers import open_scene
from akkd_core.simulation.granule import write_l1t_granule
from tests.builders.retrieval import simulated

FILES = {"dn": "G_counts.tif", "radiance": "G_radiance_toa.tif", "bt": "G_bt.tif"}
FILL, PART, SATURATED, ALL_SATURATED, ZERO = (0, 0), (28, 37), (30, 31), (40, 41), (36, 25)


def layer(folder: Path, name: str) -> np.ndarray:
    with open_raster(folder / name) as raster:
        return raster.read(0, 0, *raster.shape)


def write(path: Path, data: np.ndarray, grid: Grid, tags: dict[str, str]) -> Path:
    writer = create_cog(
        path, grid=grid, count=len(data), dtype=str(data.dtype), nodata=None,
        descriptions=[""] * len(data), tags=tags,
    )  # fmt: skip
    writer.write(data, 0, 0)
    writer.commit()
    return path


@dataclass(frozen=True)
class Case:
    """A folder with rasters of each quantity, and the granule's product in ``product``."""

    folder: Path

    def raster(self, quantity: str) -> Path:
        return self.folder / FILES[quantity]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    pytest.importorskip("pyhdf")
    folder = tmp_path_factory.mktemp("raster")
    dn = simulated(rows=60, cols=70).dn.copy()
    dn[:, :6, :7] = 0
    dn[4, 25:35, 36:39] = 0
    dn[2][SATURATED] = 4095
    dn[(slice(None), *ALL_SATURATED)] = 4095
    dn[1][ZERO] = 1
    grid = Grid(32650, (500000.0, 90.0, 0.0, 4400010.0, 0.0, -90.0), *dn.shape[1:])
    granule = write_l1t_granule(
        folder / "G.hdf", dn, grid, acquired_at=datetime(2015, 6, 7, 3, 4, 5, tzinfo=timezone.utc),
        daytime=True, view_zenith_deg=5.0,
    )  # fmt: skip
    scene = open_scene(granule)
    write(folder / FILES["dn"], scene.dn, scene.grid, {"ACQUIRED_AT": "2015-06-07T03:04:05Z"})
    preprocess(granule, folder)
    retrieve(granule, folder / "product", runtime="numpy")
    return Case(folder)


@pytest.mark.parametrize("quantity", FILES)
def test_the_same_as_of_the_granule(case: Case, quantity: str, tmp_path: Path) -> None:
    """Only what the counts alone can tell differs: saturated and zero radiance become fill."""
    path = case.raster(quantity)
    summary = retrieve_raster(path, quantity, tmp_path, runtime="numpy", tile_size=64)
    assert summary.scene_id == path.stem and is_complete(path.stem, tmp_path)
    names = {p.name.removeprefix("G") for p in (case.folder / "product").iterdir()}
    assert {p.name.removeprefix(path.stem) for p in tmp_path.iterdir()} == names
    for suffix, most in (("LST", 1e-3), ("LST_err", 2e-3), ("LSE", 5e-5), ("LSE_err", 3e-4)):
        ours = layer(tmp_path, f"{path.stem}_{suffix}.tif")
        theirs = layer(case.folder / "product", f"G_{suffix}.tif")
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=most, err_msg=suffix)
    assert np.isfinite(ours).sum() > 3000 * len(ours)
    ours = layer(tmp_path, f"{path.stem}_QC.tif")[0]
    theirs = layer(case.folder / "product", "G_QC.tif")[0]
    assert (theirs[FILL], theirs[PART]) == (65535, 3 | 1 << 2)
    assert theirs[SATURATED] == theirs[ALL_SATURATED] == 3 | 2 << 2
    assert theirs[ZERO] == 3 | 3 << 2
    if quantity != "dn":
        theirs[SATURATED] = theirs[ZERO] = 3 | 1 << 2
        theirs[ALL_SATURATED] = 65535
    # a class's threshold may lie between two roundings
    assert (ours != theirs).mean() < 0.001 and np.array_equal(ours == 65535, theirs == 65535)


def test_the_item_tells_where_it_comes_from(case: Case, tmp_path: Path) -> None:
    values = {"rasters": (str(case.raster("bt")),), "quantity": "bt", "runtime": "numpy"}
    outcome = run(
        progress=SilentProgress(), output=str(tmp_path), tcwv="23.5", t_air=291.0,
        acquired_at="2016-06-07T05:04:05+02:00", view_zenith=7.0, **values,
    )  # fmt: skip
    assert outcome.data["scenes"][0]["status"] == "written" and "G_bt: LST" in outcome.lines[0]
    facts = json.loads((tmp_path / "G_bt.json").read_text())["properties"]
    assert facts["datetime"].startswith("2016-06-07T03:04:05")
    assert (facts["view:off_nadir"], facts["proj:epsg"]) == (7.0, 32650)
    assert (facts["akkd:quantity"], facts["akkd:raster_of"]) == ("bt", "G")
    assert facts["akkd:ancillary"] == {"tcwv_kg_m2": 23.5, "air_temperature_k": 291.0}
    again = run(progress=SilentProgress(), output=str(tmp_path), **values)
    assert again.data["scenes"][0]["status"] == "skipped"


def test_five_rotated_files_beside_the_first(case: Case, tmp_path: Path) -> None:
    whole = layer(case.folder, FILES["bt"])
    rows, cols = whole.shape[1:]
    grid = Grid(32650, (500000.0, 89.0, -13.0, 4400010.0, -13.0, -89.0), rows, cols)
    files = [
        write(tmp_path / f"S_B{band}.tif", whole[band - 10 : band - 9], grid, {})
        for band in (13, 10, 12, 11, 14)
    ]
    summary = retrieve_raster(files, "bt", acquired_at="2015-06-07 03:04:05", runtime="numpy")
    assert (summary.scene_id, summary.folder) == ("S", tmp_path / "S_akkd")
    with open_raster(summary.folder / "S_LST.tif") as raster:
        assert raster.grid is not None and raster.tags["ACQUIRED_AT"] == "2015-06-07T03:04:05Z"
        assert raster.grid.geotransform == pytest.approx(grid.geotransform)
        ours = raster.read(0, 0, rows, cols)
    theirs = layer(case.folder / "product", "G_LST.tif")
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-3)


def test_closure(case: Case, tmp_path: Path) -> None:
    """It is of the measured temperatures, whatever they were told by."""
    for quantity in ("bt", "dn"):
        retrieve_raster(case.raster(quantity), quantity, tmp_path, runtime="numpy", closure=True)
    found, counted = (layer(tmp_path, f"G_{name}_CLOSURE.tif") for name in ("bt", "counts"))
    lst = layer(tmp_path, "G_bt_LST.tif")[0]
    assert found.shape == (5, *lst.shape)
    assert np.array_equal(np.isnan(found).any(axis=0), np.isnan(lst))
    assert 0.01 < np.nanmedian(np.abs(found)) < 4.0
    assert np.nanmax(np.abs(found - counted)) < 0.02


@pytest.mark.parametrize(
    ("said", "truly", "options", "words"),
    [
        ("dn", "bt", {}, "--quantity bt"),
        ("bt", "dn", {}, "--quantity dn"),
        ("radiance", "dn", {}, "--quantity dn"),
        ("bt", "radiance", {}, "--quantity radiance"),
        ("bt", "bt", {"acquired_at": "yesterday"}, "acquired_at"),
        ("bt", "bt", {"bands": "1,2,x"}, "bands"),
        ("bt", "bt", {"view_zenith": 95.0}, "0-60 degrees"),
        ("kelvin", "bt", {}, "dn, radiance, bt"),
    ],
)
def test_what_is_refused(
    case: Case, said: str, truly: str, options: dict[str, object], words: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(AkkdError, match=words) as caught:
        retrieve_raster(case.raster(truly), said, out, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value) and not out.exists()


def test_cancelled(case: Case, tmp_path: Path) -> None:
    class Cancelled(SilentProgress):
        def cancelled(self) -> bool:
            return True

    with pytest.raises(OperationCancelled):
        retrieve_raster(case.raster("bt"), "bt", tmp_path / "o", progress=Cancelled())
    assert not (tmp_path / "o").exists()
