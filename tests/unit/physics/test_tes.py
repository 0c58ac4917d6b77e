"""TES against what was published of it, on spectra of real materials and on made-up ones."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.physics.planck import broadcast_band_radiance
from akkd_core.physics.rte import radiance_toa_full
from akkd_core.physics.tes import (
    TES_1998,
    TES_PRODUCT,
    TES_VARIANTS,
    TesQuality,
    TesResult,
    TesSettings,
    _least_variance,
    _nem,
    temperature_emissivity_separation,
)
from akkd_core.simulation.materials import all_materials, cavity_emissivity
from akkd_core.simulation.scenes import noise_radiance

SKY_US76 = np.array([2.84, 2.16, 1.71, 1.58, 1.63])
"""Sky radiance of the US standard atmosphere 1976, W m-2 sr-1 um-1."""

# mid-range of the scene generator: leaves make canopies, soils are rough
_CAVITY = {
    "vegetation": 0.425,
    "nonphotosyntheticvegetation": 0.3,
    "soil": 0.125,
    "rock": 0.125,
}


def ground_radiance(
    lst: float | NDArray[np.float64], lse: NDArray[np.float64], sky: NDArray[np.float64]
) -> NDArray[np.float64]:
    temperature = np.broadcast_to(np.asarray(lst, dtype=np.float64), lse.shape[1:])
    return radiance_toa_full(temperature, lse, np.ones(5), np.zeros(5), sky)


def natural_surfaces() -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    table = all_materials()
    natural = [i for i, kind in enumerate(table.kind) if kind != "manmade"]
    lse = [cavity_emissivity(table.lse[i], _CAVITY.get(table.kind[i], 0.0)) for i in natural]
    return np.array(lse).T, np.array([table.kind[i] for i in natural])


def on_the_regression(contrasts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spectra (5, n) that obey TES's own relation of least emissivity and contrast."""
    shape = np.array([0.0, 0.3, 0.1, 1.0, 0.9])[:, None]
    relative = 1.0 + contrasts * (shape - 1.0)
    ratio = relative / relative.mean(axis=0)
    least = 0.994 - 0.687 * np.ptp(ratio, axis=0) ** 0.737
    return ratio * least / ratio.min(axis=0)


# not cold ground below a warm sky: there emitted and reflected radiance look alike
@pytest.mark.parametrize(
    ("lst", "sky_factor"),
    [(275.0, 0.0), (275.0, 0.5), (300.0, 0.0), (300.0, 1.0), (320.0, 1.0), (320.0, 1.5)],
)
def test_exact_where_its_regression_holds(lst: float, sky_factor: float) -> None:
    truth = on_the_regression(np.linspace(0.01, 0.3, 30))
    sky = sky_factor * SKY_US76
    found = temperature_emissivity_separation(ground_radiance(lst, truth, sky), sky)
    assert np.abs(found.lst - lst).max() < 0.2
    assert np.abs(found.lse - truth).max() < 0.009
    assert (found.quality == TesQuality.CONVERGED).all()


@pytest.mark.parametrize("lst", [280.0, 300.0])
def test_published_performance_on_natural_surfaces(lst: float) -> None:
    """Gillespie et al. 1998: LST within 1.5 K, LSE within 0.015 (one sigma)."""
    truth, kind = natural_surfaces()
    found = temperature_emissivity_separation(ground_radiance(lst, truth, SKY_US76), SKY_US76)
    error = found.lst - lst
    within = np.abs(error) < 1.5
    assert within.mean() > 0.92
    assert np.sqrt((error**2).mean()) < 0.9
    assert (np.abs(found.lse - truth) < 0.015).mean() > 0.75
    assert np.abs(found.lse - truth).mean() < 0.0115
    for one in ("soil", "nonphotosyntheticvegetation", "snow", "water"):
        assert within[kind == one].all(), one


def test_error_is_that_of_the_regression_alone() -> None:
    """With NEM's ratios exact and no sky, only the scatter about the regression would be left."""
    truth, _ = natural_surfaces()
    sky = np.zeros(5)
    ratio = truth / truth.mean(axis=0)
    least = 0.994 - 0.687 * np.ptp(ratio, axis=0) ** 0.737
    ideal = np.abs(ratio * least / ratio.min(axis=0) - truth).mean()
    found = temperature_emissivity_separation(ground_radiance(300.0, truth, sky), sky)
    assert np.abs(found.lse - truth).mean() < ideal * 1.02


