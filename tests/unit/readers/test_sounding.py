"""Columns of air of ERA5, MERRA-2, MOD07 look-alikes and tables."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akkd_core.errors import (
    AkkdError,
    AkkdWarning,
    GranuleReadError,
    InputError,
    ParameterError,
    UnsupportedGranuleError,
)
from akkd_core.grid import Grid
from akkd_core.physics.humidity import (
    ppmv_of_dew_point,
    ppmv_of_mixing_ratio,
    ppmv_of_relative_humidity,
    ppmv_of_specific_humidity,
    saturation_pressure_hpa,
)
from akkd_core.readers import netcdf
from akkd_core.readers.ancillary import read_quantity
from akkd_core.readers.sampling import scene_centre
from akkd_core.readers.sounding import Sounding, read_soundings, read_table
from akkd_core.readers.units import AIR_TEMPERATURE, TCWV

pytest.importorskip("netCDF4")
pytest.importorskip("pyhdf")
from tests.builders.mod05 import write_mod05  # noqa: E402
from tests.builders.mod07 import LEVELS_HPA, write_mod07  # noqa: E402
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
P = np.array([1, 10, 50, 100, 200, 300, 400, 500, 600, 700, 800, 850, 900, 950, 1000.0])
T = np.interp(np.log(P), np.log([1, 100, 200, 1000]), [265.0, 205.0, 220.0, 298.0])
Q = 0.014 * (P / 1000.0) ** 3


@pytest.fixture(autouse=True)
def no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(netcdf, "ask_child", answer_here)


def era5(path: Path, **changes: Any) -> Path:
    """Pressure levels; temperature rises by 1 K an hour and by 2 K a degree to the north."""
    dims: dict[str, Any] = {
        "time": hours(3),
        "level": (changes.pop("levels", P.astype(np.int32)), {"units": changes.pop("in", "hPa")}),
        "latitude": latitudes(LAT), "longitude": longitudes(LON),
    }  # fmt: skip
    shape = (3, P.size, LAT.size, LON.size)
    step, north = np.arange(3)[:, None, None, None], LAT[:, None]

    def column(values: Any) -> Any:
        return np.broadcast_to(np.asarray(values)[None, :, None, None], shape)

    warm = column(T) + step + 2.0 * (north - scene_centre(GRID)[1])
    told = {"dtype": "f8"}
    fields = {
        "t": (warm, {"units": "K", **told}),
        "q": (column(Q), {"units": "kg kg**-1", **told}),
        "z": (column(9.80665 * 7000.0 * np.log(1013.0 / P)), {"units": "m**2 s**-2", **told}),
        "o3": (column(1e-6 * P**-0.3), {"units": "kg kg**-1", **told}),
    }
    fields |= changes.pop("fields", {})
    variables = {
        name: (tuple(dims), *what) for name, what in fields.items() if what is not None
    }
    surface = np.full((3, LAT.size, LON.size), 95000.0)
    if changes.pop("sp", True):
        variables["sp"] = (("time", "latitude", "longitude"), surface, {"units": "Pa", **told})
    return write_netcdf(path, dims, variables)


def test_era5_at_the_centre_and_between_two_hours(tmp_path: Path) -> None:
    (found,) = read_soundings(era5(tmp_path / "pl.nc"), [GRID], AT)
    np.testing.assert_allclose(found.pressure_hpa, P[::-1])
    np.testing.assert_allclose(found.temperature_k, T[::-1] + 1.5, atol=1e-6)
    np.testing.assert_allclose(found.water_vapour_ppmv, ppmv_of_specific_humidity(Q[::-1]))
    assert found.height_m is not None and found.ozone_ppmv is not None
    np.testing.assert_allclose(found.height_m, 7000.0 * np.log(1013.0 / P[::-1]))
    np.testing.assert_allclose(found.ozone_ppmv[0], 1e-6 * 1000**-0.3 * 28.9652 / 47.9982 * 1e6)
    assert found.surface_pressure_hpa == pytest.approx(950.0)
    assert found.source == "pl.nc"
    assert "15 levels of t, q, z, o3" in found.method and "10:00:00Z and" in found.method


def test_merra2_levels_from_the_ground_up_with_holes_below_it(tmp_path: Path) -> None:
    """``lev`` falls, names are MERRA-2's, and what lies below the ground is missing."""
    lat, lon = np.arange(37.0, 42.1, 0.5), np.arange(110.0, 118.0, 0.625)
    dims: dict[str, Any] = {
        "time": (np.array([540, 720], np.int32), {"units": "minutes since 2019-07-04 00:00:00"}),
        "lev": (P[::-1].copy(), {"units": "hPa"}),
        "lat": (lat, {"units": "degrees_north"}), "lon": (lon, {"units": "degrees_east"}),
    }  # fmt: skip
    shape = (2, P.size, lat.size, lon.size)
    fill = {"missing_value": np.float32(1e15), "_FillValue": np.float32(1e15)}

    def column(values: Any) -> Any:
        full = np.broadcast_to(values[::-1][None, :, None, None], shape).copy()
        full[:, :3] = np.nan
        return full

    variables = {
        "T": (tuple(dims), column(T), {"units": "K", **fill}),
        "QV": (tuple(dims), column(Q), {"units": "kg kg-1", **fill}),
        "H": (tuple(dims), column(7000.0 * np.log(1013.0 / P)), {"units": "m", **fill}),
    }
    (found,) = read_soundings(write_netcdf(tmp_path / "m.nc4", dims, variables), [GRID], AT)
    np.testing.assert_allclose(found.pressure_hpa, P[::-1][3:])
    np.testing.assert_allclose(found.temperature_k, T[::-1][3:], rtol=1e-6)
    assert found.ozone_ppmv is None and found.surface_pressure_hpa is None
    assert found.height_m is not None


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"fields": {"q": None}}, UnsupportedGranuleError, "no humidity on pressure levels"),
        ({"fields": {"t": None}}, UnsupportedGranuleError, "no temperature on pressure levels"),
        ({"in": ""}, ParameterError, "pressure without a unit"),
        ({"in": "level"}, ParameterError, "pressure in 'level'"),
        ({"levels": np.arange(1, 16)}, InputError, "levels near the ground"),
        ({"levels": np.arange(880, 1030, 10)}, InputError, "300 hPa or higher"),
    ],
)
def test_what_is_no_profile(
    tmp_path: Path, changes: dict[str, Any], error: type, message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        read_soundings(era5(tmp_path / "x.nc", **changes), [GRID], AT)
    assert "x.nc" in str(caught.value) and "\n" not in str(caught.value)


def cells(size: int = 20) -> tuple[Any, Any]:
    x0, y0 = GRID.xy(GRID.rows / 2, GRID.cols / 2)
    step = (np.arange(size) - size / 2 + 0.5) * 5000.0
    x, y = np.meshgrid(x0 + step, y0 - step)
    lon, lat = pyproj.Transformer.from_crs(GRID.epsg, 4326, always_xy=True).transform(x, y)
    return np.asarray(lat), np.asarray(lon)


def mod07(path: Path, **changes: Any) -> Path:
    lat, lon = cells()
    levels = np.array(LEVELS_HPA, dtype=float)
    warm = np.interp(np.log(levels), np.log(P), T)
    profile = np.repeat(warm, lat.size).reshape(20, *lat.shape)
    # the ground lies between 920 and 950 hPa
    profile[-2:] = np.nan
    profile[:, :2] = np.nan
    given = {
        "temperature_k": profile, "dew_point_k": profile - 10.0,
        "water_vapour_cm": np.full(lat.shape, 2.2),
        "surface_pressure_hpa": np.full(lat.shape, 935.0),
        "surface_elevation_m": np.full(lat.shape, 712.0),
    } | changes  # fmt: skip
    return write_mod07(path, lat, lon, **given)


def test_mod07_means_of_cells(tmp_path: Path) -> None:
    path = mod07(tmp_path / "MOD07.hdf")
    (found,) = read_soundings(path, [GRID], AT)
    levels = np.array(LEVELS_HPA[:-2], dtype=float)[::-1]
    np.testing.assert_allclose(found.pressure_hpa, levels)
    warm = np.interp(np.log(levels), np.log(P), T)
    np.testing.assert_allclose(found.temperature_k, warm, atol=0.006)
    expected = ppmv_of_dew_point(warm - 10.0, levels)
    np.testing.assert_allclose(found.water_vapour_ppmv, expected, rtol=2e-3)
    assert found.surface_pressure_hpa == pytest.approx(935.0)
    assert found.surface_elevation_m == pytest.approx(712.0)
    assert "cells of MOD07_L2, 2019-07-04T10:25:00Z" in found.method
    (vapour,) = read_quantity(TCWV, str(path), [GRID], AT)
    assert vapour.value == pytest.approx(22.0) and "MOD07_L2" in vapour.method
    (air,) = read_quantity(AIR_TEMPERATURE, str(path), [GRID], AT)
    assert air.value == pytest.approx(np.interp(np.log(920), np.log(P), T), abs=0.01)


def test_mod07_takes_the_mixing_ratio_where_it_has_it(tmp_path: Path) -> None:
    ratio = np.full((20, 20, 20), 3.5)
    (found,) = read_soundings(mod07(tmp_path / "a.hdf", mixing_ratio_g_kg=ratio), [GRID], AT)
    np.testing.assert_allclose(found.water_vapour_ppmv, ppmv_of_mixing_ratio(0.0035))


def test_mod07_that_doesnt_serve(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="6.6 h from the scene's.*the same pass"):
        read_soundings(mod07(tmp_path / "a.hdf", begin="2019-07-04 03:50:00"), [GRID], AT)
    (aqua,) = read_soundings(mod07(tmp_path / "a.hdf", begin="2019-07-04 13:20:00"), [GRID], AT)
    assert "170 min from the scene" in aqua.method
    holes = np.full((20, 20, 20), np.nan)
    with pytest.raises(InputError, match="no profile over the scene"):
        read_soundings(mod07(tmp_path / "b.hdf", dew_point_k=holes), [GRID], AT)
    with pytest.raises(GranuleReadError, match="without the pressures of its levels"):
        read_soundings(mod07(tmp_path / "c.hdf", levels="unknown"), [GRID], AT)
    lat, lon = cells()
    other = write_mod05(tmp_path / "d.hdf", lat, lon, np.full(lat.shape, 2.0))
    with pytest.raises(UnsupportedGranuleError, match="MOD05_L2, not a profile"):
        read_soundings(other, [GRID], AT)
    with pytest.raises(UnsupportedGranuleError, match="MOD05_L2, not air temperature"):
        read_quantity(AIR_TEMPERATURE, str(other), [GRID], AT)
    with pytest.warns(AkkdWarning, match="no valid air temperature"):
        far = Grid(32650, (300000.0, 90.0, 0.0, 2400000.0, 0.0, -90.0), 300, 320)
        assert read_quantity(AIR_TEMPERATURE, str(mod07(tmp_path / "e.hdf")), [far], AT) != []


HUMIDITY = {
    "specific_humidity_kg_kg": Q,
    "mixing_ratio_g_kg": 1000.0 * Q / (1.0 - Q),
}


def table(path: Path, name: str, values: Any, extra: str = "") -> Path:
    rows = [f"{p},{t},{v}{extra}" for p, t, v in zip(P, T, values, strict=True)]
    head = f"pressure_hpa,temperature_k,{name}" + (",height_m" if extra else "")
    path.write_text("\n".join(["# a radiosonde", head, *rows]) + "\n")
    return path


@pytest.mark.parametrize("name", HUMIDITY)
def test_table_of_humidities(tmp_path: Path, name: str) -> None:
    found = read_table(table(tmp_path / "a.csv", name, HUMIDITY[name]))
    np.testing.assert_allclose(found.pressure_hpa, P[::-1])
    np.testing.assert_allclose(found.water_vapour_ppmv, ppmv_of_specific_humidity(Q[::-1]))
    assert found.surface_pressure_hpa == 1000.0 and name in found.method


def test_table_of_dew_point_and_relative_humidity_agree(tmp_path: Path) -> None:
    # no vapour to speak of in the warm, thin air on top
    point = np.where(P < 100, 180.0, T - 5.0)
    dew = read_table(table(tmp_path / "a.csv", "dew_point_k", point))
    share = 100.0 * saturation_pressure_hpa(point) / saturation_pressure_hpa(T)
    relative = read_table(table(tmp_path / "b.csv", "relative_humidity_percent", share))
    # numbers of the table have all digits
    np.testing.assert_allclose(dew.water_vapour_ppmv, relative.water_vapour_ppmv, rtol=1e-9)


def test_published_saturation_pressures() -> None:
    """Murphy and Koop 2005, their test values: 240 K 37.667 Pa; 273.16 K 611.657 Pa (liquid)."""
    pascal = 100.0 * saturation_pressure_hpa([240.0, 273.16, 293.15])
    np.testing.assert_allclose(pascal, [37.667, 611.657, 2339.2], rtol=5e-4)
    at = ppmv_of_relative_humidity(50.0, 293.15, 1000.0)
    assert float(at) == pytest.approx(0.5 * 23392.0, rel=1e-3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the table's header is ''"),
        ("a,b\n1,2\n", "it needs pressure_hpa, temperature_k and one of"),
        ("pressure_hpa,temperature_k\n1,2\n", "one of specific_humidity_kg_kg"),
        ("pressure_hpa,temperature_k,dew_point_k\n1000,300,x\n", "other than numbers"),
        ("pressure_hpa,temperature_k,dew_point_k\n1000,300\n900,290,280\n", "other than numbers"),
        ("pressure_hpa,temperature_k,dew_point_k\n1000,300,290\n", "5 levels or more"),
    ],
)
def test_tables_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_table(path)
    assert "a.csv" in str(caught.value) and "\n" not in str(caught.value)


