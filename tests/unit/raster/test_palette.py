"""Colours and names of classes, by either backend."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from akkd_core.errors import ParameterError
from akkd_core.grid import Grid
from akkd_core.raster import create_cog, open_raster
from akkd_core.raster.category_names import category_file, write_category_names

GRID = Grid(32650, (300000.0, 90.0, 0.0, 4400000.0, 0.0, -90.0), 600, 700)
COLOURS = [(204, 204, 204), (230, 159, 0), (86, 180, 233)]
DATA = (np.arange(600 * 700) % 4).reshape(1, 600, 700).astype(np.uint8)
DATA[DATA == 3] = 255
INSTALLED = [
    pytest.param(name, marks=pytest.mark.skipif(find_spec(module) is None, reason="absent"))
    for name, module in (("rasterio", "rasterio"), ("gdal", "osgeo"))
]


def write(path: Path, backend: str, **options: object) -> None:
    given = {"count": 1, "dtype": "uint8", "palette": COLOURS} | options
    writer = create_cog(
        path, grid=GRID, nodata=255, descriptions=["MODEL"] * int(str(given["count"])), tags={},
        backend=backend, **given,  # type: ignore[arg-type]
    )
    writer.write(DATA, 0, 0)
    writer.commit()


@pytest.mark.parametrize("backend", INSTALLED)
def test_colours_survive(tmp_path: Path, backend: str) -> None:
    path = tmp_path / "x.tif"
    write(path, backend)
    with open_raster(path, backend) as raster:
        np.testing.assert_array_equal(raster.read(0, 0, 600, 700), DATA)
        assert raster.nodata == 255
    if backend == "rasterio":
        with import_module("rasterio").open(path) as dataset:
            table = dataset.colormap(1)
        found = [table[value] for value in range(3)]
    else:
        # a band doesn't keep its data set alive
        dataset = import_module("osgeo.gdal").Open(str(path))
        colours = dataset.GetRasterBand(1).GetColorTable()
        found = [colours.GetColorEntry(value) for value in range(3)]
    assert found == [(*colour, 255) for colour in COLOURS]


@pytest.mark.parametrize(
    "options",
    [{"dtype": "uint16"}, {"count": 2}, {"palette": [(0, 0, 0)] * 257}],
)
def test_a_palette_belongs_to_one_band_of_bytes(tmp_path: Path, options: dict) -> None:
    with pytest.raises(ParameterError, match="palette"):
        write(tmp_path / "x.tif", "auto", **options)


def test_names_are_escaped_and_whole(tmp_path: Path) -> None:
    from xml.etree import ElementTree

    names = ["a <b> & c", "Gänse"]
    write_category_names(tmp_path / "x.tif", names)
    assert [path.name for path in tmp_path.iterdir()] == ["x.tif.aux.xml"]
    tree = ElementTree.parse(category_file(tmp_path / "x.tif"))
    assert [entry.text for entry in tree.iter("Category")] == names
