"""The item accuracy in miniature: all tables, the same again, kept parts, verdicts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from akkd_core.errors import OperationCancelled, ParameterError
from akkd_core.operations import reproduce
from akkd_core.physics.scene_statistics import PROFILE_NAMES, SCENE_INPUTS
from akkd_core.progress import SilentProgress
from akkd_core.reproduction import accuracy, accuracy_run
from akkd_core.reproduction.accuracy import content
from akkd_core.reproduction.accuracy_claims import claims
from akkd_core.reproduction.accuracy_run import (
    OTHER_ENGINE,
    SAME_NOISE,
    USUAL,
    AccuracyPlan,
    AccuracySums,
    judge,
)
from akkd_core.reproduction.items import ACCURACY, ITEMS, Request, find_items
from akkd_core.reproduction.report import section_markdown, table_csv, table_markdown
from akkd_core.reproduction.result import Content, ItemResult
from akkd_core.simulation.training_set import JUDGE_RECIPE
from akkd_core.validation.edge_response import OFFSETS, EdgeTally
from akkd_core.validation.error_tally import ErrorTally
from tests.builders.png import png_size
from tests.builders.retrieval import refined_bundle, scene_aware_bundle

pytest.importorskip("matplotlib")

SMALL = replace(JUDGE_RECIPE, shape=(16, 16), pixels=60)


PLAN = AccuracyPlan(scene_aware_bundle(), refined_bundle(), 6, 3, SMALL, workers=1)


def small_plan(**changes: object) -> AccuracyPlan:
    return replace(PLAN, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("accuracy")


@pytest.fixture(scope="module")
def sums(folder: Path) -> AccuracySums:
    return judge(small_plan(), folder, SilentProgress())


@pytest.fixture(scope="module")
def made(sums: AccuracySums) -> Content:
    return content(small_plan(), sums)


def test_all_that_was_asked_for_is_there(made: Content, sums: AccuracySums) -> None:
    assert [table.name for table in made.tables] == [
        "", "methods", "classes", "covers", "coverage", "likelihood", "reliability", "poor",
        "edges", "granules",
    ]  # fmt: skip
    tables = {table.name: table for table in made.tables}
    text = "\n".join(str(row) for table in made.tables for row in table.rows)
    for word in ("quadratic", "split window", "TES, water vapour +10 %", "TES, profile", "refined"):
        assert word in text
    assert len(tables["granules"].rows) == 4 and len(tables["edges"].rows) == 12
    assert {row[0] for row in tables["poor"].rows} == set(sums.poor)
    assert "6 simulated scenes" in made.description[0]
    assert made.headline["file_alone_lst_mae_k"] > 0
    assert [image.name for image in made.images] == ["", "edges"]
    assert all(png_size(image.png)[0] > 400 for image in made.images)
    noisy, even = (sums.tallies[air][PLAN.bundle.name] for air in (USUAL, SAME_NOISE))
    assert even.facts.profile.tolist() == noisy.facts.profile.tolist()
    assert (even.moment("absolute") != noisy.moment("absolute")).any()


def test_a_profile_is_not_taken_by_every_bundle(made: Content) -> None:
    rows = [row for row in made.tables[1].rows if row[-1] == "not taken by this bundle"]
    assert [row[0] for row in rows] == [USUAL, OTHER_ENGINE, SAME_NOISE]
    assert all(row[1] == "arbitrary, profile known" and row[2] is None for row in rows)
    verdicts = [row for row in made.tables[0].rows if "profile" in str(row[0])]
    assert len(verdicts) == 4 and {row[-1] for row in verdicts} == {"not taken by this bundle"}
    takes = scene_aware_bundle(names=SCENE_INPUTS + PROFILE_NAMES)
    names = [method.name for method in accuracy_run._bundle_rows(small_plan(bundle=takes))]
    assert names[2] == "arbitrary, profile known"


def test_granules_through_files_score_as_in_memory(sums: AccuracySums) -> None:
    for score in sums.granules:
        # the files hold what memory does: float32, no rounding
        assert score.file_lst_mae == pytest.approx(score.image_lst_mae, abs=2e-4)
        assert score.file_lse_mae == pytest.approx(score.image_lse_mae, abs=2e-5)
        # statistics of windows without what the mask takes for cloud, against those of all pixels
        assert score.file_lst_mae == pytest.approx(score.memory_lst_mae, rel=0.1, abs=0.05)
        assert score.file_lse_mae == pytest.approx(score.memory_lse_mae, rel=0.1)
        assert 0.0 <= score.file_in_sigma <= 1.0


def test_same_seed_same_tables_and_parts_are_kept(
    folder: Path, made: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = sorted(path.name for path in (folder / "accuracy_parts").glob("*/*"))
    assert parts == [
        "edges.npz", "engine_000.npz", "granules.npz", "noise_000.npz", "poor_0.npz", "poor_1.npz",
        "poor_2.npz", "poor_3.npz", "scenes_000.npz",
    ]  # fmt: skip
    block = next((folder / "accuracy_parts").glob("*/scenes_000.npz"))
    block.write_bytes(b"damaged")

    def never(*args: object) -> None:
        raise AssertionError("made again")

    for name in ("_poor", "_edges", "_granules", "_engine_methods"):
        monkeypatch.setattr(accuracy_run, name, never)
    again = content(small_plan(), judge(small_plan(), folder, SilentProgress()))
    for one, two in zip(made.tables, again.tables, strict=True):
        assert table_csv(one) == table_csv(two)
    assert [image.png for image in again.images] == [image.png for image in made.images]


def test_other_bundles_scenes_and_seeds_have_parts_of_their_own() -> None:
    keys = {
        small_plan().key,
        small_plan(scenes=7).key,
        small_plan(seed=4).key,
        small_plan(pixel_bundle=None).key,
        small_plan(bundle=refined_bundle()).key,
    }
    assert len(keys) == 5 and small_plan(workers=2).key == small_plan().key


def test_cancelled_between_parts(tmp_path: Path) -> None:
    class Cancelled(SilentProgress):
        def cancelled(self) -> bool:
            return True

    with pytest.raises(OperationCancelled):
        judge(small_plan(), tmp_path, Cancelled())
    assert not list(tmp_path.rglob("*.npz"))


def _made_up(sigma: float, bias: float) -> AccuracySums:
    """Errors of 0.5 K and 0.01, normal, of which ``sigma`` times as much is told."""
    rng = np.random.default_rng(1)
    size = np.array([0.5, *(0.01,) * 5])
    sums = AccuracySums()
    plan = small_plan()
    rows = [plan.bundle.name, f"{plan.bundle.name}, water vapour and air known"]
    for air in (USUAL, OTHER_ENGINE):
        sums.tallies[air] = {}
        for name in rows:
            tally = ErrorTally()
            for scene in range(50):
                spread = size * np.exp(rng.uniform(-0.5, 0.5, (800, 1)))
                error = spread * rng.standard_normal((800, 6)) + bias * size
                tally.add(
                    error, np.zeros((800, 6)), sigma * spread, profile=f"p{scene % 10}",
                    tcwv_kg_m2=float(scene),
                )  # fmt: skip
            sums.tallies[air][name] = tally
    step = EdgeTally()
    columns = np.where(np.arange(120) // 24 % 2, 2.0, 0.0) * np.ones((6, 4, 1))
    step.add(columns, columns)
    assert len(step.responses()[0].response) == len(OFFSETS)
    sums.edges[plan.bundle.name] = step
    return sums


def _verdicts(sums: AccuracySums) -> dict[str, str]:
    return {str(row[0]): str(row[-1]) for row in claims(small_plan(), sums).rows}


def test_verdicts_follow_the_errors() -> None:
    good = _verdicts(_made_up(1.0, 0.0))
    assert {v for k, v in good.items() if "profile" not in k} == {"yes"}
    wrong = _verdicts(_made_up(0.5, 0.0))
    assert wrong["1 sigma holds, lst"] == "no" == wrong["90 % interval holds, lse_12"]
    assert wrong["LST MAE, the file alone, K"] == "yes"
    biased = _verdicts(_made_up(1.0, 2.0))
    assert biased["LST MAE, the file alone, K"] == "no"
    assert next(v for k, v in biased.items() if "mean bias" in k) == "no"


def test_it_is_no_item_of_the_paper() -> None:
    assert find_items(["all"]) == ITEMS and ACCURACY not in ITEMS
    assert find_items(["accuracy"]) == (ACCURACY,)
    assert find_items(["all", "accuracy"]) == (*ITEMS, ACCURACY)
    with pytest.raises(ParameterError, match="accuracy"):
        find_items(["precision"])


def test_the_command_prints_and_writes_its_tables(
    tmp_path: Path, made: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Request] = []

    def make(request: Request, progress: object) -> Content:
        asked.append(request)
        return made

    monkeypatch.setattr(accuracy, "make", make)
    outcome = reproduce.run(
        ["accuracy"], str(tmp_path), scenes=6, seed=3, model="default", pixel_model="x/pixel"
    )
    assert asked[0].scenes == 6 and asked[0].model == "default" and asked[0].folder == tmp_path
    text = "\n".join(outcome.lines)
    assert "| LST MAE, the file alone, K |" in text and "By water vapour." in text
    assert outcome.data["items"]["accuracy"] == dict(made.headline)
    assert "report" not in outcome.data and not (tmp_path / "reproduction.md").exists()
    names = {path.name for path in tmp_path.iterdir()}
    assert {"accuracy.json", "accuracy.csv", "accuracy.md", "accuracy.png"} <= names
    assert {"accuracy_coverage.csv", "accuracy_edges.png"} <= names
    kept = reproduce.run(["accuracy"], str(tmp_path))
    assert len(asked) == 1 and "kept" in kept.lines[0]
    assert "| LST MAE, the file alone, K |" in "\n".join(kept.lines)
    assert (
        "akkd reproduce accuracy --scenes 6 --model default --pixel-model pixel --seed 3"
        in (tmp_path / "accuracy.md").read_text()
    )


def test_the_docs_hold_what_the_command_made() -> None:
    docs = Path(__file__).resolve().parents[3] / "docs"
    result = ItemResult.load(docs / "accuracy" / "accuracy.json")
    assert (docs / "accuracy" / "accuracy.md").read_text() == section_markdown(
        ACCURACY, result, level=1
    )
    page = (docs / "accuracy.md").read_text(encoding="utf-8")
    for table in result.content.tables:
        name = f"accuracy_{table.name}" if table.name else "accuracy"
        assert (docs / "accuracy" / f"{name}.csv").read_text() == table_csv(table)
        if table.name in ("", "methods"):
            assert table_markdown(table) in page
    for image in result.content.images:
        assert png_size((docs / "accuracy" / image.file("accuracy")).read_bytes())[0] > 400
