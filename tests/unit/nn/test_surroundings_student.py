"""A student of a teacher that sees surroundings: it learns of it, or of the truth, as is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from akkd_core.bundle import Architecture, ModelBundle
from akkd_core.errors import BundleMismatchError, ParameterError, TrainingError
from akkd_core.nn.early_stopping import judge
from akkd_core.nn.learning_curve import LearningCurve
from akkd_core.nn.options import SurroundingsArchitectures, SurroundingsStudentOptions
from akkd_core.physics.features import OUTPUT_NAMES
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.materials import materials
from akkd_core.simulation.profile_errors import shipped_told_air
from akkd_core.simulation.training_set import SceneRecipe, TrainingSet, simulate_training_set
from tests.builders.retrieval import refined_bundle, scene_aware_bundle
from tests.builders.surroundings import FACTOR, SHAPE, bundle_of, untrained_bundle

keras = pytest.importorskip("keras", reason="needs the training extra")

from akkd_core.nn.surroundings_batches import SurroundingsBatches  # noqa: E402
from akkd_core.nn.surroundings_restore import restore_surroundings  # noqa: E402
from akkd_core.nn.surroundings_student import (  # noqa: E402
    _criterion,
    _criterion_of_air,
    train_surroundings_student,
)
from akkd_core.nn.surroundings_teacher import (  # noqa: E402
    SurroundingsTeacher,
    export_surroundings,
)

SMALL = SurroundingsArchitectures(
    Architecture.of((12,), learning_rate=0.01),
    Architecture.of((16,)),
    Architecture.of((6,)),
    Architecture.of((8,)),
)
OPTIONS = SurroundingsStudentOptions(epochs=6, batch_scenes=6, loss_pixels=24, **SHAPE)
COUNT = len(OUTPUT_NAMES)
WRONG_K = 20.0

Sets = tuple[TrainingSet, TrainingSet]


@pytest.fixture(scope="module")
def sets() -> Sets:
    """Of a truth that is wrong: no teacher says so."""
    recipe, rows = SceneRecipe(shape=(20, 20), pixels=24, cloud_share=0.3), np.arange(200)
    train = simulate_training_set(
        shipped_atmospheres("climates").select(rows), materials("train"), 150, recipe=recipe,
        told_air=shipped_told_air("climates").select(rows), seed=1, workers=1,
    )  # fmt: skip
    held_out = simulate_training_set(
        shipped_atmospheres("train").of_split("validation").select(rows[:40]),
        materials("validation"), 40, recipe=recipe, seed=2, workers=1,
    )  # fmt: skip
    return replace(train, lst=train.lst + np.float32(WRONG_K)), held_out


@pytest.fixture(scope="module")
def teacher(sets: Sets) -> ModelBundle:
    """Of scenes whose truth is right."""
    return untrained_bundle(replace(sets[0], lst=sets[0].lst - np.float32(WRONG_K)))


def _fit(
    teacher: ModelBundle, sets: Sets, folder: Path, progress: Any = None, **changes: Any
) -> SurroundingsTeacher:
    return train_surroundings_student(
        restore_surroundings(teacher), *sets, folder, options=replace(OPTIONS, **changes),
        architectures=SMALL, facts={"teacher": "t"}, progress=progress,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("student")


@pytest.fixture(scope="module")
def student(teacher: ModelBundle, sets: Sets, folder: Path) -> SurroundingsTeacher:
    return _fit(teacher, sets, folder)


@pytest.fixture(scope="module")
def answers(teacher: ModelBundle, student: SurroundingsTeacher, sets: Sets) -> tuple[Any, Any]:
    """What teacher and student say of the validation set, in one batch."""
    options = replace(OPTIONS, batch_scenes=len(sets[1]))
    feeds, _ = SurroundingsBatches(sets[1], student.scaling, options, shuffle=False)[0]
    found = [one.model(feeds, training=False) for one in (restore_surroundings(teacher), student)]
    large, small = ({name: np.asarray(v) for name, v in one.items()} for one in found)
    return large, small


def test_a_restored_teacher_is_the_one_that_was_exported(
    teacher: ModelBundle, sets: Sets
) -> None:
    restored = restore_surroundings(teacher)
    again = bundle_of(vars(export_surroundings(restored, FACTOR)))
    for part, network in teacher.networks().items():
        other = again.networks()[part]
        assert network is not None and other is not None
        assert network.activations == other.activations
        for one, two in zip(
            (*network.kernels, *network.biases), (*other.kernels, *other.biases), strict=True
        ):
            np.testing.assert_array_equal(one, two)
        for name in ("input_mean", "input_scale", "output_mean", "output_scale"):
            np.testing.assert_allclose(getattr(network, name), getattr(other, name), rtol=1e-6)
    # the heads as trained: retrieval tells them times the factor
    assert restored.model.get_layer("pixel_out").units == 2 * COUNT


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("sample", {"output_mean": 0.5}),
        ("sample", {"kernels": 2.0}),
        ("pixel", {"output_add": (None,) * 12}),
        ("refinement", {"input_scale": 2.0}),
    ],
)
def test_bundles_of_another_form_are_refused(
    teacher: ModelBundle, part: str, change: dict[str, Any]
) -> None:
    networks = {name: net for name, net in teacher.networks().items() if net is not None}
    old = networks[part]
    ((name, value),) = change.items()
    if name == "kernels":
        value = (*old.kernels[:-1], value * old.kernels[-1])
    elif name != "output_add":
        value = getattr(old, name) + np.float32(value)
    networks[part] = replace(old, **{name: value})
    with pytest.raises(BundleMismatchError, match="not of the form"):
        restore_surroundings(bundle_of(networks))


def test_other_kinds_of_bundles_are_refused() -> None:
    with pytest.raises(BundleMismatchError, match="no refinement network"):
        restore_surroundings(scene_aware_bundle())
    with pytest.raises(BundleMismatchError, match="not of the form"):
        restore_surroundings(refined_bundle())  # takes no profile


def test_a_student_of_weight_1_learns_its_teacher_and_not_the_truth(
    answers: tuple[Any, Any], sets: Sets
) -> None:
    large, small = answers
    away = np.abs(small["targets"] - large["targets"])[..., 0].mean()
    spread = np.abs(large["targets"] - large["targets"].mean((0, 1)))[..., 0].mean()
    wrong = np.abs(small["targets"][..., 0] - sets[1].lst - WRONG_K).mean()
    assert away < 0.4 * spread and away < 0.3 * wrong
    # its heads learn of the truth's departures all the same
    assert np.exp(small["targets"][..., COUNT]).mean() > 0.5 * WRONG_K


def test_the_curve_tells_departures_from_goals_and_truth(
    answers: tuple[Any, Any], sets: Sets, folder: Path
) -> None:
    curve = LearningCurve(folder / "learning_curve.csv").columns()
    for name in ("targets_loss", "atmosphere_loss", "first_guess_loss"):
        assert curve[name][-1] < 0.8 * curve[name][0], name
    kept = judge(curve, OUTPUT_NAMES, 0).kept_epoch - 1
    large, small = (answer["targets"] for answer in answers)
    for i, name in enumerate(OUTPUT_NAMES):
        away = np.abs(small[..., i] - large[..., i]).mean()
        assert curve[f"val_mae_{name}"][kept] == pytest.approx(away, rel=1e-3), name
    away = np.abs(small[..., 0] - sets[1].lst).mean()
    assert curve["val_truth_mae_lst"][kept] == pytest.approx(away, rel=1e-3)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_errors_are_weighted_as_said_and_heads_see_the_truth(weight: float) -> None:
    truth = np.array([[[300.0, *[0.95] * 5]]], dtype=np.float32)
    told = [0.3] * COUNT
    predicted = np.array(
        [[[302.0, *[0.91] * 5, *told, 299.0, *[0.94] * 5]]], dtype=np.float32
    )
    away = {"truth": 2.0 + 5 * 0.2 * 2.0, "teacher": 3.0 + 5 * 0.2 * 1.5}
    expected = (1 - weight) * away["truth"] + weight * away["teacher"]
    expected += 0.1 * (2.0 * np.exp(-0.3) + 0.3)
    found = float(_criterion(weight, 0.1)(keras.ops.array(truth), keras.ops.array(predicted)))
    assert found == pytest.approx(expected, rel=1e-4)
    # of the air: square errors
    air = np.concatenate([np.full((1, 15), 2.0), np.full((1, 15), 5.0)], axis=1).astype("f4")
    found = float(_criterion_of_air(weight)(keras.ops.zeros((1, 15)), keras.ops.array(air)))
    assert found == pytest.approx((1 - weight) * 4.0 + weight * 9.0)


def test_another_run_in_the_same_folder_is_refused(
    teacher: ModelBundle, student: SurroundingsTeacher, sets: Sets, folder: Path
) -> None:
    with pytest.raises(TrainingError, match="other options"):
        _fit(teacher, sets, folder, teacher_weight=0.5)


@pytest.mark.parametrize(
    "wrong", [{"teacher_weight": 1.1}, {"teacher_weight": -0.1}, {"epochs": 0}, {"patience": -1}]
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="give"):
        replace(OPTIONS, **wrong)
