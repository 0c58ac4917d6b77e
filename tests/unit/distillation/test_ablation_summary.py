"""Scores of many scenes in a few numbers."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest

from akkd_core.distillation.ablation_report import explain, make_report, to_csv, to_text
from akkd_core.distillation.ablation_summary import entries, mixing_summary, told
from akkd_core.distillation.mixing import mix
from akkd_core.errors import ParameterError


def scores(mae: float, bias: float = 0.0) -> dict[str, Any]:
    one = {"n": 10, "bias": bias, "mae": mae, "rmse": 2 * mae, "pcc": 0.5}
    return {"labels": {**one, "mae": 3 * mae}, "truth": one}


def row(scene: str, seed: int, small: float, student: float) -> dict[str, Any]:
    return {
        "scene": scene,
        "seed": seed,
        "scores": {
            "labels": {"lst": {"truth": scores(1.0)["truth"]}},
            "small": {"lst": scores(small), "lse_10": scores(0.01), "lse_11": scores(0.03)},
            "student 0.3": {
                "lst": scores(student, -0.5), "lse_10": scores(0.01), "lse_11": scores(0.01),
            },
        },
        "mixing": {
            "lst": {
                "labels": mix(np.full(5, 1.0), np.full(5, -1.0)).to_json(),
                "small": mix(np.full(5, small), np.full(5, -small)).to_json(),
            }
        },
    }  # fmt: skip


ROWS = [
    row("a", 1, 1.0, 0.5), row("a", 2, 1.2, 0.7), row("b", 1, 2.0, 2.5), row("b", 2, 2.0, 2.3),
    row("c", 1, 0.6, 0.3), row("c", 2, 0.8, 0.3),
]  # fmt: skip


def find(found: Any, variant: str, quantity: str, reference: str) -> Any:
    chosen = [
        e for e in found if (e.variant, e.quantity, e.reference) == (variant, quantity, reference)
    ]
    assert len(chosen) == 1
    return chosen[0]


def test_means_over_seeds_then_scenes() -> None:
    found = entries(ROWS)
    small = find(found, "small", "lst", "truth")
    student = find(found, "student 0.3", "lst", "truth")
    assert small.scenes == 3 and small.mae.value == pytest.approx((1.1 + 2.0 + 0.7) / 3)
    assert student.mae.value == pytest.approx((0.6 + 2.4 + 0.3) / 3)
    assert student.gain.value == pytest.approx(100 * (3.8 - 3.3) / 3.8)
    assert student.better_scenes == 2 and student.absolute_bias == pytest.approx(0.5)
    assert small.gain.value == 0.0 and (small.gain.low, small.gain.high) == (0.0, 0.0)
    against_labels = find(found, "student 0.3", "lst", "labels")
    assert against_labels.mae.value == pytest.approx(3 * student.mae.value)


def test_emissivity_is_the_mean_of_the_bands() -> None:
    found = entries(ROWS)
    assert find(found, "small", "lse", "truth").mae.value == pytest.approx(0.02)
    assert find(found, "student 0.3", "lse", "truth").gain.value == pytest.approx(50.0)
    # the labels have no score against themselves, and none of emissivity was given
    assert [e.reference for e in found if e.variant == "labels"] == ["truth"]


def test_the_interval_is_paired_over_scenes() -> None:
    student = find(entries(ROWS), "student 0.3", "lst", "truth")
    # resampled scenes: all three b at worst, all three c at best
    assert student.gain.low == pytest.approx(-20.0, abs=0.1)
    assert student.gain.high == pytest.approx(100 * 0.4 / 0.7, abs=0.1)
    assert student.mae.low < student.mae.value < student.mae.high
    alone = find(entries(ROWS[:2]), "student 0.3", "lst", "truth")
    assert np.isnan(alone.gain.low) and alone.to_json()["gain"]["low"] is None


def test_scenes_that_a_choice_was_made_on_are_left_out_beside() -> None:
    report = make_report(ROWS, ["b", "elsewhere"])
    assert report.left_out == ("b",) and report.seeds == 2
    assert find(report.entries, "small", "lst", "truth").scenes == 3
    assert find(report.unselected, "small", "lst", "truth").scenes == 2
    text = to_text(report)
    assert "without b, that the weight was selected on" in text
    assert "LST, K, against truth, mean over 3 scenes and 2 seeds:" in text
    with pytest.raises(ParameterError, match="no scene"):
        entries(ROWS, ["a", "b", "c"])


def test_why_the_gain_is_what_it_is() -> None:
    found = mixing_summary(ROWS, "lst", "small")
    assert found is not None and found.scenes == 3
    assert found.own_mae == pytest.approx(3.8 / 3) and found.common_weight == 0.5
    assert found.common_mae == pytest.approx(0.0, abs=1e-12)
    assert mixing_summary(ROWS, "lse", "small") is None
    lines = explain(make_report(ROWS))
    assert "best common teacher weight 0.5" in lines[0] and "100.0 %" in lines[0]
    blind = [{**one, "mixing": {}} for one in ROWS]
    assert explain(make_report(blind)) == []


def test_csv_has_every_score() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(ROWS))))
    # labels once, small and student three targets twice
    assert len(rows) == len(ROWS) * (1 + 2 * 3 * 2)
    first = rows[1]
    assert (first["scene"], first["variant"], first["against"]) == ("a", "small", "labels")
    assert float(first["mae"]) == 3.0


def test_predicted_errors_are_summed_up_over_scenes() -> None:
    rows = [
        {
            "scene": f"s{i}", "seed": seed,
            "told": {"teacher": {"lst": {
                "mean": 1.0 + i, "mae": 2.0 + 2 * i, "correlation": 0.5, "within": 0.6 + 0.1 * seed,
            }}},
        }
        for i in range(3)
        for seed in (0, 1)
    ]  # fmt: skip
    (one,) = told(rows)
    assert (one.variant, one.quantity) == ("teacher", "lst")
    assert (one.sigma, one.mae) == pytest.approx((2.0, 4.0))
    assert one.over_scenes == pytest.approx(1.0) and one.within_scenes == pytest.approx(0.5)
    assert one.covered == pytest.approx(0.65)
    assert told([{"scene": "a"}]) == ()


@pytest.mark.filterwarnings("error")
def test_a_predicted_error_that_is_the_same_everywhere_has_no_correlation() -> None:
    rows = [
        {**one, "told": {"teacher": {"lst": {
            "mean": 1.0, "mae": 2.0 + number, "correlation": None, "within": 0.6,
        }}}}
        for number, one in enumerate(ROWS)
    ]  # fmt: skip
    (one,) = told(rows)
    assert np.isnan(one.within_scenes) and np.isnan(one.over_scenes)
    assert one.to_json()["over_scenes"] is None and one.covered == pytest.approx(0.6)
    (line,) = [line for line in explain(make_report(rows)) if "one-sigma" in line]
    assert "correlation undefined over a scene's pixels, undefined over scenes" in line
