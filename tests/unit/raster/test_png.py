"""The PNG encoder: read back by another library, refused when the arrays don't fit."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from akkd_core.errors import ParameterError, ProductWriteError
from akkd_core.raster import open_raster, write_png

PALETTE = np.array([(0, 0, 0, 0), (255, 0, 0, 255), (0, 128, 7, 200)], np.uint8)


def test_read_back(tmp_path: Path) -> None:
    image = np.random.default_rng(1).integers(0, 3, (20, 31)).astype(np.uint8)
    write_png(tmp_path / "p.png", image, PALETTE)
    assert os.listdir(tmp_path) == ["p.png"]
    with open_raster(tmp_path / "p.png") as raster:
        assert raster.grid is None and raster.count == 1
        np.testing.assert_array_equal(raster.read(0, 0, 20, 31)[0], image)
    rasterio = pytest.importorskip("rasterio")
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        with rasterio.open(tmp_path / "p.png") as picture:
            colours = picture.colormap(1)
    assert [colours[i] for i in range(3)] == [tuple(row) for row in PALETTE.tolist()]


@pytest.mark.parametrize(
    ("image", "palette"),
    [
        (np.full((2, 2), 3, np.uint8), PALETTE),
        (np.zeros((2, 2), np.uint16), PALETTE),
        (np.zeros((0, 2), np.uint8), PALETTE),
        (np.zeros((2, 2), np.uint8), PALETTE[:, :3]),
    ],
)
def test_arrays_that_do_not_fit(tmp_path: Path, image: np.ndarray, palette: np.ndarray) -> None:
    with pytest.raises(ParameterError):
        write_png(tmp_path / "p.png", image, palette)


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ProductWriteError, match="No such file"):
        write_png(tmp_path / "absent" / "p.png", np.zeros((2, 2), np.uint8), PALETTE)
