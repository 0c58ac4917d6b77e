"""Tables of trials: every number of the record is there, under its name."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from akkd_core.bundle.architecture import AK_KD_TRIAL3, Architecture, Layer
from akkd_core.search.report import as_csv, as_markdown, as_text, layers_text, rows_of, unit_of
from akkd_core.search.trials import SearchRecord, Trial

MIXED = Architecture((Layer(48, "sigmoid", 0.5), Layer(16, "relu")), "adamw", 3e-4)
TRIALS = (
    Trial(1, MIXED, "done", 1137, objective=0.9876543, mae=(0.9876543,), pcc=(0.97,),
          seconds_training=3.25, seconds_proposing=0.5),
    Trial(2, AK_KD_TRIAL3, "done", 98000, objective=0.66812, mae=(0.66812,), pcc=(None,),
          seconds_training=9.0),
    Trial(3, MIXED, "failed", 1137, reason="out of memory (a|b)", seconds_training=0.1),
)  # fmt: skip
RECORD = SearchRecord(
    {"tuner": "greedy", "epochs": 3, "samples": 500, "seed": 7, "max_parameters": 100_000},
    {}, {}, ("lst",), TRIALS,
)  # fmt: skip


def test_layers_in_a_line() -> None:
    assert layers_text(MIXED) == "48 sigmoid 0.5, 16 relu"
    assert layers_text(AK_KD_TRIAL3).startswith("32 tanh, 32 relu, 720 relu, ")


def test_units() -> None:
    assert (unit_of("lst"), unit_of("lse_12")) == ("K", "1")


def test_rows_hold_the_paper_tables_quantities() -> None:
    columns, rows = rows_of(RECORD)
    assert columns[:3] == ("trial", "MAE lst (K)", "PCC lst")
    first = dict(zip(columns, rows[0], strict=True))
    assert (first["trial"], first["MAE lst (K)"], first["PCC lst"]) == ("1", "0.9877", "0.9700")
    assert first["seconds"] == "3.8" and first["parameters"] == "1137"
    assert first["optimizer"] == "adamw" and first["rate"] == "0.0003"
    assert rows[1][0] == "2*" and rows[1][2] == "-", "the best is marked; no correlation is a dash"
    assert rows[2][-1].endswith("[failed: out of memory (a|b)]") and rows[2][1] == "-"


def test_text_is_aligned_and_says_what_was_capped() -> None:
    head, _, *lines = as_text(RECORD).splitlines()
    assert head == (
        "greedy tuner, trials of 3 epochs on 500 pixels at most, seed 7, networks of at most "
        "100000 parameters"
    )
    starts = {line.index("adam") for line in lines[1:4]}
    assert len(starts) == 1 and lines[0].index("optimizer") in starts
    assert as_text(RECORD).endswith("\n")


def test_markdown_has_equal_cells_and_escapes_bars() -> None:
    lines = [line for line in as_markdown(RECORD).splitlines() if line.startswith("|")]
    assert len(lines) == 5
    assert {line.replace("\\|", "").count("|") for line in lines} == {lines[0].count("|")}
    assert "(a\\|b)" in lines[4] and "| 2\\* |" in lines[3]


def test_csv_is_unrounded_with_a_column_a_layer() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(RECORD))))
    assert float(rows[0]["mae_lst"]) == 0.9876543 and float(rows[0]["objective"]) == 0.9876543
    assert (rows[0]["layer_1_units"], rows[0]["layer_1_activation"]) == ("48", "sigmoid")
    assert rows[0]["layer_1_dropout"] == "0.5" and rows[0]["layer_3_units"] == ""
    assert rows[1]["layer_7_units"] == "32" and rows[1]["layers"] == "7"
    assert rows[1]["pcc_lst"] == "" and rows[2]["mae_lst"] == "" and rows[2]["status"] == "failed"
    assert rows[2]["reason"] == "out of memory (a|b)" and rows[0]["learning_rate"] == "0.0003"


def test_a_joint_search_shows_the_mean_of_the_bands_and_the_csv_all() -> None:
    targets = ("lst", *(f"lse_{band}" for band in range(10, 15)))
    mae = (1.0, 0.01, 0.02, 0.03, 0.04, 0.05)
    trial = replace(TRIALS[0], objective=0.25, mae=mae, pcc=(0.9, None, 0.5, 0.5, 0.5, 0.5))
    record = replace(RECORD, targets=targets, trials=(trial,))
    columns, (row,) = rows_of(record)
    shown = dict(zip(columns, row, strict=True))
    assert shown["objective"] == "0.2500" and shown["MAE lst (K)"] == "1.0000"
    assert shown["MAE lse, mean"] == "0.0300" and shown["PCC lse, mean"] == "0.5000"
    (line,) = csv.DictReader(io.StringIO(as_csv(record)))
    assert line["mae_lse_14"] == "0.05" and line["pcc_lse_10"] == ""


def test_no_trials_are_a_table_without_rows() -> None:
    empty = replace(RECORD, trials=())
    assert rows_of(empty)[1] == [] and len(as_csv(empty).splitlines()) == 1
    assert "layers" in as_text(empty) and "layers" in as_markdown(empty)
