"""Records of searches: written, read again, refused where they are damaged or another search's."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akkd_core.bundle.architecture import Architecture
from akkd_core.errors import InputError, ParameterError, SearchAborted
from akkd_core.raster.temporary import temporary_path
from akkd_core.search.trials import SearchRecord, Trial

DONE = Trial(1, Architecture.of((32, 64, 32), "tanh", dropout=0.5), "done", 5000, objective=0.7,
             mae=(0.7,), pcc=(0.99,), seconds_training=4.5, seconds_proposing=0.5)  # fmt: skip
FAILED = Trial(2, Architecture.of((48,) * 3), "failed", 4000, reason="the loss is not finite")
RECORD = SearchRecord(
    {"tuner": "random", "seed": 0, "max_parameters": None}, {"data": "ab"}, {"akkd": "0.1.0"},
    ("lst",), (DONE, FAILED),
)  # fmt: skip


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "trials.json"
    RECORD.save(path)
    assert SearchRecord.load(path) == RECORD
    assert [file.name for file in tmp_path.iterdir()] == ["trials.json"]


def test_leftovers_of_a_killed_run_are_deleted(tmp_path: Path) -> None:
    path = tmp_path / "trials.json"
    RECORD.save(path)
    left = temporary_path(path)
    left = left.with_name(left.name.replace(f"-{os.getpid()}-", "-99999999-"))
    left.write_text("half")
    SearchRecord.load(path)
    assert not left.exists()


def test_best_is_the_lowest_and_the_first_of_equals() -> None:
    worse = replace(DONE, number=3, objective=0.8)
    equal = replace(DONE, number=4, architecture=FAILED.architecture)
    record = replace(RECORD, trials=(DONE, FAILED, worse, equal))
    assert record.best == DONE
    assert record.with_trial(replace(DONE, number=5, objective=0.1)).best.number == 5  # type: ignore[union-attr]
    assert record.seconds == pytest.approx(15.0)
    assert replace(RECORD, trials=(replace(FAILED, number=1),)).best is None


@pytest.mark.parametrize(
    "change",
    [
        {"status": "fine"},
        {"number": 0},
        {"objective": None},
        {"mae": ()},
        {"mae": (0.1, 0.2)},
        {"reason": "because"},
        {"status": "failed"},
        {"objective": float("nan")},
        {"pcc": (float("inf"),)},
        {"seconds_training": float("inf")},
    ],
)
def test_trials_that_contradict_themselves_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="trial"):
        replace(DONE, **change)


@pytest.mark.parametrize("trials", [(FAILED,), (DONE, DONE), (DONE, replace(FAILED, number=3))])
def test_trials_with_gaps_are_refused(trials: tuple[Trial, ...]) -> None:
    with pytest.raises(ParameterError, match="numbered"):
        replace(RECORD, trials=trials)


def test_a_constant_prediction_has_no_correlation(tmp_path: Path) -> None:
    record = replace(RECORD, trials=(replace(DONE, pcc=(None,)),))
    record.save(tmp_path / "t.json")
    assert SearchRecord.load(tmp_path / "t.json").trials[0].pcc == (None,)


def test_other_options_and_data_are_named() -> None:
    RECORD.check_same_search(replace(RECORD, trials=(), software={"akkd": "9"}), "t.json")
    for change, words in (
        ({"options": {**RECORD.options, "seed": 5}}, "seed was 0, is 5"),
        ({"options": {**RECORD.options, "max_parameters": 9}}, "max_parameters was None, is 9"),
        ({"options": {"tuner": "random", "seed": 0}}, "options"),
        ({"data": {"data": "cd"}}, "data was ab, is cd"),
        ({"data": {"data": "ab", "validation": "e"}}, "validation was None, is e"),
        ({"targets": ("lse_10",)}, "targets"),
    ):
        with pytest.raises(SearchAborted, match="t.json: was begun with other") as caught:
            RECORD.check_same_search(replace(RECORD, trials=(), **change), "t.json")  # type: ignore[arg-type]
        assert words in str(caught.value)


def damage(**changes: Any) -> str:
    return json.dumps({**RECORD.to_json(), **changes})


def damaged_trial(**changes: Any) -> str:
    trial = {**DONE.to_json(), **changes}
    return damage(trials=[{name: value for name, value in trial.items() if value != "drop"}])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        damage(format="akkd-search 2"),
        damage(more=1),
        damage(trials={}),
        damage(targets=[]),
        damage(software={"akkd": 1}),
        damage(data_sha256=[]),
        damaged_trial(number="1"),
        damaged_trial(number=True),
        damaged_trial(reason="drop"),
        damaged_trial(more=1),
        damaged_trial(mae=["0.7"]),
        damaged_trial(pcc=[True]),
        damaged_trial(architecture={"layers": []}),
        damaged_trial(parameters=0),
        json.dumps(RECORD.to_json()).replace("0.7", "NaN"),
        json.dumps(RECORD.to_json())[:-20],
    ],
)
def test_a_damaged_record_is_one_clear_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "trials.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="not the record of a search") as caught:
        SearchRecord.load(path)
    assert str(path) in str(caught.value) and "--overwrite" in str(caught.value)


def test_an_absent_record_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none.json"):
        SearchRecord.load(tmp_path / "none.json")


@settings(max_examples=200)
@given(st.binary(max_size=200), st.integers(0, 2000))
def test_noise_in_a_record_never_raises_anything_else(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "noisy.json"
    text = json.dumps(RECORD.to_json()).encode()
    path.write_bytes(text[:at] + noise + text[at + len(noise) :])
    try:
        SearchRecord.load(path)
    except InputError:
        pass
