"""Stations' files: SURFRAD, BSRN, tables, points; and the real day of Alamosa."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from akkd_core.errors import GranuleReadError, InputError, MissingDependencyError
from akkd_core.raster.projection import from_lonlat
from akkd_core.readers.stations import read_stations
from tests.builders.stations import point_blob, write_bsrn, write_points, write_surfrad

NOON = datetime(2019, 7, 4, 18, 0)
HEADER = "station,lat,lon,time,lw_up,lw_down,emissivity,qc\n"


def test_surfrad_stands_in_the_west_and_bad_values_are_missing(tmp_path: Path) -> None:
    pytest.importorskip("pvlib")
    pairs = [(450.0, 320.0), (451.0, 321.0), (452.0, 322.0), (-9999.9, 323.0), (9000.0, 324.0)]
    flags = [(0, 0), (1, 0), (0, 2), (0, 0), (0, 0)]
    (found,) = read_stations([write_surfrad(tmp_path / "a.dat", NOON, pairs, flags=flags)])
    assert (found.station, found.latitude, found.longitude) == ("Alamosa", 37.70, -105.92)
    assert found.times[0] == np.datetime64("2019-07-04T18:00:00")
    np.testing.assert_array_equal(found.longwave_up, [450.0, np.nan, 452.0, np.nan, np.nan])
    np.testing.assert_array_equal(found.longwave_down, [320.0, 321.0, np.nan, 323.0, 324.0])
    assert np.isnan(found.emissivity).all() and np.isnan(found.lst_k).all()


def test_surfrad_header_with_a_sign_is_west_too(tmp_path: Path) -> None:
    pytest.importorskip("pvlib")
    place = "40.05  -88.37 230 m version 1"
    (found,) = read_stations([write_surfrad(tmp_path / "b.dat", NOON, [(450, 320)], place=place)])
    assert found.longitude == -88.37


def test_days_of_one_station_become_one_series(tmp_path: Path) -> None:
    pytest.importorskip("pvlib")
    later = write_surfrad(tmp_path / "2.dat", datetime(2019, 7, 5), [(410.0, 310.0)] * 2)
    first = write_surfrad(tmp_path / "1.dat", NOON, [(450.0, 320.0)] * 2)
    other = write_surfrad(tmp_path / "3.dat", NOON, [(1.0, 1.0)], name="Bondville")
    found = read_stations([later, first, first, other])
    assert [(one.station, one.times.size) for one in found] == [("Alamosa", 4), ("Bondville", 1)]
    np.testing.assert_array_equal(found[0].longwave_up, [450.0, 450.0, 410.0, 410.0])
    moved = write_surfrad(tmp_path / "4.dat", NOON, [(450, 320)], place="37.7 106.92 2317 m v 1")
    with pytest.raises(InputError, match="Alamosa: stands at 37.7, -105.92 and at 37.7, -106.92"):
        read_stations([first, moved])


def test_bsrn(tmp_path: Path) -> None:
    pytest.importorskip("pvlib")
    samples = [(4, 17 * 60, 455.0, 331.0), (4, 17 * 60 + 1, -999, 332.0)]
    path = write_bsrn(tmp_path / "x.dat", 2019, 7, samples, latitude=40.072, longitude=-88.373)
    (found,) = read_stations([path])
    assert found.station == "BSRN 21"
    assert found.latitude == pytest.approx(40.072)
    assert found.longitude == pytest.approx(-88.373)
    assert found.times[0] == np.datetime64("2019-07-04T17:00:00")
    np.testing.assert_array_equal(found.longwave_up, [455.0, np.nan])
    np.testing.assert_array_equal(found.longwave_down, [331.0, 332.0])
    down_only = write_bsrn(
        tmp_path / "y.dat", 2019, 7, samples, latitude=40.0, longitude=-88.0, upward=False
    )
    with pytest.raises(InputError, match="no longwave pair"):
        read_stations([down_only])


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    pytest.importorskip("pvlib")
    path = tmp_path / "x.dat"
    path.write_text("*U0001\n 21  7 2019  1\n")
    with pytest.raises(GranuleReadError, match=r"x\.dat: can't be read by pvlib's read_bsrn"):
        read_stations([path])
    with pytest.raises(GranuleReadError, match="no.dat: can't be read"):
        read_stations([tmp_path / "no.dat"])
    path.write_bytes(b"II*\x00" + bytes(range(256)))
    with pytest.raises(InputError, match=r"x\.dat: is no file of stations. Give SURFRAD"):
        read_stations([path])


def test_without_pvlib_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_surfrad(tmp_path / "a.dat", NOON, [(450.0, 320.0)])
    monkeypatch.setitem(sys.modules, "pvlib.iotools", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'akkd\[stations\]'"):
        read_stations([path])


def test_table_of_longwave_pairs(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        HEADER + "B,39.7,115.8,2019-07-04T03:15:00Z,455,330,0.97,0\n"
        "A,39.8,115.9,2019-07-04T03:15:00Z,460,-9999.9,,0\n"
        "B,39.7,115.8,2019-07-04T11:14:00+08:00,454,331,,0\n"
        "B,39.7,115.8,2019-07-04T03:16:00Z,1,2,3,2\n"
    )
    by_name = {one.station: one for one in read_stations([path])}
    second = by_name["B"]
    np.testing.assert_array_equal(
        second.times, np.array(["2019-07-04T03:14", "2019-07-04T03:15"], dtype="datetime64[ms]")
    )
    np.testing.assert_array_equal(second.longwave_up, [454.0, 455.0])
    np.testing.assert_array_equal(second.emissivity, [np.nan, 0.97])
    assert np.isnan(by_name["A"].longwave_down).all()


@pytest.mark.parametrize("mark", [";", "\t"])
def test_tables_of_spreadsheets(tmp_path: Path, mark: str) -> None:
    text = "\ufeffstation,lat,lon,time,lst_k\nA,39.5,115,2019-07-04T03:14:00Z,300.5\n"
    path = tmp_path / "t.csv"
    path.write_text(text.replace(",", mark), encoding="utf-8")
    (found,) = read_stations([path])
    assert (found.station, found.latitude, found.lst_k.tolist()) == ("A", 39.5, [300.5])
    path.write_bytes("station,lat,lon,time,lst_k\nZ\xfcrich,47,8,".encode("latin-1"))
    with pytest.raises(GranuleReadError, match="UTF-8"):
        read_stations([path])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("station,lat,lon,time,lw_up\n", "neither a column lst_k nor longwave_up and longwave_d"),
        ("station,lat,time,lst_k\n", "has no column longitude"),
        (HEADER, "holds no measurement"),
        (HEADER + "A,95,115,2019-07-04,455,330,,\n", "line 2 can't be read .*not on Earth"),
        (HEADER + "A,39,115,2019-07-04,4550,330,,\n", "line 2 can't be read .*out of range"),
        (HEADER + "A,39,115,2019-07-04,455,330,97,\n", "line 2 can't be read .*out of range"),
        (HEADER + "A,39,115,noon,455,330,,\n", "line 2 can't be read"),
        (HEADER + "A\n", "line 2 can't be read .*not on Earth"),
        (HEADER.replace(",", ";") + "A;39,5;115;2019-07-04;455;330;;\n", "decimal points"),
    ],
)
def test_bad_tables(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_stations([path])


def test_points_of_a_geopackage(tmp_path: Path) -> None:
    columns = ("station", "time", "lst_k")
    rows = [
        (point_blob(115.8, 39.7), ("A", "2019-07-04T03:14:00.000Z", 301.5)),
        (point_blob(115.8, 39.7, big=True, envelope=True), ("A", "2019-07-04T03:16:00Z", 302.5)),
    ]
    (found,) = read_stations([write_points(tmp_path / "p.gpkg", columns, rows)])
    assert (found.station, found.latitude, found.longitude) == ("A", 39.7, 115.8)
    np.testing.assert_array_equal(found.lst_k, [301.5, 302.5])
    assert found.times[1] - found.times[0] == np.timedelta64(2, "m")


def test_points_in_a_projection(tmp_path: Path) -> None:
    x, y = (float(v) for v in from_lonlat(32650, 115.8, 39.7))
    rows = [(point_blob(x, y, srs=32650), ("A", "2019-07-04T03:14:00Z", 301.5))]
    path = write_points(
        tmp_path / "p.gpkg", ("station", "time", "lst"), rows, epsg=32650, table='odd "name'
    )
    (found,) = read_stations([path])
    assert (found.latitude, found.longitude) == pytest.approx((39.7, 115.8), abs=1e-6)


@pytest.mark.parametrize(
    ("blob", "message"),
    [
        (b"", "empty"),
        (b"GP\x00\x11" + bytes(4), "empty"),
        (point_blob(1, 2)[:-4], "no points"),
        (point_blob(1, 2)[:9] + b"\x03" + point_blob(1, 2)[10:], "WKB type 3"),
        (b"GP\x00\x0f" + bytes(30), "no points"),
    ],
)
def test_bad_geometries(tmp_path: Path, blob: bytes, message: str) -> None:
    path = write_points(
        tmp_path / "p.gpkg", ("station", "time", "lst_k"), [(blob, ("A", "2019-07-04", 300.0))]
    )
    with pytest.raises(InputError, match=message):
        read_stations([path])


def test_a_database_that_is_no_geopackage(tmp_path: Path) -> None:
    path = write_points(tmp_path / "p.gpkg", ("a",), [])
    with pytest.raises(InputError, match="has no column station, time"):
        read_stations([path])
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(GranuleReadError, match="can't be read as a GeoPackage"):
        read_stations([path])


@pytest.mark.shared_data
def test_real_day_of_alamosa(shared_data: Path) -> None:
    pytest.importorskip("pvlib")
    (found,) = read_stations([shared_data / "ground" / "surfrad-slv16001.dat"])
    assert found.station == "Alamosa" and found.times.size == 1440
    assert (found.latitude, found.longitude) == (37.70, -105.92)  # Colorado, not China
    assert np.isfinite(found.longwave_up).all() and np.isfinite(found.longwave_down).all()
    assert found.longwave_up[0] == 276.0 and found.longwave_down[0] == 186.3
