"""akkd reproduce: what is written when, what is kept, and that the shipped report is rendered."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from akkd_core.errors import (
    InputError,
    MissingDependencyError,
    OperationCancelled,
    ParameterError,
    ProductWriteError,
)
from akkd_core.operations import reproduce
from akkd_core.operations.catalogue import find_operation
from akkd_core.progress import Progress, SilentProgress
from akkd_core.reproduction import items
from akkd_core.reproduction.items import ITEMS, Item, Request
from akkd_core.reproduction.report import report_markdown, section_markdown, table_csv
from akkd_core.reproduction.result import Column, Content, ItemResult, ResultImage, ResultTable
from tests.builders.png import whole_png

PNG = b"\x89PNG\r\n\x1a\n and more"
DOCS = Path(__file__).resolve().parents[3] / "docs"
CALLS: list[tuple[str, Request]] = []


def make_first(request: Request, progress: Progress) -> Content:
    return _content("first", request)


def make_second(request: Request, progress: Progress) -> Content:
    if progress.cancelled():
        raise OperationCancelled("cancelled by the user")
    return _content("second", request)


def make_without_tensorflow(request: Request, progress: Progress) -> Content:
    raise ImportError("No module named 'keras'")


def _content(name: str, request: Request) -> Content:
    CALLS.append((name, request))
    number = float(request.seed)
    tables = (
        ResultTable("", "T:", (Column("a"), Column("b")), ((name, number),)),
        ResultTable("more", "M:", (Column("c"),), ((1,),)),
    )
    images = (ResultImage("", "All of it.", PNG), ResultImage("truth", "Once more.", PNG))
    return Content(
        ("D.",), tables, ("N.",), {"mae_k": number}, images if name == "second" else ()
    )


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    CALLS.clear()
    here = "tests.unit.operations.test_reproduce"
    import sys

    monkeypatch.setitem(sys.modules, here, sys.modules[__name__])
    entries = (
        Item("table1", "Table 1: first", f"{here}:make_first"),
        Item("table2", "Table 2: second", f"{here}:make_second"),
    )
    for module in (items, reproduce):
        monkeypatch.setattr(module, "ITEMS", entries)
    monkeypatch.setattr("akkd_core.reproduction.report.ITEMS", entries)


class Cancelled(SilentProgress):
    """Cancels once the first item is finished."""

    def cancelled(self) -> bool:
        return len(CALLS) > 0


def test_writes_items_and_report(tmp_path: Path) -> None:
    outcome = reproduce.run(["all"], str(tmp_path / "a" / "b"), seed=5)
    folder = tmp_path / "a" / "b"
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [f"table{n}{end}" for n in (1, 2) for end in (".md", ".csv", ".json", "_more.csv")]
        + ["reproduction.md", "table2.png", "table2_truth.png"]
    )
    with open(folder / "table1.csv", newline="") as handle:
        assert list(csv.reader(handle)) == [["a", "b"], ["first", "5.0"]]
    kept = json.loads((folder / "table2.json").read_text())
    assert kept["budget"] == "small" and kept["seed"] == 5 and kept["made_at"].endswith(" UTC")
    assert kept["command"] == "akkd reproduce table2 --budget small --seed 5 -o DIR"
    assert kept["versions"]["AKKD"] and kept["versions"]["Python"]
    assert outcome.data["items"] == {"table1": {"mae_k": 5.0}, "table2": {"mae_k": 5.0}}
    text = (folder / "reproduction.md").read_text()
    assert text.index("Table 1: first") < text.index("Table 2: second")
    assert (folder / "table1.md").read_text().startswith("# Table 1: first\n")


def test_charts_stand_beside_and_are_linked(tmp_path: Path) -> None:
    folder, page = tmp_path / "my items", tmp_path / "docs" / "page.md"
    reproduce.run(["table2"], str(folder), report=str(page))
    assert (folder / "table2_truth.png").read_bytes() == PNG
    assert "![Table 2: second](table2.png)\n\n*All of it.*" in (folder / "table2.md").read_text()
    assert "(../my%20items/table2_truth.png)" in page.read_text()
    before = page.read_text()
    (folder / "table2.png").unlink()
    reproduce.run(["table2"], str(folder), report=str(page))
    assert page.read_text() == before and not (folder / "table2.png").exists()


def test_distilled_items_have_the_full_equation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = Item("table1", "T", "tests.unit.operations.test_reproduce:make_first", distilled=True)
    for module in (items, reproduce):
        monkeypatch.setattr(module, "ITEMS", (entry,))
    reproduce.run(["table1"], str(tmp_path), rte="paper")
    assert CALLS == [("first", Request("small", 1, "full"))] and CALLS[0][1].folder == tmp_path
    assert "--rte" not in ItemResult.load(tmp_path / "table1.json").command


def test_options_reach_the_maker(tmp_path: Path) -> None:
    reproduce.run(["table1"], str(tmp_path), budget="paper", seed=3, rte="paper")
    assert CALLS == [("first", Request("paper", 3, "paper"))]
    assert "--budget paper --seed 3 --rte paper" in (tmp_path / "table1.md").read_text()


def test_finished_items_are_kept_unless_told(tmp_path: Path) -> None:
    reproduce.run(["table1"], str(tmp_path), seed=1)
    outcome = reproduce.run(["table2", "table1"], str(tmp_path), seed=2)
    assert [name for name, _ in CALLS] == ["first", "second"]
    assert "kept" in outcome.lines[0] and "seed 1" in outcome.lines[0]
    reproduce.run(["table1"], str(tmp_path), seed=2, overwrite=True)
    assert ItemResult.load(tmp_path / "table1.json").seed == 2


def test_report_elsewhere_holds_all_items_of_the_folder(tmp_path: Path) -> None:
    reproduce.run(["table2"], str(tmp_path / "items"))
    page = tmp_path / "docs" / "page.md"
    reproduce.run(["table1"], str(tmp_path / "items"), report=str(page))
    assert "Table 1: first" in page.read_text() and "Table 2: second" in page.read_text()


def test_interrupted_run_keeps_what_is_finished(tmp_path: Path) -> None:
    with pytest.raises(OperationCancelled):
        reproduce.run(["all"], str(tmp_path), progress=Cancelled())
    assert (tmp_path / "table1.json").exists() and not (tmp_path / "table2.json").exists()
    reproduce.run(["all"], str(tmp_path))
    assert [name for name, _ in CALLS] == ["first", "second"]


def test_without_tensorflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Item("table1", "T", "tests.unit.operations.test_reproduce:make_without_tensorflow")
    for module in (items, reproduce):
        monkeypatch.setattr(module, "ITEMS", (entry,))
    with pytest.raises(MissingDependencyError, match=r"keras.*akkd\[train\]"):
        reproduce.run(["table1"], str(tmp_path))


def test_bad_input(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="table9"):
        reproduce.run(["table9"], str(tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(ProductWriteError):
        reproduce.run(["table1"], str(tmp_path / "file"))
    (tmp_path / "table2.json").write_text("{}")
    with pytest.raises(InputError, match="overwrite"):
        reproduce.run(["table1"], str(tmp_path))


def test_a_report_of_other_origin_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text("# Mine\n")
    for bad in (page, tmp_path):
        with pytest.raises(ParameterError, match="choose another name"):
            reproduce.run(["table1"], str(tmp_path / "items"), report=str(bad))
    assert page.read_text() == "# Mine\n" and not CALLS
    reproduce.run(["table1"], str(tmp_path / "items"), report=str(page), overwrite=True)
    reproduce.run(["table2"], str(tmp_path / "items"), report=str(page))
    assert "Table 2: second" in page.read_text()


def test_catalogue_names_every_item() -> None:
    operation = find_operation("reproduce")
    assert all(item.id in operation.parameters[0].help for item in ITEMS)
    assert all(item.id in operation.help for item in ITEMS)


def test_shipped_report_is_what_the_shipped_items_render_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (items, reproduce):
        monkeypatch.setattr(module, "ITEMS", ITEMS)
    monkeypatch.setattr("akkd_core.reproduction.report.ITEMS", ITEMS)
    results = reproduce.load_items(DOCS / "reproduction")
    assert [result.item for result in results] == [item.id for item in ITEMS]
    page = (DOCS / "reproduction.md").read_text(encoding="utf-8")
    rendered = report_markdown(results, "reproduction")
    assert page == rendered, "run `akkd reproduce` as docs/commands.md tells"
    for item, result in zip(ITEMS, results, strict=True):
        section = (DOCS / "reproduction" / f"{item.id}.md").read_text(encoding="utf-8")
        assert section == section_markdown(item, result, level=1)
        for table in result.content.tables:
            name = f"{item.id}_{table.name}" if table.name else item.id
            text = (DOCS / "reproduction" / f"{name}.csv").read_text(encoding="utf-8")
            assert text == table_csv(table)
        for image in result.content.images:
            data = (DOCS / "reproduction" / image.file(item.id)).read_bytes()
            assert whole_png(data) and 5_000 < len(data) < 300_000, image.file(item.id)
    pictures = list((DOCS / "reproduction").glob("*.png"))
    assert sum(path.stat().st_size for path in pictures) < 3_000_000
    drawn = {i.file(r.item) for r in results for i in r.content.images}
    assert {path.name for path in pictures} == drawn


def test_shipped_figures_reach_what_was_asked_for() -> None:
    third = ItemResult.load(DOCS / "reproduction" / "table3.json").content.headline
    assert third["five_bands_step1_mae_k"] <= 0.348
    assert third["five_bands_step1_pcc"] >= 0.999
    assert third["unseen_noise_mae_k"] > third["five_bands_step1_mae_k"]
    second = ItemResult.load(DOCS / "reproduction" / "table2.json").content.headline
    means = [second[f"mean_mae_{count}_bands_k"] for count in range(1, 6)]
    assert means == sorted(means, reverse=True) and len(set(means)) == 5
