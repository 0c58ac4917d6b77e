"""Results on disk, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from akkd_core.distillation.records import RecordFile
from akkd_core.errors import InputError, ParameterError

HEADER = {"what": "test", "weights": (0.1, 0.2)}


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    path, made = tmp_path / "r.jsonl", []

    def make(value: float) -> dict[str, float]:
        made.append(value)
        return {"value": value}

    record = RecordFile(path, HEADER)
    assert record.get(lambda: make(1.5), scene="a", seed=1)["value"] == 1.5
    assert record.get(lambda: make(9.0), scene="a", seed=1)["value"] == 1.5
    again = RecordFile(path, HEADER)
    assert again.rows == record.rows == [{"scene": "a", "seed": 1, "value": 1.5}]
    assert again.get(lambda: make(2.0), scene="b", seed=1)["value"] == 2.0
    assert made == [1.5, 2.0]
    assert again.find(scene="c") is None
    assert len(path.read_text().splitlines()) == 3
    assert [p.name for p in tmp_path.iterdir()] == ["r.jsonl"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    record = RecordFile(path, HEADER)
    record.get(lambda: {"value": 1}, scene="a")
    before = path.read_bytes()

    def fail() -> dict[str, int]:
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        record.get(fail, scene="b")
    with pytest.raises(ValueError):
        record.get(lambda: {"value": float("nan")}, scene="c")
    assert path.read_bytes() == before


def test_results_of_another_run_are_not_mixed_in(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    RecordFile(path, HEADER).get(lambda: {"value": 1}, scene="a")
    with pytest.raises(ParameterError, match="another archive"):
        RecordFile(path, {**HEADER, "weights": (0.1,)})
    assert RecordFile(path, {**HEADER, "weights": (0.1,)}, overwrite=True).rows == []


@pytest.mark.parametrize("text", ["", "{", "[1]\n", json.dumps(HEADER) + "\n7\n", "\xff"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match="--overwrite"):
        RecordFile(path, HEADER)
