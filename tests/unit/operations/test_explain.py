"""The table of band subsets, as text, CSV, Markdown and JSON."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from akkd_core.errors import ParameterError
from akkd_core.operations.explain import run


def test_text_and_json() -> None:
    outcome = run(scenes=100)
    header, rows = outcome.lines[1], outcome.lines[2:33]
    assert header.split() == (
        "bands equations unknowns solvable eq. (1) full eq. all LST LSE air air unknown air known "
        "uncorrelated"
    ).split()
    assert [row.split()[0] for row in (rows[0], rows[30])] == ["10", "10-11-12-13-14"]
    # columns are aligned: nothing stands beyond the header's end, and all rows are equally long
    assert {len(row) for row in rows} == {len(header)}
    subsets = outcome.data["subsets"]
    assert len(subsets) == 31
    for row, subset in zip(rows, subsets, strict=True):
        bands, equations, four, verdict, eq1, full, *figures = row.split()
        assert bands == "-".join(map(str, subset["bands"]))
        n = len(subset["bands"])
        assert (equations, four, verdict) == (str(n), "4", "yes" if n >= 4 else "no")
        assert (int(eq1), int(full)) == (2 * n + 2, 4 * n + 1)
        assert float(figures[0]) == pytest.approx(subset["dofs"], abs=0.0051)
        assert sum(map(float, figures[1:4])) == pytest.approx(subset["dofs"], abs=0.016)
        assert float(figures[4]) == pytest.approx(subset["lst_sd_k"], abs=0.0051)
    assert json.loads(json.dumps(dict(outcome.data)))["nedt_k"] == 0.3
    text = " ".join(outcome.lines[33:])
    for part in (
        "The paper counts four unknowns", "2n + 2", "4n + 1", "no number of bands closes it",
        f"five {subsets[-1]['dofs']:.2f} of 21", f"to {subsets[-1]['lst_sd_k']:.1f} K",
    ):
        assert part in text, part
    assert max(map(len, outcome.lines[33:])) <= 100


def test_files(tmp_path: Path) -> None:
    table, page = tmp_path / "table.csv", tmp_path / "page.md"
    outcome = run(scenes=100, output=str(table))
    assert outcome.lines[-1] == f"{table}: the table"
    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    assert len(rows) == 31 and rows[-1]["bands"] == "10-11-12-13-14"
    last = outcome.data["subsets"][-1]
    assert float(rows[-1]["lst_sd_k"]) == pytest.approx(last["lst_sd_k"], rel=1e-5)
    assert rows[-1]["unknowns_full_equation"] == "21"
    run(scenes=100, output=str(page))
    lines = page.read_text(encoding="utf-8").splitlines()
    assert len({line.count("|") for line in lines[:33]}) == 1
    assert lines[32].startswith("| 10-11-12-13-14 | 5 | 4 | yes | 12 | 21 | ")
    assert "DOFS: LST" in lines[0] and "sd of LST, K: air known" in lines[0]


def test_refusals(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("mine")
    with pytest.raises(ParameterError, match="exists"):
        run(scenes=100, output=str(table))
    assert table.read_text() == "mine"
    run(scenes=100, output=str(table), overwrite=True)
    assert table.read_text().startswith("bands,")
    with pytest.raises(ParameterError, match=r"\.csv or \.md"):
        run(scenes=100, output=str(tmp_path / "table.xlsx"))
