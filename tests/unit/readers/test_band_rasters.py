"""Rasters of five bands: order, missing values, place, metadata, and what is refused."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from akkd_core.errors import AkkdError
from akkd_core.grid import Grid
from akkd_core.raster import create_cog
from akkd_core.readers.band_rasters import raster_id, read_band_rasters

GRID = Grid(32650, (500000.0, 90.0, 0.0, 4400010.0, 0.0, -90.0), 3, 4)
TAGS = {"ACQUIRED_AT": "2015-06-07T03:04:05Z", "VIEW_ZENITH_DEG": "5.5", "DAYTIME": "True"}


def raster(
    path: Path, values: Any, *, grid: Grid = GRID, nodata: float | None = None,
    names: list[str] | None = None, tags: dict[str, str] | None = None, dtype: str = "float32",
) -> Path:  # fmt: skip
    """Bands of one value each, or of an array's."""
    data = np.asarray(values, dtype)
    if data.ndim == 1:
        data = np.broadcast_to(data[:, None, None], (len(data), *grid.shape)).copy()
    writer = create_cog(
        path, grid=grid, count=len(data), dtype=dtype, nodata=nodata,
        descriptions=names or [""] * len(data), tags=TAGS if tags is None else tags,
    )  # fmt: skip
    writer.write(data, 0, 0)
    writer.commit()
    return path


def values(scene: Any) -> list[float]:
    return scene.read(1, 1, 1, 1)[:, 0, 0].tolist()


def test_one_raster(tmp_path: Path) -> None:
    scene = read_band_rasters([raster(tmp_path / "a.tif", [290, 291, 292, 293, 294])], "bt")
    assert values(scene) == [290, 291, 292, 293, 294] and scene.grid == GRID
    assert scene.read(0, 2, 2, 2).dtype == np.float32
    told = scene.metadata
    assert told.acquired_at == datetime(2015, 6, 7, 3, 4, 5, tzinfo=timezone.utc)
    assert (told.granule_id, told.view_zenith_deg, told.daytime) == ("a", 5.5, True)
    assert (told.product, told.collection) == ("raster", "bt")


def test_bands_by_name_and_by_number(tmp_path: Path) -> None:
    names = ["band 14", "elevation", "B13", "x_b12", "band-11", "Band 10"]
    path = raster(tmp_path / "a.tif", [14, 1, 13, 12, 11, 10], names=names)
    assert values(read_band_rasters([path], "radiance")) == [10, 11, 12, 13, 14]
    chosen = read_band_rasters([path], "radiance", (1, 3, 4, 5, 6))
    assert values(chosen) == [14, 13, 12, 11, 10]


def test_five_files_in_any_order(tmp_path: Path) -> None:
    paths = [raster(tmp_path / f"s_B{b}.tif", [b]) for b in (12, 10, 14, 11, 13)]
    scene = read_band_rasters(paths, "radiance")
    assert values(scene) == [10, 11, 12, 13, 14] and scene.metadata.granule_id == "s"
    plain = [raster(tmp_path / f"{name}.tif", [i]) for i, name in enumerate("edcba", 1)]
    assert values(read_band_rasters(plain, "radiance")) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("names", "expected"),
    [(["x_TIR_B10", "x_TIR_B11"], "x"), (["b10", "b11"], "b10"), (["run1"], "run1")],
)
def test_id(names: list[str], expected: str) -> None:
    assert raster_id([Path(f"/p/{name}.tif") for name in names]) == expected


def test_missing_values_are_0(tmp_path: Path) -> None:
    data = np.full((5, 3, 4), 300.0)
    data[0, 0, 0], data[1, 0, 1], data[2, 0, 2], data[3, 0, 3] = np.nan, -9999, 0, np.inf
    scene = read_band_rasters([raster(tmp_path / "a.tif", data, nodata=-9999.0)], "bt")
    assert (scene.read(0, 0, 3, 4) == 0).sum(axis=(1, 2)).tolist() == [1, 1, 1, 1, 0]


def test_counts_are_whole(tmp_path: Path) -> None:
    path = raster(tmp_path / "a.tif", [1499.6, -3, 70000, 0, np.nan])
    scene = read_band_rasters([path], "dn")
    assert values(scene) == [1500, 65535, 65535, 0, 0] and scene.dn.dtype == np.uint16


def test_options_come_before_tags(tmp_path: Path) -> None:
    at = datetime(2020, 1, 2, tzinfo=timezone.utc)
    path = raster(tmp_path / "a.tif", [9] * 5)
    told = read_band_rasters([path], "radiance", None, at, 8.0).metadata
    assert (told.acquired_at, told.view_zenith_deg) == (at, 8.0)
    named = raster(tmp_path / "AST_L1T_00307042019103000_x.tif", [9] * 5, tags={})
    told = read_band_rasters([named], "radiance").metadata
    assert told.acquired_at == datetime(2019, 7, 4, 10, 30, tzinfo=timezone.utc)
    assert told.view_zenith_deg is None and told.daytime is None


def test_a_rotated_raster_keeps_its_grid(tmp_path: Path) -> None:
    grid = Grid(32650, (500000.0, 89.0, -13.0, 4400010.0, -13.0, -89.0), 3, 4)
    scene = read_band_rasters([raster(tmp_path / "a.tif", [290] * 5, grid=grid)], "bt")
    assert scene.grid.geotransform == pytest.approx(grid.geotransform) and not scene.grid.north_up


def _refused(tmp_path: Path) -> dict[str, Any]:
    moved = Grid(32650, (500090.0, 90.0, 0.0, 4400010.0, 0.0, -90.0), 3, 4)
    degrees = Grid(4326, (117.0, 0.001, 0.0, 39.7, 0.0, -0.001), 3, 4)
    good = raster(tmp_path / "good.tif", [290] * 5)
    text = tmp_path / "text.tif"
    text.write_text("not a raster")
    singles = [raster(tmp_path / f"one{i}.tif", [290]) for i in range(4)]
    return {
        "no such file": ([tmp_path / "absent.tif"], {}),
        "not a GeoTIFF": ([text], {}),
        "has 3 bands": ([raster(tmp_path / "three.tif", [1, 2, 3])], {}),
        "--bands 1,2,3,4,5": ([raster(tmp_path / "six.tif", [9] * 6)], {}),
        "band 7": ([good], {"bands": (1, 2, 3, 4, 7)}),
        "five different": ([good], {"bands": (1, 1, 2, 3, 4)}),
        "Leave it out": ([*singles, singles[0]], {"bands": (1, 2, 3, 4, 5)}),
        "2 rasters": ([good, good], {}),
        "each must have one": ([*singles, good], {}),
        "another grid": ([*singles, raster(tmp_path / "moved.tif", [290], grid=moved)], {}),
        "projection": ([raster(tmp_path / "deg.tif", [290] * 5, grid=degrees)], {}),
        "--acquired-at": ([raster(tmp_path / "when.tif", [290] * 5, tags={})], {}),
    }


def test_what_is_refused(tmp_path: Path) -> None:
    for words, (files, options) in _refused(tmp_path).items():
        with pytest.raises(AkkdError, match=words) as caught:
            read_band_rasters(files, "bt", **options)
        assert "\n" not in str(caught.value)
