"""Operations of distillation on a small archive."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras", reason="needs the training extra")

import akkd_core  # noqa: E402
from akkd_core.bundle import load_bundle  # noqa: E402
from akkd_core.bundle.architecture import Architecture  # noqa: E402
from akkd_core.errors import (  # noqa: E402
    DistillationError,
    InputError,
    OperationCancelled,
    ParameterError,
)
from akkd_core.joint.store import save_joint  # noqa: E402
from akkd_core.operations import (  # noqa: E402
    distill,
    distill_ablation,
    distill_teacher,
    distill_weight,
)
from akkd_core.operations.distill_setup import (  # noqa: E402
    TrainingOptions,
    choose_scenes,
    read_selected,
    read_weights,
)
from akkd_core.physics.features import LOG_SIGMA_NAMES  # noqa: E402
from akkd_core.raster import open_raster  # noqa: E402
from akkd_core.simulation.archive import load_archive  # noqa: E402
from akkd_core.simulation.archive_scene import ArchiveScene  # noqa: E402
from akkd_core.simulation.archive_writing import write_archive  # noqa: E402
from akkd_core.simulation.granule import write_l1t_granule  # noqa: E402
from akkd_core.simulation.scenes import radiance_to_dn  # noqa: E402
from tests.builders.distillation import BIAS_K, labelled_archive, labelled_scene  # noqa: E402

TEACHER = {"teacher_architecture": "12", "teacher_epochs": 2, "batch_size": 64}
QUICK: dict[str, Any] = {
    **TEACHER, "small_architecture": "8", "small_epochs": 3, "goc_epochs": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An archive with its teacher beside it."""
    made = labelled_archive(tmp_path_factory.mktemp("kd") / "arch")
    distill_teacher.run(str(made.folder), **TEACHER)
    return str(made.folder)


@pytest.fixture(scope="module")
def weights(archive: str) -> Path:
    """A selection of the weight."""
    distill_weight.run(archive, weights="0.2,0.5,0.8", repetitions=2, **QUICK)
    return Path(f"{archive}_weight")


def test_each_target_has_an_architecture_of_its_own(tmp_path: Path) -> None:
    for name, width in (("lst", 5), *((f"lse{band}", band) for band in range(10, 15))):
        text = json.dumps(Architecture.of((width,), learning_rate=1e-3).to_json())
        (tmp_path / f"{name}.json").write_text(text)
    options = TrainingOptions("each", teacher_architecture=str(tmp_path / "{target}.json"))
    widths = {plan.targets: plan.teacher_architecture.layers[0].units for plan in options.plans()}
    assert widths[("lst",)] == 5 and widths[("lse_12",)] == 12 and len(widths) == 6
    with pytest.raises(ParameterError, match="joint.json"):
        TrainingOptions("joint", teacher_architecture=options.teacher_architecture).plans()


def test_the_teacher_is_a_bundle_of_labels_alone(archive: str) -> None:
    bundle = load_bundle(f"{archive}_teacher")
    assert bundle.manifest.extra["distillation_role"] == "teacher"
    assert bundle.manifest.extra["scenes"] == 2
    assert "labels" in bundle.manifest.training.description
    again = distill_teacher.run(archive, **TEACHER)
    assert "is there already" in again.lines[0]
    with pytest.raises(ParameterError, match="other options"):
        distill_teacher.run(archive, **{**TEACHER, "teacher_epochs": 3})


