"""From trials to the scores that a weight is selected by."""

from __future__ import annotations

import math
from typing import Any

import pytest

from akkd_core.distillation.weight_trials import (
    BEFORE,
    named_after_scene,
    relative_truth_errors,
    repeated_scores,
)
from akkd_core.distillation.weights import select_weight
from akkd_core.errors import DistillationError


def scores(labels: float, truth: float) -> dict[str, Any]:
    return {
        "labels": {"mae": labels, "pcc": 1 - labels / 10},
        "truth": {"mae": truth, "pcc": None},
    }


def row(scene: str, weight: float | None, repetition: Any, mae: float, truth: float) -> Any:
    return {
        "scene": scene, "weight": weight, "repetition": repetition,
        "scores": {"lst": scores(mae, truth)},
    }  # fmt: skip


ROWS = [
    row("a", None, BEFORE, 1.0, 2.0),
    row("a", 0.1, 0, 0.9, 1.8), row("a", 0.1, 1, 0.92, 1.8),
    row("a", 0.9, 0, 1.5, 1.0), row("a", 0.9, 1, 1.54, 1.0),
    row("b", None, BEFORE, 5.0, 5.0),
]  # fmt: skip


def test_scores_of_a_scene_against_labels() -> None:
    pcc, mae = repeated_scores(ROWS, "a")
    assert (pcc.metric, mae.metric) == ("pcc", "mae") and mae.before == 1.0
    assert mae.by_weight == {0.1: [0.9, 0.92], 0.9: [1.5, 1.54]}
    assert pcc.by_weight[0.9] == [0.85, pytest.approx(0.846)]
    renamed = named_after_scene([mae], "a")
    assert renamed[0].target == "lst a" and renamed[0].by_weight == mae.by_weight


def test_the_truth_selects_nothing() -> None:
    selection = select_weight(repeated_scores(ROWS, "a"))
    assert selection.recommended == 0.1
    truth = relative_truth_errors(ROWS, ["a"])
    assert truth == {0.1: pytest.approx(0.9), 0.9: pytest.approx(0.5)}
    poisoned = [
        {**one, "scores": {"lst": {**one["scores"]["lst"], "truth": {"mae": 1e9, "pcc": 1e9}}}}
        for one in ROWS
    ]
    assert select_weight(repeated_scores(poisoned, "a")) == selection


def test_scores_against_the_truth_for_comparison() -> None:
    _, mae = repeated_scores(
        [
            {**one, "scores": {"lst": {**one["scores"]["lst"], "truth": {"mae": 2.5, "pcc": 0.5}}}}
            for one in ROWS[:3]
        ],
        "a",
        "truth",
    )
    assert mae.before == 2.5 and mae.by_weight == {0.1: [2.5, 2.5]}


def test_a_training_that_diverged_is_counted() -> None:
    failed = {"scene": "a", "weight": 0.1, "repetition": 2, "scores": {}}
    mae = repeated_scores([*ROWS, failed], "a")[1]
    assert math.isnan(mae.by_weight[0.1][2])
    test = select_weight(repeated_scores([*ROWS, failed], "a")).find("lst", "mae")
    assert test is not None and test.tests[0.1].failed == 1 and test.tests[0.1].n == 2


def test_without_truth_there_is_nothing_to_show() -> None:
    real = [
        {**one, "scores": {"lst": {"labels": one["scores"]["lst"]["labels"]}}} for one in ROWS
    ]
    assert relative_truth_errors(real, ["a"]) == {}


def test_scores_need_the_small_model() -> None:
    with pytest.raises(DistillationError, match="small model"):
        repeated_scores(ROWS[1:], "a")