def test_reflected_sky_is_removed() -> None:
    """Ignoring the sky costs more than a kelvin in quartz; TES doesn't ignore it."""
    quartz = np.array([[0.70], [0.72], [0.71], [0.93], [0.95]])
    radiance = ground_radiance(300.0, quartz, SKY_US76)
    with_sky = temperature_emissivity_separation(radiance, SKY_US76)
    without = temperature_emissivity_separation(radiance, np.zeros(5))
    assert np.abs(with_sky.lse - quartz).max() < 0.03
    assert np.abs(without.lse - quartz).max() > 0.06
    assert with_sky.iterations[0] > 2


def noisy_grey_body(nedl_given: bool) -> TesResult:
    rng = np.random.default_rng(5)
    truth = np.full((5, 4000), 0.985)
    noise = noise_radiance(0.3)
    radiance = ground_radiance(300.0, truth, SKY_US76)
    radiance += noise[:, None] * rng.standard_normal(radiance.shape)
    return temperature_emissivity_separation(
        radiance, SKY_US76, nedl=noise if nedl_given else 0.0
    )


def test_noise_makes_contrast_and_the_correction_takes_part_of_it_back() -> None:
    plain, corrected = noisy_grey_body(False), noisy_grey_body(True)
    assert plain.lst.mean() - 300.0 > corrected.lst.mean() - 300.0 > 0.3
    assert plain.lse.mean() < corrected.lse.mean() < 0.985


@pytest.mark.parametrize(
    ("lse", "expected"),
    [((0.70, 0.72, 0.71, 0.93, 0.95), 0.96), ((0.80, 0.82, 0.85, 0.95, 0.96), 0.96)],
)
def test_rocks_take_the_lower_largest_emissivity(
    lse: tuple[float, ...], expected: float
) -> None:
    truth = np.array(lse)[:, None]
    found = temperature_emissivity_separation(ground_radiance(300.0, truth, SKY_US76), SKY_US76)
    assert found.eps_max[0] == pytest.approx(expected)


def test_refinement_finds_the_largest_emissivity_of_a_grey_body() -> None:
    """Without contrast the right largest emissivity is the one with the least variance."""
    truth = np.full((5, 1), 0.955)
    dark_sky = 0.2 * SKY_US76
    settings = TesSettings(curvature_limit=1e-9, slope_limit=1e9)
    radiance = ground_radiance(305.0, truth, dark_sky)
    found = temperature_emissivity_separation(radiance, dark_sky, settings=settings)
    assert found.eps_max[0] == pytest.approx(0.955, abs=0.006)


def test_impossible_pixels_fail_alone() -> None:
    truth = on_the_regression(np.array([0.05, 0.05, 0.05, 0.05]))
    radiance = ground_radiance(300.0, truth, SKY_US76)
    radiance[0, 0], radiance[:, 1], radiance[2, 2] = np.nan, 0.01, -1.0
    found = temperature_emissivity_separation(radiance, SKY_US76)
    assert found.quality.tolist() == [TesQuality.FAILED] * 3 + [TesQuality.CONVERGED]
    assert np.isnan(found.lst[:3]).all() and np.isnan(found.lse[:, :3]).all()
    assert abs(found.lst[3] - 300.0) < 0.3


def test_bright_sky_that_cannot_be_removed_is_flagged() -> None:
    truth = on_the_regression(np.array([0.2]))
    radiance = ground_radiance(300.0, truth, SKY_US76)
    sky = broadcast_band_radiance(np.float64(330.0)) * np.array([2.0, 1.5, 1.0, 1.0, 1.0])
    found = temperature_emissivity_separation(radiance, sky)
    assert found.quality[0] != TesQuality.CONVERGED
    # noticed by its divergence, before the iterations are used up
    assert found.iterations[0] < TesSettings().iterations