def test_students_say_where_they_belong_and_what_their_scores_are_against(
    archive: str, weights: Path
) -> None:
    out = distill.run(
        archive, scenes="1", keep_small=True, dataset_epochs=2,
        weight_from=str(weights / "weights.json"), **QUICK,
    )  # fmt: skip
    student = load_bundle(f"{archive}_students/complex-0")
    small = load_bundle(f"{archive}_students/complex-0_small")
    assert student.manifest.belongs is not None and student.manifest.belongs.footprint is not None
    assert student.manifest.belongs.months == (6, 7, 8)
    assert student.manifest.extra["distillation_role"] == "student"
    names = {score.name for score in student.manifest.scores}
    assert {"lst mae (labels)", "lst mae (truth)", "lse_14 mae (truth)"} <= names
    assert all("held-out blocks of complex-0" in s.measured_on for s in student.manifest.scores)
    labels = out.data["scores"]["complex-0"]["labels"]["lst"]["truth"]
    assert labels["bias"] == pytest.approx(BIAS_K, abs=0.01)
    assert out.data["teacher_weight"] == read_selected(str(weights / "weights.json")).weight
    assert any("against labels / truth" in line for line in out.lines)
    kept = {p: p.read_bytes() for p in Path(f"{archive}_students").rglob("*") if p.is_file()}
    again = distill.run(
        archive, scenes="1", keep_small=True, dataset_epochs=2,
        weight_from=str(weights / "weights.json"), **QUICK,
    )  # fmt: skip
    assert again.data == json.loads(json.dumps(out.data)) and again.lines == out.lines
    assert {p: p.read_bytes() for p in kept} == kept
    with pytest.raises(ParameterError, match="made otherwise"):
        distill.run(archive, scenes="1", dataset_epochs=2, teacher_weight=0.95, **QUICK)
    assert small.manifest.pixel.architecture == student.manifest.pixel.architecture
    # a small model that is to be added doesn't replace a student made otherwise
    shutil.rmtree(f"{archive}_students/complex-0_small")
    with pytest.raises(ParameterError, match="made otherwise"):
        distill.run(
            archive, scenes="1", keep_small=True, dataset_epochs=2, teacher_weight=0.95, **QUICK
        )
    assert {p: p.read_bytes() for p in kept if p.exists()}.items() <= kept.items()
    assert load_bundle(f"{archive}_students/complex-0").manifest.extra == student.manifest.extra


def test_weight_selection_writes_table_4_charts_and_what_it_chose(weights: Path) -> None:
    names = {path.name for path in weights.iterdir()}
    assert names == {
        "weights.txt", "weights.md", "weights.csv", "weights.json", "trials.jsonl",
        "radar.png", "boxes.png",
    }  # fmt: skip
    data = json.loads((weights / "weights.json").read_text())
    assert data["selected_on"] == ["complex-0", "complex-1"]
    assert data["recommended"] in (0.2, 0.5, 0.8)
    assert len(data["scenes"]["complex-0"]["tests"]) == 6 * 2 * 3
    assert [e["teacher_weight"] for e in data["truth_shown_but_not_used"]["relative_mae"]] == [
        0.2, 0.5, 0.8,
    ]  # fmt: skip
    text = (weights / "weights.txt").read_text()
    assert "paper PCC t" in text and text.count("paper PCC t") == 1
    assert "Lowest |t|" in text and "Shown, not used" in text
    lines = (weights / "trials.jsonl").read_text().splitlines()
    assert len(lines) == 1 + 2 * (1 + 3 * 2)


def test_more_repetitions_are_added_to_those_that_are_there(archive: str, weights: Path) -> None:
    before = (weights / "trials.jsonl").read_text()
    out = distill_weight.run(archive, weights="0.2,0.5", repetitions=3, scenes="1", **QUICK)
    after = (weights / "trials.jsonl").read_text()
    assert after.startswith(before) and len(after.splitlines()) == len(before.splitlines()) + 2
    assert out.data["recommended"] in (0.2, 0.5)
    with pytest.raises(ParameterError, match="another archive"):
        distill_weight.run(archive, repetitions=2, **{**QUICK, "goc_epochs": 3})


def test_ablation_goes_on_where_it_was_cancelled(archive: str, tmp_path: Path) -> None:
    class Stop:
        def update(self, fraction: float, message: str = "") -> None:
            self.stopped = "complex-1, seed 1" in message

        def cancelled(self) -> bool:
            return getattr(self, "stopped", False)

    options = {**QUICK, "dataset_epochs": 2, "weights": "0.3", "seeds": 1}
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    out = distill_ablation.run(archive, output=str(whole), **options)
    with pytest.raises(OperationCancelled):
        distill_ablation.run(archive, output=str(cut), progress=Stop(), **options)
    assert len((cut / "results.jsonl").read_text().splitlines()) == 2
    distill_ablation.run(archive, output=str(cut), **options)
    for name in ("results.jsonl", "ablation.csv", "ablation.txt", "ablation.json", "ablation.md"):
        assert (cut / name).read_text() == (whole / name).read_text(), name
    assert "gain over small" in out.lines[2]
    data = json.loads((whole / "ablation.json").read_text())
    assert data["scenes"] == ["complex-0", "complex-1"] and data["selected_weight"] is None
    assert {entry["variant"] for entry in data["scores"]} == {
        "labels", "teacher", "small", "incremental", "goc 0.3", "student 0.3",
    }  # fmt: skip


