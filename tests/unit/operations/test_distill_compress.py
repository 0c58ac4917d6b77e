"""``akkd distill compress`` at small size: the bundle it writes says what it is and how good."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from akkd_core.bundle import (
    Architecture,
    bundle_hash,
    default_bundle_path,
    load_bundle,
    save_bundle,
    shipped_bundle_path,
)
from akkd_core.calibration import Calibration
from akkd_core.errors import BundleMismatchError, ParameterError
from akkd_core.inference.retriever import Retriever
from akkd_core.operations.distill_compress import run
from akkd_core.operations.retrieval_model import open_model
from akkd_core.operations.simulate import run_scenes
from akkd_core.physics.features import OUTPUT_NAMES
from akkd_core.simulation.training_set import TrainingSet
from tests.builders.retrieval import scene_in_memory, simulated
from tests.builders.scene_teacher import untrained_scene_bundle
from tests.builders.surroundings import untrained_bundle


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    pytest.importorskip("keras", reason="needs the training extra")
    folder = tmp_path_factory.mktemp("sets")
    run_scenes(str(folder / "t.npz"), scenes=48, pixels=16, seed=1)
    run_scenes(str(folder / "v.npz"), scenes=16, pixels=16, seed=2, split="validation")
    return {"data": str(folder / "t.npz"), "validation": str(folder / "v.npz")}


def test_a_student_carries_errors_scores_and_its_teacher(
    sets: dict[str, str], tmp_path: Path
) -> None:
    save_bundle(untrained_scene_bundle(TrainingSet.load(sets["data"])), tmp_path / "t")
    outcome = run(
        str(tmp_path / "t"), str(tmp_path / "s"), **sets,
        architecture="16,8", epochs=2, batch_scenes=8, held_out_scenes=6, teacher_weight=0.8,
    )  # fmt: skip
    student, teacher = load_bundle(tmp_path / "s"), load_bundle(tmp_path / "t")
    facts = student.manifest
    assert facts.name == "akkd-compact"
    assert facts.extra["student_of"] == {"name": teacher.name, "bundle": bundle_hash(teacher)}
    assert facts.extra["compression"]["teacher_weight"] == 0.8
    assert bundle_hash(teacher) in facts.training.description
    assert facts.training.command == (
        "akkd distill compress t s --data t.npz --validation v.npz --name akkd-compact "
        "--architecture 16,8 --teacher-weight 0.8 --epochs 2 --patience 10 --batch-scenes 8 "
        "--learning-rate 0.002 --seed 1"
    )
    assert facts.pixel.architecture == Architecture.of((16, 8), learning_rate=0.002)
    assert len(facts.training.data_sha256) == 64
    # 16 inputs of the pixel, 31 of the scene
    assert outcome.data["multiply_adds"] == {
        "student": 16 * 16 + 16 * 8 + 8 * 6,
        "student_all_inputs": 47 * 16 + 16 * 8 + 8 * 6,
        "teacher": 16 * 256 + 2 * 256 * 256 + 256 * 6,
        "teacher_all_inputs": 47 * 256 + 2 * 256 * 256 + 256 * 6,
    }
    assert facts.extra["multiply_adds_per_pixel"] == outcome.data["multiply_adds"]
    assert "multiply-adds a pixel: 432 of 136704" in outcome.lines[1]
    assert student.scene_network is not None and teacher.scene_network is not None
    for mine, its in zip(
        student.scene_network.kernels, teacher.scene_network.kernels, strict=True
    ):
        np.testing.assert_array_equal(mine, its)
    assert student.error_table is not None and (student.error_table.sigma[0] > 0.3).all()
    assert {score.name for score in facts.scores} >= {"lst mae", "lse mae"}
    assert all("held-out air and materials" in score.measured_on for score in facts.scores)
    assert (tmp_path / "s_work" / "learning_curve.csv").exists()
    with pytest.raises(ParameterError, match="exists"):
        run("default", str(tmp_path / "s"), **sets)


@pytest.fixture(scope="module")
def taught(sets: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A student of an untrained teacher that sees surroundings, and what the command said."""
    folder = tmp_path_factory.mktemp("surroundings")
    data = str(folder / "c.npz")
    run_scenes(data, scenes=32, pixels=16, air="climates", side=20, seed=3)
    save_bundle(untrained_bundle(TrainingSet.load(data)), folder / "large")
    outcome = run(
        str(folder / "large"), str(folder / "s"), data=[data, sets["data"]],
        validation=sets["validation"], architecture="12", epochs=1, batch_scenes=16,
        held_out_scenes=4, teacher_weight=0.8,
    )  # fmt: skip
    return folder, outcome


