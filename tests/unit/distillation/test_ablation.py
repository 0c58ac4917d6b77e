"""Scores are taken on held-out pixels alone, against their original labels and the truth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras", reason="needs the training extra")

from akkd_core.bundle.network import Network  # noqa: E402
from akkd_core.distillation import chain, scoring  # noqa: E402
from akkd_core.distillation.ablation import ablate_scene, variants  # noqa: E402
from akkd_core.distillation.chain import distil, train_label_teacher  # noqa: E402
from akkd_core.distillation.ensemble import columns, merge  # noqa: E402
from akkd_core.distillation.predicted_error import ErrorTeacher, SigmaModel  # noqa: E402
from akkd_core.distillation.samples import held_out_blocks, split_scene  # noqa: E402
from akkd_core.distillation.scoring import score_labels, score_values  # noqa: E402
from tests.builders.distillation import BIAS_K, labelled_scene, quick_plan  # noqa: E402

PLAN = quick_plan(("lst", "lse_12"), block=6)
SCENE = labelled_scene()


@pytest.fixture(scope="module")
def teacher() -> Network:
    scenes = [labelled_scene(f"training-{seed}", "training", seed) for seed in (1, 2)]
    return train_label_teacher(scenes, PLAN, 1)


@pytest.fixture(scope="module")
def plain(teacher: Network) -> dict[str, Any]:
    return ablate_scene(SCENE, teacher, PLAN, (0.3, 0.7), 1)


def test_every_step_is_scored_against_both(plain: dict[str, Any]) -> None:
    assert tuple(plain["scores"]) == variants((0.3, 0.7))
    for name, by_target in plain["scores"].items():
        assert set(by_target) == {"lst", "lse_12"}
        for by_reference in by_target.values():
            assert set(by_reference) == ({"truth"} if name == "labels" else {"labels", "truth"})
    labels = plain["scores"]["labels"]["lst"]["truth"]
    assert labels["bias"] == pytest.approx(BIAS_K, abs=0.01)
    small = plain["scores"]["small"]["lst"]
    assert small["truth"]["bias"] - small["labels"]["bias"] == pytest.approx(BIAS_K, abs=0.01)
    mixed = plain["mixing"]["lst"]
    assert mixed["labels"]["own_bias"] == pytest.approx(BIAS_K, abs=0.01)
    assert mixed["small"]["mae"][0] == pytest.approx(small["truth"]["mae"], rel=1e-5)
    teacher = plain["scores"]["teacher"]["lst"]["truth"]
    assert mixed["small"]["mae"][-1] == pytest.approx(teacher["mae"], rel=1e-5)


def test_the_ceiling_and_predicted_errors_come_beside(
    teacher: Network, plain: dict[str, Any]
) -> None:
    other = replace(teacher, biases=(*teacher.biases[:-1], teacher.biases[-1] + 1))
    members = merge([teacher, other])
    errors = ErrorTeacher(
        columns(members, members.output_names[2:]), SigmaModel((1.5, 0.02), (1.0, 0.0))
    )
    assert SCENE.lst is not None
    known = replace(SCENE, label_lst=SCENE.lst.copy())
    found = ablate_scene(SCENE, teacher, PLAN, (0.3, 0.7), 1, None, errors, known)
    best = found["scores"].pop("ceiling")
    assert found["scores"] == plain["scores"]
    # the ceiling learns what is true, and is scored against the original labels as all are
    assert best["lst"]["labels"]["bias"] == pytest.approx(-BIAS_K, abs=0.6)
    assert found["mixing"]["lst"]["ceiling"]["mae"][-1] == pytest.approx(
        best["lst"]["truth"]["mae"], rel=1e-5
    )
    told = found["told"]["student 0.7"]
    sd = float(teacher.output_scale[0]) / np.sqrt(2)
    assert told["lst"]["mean"] == pytest.approx(np.hypot(1.5, sd), rel=1e-3)
    assert told["lst"]["mae"] == pytest.approx(
        plain["scores"]["student 0.7"]["lst"]["truth"]["mae"], rel=1e-5
    )
    assert told["lse_12"]["mean"] == pytest.approx(0.02) and 0 <= told["lse_12"]["within"] <= 1


def test_composite_labels_never_enter_a_score(
    teacher: Network, plain: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, held_out = split_scene(SCENE, PLAN.targets, block=6, share=1 / 3, seed=1)
    seen: list[np.ndarray] = []
    real_metrics, real_composite = scoring.metrics, chain.composite_label

    def watching(estimate: np.ndarray, reference: np.ndarray) -> Any:
        seen.append(reference)
        return real_metrics(estimate, reference)

    def poisoned(*given: Any) -> np.ndarray:
        mixed: np.ndarray = real_composite(*given) + 40.0
        return mixed

    monkeypatch.setattr(scoring, "metrics", watching)
    monkeypatch.setattr(chain, "composite_label", poisoned)
    found = ablate_scene(SCENE, teacher, PLAN, (0.3, 0.7), 1)
    references = [held_out.samples.labels, held_out.samples.truth]
    assert len(seen) == (len(variants((0.3, 0.7))) * 2) * 2
    for reference in seen:
        assert any(
            np.array_equal(reference, values[:, column])
            for values in references
            if values is not None
            for column in (0, 1)
        )
    for name, scores in plain["scores"].items():
        if name.startswith("student"):
            # trained on the poison, judged by the labels: far from them
            assert scores != found["scores"][name]
        else:
            assert scores == found["scores"][name]


def test_held_out_pixels_never_enter_training(teacher: Network) -> None:
    held = held_out_blocks(SCENE.grid.shape, block=6, share=1 / 3, seed=1)
    lst, lse = SCENE.label_lst.copy(), SCENE.label_lse.copy()
    lst[held], lse[:, held] = 350.0, 0.5
    other = replace(SCENE, label_lst=lst, label_lse=lse)
    found = []
    for scene in (SCENE, other):
        learn, _ = split_scene(scene, PLAN.targets, block=6, share=1 / 3, seed=1)
        found.append(distil(learn, teacher, PLAN, 1))
    for name in found[0]:
        for one, two in zip(found[0][name].kernels, found[1][name].kernels, strict=True):
            np.testing.assert_array_equal(one, two)


def test_truth_never_enters_training(teacher: Network, plain: dict[str, Any]) -> None:
    assert SCENE.lst is not None and SCENE.lse is not None
    other = replace(SCENE, lst=SCENE.lst + np.float32(10), lse=SCENE.lse * np.float32(0.5))
    found = ablate_scene(other, teacher, PLAN, (0.3, 0.7), 1)
    for name, by_target in plain["scores"].items():
        for target, by_reference in by_target.items():
            if "labels" in by_reference:
                assert found["scores"][name][target]["labels"] == by_reference["labels"]
    real = ablate_scene(replace(SCENE, lst=None, lse=None), teacher, PLAN, (0.3,), 1)
    assert real["mixing"] == {} and real["scores"]["labels"] == {}
    assert set(real["scores"]["student 0.3"]["lst"]) == {"labels"}


def test_scores_by_hand() -> None:
    _, held_out = split_scene(SCENE, ("lst",), block=6, share=1 / 3, seed=1)
    off = held_out.samples.labels + np.float32(2.0)
    off[::2] -= np.float32(3.0)
    found = score_values(off, held_out)["lst"]["labels"]
    half = (len(held_out) + 1) // 2 / len(held_out)
    assert found["n"] == len(held_out)
    assert found["bias"] == pytest.approx(2.0 - 3.0 * half, abs=1e-4)
    assert found["mae"] == pytest.approx(half * 1.0 + (1 - half) * 2.0, abs=1e-4)
    assert found["rmse"] == pytest.approx((half + (1 - half) * 4.0) ** 0.5, abs=1e-4)
    assert score_labels(held_out)["lst"]["truth"]["bias"] == pytest.approx(BIAS_K, abs=0.01)


def test_a_full_weight_makes_the_student_the_teacher_s(teacher: Network) -> None:
    plan = replace(
        PLAN, teacher_weight=1.0, small_epochs=30, goc_epochs=60, dataset_epochs=60,
        teacher_architecture=PLAN.small_architecture,
    )  # fmt: skip
    learn, held_out = split_scene(SCENE, PLAN.targets, block=6, share=1 / 3, seed=1)
    networks = distil(learn, teacher, plan, 1)
    x = held_out.samples.x
    taught = chain.predict(teacher, x)[:, 0]
    far = np.abs(chain.predict(networks["small"], x)[:, 0] - taught).mean()
    near = np.abs(chain.predict(networks["student"], x)[:, 0] - taught).mean()
    assert near < 0.5 * far
