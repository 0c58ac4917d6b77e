"""Outside the training domain pixels are flagged and errors grow; inside nothing changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from akkd_core.bundle import ModelBundle
from akkd_core.calibration import Calibration
from akkd_core.inference import context as contexts
from akkd_core.inference import retriever as retrievers
from akkd_core.inference.context import SceneContext, make_context
from akkd_core.inference.domain import (
    INVERTED_LIMIT_SD,
    MEASURED_LIMIT_SD,
    FeatureDomain,
    closure_departure,
    grown,
)
from akkd_core.inference.pixel_sample import PixelSample
from akkd_core.inference.retriever import Retriever
from akkd_core.inference.statistics_check import StatisticsCheck, statistics_check
from akkd_core.physics.features import REFERENCE, decode_atmosphere
from akkd_core.physics.local_features import SPATIAL_FEATURES, local_features
from akkd_core.physics.planck import planck_radiance
from akkd_core.physics.scene_statistics import STATISTIC_NAMES, scene_statistics
from akkd_core.quality import qc_field
from akkd_core.sensors import aster_tir
from akkd_core.simulation.scenes import dn_to_radiance, radiance_to_dn
from tests.builders.retrieval import (
    refined_bundle,
    scene_aware_bundle,
    scene_in_memory,
    simulated,
)

UCC = Calibration.from_ucc(aster_tir().ucc)


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    """With the scales of the real training sets for what is measured, near enough."""
    made = refined_bundle()
    network, manifest = made.pixel_network, made.manifest
    scale = network.input_scale.copy()
    for column, name in enumerate(SPATIAL_FEATURES):
        if name.endswith("minus_13"):
            scale[column] = 1.5
    network = replace(network, input_scale=scale)
    inputs = tuple(
        replace(variable, scale=float(value))
        for variable, value in zip(manifest.pixel.inputs, scale, strict=True)
    )
    pixel = replace(manifest.pixel, inputs=inputs)
    return replace(made, pixel_network=network, manifest=replace(manifest, pixel=pixel))


def test_a_feature_is_measured_in_its_own_scale_and_limit(bundle: ModelBundle) -> None:
    network = bundle.pixel_network
    domain = FeatureDomain.of(network)
    count = network.n_pixel_inputs
    limits = [
        INVERTED_LIMIT_SD if "ground" in name or "sky" in name else MEASURED_LIMIT_SD
        for name in SPATIAL_FEATURES
    ]
    assert (limits.count(INVERTED_LIMIT_SD), len(limits)) == (16, 35)
    features = np.tile(network.input_mean[:count], (count + 1, 1))
    steps = network.input_scale[:count] * np.array(limits, np.float32)
    features[:count] += np.diag(2.0 * steps * np.where(np.arange(count) % 2, 1.0, -1.0))
    np.testing.assert_allclose(domain.departure(features), [2.0] * count + [0.0], rtol=1e-4)


def test_the_limit_of_closure_widens_with_opacity() -> None:
    misfit = np.zeros((4, 5), dtype=np.float32)
    misfit[:, 2] = (3.0, -3.0, 3.0 + 4.0 * np.log(2.0), np.nan)
    tau = np.array([1.0, 0.5, 0.5, 0.9], dtype=np.float32)
    found = closure_departure(misfit, tau)
    np.testing.assert_allclose(found[:3], [1.0, 3.0 / (3.0 + 4.0 * np.log(2.0)), 1.0], rtol=1e-5)
    assert found[3] == np.inf


def test_errors_grow_beyond_the_limit_and_only_there() -> None:
    errors = np.full((5, 6), 0.8, dtype=np.float32)
    away = np.array([0.0, 0.999, 1.5, 4.0, np.inf], dtype=np.float32)
    other = np.array([0.3, 1.0, 1.2, 8.0, 0.1], dtype=np.float32)
    found = grown(errors, away, other)
    np.testing.assert_allclose(found[:, 0], 0.8 * np.array([1.0, 1.0, 1.5, 8.0, 1.0]), rtol=1e-6)
    assert found.dtype == np.float32
    steps = grown(np.ones((50, 6), np.float32), np.linspace(0.0, 5.0, 50, dtype=np.float32))
    assert (np.diff(steps[:, 0]) >= 0).all()


def retrieved(bundle: ModelBundle, dn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """QC and error of LST."""
    (tile,) = Retriever(bundle, "numpy").tiles(scene_in_memory(dn), UCC)
    assert tile.lst_err is not None
    return tile.qc, tile.lst_err


@pytest.fixture(scope="module")
def dn() -> np.ndarray:
    return simulated(60, 60, orientation_deg=0.0, land_cover="crops", daytime=True, seed=8).dn


@pytest.fixture
def any_closure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arbitrary weights don't close."""
    monkeypatch.setattr(
        retrievers, "quick_closure", lambda values, bt, around: np.zeros_like(bt)
    )
    monkeypatch.setattr(StatisticsCheck, "passes", lambda check, statistics: True)


