"""MODIS temperature granules: fields of every product, places, swaths, wrong and broken files."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from akkd_core.errors import GranuleReadError, ParameterError, UnsupportedGranuleError
from akkd_core.grid import Grid
from akkd_core.raster.projection import to_lonlat
from akkd_core.readers.modis_lst import hours_apart, read_modis_lst, solar_hours
from akkd_core.readers.modis_places import SINUSOIDAL_WKT, GridPlaces, SwathPlaces

pytest.importorskip("pyhdf")

from tests.builders.hdfeos_modis import write_eos_grid, write_eos_swath  # noqa: E402
from tests.builders.modis import (  # noqa: E402
    CELL_M,
    RADIUS,
    Tile,
    core_metadata,
    swath_lonlat,
    write_hdf,
    write_swath,
    write_tile,
)

SMALL = Tile(left=-4150000.0, top=-810000.0, rows=40, cols=50)
SHAPE = (40, 50)


def full(value: int, dtype: str = "uint8") -> np.ndarray:
    return np.full(SHAPE, value, dtype)


def test_mod11a1(tmp_path: Path) -> None:
    counts = full(15000, "uint16")
    counts[0, :3] = 0, 7499, 7500
    angles = full(65 - 12)
    angles[0, 0] = 255
    times = full(104)
    times[0, 0] = 255
    emissivity = full(240)
    emissivity[0, 0] = 0
    path = write_tile(
        tmp_path / "MOD11A1.hdf", "2019-11-01", SMALL,
        LST_Day_1km=counts, Day_view_angl=angles, Day_view_time=times, Emis_31=emissivity,
    )  # fmt: skip
    found = read_modis_lst(path)
    assert (found.product, found.begins, found.ends) == (
        "MOD11A1", date(2019, 11, 1), date(2019, 11, 1),
    )  # fmt: skip
    assert not found.aqua and found.composite_days == 1
    day, night = found.layers
    assert (day.half, night.half) == ("day", "night")
    assert np.isnan(day.lst[0, :2]).all()
    assert day.lst[0, 2] == 150.0 and day.lst[1, 1] == np.float32(300.0)
    assert np.isnan(day.view_zenith_deg[0, 0]) and day.view_zenith_deg[1, 1] == 12.0
    assert np.isnan(day.solar_hour[0, 0]) and day.solar_hour[1, 1] == pytest.approx(10.4)
    assert np.isnan(found.emissivity["31"][0, 0])
    assert found.emissivity["31"][1, 1] == pytest.approx(0.97)
    assert found.covers(date(2019, 11, 1)) is True and found.covers(date(2019, 11, 2)) is False


def test_places_by_the_formula_and_by_proj(tmp_path: Path) -> None:
    found = read_modis_lst(write_tile(tmp_path / "m.hdf", tile=SMALL)).places
    assert isinstance(found, GridPlaces)
    rows, cols = np.array([0, 17, 39]), np.array([0, 49, 8])
    lon, lat = found.centres(rows, cols)
    x, y = SMALL.left + (cols + 0.5) * CELL_M, SMALL.top - (rows + 0.5) * CELL_M
    np.testing.assert_allclose(lat, np.degrees(y / RADIUS), atol=1e-9)
    np.testing.assert_allclose(lon, np.degrees(x / RADIUS) / np.cos(y / RADIUS), atol=1e-9)
    np.testing.assert_allclose((lon, lat), to_lonlat(SINUSOIDAL_WKT, x, y), atol=1e-8)
    row, col = found.rowcol(lon, lat)
    np.testing.assert_allclose((row, col), (rows + 0.5, cols + 0.5), atol=1e-6)
    outline = found.outlines(rows, cols)
    corner = found.lonlat(rows, cols)
    np.testing.assert_allclose((outline[0][:, 0], outline[1][:, 0]), corner, atol=1e-9)
    box = found.candidates(*found.lonlat(np.array([3.2, 5.9]), np.array([-4.0, 2.5])))
    assert set(zip(*(part.tolist() for part in box), strict=True)) == {
        (r, c) for r in (3, 4, 5) for c in (0, 1, 2)
    }
    outside = found.candidates(*found.lonlat(np.array([3.2, 5.9]), np.array([-9.0, -4.0])))
    assert outside[0].size == 0


@pytest.mark.parametrize(("product", "half"), [("MOD21A1D", "day"), ("MYD21A1N", "night")])
def test_mod21a1_has_one_half_and_sixteen_bits(tmp_path: Path, product: str, half: str) -> None:
    fields = {
        "LST_1KM": full(15500, "uint16"), "QC": full(0b11 << 14, "uint16"),
        "View_Angle": full(70), "View_Time": full(105), "Emis_29": full(200),
    }  # fmt: skip
    path = write_hdf(
        tmp_path / "m.hdf", fields, core_metadata(product, "2019-11-01"), SMALL.struct_metadata()
    )
    found = read_modis_lst(path)
    (layer,) = found.layers
    assert (found.product, layer.half, found.aqua) == (product, half, product.startswith("MYD"))
    assert layer.lst[0, 0] == pytest.approx(310.0) and layer.view_zenith_deg[0, 0] == 5.0
    assert layer.quality.good.all() and layer.quality.lst_error_k[0, 0] == 1.0
    assert found.emissivity["29"][0, 0] == pytest.approx(0.89)


def test_composites_and_coarse_grids(tmp_path: Path) -> None:
    fields = {
        "LST_Day_1KM": full(15500, "uint16"), "QC_Day": full(0b11000000),
        "View_Angle_Day": full(65), "View_Time_Day": full(105),
        "LST_Night_1KM": full(14500, "uint16"), "QC_Night": full(0),
        "View_Angle_Night": full(65), "View_Time_Night": full(222),
    }  # fmt: skip
    core = core_metadata("MOD21A2", "2019-11-01", "2019-11-08")
    found = read_modis_lst(write_hdf(tmp_path / "a.hdf", fields, core, SMALL.struct_metadata()))
    assert found.composite_days == 8 and found.covers(date(2019, 11, 8)) is True
    day, night = found.layers
    assert day.quality.lst_error_k[0, 0] == 1.0 and night.quality.lst_error_k[0, 0] == np.inf
    assert found.layer_at(10.0) is day and found.layer_at(23.5) is night
    six = Tile(left=-4150000.0, top=-810000.0, rows=5, cols=6, cell_m=6 * CELL_M)
    coarse = {
        name.replace("1KM", "6km").replace("View_Angle_Day", "Day_view_angl")
        .replace("View_Time_Day", "Day_view_time"): array[:5, :6]
        for name, array in fields.items() if "Night" not in name
    }  # fmt: skip
    coarse["LST_Day_6km_Aggregated_from_1km"] = coarse["LST_Day_6km"] + 500
    core = core_metadata("MOD11B1", "2019-11-01")
    path = write_hdf(tmp_path / "b.hdf", coarse, core, six.struct_metadata())
    found = read_modis_lst(path)
    assert found.layers[0].lst[0, 0] == pytest.approx(310.0)
    assert found.places.grid.geotransform[1] == pytest.approx(6 * CELL_M)


def test_a_grid_of_nasas_library(tmp_path: Path) -> None:
    counts = np.arange(15000, 17000, dtype=np.uint16).reshape(SHAPE)
    fields = {
        "LST_Day_1km": counts, "QC_Day": full(0), "Day_view_time": full(104),
        "Day_view_angl": full(65),
    }  # fmt: skip
    path = write_eos_grid(tmp_path / "g.hdf", SMALL, fields, "MOD11A1", "2019-11-01")
    found = read_modis_lst(path)
    np.testing.assert_allclose(found.layers[0].lst, counts * 0.02, atol=1e-4)
    transform = found.places.grid.geotransform
    np.testing.assert_allclose(transform, (SMALL.left, CELL_M, 0, SMALL.top, 0, -CELL_M), atol=1e-4)
    assert found.layers[0].quality.good.all() and found.layers[0].view_zenith_deg.max() == 0.0


LON, LAT = swath_lonlat(60, 44)
SWATH = {
    "LST": np.full(LON.shape, 15500, np.uint16), "QC": np.zeros(LON.shape, np.uint16),
    "View_angle": np.full(LON.shape, 20, np.uint8), "View_time": np.full(LON.shape, 104, np.uint8),
}  # fmt: skip


def metres(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Distance from the pixels' true centres."""
    east = np.radians(lon - LON) * RADIUS * np.cos(np.radians(LAT))
    return np.hypot(east, np.radians(lat - LAT) * RADIUS)


