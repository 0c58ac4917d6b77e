"""Surfaces and scenes: structure, temperatures, noise at its level, counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from akkd_core.errors import ParameterError
from akkd_core.physics.planck import brightness_temperature, broadcast_band_radiance
from akkd_core.physics.rte import radiance_toa_full
from akkd_core.sensors import aster_tir
from akkd_core.simulation.materials import materials
from akkd_core.simulation.scenes import (
    Atmosphere,
    dn_to_radiance,
    noise_radiance,
    observe,
    radiance_to_dn,
)
from akkd_core.simulation.surfaces import (
    DAY_OFFSET_K,
    MELTING_K,
    NIGHT_OFFSET_K,
    Surface,
    draw_surface,
    fractal_field,
)

US76 = Atmosphere(
    np.array([0.655, 0.752, 0.812, 0.854, 0.848]),
    np.array([1.66, 1.26, 0.99, 0.93, 0.97]),
    np.array([2.84, 2.16, 1.71, 1.58, 1.63]),
    14.2,
    288.2,
)


def flat_surface(offset_k: float, side: int = 128, lse: float = 0.97) -> Surface:
    shape = (side, side)
    return Surface(
        np.full((5, *shape), lse, dtype=np.float32),
        np.full(shape, offset_k, dtype=np.float32),
        np.zeros(shape, dtype=np.float32),
        1,
        "desert",
        True,
    )


def expected_radiance(lst: float, lse: float = 0.97) -> np.ndarray:
    return radiance_toa_full(
        lst,
        np.full(5, lse),
        US76.transmittance,
        US76.path_radiance,
        US76.downwelling_radiance,
    )


def test_noise_radiance_is_nedt_at_300_k() -> None:
    warmer = broadcast_band_radiance(300.3) - broadcast_band_radiance(300.0)
    np.testing.assert_allclose(noise_radiance(0.3), warmer, rtol=3e-3)


def test_noise_level_at_the_sensor() -> None:
    """0.3 K at 300 K: the counts' spread is noise and rounding, nothing else."""
    offset = 300.0 - 288.2
    dn, _ = observe(flat_surface(offset), US76, np.random.default_rng(2), nedt_k=0.3)
    ucc = np.array(aster_tir().ucc)
    spread = dn_to_radiance(dn).reshape(5, -1).std(axis=1)
    expected = np.sqrt(noise_radiance(0.3) ** 2 + ucc**2 / 12.0)
    np.testing.assert_allclose(spread, expected, rtol=0.03)


def test_noise_is_constant_in_radiance_or_in_kelvin() -> None:
    cold = flat_surface(250.0 - 288.2)
    levels = {}
    for constant in (False, True):
        dn, lst = observe(
            cold, US76, np.random.default_rng(2), nedt_k=0.3, constant_in_kelvin=constant
        )
        levels[constant] = dn_to_radiance(dn).reshape(5, -1).std(axis=1)
        assert lst[0, 0] == pytest.approx(250.0, abs=1e-4)
    slope = broadcast_band_radiance(250.5) - broadcast_band_radiance(249.5)
    ucc = np.array(aster_tir().ucc)
    in_kelvin = np.sqrt((0.3 * slope) ** 2 + ucc**2 / 12.0)
    np.testing.assert_allclose(levels[True], in_kelvin, rtol=0.04)
    in_radiance = np.sqrt(noise_radiance(0.3) ** 2 + ucc**2 / 12.0)
    np.testing.assert_allclose(levels[False], in_radiance, rtol=0.03)


def test_counts_are_rounded_to_the_nearest() -> None:
    dn, _ = observe(flat_surface(12.0, side=2), US76, np.random.default_rng(0), nedt_k=0.0)
    error = dn_to_radiance(dn)[:, 0, 0] - expected_radiance(300.2)
    assert (np.abs(error) <= 0.5 * np.array(aster_tir().ucc) + 1e-6).all()


def test_counts_stay_within_the_instrument() -> None:
    sensor = aster_tir()
    radiance = np.stack([np.array([-1.0, 0.0, 1e3])] * 5)
    dn = radiance_to_dn(radiance)
    assert dn.dtype == np.uint16
    assert dn[0].tolist() == [sensor.dn_zero_radiance] * 2 + [sensor.dn_saturated]


def test_counts_and_radiance_are_inverse() -> None:
    dn = np.tile(np.arange(1, 4096, dtype=np.uint16), (5, 1))
    np.testing.assert_array_equal(radiance_to_dn(dn_to_radiance(dn)), dn)


