"""Table 4 and Figs. 3-13 at miniature size: one distillation, read by all, scored on held-out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

pytest.importorskip("keras", reason="needs the train extra")
pytest.importorskip("matplotlib", reason="draws charts")

from akkd_core.bundle import load_bundle  # noqa: E402
from akkd_core.distillation.chain import predict  # noqa: E402
from akkd_core.distillation.samples import held_out_blocks  # noqa: E402
from akkd_core.errors import OperationCancelled, ParameterError  # noqa: E402
from akkd_core.figures import palette  # noqa: E402
from akkd_core.operations import reproduce  # noqa: E402
from akkd_core.physics.features import OUTPUT_NAMES  # noqa: E402
from akkd_core.progress import SilentProgress  # noqa: E402
from akkd_core.reproduction import distillation_run, scatter_figures  # noqa: E402
from akkd_core.reproduction.distillation_run import RunSize, shared_run  # noqa: E402
from akkd_core.reproduction.items import ITEMS, Request  # noqa: E402
from akkd_core.reproduction.published import MODELS  # noqa: E402
from akkd_core.reproduction.result import ItemResult, ResultTable  # noqa: E402
from akkd_core.simulation.archive import load_archive  # noqa: E402
from tests.builders.distillation import quick_plan  # noqa: E402
from tests.builders.png import png_size  # noqa: E402

SEED = 4
# the network's columns are not in the charts' order
TARGETS = OUTPUT_NAMES[::-1]
PLAN = replace(quick_plan(TARGETS), block=8)
SUFFIX = "-".join(target.replace("_", "") for target in TARGETS)
SIZE = RunSize(32, 2, 3, (PLAN,), most_scored=100, weights=(0.1, 0.5, 0.9))
DRAWN = ("lst", "lse_12")
IDS = [item.id for item in ITEMS if item.distilled]


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distillation_run, "SIZES", {"small": SIZE})
        patch.setattr(palette, "PAGE_DPI", 50)
        # two panels a scatter in place of six: drawing them is what takes time
        patch.setattr(scatter_figures, "OUTPUT_NAMES", DRAWN)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All items, made by the command's runner."""
    found = tmp_path_factory.mktemp("items")
    outcome = reproduce.run(IDS, str(found), seed=SEED)
    assert list(outcome.data["items"]) == IDS
    return found


@pytest.fixture(scope="module")
def run(folder: Path) -> distillation_run.DistillationRun:
    return shared_run(Request("small", SEED, folder=folder), SilentProgress())


def _table(folder: Path, item: str, name: str = "") -> ResultTable:
    content = ItemResult.load(folder / f"{item}.json").content
    return next(table for table in content.tables if table.name == name)


def _kept(folder: Path, name: str) -> Path:
    return folder / "distillation" / f"small-seed{SEED}" / name


def _copy(folder: Path, target: Path, without: str) -> None:
    shutil.copytree(
        folder / "distillation", target / "distillation", ignore=shutil.ignore_patterns(without)
    )


def test_every_item_has_a_table_and_whole_charts(folder: Path) -> None:
    assert IDS == ["table4", *(f"fig{n}" for n in range(3, 14))]
    page = (folder / "reproduction.md").read_text()
    for item in IDS:
        content = ItemResult.load(folder / f"{item}.json").content
        titles = " ".join(column.title for column in content.tables[0].columns)
        assert "paper" in titles and "labels" in titles and "truth" in titles, item
        assert (len(content.images) > 0) == item.startswith("fig")
        for image in content.images:
            name = image.file(item)
            assert min(png_size((folder / name).read_bytes())) > 100, name
            assert f"]({name})" in page and image.caption in page
    assert sorted(p.name for p in folder.glob("*.png")) == sorted(
        i.file(item) for item in IDS
        for i in ItemResult.load(folder / f"{item}.json").content.images
    )  # fmt: skip


