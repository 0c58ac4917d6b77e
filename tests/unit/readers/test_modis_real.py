"""A real MOD11A1 tile against independent readings: values by GDAL, corners by the formula."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from akkd_core.readers.modis_lst import ModisLst, read_modis_lst

pytest.importorskip("pyhdf")

pytestmark = pytest.mark.shared_data

RADIUS = 6371007.181
TILE_M = 1111950.5196667
LST = "LST_Day_1km"


@pytest.fixture(scope="module")
def path(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.getfixturevalue("shared_data")
    file = folder / "modis" / "MOD11A1_LSTtools.hdf"
    if not file.exists():
        pytest.skip("no real MOD11A1 granule")
    return file


@pytest.fixture(scope="module")
def tile(path: Path) -> ModisLst:
    return read_modis_lst(path)


def test_what_it_is_and_its_quality(tile: ModisLst) -> None:
    assert tile.name == "MOD11A1.A2019305.h14v09.006.2019306084028"
    assert (tile.begins, tile.ends) == (date(2019, 11, 1), date(2019, 11, 1))
    day = tile.layers[0]
    valid = np.isfinite(day.lst)
    assert int(valid.sum()) == 333_829
    assert int((valid & day.quality.good).sum()) == 251_784
    assert int((valid & (day.quality.mandatory == 1)).sum()) == 82_045
    # what wasn't produced has no temperature, and the other way round
    np.testing.assert_array_equal(valid, day.quality.produced)


def test_corners_by_the_formula(tile: ModisLst) -> None:
    """Tile h14v09: 14 tiles east of 180 W, 9 south of 90 N; to the metre."""
    left, top = (14 - 18) * TILE_M, (9 - 9) * TILE_M
    assert left == pytest.approx(-4447802.08, abs=0.01)
    for row, col in ((0, 0), (0, 1200), (1200, 1200), (1200, 0), (600, 371)):
        y = top - row * TILE_M / 1200
        x = left + col * TILE_M / 1200
        lon, lat = tile.places.lonlat(np.array([row]), np.array([col]))
        assert RADIUS * np.radians(lat[0]) == pytest.approx(y, abs=0.5)
        assert RADIUS * np.radians(lon[0]) * np.cos(y / RADIUS) == pytest.approx(x, abs=0.5)


def test_values_and_place_by_gdal(tile: ModisLst, path: Path, tmp_path: Path) -> None:
    if shutil.which("gdal_translate") is None:
        pytest.skip("no gdal_translate")
    kinds = {
        LST: ("u2", 0.02, 0.0), "QC_Day": ("u1", 1.0, 0.0), "Day_view_time": ("u1", 0.1, 0.0),
        "Day_view_angl": ("u1", 1.0, -65.0), "LST_Night_1km": ("u2", 0.02, 0.0),
        "Emis_32": ("u1", 0.002, 0.49),
    }  # fmt: skip
    day, night = tile.layers
    ours = {
        LST: day.lst, "QC_Day": day.quality.stored, "Day_view_time": day.solar_hour,
        "Day_view_angl": day.view_zenith_deg, "LST_Night_1km": night.lst,
        "Emis_32": tile.emissivity["32"],
    }  # fmt: skip
    for name, (kind, scale, offset) in kinds.items():
        source = f'HDF4_EOS:EOS_GRID:"{path}":MODIS_Grid_Daily_1km_LST:{name}'
        raw = tmp_path / "raw"
        run = subprocess.run(
            ["gdal_translate", "-q", "-of", "ENVI", source, str(raw)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if run.returncode != 0:
            pytest.skip(f"this GDAL doesn't read HDF4: {run.stderr.strip()}")
        counts = np.fromfile(raw, f"<{kind}").reshape(1200, 1200)
        found, valid = ours[name], np.isfinite(ours[name])
        expected = counts * scale + offset
        if name == "Day_view_angl":
            expected = np.abs(expected)
        np.testing.assert_allclose(found[valid], expected[valid], atol=1e-3 * scale + 2e-5)
        if name != "QC_Day":
            missing = 255 if name.startswith("Day") else 0
            np.testing.assert_array_equal(valid, counts != missing)
    told = subprocess.run(
        ["gdalinfo", "-json", f'HDF4_EOS:EOS_GRID:"{path}":MODIS_Grid_Daily_1km_LST:{LST}'],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    transform = json.loads(told.stdout)["geoTransform"]
    np.testing.assert_allclose(tile.places.grid.geotransform, transform, atol=1e-3)
