"""Closure: what was retrieved, put into the equation again, against the measurement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from akkd_core.bundle import ModelBundle
from akkd_core.calibration import Calibration
from akkd_core.errors import BundleMismatchError, InputError
from akkd_core.inference.closure import closure, quick_closure, require_atmosphere
from akkd_core.inference.context import SceneContext
from akkd_core.inference.retriever import Retriever
from akkd_core.physics.planck import band_radiance, brightness_temperature
from akkd_core.sensors import aster_tir
from tests.builders.joint import offset_bundle
from tests.builders.retrieval import (
    refined_bundle,
    scene_aware_bundle,
    scene_in_memory,
    simulated,
)

TAU = np.array([0.66, 0.75, 0.81, 0.85, 0.85])
PATH = np.array([1.66, 1.26, 0.99, 0.93, 0.97])
DOWN = np.array([2.84, 2.16, 1.71, 1.58, 1.63])
AIR = SceneContext.of_air(TAU, PATH, DOWN)
MOIST = SceneContext.of_air(TAU * 0.6, PATH * 2.0, DOWN * 1.8)


def seen(lst: float, lse: np.ndarray, tau: np.ndarray, path: np.ndarray, down: np.ndarray):
    """Brightness temperature by the equation, written anew."""
    ground = lse * band_radiance(np.full(5, lst)) + (1.0 - lse) * down
    return brightness_temperature(tau * ground + path)


def test_is_nothing_where_all_is_true_and_tells_what_is_not() -> None:
    lse = np.array([0.95, 0.94, 0.93, 0.97, 0.98])
    measured = seen(302.0, lse, TAU, PATH, DOWN)
    bt = np.tile(measured, (3, 1)).astype(np.float32)
    bt[1, 0] += 3.0
    values = np.tile([302.0, *lse], (3, 1)).astype(np.float32)
    values[2, 0] += 1.0
    found = closure(values, bt, [(np.ones(3, np.float32), AIR)])
    assert found.shape == (3, 5) and found.dtype == np.float32
    np.testing.assert_allclose(found[0], 0.0, atol=1e-3)
    np.testing.assert_allclose(found[1], [-3.0, 0, 0, 0, 0], atol=1e-3)
    warmer = seen(303.0, lse, TAU, PATH, DOWN) - measured
    assert 0.5 < warmer.min() < warmer.max() < 1.0
    np.testing.assert_allclose(found[2], warmer, atol=1e-3)


def test_the_quick_one_is_near() -> None:
    rng = np.random.default_rng(5)
    lst = rng.uniform(240.0, 330.0, 500)
    lse = rng.uniform(0.6, 1.0, (500, 5))
    values = np.column_stack([lst, lse]).astype(np.float32)
    bt = (lst[:, None] + rng.normal(-3.0, 3.0, (500, 5))).astype(np.float32)
    share = rng.random(500).astype(np.float32)
    around = [(share, AIR), (1 - share, MOIST)]
    exact, quick = closure(values, bt, around), quick_closure(values, bt, around)
    assert quick.dtype == np.float32 and np.abs(exact).max() > 5.0
    assert np.abs(quick - exact).max() < 0.05
    nowhere = quick_closure(values * np.float32("nan"), bt, around)
    assert np.isnan(nowhere).all()


def test_contexts_are_blended_in_radiance() -> None:
    lse = np.full(5, 0.96)
    both = [
        band_radiance(seen(295.0, lse, *(getattr(c, n) for n in (
            "transmittance", "path_radiance", "downwelling_radiance"))))
        for c in (AIR, MOIST)
    ]  # fmt: skip
    bt = brightness_temperature(0.25 * both[0] + 0.75 * both[1])[None].astype(np.float32)
    shares = (np.full(1, 0.25, np.float32), np.full(1, 0.75, np.float32))
    values = np.array([[295.0, *lse]], dtype=np.float32)
    found = closure(values, bt, list(zip(shares, (AIR, MOIST), strict=True)))
    np.testing.assert_allclose(found, 0.0, atol=2e-3)


def test_what_was_not_retrieved_has_none() -> None:
    values = np.array([[np.nan] * 6, [290.0, *[0.9] * 5]], dtype=np.float32)
    found = closure(values, np.full((2, 5), 285.0, np.float32), [(np.ones(2, np.float32), AIR)])
    assert np.isnan(found[0]).all() and np.isfinite(found[1]).all()


@pytest.fixture(scope="module")
def dn() -> np.ndarray:
    dn = simulated(40, 50, seed=8).dn.copy()
    dn[:, 20:24, 30:40] = 0
    return dn


def layer_of(bundle: ModelBundle, dn: np.ndarray, **options: object) -> np.ndarray:
    out = np.zeros(dn.shape, np.float32)
    retriever = Retriever(bundle, "numpy")
    calibration = Calibration.from_ucc(aster_tir().ucc)
    for tile in retriever.tiles(
        scene_in_memory(dn), calibration, with_closure=True, **options,  # type: ignore[arg-type]
    ):  # fmt: skip
        assert tile.closure is not None
        rows, cols = tile.lst.shape
        out[:, tile.row : tile.row + rows, tile.col : tile.col + cols] = tile.closure
        np.testing.assert_array_equal(np.isnan(tile.closure).all(axis=0), np.isnan(tile.lst))
    return out


def test_tiles_give_what_the_whole_gives(dn: np.ndarray) -> None:
    bundle = refined_bundle()
    whole, tiled = (layer_of(bundle, dn, tile_size=size) for size in (4096, 32))
    np.testing.assert_array_equal(np.isnan(whole), np.isnan(tiled))
    assert np.nanmax(np.abs(whole - tiled)) < 3e-3
    assert np.nanstd(whole) > 0.1


def test_without_being_asked_for_there_is_none(dn: np.ndarray) -> None:
    tiles = Retriever(scene_aware_bundle(), "numpy").tiles(
        scene_in_memory(dn), Calibration.from_ucc(aster_tir().ucc)
    )
    assert all(tile.closure is None for tile in tiles)


def test_a_bundle_without_an_atmosphere_is_refused(dn: np.ndarray) -> None:
    pixel_only = offset_bundle("pixels", 1.0)
    with pytest.raises(BundleMismatchError, match="leave --closure out"):
        layer_of(pixel_only, dn)
    with pytest.raises(BundleMismatchError, match="scene network"):
        require_atmosphere([pixel_only, pixel_only])
    require_atmosphere([pixel_only, scene_aware_bundle()])


def test_a_tile_of_another_shape_is_refused(dn: np.ndarray) -> None:
    (tile,) = Retriever(scene_aware_bundle(), "numpy").tiles(
        scene_in_memory(dn), Calibration.from_ucc(aster_tir().ucc), with_closure=True
    )
    assert tile.closure is not None
    with pytest.raises(InputError, match="closure"):
        replace(tile, closure=tile.closure[:4])
