"""The cloud mask judged: hit and false-alarm rates hold on scenes of known cloud."""

from __future__ import annotations

import json

import numpy as np
import pytest

from akkd_core.errors import ParameterError
from akkd_core.inference.cloud_mask import CLOUDY, WATER, CloudMask
from akkd_core.inference.retriever import Retriever
from akkd_core.operations.validate_cloud import run, score_lines
from akkd_core.simulation.cloud_scenes import cloud_air, draw_cloudy_scene
from akkd_core.validation import cloud_scores
from akkd_core.validation.cloud_scores import (
    CloudScores,
    cold_screen,
    judged_scenes,
    mask_scene,
)
from tests.builders.retrieval import refined_bundle


@pytest.fixture(scope="module")
def scores() -> CloudScores:
    found = CloudScores()
    for scene in judged_scenes(24, 40):
        found.add(scene, mask_scene(scene))
    return found


def test_rates_by_day_and_night(scores) -> None:
    day, night = (scores.groups["all", "all scenes", d] for d in (True, False))
    assert day.scenes + night.scenes == 24 and min(day.scenes, night.scenes) > 5
    assert day.hit_rate > 0.75 and night.hit_rate > 0.6
    assert day.false_alarm_rate < 0.15 and night.false_alarm_rate < 0.15
    assert day.thin_hit_rate < day.hit_rate


@pytest.mark.parametrize(("kind", "least"), [("deep", 0.97), ("middle", 0.85)])
def test_cold_cloud_over_warm_ground_is_found(kind, least) -> None:
    air, table = cloud_air("judge")
    rates = []
    for seed in range(4):
        scene = draw_cloudy_scene(
            np.random.default_rng([9, seed]), air, table, (120, 120), cover=0.4, kind=kind,
            land_cover="crops", daytime=True,
        )  # fmt: skip
        rates.append((mask_scene(scene).classes >= 2)[scene.cloudy].mean())
    assert np.mean(rates) > least


def test_counts_are_of_pixels() -> None:
    air, table = cloud_air("judge")
    scene = draw_cloudy_scene(
        np.random.default_rng(1), air, table, (64, 64), cover=0.5, land_cover="water"
    )
    classes = np.where(scene.cloudy, CLOUDY, 0).astype(np.uint8)
    water = np.where((scene.water_fraction > 0.5) & scene.clear, WATER, 0).astype(np.uint8)
    found = CloudScores()
    found.add(scene, CloudMask(classes, water))
    (counts,) = (found.groups["land cover", "water", d] for d in (scene.daytime,))
    assert counts.hit_rate == 1.0 and counts.false_alarm_rate == 0.0 and counts.thin_hit_rate == 0.0
    assert counts.cloudy == scene.cloudy.sum() and counts.clear == scene.clear.sum()
    assert counts.right == counts.told == water.astype(bool).sum() > 0
    found.add(scene, CloudMask((3 - classes).astype(np.uint8), np.zeros_like(water)))
    assert counts.hit_rate == 0.5 and counts.false_alarm_rate == 0.5


def test_cold_screen_is_that_of_outliers() -> None:
    bt = np.random.default_rng(1).normal(290.0, 2.0, 10_000)
    assert cold_screen(bt).all()
    bt[:100] = 270.0
    assert not cold_screen(bt)[:100].any() and cold_screen(bt)[100:].all()


def test_command_prints_and_writes(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(cloud_scores, "SHAPE", (64, 64))
    file = tmp_path / "clouds.json"
    outcome = run(scenes=3, json=str(file))
    text = "\n".join(outcome.lines)
    assert "all scenes" in text and "cold screen" in text and "perfect mask" in text
    data = json.loads(file.read_text())
    assert data == json.loads(json.dumps(outcome.data))
    assert sum(g["scenes"] for g in data["mask"] if g["by"] == "all") == 3
    retrieved = data["retrieval_of_half_cloudy_scenes"]
    assert retrieved["cloud mask"]["scenes"] == 3
    assert 0.1 < retrieved["perfect mask"]["lst_mae_k"] < 5.0
    with pytest.raises(ParameterError, match="overwrite"):
        run(scenes=3, json=str(file))


def test_lines_name_every_group(scores) -> None:
    lines = score_lines(scores)
    for _, name, _ in scores.groups:
        assert any(line.startswith(name) for line in lines)


def test_a_bundle_that_sees_surroundings_is_judged() -> None:
    """Its sample and what pixels see are those of the pixels that a selection leaves."""
    found = cloud_scores.score_clouds(Retriever(refined_bundle(), "numpy"), 1)
    assert len(found.scene_lst_mae) == 4
    means = {name: float(np.mean(values)) for name, values in found.scene_lst_mae.items()}
    assert np.isfinite(list(means.values())).all()
    assert abs(means["perfect mask"] - means["no mask"]) > 1e-3