def test_swath_lattice_to_pixels(tmp_path: Path) -> None:
    found = read_modis_lst(write_swath(tmp_path / "s.hdf", LON, LAT, SWATH))
    places = found.places
    assert isinstance(places, SwathPlaces) and places.shape == (60, 44)
    # lines jump back between scans; a lattice interpolated across scans would be 300 m off
    assert metres(places.longitude, places.latitude).max() < 5.0
    (layer,) = found.layers
    assert layer.half == "day" and layer.view_zenith_deg[0, 0] == 10.0
    assert layer.solar_hour[0, 0] == pytest.approx(10.4)


def test_swath_of_nasas_library(tmp_path: Path) -> None:
    found = read_modis_lst(write_eos_swath(tmp_path / "s.hdf", LON, LAT, SWATH))
    assert metres(found.places.longitude, found.places.latitude).max() < 5.0
    assert found.layers[0].lst[0, 0] == pytest.approx(310.0)


def test_mod21_swath_has_every_place_and_no_view_time(tmp_path: Path) -> None:
    fields = {name: array for name, array in SWATH.items() if name != "View_time"}
    path = write_swath(tmp_path / "s.hdf", LON, LAT, fields, product="MOD21", coarse=False)
    found = read_modis_lst(path)
    assert metres(found.places.longitude, found.places.latitude).max() < 2.0
    # 13:00 to 13:05 UTC at 38 W
    expected = 13.0 + 2.5 / 60.0 + LON[30, 20] / 15.0
    assert found.layers[0].solar_hour[30, 20] == pytest.approx(expected, abs=0.01)


