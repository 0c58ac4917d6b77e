"""A product's files hold what the tiles held, say where it comes from, and appear only whole."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from akkd_core.errors import InputError, OperationCancelled, ParameterError, ProductWriteError
from akkd_core.images import Scene
from akkd_core.inference.product import (
    ProductSummary,
    is_complete,
    product_paths,
    write_product,
)
from akkd_core.inference.tile import RetrievalTile
from akkd_core.raster import open_raster
from tests.builders.products import PROVENANCE, empty_scene, tiles, whole

NAMES = {
    "G1_LST.tif", "G1_LST_err.tif", "G1_LSE.tif", "G1_LSE_err.tif", "G1_QC.tif",
    "G1_preview.png", "G1.json",
}


def write(folder: Path, scene: Scene | None = None, **options: Any) -> ProductSummary:
    scene = scene or empty_scene()
    return write_product(
        tiles(scene), scene, folder=folder, provenance=PROVENANCE, **options
    )


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("product") / "made"
    write(folder)
    return folder


def test_files(product: Path) -> None:
    assert set(os.listdir(product)) == NAMES
    assert is_complete("G1", product)
    assert not is_complete("G2", product)


def test_pixels(product: Path) -> None:
    expected = whole(300, 340)
    for suffix, name in (
        ("LST", "lst"), ("LST_err", "lst_err"), ("LSE", "lse"), ("LSE_err", "lse_err"),
        ("QC", "qc"),
    ):
        with open_raster(product / f"G1_{suffix}.tif") as raster:
            read = raster.read(0, 0, 300, 340)
            assert raster.grid == empty_scene().grid
        array = getattr(expected, name)
        np.testing.assert_array_equal(read, array if array.ndim == 3 else array[None])


def test_bands_and_tags(product: Path) -> None:
    with open_raster(product / "G1_LST.tif") as raster:
        assert raster.descriptions == ("LST",) and raster.units == ("K",)
        assert raster.tags["SOURCE_ID"] == "G1"
        assert raster.tags["ACQUIRED_AT"] == "2019-07-04T10:30:15.250000Z"
        assert raster.tags["MODEL"] == "test-bundle"
        assert raster.tags["MODEL_SHA256"] == "ab" * 32
        assert raster.tags["ANCILLARY_TCWV_KG_M2"] == "21.5"
        assert raster.tags["ANCILLARY_AIR_TEMPERATURE_K"] == "not given"
        assert raster.tags["SOFTWARE"].startswith("AKKD ")
        assert "ERROR_METHOD" not in raster.tags
        assert raster.band_tags[0]["units"] == "K"
        assert raster.band_tags[0]["long_name"] == "land surface temperature"
        assert float(raster.band_tags[0]["valid_min"]) < 200
    for suffix in ("LST_err", "LSE_err"):
        with open_raster(product / f"G1_{suffix}.tif") as raster:
            assert raster.tags["ERROR_METHOD"] == "residuals on held-out scenes"
    with open_raster(product / "G1_LSE.tif") as raster:
        assert raster.descriptions == tuple(f"Emis{band}" for band in range(10, 15))
    with open_raster(product / "G1_LSE_err.tif") as raster:
        assert raster.descriptions == tuple(f"Emis{band}_err" for band in range(10, 15))
    with open_raster(product / "G1_QC.tif") as raster:
        assert raster.nodata == 65535
        assert raster.tags["QC_BITS_00_01"].startswith("mandatory_qa: 0 good; 1 nominal")
        assert raster.tags["QC_BITS_14_15"].startswith("lst_accuracy: 0 > 2 K")


def test_valid_cogs(product: Path) -> None:
    cogeo = pytest.importorskip("rio_cogeo")
    for path in product.glob("*.tif"):
        valid, errors, _ = cogeo.cog_validate(path, strict=True)
        assert valid, (path, errors)


def test_stac_item(product: Path) -> None:
    item = json.loads((product / "G1.json").read_text())
    assert item["type"] == "Feature" and item["stac_version"] == "1.0.0" and item["id"] == "G1"
    properties = item["properties"]
    assert properties["datetime"] == "2019-07-04T10:30:15.250000Z"
    assert properties["proj:epsg"] == 32650
    assert properties["proj:shape"] == [300, 340]
    assert properties["proj:transform"] == [90.0, 0.0, 300000.0, 0.0, -90.0, 4400000.0]
    assert "AKKD" in properties["processing:software"]
    assert properties["akkd:model"] == "test-bundle"
    assert properties["view:off_nadir"] == 2.8
    ring = item["geometry"]["coordinates"][0]
    assert item["geometry"]["type"] == "Polygon" and ring[0] == ring[-1] and len(ring) == 5
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:], strict=False)) / 2
    assert area > 0, "counter-clockwise (RFC 7946)"
    # Corners by PROJ (cs2cs EPSG:32650 EPSG:4326).
    assert item["bbox"] == pytest.approx([114.666379, 39.483366, 115.030111, 39.733073], abs=1e-6)
    assert set(item["assets"]) == {"LST", "LST_err", "LSE", "LSE_err", "QC", "preview"}
    for asset in item["assets"].values():
        assert (product / asset["href"]).stat().st_size == asset["file:size"]
        assert asset["roles"] and asset["type"] and asset["title"]
    (band,) = item["assets"]["LST"]["raster:bands"]
    assert band["nodata"] == "nan" and band["unit"] == "K" and band["data_type"] == "float32"
    assert band["statistics"]["maximum"] == pytest.approx(290 + 3.39 + 5.98, abs=1e-3)
    assert item["assets"]["QC"]["raster:bands"][0]["nodata"] == 65535
    assert len(item["assets"]["LSE"]["raster:bands"]) == 5


@pytest.mark.parametrize(("epsg", "x"), [(32601, 230000.0), (32660, 745000.0)])
def test_footprint_across_the_180th_meridian(tmp_path: Path, epsg: int, x: float) -> None:
    write(tmp_path, empty_scene(epsg=epsg, x=x))
    item = json.loads((tmp_path / "G1.json").read_text())
    west, south, east, north = item["bbox"]
    assert item["geometry"]["type"] == "MultiPolygon"
    assert 178 < west <= 180 and -180 <= east < -178 and south < north
    for polygon in item["geometry"]["coordinates"]:
        lon = [point[0] for point in polygon[0]]
        assert max(lon) - min(lon) < 1 and max(map(abs, lon)) == 180.0


def test_summary(product: Path, tmp_path: Path) -> None:
    summary = write(tmp_path)
    expected = whole(300, 340)
    assert summary.status == "written" and summary.scene_id == "G1"
    assert summary.valid_percent == pytest.approx(100 * np.isfinite(expected.lst).mean())
    assert summary.lst_mean_k == pytest.approx(np.nanmean(expected.lst.astype(float)), abs=1e-4)
    assert {path.name for path in summary.files} == NAMES


def test_complete_product_is_kept(tmp_path: Path) -> None:
    write(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    # What a run on another machine left here when it was killed days ago.
    leftover = tmp_path / f".{next(iter(before)).name}.000000-1-00000000.akkd-tmp"
    leftover.write_bytes(b"half")
    os.utime(leftover, (0, 0))

    def never() -> Iterator[RetrievalTile]:
        raise AssertionError("tiles must not be asked for")
        yield

    summary = write_product(
        never(), empty_scene(), folder=tmp_path, provenance=PROVENANCE
    )
    assert summary.status == "skipped" and summary.lst_mean_k is not None
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_overwrite_makes_anew(tmp_path: Path) -> None:
    write(tmp_path)
    other = replace(PROVENANCE, model_name="another")
    scene = empty_scene()
    write_product(tiles(scene), scene, folder=tmp_path, provenance=other, overwrite=True)
    assert json.loads((tmp_path / "G1.json").read_text())["properties"]["akkd:model"] == "another"
    with open_raster(tmp_path / "G1_QC.tif") as raster:
        assert raster.tags["MODEL"] == "another"


@pytest.mark.parametrize("name", ["G1_LST.tif", "G1.json", "G1_preview.png"])
def test_files_of_other_origin_are_not_overwritten_unasked(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(ParameterError, match="not written by AKKD"):
        write(tmp_path)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(name, b"mine")]
    scene = empty_scene()
    write_product(tiles(scene), scene, folder=tmp_path, provenance=PROVENANCE, overwrite=True)
    assert is_complete("G1", tmp_path)


@pytest.mark.parametrize("damage", ["json", "size", "missing", "junk", "layer"])
def test_incomplete_product_is_made_anew(tmp_path: Path, damage: str) -> None:
    write(tmp_path)
    paths = product_paths("G1", tmp_path)
    if damage == "json":
        paths.item.unlink()
    elif damage == "size":
        with open(paths.layers["LST"], "ab") as handle:
            handle.write(b"x")
    elif damage == "missing":
        paths.preview.unlink()
    elif damage == "junk":
        paths.item.write_text('{"assets": 5')
    else:
        item = json.loads(paths.item.read_text())
        del item["assets"]["QC"]
        paths.item.write_text(json.dumps(item))
    assert not is_complete("G1", tmp_path)
    assert write(tmp_path).status == "written"
    assert is_complete("G1", tmp_path)


def test_fault_in_the_tiles_leaves_nothing(tmp_path: Path) -> None:
    scene = empty_scene()

    def broken() -> Iterator[RetrievalTile]:
        yield from list(tiles(scene))[:3]
        raise RuntimeError("fault")

    for folder in (tmp_path, tmp_path / "new"):
        with pytest.raises(RuntimeError, match="fault"):
            write_product(broken(), scene, folder=folder, provenance=PROVENANCE)
        assert os.listdir(tmp_path) == []


def test_tiles_must_cover_the_scene(tmp_path: Path) -> None:
    scene = empty_scene()
    with pytest.raises(InputError, match="cover"):
        write_product(
            list(tiles(scene))[:-1], scene, folder=tmp_path, provenance=PROVENANCE
        )
    assert os.listdir(tmp_path) == []


class _CancelAfter:
    def __init__(self, calls: int) -> None:
        self._left = calls

    def update(self, fraction: float, message: str = "") -> None:
        assert 0 <= fraction <= 1

    def cancelled(self) -> bool:
        self._left -= 1
        return self._left < 0


@pytest.mark.parametrize("calls", [0, 3, 11])
def test_cancel_leaves_nothing(tmp_path: Path, calls: int) -> None:
    with pytest.raises(OperationCancelled):
        write(tmp_path, progress=_CancelAfter(calls))
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ProductWriteError) as caught:
        write(tmp_path / "file" / "inner")
    assert "\n" not in str(caught.value) and "file" in str(caught.value)


def test_scene_without_a_temperature(tmp_path: Path) -> None:
    scene = empty_scene()
    empty = [
        replace(
            tile,
            lst=np.full_like(tile.lst, np.nan),
            lse=np.full_like(tile.lse, np.nan),
        )
        for tile in tiles(scene)
    ]
    summary = write_product(empty, scene, folder=tmp_path, provenance=PROVENANCE)
    assert summary.status == "written" and summary.lst_mean_k is None
    assert summary.valid_percent == 0.0


def test_tile_is_checked() -> None:
    good = whole(10, 12)
    for change in (
        {"lst": good.lst.astype(np.float64)},
        {"lse": good.lse[:4]},
        {"qc": good.qc[:5]},
        {"row": -1},
    ):
        with pytest.raises(InputError):
            replace(good, **change)
