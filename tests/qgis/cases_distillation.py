"""Cases of the group Training: what distils."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.qgis.case import Case, Done
from tests.qgis.cases_training import SCENE, command_of, manifest
from tests.qgis.rasters import read

TEACHER: dict[str, Any] = {
    "teacher_architecture": "12", "teacher_epochs": 2, "batch_size": 64, "seed": 3,
}  # fmt: skip
SMALL: dict[str, Any] = {
    "small_architecture": "8", "small_epochs": 3, "goc_epochs": 2, "batch_size": 64, "seed": 3,
    "scenes": "complex-0",
}  # fmt: skip


def _taught(done: Done) -> None:
    facts = manifest(done.results["output"])
    assert facts["extra"]["epochs"] == 2 and facts["extra"]["seed"] == 3
    assert facts["extra"]["scenes"] == 2
    assert "trained" in done.summary


def _distilled(done: Done) -> None:
    (student,) = (path for path in (done.out / "s").iterdir() if path.name == "complex-0")
    facts = manifest(student)
    assert "0.6" in json.dumps(facts["extra"]) and facts["belongs"]
    assert "complex-0" in done.summary


def _weighed(done: Done) -> None:
    found = json.loads((done.out / "w" / "weights.json").read_text())
    assert found["recommended"] in (0.2, 0.5, 0.8) and found["selected_on"] == ["complex-0"]
    assert (done.out / "w" / "radar.png").read_bytes()[:4] == b"\x89PNG"


def _ablated(done: Done) -> None:
    with (done.out / "a" / "ablation.csv").open() as stream:
        rows = list(csv.reader(stream))
    assert len(rows) > 5
    assert "small" in done.summary and "teacher" in done.summary


def _chained(done: Done) -> None:
    folder = Path(done.results["output"])
    (lst,) = (folder / "products").glob("*_LST.tif")
    assert 250 < np.nanmean(read(lst)) < 340
    (model,) = (folder / "products").glob("*_MODEL.tif")
    assert len(np.unique(read(model))) > 1
    for step in ("1. the archive", "4. the joint model", "5. retrieval"):
        assert step in done.summary


def _compressed(done: Done) -> None:
    words = command_of(done.results["output"])
    for option in ("--architecture 8", "--epochs 1", "--teacher-weight 0.9", "--seed 6"):
        assert option in words, words
    assert "multiply-adds" in done.summary


def _adapted(done: Done) -> None:
    words = command_of(done.results["output"])
    for option in ("--pixels 600", "--epochs 1", "--architecture 8", "--t-air 295"):
        assert option in words, words
    assert manifest(done.results["output"])["name"] == "of-a-scene"
    assert manifest(done.results["output"])["belongs"]


CASES = (
    Case(
        "distill_teacher",
        lambda i, out: {"archive": i["archive"], "output": out / "t", **TEACHER},
        _taught,
        long=True,
    ),
    Case(
        "distill",
        lambda i, out: {
            "archive": i["archive"], "output": out / "s", "teacher": i["teacher"],
            "teacher_weight": 0.6, "dataset_epochs": 2, **SMALL,
        },
        _distilled,
        long=True,
    ),
    Case(
        "distill_select_weight",
        lambda i, out: {
            "archive": i["archive"], "output": out / "w", "teacher": i["teacher"],
            "weights": "0.2,0.5,0.8", "repetitions": 2, **SMALL,
        },
        _weighed,
        long=True,
    ),
    Case(
        "distill_ablation",
        lambda i, out: {
            "archive": i["archive"], "output": out / "a", "teacher": i["teacher"],
            "weights": "0.3", "seeds": 1, "dataset_epochs": 2, **SMALL,
        },
        _ablated,
        long=True,
    ),
    Case(
        "distill_chain",
        lambda i, out: {
            "output": out / "c", "pixels_per_side": 32, "training_scenes": 1, "repetitions": 2,
        },
        _chained,
        long=True,
    ),
    Case(
        "distill_compress",
        lambda i, out: {
            "bundle": "compact", "output": out / "small", "data": [i["train.npz"]],
            "validation": i["check.npz"], "architecture": "8", "epochs": 1, "held_out_scenes": 2,
            "teacher_weight": 0.9, "seed": 6,
        },
        _compressed,
        long=True,
    ),
    Case(
        "distill_adapt",
        lambda i, out: {
            "scene": i[SCENE], "output": out / "student", "epochs": 1,
            "architecture": "8", "pixels": 600, "t_air": 295.0, "name": "of-a-scene",
        },
        _adapted,
        long=True,
    ),
)  # fmt: skip
