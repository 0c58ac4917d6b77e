"""Rendering: Markdown and CSV from results alone."""

from __future__ import annotations

import csv
import io

import pytest

from akkd_core.errors import ParameterError
from akkd_core.reproduction.items import ITEMS, Request, find_items
from akkd_core.reproduction.report import (
    format_cell,
    report_markdown,
    section_markdown,
    table_csv,
    table_markdown,
)
from akkd_core.reproduction.result import Column, ItemResult, ResultTable

from .conftest import made_up


def test_cells() -> None:
    assert format_cell(0.51234, Column("x", 2)) == "0.51"
    assert format_cell(19584, Column("x", 2)) == "19584"
    assert format_cell(None, Column("x")) == format_cell(float("nan"), Column("x")) == "-"
    assert format_cell("a|b", Column("x")) == "a\\|b"


def test_table_in_markdown(result: ItemResult) -> None:
    assert table_markdown(result.content.tables[0]).splitlines() == [
        "Figures:",
        "",
        "| bands | MAE, K | PCC | count |",
        "| --- | --: | --: | --: |",
        "| 10-11 | 0.512 | 0.9988 | 7 |",
        "| a\\|b | - | 1.0000 | 12 |",
    ]


def test_a_bar_in_a_title_ends_no_cell() -> None:
    table = ResultTable("", "T:", (Column("lowest |t|"), Column("n")), ((0.1, 2),))
    assert table_markdown(table).splitlines()[2] == "| lowest \\|t\\| | n |"


def test_csv_keeps_all_digits(result: ItemResult) -> None:
    rows = list(csv.reader(io.StringIO(table_csv(result.content.tables[0]))))
    assert rows == [
        ["bands", "MAE, K", "PCC", "count"], ["10-11", "0.51234", "0.99876", "7"],
        ["a|b", "", "1.0", "12"],
    ]  # fmt: skip


def test_section_tells_date_budget_seed_versions_command(result: ItemResult) -> None:
    item = next(item for item in ITEMS if item.id == "table2")
    text = section_markdown(item, result)
    assert text.startswith(f"## {item.title}\n")
    for fact in (
        "2025-01-31 12:00 UTC", "budget small", "seed 1", "AKKD 0.1.0", "`akkd reproduce table2`",
        "What was done.", "Means:", "- Odd.", "12 s",
    ):  # fmt: skip
        assert fact in text, fact


def test_report_has_the_registrys_order() -> None:
    text = report_markdown([made_up("table3"), made_up("table1")])
    shown = [item for item in ITEMS if item.id in ("table1", "table3")]
    places = [text.index(f"## {item.title}") for item in shown]
    assert places == sorted(places) and "Table 2:" not in text
    assert text == report_markdown([made_up("table1"), made_up("table3")])


def test_items_by_name() -> None:
    assert [item.id for item in find_items(["table3", "table1", "table3"])] == ["table1", "table3"]
    assert find_items(["all"]) == ITEMS
    for names in (["table9"], [], ["all", "x"]):
        with pytest.raises(ParameterError, match="table1, table2, table3"):
            find_items(names)
    with pytest.raises(ParameterError, match="budget"):
        Request(budget="huge")