def test_swath_outlines_tile_a_scan() -> None:
    places = SwathPlaces(LON, LAT)
    rows, cols = (part.ravel() for part in np.indices(LON.shape))
    lon, lat = places.outlines(rows, cols)
    centre = lon.mean(axis=1), lat.mean(axis=1)
    assert metres(centre[0].reshape(LON.shape), centre[1].reshape(LON.shape)).max() < 1.0
    east = np.radians(lon - LON.ravel()[:, None]) * RADIUS * np.cos(np.radians(lat))
    north = np.radians(lat - LAT.ravel()[:, None]) * RADIUS
    area = 0.5 * np.abs(
        (east * np.roll(north, -1, 1) - np.roll(east, -1, 1) * north).sum(axis=1)
    )
    np.testing.assert_allclose(area, 1.08e6, rtol=2e-3)
    few = places.outlines(np.array([13]), np.array([7]))
    np.testing.assert_allclose(few[0][0], lon.reshape(60, 44, 4)[13, 7], atol=1e-9)


def test_swath_candidates_over_the_date_line() -> None:
    lon, lat = swath_lonlat(20, 30, lon=179.99, lat=10.0)
    lon = (lon + 180.0) % 360.0 - 180.0
    rows, cols = SwathPlaces(lon, lat).candidates(
        np.array([179.98, -179.98, -179.98, 179.98]), np.array([9.99, 9.99, 10.01, 10.01])
    )
    assert 50 < rows.size < 350
    assert (np.abs(lon[rows, cols]) > 179.8).all()


def test_times_of_the_day() -> None:
    when = datetime(2019, 11, 1, 12, 30, tzinfo=timezone.utc)
    assert solar_hours(when, -37.5) == pytest.approx(10.0)
    assert solar_hours(when, 180.0) == pytest.approx(0.5)
    assert hours_apart(23.75, 0.25) == pytest.approx(0.5)
    np.testing.assert_allclose(hours_apart(np.array([10.0, 22.0]), 12.0), [2.0, 10.0])


