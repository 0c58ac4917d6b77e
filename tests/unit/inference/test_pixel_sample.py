"""The sample of a scene's pixels: which, and what their surroundings tell."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from akkd_core.calibration import Calibration
from akkd_core.errors import InputError
from akkd_core.images import Scene
from akkd_core.inference.pixel_sample import (
    SAMPLE_PIXELS,
    PixelSample,
    ThinnedMask,
    evenly,
    sample_of,
)
from akkd_core.inference.scene_contexts import SceneContexts
from akkd_core.inference.windows import Window
from akkd_core.physics.local_features import local_features
from akkd_core.progress import SilentProgress
from tests.builders.retrieval import scene_in_memory, simulated


@pytest.fixture(scope="module")
def scene() -> Scene:
    dn = simulated(60, 70, orientation_deg=0.0).dn.copy()
    dn[:, 20:23, 30:33] = 0
    dn[2, 0, 0] = 0
    return scene_in_memory(dn)


def temperatures(scene: Scene) -> NDArray[np.float32]:
    return Calibration.for_scene(scene.metadata).brightness_temperature(scene.dn)


@pytest.mark.parametrize("count", [513, 1000, 512 * 415, 145_250, 160_000])
def test_pixels_are_chosen_evenly(count: int) -> None:
    chosen = evenly(count)
    assert len(chosen) == SAMPLE_PIXELS == 512
    assert (np.diff(chosen) > 0).all() and 0 <= chosen[0] and chosen[-1] < count
    assert np.abs(chosen / (count / 512) - np.arange(512)).max() <= 1.0
    for cols in (415, 350, 512):
        if count > 100_000:
            share, _ = np.histogram(chosen % cols, bins=8, range=(0, cols))
            assert share.min() > 48 and share.max() < 80


def test_few_pixels_are_all_taken() -> None:
    assert np.array_equal(evenly(64), np.arange(64))
    assert np.array_equal(evenly(10, 4), evenly(10, 4))


def test_surroundings_are_those_in_the_image(scene: Scene) -> None:
    """At the raster's border and beside invalid pixels, too."""
    bt = temperatures(scene)
    place = np.flatnonzero(np.isfinite(bt).all(axis=0))[:: 70 * 60 // 400]
    place = np.union1d(place, [1, 69, 59 * 70, 60 * 70 - 1, 22 * 70 + 29])
    assert len(place) <= SAMPLE_PIXELS
    found = sample_of(scene, Calibration.for_scene(scene.metadata), place)()
    assert np.array_equal(found.bt, bt.reshape(5, -1)[:, place].T)
    expected = local_features(bt).reshape(14, -1)[:, place].T
    np.testing.assert_allclose(found.local, expected, atol=2e-3)
    assert np.isfinite(found.local).all()


def test_hidden_pixels_are_no_ones_surroundings(scene: Scene) -> None:
    bt = temperatures(scene)
    hidden = np.zeros((60, 70), dtype=bool)
    hidden[30:40, 10:30] = True
    cells = ThinnedMask(Window(0, 0, 60, 70), 2, hidden[::2, ::2])
    place = np.flatnonzero(np.isfinite(bt).all(axis=0) & ~hidden)[::9]
    found = sample_of(scene, Calibration.for_scene(scene.metadata), place, cells)()
    expected = local_features(np.where(hidden, np.nan, bt)).reshape(14, -1)[:, place].T
    np.testing.assert_allclose(found.local, expected, atol=2e-3)
    plain = sample_of(scene, Calibration.for_scene(scene.metadata), place)()
    assert np.abs(plain.local - found.local).max() > 0.05


def test_a_mask_ends_as_at_its_border() -> None:
    cells = ThinnedMask(Window(10, 20, 5, 5), 2, np.eye(3, dtype=bool))
    row, col = np.array([10, 11, 12, 0, 99, 14]), np.array([20, 21, 20, 0, 99, 24])
    assert cells.at(row, col).tolist() == [True, True, False, True, True, True]


def test_it_is_taken_once_and_only_when_asked(scene: Scene) -> None:
    class Counting:
        calls = 0

        def brightness_temperature(self, samples: NDArray[np.uint16]) -> NDArray[np.float32]:
            self.calls += 1
            return samples.astype(np.float32)

        def flags(self, samples: NDArray[np.uint16]) -> NDArray[np.uint8]:
            raise AssertionError

    calibration = Counting()
    take = sample_of(scene, calibration, np.arange(100, 300))
    assert calibration.calls == 0
    assert take() is take()
    assert calibration.calls == 1


def test_an_empty_or_odd_sample_is_refused() -> None:
    with pytest.raises(InputError, match="sample"):
        PixelSample(np.zeros((0, 5), np.float32), np.zeros((0, 14), np.float32))
    with pytest.raises(InputError, match="sample"):
        PixelSample(np.zeros((3, 5), np.float32), np.zeros((3, 13), np.float32))


@pytest.mark.parametrize("side", [100, 410])
def test_a_windows_sample_is_clear_and_sees_no_cloud(side: int) -> None:
    """Larger windows are thinned; the sample is of full resolution all the same."""
    ground = simulated(side, side, orientation_deg=0.0, land_cover="crops", daytime=True, seed=8)
    dn = ground.dn.copy()
    rows = np.s_[side // 4 : side // 2]
    dn[:, rows] = np.array([150, 160, 180, 240, 260], np.uint16)[:, None, None]
    scene = scene_in_memory(dn)
    bt = temperatures(scene)
    contexts = SceneContexts(
        scene,
        Calibration.for_scene(scene.metadata),
        lambda statistics, window, sample: sample(),
        SilentProgress(),
    )
    found, _ = contexts.found[0]
    assert len(found.bt) == 512
    cloudy = np.zeros((side, side), dtype=bool)
    cloudy[rows] = True
    by_bt = {tuple(values): place for place, values in enumerate(bt.reshape(5, -1).T.tolist())}
    place = np.array([by_bt[tuple(values)] for values in found.bt.tolist()])
    assert not cloudy.ravel()[place].any()
    expected = local_features(np.where(cloudy, np.nan, bt)).reshape(14, -1)[:, place].T
    beside = np.abs(place // side - (side // 4 - 3)) <= 2
    assert beside.sum() >= 3
    # the mask is told for every step-th pixel: a row more may be hidden than is cloud
    tolerance = 2e-3 if side == 100 else 0.7
    around = slice(8, 12)
    assert np.abs(found.local[beside, around] - expected[beside, around]).max() < tolerance