def test_equation_of_the_paper_differs_a_little() -> None:
    surface = flat_surface(15.0, side=4, lse=0.9)
    seen = {
        rte: brightness_temperature(
            dn_to_radiance(observe(surface, US76, np.random.default_rng(0), nedt_k=0, rte=rte)[0])
        )
        for rte in ("full", "paper")
    }
    assert 0.1 < np.abs(seen["full"] - seen["paper"]).max() < 4.0
    with pytest.raises(ParameterError, match="half"):
        observe(surface, US76, np.random.default_rng(0), rte="half")


def test_engine_error_is_as_large_as_two_engines_differ() -> None:
    rng = np.random.default_rng(4)
    base = brightness_temperature(expected_radiance(305.0))
    changes = []
    for _ in range(300):
        air = US76.with_engine_error(rng)
        assert ((air.transmittance > 0) & (air.transmittance < 1)).all()
        toa = radiance_toa_full(
            305.0,
            np.full(5, 0.97),
            air.transmittance,
            air.path_radiance,
            air.downwelling_radiance,
        )
        changes.append(brightness_temperature(toa) - base)
    rms = np.sqrt(np.mean(np.square(changes), axis=0))
    assert ((rms > 0.1) & (rms < 0.6)).all()


@pytest.mark.parametrize("daytime", [True, False])
def test_surfaces_keep_to_their_bounds(daytime: bool) -> None:
    rng = np.random.default_rng(7)
    low, high = DAY_OFFSET_K if daytime else NIGHT_OFFSET_K
    for _ in range(15):
        surface = draw_surface(rng, materials("train"), (40, 50), 290.0, daytime=daytime)
        assert surface.lse.shape == (5, 40, 50)
        assert (surface.lse > 0.4).all() and (surface.lse <= 1.0).all()
        assert 2 <= surface.n_materials <= 12
        offset = surface.temperature_offset_k
        assert offset.min() >= low - 8.0 and offset.max() <= high + 8.0
        assert surface.land_cover != "snow" and surface.daytime is daytime


def test_emissivity_is_mixed_between_materials() -> None:
    """Pixels hold several materials: more distinct spectra than materials, none out of hull."""
    rng = np.random.default_rng(8)
    table = materials("judge")
    surface = draw_surface(rng, table, (48, 48), 290.0, n_materials=3, land_cover="desert")
    distinct = np.unique(surface.lse.reshape(5, -1).round(4), axis=1).shape[1]
    assert distinct > 100
    assert surface.lse.min() >= table.lse.min() - 1e-6


def test_snow_does_not_melt() -> None:
    rng = np.random.default_rng(9)
    surface = draw_surface(rng, materials("train"), (40, 40), 280.0, land_cover="snow")
    warm = replace(surface, temperature_offset_k=surface.temperature_offset_k + 30.0)
    lst = warm.temperature_k(280.0)
    covered = surface.snow_fraction > 0.5
    assert covered.any()
    assert lst[covered].max() <= MELTING_K + 1e-3
    assert lst[~covered].max() > MELTING_K


def test_snow_only_below_cold_air() -> None:
    rng = np.random.default_rng(10)
    covers = {
        draw_surface(rng, materials("train"), (16, 16), 300.0).land_cover for _ in range(60)
    }
    assert "snow" not in covers and len(covers) >= 5


def test_fractal_field_has_the_spectrum_it_should() -> None:
    field = fractal_field(np.random.default_rng(1), (256, 256), 3.0, 8)
    assert field.dtype == np.float32
    np.testing.assert_allclose(field.std(axis=(1, 2)), 1.0, atol=1e-3)
    np.testing.assert_allclose(field.mean(axis=(1, 2)), 0.0, atol=1e-3)
    window = np.hanning(256)[:, None] * np.hanning(256)
    power = (np.abs(np.fft.fft2(field * window)) ** 2).mean(axis=0)
    k = np.hypot(*np.meshgrid(*[np.fft.fftfreq(256) * 256] * 2))
    bands = [(6, 10), (12, 20), (24, 40), (48, 80)]
    level = [np.log(power[(k >= a) & (k < b)].mean()) for a, b in bands]
    slope = np.polyfit(np.log([np.sqrt(a * b) for a, b in bands]), level, 1)[0]
    assert slope == pytest.approx(-3.0, abs=0.25)