def test_what_is_no_file_of_profiles(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04" + bytes(50))
    with pytest.raises(UnsupportedGranuleError, match="is a ZIP archive, not a profile.*Unpack"):
        read_soundings(tmp_path / "a.zip", [GRID], AT)
    twice = table(tmp_path / "t.csv", "specific_humidity_kg_kg", Q)
    twice.write_text(twice.read_text() + "1000,290,0.01\n")
    with pytest.raises(InputError, match="every pressure once"):
        read_soundings(twice, [GRID], AT + timedelta(days=900))  # a table has no time
    for bad, what in ((T * 0 + 400.0, "130-340 K"), (np.full(15, np.nan), "5 levels")):
        with pytest.raises(InputError, match=what):
            path = table(tmp_path / "b.csv", "dew_point_k", T - 5.0)
            lines = path.read_text().splitlines()
            rows = [f"{p},{t},280" for p, t in zip(P, bad, strict=True)]
            path.write_text("\n".join([*lines[:2], *rows]))
            read_table(path)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(alphabet="0123456789.,-eEnaif \n\"pressure_hpatmku#", max_size=300))
def test_any_text_is_a_sounding_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_text("pressure_hpa,temperature_k,dew_point_k\n" + text)
    try:
        assert isinstance(read_table(path), Sounding)
    except AkkdError as error:
        assert "any.csv" in str(error) and "\n" not in str(error)


@given(st.floats(1e-8, 0.08))
def test_specific_humidity_and_mixing_ratio_agree(share: float) -> None:
    ratio = share / (1.0 - share)
    assert float(ppmv_of_mixing_ratio(ratio)) == pytest.approx(
        float(ppmv_of_specific_humidity(share)), rel=1e-9
    )