def test_a_student_that_sees_surroundings_tells_its_errors_and_its_teacher(
    taught: tuple[Path, Any],
) -> None:
    folder, outcome = taught
    student, teacher = load_bundle(folder / "s"), load_bundle(folder / "large")
    facts = student.manifest
    assert facts.to_json()["format_version"] == 4 and student.error_table is None
    assert facts.extra["student_of"] == {"name": "untrained", "bundle": bundle_hash(teacher)}
    assert facts.extra["compression"]["teacher_weight"] == 0.8
    assert facts.training.command == (
        "akkd distill compress large s --data c.npz --data t.npz --validation v.npz --name "
        "akkd-compact --architecture 12 --teacher-weight 0.8 --epochs 1 --patience 10 "
        "--batch-scenes 16 --learning-rate 0.002 --seed 1"
    )
    assert "80 simulated scenes of 16 pixels" in facts.training.description
    assert facts.pixel.architecture == Architecture.of((12,), learning_rate=0.002)
    assert "calibrated by scene on 2 held-out scenes (ecmwf52 air" in facts.uncertainty.method
    assert "on ecmwf83 air" in facts.uncertainty.method
    assert set(facts.extra["interval_90"]) == set(OUTPUT_NAMES)
    assert {score.name for score in facts.scores} >= {"lst mae", "lse mae"}
    assert student.pixel_network.output_names == teacher.pixel_network.output_names
    # 35 inputs of the pixel, 15 + 16 (the teacher: 15 + 4) of the scene
    assert outcome.data["multiply_adds"] == facts.extra["multiply_adds_per_pixel"] == {
        "student": 35 * 12 + 12 * 12,
        "student_all_inputs": 66 * 12 + 12 * 12,
        "teacher": 35 * 24 + 24 * 16 + 16 * 12,
        "teacher_all_inputs": 54 * 24 + 24 * 16 + 16 * 12,
    }
    widths = {part: [bias.size for bias in network.biases[:-1]]
              for part, network in student.networks().items() if network}  # fmt: skip
    assert widths == {"pixel": [12], "scene": [128, 64], "sample": [32, 32], "refinement": [64]}
    assert "scene network 23360 of" in outcome.lines[2]
    assert "K from the truth" in outcome.lines[3]


def test_a_student_that_sees_surroundings_retrieves_a_scene(taught: tuple[Path, Any]) -> None:
    student = load_bundle(taught[0] / "s")
    scene = scene_in_memory(simulated(40, 50, orientation_deg=0.0, seed=8).dn)
    calibration = Calibration.for_scene(scene.metadata)
    (tile,) = Retriever(student, "numpy").tiles(scene, calibration)
    assert tile.lst.shape == (40, 50) and np.isfinite(tile.lst).all()
    assert np.ptp(tile.lst) > 0.5
    # the heads say e^0 K at first, about, times the factor; more where closure is beyond its limit
    assert tile.lst_err is not None and (tile.lst_err > 0).all()
    factor = re.search(r"lst ([0-9.]+)", student.manifest.uncertainty.method)
    assert factor is not None
    assert 0.1 < np.median(tile.lst_err) / float(factor[1]) < 30


def test_a_bundle_without_a_scene_network_is_refused(
    sets: dict[str, str], tmp_path: Path, repo_root: Path
) -> None:
    pixel_only = repo_root / "benchmarks" / "bundles" / "pixel-only"
    with pytest.raises(BundleMismatchError, match="no scene network"):
        run(str(pixel_only), str(tmp_path / "s"), **sets)
    assert not (tmp_path / "s").exists()


def test_names_stand_for_shipped_bundles_unless_a_folder_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert shipped_bundle_path("default") == default_bundle_path()
    assert shipped_bundle_path("compact") == default_bundle_path().with_name("compact")
    assert shipped_bundle_path("other") == Path("other")
    (tmp_path / "compact").mkdir()
    assert shipped_bundle_path("compact") == Path("compact")


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (None, "akkd-surroundings"),
        ("default", "akkd-surroundings"),
        ("compact", "akkd-surroundings-compact"),
    ],
)
def test_retrieval_takes_a_shipped_bundle_by_its_name(model: str | None, name: str) -> None:
    opened = open_model(model, "numpy", "cpu")
    assert opened.name == name
    assert opened.error_method.startswith("told by the network for each pixel")