def test_one_network_for_each_target(archive: str, tmp_path: Path) -> None:
    # the joint teacher has all targets
    out = distill_ablation.run(
        archive, output=str(tmp_path / "each"), target="each", scenes="1", seeds=1, weights="0.3",
        teacher=f"{archive}_teacher", dataset_epochs=1, **{**QUICK, "small_epochs": 1},
    )  # fmt: skip
    entries = [e for e in out.data["scores"] if e["variant"] == "student 0.3"]
    assert {(e["quantity"], e["reference"]) for e in entries} == {
        ("lst", "labels"), ("lst", "truth"), ("lse", "labels"), ("lse", "truth"),
    }  # fmt: skip


def test_only_a_teacher_on_labels_teaches(archive: str, tmp_path: Path) -> None:
    from tests.builders import command

    truth_trained = command.bundle(tmp_path / "other")
    with pytest.raises(ParameterError, match="trained on labels"):
        distill.run(archive, teacher=str(truth_trained), **QUICK)
    own = str(tmp_path / "own")
    distill_teacher.run(archive, output=own, target="lst", **TEACHER)
    for target, lacks in (("joint", "lse_10, .* --target joint"), ("lse12", "lse_12. .*each")):
        with pytest.raises(ParameterError, match=f"own_lst: has no output {lacks}"):
            distill.run(archive, teacher=f"{own}_lst", target=target, **QUICK)


def test_options_are_checked(archive: str, tmp_path: Path) -> None:
    loaded = load_archive(archive)
    assert choose_scenes(loaded, None, 1) == ("complex-0",)
    assert choose_scenes(loaded, "complex-1, training-0", None) == ("complex-1", "training-0")
    with pytest.raises(InputError, match="nowhere"):
        choose_scenes(loaded, "nowhere", None)
    with pytest.raises(InputError, match="no complex scene"):
        choose_scenes(loaded, "0", None)
    assert read_weights("0.7,0.3,0.3") == (0.3, 0.7)
    for wrong in ("", "a", "1.2"):
        with pytest.raises(ParameterError, match="0\\.3,0\\.7"):
            read_weights(wrong)
    with pytest.raises(ParameterError, match="keep one"):
        distill.run(archive, teacher_weight=0.3, weight_from="x")
    (tmp_path / "w.json").write_text('{"recommended": 2, "selected_on": []}')
    for name in ("w.json", "missing.json"):
        with pytest.raises(InputError, match="select-weight"):
            read_selected(str(tmp_path / name))


def test_an_ensemble_of_scene_aware_teachers_and_its_students_join_and_tell_errors(
    tmp_path: Path,
) -> None:
    made = labelled_archive(tmp_path / "arch", training=5)
    archive, ensemble = str(made.folder), {"teacher_members": 4, "teacher_inputs": "scene"}
    out = distill.run(
        archive, scenes="1", dataset_epochs=2, keep_small=True, **ensemble, **QUICK
    )
    teacher = load_bundle(f"{archive}_teacher")
    assert teacher.manifest.extra["members"] == 4 and "error_by_spread" in teacher.manifest.extra
    assert teacher.pixel_network.scene_input_names == (
        "mean_bt_13", "mean_bt_10_minus_13", "mean_bt_11_minus_13", "mean_bt_12_minus_13",
        "mean_bt_14_minus_13",
    )  # fmt: skip
    assert teacher.error_table is not None
    student = load_bundle(out.data["students"][0])
    assert student.pixel_network.output_names[6:] == LOG_SIGMA_NAMES
    assert student.pixel_network.n_inputs == 5 and student.error_table is None
    assert "teacher" in out.data["scores"]["complex-0"]
    small = load_bundle(f"{out.data['students'][0]}_small")
    assert small.error_table is not None and small.pixel_network.n_outputs == 6
    with pytest.raises(ParameterError, match="other options"):
        distill_teacher.run(archive, **TEACHER)

    scene = made.scene("complex-0")
    granule = write_l1t_granule(
        tmp_path / "g.hdf", radiance_to_dn(scene.radiance), scene.grid,
        acquired_at=scene.acquired_at, daytime=True, view_zenith_deg=0.0,
    )  # fmt: skip
    joint = tmp_path / "joint.zip"
    save_joint(str(joint), f"{archive}_teacher", out.data["students"], name="j")
    for number, model in enumerate((str(joint), f"{archive}_teacher")):
        folder = tmp_path / f"products-{number}"
        (summary,) = akkd_core.retrieve(granule, folder, model, runtime="numpy")
        assert summary.error is None
        for layer, least in (("LST_err", 1e-2), ("LSE_err", 1e-4)):
            with open_raster(folder / f"g_{layer}.tif") as raster:
                values = raster.read(0, 0, *scene.grid.shape)
            assert np.isfinite(values).all() and values.min() > 0.5 * least


