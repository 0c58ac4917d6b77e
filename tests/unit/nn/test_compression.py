"""Compression in miniature: a student follows its teacher, or the truth, as its weight says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from akkd_core.bundle import Architecture, Network
from akkd_core.errors import OperationCancelled, ParameterError, TrainingError
from akkd_core.nn.teacher_samples import TeacherSamples
from tests.builders import bundles

pytest.importorskip("keras", reason="needs the training extra")

from akkd_core.nn.compression import (  # noqa: E402
    CompressionOptions,
    compress,
    pixel_multiply_adds,
)
from akkd_core.nn.early_stopping import judge  # noqa: E402
from akkd_core.nn.learning_curve import LearningCurve  # noqa: E402

TEACHER = bundles.network((24, 24))
SMALL = Architecture.of((12, 8), "relu", learning_rate=0.01)
OPTIONS = CompressionOptions(TEACHER.output_names, 1.0, 6, batch_scenes=8)


def _samples(scenes: int, seed: int, *, shift: float = 0.5) -> TeacherSamples:
    """Truth lies `shift` standard deviations above the teacher."""
    rng = np.random.default_rng(seed)
    n, m, pixels = TEACHER.n_pixel_inputs, TEACHER.n_scene_inputs, 20
    z = rng.normal(size=(scenes, pixels, n)).astype(np.float32)
    w = rng.normal(size=(scenes, m)).astype(np.float32)
    pixel = z * TEACHER.input_scale[:n] + TEACHER.input_mean[:n]
    scene = w * TEACHER.input_scale[n:] + TEACHER.input_mean[n:]
    wide = np.broadcast_to(scene[:, None], (scenes, pixels, m))
    rows = np.concatenate([pixel, wide], axis=-1).reshape(-1, n + m)
    teacher = TEACHER.forward(rows).reshape(scenes, pixels, -1).astype(np.float32)
    return TeacherSamples(pixel, scene, teacher, teacher + shift * TEACHER.output_scale)


TRAIN, HELD_OUT = _samples(256, 1), _samples(32, 2)


def _compress(folder: Path, progress: Any = None, **changes: Any) -> Network:
    train = changes.pop("train", TRAIN)
    return compress(
        TEACHER, train, HELD_OUT, folder, architecture=SMALL,
        options=replace(OPTIONS, **changes), progress=progress,
    )  # fmt: skip


def _departure(network: Network, samples: TeacherSamples) -> np.ndarray:
    """Mean departure from the teacher by output, in standard deviations."""
    wide = np.broadcast_to(
        samples.scene[:, None], (*samples.pixel.shape[:2], samples.scene.shape[1])
    )
    rows = np.concatenate([samples.pixel, wide], axis=-1).reshape(-1, network.n_inputs)
    away = network.forward(rows) - samples.teacher.reshape(-1, network.n_outputs)
    return (away / network.output_scale).mean(0)


def test_a_student_of_weight_1_follows_the_teacher_and_needs_no_truth(tmp_path: Path) -> None:
    student = _compress(tmp_path / "a", epochs=4)
    curve = LearningCurve(tmp_path / "a" / "learning_curve.csv").columns()
    assert curve["loss"][-1] < 0.7 * curve["loss"][0]
    assert np.abs(_departure(student, HELD_OUT)).max() < 0.15
    other = replace(TRAIN, truth=TRAIN.truth + 30 * TEACHER.output_scale)
    again = _compress(tmp_path / "b", train=other, epochs=4)
    for a, b in zip(student.kernels, again.kernels, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_a_student_of_weight_0_follows_the_truth(tmp_path: Path) -> None:
    departure = _departure(_compress(tmp_path, teacher_weight=0.0, epochs=4), HELD_OUT)
    np.testing.assert_allclose(departure, 0.5, atol=0.15)


def test_inputs_outputs_and_scaling_are_the_teachers(tmp_path: Path) -> None:
    student = _compress(tmp_path, epochs=1)
    assert student.input_names == TEACHER.input_names
    assert student.n_pixel_inputs == TEACHER.n_pixel_inputs
    assert student.output_add == TEACHER.output_add
    np.testing.assert_array_equal(student.output_scale, TEACHER.output_scale)
    assert [kernel.shape[1] for kernel in student.kernels] == [12, 8, student.n_outputs]


def test_the_validation_error_is_that_of_the_kept_weights(tmp_path: Path) -> None:
    student = _compress(tmp_path, epochs=2)
    curve = LearningCurve(tmp_path / "learning_curve.csv").columns()
    wide = np.broadcast_to(HELD_OUT.scene[:, None], (32, 20, HELD_OUT.scene.shape[1]))
    rows = np.concatenate([HELD_OUT.pixel, wide], axis=-1).reshape(-1, student.n_inputs)
    kept = judge(curve, student.output_names, 0).kept_epoch - 1
    away = np.abs(student.forward(rows) - HELD_OUT.teacher.reshape(len(rows), -1)).mean(0)
    for column, name in enumerate(student.output_names):
        assert away[column] == pytest.approx(curve[f"val_mae_{name}"][kept], rel=1e-3), name
    error = np.abs(student.forward(rows)[:, 0] - HELD_OUT.truth[..., 0].ravel()).mean()
    assert error == pytest.approx(curve["val_truth_mae_lst"][kept], rel=1e-3)


class _CancelAfter:
    def __init__(self, epochs: int) -> None:
        self.epochs, self.seen = epochs, 0

    def update(self, fraction: float, message: str = "") -> None:
        self.seen += message.startswith("epoch")

    def cancelled(self) -> bool:
        return self.seen >= self.epochs


def test_a_cancelled_run_goes_on_to_the_same_end(tmp_path: Path) -> None:
    whole = _compress(tmp_path / "whole", epochs=2)
    with pytest.raises(OperationCancelled):
        _compress(tmp_path / "cut", _CancelAfter(1), epochs=2)
    resumed = _compress(tmp_path / "cut", epochs=2)
    for a, b in zip(whole.kernels, resumed.kernels, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)
    with pytest.raises(TrainingError, match="other options"):
        _compress(tmp_path / "cut", epochs=2, teacher_weight=0.5)


def test_the_scenes_share_of_the_first_layer_costs_a_pixel_nothing() -> None:
    n, m, out = TEACHER.n_pixel_inputs, TEACHER.n_scene_inputs, TEACHER.n_outputs
    assert m > 0
    assert pixel_multiply_adds(TEACHER) == n * 24 + 24 * 24 + 24 * out
    assert TEACHER.multiply_adds() - pixel_multiply_adds(TEACHER) == m * 24


@pytest.mark.parametrize(
    "wrong", [{"teacher_weight": 1.1}, {"teacher_weight": -0.1}, {"epochs": 0}, {"patience": -1}]
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="give"):
        replace(OPTIONS, **wrong)
