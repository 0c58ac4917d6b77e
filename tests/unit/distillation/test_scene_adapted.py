"""A scene's student: which pixels it learns from, noise, fidelity, errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from akkd_core.bundle import Architecture
from akkd_core.calibration import Calibration
from akkd_core.distillation.scene_adapted import (
    TaughtPixels,
    adapt,
    adapted_error_table,
    draw,
    fidelity,
    retrieved,
    taught_pixels,
    with_noise,
)
from akkd_core.errors import DistillationError
from akkd_core.inference.retriever import Retriever
from akkd_core.physics.features import OUTPUT_NAMES
from tests.builders.joint import offset_bundle
from tests.builders.retrieval import (
    refined_bundle,
    scene_aware_bundle,
    scene_in_memory,
    simulated,
)

RNG = np.random.default_rng(3)


@pytest.fixture(scope="module")
def dn() -> np.ndarray:
    digital = simulated(90, 100, orientation_deg=0.0).dn.copy()
    digital[:, :10, :10] = 0
    # radiance of cloud tops near 215 K
    digital[:, 80:, :] = np.array([150, 160, 180, 240, 260], np.uint16)[:, None, None]
    return digital


@pytest.fixture(scope="module")
def taught(dn: np.ndarray) -> tuple[TaughtPixels, TaughtPixels]:
    scene = scene_in_memory(dn)
    teacher = Retriever(scene_aware_bundle(), "numpy")
    return taught_pixels(teacher, scene, Calibration.for_scene(scene.metadata), seed=2)


def test_the_teacher_labels_clear_pixels_as_it_retrieves_them(
    dn: np.ndarray, taught: tuple[TaughtPixels, TaughtPixels]
) -> None:
    learn, held_out = taught
    scene = scene_in_memory(dn)
    calibration = Calibration.for_scene(scene.metadata)
    (tile,) = Retriever(scene_aware_bundle(), "numpy").tiles(scene, calibration)
    clear = np.ones((90, 100), dtype=bool)
    clear[:10, :10] = clear[80:] = False
    places = np.concatenate([learn.place, held_out.place])
    np.testing.assert_array_equal(np.sort(places), np.flatnonzero(clear))
    assert not set(learn.place) & set(held_out.place)
    assert 0.1 < len(held_out) / len(places) < 0.3
    for part in taught:
        np.testing.assert_allclose(part.values[:, 0], tile.lst.ravel()[part.place], atol=1e-3)
        expected = tile.lse.reshape(5, -1).T[part.place]
        np.testing.assert_allclose(part.values[:, 1:], expected, atol=1e-5)
        bt = calibration.brightness_temperature(dn).reshape(5, -1).T
        np.testing.assert_array_equal(part.bt, bt[part.place])


def test_held_out_pixels_stand_in_blocks(taught: tuple[TaughtPixels, TaughtPixels]) -> None:
    held = np.zeros((90, 100), dtype=bool)
    held.ravel()[taught[1].place] = True
    neighbours = (held[:, 1:] & held[:, :-1]).sum() / held.sum()
    assert neighbours > 0.8


def test_a_scene_with_few_clear_pixels_is_refused(dn: np.ndarray) -> None:
    few = dn.copy()
    few[:, 20:] = 0
    few[:, :, 50:] = 0
    scene = scene_in_memory(few)
    with pytest.raises(DistillationError, match="AST_L1T_TEST: .* clear pixels are too few"):
        taught_pixels(
            Retriever(scene_aware_bundle(), "numpy"), scene, Calibration.for_scene(scene.metadata)
        )


def test_a_scene_outside_the_teachers_domain_is_refused(dn: np.ndarray) -> None:
    scene, bundle = scene_in_memory(dn), scene_aware_bundle()
    hot = replace(bundle, manifest=replace(bundle.manifest, domain={"bt_13": (390.0, 400.0)}))
    with pytest.raises(DistillationError, match="outside the domain of validity of bundle arbi"):
        taught_pixels(Retriever(hot, "numpy"), scene, Calibration.for_scene(scene.metadata))


def test_rare_temperatures_and_spectra_are_drawn() -> None:
    bt = np.full((20_000, 5), 290.0, np.float32) + RNG.normal(0, 0.1, (20_000, 5)).astype("f4")
    bt[:20] += 30
    bt[20:40, 0] -= 8
    rows = draw(bt, 400, np.random.default_rng(1))
    assert len(set(rows.tolist())) == 400
    assert (rows < 20).sum() > 15 and ((rows >= 20) & (rows < 40)).sum() > 15
    assert (rows >= 40).sum() > 150
    np.testing.assert_array_equal(rows, draw(bt, 400, np.random.default_rng(1)))
    assert sorted(draw(bt[:50], 99, np.random.default_rng(1))) == list(range(50))


def test_noise_is_the_instruments_and_more_kelvins_in_the_cold() -> None:
    warm, cold = (np.full((40_000, 5), t, np.float32) for t in (300.0, 260.0))
    rng = np.random.default_rng(1)
    spread = (with_noise(warm, 1.0, rng) - warm).std(axis=0)
    np.testing.assert_allclose(spread, 0.3, rtol=0.02)
    colder = (with_noise(cold, 0.5, rng) - cold).std(axis=0) / 0.15
    assert colder[0] == pytest.approx(1.8, abs=0.1) and colder[4] == pytest.approx(1.4, abs=0.1)
    assert with_noise(warm, 0.0, rng) is warm


def test_noise_that_leaves_no_radiance_leaves_the_pixel() -> None:
    icy = np.full((500, 5), 152.0, np.float32)
    noisy = with_noise(icy, 3.0, np.random.default_rng(1))
    assert np.isfinite(noisy).all() and (noisy == 152.0).any()


def test_the_student_follows_its_teacher_on_unseen_pixels(
    taught: tuple[TaughtPixels, TaughtPixels],
) -> None:
    pytest.importorskip("keras", reason="needs the training extra")
    learn, held_out = taught
    student = adapt(
        learn, Architecture.of((16, 16), learning_rate=5e-3), pixels=4000, epochs=12, noise=0.0,
        seed=1,
    )  # fmt: skip
    assert student.input_names == tuple(f"bt_{band}" for band in range(10, 15))
    assert student.output_names == OUTPUT_NAMES
    away = fidelity(student, held_out)
    assert away["lst"].mae < 0.1 * held_out.values[:, 0].std()
    assert away["lst"].n == len(held_out)
    assert all(away[f"lse_{band}"].mae < 0.002 for band in range(10, 15))
    found = retrieved(student, held_out.bt)
    assert away["lst"].mae == pytest.approx(np.abs(found - held_out.values)[:, 0].mean(), rel=1e-4)
    assert found[:, 1:].max() <= 1.0


def test_errors_are_the_teachers_in_this_air_and_the_departure() -> None:
    n = 5000
    bt = RNG.uniform(280, 300, (n, 5)).astype(np.float32)
    # LST: band 13 plus 2 K, LSE 0.95, as the student; the teacher differs by a known noise
    student = offset_bundle("student", 2.0).pixel_network
    values = retrieved(student, bt)
    values[:, 0] += RNG.normal(0, 0.4, n)
    errors = np.full((n, 6), 0.02, np.float32)
    errors[:, 0] = 0.3
    pixels = TaughtPixels(bt, values, errors, np.ones(n, bool), np.arange(n))
    table = adapted_error_table(student, pixels, pixels)
    lst = np.linspace(200, 400, 50, dtype=np.float32)
    # a retriever without an atmosphere asks at transmittance 0
    errors = table.lookup(lst, np.zeros(50, np.float32))
    assert np.isfinite(errors).all()
    np.testing.assert_allclose(errors[0], 0.5, atol=0.02)
    np.testing.assert_allclose(errors[1:], 0.02, rtol=1e-3)
    # a teacher that is less sure of what is warmer
    warm = errors_of(values, 0.3, 0.9)
    told = adapted_error_table(student, replace(pixels, errors=warm), pixels)
    low, high = told.lookup(np.array([285.0, 295.0], np.float32), np.zeros(2, np.float32))[0]
    assert 0.5 < low < high < np.hypot(0.9, 0.42)


def errors_of(values: np.ndarray, cold: float, warm: float) -> np.ndarray:
    errors = np.full((len(values), 6), 0.02, np.float32)
    errors[:, 0] = np.where(values[:, 0] < 290, cold, warm)
    return errors


def test_a_teacher_that_sees_surroundings_labels_as_it_retrieves(dn: np.ndarray) -> None:
    scene = scene_in_memory(dn)
    calibration = Calibration.for_scene(scene.metadata)
    teacher = Retriever(refined_bundle(), "numpy")
    (tile,) = teacher.tiles(scene, calibration)
    for part in taught_pixels(teacher, scene, calibration, seed=2):
        np.testing.assert_allclose(part.values[:, 0], tile.lst.ravel()[part.place], atol=2e-3)
        expected = tile.lse.reshape(5, -1).T[part.place]
        np.testing.assert_allclose(part.values[:, 1:], expected, atol=2e-5)