def test_scores_are_of_held_out_pixels_and_original_labels(
    folder: Path, run: distillation_run.DistillationRun
) -> None:
    archive = load_archive(_kept(folder, "archive"))
    for number, name in enumerate(archive.names("complex"), start=1):
        scene = archive.scene(name)
        where = held_out_blocks(scene.grid.shape, block=8, share=1 / 3, seed=SEED)
        where &= scene.label_valid
        kept = load_bundle(_kept(folder, f"networks/{name}-student-{SUFFIX}-0.3"))
        estimate = predict(kept.pixel_network, scene.bt[:, where].T)[:, ::-1]
        lst, lse = estimate[:, 0], estimate[:, 1:]
        table = _table(folder, f"fig{9 + number}")
        rows = {row[0]: row[1:] for row in table.rows}
        assert scene.lst is not None and scene.lse is not None
        label, truth = scene.label_lst[where], scene.lst[where]
        assert rows["LST"][1] == pytest.approx(np.corrcoef(lst, label)[0, 1], abs=1e-6)
        assert rows["LST"][4] == pytest.approx(np.abs(lst - label).mean(), abs=1e-4)
        assert rows["LST"][5] == pytest.approx(np.abs(lst - truth).mean(), abs=1e-4)
        assert rows["LST"][6] == pytest.approx((lst - truth).mean(), abs=1e-4)
        own = np.abs(lse[:, 2] - scene.label_lse[2, where]).mean()
        assert rows["LSE 12"][4] == pytest.approx(own, abs=1e-6)
        mean = np.abs(lse - scene.lse[:, where].T).mean()
        assert rows["LSE, mean of bands"][5] == pytest.approx(mean, abs=1e-6)
        assert rows["LST"][3] == MODELS[f"KSMI_{number}"].lst.mae_k


def test_composite_labels_enter_no_score(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    run: distillation_run.DistillationRun,
) -> None:  # fmt: skip
    for key, found in run.evaluations.items():
        labels = found.held_out.samples.labels
        steps = labels.astype(np.float64) * [10, 1000, 1000, 1000, 1000, 1000]
        assert np.abs(steps - np.round(steps)).max() < 1e-3, key
    from akkd_core.distillation import chain

    honest = chain.composite_label
    monkeypatch.setattr(chain, "composite_label", lambda *a: honest(*a) + 0.05)
    _copy(folder, tmp_path, without="*-student*")
    poisoned = shared_run(Request("small", SEED, folder=tmp_path), SilentProgress())
    assert poisoned.trials == run.trials
    for key, found in run.evaluations.items():
        other = poisoned.evaluations[key]
        np.testing.assert_array_equal(
            other.held_out.samples.labels, found.held_out.samples.labels
        )
        same = np.array_equal(other.estimate, found.estimate)
        assert same != key.startswith("KSMI"), key


def test_the_large_models_pixels_are_none_that_it_learnt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: distillation_run.DistillationRun
) -> None:
    seen: list[np.ndarray] = []

    def record(scenes, *_: object) -> None:
        seen.extend(scene.bt[:, scene.label_valid].T for scene in scenes)
        raise OperationCancelled("enough")

    monkeypatch.setattr(distillation_run, "train_label_teacher", record)
    with pytest.raises(OperationCancelled):
        shared_run(Request("small", SEED, folder=tmp_path), SilentProgress())
    learnt = {row.tobytes() for x in seen for row in np.ascontiguousarray(x)}
    scored = run.evaluations["LMI"].held_out.samples.x
    assert len(seen) == 2 and len(learnt) > 500 and len(scored) == 200
    assert run.learnt_from["large"] == sum(len(x) for x in seen)
    # noise is of whole counts, so that few pixels of different places are alike
    assert sum(row.tobytes() in learnt for row in np.ascontiguousarray(scored)) < 5