def test_other_products_and_broken_files(tmp_path: Path) -> None:
    wrong = write_tile(tmp_path / "w.hdf", tile=SMALL, product="MOD13A1")
    with pytest.raises(UnsupportedGranuleError, match="is product MOD13A1, not MODIS temperature"):
        read_modis_lst(wrong)
    text = tmp_path / "t.txt"
    text.write_text("no granule")
    with pytest.raises(UnsupportedGranuleError, match="is a text file, not MODIS temperature"):
        read_modis_lst(text)
    with pytest.raises(UnsupportedGranuleError, match="is a folder. Give MOD11A1"):
        read_modis_lst(tmp_path)
    good = write_tile(tmp_path / "g.hdf", tile=SMALL)
    with pytest.raises(ParameterError, match="tells its product, day and quality itself"):
        read_modis_lst(good, product="MOD11A1")
    content = good.read_bytes()
    for old, new, message in (
        (b"LST_", b"LSX_", "without temperature"),
        (b"QC_Day", b"QX_Day", "without the quality of its day temperature"),
        (b"Day_view_time", b"Day_view_tide", "without the view time of its day"),
        (b"UpperLeftPointMtrs", b"UpperLeftPointXxxx", "without its place"),
        (b"(-4150000.000000", b"(-1150000.000000", "without its place .corners are swapped"),
        (b"GCTP_SNSOID", b"GCTP_LAMAZ0", "its grid is GCTP_LAMAZ0"),
        (b"2019-07-04", b"2019-17-04", "without a date"),
    ):
        broken = tmp_path / "b.hdf"
        broken.write_bytes(content.replace(old, new))
        with pytest.raises((GranuleReadError, UnsupportedGranuleError), match=message):
            read_modis_lst(broken)
    sixteen = write_tile(tmp_path / "q.hdf", tile=SMALL, QC_Day=full(300, "uint16"))
    with pytest.raises(GranuleReadError, match="QC_Day: quality values 300 to 300 don't fit"):
        read_modis_lst(sixteen)


def test_time_of_view_near_midnight_of_utc(tmp_path: Path) -> None:
    """A file of a UTC day in which Terra passes twice: at 0:30 and at 23:45."""
    found = read_modis_lst(write_tile(tmp_path / "m.hdf", tile=SMALL))
    lon = np.array([157.5, 157.5, 157.5, 157.5])
    # UTC is 10.5 h behind the sun there
    solar = np.array([11.0, 10.25, 10.5, np.nan])
    seen = found.view_times(solar, lon).astype("datetime64[m]").astype(str)
    assert seen.tolist() == ["2019-07-04T00:30", "2019-07-04T23:45", "2019-07-04T00:00", "NaT"]
    late = datetime(2019, 7, 4, 23, 50, tzinfo=timezone.utc)
    # what was rounded to midnight may be of either end of the day
    np.testing.assert_allclose(
        found.minutes_from(late, solar, lon), [1400.0, 5.0, 10.0, np.nan], atol=1e-4
    )
    # of another day the time of the day alone counts
    other = found.minutes_from(late + timedelta(days=1), solar, lon)
    np.testing.assert_allclose(other, [40.0, 5.0, 10.0, np.nan], atol=1e-4)


@pytest.mark.parametrize("west", [False, True])
def test_no_cell_lies_beyond_the_date_line(west: bool) -> None:
    """Tiles h25v02 and h10v02: each has its own side of a scene at 65.5 N, across 180 degrees."""
    side, top = 1_111_950.5196667, 7 * 1_111_950.5196667
    left = -8 * side if west else 7 * side
    grid = Grid(0, (left, CELL_M, 0.0, top, 0.0, -CELL_M), 1200, 1200)
    tile = GridPlaces(grid, SINUSOIDAL_WKT)
    lon, lat = np.array([179.7, 179.7, -179.8, -179.8]), np.array([65.3, 65.7, 65.7, 65.3])
    places = tile.centres(*tile.candidates(lon, lat))[0]
    assert places.size and (np.sign(places) == (-1 if west else 1)).all()
    assert np.abs(places).max() <= 180.0
    assert np.abs(places).max() > 179.98
