"""The mask's parts: growth, distance, margins, classes; tiles give the same as the whole."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from akkd_core.calibration import Calibration
from akkd_core.inference import cloud_mask
from akkd_core.inference.cloud_mask import (
    CLEAR,
    CLOUDY,
    DISTANCE_LIMIT_M,
    MARGIN,
    MaskOptions,
    distance_to,
    grow,
    margin_of,
    mask_tile,
    padded_window,
)
from akkd_core.inference.retriever import Retriever
from akkd_core.inference.windows import Window
from akkd_core.physics.cloud_features import (
    PIXEL_NAMES,
    WINDOW_NAMES,
    pixel_features,
    window_features,
)
from tests.builders.retrieval import scene_aware_bundle, scene_in_memory, simulated


def _logits_of(monkeypatch, logits):
    class Fixed:
        def logits(self, pixels, window):
            return logits.reshape(3, -1)

    monkeypatch.setattr(cloud_mask, "cloud_classifier", lambda: Fixed())


def test_grow_takes_in_a_disk():
    mask = np.zeros((9, 9), dtype=bool)
    mask[4, 4] = True
    y, x = np.mgrid[-4:5, -4:5]
    np.testing.assert_array_equal(grow(mask, 2), x**2 + y**2 <= 4)
    np.testing.assert_array_equal(grow(mask, 0), mask)


def test_distance_is_euclid_s_up_to_the_limit():
    mask = np.random.default_rng(1).random((90, 140)) < 0.002
    expected = np.minimum(ndimage.distance_transform_edt(~mask) * 90.0, DISTANCE_LIMIT_M)
    np.testing.assert_allclose(distance_to(mask, 90.0), expected, rtol=1e-5)
    assert (distance_to(np.zeros((5, 7), dtype=bool), 90.0) == DISTANCE_LIMIT_M).all()


def test_margin_ends_at_the_raster():
    assert padded_window(Window(0, 100, 50, 40), 60, 150, 16) == Window(0, 84, 60, 66)
    assert margin_of(MaskOptions(), 90.0) == MARGIN
    assert margin_of(MaskOptions(distance=True), 90.0) == MARGIN + 56


def test_classes_are_certainties_and_grow(monkeypatch):
    logits = np.full((3, 20, 20), -9.0, dtype=np.float32)
    logits[0, :, :10] = 9.0  # cloudy
    logits[1, :, 15:] = 9.0  # water
    _logits_of(monkeypatch, logits)
    whole = Window(0, 0, 20, 20)
    bt = np.full((5, 20, 20), 290.0, dtype=np.float32)
    bt[2, 5, 5] = np.nan
    around = [(np.ones((20, 20), np.float32), np.zeros(len(WINDOW_NAMES), np.float32))]
    mask = mask_tile(bt, whole, whole, around, 90.0, with_distance=True)
    assert (mask.classes[0, :9] == CLOUDY).all()
    # a margin of three columns beside cloud
    assert (mask.classes[0, 10:13] == cloud_mask.PROBABLY_CLEAR).all()
    assert (mask.classes[0, 13:] == CLEAR).all()
    assert mask.classes[5, 5] == CLEAR
    assert (mask.water_snow[:, 15:] == cloud_mask.WATER).all()
    assert (mask.water_snow[:, :15] == cloud_mask.NOTHING).all()
    assert mask.distance_m[0, 9] == 0.0
    assert mask.distance_m[0, 19] == pytest.approx(90.0 * (19 - np.flatnonzero(
        mask.classes[0] >= cloud_mask.PROBABLY_CLOUDY).max()))  # fmt: skip


def test_features_see_pixels_and_neighbourhoods():
    rng = np.random.default_rng(2)
    bt = rng.normal(290.0, 2.0, (5, 40, 50)).astype(np.float32)
    bt[0, 7, 8] = np.nan
    features, valid = pixel_features(bt)
    named = dict(zip(PIXEL_NAMES, features, strict=True))
    assert not valid[7, 8] and valid.sum() == valid.size - 1
    box = bt[3, 19:22, 29:32]
    assert named["mean3_bt_13"][20, 30] == pytest.approx(box.mean() - 290.0, abs=1e-3)
    assert named["bt_13_minus_mean3"][20, 30] == pytest.approx(bt[3, 20, 30] - box.mean(), abs=1e-3)
    assert named["log_sd9"][20, 30] == pytest.approx(np.log(bt[3, 16:25, 26:35].std()), abs=1e-3)
    difference = (bt[4] - bt[3])[19:22, 29:32].mean()
    assert named["mean3_bt_14_minus_13"][20, 30] == pytest.approx(difference, abs=1e-3)
    # what isn't valid is left out, and nothing lies beyond the edge
    near = np.isfinite(bt[0])[6:9, 7:10]
    assert named["mean3_bt_13"][7, 9] == pytest.approx(
        (bt[3, 6:9, 8:11][np.isfinite(bt[0])[6:9, 8:11]]).mean() - 290.0, abs=1e-3
    )
    assert near.sum() == 8
    assert named["mean3_bt_13"][0, 0] == pytest.approx(bt[3, :2, :2].mean() - 290.0, abs=1e-3)


def test_window_features_are_of_the_window():
    pixels = np.zeros((len(PIXEL_NAMES), 400), dtype=np.float32)
    pixels[0] = np.arange(400)
    pixels[7] = np.where(np.arange(400) < 100, -2.0, 1.0)
    found = dict(zip(WINDOW_NAMES, window_features(pixels, False, 300.0), strict=True))
    assert found["q50_bt_13"] == 200.0 and found["q98_bt_13"] == 392.0
    assert found["class0_bt_10_minus_13"] == -2.0 and found["class3_bt_10_minus_13"] == 1.0
    assert found["daytime"] == -1.0 and found["air_temperature"] == pytest.approx(10.0)
    assert found["air_temperature_known"] == 1.0
    unknown = dict(zip(WINDOW_NAMES, window_features(pixels[:, :2], None), strict=True))
    assert unknown["daytime"] == 0.0 and unknown["air_temperature_known"] == 0.0


def test_tiles_give_the_distance_of_the_whole():
    made = simulated(150, 170, cloud_cover=0.2, cloud_kind="deep", seed=8)
    scene = scene_in_memory(made.dn)
    retriever = Retriever(scene_aware_bundle(), runtime="numpy")
    planes = []
    for size in (4096, 64):
        plane = np.zeros(made.dn.shape[1:], dtype=np.float32)
        for tile in retriever.tiles(
            scene, Calibration.for_scene(scene.metadata), tile_size=size,
            options=MaskOptions(distance=True),
        ):  # fmt: skip
            rows, cols = tile.lst.shape
            plane[tile.row : tile.row + rows, tile.col : tile.col + cols] = tile.cloud_distance
        planes.append(plane)
    np.testing.assert_allclose(planes[0], planes[1], atol=0.01)
    inside = np.isfinite(made.lst)
    np.testing.assert_array_equal(np.isfinite(planes[0]), inside)
    deep = made.cloud_optical_depth > 3.0
    assert (planes[0][deep] == 0).mean() > 0.9 and np.nanmax(planes[0]) > 500.0