def test_nem_is_exact_where_the_largest_emissivity_is_known() -> None:
    truth = np.array([[0.75, 0.90], [0.78, 0.91], [0.80, 0.93], [0.95, 0.955], [0.96, 0.95]])
    largest = truth.max(axis=0)
    settings = TesSettings(convergence=1e-6, iterations=60)
    run = _nem(ground_radiance(305.0, truth, SKY_US76), SKY_US76[:, None], largest, settings)
    assert run.converged.all()
    np.testing.assert_allclose(run.temperature, 305.0, atol=1e-3)
    np.testing.assert_allclose(run.lse, truth, atol=1e-5)


def test_pixels_do_not_influence_each_other() -> None:
    truth, _ = natural_surfaces()
    radiance = ground_radiance(300.0, truth, SKY_US76)
    whole = temperature_emissivity_separation(radiance, SKY_US76)
    one = temperature_emissivity_separation(radiance[:, 7:8], SKY_US76)
    assert one.lst[0] == whole.lst[7]
    np.testing.assert_array_equal(one.lse[:, 0], whole.lse[:, 7])


def test_more_pixels_than_a_block() -> None:
    truth = np.tile(on_the_regression(np.array([0.03, 0.2])), 40_000)
    found = temperature_emissivity_separation(ground_radiance(300.0, truth, SKY_US76), SKY_US76)
    np.testing.assert_array_equal(found.lst[::2], found.lst[0])
    np.testing.assert_array_equal(found.lst[1::2], found.lst[1])


def test_no_pixels() -> None:
    assert temperature_emissivity_separation(np.empty((5, 0)), SKY_US76).lst.shape == (0,)


def test_shapes_are_checked() -> None:
    with pytest.raises(ParameterError, match=r"\(4, 3\)"):
        temperature_emissivity_separation(np.ones((4, 3)), SKY_US76)
    with pytest.raises(ParameterError, match="sky"):
        temperature_emissivity_separation(np.ones((5, 3)), np.ones((5, 2)))


@pytest.mark.parametrize(
    "change", [{"eps_max": 1.0}, {"candidates": (0.9,)}, {"iterations": 0}, {"convergence": 0.0}]
)
def test_settings_are_checked(change: dict[str, float]) -> None:
    with pytest.raises(ParameterError):
        TesSettings(**change)  # type: ignore[arg-type]


def test_growing_corrections_are_given_up_at_once() -> None:
    """Where the sky outshines the ground each correction is larger than the one before."""
    sky = np.array([1.2, 0.2, 0.2, 0.2, 0.2]) * broadcast_band_radiance(300.0)
    truth = np.array([[0.9], [0.93], [0.94], [0.97], [0.96]])
    ground = ground_radiance(300.0, truth, sky)
    run = _nem(ground, sky[:, None], np.array([0.92]), TesSettings())
    assert not run.converged[0] and run.iterations[0] == 3
    endless = TesSettings(divergence=1e9, least_emissivity=0.0)
    blind = _nem(ground, sky[:, None], np.array([0.92]), endless)
    assert not blind.converged[0] and blind.iterations[0] > 8


def test_emissivities_that_no_surface_has_end_the_iteration() -> None:
    """The ATBD aborts outside 0.5-1: the first pass stays, and the flag tells."""
    metal = np.array([[0.3], [0.3], [0.3], [0.9], [0.95]])
    found = temperature_emissivity_separation(ground_radiance(300.0, metal, SKY_US76), SKY_US76)
    assert found.quality[0] == TesQuality.NOT_CONVERGED and found.iterations[0] == 2
    patient = TesSettings(least_emissivity=0.0)
    radiance = ground_radiance(300.0, metal, SKY_US76)
    found = temperature_emissivity_separation(radiance, SKY_US76, settings=patient)
    assert found.quality[0] == TesQuality.CONVERGED


