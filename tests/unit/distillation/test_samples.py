"""Pixels to learn from and pixels held out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from akkd_core.distillation.samples import (
    PixelSamples,
    held_out_blocks,
    pooled_samples,
    scene_samples,
    split_scene,
    target_names,
)
from akkd_core.errors import DistillationError, ParameterError
from akkd_core.physics.features import OUTPUT_NAMES
from tests.builders.distillation import BIAS_K, labelled_scene


def test_targets_by_their_word() -> None:
    assert target_names("joint") == OUTPUT_NAMES
    assert target_names("lst") == ("lst",)
    assert target_names("lse12") == ("lse_12",)
    with pytest.raises(ParameterError, match="choose joint"):
        target_names("emissivity")


def test_held_out_pixels_come_in_blocks() -> None:
    mask = held_out_blocks((50, 40), block=10, share=0.3, seed=2)
    assert mask.shape == (50, 40)
    blocks = mask.reshape(5, 10, 4, 10)
    assert ((blocks.all(axis=(1, 3))) | (~blocks.any(axis=(1, 3)))).all(), "whole or not at all"
    assert mask.mean() == pytest.approx(0.3)
    assert not np.array_equal(mask, held_out_blocks((50, 40), block=10, share=0.3, seed=3))
    with pytest.raises(ParameterError, match="nothing to hold out"):
        held_out_blocks((8, 8), block=12)


def test_a_scene_is_split_without_overlap_and_without_unlabelled_pixels() -> None:
    scene = labelled_scene()
    learn, held_out = split_scene(scene, ("lst",), block=6, share=0.25, seed=1)
    assert len(learn) + len(held_out) == int(scene.label_valid.sum()) == 24 * 24 - 9
    both = np.concatenate([learn.x, held_out.samples.x])
    assert len(np.unique(both, axis=0)) == len(both), "no pixel is on both sides"


def test_labels_and_truth_belong_to_their_pixels() -> None:
    scene = labelled_scene()
    found = scene_samples(scene, ("lst", "lse_12"))
    assert found.truth is not None and scene.lst is not None
    error = found.labels - found.truth
    np.testing.assert_allclose(error[:, 0], BIAS_K, atol=0.051)
    np.testing.assert_allclose(error[:, 1], 0.0, atol=0.00051)
    row, col = 20, 5
    place = int(scene.label_valid[:row].sum()) + int(scene.label_valid[row, :col].sum())
    np.testing.assert_array_equal(found.x[place], scene.bt[:, row, col])
    assert found.truth[place, 0] == scene.lst[row, col]
    assert scene.lse is not None and found.truth[place, 1] == scene.lse[2, row, col]
    np.testing.assert_array_equal(found.base[:, 0], found.x[:, 3])
    assert not found.base[:, 1].any() and found.output_add == ("bt_13", None)


def test_scenes_without_truth_have_samples_without_truth() -> None:
    real = replace(labelled_scene(), lst=None, lse=None)
    assert scene_samples(real, ("lst",)).truth is None
    mixed = pooled_samples([real, labelled_scene(seed=1)], ("lst",), most_per_scene=100)
    assert mixed.truth is None and len(mixed) == 200


def test_no_scene_has_more_than_its_share() -> None:
    scenes = [labelled_scene(seed=seed) for seed in (1, 2)]
    found = pooled_samples(scenes, ("lst",), most_per_scene=50, seed=4)
    assert len(found) == 100
    again = pooled_samples(scenes, ("lst",), most_per_scene=50, seed=4)
    np.testing.assert_array_equal(found.x, again.x)


def test_what_cannot_be_learned_from_is_refused() -> None:
    scene = labelled_scene()
    nowhere = np.zeros(scene.grid.shape, dtype=bool)
    with pytest.raises(DistillationError, match="no pixel"):
        scene_samples(scene, ("lst",), nowhere)
    with pytest.raises(DistillationError, match="no scene"):
        pooled_samples([], ("lst",), most_per_scene=10)
    x, y = np.ones((3, 5), np.float32), np.ones((3, 1), np.float32)
    with pytest.raises(DistillationError, match="not finite"):
        PixelSamples(("lst",), x, y * np.float32(np.nan))
    with pytest.raises(DistillationError, match="truth"):
        PixelSamples(("lst",), x, y, np.ones((2, 1), np.float32))
