"""Water vapour over a scene from a number, a GeoTIFF and MOD05_L2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyproj
import pytest

from akkd_core.errors import (
    AkkdWarning,
    GranuleReadError,
    ParameterError,
    UnsupportedGranuleError,
)
from akkd_core.grid import Grid
from akkd_core.readers import read_tcwv
from tests.builders.mod05 import write_mod05
from tests.builders.v004 import write_tif

GRID = Grid(32648, (251955.0, 90.0, 0.0, 1744605.0, 0.0, -90.0), 700, 830)


def _cells(grid: Grid = GRID, size: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Latitude, longitude of 5 km cells around a scene, and which lie inside it."""
    x0, y0 = grid.xy(grid.rows / 2, grid.cols / 2)
    step = (np.arange(size) - size / 2) * 5000.0
    x, y = np.meshgrid(x0 + step, y0 - step)
    lon, lat = pyproj.Transformer.from_crs(grid.epsg, 4326, always_xy=True).transform(x, y)
    row, col = grid.rowcol(x, y)  # type: ignore[arg-type]
    inside = (row > 0) & (row < grid.rows) & (col > 0) & (col < grid.cols)
    return np.asarray(lat), np.asarray(lon), np.asarray(inside)


@pytest.mark.parametrize(("spec", "value"), [("25", 25.0), ("0", 0.0), ("1e1", 10.0)])
def test_number(spec: str, value: float) -> None:
    assert read_tcwv(spec, GRID) == value


@pytest.mark.parametrize("spec", ["-1", "121", "nan", "inf"])
def test_number_out_of_range(spec: str) -> None:
    with pytest.raises(ParameterError, match="tcwv .* kg m-2: give 0-120 kg m-2, or a raster"):
        read_tcwv(spec, GRID)


def test_mod05_infrared_by_night(tmp_path: Path) -> None:
    lat, lon, inside = _cells()
    vapour = np.where(inside, 2.5, 0.7)
    vapour[20, 18:22] = np.nan
    file = write_mod05(tmp_path / "MOD05.hdf", lat, lon, vapour)
    assert read_tcwv(str(file), GRID) == pytest.approx(25.0)


def test_mod05_prefers_near_infrared_by_day(tmp_path: Path) -> None:
    lat, lon, inside = _cells()
    fine = np.kron(np.where(inside, 3.0, 0.5), np.ones((5, 5)))
    # 1354 pixels across make 270 cells and four over.
    fine = np.pad(fine, ((0, 0), (0, 4)), constant_values=9.0)
    fine[::2] = np.nan
    file = write_mod05(tmp_path / "MOD05.hdf", lat, lon, np.full(lat.shape, 1.0), fine)
    assert read_tcwv(str(file), GRID) == pytest.approx(30.0)
    file = write_mod05(tmp_path / "n.hdf", lat, lon, np.full(lat.shape, 1.0), fine * np.nan)
    assert read_tcwv(str(file), GRID) == pytest.approx(10.0)


def test_mod05_across_the_date_line(tmp_path: Path) -> None:
    grid = Grid(32701, (150000.0, 90.0, 0.0, 8000000.0, 0.0, -90.0), 700, 830)
    lat, lon, inside = _cells(grid)
    assert lon.min() < -179 and lon.max() > 179
    file = write_mod05(tmp_path / "a.hdf", lat, lon, np.where(inside, 4.0, 0.1))
    assert read_tcwv(str(file), grid) == pytest.approx(40.0)


def test_small_scene_takes_the_nearest_cells(tmp_path: Path) -> None:
    lat, lon, _ = _cells()
    small = GRID.window(347, 412, 5, 5)
    file = write_mod05(tmp_path / "a.hdf", lat, lon, np.full(lat.shape, 2.0))
    assert read_tcwv(str(file), small) == pytest.approx(20.0)


def test_elsewhere_is_unknown_with_a_warning(tmp_path: Path) -> None:
    lat, lon, _ = _cells()
    file = write_mod05(tmp_path / "a.hdf", -lat, lon, np.full(lat.shape, 2.0))
    with pytest.warns(AkkdWarning, match="no valid water vapour over the scene"):
        assert read_tcwv(str(file), GRID) is None


def test_geotiff_in_another_projection(tmp_path: Path) -> None:
    # Degrees: 30 kg m-2 west of 103 E, 10 east of it.
    data = np.full((200, 200), 10.0, np.float32)
    data[:, :100] = 30.0
    file = write_tif(tmp_path / "w.tif", data, (102.0, 0.01, 0.0, 16.0, 0.0, -0.01), 4326)
    value = read_tcwv(str(file), GRID)
    lon, _ = pyproj.Transformer.from_crs(32648, 4326, always_xy=True).transform(
        *GRID.xy(*(np.indices(GRID.shape) + 0.5))  # type: ignore[arg-type]
    )
    assert value == pytest.approx(np.where(lon < 103, 30.0, 10.0).mean(), abs=0.3)


def test_geotiff_nodata_and_centimetres(tmp_path: Path) -> None:
    data = np.full((700, 830), 2.0, np.float32)
    data[:, :400] = -9999.0
    file = write_tif(tmp_path / "w.tif", data, GRID.geotransform, 32648, nodata=-9999.0)
    with pytest.raises(ParameterError, match="no unit, and its mean of 2 .* gdal_edit.py -units"):
        read_tcwv(str(file), GRID)
    import rasterio

    for unit, value in (("cm", 20.0), ("mm", 2.0), ("kg_m-2", 2.0), ("kg m**-2", 2.0)):
        with rasterio.open(file, "r+") as dataset:
            dataset.units = (unit,)
        assert read_tcwv(str(file), GRID) == pytest.approx(value)
    with rasterio.open(file, "r+") as dataset:
        dataset.units = ("inches",)
    with pytest.raises(ParameterError, match="water vapour in 'inches'. Give it in kg m-2"):
        read_tcwv(str(file), GRID)


def test_geotiff_beside_the_scene(tmp_path: Path) -> None:
    data = np.full((10, 10), 20.0, np.float32)
    file = write_tif(tmp_path / "w.tif", data, (0.0, 90.0, 0.0, 0.0, 0.0, -90.0), 32648)
    with pytest.warns(AkkdWarning, match="no valid water vapour"):
        assert read_tcwv(str(file), GRID) is None


def test_what_is_no_water_vapour(tmp_path: Path) -> None:
    data = np.full((700, 830), 290.0, np.float32)
    file = write_tif(tmp_path / "t.tif", data, GRID.geotransform, 32648)
    with pytest.raises(ParameterError, match="mean of 290"):
        read_tcwv(str(file), GRID)
    with pytest.raises(GranuleReadError, match="no such file"):
        read_tcwv("absent.tif", GRID)
    (tmp_path / "a.txt").write_text("25")
    with pytest.raises(UnsupportedGranuleError, match="is a text file, not water vapour"):
        read_tcwv(str(tmp_path / "a.txt"), GRID)
