"""AST_09T: both layouts, scale by the counts' size, the rotated grid, and what is refused."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from akkd_core.errors import (
    AkkdError,
    GranuleReadError,
    GridMismatchError,
    UnsupportedGranuleError,
)
from akkd_core.grid import Grid
from akkd_core.readers.ast_09t import is_ast_09t, open_ast_09t
from akkd_core.sensors import aster_tir

pytest.importorskip("pyhdf")
from tests.builders.ast_09t import GRANULE, counts, write_v003, write_v004  # noqa: E402
from tests.builders.v004 import write_tif  # noqa: E402

# A real AST_08's orientation (about 8.5 degrees), with fewer pixels.
ROTATED = Grid(32650, (281279.4, 89.014, 13.285, 4400854.5, 13.285, -89.014), 70, 80)
NORTH_UP = Grid(32650, (300000.0, 90.0, 0.0, 4400010.0, 0.0, -90.0), 40, 50)
COUNT = max(aster_tir().ucc)


def plane(grid: Grid, bands: int = 5) -> NDArray[np.float64]:
    """Radiances that are linear in x and y, so that interpolation is exact."""
    row, col = np.mgrid[: grid.rows, : grid.cols] + 0.5
    x0, a, b, y0, d, e = grid.geotransform
    x, y = x0 + a * col + b * row, y0 + d * col + e * row
    base = 9.0 + 2e-4 * (x - 285000.0) + 1e-4 * (y - 4398000.0)
    return np.stack([base + 0.1 * band for band in range(bands)])


@pytest.mark.parametrize("milli", [False, True])
@pytest.mark.parametrize("layout", ["v003", "v004"])
def test_radiances_come_back(tmp_path: Path, layout: str, milli: bool) -> None:
    surface, sky = plane(ROTATED), 0.2 * plane(ROTATED)
    stored = counts(surface, sky, milli)
    path = (
        write_v003(tmp_path / "AST_09T_A.hdf", stored, ROTATED)
        if layout == "v003"
        else write_v004(tmp_path, stored, ROTATED)
    )
    product = open_ast_09t(path)
    assert product.scale == ((0.001,) * 5 if milli else aster_tir().ucc)
    assert product.acquired_at == datetime(2019, 7, 4, 3, 15, tzinfo=timezone.utc)
    np.testing.assert_allclose(product.grid.geotransform, ROTATED.geotransform, atol=1e-3)
    found, above = product.sample(product.grid)
    step = 0.001 if milli else COUNT
    assert np.abs(found - surface).max() <= 0.51 * step
    assert np.abs(above - sky).max() <= 0.51 * step / math.pi


def test_sky_is_irradiance_over_pi(tmp_path: Path) -> None:
    stored = np.full((10, 40, 50), 1000, dtype=np.int16)
    _, sky = open_ast_09t(write_v004(tmp_path, stored, NORTH_UP)).sample(NORTH_UP)
    expected = 1000 * np.asarray(aster_tir().ucc) / math.pi
    np.testing.assert_allclose(sky[:, 3, 4], expected, rtol=1e-6)


def test_resampled_from_a_rotated_grid(tmp_path: Path) -> None:
    surface = plane(ROTATED)
    product = open_ast_09t(write_v004(tmp_path, counts(surface, 0.2 * surface), ROTATED))
    target = Grid(32650, (279990.0, 90.0, 0.0, 4402020.0, 0.0, -90.0), 95, 100)
    found, sky = product.sample(target)
    inside = np.isfinite(found[0])
    # the swath covers less than the raster around it, and all of it is there
    assert 0.5 < inside.mean() < 0.75
    assert inside.sum() == pytest.approx(70 * 80, rel=0.03)
    # at the outer half pixel the nearest value stands, half a pixel from its place
    error = np.abs(found - plane(target))[:, inside]
    assert np.quantile(error, 0.9) < 0.51 * COUNT and error.max() < 0.51 * COUNT + 0.015
    np.testing.assert_array_equal(np.isfinite(sky), np.isfinite(found))


def test_a_window_is_a_part_of_the_whole(tmp_path: Path) -> None:
    surface = plane(ROTATED)
    product = open_ast_09t(write_v004(tmp_path, counts(surface, 0.2 * surface), ROTATED))
    target = Grid(32650, (279990.0, 90.0, 0.0, 4402020.0, 0.0, -90.0), 95, 100)
    whole = product.sample(target)
    part = product.sample(target.window(30, 41, 17, 23))
    for one, all_of_it in zip(part, whole, strict=True):
        np.testing.assert_allclose(one, all_of_it[:, 30:47, 41:64], atol=1e-6)


def test_another_zone_is_another_place(tmp_path: Path) -> None:
    """The same ground seen from the neighbouring UTM zone."""
    from akkd_core.raster.projection import from_lonlat, to_lonlat

    surface = plane(NORTH_UP)
    product = open_ast_09t(write_v004(tmp_path, counts(surface, 0.2 * surface), NORTH_UP))
    lon, lat = to_lonlat(32650, *NORTH_UP.xy(20.5, 25.5))
    x, y = from_lonlat(32649, lon, lat)
    one = Grid(32649, (float(x) - 45.0, 90.0, 0.0, float(y) + 45.0, 0.0, -90.0), 1, 1)
    found, _ = product.sample(one)
    assert found[2, 0, 0] == pytest.approx(surface[2, 20, 25], abs=COUNT)


def test_fill_is_never_interpolated(tmp_path: Path) -> None:
    surface = plane(NORTH_UP)
    surface[:, 10, 10] = np.nan
    product = open_ast_09t(write_v004(tmp_path, counts(surface, 0.2 * plane(NORTH_UP)), NORTH_UP))
    found, _ = product.sample(NORTH_UP)
    assert np.isnan(found[:, 10, 10]).all() and np.isfinite(found).sum() == 5 * (40 * 50 - 1)
    x0, a, b, y0, d, e = NORTH_UP.geotransform
    shifted = Grid(32650, (x0 + 30.0, a, b, y0 - 30.0, d, e), 40, 50)
    found, _ = product.sample(shifted)
    # a third of a pixel on: the pixel itself is fill, its neighbours take their own value
    assert np.isnan(found[:, 10, 10]).all()
    np.testing.assert_allclose(found[:, 9, 9], surface[:, 9, 9], atol=COUNT)


def test_folder_or_any_file(tmp_path: Path) -> None:
    surface = plane(NORTH_UP)
    first = write_v004(tmp_path, counts(surface, surface), NORTH_UP)
    (tmp_path / f"{GRANULE}_SRA_TIR_QA_DataPlane.tif").write_bytes(b"II*\0")
    for path in (tmp_path, first, tmp_path / f"{GRANULE}_SIR_TIR_B14.tif"):
        assert is_ast_09t(path)
        assert open_ast_09t(path).name == GRANULE


def test_bands_of_several_granules(tmp_path: Path) -> None:
    stored = counts(plane(NORTH_UP), plane(NORTH_UP))
    first = write_v004(tmp_path, stored, NORTH_UP)
    write_v004(tmp_path, stored, NORTH_UP, GRANULE.replace("2019", "2018"))
    with pytest.raises(UnsupportedGranuleError, match="several"):
        open_ast_09t(tmp_path)
    assert open_ast_09t(first).name == GRANULE


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    first = write_v004(tmp_path, counts(plane(NORTH_UP), plane(NORTH_UP)), NORTH_UP)
    (tmp_path / f"{GRANULE}_SIR_TIR_B12.tif").unlink()
    with pytest.raises(GranuleReadError, match="_SIR_TIR_B12.tif"):
        open_ast_09t(first)
    path = tmp_path / "AST_09T_B.hdf"
    stored = counts(plane(NORTH_UP), plane(NORTH_UP))
    write_v003(path, stored, NORTH_UP, bands=(10, 11, 12, 14))
    with pytest.raises(GranuleReadError, match="surface radiance for band 13"):
        open_ast_09t(path)
    write_v003(path, stored, NORTH_UP, sky_swath="Other")
    with pytest.raises(GranuleReadError, match="2 data sets of surface radiance for band 10"):
        open_ast_09t(path)


def test_bands_on_two_grids(tmp_path: Path) -> None:
    stored = counts(plane(NORTH_UP), plane(NORTH_UP))
    first = write_v004(tmp_path, stored, NORTH_UP)
    elsewhere = (NORTH_UP.geotransform[0] + 90.0, *NORTH_UP.geotransform[1:])
    write_tif(tmp_path / f"{GRANULE}_SIR_TIR_B11.tif", stored[6], elsewhere, 32650)
    with pytest.raises(GridMismatchError, match="SIR_TIR_B11"):
        open_ast_09t(first)


def test_other_files(tmp_path: Path) -> None:
    stored = counts(plane(NORTH_UP), plane(NORTH_UP))
    other = write_v003(tmp_path / "x.hdf", stored, NORTH_UP, short_name="MOD05_L2")
    assert open_ast_09t(other).name == "x", "the swath tells, whatever the short name"
    (tmp_path / "t.csv").write_text("profile\n")
    assert not is_ast_09t(tmp_path / "t.csv")
    with pytest.raises(UnsupportedGranuleError, match="a text file"):
        open_ast_09t(tmp_path / "t.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnsupportedGranuleError, match="without AST_09T"):
        open_ast_09t(tmp_path / "empty")
    with pytest.raises(GranuleReadError, match="no such file"):
        open_ast_09t(tmp_path / "absent.hdf")


def test_another_hdf_product(tmp_path: Path) -> None:
    from tests.builders.command import granule

    with pytest.raises(UnsupportedGranuleError, match="AST_L1T.*not AST_09T"):
        open_ast_09t(granule(tmp_path / "AST_L1T_A.hdf"))


@pytest.fixture(scope="module")
def whole_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    stored = counts(plane(NORTH_UP), plane(NORTH_UP))
    return write_v003(tmp_path_factory.mktemp("cut") / "AST_09T_C.hdf", stored, NORTH_UP)


@settings(max_examples=60)
@given(
    keep=st.floats(0.0, 1.0),
    damage=st.lists(st.tuples(st.floats(0.0, 1.0), st.integers(0, 255)), max_size=30),
)
def test_damage_gives_an_error_of_ours(
    whole_file: Path, keep: float, damage: list[tuple[float, int]]
) -> None:
    content = bytearray(whole_file.read_bytes())
    for place, value in damage:
        content[int(place * (len(content) - 1))] = value
    path = whole_file.with_name("AST_09T_D.hdf")
    path.write_bytes(bytes(content if damage else content[: int(keep * len(content))]))
    try:
        open_ast_09t(path).sample(NORTH_UP)
    except AkkdError as error:
        assert "\n" not in str(error) and str(path) in str(error)
