"""Clouds of the simulation: what they emit, what they hide, how they are drawn."""

from __future__ import annotations

import numpy as np
import pytest

from akkd_core.errors import ParameterError
from akkd_core.physics.planck import brightness_temperature
from akkd_core.physics.rte import radiance_toa_full
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.clouds import (
    CLOUD_KINDS,
    CLOUD_OPTICAL_DEPTH,
    CloudLayer,
    absorption_ratio,
    cloudy_radiance_toa,
    draw_clouds,
    total_optical_depth,
)
from akkd_core.simulation.granule_scene import simulate_scene
from akkd_core.simulation.materials import materials
from akkd_core.simulation.scenes import Atmosphere

SHAPE = (64, 64)


def _layer(depth: float, top_k: float = 230.0, top_km: float = 9.0, phase: str = "ice"):
    return CloudLayer(
        "cirrus",
        np.full((2, 2), depth, dtype=np.float32),
        np.full((2, 2), top_k, dtype=np.float32),
        top_km,
        absorption_ratio(phase, 30.0 if phase == "ice" else 6.0),
    )


@pytest.fixture(scope="module")
def air():
    table = shipped_atmospheres("judge")
    return Atmosphere.of(table, int(np.argmin(np.abs(table.tcwv_kg_m2 - 20.0))))


def test_absorption_has_the_spectra_of_water_and_ice():
    ice, water = absorption_ratio("ice", 15.0), absorption_ratio("water", 6.0)
    # van de Hulst's formula at band 14, u = 8 pi 15 um 0.3237 / 11.289 um = 10.81
    assert ice[4] == pytest.approx((1 + 2 * (np.exp(-10.81) - 1) / 10.81**2) / 2, abs=2e-3)
    # the window of ice at 8-9 um against its absorption beyond 11 um: what tells cirrus
    assert ice[4] / ice[1] > 1.3
    assert water[4] / water[1] > 1.5
    # large particles are black in all bands: half of what they take out
    np.testing.assert_allclose(absorption_ratio("ice", 1e4), 0.5, atol=1e-3)


def test_no_cloud_is_the_cloudless_equation(air):
    lst, lse = np.full((2, 2), 300.0), np.full((5, 2, 2), 0.95)
    plain = radiance_toa_full(
        lst, lse, air.transmittance, air.path_radiance, air.downwelling_radiance
    )
    for layers in ((), (_layer(0.0),), (_layer(0.0, 270.0, 2.0), _layer(0.0))):
        np.testing.assert_allclose(cloudy_radiance_toa(lst, lse, air, layers), plain, rtol=1e-9)


def test_thick_high_cloud_hides_the_ground(air):
    lse = np.full((5, 2, 2), 0.95)
    warm, cold = (
        cloudy_radiance_toa(np.full((2, 2), t), lse, air, (_layer(200.0),)) for t in (320.0, 270.0)
    )
    np.testing.assert_allclose(warm, cold, rtol=1e-6)
    bt = brightness_temperature(warm)[:, 0, 0]
    assert np.abs(bt - 230.0).max() < 6.0
    # the air above hides some of it, so it is no colder than its top
    assert (bt > 229.5).all()


def test_thin_cirrus_cools_band_14_more_than_band_11(air):
    lst, lse = np.full((2, 2), 300.0), np.full((5, 2, 2), 0.98)
    clear, thin = (
        brightness_temperature(cloudy_radiance_toa(lst, lse, air, (_layer(depth),)))[:, 0, 0]
        for depth in (0.0, 0.5)
    )
    assert (clear - thin > 2.0).all()
    assert (clear - thin)[4] - (clear - thin)[1] > 1.0


def test_cloud_above_hides_cloud_below(air):
    lst, lse = np.full((2, 2), 300.0), np.full((5, 2, 2), 0.98)
    low, high = _layer(300.0, 280.0, 1.5, "water"), _layer(300.0)
    both, alone = (cloudy_radiance_toa(lst, lse, air, c) for c in ((low, high), (high,)))
    np.testing.assert_allclose(both, alone, rtol=1e-6)
    assert brightness_temperature(cloudy_radiance_toa(lst, lse, air, (low,)))[3, 0, 0] > 270.0


@pytest.mark.parametrize("kind", list(CLOUD_KINDS))
@pytest.mark.parametrize("cover", [0.1, 0.6, 1.0])
def test_cover_is_kept(kind, cover):
    layers = draw_clouds(np.random.default_rng(3), SHAPE, cover, 290.0, True, kind)
    depth = total_optical_depth(layers, SHAPE)
    assert (depth >= CLOUD_OPTICAL_DEPTH).mean() == pytest.approx(cover, abs=0.01)
    low, high = CLOUD_KINDS[kind].optical_depth
    assert 0.0 <= depth.min() and depth.max() <= high
    assert len(layers) == 1 and layers[0].kind == kind
    lowest, highest = CLOUD_KINDS[kind].top_km
    assert lowest <= layers[0].top_km <= highest


def test_veils_have_thin_edges_and_cumulus_hardly():
    def thin_share(kind):
        shares = []
        for seed in range(12):
            layers = draw_clouds(np.random.default_rng(seed), SHAPE, 0.5, 290.0, True, kind)
            depth = total_optical_depth(layers, SHAPE)
            shares.append(((depth > 0) & (depth < CLOUD_OPTICAL_DEPTH)).mean())
        return np.mean(shares)

    assert thin_share("cirrus") > 2.0 * thin_share("cumulus") > 0.0


def test_out_of_range():
    rng = np.random.default_rng(0)
    with pytest.raises(ParameterError, match="0-1"):
        draw_clouds(rng, SHAPE, 1.2, 290.0, True)
    with pytest.raises(ParameterError, match="cumulus"):
        draw_clouds(rng, SHAPE, 0.2, 290.0, True, "fog")
    assert draw_clouds(rng, SHAPE, 0.0, 290.0, True) == ()


def test_scene_has_the_same_ground_with_and_without_cloud():
    table, spectra = shipped_atmospheres("judge"), materials("judge")
    made = [
        simulate_scene(table, spectra, rows=60, cols=60, cloud_cover=cover, seed=5)
        for cover in (0.0, 0.5)
    ]
    np.testing.assert_array_equal(made[0].lst, made[1].lst)
    assert made[0].cloud_optical_depth is None and made[0].cloud_cover == 0.0
    depth = made[1].cloud_optical_depth
    np.testing.assert_array_equal(np.isnan(depth), np.isnan(made[1].lst))
    assert made[1].cloud_cover == pytest.approx(0.5, abs=0.15)
    clear = depth == 0
    np.testing.assert_array_equal(made[0].dn[:, clear], made[1].dn[:, clear])
    with pytest.raises(ParameterError, match="full"):
        simulate_scene(table, spectra, rows=60, cols=60, cloud_cover=0.5, rte="paper")
