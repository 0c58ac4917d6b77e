"""Fields of ERA5 and MERRA-2 look-alikes at a scene's place and time."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from akkd_core.errors import (
    AkkdError,
    GranuleReadError,
    InputError,
    MissingDependencyError,
    ParameterError,
    UnsupportedGranuleError,
)
from akkd_core.grid import Grid
from akkd_core.readers import ancillary, netcdf
from akkd_core.readers.ancillary import read_quantity
from akkd_core.readers.sampling import scene_points
from akkd_core.readers.units import AIR_TEMPERATURE, TCWV, Quantity

pytest.importorskip("netCDF4")
from tests.builders.reanalysis import (  # noqa: E402
    answer_here,
    hours,
    latitudes,
    longitudes,
    write_netcdf,
)

GRID = Grid(32650, (300000.0, 90.0, 0.0, 4400000.0, 0.0, -90.0), 300, 320)
AT = datetime(2019, 7, 4, 10, 30, tzinfo=timezone.utc)
LAT, LON = np.arange(41.0, 38.4, -0.25), np.arange(113.5, 116.6, 0.25)
KG = {"units": "kg m**-2"}


@pytest.fixture
def real_child() -> None:
    """For tests that need the child process itself."""


@pytest.fixture(autouse=True)
def no_child(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "real_child" not in request.fixturenames:
        monkeypatch.setattr(netcdf, "ask_child", answer_here)


def plane(lat: Any, lon: Any, step: Any = 0.0) -> Any:
    """Water vapour that bilinear sampling gives exactly; it grows by 2 an hour."""
    return 20.0 + 2.0 * step + 3.0 * (lat - 40.0) - 1.5 * (lon - 115.0)


def expected(step: float, grid: Grid = GRID) -> float:
    lon, lat = scene_points(grid)
    return float(plane(lat, lon, step).mean())


def steps(count: int, lat: Any = LAT, lon: Any = LON) -> Any:
    return plane(lat[:, None], lon, np.arange(count)[:, None, None])


def era5(path: Path, **changes: Any) -> Path:
    """ERA5 as the old CDS wrote it: packed shorts, latitudes falling, 9-11 h."""
    packed = {**KG, "dtype": "i2", "scale_factor": 0.001, "add_offset": 20.0}
    dims = {"time": hours(3), "latitude": latitudes(LAT), "longitude": longitudes(LON)}
    dims |= changes.pop("dims", {})
    told = {**packed, **changes.pop("told", {})}
    variables = {
        "tcwv": (tuple(dims), changes.pop("values", steps(3)), told),
        "t2m": (tuple(dims), 280.0 + steps(3), {"units": "K"}),
    }
    return write_netcdf(path, dims, changes.pop("variables", variables), **changes)


def value(path: Path, quantity: Quantity = TCWV, at: datetime = AT, grid: Grid = GRID) -> float:
    (found,) = read_quantity(quantity, str(path), [grid], at)
    assert found.value is not None
    return found.value


@pytest.mark.parametrize("form", ["NETCDF4", "NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET"])
def test_era5_packed_between_two_hours(tmp_path: Path, form: str) -> None:
    path = era5(tmp_path / "era5.nc", form=form)
    assert value(path) == pytest.approx(expected(1.5), abs=2e-3)
    assert value(path, AIR_TEMPERATURE) == pytest.approx(280.0 + expected(1.5), abs=1e-3)
    (found,) = read_quantity(TCWV, str(path), [GRID], AT)
    assert found.source == "era5.nc"
    assert "2019-07-04T10:00:00Z and 2019-07-04T11:00:00Z, linear" in found.method


def test_every_window_has_its_own_value(tmp_path: Path, real_child: None) -> None:
    path = era5(tmp_path / "era5.nc")
    west, east = GRID.window(0, 0, 300, 40), GRID.window(0, 280, 300, 40)
    found = read_quantity(TCWV, str(path), [west, east], AT)
    assert [one.value for one in found] == pytest.approx(
        [expected(1.5, west), expected(1.5, east)], abs=2e-3
    )
    assert found[0].value > found[1].value + 0.3  # type: ignore[operator]


def test_new_climate_data_store(tmp_path: Path) -> None:
    """``valid_time`` in seconds as 64-bit integers, ``number`` of one, expver as text aside."""
    seconds = int(AT.timestamp()) - 1800 + 3600 * np.arange(2)
    dims: dict[str, Any] = {
        "number": (np.array([0]), {}),
        "valid_time": (
            seconds.astype("i8"),
            {"units": "seconds since 1970-01-01", "calendar": "proleptic_gregorian"},
        ),
        "latitude": latitudes(LAT),
        "longitude": longitudes(LON),
    }
    values = steps(2)[None]
    path = write_netcdf(
        tmp_path / "n.nc", dims,
        {"tcwv": (tuple(dims), values, {**KG, "_FillValue": np.float32(np.nan)})},
    )  # fmt: skip
    assert value(path) == pytest.approx(expected(0.5), abs=1e-3)


def test_preliminary_data_fill_what_final_ones_lack(tmp_path: Path) -> None:
    dims: dict[str, Any] = {
        "time": hours(3), "expver": (np.array([1, 5], np.int32), {}),
        "latitude": latitudes(LAT), "longitude": longitudes(LON),
    }  # fmt: skip
    values = np.stack([steps(3), steps(3) + 7.0], axis=1)
    values[2, 0] = np.nan
    values[:2, 1] = np.nan
    path = write_netcdf(tmp_path / "t.nc", dims, {"tcwv": (tuple(dims), values, KG)})
    # 10 h is final, 11 h preliminary, 7 kg m-2 higher here
    assert value(path) == pytest.approx(expected(1.5) + 3.5, abs=1e-3)


def test_longitudes_of_0_to_360_and_round_the_globe(tmp_path: Path) -> None:
    lon = np.arange(0.0, 360.0, 0.25)
    west = np.where(lon > 180, lon - 360, lon)
    dims = {"time": hours(3), "latitude": latitudes(LAT), "longitude": longitudes(lon)}
    values = 20.0 + 2.0 * np.arange(3)[:, None, None] + 0.0 * LAT[:, None] + 0.1 * west
    path = write_netcdf(tmp_path / "g.nc", dims, {"tcwv": (tuple(dims), values, KG)})
    greenwich = Grid(32631, (243900.0, 90.0, 0.0, 4400000.0, 0.0, -90.0), 300, 320)
    lon_at, _ = scene_points(greenwich)
    assert lon_at.min() < 0.02 and lon_at.max() > 0.2
    shifted = Grid(32630, (743900.0, 90.0, 0.0, 4400000.0, 0.0, -90.0), 300, 320)
    for grid in (greenwich, shifted, GRID):
        lon_at, _ = scene_points(grid)
        assert value(path, grid=grid) == pytest.approx(23.0 + 0.1 * lon_at.mean(), abs=1e-3)


def test_merra2_latitudes_rise_times_at_half_hours_fill_is_1e15(tmp_path: Path) -> None:
    lat, lon = np.arange(37.0, 42.1, 0.5), np.arange(110.0, 118.0, 0.625)
    dims: dict[str, Any] = {
        "time": (
            np.arange(30, 1440, 60, dtype=np.int32), {"units": "minutes since 2019-07-04 00:00:00"}
        ),
        "lat": (lat, {"units": "degrees_north"}), "lon": (lon, {"units": "degrees_east"}),
    }  # fmt: skip
    values = steps(24, lat, lon)
    told = {"units": "kg m-2", "missing_value": np.float32(1e15), "_FillValue": np.float32(1e15)}
    path = write_netcdf(tmp_path / "m.nc4", dims, {"TQV": (tuple(dims), values, told)})
    assert value(path) == pytest.approx(expected(10.0), abs=1e-3)
    assert value(path, at=AT + timedelta(minutes=15)) == pytest.approx(expected(10.25), abs=1e-3)
    # half an hour before the day's first step that step is taken
    early = datetime(2019, 7, 4, 0, 5, tzinfo=timezone.utc)
    assert value(path, at=early) == pytest.approx(expected(0.0), abs=1e-3)
    holed = values.copy()
    holed[:, np.abs(lat - 39.5) < 0.1] = np.nan
    path = write_netcdf(tmp_path / "h.nc4", dims, {"TQV": (tuple(dims), holed, told)})
    assert 10.0 < value(path) < 50.0


@pytest.mark.parametrize("unit", ["mm", "cm", "g cm-2"])
def test_units_are_the_files(tmp_path: Path, unit: str) -> None:
    factor = 1.0 if unit == "mm" else 0.1
    told = {"units": unit, "dtype": "f4", "scale_factor": 1.0, "add_offset": 0.0}
    path = era5(tmp_path / "u.nc", values=steps(3) * factor, told=told)
    assert value(path) == pytest.approx(expected(1.5), abs=1e-3)


def test_celsius(tmp_path: Path) -> None:
    dims = {"time": hours(3), "latitude": latitudes(LAT), "longitude": longitudes(LON)}
    variables = {"t2m": (tuple(dims), steps(3), {"units": "degC"})}
    path = era5(tmp_path / "c.nc", variables=variables)
    assert value(path, AIR_TEMPERATURE) == pytest.approx(273.15 + expected(1.5), abs=1e-3)


@pytest.mark.parametrize(
    ("changes", "at", "error", "message"),
    [
        ({"told": {"units": ""}}, AT, ParameterError, "water vapour without a unit"),
        ({"told": {"units": "furlong"}}, AT, ParameterError, "in 'furlong'.*kg m-2"),
        ({}, AT + timedelta(hours=2, minutes=1), InputError, "1.5 h away.*1.5 h are allowed"),
        ({}, AT - timedelta(hours=9), InputError, "7.5 h away"),
        (
            {"dims": {"time": (np.array([0, 12, 24]), {"units": "hours since 2019-07-04"})}},
            AT, InputError, "12 h apart; 6 h are allowed",
        ),
        (
            {"dims": {"time": (np.arange(3), {"units": "fortnights since 2019-07-04"})}},
            AT, GranuleReadError, "fortnights",
        ),
        (
            {"dims": {"time": (np.arange(3),
                {"units": "days since 2019-07-04", "calendar": "360_day"})}},
            AT, GranuleReadError, "calendar '360_day'",
        ),
        ({"dims": {"longitude": longitudes(LON + 40)}}, AT, InputError, "doesn't hold the scene"),
        ({"dims": {"latitude": latitudes(LAT - 9)}}, AT, InputError, "doesn't hold the scene"),
        ({"variables": {"sst": (("latitude", "longitude"), np.ones((11, 13)), {"units": "K"})}},
         AT, UnsupportedGranuleError, "has no water vapour .a variable tcwv or TQV.*it holds sst"),
        ({"values": steps(3) + 400, "told": {"dtype": "f4", "scale_factor": 1.0}},
         AT, ParameterError, "mean of 4.* is no water vapour"),
    ],
)  # fmt: skip
def test_what_it_cant_be(
    tmp_path: Path, changes: dict[str, Any], at: datetime, error: type, message: str
) -> None:
    path = era5(tmp_path / "x.nc", **changes)
    with pytest.raises(error, match=message) as caught:
        value(path, at=at)
    assert "x.nc" in str(caught.value) and "\n" not in str(caught.value)


def test_damaged_files_are_told_in_one_line(tmp_path: Path, real_child: None) -> None:
    """GDAL crashes on some of them; that ends its own process alone."""
    rng = random.Random(5)
    whole = era5(tmp_path / "era5.nc").read_bytes()
    outcomes = []
    for number in range(6):
        bent = bytearray(whole[: rng.randrange(600, len(whole))] if number < 3 else whole)
        for _ in range(0 if number < 3 else 40):
            bent[rng.randrange(8, len(bent))] = rng.randrange(256)
        path = tmp_path / f"bent{number}.nc"
        path.write_bytes(bent)
        try:
            outcomes.append(value(path) > 0)
        except AkkdError as error:
            assert path.name in str(error) and "\n" not in str(error)
            outcomes.append(False)
    assert not any(outcomes[:3])


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("kill -SEGV $$", "GDAL ended with code -11"),
        ("echo no such thing >&2; exit 2", "no such thing"),
        ("echo '{}'", "its description is malformed"),
        ("echo 'nothing'", "its description is malformed"),
    ],
)
def test_a_child_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, real_child: None, script: str, message: str
) -> None:
    path = era5(tmp_path / "era5.nc")
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setenv("AKKD_PYTHON", str(python))
    with pytest.raises(GranuleReadError, match=message) as caught:
        value(path)
    assert "\n" not in str(caught.value)
    python.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(MissingDependencyError, match="pip install rasterio"):
        value(path)


def test_what_is_no_netcdf(tmp_path: Path) -> None:
    (tmp_path / "era5.nc").write_bytes(b"PK\x03\x04" + bytes(600))
    with pytest.raises(UnsupportedGranuleError, match="is a ZIP archive.*Unpack it first"):
        value(tmp_path / "era5.nc")
    (tmp_path / "era5.grib").write_bytes(b"GRIB" + bytes(600))
    with pytest.raises(UnsupportedGranuleError, match="not water vapour.*netCDF of ERA5"):
        value(tmp_path / "era5.grib")
    with pytest.raises(UnsupportedGranuleError, match="not netCDF"):
        netcdf.NetcdfFile(tmp_path / "era5.grib", ["tcwv"])
    with pytest.raises(InputError, match="no time to look up"):
        read_quantity(TCWV, str(era5(tmp_path / "e.nc")), [GRID], None)
    assert ancillary.GRANULE_LIMIT == timedelta(hours=6)
