"""Time axes, units, and sampling in space and time: properties and known values."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akkd_core.errors import AkkdError, GranuleReadError, InputError, ParameterError
from akkd_core.grid import Grid
from akkd_core.readers.air_raster import raster_values
from akkd_core.readers.ancillary import number_of, read_quantity
from akkd_core.readers.cf_time import cf_times
from akkd_core.readers.sampling import (
    GAP_LIMIT,
    OUTSIDE_LIMIT,
    bilinear,
    grid_places,
    scene_points,
    time_shares,
)
from akkd_core.readers.units import AIR_TEMPERATURE, ELEVATION, TCWV, plain_unit
from tests.builders.v004 import write_tif

GRID = Grid(32650, (300000.0, 90.0, 0.0, 4400000.0, 0.0, -90.0), 300, 320)
START = datetime(2019, 7, 4, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("value", "units", "moment"),
    [
        (1047562, "hours since 1900-01-01 00:00:00.0", "2019-07-04T10:00:00"),
        (630.0, "minutes since 2019-07-04 00:00:00", "2019-07-04T10:30:00"),
        (30, "minutes since 2019-07-04 00:30:00", "2019-07-04T01:00:00"),
        (1562236200, "seconds since 1970-01-01", "2019-07-04T10:30:00"),
        (43648.4375, "days since 1900-1-1", "2019-07-04T10:30:00"),
        (2, "Hours since 2019-07-04T12:00:00+02:00", "2019-07-04T12:00:00"),
        (2, "h since 2019-07-04 12:00 -0330", "2019-07-04T17:30:00"),
        (0.5, "day since 2019-07-04 00Z", "2019-07-04T12:00:00"),
    ],
)
def test_known_times(value: float, units: str, moment: str) -> None:
    expected = datetime.fromisoformat(moment).replace(tzinfo=timezone.utc)
    assert cf_times([value], units, "gregorian", "f") == [expected]


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
    st.floats(-2e4, 2e4),
    st.sampled_from([("seconds", 1.0), ("minutes", 60.0), ("hours", 3600.0), ("days", 86400.0)]),
)
def test_any_origin(origin: datetime, value: float, unit: tuple[str, float]) -> None:
    text = f"{unit[0]} since {origin:%Y-%m-%d %H:%M:%S}"
    (found,) = cf_times([value], text, "standard", "f")
    assert found.tzinfo is timezone.utc
    whole = origin.replace(microsecond=0, tzinfo=timezone.utc)
    assert abs((found - whole).total_seconds() - value * unit[1]) < 2e-3


@given(st.text(max_size=60), st.text(max_size=20), st.floats(allow_nan=True))
@settings(max_examples=150)
def test_any_units_are_a_time_or_refused(units: str, calendar: str, value: float) -> None:
    try:
        assert len(cf_times([value], units, calendar, "f.nc")) == 1
    except GranuleReadError as error:
        assert str(error).startswith("f.nc: ") and "\n" not in str(error)


@pytest.mark.parametrize(
    ("units", "calendar", "values"),
    [
        ("hours since 0001-01-01", "gregorian", [0]),
        ("hours since 1582-10-15", "", [0]),
        ("months since 2019-01-01", "", [0]),
        ("hours since 2019-13-01", "", [0]),
        ("hours", "", [0]),
        ("hours since 2019-01-01", "noleap", [0]),
        ("hours since 2019-01-01", "", [np.nan]),
        ("days since 2019-01-01", "", [1e15]),
    ],
)
def test_times_that_are_none(units: str, calendar: str, values: list[float]) -> None:
    with pytest.raises(GranuleReadError):
        cf_times(values, units, calendar, "f")


@given(
    st.lists(st.integers(0, 5 * 1440), min_size=1, max_size=20, unique=True),
    st.integers(-200, 5 * 1440 + 200),
)
def test_shares_make_up_the_moment_or_it_is_refused(minutes: list[int], at: int) -> None:
    times = [START + timedelta(minutes=m) for m in minutes]
    moment = START + timedelta(minutes=at)
    try:
        shares = time_shares(times, moment, "f")
    except InputError as error:
        far = min(abs(m - at) for m in minutes) * 60 > OUTSIDE_LIMIT.total_seconds()
        wide = "apart" in str(error)
        assert far or wide
        return
    assert sum(share for _, share in shares.steps) == pytest.approx(1.0)
    assert all(0.0 <= share <= 1.0 for _, share in shares.steps)
    middle = sum(minutes[step] * share for step, share in shares.steps)
    if min(minutes) <= at <= max(minutes):
        assert middle == pytest.approx(at)
        chosen = [minutes[step] for step, _ in shares.steps]
        assert (max(chosen) - min(chosen)) * 60 <= GAP_LIMIT.total_seconds()
    else:
        assert abs(middle - at) * 60 <= OUTSIDE_LIMIT.total_seconds()


@given(
    st.integers(2, 12), st.integers(2, 15), st.booleans(), st.floats(-179, 179),
    st.floats(0.1, 2.0), st.integers(0, 10**6),
)  # fmt: skip
def test_a_plane_is_sampled_exactly(
    rows: int, cols: int, falling: bool, west: float, step: float, seed: int
) -> None:
    """Whatever the order of latitudes and the origin of longitudes."""
    rng = np.random.default_rng(seed)
    lat = 10.0 + step * np.arange(rows)
    lat = lat[::-1] if falling else lat
    lon = west + step * np.arange(cols)
    values = 3.0 * lat[:, None] - 2.0 * (lon - west)
    at_lat = rng.uniform(lat.min(), lat.max(), 7)
    east = rng.uniform(0.0, step * (cols - 1), 7)
    turn = rng.choice([-360.0, 0.0, 360.0], 7)
    places = grid_places(lat, lon, west + east + turn, at_lat)
    assert places is not None
    window = values[np.ix_(places.rows, places.cols)]
    found = bilinear(window, places.row, places.col)
    np.testing.assert_allclose(found, 3.0 * at_lat - 2.0 * east, atol=1e-6)
    assert grid_places(lat, lon, np.array([west]), np.array([lat.min() - step])) is None


def test_longitudes_close_round_the_globe_and_may_fall() -> None:
    lon = np.arange(0.0, 360.0, 2.5)
    values = np.cos(np.radians(lon))[None] * np.ones((2, 1))
    at = np.array([359.0, -1.0, 358.0, 0.5])
    for order in (1, -1):
        places = grid_places(np.array([0.0, 1.0]), lon[::order], at, np.full(4, 0.5))
        assert places is not None
        window = values[:, ::order][np.ix_(places.rows, places.cols)]
        found = bilinear(window, places.row, places.col)
        np.testing.assert_allclose(found, np.cos(np.radians(at)), atol=1e-3)
    one = grid_places(np.array([40.0]), np.array([117.0]), np.array([117.1]), np.array([40.1]))
    assert one is not None and one.row[0] == 0.0
    assert grid_places(np.array([40.0]), np.array([7.0]), np.array([8.0]), np.array([40])) is None


def test_a_missing_neighbour_leaves_its_share_to_the_others() -> None:
    values = np.array([[1.0, 3.0], [np.nan, 5.0]])
    at = (np.array([0.5, 0.0, 1.0, np.nan]), np.array([0.5, 0.25, 0.0, 0.0]))
    found = bilinear(values, *at)
    np.testing.assert_allclose(found[:2], [3.0, 1.5])
    assert np.isnan(found[2:]).all()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("kg m**-2", "kg m-2"), ("kg/m^2", "kg m-2"), ("kg m^-2", "kg m-2"), ("kg_m-2", "kg m-2"),
        ("g/cm2", "g cm-2"), ("°C", "degc"), ("deg_C", "deg c"), ("m+2 s-2", "m2 s-2"),
        ("m**2 s**-2", "m2 s-2"), ("kg/kg", "kg kg-1"), (" K ", "k"),
    ],
)  # fmt: skip
def test_spellings_of_units(text: str, plain: str) -> None:
    assert plain_unit(text) == plain


@given(st.text(max_size=30))
def test_a_unit_is_known_or_refused(text: str) -> None:
    for quantity in (TCWV, AIR_TEMPERATURE, ELEVATION):
        try:
            factor, _ = quantity.conversion(text, "f")
        except ParameterError as error:
            assert quantity.unit in str(error)
        else:
            assert plain_unit(text) in quantity.units and factor > 0


@given(st.text(max_size=12))
def test_a_text_is_a_number_in_bounds_or_none(text: str) -> None:
    try:
        number = number_of(text, TCWV)
    except AkkdError:
        return
    assert number is None or 0.0 <= number <= 120.0


def test_raster_of_counts_with_scale_and_offset(tmp_path: Path) -> None:
    """As gdal_translate leaves ERA5: shorts with scale and offset, nodata as stored."""
    import rasterio

    lon, lat = np.arange(113.0, 117.0, 0.25), np.arange(41.0, 38.0, -0.25)
    values = 20.0 + 3.0 * (lat[:, None] - 40.0) - 1.5 * (lon - 115.0)
    counts = np.rint((values - 20.0) / 0.001).astype(np.int16)
    counts[:, 0] = -32767
    place = (lon[0] - 0.125, 0.25, 0.0, lat[0] + 0.125, 0.0, -0.25)
    path = write_tif(tmp_path / "w.tif", counts, place, 4326, nodata=-32767)
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets, dataset.units = (0.001,), (20.0,), ("kg m**-2",)
    (found,) = raster_values(path, TCWV, [GRID])
    at_lon, at_lat = scene_points(GRID)
    expected = 20.0 + 3.0 * (at_lat - 40.0) - 1.5 * (at_lon - 115.0)
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_air_temperature_by_raster(tmp_path: Path) -> None:
    import rasterio

    path = write_tif(
        tmp_path / "t.tif", np.full((300, 320), 17.0, np.float32), GRID.geotransform, 32650
    )
    with pytest.raises(ParameterError, match="no unit, and its mean of 17 .* could be K"):
        read_quantity(AIR_TEMPERATURE, str(path), [GRID], None)
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(1, units="degC")
    (found,) = read_quantity(AIR_TEMPERATURE, str(path), [GRID], None)
    assert found.value == pytest.approx(290.15)


def test_elevation_of_an_srtm_tile_and_an_ascii_grid(tmp_path: Path) -> None:
    """Formats that no content tells; voids are left out."""
    size = 1201
    heights = np.full((size, size), 850, ">i2")
    heights[::7] = -32768
    (tmp_path / "N39E114.hgt").write_bytes(heights.tobytes())
    (found,) = read_quantity(ELEVATION, str(tmp_path / "N39E114.hgt"), [GRID], None)
    assert found.value == pytest.approx(850.0) and found.spread == pytest.approx(0.0, abs=1e-6)
    rows = "\n".join(" ".join(str(100 + 10 * c) for c in range(40)) for _ in range(40))
    (tmp_path / "d.asc").write_text(
        "ncols 40\nnrows 40\nxllcorner 290000\nyllcorner 4360000\ncellsize 1100\n" + rows
    )
    with pytest.raises(GranuleReadError, match="no coordinate system"):
        read_quantity(ELEVATION, str(tmp_path / "d.asc"), [GRID], None)
    import rasterio

    (tmp_path / "d.prj").write_text(rasterio.crs.CRS.from_epsg(32650).to_wkt())
    (found,) = read_quantity(ELEVATION, str(tmp_path / "d.asc"), [GRID], None)
    x, _ = GRID.xy(150, 160)
    assert found.value == pytest.approx(100 + 10 * ((x - 290000) / 1100 - 0.5), abs=0.5)
