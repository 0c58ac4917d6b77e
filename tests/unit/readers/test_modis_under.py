"""MOD11A1 under a scene: place by the sinusoidal formula, QC, view time, day; and a real tile."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from akkd_core.errors import GranuleReadError, UnsupportedGranuleError
from akkd_core.grid import Grid
from akkd_core.raster.projection import from_lonlat, to_lonlat
from akkd_core.readers.modis_under import read_modis_under

pytest.importorskip("pyhdf")
from pyhdf.SD import SD, SDC  # noqa: E402

from tests.builders.modis import CELLS, LEFT, TILE_M, TOP, write_tile  # noqa: E402

# Tile h26v05 (top at 40 N) and a scene in it near 39.5 N, 115.5 E.
RADIUS = 6371007.181
WHEN = datetime(2019, 7, 4, 3, 15, tzinfo=timezone.utc)


def scene(lon: float = 115.5, lat: float = 39.5) -> Grid:
    x, y = (float(v) for v in from_lonlat(32650, lon, lat))
    return Grid(32650, (x, 90.0, 0.0, y, 0.0, -90.0), 40, 50)


def cell_of(grid: Grid, row: int, col: int) -> tuple[int, int]:
    """Row and column of the tile under a pixel, by the formula."""
    lon, lat = (np.radians(float(v)) for v in to_lonlat(32650, *grid.xy(row + 0.5, col + 0.5)))
    size = TILE_M / CELLS
    x, y = RADIUS * lon * np.cos(lat), RADIUS * lat
    return int((TOP - y) // size), int((x - LEFT) // size)


def test_cells_lie_where_the_formula_says(tmp_path: Path) -> None:
    grid = scene()
    cells = read_modis_under(write_tile(tmp_path / "m.hdf"), grid, WHEN)
    assert cells is not None
    found = cells.of_pixels()
    for row, col in ((0, 0), (20, 25), (39, 49), (13, 41)):
        _, column = cell_of(grid, row, col)
        assert found[row, col] == pytest.approx((15000 + column) * 0.02, abs=1e-3)
    # 3.6 x 4.5 km lie over some 4 x 5 cells of 926 m
    assert 16 <= cells.values.size <= 40


def test_day_night_and_neither(tmp_path: Path) -> None:
    """Solar time at 115.5 E is 7.7 h ahead of UTC: 10.95 at 3:15, 22.0 at 14:18."""
    path, grid = write_tile(tmp_path / "m.hdf"), scene()
    night = read_modis_under(path, grid, WHEN.replace(hour=14, minute=18))
    assert night is not None and np.unique(night.values).tolist() == [260.0]
    neither = read_modis_under(path, grid, WHEN + timedelta(minutes=36))
    assert neither is not None and np.isnan(neither.values).all()
    edge = read_modis_under(path, grid, WHEN + timedelta(minutes=28))
    assert edge is not None and np.isfinite(edge.values).all()


def test_only_good_cells_count(tmp_path: Path) -> None:
    grid = scene()
    row, col = cell_of(grid, 20, 25)
    for name, value in (("QC_Day", 1), ("LST_Day_1km", 0), ("Day_view_time", 255)):
        dtype = np.uint16 if name.startswith("LST") else np.uint8
        usual = {"QC_Day": 0x40, "LST_Day_1km": 15000, "Day_view_time": 110}[name]
        array = np.full((CELLS, CELLS), usual, dtype)
        array[row, col] = value
        path = write_tile(tmp_path / f"{name}.hdf", **{name: array})
        cells = read_modis_under(path, grid, WHEN)
        assert cells is not None
        assert np.isnan(cells.of_pixels()[20, 25])
        assert np.isnan(cells.values).sum() == 1


def test_another_day_and_another_place(tmp_path: Path) -> None:
    path = write_tile(tmp_path / "m.hdf")
    assert read_modis_under(path, scene(), WHEN + timedelta(days=1)) is None
    assert read_modis_under(path, scene(114.0, 41.0), WHEN) is None


def test_other_and_incomplete_files(tmp_path: Path) -> None:
    from tests.builders.command import granule

    with pytest.raises(UnsupportedGranuleError, match="not MODIS temperature. Give MOD11A1"):
        read_modis_under(granule(tmp_path / "AST_L1T_A.hdf"), scene(), WHEN)
    path = write_tile(tmp_path / "m.hdf")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"QC_Night", b"QX_Night"))
    with pytest.raises(GranuleReadError, match="without the quality of its night temperature"):
        read_modis_under(path, scene(), WHEN)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(GranuleReadError, match="m.hdf"):
        read_modis_under(path, scene(), WHEN)


def test_a_real_tile() -> None:
    """Tile h14v09 of 2019-11-01: its good cells under a scene in Brazil, to the count."""
    default = Path(__file__).resolve().parents[4] / "shared" / "data"
    path = Path(os.environ.get("AKKD_SHARED_DATA", default)) / "modis" / "MOD11A1_LSTtools.hdf"
    if not path.exists():
        pytest.skip("no shared data")
    file = SD(str(path), SDC.READ)
    counts, quality, times = (
        np.asarray(file.select(name).get()) for name in ("LST_Day_1km", "QC_Day", "Day_view_time")
    )
    file.end()
    good = (quality & 3 == 0) & (counts > 0)
    # a good cell amid good ones, and the time at which it was seen
    row, col = next(
        (r, c) for r in range(300, 900, 7) for c in range(300, 900, 7)
        if good[r - 3 : r + 4, c - 3 : c + 4].all()
    )  # fmt: skip
    size = TILE_M / CELLS
    lat = -(row + 0.5) * size / RADIUS
    lon = np.degrees((-4447802.079066 + (col + 0.5) * size) / (RADIUS * np.cos(lat)))
    zone = int((lon + 180) // 6) + 1
    x, y = (float(v) for v in from_lonlat(32700 + zone, lon, np.degrees(lat)))
    grid = Grid(32700 + zone, (x - 45.0, 90.0, 0.0, y + 45.0, 0.0, -90.0), 1, 1)
    hour = (times[row, col] * 0.1 - lon / 15.0) % 24.0
    when = datetime(2019, 11, 1, tzinfo=timezone.utc) + timedelta(hours=float(hour))
    cells = read_modis_under(path, grid, when)
    assert cells is not None
    assert cells.of_pixels()[0, 0] == pytest.approx(counts[row, col] * 0.02, abs=1e-3)