def test_a_student_of_one_teacher_tells_its_error_by_temperature(
    archive: str, weights: Path
) -> None:
    distill.run(archive, output=f"{archive}_told", scenes="1", dataset_epochs=2, **QUICK)
    table = load_bundle(f"{archive}_told/complex-0").error_table
    assert table is not None
    # labels of complex scenes are off by BIAS_K, and the teacher's scenes are not
    assert 0.6 * BIAS_K < float(table.sigma[0].mean()) < 6 * BIAS_K


def test_the_weight_by_other_dates_needs_no_complex_scene(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = [
        (name, partial(labelled_scene, name, "training", place))
        for place in range(4)
        for name in (f"training-{place}-d1", f"training-{place}-d2")
    ]
    archive = str(write_archive(tmp_path / "arch", plan, {"made_for": "tests"}).folder)
    out = distill_weight.run(archive, rule="dates", **TEACHER)
    # labels of both dates say the same: no teacher is nearer to the other
    assert out.data["recommended"] == 0.0 and out.data["mixing_weight"] < 1e-6
    assert out.data["scenes"] == 8 and out.data["places"] == 4
    assert any("Shown, not used" in line for line in out.lines)
    selected = read_selected(f"{archive}_weight/weights.json")
    assert (selected.weight, selected.scenes) == (0.0, ())
    monkeypatch.setattr("akkd_core.distillation.cross_date.CrossDate", None)
    assert distill_weight.run(archive, rule="dates", **TEACHER).lines == out.lines
    with pytest.raises(ParameterError, match="another archive"):
        distill_weight.run(archive, rule="dates", **{**TEACHER, "teacher_epochs": 3})
    with pytest.raises(ParameterError, match="leave --target away"):
        distill_weight.run(archive, rule="dates", target="lst", **TEACHER)
    for option in ({"scenes": "1"}, {"teacher": f"{archive}_teacher"}):
        with pytest.raises(ParameterError, match="leave --scenes and --teacher away"):
            distill_weight.run(archive, rule="dates", **option, **TEACHER)


def test_a_weight_that_dates_cant_judge_leaves_nothing(archive: str, tmp_path: Path) -> None:
    with pytest.raises(DistillationError, match="--dates"):
        distill_weight.run(archive, output=str(tmp_path / "w"), rule="dates", **TEACHER)
    assert not (tmp_path / "w").exists()


def test_truth_makes_no_difference_to_bundles(archive: str, tmp_path: Path) -> None:
    """Networks and tables of errors are the same where the truth is another."""
    loaded = load_archive(archive)

    def otherwise(name: str) -> ArchiveScene:
        scene = loaded.scene(name)
        assert scene.lst is not None and scene.lse is not None
        return replace(scene, lst=scene.lst + np.float32(9), lse=scene.lse * np.float32(0.7))

    names = [*loaded.names("training"), *loaded.names("complex")]
    other = write_archive(
        tmp_path / "other", [(name, partial(otherwise, name)) for name in names], {"made_for": "t"}
    )
    bundles = []
    for folder in (archive, str(other.folder)):
        out = str(tmp_path / f"students-{Path(folder).name}")
        made = distill.run(
            folder, output=out, scenes="1", keep_small=True, dataset_epochs=2, **QUICK
        )
        paths = (made.data["students"][0], f"{made.data['students'][0]}_small")
        bundles.append([load_bundle(path) for path in (*paths, f"{folder}_teacher")])
    for one, two in zip(*bundles, strict=True):
        for a, b in zip(one.pixel_network.kernels, two.pixel_network.kernels, strict=True):
            np.testing.assert_array_equal(a, b)
        assert (one.error_table is None) == (two.error_table is None)
        if one.error_table is not None and two.error_table is not None:
            np.testing.assert_array_equal(one.error_table.sigma, two.error_table.sigma)