def test_table_4_is_the_test_of_the_kept_trials(folder: Path) -> None:
    lines = _kept(folder, "trials.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines[1:]]
    first = rows[0]["scene"]
    before = next(r for r in rows if r["scene"] == first and r["weight"] is None)
    for metric, sign, name in (("pcc", 1, ""), ("mae", -1, "mae")):
        table = _table(folder, "table4", name)
        for row in table.rows:
            for column, reference in ((3, "labels"), (5, "truth")):
                scores = [
                    r["scores"]["lst"][reference][metric]
                    for r in rows
                    if r["scene"] == first and r["weight"] == row[0]
                ]
                assert len(scores) == 3
                t = stats.ttest_1samp(scores, before["scores"]["lst"][reference][metric])
                assert row[column] == pytest.approx(sign * t.statistic, rel=1e-6)
                assert float(row[column + 1]) == pytest.approx(t.pvalue, rel=1e-2)
    assert _table(folder, "table4").rows[0][1:3] == (102.426, "1.13E-38")


def test_quartiles_and_before_after(folder: Path) -> None:
    quartiles = _table(folder, "fig9").rows
    assert [row[2] for row in quartiles] == [0.275, 0.35, 0.5, 0.2, 0.3, 0.425]
    assert all(0.1 <= value <= 0.9 for row in quartiles for value in row[3:])
    rows = _table(folder, "fig12").rows
    assert [row[3:5] for row in rows[:4]] == [
        (0.970, 0.984), (1.099, 0.731), (0.859, 0.917), (0.0064, 0.0044),
    ]  # fmt: skip
    small = {row[0]: row for row in _table(folder, "fig4").rows}["LST"]
    student = {row[0]: row for row in _table(folder, "fig10").rows}["LST"]
    assert rows[1][5:] == (small[5], student[5], small[6], student[6])
    gain = ItemResult.load(folder / "fig12.json").content.headline["model_1_lst_gain_truth"]
    assert gain == pytest.approx(1 - student[6] / small[6])


def test_taylor_numbers_close_the_triangle(folder: Path) -> None:
    for row in _table(folder, "fig13").rows:
        pcc, _, sd, _, rmse, _ = row[2:]
        assert rmse == pytest.approx(np.sqrt(1 + sd**2 - 2 * sd * pcc), abs=1e-6)
        assert row[1] == MODELS[row[0]].lst.pcc


def test_the_run_is_made_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("train_label_teacher", "train_small", "distil_small"):
        monkeypatch.setattr(distillation_run, name, None)
    before = ItemResult.load(folder / "fig9.json").content
    reproduce.run(["fig9"], str(folder), seed=SEED, overwrite=True)
    assert ItemResult.load(folder / "fig9.json").content == before
    spent = json.loads(_kept(folder, "time.json").read_text())
    assert spent["whole"] is True and spent["cpu_seconds"] > 0
    assert f"took {spent['cpu_seconds']:.0f} s of processor time" in before.description[0]


def test_an_interrupted_run_goes_on(
    folder: Path, tmp_path: Path, run: distillation_run.DistillationRun
) -> None:
    class Cancelling(SilentProgress):
        def cancelled(self) -> bool:
            return True

    _copy(folder, tmp_path, without=f"{run.scenes[1]}-s*")
    trials = _kept(tmp_path, "trials.jsonl")
    lines = trials.read_text().splitlines(keepends=True)
    trials.write_text("".join(lines[:-2]))
    request = Request("small", SEED, folder=tmp_path)
    with pytest.raises(OperationCancelled):
        shared_run(request, Cancelling())
    again = shared_run(request, SilentProgress())
    assert again.trials == run.trials
    for key, found in run.evaluations.items():
        np.testing.assert_array_equal(again.evaluations[key].estimate, found.estimate)


def test_a_run_made_otherwise_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(SIZE, plans=(replace(PLAN, small_epochs=4),))
    monkeypatch.setattr(distillation_run, "SIZES", {"small": other})
    with pytest.raises(ParameterError, match=r"small-lse14.*: was made otherwise.*delete"):
        shared_run(Request("small", SEED, folder=folder), SilentProgress())
    with pytest.raises(ParameterError, match="folder"):
        shared_run(Request("small", SEED), SilentProgress())