def flagged(qc: np.ndarray) -> np.ndarray:
    return qc_field("out_of_domain").decode(qc) == 1


def with_fire(dn: np.ndarray, share: float) -> np.ndarray:
    """A share of pixels in the middle of the scene at 1000 K."""
    radiance = dn_to_radiance(dn)
    fire = planck_radiance(aster_tir().effective_wavelength_um, 1000.0)[:, None, None]
    here = np.s_[:, 28:31, 28:31]
    radiance[here] = (1.0 - share) * radiance[here] + 0.7 * share * fire
    return radiance_to_dn(radiance)


@pytest.mark.usefixtures("any_closure")
def test_a_fire_is_outside_and_its_error_large(bundle: ModelBundle, dn: np.ndarray) -> None:
    before, error_before = retrieved(bundle, dn)
    qc, error = retrieved(bundle, with_fire(dn, 0.03))
    assert flagged(before).mean() < 0.01
    middle = np.s_[28:31, 28:31]
    assert np.isfinite(error).all()
    assert flagged(qc)[middle].all() and not flagged(qc)[:20].any()
    assert (qc_field("lst_accuracy").decode(qc[middle]) == 0).all()
    assert (error[middle] > 1.2 * error_before[middle]).all()


@pytest.mark.usefixtures("any_closure")
def test_ground_unlike_any_is_outside(bundle: ModelBundle, dn: np.ndarray) -> None:
    """Band 14 sees 15 K less than band 13."""
    strange = dn.copy()
    strange[4, 28:31, 28:31] = strange[4, 28:31, 28:31] * 0.75
    qc, _ = retrieved(bundle, strange)
    assert flagged(qc)[28:31, 28:31].all() and flagged(qc).mean() < 0.1


def test_what_does_not_close_is_outside(
    bundle: ModelBundle, dn: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StatisticsCheck, "passes", lambda check, statistics: True)

    def misfit(values: np.ndarray, bt: np.ndarray, around: object) -> np.ndarray:
        out = np.zeros_like(bt)
        out[:100, 1] = -60.0
        return out

    monkeypatch.setattr(retrievers, "quick_closure", lambda v, bt, a: np.zeros_like(bt))
    _, plain = retrieved(bundle, dn)
    monkeypatch.setattr(retrievers, "quick_closure", misfit)
    qc, error = retrieved(bundle, dn)
    assert flagged(qc).ravel()[:100].all() and flagged(qc).ravel()[100:].mean() < 0.01
    np.testing.assert_array_equal(error.ravel()[100:], plain.ravel()[100:])
    assert (error.ravel()[:100] > 2.0 * plain.ravel()[:100]).all()