def test_every_pixel_has_its_own_sky() -> None:
    truth, _ = natural_surfaces()
    factor = np.linspace(0.3, 1.5, truth.shape[1])
    sky = SKY_US76[:, None] * factor
    radiance = truth * broadcast_band_radiance(np.full(truth.shape[1], 300.0)) + (1 - truth) * sky
    whole = temperature_emissivity_separation(radiance, sky)
    for pixel in (0, 250, 500):
        one = temperature_emissivity_separation(radiance[:, [pixel]], sky[:, pixel])
        assert one.lst[0] == whole.lst[pixel]
        np.testing.assert_array_equal(one.lse[:, 0], whole.lse[:, pixel])
    sky[2, 7] = np.nan
    found = temperature_emissivity_separation(radiance, sky)
    assert found.quality[7] == TesQuality.FAILED and np.isfinite(np.delete(found.lst, 7)).all()


def test_a_steep_or_flat_parabola_refines_nothing() -> None:
    """V2 and V3: a minimum beyond the range, or none to speak of, gives 0.983."""
    eps = np.array([0.92, 0.95, 0.97, 0.99])

    def chosen(vertex: float, curvature: float, least: float = 0.0) -> float:
        variance = least + curvature / 2 * (eps[:, None] - vertex) ** 2
        return float(_least_variance(variance, TesSettings())[0])

    assert chosen(0.96, 0.02) == pytest.approx(0.96, abs=1e-6)
    # mean slope 0.02 * (0.955 - 0.9) = 1.1e-3 is over V2
    assert chosen(0.901, 0.02) == 0.983
    assert chosen(0.96, 0.9e-3) == 0.983
    assert chosen(0.96, 0.02, least=1.1e-4) == 0.983


def test_product_removes_the_sky_once() -> None:
    """Since 2007 no iteration and none at the end: emissivity of dark bands comes out too high."""
    quartz = np.array([[0.70], [0.72], [0.71], [0.93], [0.95]])
    radiance = ground_radiance(300.0, quartz, SKY_US76)
    product = temperature_emissivity_separation(radiance, SKY_US76, settings=TES_PRODUCT)
    standard = temperature_emissivity_separation(radiance, SKY_US76)
    assert product.iterations[0] == 1 and product.quality[0] == TesQuality.CONVERGED
    # by hand: NEM at 0.96, its ratios, the regression, the temperature of band 14
    emitted = radiance - (1.0 - 0.96) * SKY_US76[:, None]
    hottest = max(
        float(np.interp(value, row, np.arange(200.0, 400.0, 0.01)))
        for value, row in zip(
            emitted[:, 0] / 0.96, broadcast_band_radiance(np.arange(200.0, 400.0, 0.01)),
            strict=True,
        )
    )
    ratio = emitted / broadcast_band_radiance(np.array([hottest]))
    ratio /= ratio.mean()
    least = 0.994 - 0.687 * float(np.ptp(ratio)) ** 0.737
    np.testing.assert_allclose(product.lse, ratio * least / ratio.min(), atol=2e-5)
    assert product.lse[:3].min() > standard.lse[:3].max()


def test_paper_takes_low_contrast_for_grey() -> None:
    """The classifier: below MMD 0.03 the least emissivity is 0.983, a step at its border."""
    truth = on_the_regression(np.array([0.02, 0.05]))
    radiance = ground_radiance(300.0, truth, np.zeros(5))
    paper = temperature_emissivity_separation(radiance, np.zeros(5), settings=TES_1998)
    standard = temperature_emissivity_separation(radiance, np.zeros(5))
    assert paper.lse[:, 0].min() == pytest.approx(0.983, abs=1e-6)
    np.testing.assert_array_equal(paper.lse[:, 1], standard.lse[:, 1])


def test_variants_by_name() -> None:
    assert list(TES_VARIANTS) == ["standard", "product", "paper"]
    assert TES_VARIANTS["standard"] == TesSettings()


@pytest.mark.parametrize(
    ("name", "lst_k", "lse"), [("standard", 0.9, 0.0115), ("product", 1.1, 0.0165)]
)
def test_variants_on_natural_surfaces(name: str, lst_k: float, lse: float) -> None:
    truth, _ = natural_surfaces()
    radiance = ground_radiance(300.0, truth, SKY_US76)
    found = temperature_emissivity_separation(radiance, SKY_US76, settings=TES_VARIANTS[name])
    assert np.sqrt(((found.lst - 300.0) ** 2).mean()) < lst_k
    assert np.abs(found.lse - truth).mean() < lse
