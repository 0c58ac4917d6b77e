"""The layer that says which model served a pixel: colours, names, and its place in a product."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from akkd_core.errors import InputError
from akkd_core.images import Scene
from akkd_core.inference.layers import LAYERS, MAX_MODELS, model_layer
from akkd_core.inference.product import is_complete, product_paths, write_product
from akkd_core.inference.tile import RetrievalTile
from akkd_core.raster import open_raster
from tests.builders.products import PROVENANCE, empty_scene, tiles

NAMES = ("big & general (0123456789ab)", "valley (ba9876543210)")
JOINT = (*LAYERS, model_layer(NAMES))


def served(row: int, col: int, rows: int, cols: int) -> np.ndarray:
    """0 in the west, 1 in the east, nothing in the corner of fill."""
    y, x = np.mgrid[row : row + rows, col : col + cols]
    return np.where(x + y < 60, 255, x >= 170).astype(np.uint8)


def joint_tiles(scene: Scene) -> Iterator[RetrievalTile]:
    for tile in tiles(scene):
        yield replace(tile, model=served(tile.row, tile.col, *tile.lst.shape))


@pytest.fixture
def product(tmp_path: Path) -> Path:
    folder = tmp_path / "made"
    scene = empty_scene()
    write_product(
        joint_tiles(scene), scene, folder=folder, provenance=PROVENANCE, layers=JOINT
    )
    return folder


def test_pixels_bands_and_files(product: Path) -> None:
    with open_raster(product / "G1_MODEL.tif") as raster:
        assert (raster.dtype, raster.descriptions, raster.nodata) == ("uint8", ("MODEL",), 255)
        assert (raster.read(0, 0, 300, 340)[0] == served(0, 0, 300, 340)).all()
    plain = {path.name for path in product_paths("G1", product).files}
    assert set(os.listdir(product)) == plain | {"G1_MODEL.tif", "G1_MODEL.tif.aux.xml"}


def test_a_valid_cog(product: Path) -> None:
    cogeo = pytest.importorskip("rio_cogeo")
    valid, errors, _ = cogeo.cog_validate(product / "G1_MODEL.tif", strict=True)
    assert valid, errors


def test_gdalinfo_shows_names_and_colours(product: Path) -> None:
    if shutil.which("gdalinfo") is None:
        pytest.skip("gdalinfo isn't installed")
    run = subprocess.run(
        ["gdalinfo", "-json", str(product / "G1_MODEL.tif")], capture_output=True, text=True
    )
    (band,) = json.loads(run.stdout)["bands"]
    assert band["colorInterpretation"] == "Palette"
    assert band["colorTable"]["entries"][:2] == [[204, 204, 204, 255], [230, 159, 0, 255]]
    text = subprocess.run(
        ["gdalinfo", str(product / "G1_MODEL.tif")], capture_output=True, text=True
    ).stdout
    assert "0: teacher big & general (0123456789ab)" in text
    assert "1: student valley (ba9876543210)" in text


def test_completeness(product: Path) -> None:
    assert is_complete("G1", product)
    # QGIS writes statistics of its own there
    (product / "G1_MODEL.tif.aux.xml").write_text("<PAMDataset/>")
    assert is_complete("G1", product)
    (product / "G1_MODEL.tif").unlink()
    assert not is_complete("G1", product)


def test_stac_lists_the_classes(product: Path) -> None:
    item = json.loads((product / "G1.json").read_text())
    (band,) = item["assets"]["MODEL"]["raster:bands"]
    first, second = band["classification:classes"]
    assert (first["value"], first["description"]) == (0, f"teacher {NAMES[0]}")
    assert second["color_hint"] == "E69F00"
    assert any("classification" in schema for schema in item["stac_extensions"])


def test_a_plain_product_in_its_place_leaves_no_model_layer(product: Path) -> None:
    scene = empty_scene()
    write_product(tiles(scene), scene, folder=product, provenance=PROVENANCE, overwrite=True)
    assert set(os.listdir(product)) == {p.name for p in product_paths("G1", product).files}
    item = json.loads((product / "G1.json").read_text())
    assert not any("classification" in schema for schema in item["stac_extensions"])


def test_tiles_without_it_are_refused(tmp_path: Path) -> None:
    scene = empty_scene()
    with pytest.raises(InputError, match="model"):
        write_product(tiles(scene), scene, folder=tmp_path, provenance=PROVENANCE, layers=JOINT)
    assert os.listdir(tmp_path) == []


def test_colours_differ() -> None:
    layer = model_layer([str(i) for i in range(MAX_MODELS)])
    assert len({category.colour for category in layer.categories}) == MAX_MODELS == 16
