"""Profiles: their sources, physics, and random variation."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akkd_core.errors import (
    GranuleReadError,
    InputError,
    MissingDependencyError,
    ParameterError,
)
from akkd_core.simulation.profile_variation import (
    AIR_TEMPERATURE_RANGE_K,
    TCWV_MAX_KG_M2,
    vary,
)
from akkd_core.simulation.profiles import (
    AFGL_PROFILES,
    LEVEL_LIMIT,
    MIPAS_PROFILES,
    Profile,
    hydrostatic_altitude_km,
    hydrostatic_pressure_hpa,
    read_ecmwf52,
    read_ecmwf83,
    reference_profile,
    saturation_pressure_hpa,
    standard_altitude_km,
)


def simple_profile(name: str = "simple", surface_k: float = 290.0) -> Profile:
    """A moist troposphere under an isothermal stratosphere, from sea level to 100 km."""
    z = np.concatenate([np.arange(0.0, 20.0, 0.5), np.arange(20.0, 101.0, 5.0)])
    temperature = np.maximum(surface_k - 6.5 * z, 215.0)
    pressure = hydrostatic_pressure_hpa(z, temperature, np.zeros_like(z), 1013.25)
    water = np.maximum(12000.0 * np.exp(-z / 2.2), 4.0)
    ozone = 0.03 + 7.0 * np.exp(-(((z - 32.0) / 8.0) ** 2))
    return Profile(name, z, pressure, temperature, water, ozone)


def test_saturation_pressure_matches_published_values() -> None:
    """WMO values over water: 6.112 hPa at 0, 23.37 at 20, 42.43 at 30 degrees Celsius."""
    np.testing.assert_allclose(
        saturation_pressure_hpa([273.15, 293.15, 303.15]), [6.112, 23.37, 42.43], rtol=2e-3
    )


def test_standard_altitude_matches_the_us_standard_atmosphere() -> None:
    """U.S. Standard Atmosphere 1976: 898.76 hPa at 1 km, 540.48 hPa at 5 km."""
    assert standard_altitude_km(898.76) == pytest.approx(1.0, abs=0.01)
    assert standard_altitude_km(540.48) == pytest.approx(5.0, abs=0.01)
    assert standard_altitude_km(1050.0) == 0.0


def test_hydrostatic_pair_is_its_own_inverse() -> None:
    profile = simple_profile()
    altitude = hydrostatic_altitude_km(
        profile.pressure_hpa, profile.temperature_k, profile.water_vapour_ppmv, 0.0
    )
    pressure = hydrostatic_pressure_hpa(
        altitude, profile.temperature_k, profile.water_vapour_ppmv, 1013.25
    )
    np.testing.assert_allclose(pressure, profile.pressure_hpa, rtol=1e-12)


def test_column_water_vapour_of_an_exponential_profile_is_exact() -> None:
    """Density falling as exp(-z / H) integrates to density * H."""
    z = np.linspace(0.0, 60.0, 13)
    temperature = np.full(z.size, 280.0)
    pressure = 1000.0 * np.exp(-z / 8.0)
    water = np.full(z.size, 1000.0)
    profile = Profile("x", z, pressure, temperature, water, np.ones(z.size))
    density = 1e-3 * 1e5 * 0.01801528 / (8.31446 * 280.0)
    expected = density * 8000.0 * (1 - np.exp(-60.0 / 8.0))
    assert profile.tcwv_kg_m2 == pytest.approx(expected, rel=1e-6)


def test_reference_profiles_have_their_published_water_vapour() -> None:
    """AFGL: 14.2, 29.1 and 41 kg m-2 for US standard, mid-latitude summer and tropical."""
    pytest.importorskip("joseki", reason="the extra [simulate] is not installed")
    published = {
        "afgl_1986-us_standard": 14.2,
        "afgl_1986-midlatitude_summer": 29.2,
        "afgl_1986-tropical": 41.1,
    }
    for name, tcwv in published.items():
        profile = reference_profile(name)
        assert profile.tcwv_kg_m2 == pytest.approx(tcwv, abs=0.2)
        assert profile.for_lowtran().tcwv_kg_m2 == pytest.approx(profile.tcwv_kg_m2, rel=0.005)
    for name in AFGL_PROFILES + MIPAS_PROFILES:
        assert reference_profile(name).name == name


def test_unknown_reference_profile_is_refused() -> None:
    with pytest.raises(ParameterError, match="afgl_1986-tropical"):
        reference_profile("afgl_1986-martian")


def test_missing_joseki_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "joseki", None)
    with pytest.raises(MissingDependencyError, match=r"joseki.*pip install akkd\[simulate\]"):
        reference_profile("afgl_1986-tropical")


def test_cutting_at_an_elevation_lowers_pressure_and_vapour() -> None:
    low = simple_profile().for_lowtran(0.0)
    high = simple_profile().for_lowtran(4000.0)
    assert high.elevation_m == pytest.approx(4000.0)
    assert high.surface_pressure_hpa == pytest.approx(617.0, abs=3.0)
    assert high.air_temperature_k == pytest.approx(264.0)
    assert high.tcwv_kg_m2 < 0.25 * low.tcwv_kg_m2
    assert max(low.altitude_km.size, high.altitude_km.size) <= LEVEL_LIMIT


@pytest.mark.parametrize("elevation", [-1.0, 6001.0, float("nan")])
def test_elevation_out_of_bounds_is_refused(elevation: float) -> None:
    with pytest.raises(ParameterError, match="elevation"):
        simple_profile().for_lowtran(elevation)


@pytest.mark.parametrize(
    ("column", "level", "value"),
    [
        ("pressure_hpa", 3, 2000.0),
        ("altitude_km", 3, 0.0),
        ("temperature_k", 0, float("nan")),
        ("temperature_k", 0, 20.0),
        ("water_vapour_ppmv", 2, -1.0),
        ("water_vapour_ppmv", 2, 3e5),
    ],
)
def test_impossible_profiles_are_refused(column: str, level: int, value: float) -> None:
    good = simple_profile()
    columns = {
        n: getattr(good, n).copy()
        for n in ("altitude_km", "pressure_hpa", "temperature_k", "water_vapour_ppmv", "ozone_ppmv")
    }
    columns[column][level] = value
    with pytest.raises(ParameterError, match="profile bad"):
        Profile("bad", **columns)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), surface_k=st.floats(245.0, 305.0))
def test_varied_profiles_are_possible_air(seed: int, surface_k: float) -> None:
    base = simple_profile("base", surface_k)
    varied = vary(base, np.random.default_rng(seed))
    low, high = AIR_TEMPERATURE_RANGE_K
    height = varied.altitude_km - varied.altitude_km[0]
    assert varied.name == "base"
    assert varied.altitude_km.size <= LEVEL_LIMIT
    assert low - 1e-6 <= varied.air_temperature_k <= high + 1e-6
    assert 0.0 < varied.tcwv_kg_m2 <= TCWV_MAX_KG_M2 * (1 + 1e-9)
    assert 0.0 <= varied.elevation_m <= 4500.0
    troposphere = varied.pressure_hpa > 120.0
    assert varied.relative_humidity()[troposphere].max() <= 1.0 + 1e-9
    lapse = -np.diff(varied.temperature_k) / np.diff(height)
    assert lapse[(height[1:] > 0.1) & (height[1:] < 16.0)].max() <= 9.9 + 1e-6
    # hydrostatic balance: the thickness of each layer follows from its temperature
    rebuilt = hydrostatic_altitude_km(
        varied.pressure_hpa,
        varied.temperature_k,
        varied.water_vapour_ppmv,
        float(varied.altitude_km[0]),
    )
    assert np.abs(rebuilt - varied.altitude_km)[height < 10.0].max() < 0.15


def test_variation_spreads_and_repeats() -> None:
    base = simple_profile()
    draws = [vary(base, np.random.default_rng(seed)) for seed in range(300)]
    tcwv = np.array([p.tcwv_kg_m2 for p in draws])
    air = np.array([p.air_temperature_k for p in draws])
    assert np.quantile(tcwv, 0.95) > 5 * np.quantile(tcwv, 0.05)
    assert air.std() > 5.0
    again = vary(base, np.random.default_rng(7))
    np.testing.assert_array_equal(again.temperature_k, draws[7].temperature_k)
    np.testing.assert_array_equal(again.water_vapour_ppmv, draws[7].water_vapour_ppmv)


def ecmwf83_text(count: int = 83) -> str:
    """A file of the 83-profile form: levels from the top down, some below the surface."""
    lines = ["! Generated for a test"]
    pressure = [0.005, 1.0, 100.0, 500.0, 900.0, 1000.0, 1100.0]
    for number in range(1, count + 1):
        lines += [f"Profile {number:5d}", "  2007 2 20 57.0 -68.8 950.0 0.9"]
        for level, p in enumerate(pressure):
            lines.append(f" {p} {220.0 + 10 * level} {10.0**level / 100} 373 0.5 0.3 0.2 1.8")
    return "\n".join(lines) + "\n"


def test_ecmwf83_form_is_read_and_cut_at_the_surface(tmp_path: Path) -> None:
    path = tmp_path / "set.dat"
    path.write_text(ecmwf83_text())
    profiles = read_ecmwf83(path)
    assert [profiles[0].name, profiles[-1].name, len(profiles)] == [
        "ecmwf83-001",
        "ecmwf83-080",
        80,
    ]
    first = profiles[0]
    assert first.surface_pressure_hpa == 950.0
    assert first.pressure_hpa[1] == 900.0
    assert first.pressure_hpa.size == 6
    # linear in log pressure between 260 K at 900 hPa and 270 K at 1000 hPa
    share = np.log(950.0 / 900.0) / np.log(1000.0 / 900.0)
    assert first.air_temperature_k == pytest.approx(260.0 + 10.0 * share)
    assert first.elevation_m == pytest.approx(1000 * standard_altitude_km(950.0))
    np.testing.assert_allclose(first.ozone_ppmv, 0.5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("Profile    83", "! Profile"), "profile 82 should have 8 columns"),
        ((" 373 ", " x "), "other than numbers"),
        ((" 373 ", " "), "8 columns"),
        (("-68.8 950.0 0.9", ""), "header of profile 1"),
    ],
)
def test_malformed_ecmwf_files_are_named(
    tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    path = tmp_path / "set.dat"
    path.write_text(ecmwf83_text().replace(*change))
    with pytest.raises(InputError, match=words) as caught:
        read_ecmwf83(path)
    assert str(path) in str(caught.value)


def test_a_set_that_lacks_a_profile_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.dat"
    path.write_text(ecmwf83_text(82))
    with pytest.raises(InputError, match="82 profiles, expected 83"):
        read_ecmwf83(path)


def test_absent_profile_file_is_a_read_error(tmp_path: Path) -> None:
    with pytest.raises(GranuleReadError, match="absent.dat"):
        read_ecmwf52(tmp_path / "absent.dat")


@pytest.mark.shared_data
def test_real_ecmwf_sets(shared_data: Path) -> None:
    first = read_ecmwf83(shared_data / "profiles" / "ECMWF_83P_91L.dat")
    second = read_ecmwf52(shared_data / "profiles" / "diverse_52profiles_101L.dat")
    assert (len(first), len(second)) == (80, 49)
    assert first[0].surface_pressure_hpa == pytest.approx(977.38452)
    assert first[0].air_temperature_k == pytest.approx(263.1, abs=0.1)
    for profile in (*first, *second):
        sampled = profile.for_lowtran()
        assert sampled.altitude_km.size <= LEVEL_LIMIT
        assert sampled.tcwv_kg_m2 == pytest.approx(profile.tcwv_kg_m2, rel=0.05, abs=0.02)
