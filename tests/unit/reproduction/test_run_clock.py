"""Processor time of a run that needs several attempts."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from akkd_core.reproduction.run_clock import timed


def _busy(seconds: float) -> str:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return "made"


def _broken() -> str:
    _busy(0.3)
    raise ValueError("cut short")


def test_attempts_are_added_until_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "run" / "time.json"
    with pytest.raises(ValueError, match="cut short"):
        timed(path, _broken)
    made, seconds = timed(path, lambda: _busy(0.2))
    assert made == "made" and 0.4 <= seconds < 0.9
    # whole: reading it costs nothing
    assert timed(path, lambda: _busy(0.3)) == ("made", seconds)


def test_a_damaged_file_counts_as_none(tmp_path: Path) -> None:
    path = tmp_path / "time.json"
    for text in ("", "[]", '{"cpu_seconds": "x", "whole": true}'):
        path.write_text(text)
        assert timed(path, lambda: "made")[1] < 0.2
