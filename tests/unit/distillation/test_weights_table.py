import csv
import io
import json
import math

import numpy as np
import pytest

from akkd_core.distillation.weights import PAPER_WEIGHTS, RepeatedScores, select_weight
from akkd_core.distillation.weights_table import (
    table_rows,
    to_csv,
    to_json,
    to_markdown,
    to_text,
)

SPREAD = np.array([-0.01, 0.0, 0.01])


def _selection():
    """LST and one LSE; the MAE of LST with each weight is 0.8 + weight, before 1.2."""
    return select_weight(
        [
            RepeatedScores("lst", "pcc", 0.95, {w: tuple(1 - w / 9 + SPREAD)
                                                for w in PAPER_WEIGHTS}),
            RepeatedScores("lst", "mae", 1.2, {w: tuple(0.8 + w + SPREAD)
                                               for w in PAPER_WEIGHTS}),
            RepeatedScores("lse_10", "mae", 0.5, {w: tuple(0.4 + w / 2 + SPREAD)
                                                  for w in PAPER_WEIGHTS}),
        ]
    )  # fmt: skip


def test_table_in_the_papers_form():
    head, *rows = table_rows(_selection(), "lst")
    assert head == ("teacher weight", "PCC t", "PCC p", "MAE t", "MAE p")
    assert [row[0] for row in rows] == [f"{w:g}" for w in PAPER_WEIGHTS]
    # MAE at 0.2: (1.0 - 1.2) / (0.01 / sqrt 3), better, so positive
    assert float(rows[1][3]) == pytest.approx(0.2 / (0.01 / math.sqrt(3)), abs=1e-3)
    assert rows[1][4] == "8.32E-04"
    assert float(rows[-1][3]) < 0 and float(rows[-1][1]) < 0


def test_paper_beside_ours():
    head, *rows = table_rows(_selection(), "lst", paper=True)
    assert head[1:] == (
        "paper PCC t", "paper PCC p", "ours PCC t", "ours PCC p",
        "paper MAE t", "paper MAE p", "ours MAE t", "ours MAE p",
    )  # fmt: skip
    assert rows[2][1:3] == ("5.353", "9.51E-06")
    assert rows[2][5:7] == ("-15.620", "1.18E-15")


def test_a_weight_that_the_paper_did_not_try():
    scores = {0.05: (1.0, 1.1), 0.1: (1.2, 1.3)}
    selection = select_weight([RepeatedScores("lst", "mae", 1.25, scores)])
    _, first, second = table_rows(selection, "lst", paper=True)
    assert first[1:3] == ("-", "-")
    assert second[1:3] == ("66.680", "2.73E-33")


def test_text_is_aligned_and_tells_the_choice():
    text = to_text(_selection(), paper=True)
    tables, notes = text.rsplit("\n\n", 1)
    for block in tables.split("\n\n"):
        assert len({len(line) for line in block.splitlines()[1:]}) == 1
    # the paper's values are of LST alone
    heads = [line.split() for line in text.splitlines()]
    assert ["teacher", "weight", "MAE", "t", "MAE", "p"] in heads
    assert "Lowest |t|" in notes and "over 3 targets and metrics" in notes
    # 0.9 / 1.2 and 0.45 / 0.5 of the errors before
    assert "Least held-out error: weight 0.1, held-out MAE 82.5 %" in notes
    assert "Weight to use: 0.1." in notes


def test_markdown():
    lines = to_markdown(_selection()).splitlines()
    assert lines[0] == "lst:"
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 * (2 + len(PAPER_WEIGHTS))
    assert {line.count("|") for line in table[: 2 + len(PAPER_WEIGHTS)]} == {6}
    assert sum(line.startswith("- ") for line in lines) == 3


def test_csv_holds_all_digits():
    selection = _selection()
    rows = list(csv.DictReader(io.StringIO(to_csv(selection, paper=True))))
    assert len(rows) == 3 * len(PAPER_WEIGHTS)
    lst = [row for row in rows if (row["target"], row["metric"]) == ("lst", "mae")]
    test = selection.find("lst", "mae").tests[0.3]
    assert (float(lst[2]["t"]), float(lst[2]["p"])) == (test.t, test.p)
    assert float(lst[2]["improvement_t"]) == -test.t
    assert float(lst[2]["paper_t"]) == -15.62
    assert max(float(row["normalised_utility"]) for row in lst) == 1.0
    assert {row["paper_t"] for row in rows if row["target"] == "lse_10"} == {""}
    assert "paper_t" not in to_csv(selection)


def test_json():
    document = json.loads(to_json(_selection(), paper=True))
    assert document["weights"] == list(PAPER_WEIGHTS)
    assert document["recommended"] == document["least_error"]["weight"] == 0.1
    assert document["lowest_t"]["series"][1] == {"target": "lst", "metric": "mae", "weight": 0.4}
    assert document["least_error"]["relative_mae"][0]["value"] == pytest.approx(0.825)
    (entry,) = [
        t for t in document["tests"]
        if (t["target"], t["metric"], t["teacher_weight"]) == ("lst", "pcc", 0.4)
    ]  # fmt: skip
    assert (entry["n"], entry["df"], entry["paper_t"]) == (3, 2, -3.323)


def test_what_is_undefined_or_infinite_is_said():
    scores = {0.1: (1.0,), 0.2: (1.0, math.nan, 1.2), 0.3: (0.9, 0.9)}
    selection = select_weight([RepeatedScores("lst", "mae", 1.15, scores)])
    _, one, _, flat = table_rows(selection, "lst")
    assert one[1:] == ("-", "-")
    assert flat[1:] == ("inf", "0.00E+00")
    text = to_text(selection)
    assert "Scores that were not finite and are left out: 1." in text
    assert "Tests of less than two scores, without t: 1 of 3." in text
    assert "Tests without spread (all repetitions equal), so of t 0 or infinite: 1 of 3." in text
    tests = json.loads(to_json(selection))["tests"]
    assert [t["t"] for t in tests][0] is None and tests[2]["t"] == "-inf"
    row = list(csv.DictReader(io.StringIO(to_csv(selection))))[0]
    assert row["t"] == "" and row["n"] == "1"
