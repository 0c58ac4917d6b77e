"""Manifests: what a line holds, torn and foreign lines, whole and altered products."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akkd_core.errors import ParameterError
from akkd_core.operations.batch_manifest import Manifest, Record, parse_line
from akkd_core.operations.scene_jobs import sha256_of

RECORD = Record("/a/G.hdf", "G", "written", 1.5, "/a/G_akkd", {"G.json": "00"}, "set")
SECOND = replace(RECORD, source="/b/ü.hdf", state="failed", error="cut. Get it\nagain", sha256={})


def filled(path: Path, *records: Record) -> Path:
    manifest = Manifest(path, "set")
    for record in records:
        manifest.add(record)
    manifest.close()
    return path


def found(path: Path, *sources: str) -> list[Record | None]:
    manifest = Manifest(path, "set")
    manifest.close()
    return [manifest.found(source) for source in sources]


def test_lines_come_back_and_the_last_counts(tmp_path: Path) -> None:
    again = replace(SECOND, state="written", error=None, attempts=2)
    path = filled(tmp_path / "new" / "run.jsonl", RECORD, SECOND, again)
    assert found(path, RECORD.source, SECOND.source, "/c") == [RECORD, again, None]
    lines = path.read_bytes().splitlines()
    assert len(lines) == 3 and json.loads(lines[1])["error"] == SECOND.error


def test_cut_anywhere_loses_one_line_at_most(tmp_path: Path) -> None:
    whole = RECORD.line() + SECOND.line()
    path = tmp_path / "run.jsonl"
    for cut in range(0, len(whole), 7):
        path.write_bytes(whole[:cut])
        filled(path, replace(RECORD, source="/new"))
        first, _, new = found(path, RECORD.source, SECOND.source, "/new")
        assert new is not None and new.source == "/new", cut
        assert (first == RECORD) == (cut >= len(RECORD.line()) - 1), cut


@given(st.binary(max_size=200))
def test_garbage_is_no_record(line: bytes) -> None:
    assert parse_line(line) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(Record.__dataclass_fields__)), _JSON)
def test_members_of_other_kinds_are_refused_or_read(name: str, value: object) -> None:
    values = {**json.loads(RECORD.line()), name: value}
    record = parse_line(json.dumps(values).encode())
    if record is not None:
        assert parse_line(json.dumps(values).encode()) is not None
        assert record.whole() is False
        assert getattr(record, name) == value or value != value
    del values[name]
    assert parse_line(json.dumps(values).encode()) is None


def test_other_files_and_other_settings_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("my notes\n")
    with pytest.raises(ParameterError, match="notes.txt: isn't a manifest"):
        Manifest(path, "set")
    assert path.read_text() == "my notes\n"
    path = filled(tmp_path / "run.jsonl", RECORD)
    with pytest.raises(ParameterError, match="another model or other options"):
        Manifest(path, "other")


def test_whole(tmp_path: Path) -> None:
    file = tmp_path / "G.json"
    file.write_bytes(b"{}")
    record = replace(RECORD, folder=str(tmp_path), sha256={"G.json": sha256_of(file)})
    assert record.whole()
    assert not replace(record, state="failed").whole()
    assert not replace(record, sha256={}).whole()
    assert not replace(record, sha256={f"../{tmp_path.name}/G.json": sha256_of(file)}).whole()
    file.write_bytes(b"{ }")
    assert not record.whole()
    file.unlink()
    assert not record.whole()