def test_bundles_without_a_refinement_are_as_they_were(
    dn: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("asked")

    monkeypatch.setattr(retrievers, "quick_closure", refuse)
    monkeypatch.setattr(contexts, "statistics_check", refuse)
    qc, _ = retrieved(scene_aware_bundle(), dn)
    assert (qc != 65535).all()


BANDS = [(band, sign) for band in range(5) for sign in (1.0, -1.0)]


@pytest.fixture(scope="module")
def images() -> list[np.ndarray]:
    """Brightness temperatures of scenes that the check was not fitted on."""
    return [
        UCC.brightness_temperature(simulated(64, 64, orientation_deg=0.0, seed=seed).dn)
        for seed in range(20, 28)
    ]


@pytest.mark.parametrize(("band", "sign"), BANDS)
def test_a_band_that_is_3_k_off_is_seen(
    images: list[np.ndarray], band: int, sign: float
) -> None:
    check = statistics_check()
    passed = []
    for bt in images:
        off = bt.copy()
        off[band] += 3.0 * sign
        pixels, shifted = (image.reshape(5, -1).T for image in (bt, off))
        assert check.passes(scene_statistics(pixels))
        passed.append(check.passes(scene_statistics(shifted)))
    assert sum(passed) <= 1


def test_scenes_with_a_band_off_are_outside(
    bundle: ModelBundle, images: list[np.ndarray]
) -> None:
    bt = images[0]

    def inside(image: np.ndarray) -> bool:
        pixels = np.ascontiguousarray(image.reshape(5, -1).T)
        local = np.ascontiguousarray(local_features(image).reshape(14, -1).T)
        statistics = scene_statistics(pixels)
        sample = PixelSample(pixels[:200], local[:200])
        return make_context(wide(bundle), statistics, sample=lambda: sample).in_domain

    off = bt.copy()
    off[1] += 3.0
    assert inside(bt) and not inside(off)


def wide(bundle: ModelBundle) -> ModelBundle:
    """Its scene network knows any statistics."""
    scene, spec = bundle.scene_network, bundle.manifest.scene
    assert scene is not None and spec is not None
    scale = scene.input_scale.copy()
    scale[: len(STATISTIC_NAMES)] = 1000.0
    inputs = tuple(
        replace(variable, scale=float(value))
        for variable, value in zip(spec.inputs, scale, strict=True)
    )
    manifest = replace(bundle.manifest, scene=replace(spec, inputs=inputs))
    return replace(
        bundle, manifest=manifest, scene_network=replace(scene, input_scale=scale)
    )


def test_numbers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="doesn't fit"):
        replace(statistics_check(), mean=np.zeros(3, np.float32))


@pytest.mark.usefixtures("any_closure")
def test_opacity_is_that_of_the_refined_atmosphere(
    bundle: ModelBundle, dn: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """QC bits 8-9 in all four classes, whatever the first guess was."""
    real, seen, wanted = retrievers.make_context, [], [0.0]

    def forced(*arguments: object) -> SceneContext:
        context = real(*arguments)  # type: ignore[arg-type]
        assert context.transmittance is not None and context.scene is not None
        refined = decode_atmosphere(context.scene[:15])[0]
        np.testing.assert_allclose(context.transmittance, refined, rtol=1e-5)
        tau = context.transmittance.copy()
        tau[REFERENCE] = wanted[0]
        seen.append(float(refined[REFERENCE]))
        return replace(context, transmittance=tau)

    opacity = qc_field("opacity")
    monkeypatch.setattr(retrievers, "make_context", forced)
    for wanted[0], expected in ((0.3, 0), (0.5, 1), (0.7, 2), (0.9, 3)):
        qc, _ = retrieved(bundle, dn)
        assert (opacity.decode(qc) == expected).all()
    monkeypatch.setattr(retrievers, "make_context", real)
    qc, _ = retrieved(bundle, dn)
    assert (opacity.decode(qc) == np.digitize(seen[0], (0.4, 0.6, 0.8))).all()
