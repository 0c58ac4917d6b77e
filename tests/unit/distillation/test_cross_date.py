"""The teacher's weight by labels of other dates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from akkd_core.distillation.cross_date import (
    CrossDate,
    fold_of,
    mean_labels,
    mean_truth,
    mixing_weight,
    scene_biases,
    teacher_weight_of,
    weight_interval,
)
from akkd_core.distillation.goc import label_weight
from akkd_core.distillation.mixing import mix
from akkd_core.errors import DistillationError
from akkd_core.simulation.archive_scene import ArchiveScene
from tests.builders.distillation import labelled_scene, quick_plan

PLAN = quick_plan(teacher_epochs=6)


def _rows(label_sd: float, teacher_sd: float, dates: int, places: int = 40) -> list[dict[str, Any]]:
    """Scene biases of labels and of a teacher that is wrong alike on all dates of a place."""
    rng = np.random.default_rng(1)
    rows = []
    for place in range(places):
        labels = rng.normal(0, label_sd, dates)
        teacher = rng.normal(0, teacher_sd)
        for date in range(dates):
            others = (labels.sum() - labels[date]) / (dates - 1)
            own, taught = (np.array([value - others]) for value in (labels[date], teacher))
            rows.append(
                {
                    "scene": f"{place}-{date}",
                    "place": place,
                    "dates": {"lse_10": mix(own, taught).to_json()},
                    "labels": {"lst": 1.0, "lse_10": 0.02, "lse_11": 0.04},
                    "truth": {},
                }
            )
    return rows


@pytest.mark.parametrize(("dates", "places"), [(2, 900), (6, 250)])
def test_the_weight_is_that_of_the_true_variances_however_noisy_other_dates_are(
    dates: int, places: int
) -> None:
    rows = _rows(0.02, 0.01, dates, places)
    # best of two independent errors: 0.02**2 / (0.02**2 + 0.01**2)
    assert mixing_weight(rows) == pytest.approx(0.8, abs=0.07)
    low, high = weight_interval(rows)
    assert low < mixing_weight(rows) < high and high - low < 0.2
    assert mean_labels(rows, "lse") == pytest.approx(0.03)
    assert mean_truth(rows, "lst") is None
    own, taught, _ = scene_biases(rows)
    assert own == pytest.approx(0.02 * np.sqrt(dates / (dates - 1)), rel=0.1)
    assert taught == pytest.approx(np.hypot(0.01, 0.02 / np.sqrt(dates - 1)), rel=0.1)


def test_a_worthless_teacher_gets_little() -> None:
    assert mixing_weight(_rows(0.01, 0.1, 6, places=300)) < 0.05


def test_the_students_labels_keep_what_the_mixture_asks_for() -> None:
    for weight in (0.0, 0.19, 0.64, 1.0):
        assert label_weight(teacher_weight_of(weight), 2) == pytest.approx(1.0 - weight)


def test_folds_share_places_out() -> None:
    folds = fold_of([f"p{i}" for i in range(10)], 3, 1)
    assert sorted(np.bincount(list(folds.values())).tolist()) == [3, 3, 4]
    assert folds != fold_of([f"p{i}" for i in range(10)], 3, 2)


def _dated(place: int, date: int) -> ArchiveScene:
    """A place whose labels of emissivity are off by another value on each date."""
    scene = labelled_scene(f"training-{place}-d{date}", "training", seed=place)
    off = np.float32((0.02, -0.02)[date])
    return replace(scene, label_lse=np.clip(scene.label_lse + off, 0, 1))


def test_teachers_are_compared_on_places_that_they_never_saw() -> None:
    pytest.importorskip("keras", reason="needs the training extra")
    scenes = [_dated(place, date) for place in range(4) for date in range(2)]
    judge = CrossDate(lambda: scenes, PLAN, 1)
    rows = [row for number in range(3) for row in judge.fold(number)]
    assert sorted(row["scene"] for row in rows) == sorted(scene.name for scene in scenes)
    for row in rows:
        sign = 1 if row["scene"].endswith("d0") else -1
        # both dates are off, one up and one down
        assert row["dates"]["lse_12"]["own_bias"] == pytest.approx(0.04 * sign, abs=3e-3)
        assert row["truth"]["lse_12"]["own_bias"] == pytest.approx(0.02 * sign, abs=1e-3)
        assert set(row["labels"]) == set(row["truth"])
    # without truth the same comes of labels
    blind = [replace(scene, lst=None, lse=None) for scene in scenes]
    for row, known in zip(CrossDate(lambda: blind, PLAN, 1).fold(0), rows, strict=False):
        assert row == {**known, "truth": {}}
    # a teacher that saw both dates of others is between them: most of the weight is its
    assert mixing_weight(rows) > 0.3
    with pytest.raises(DistillationError, match="--dates"):
        CrossDate(lambda: scenes[::2], quick_plan(), 1)
