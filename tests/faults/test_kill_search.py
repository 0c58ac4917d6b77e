"""A search killed by the system ends, resumed, with the trials of one that was not."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.builders.command import arguments, environment
from tests.builders.search import options, training_set

pytest.importorskip("autokeras", reason="needs the training extra")

TRIALS, KILLED_AFTER = 6, 3
# ours guides none of so few trials, but fails none of the ways to lose or repeat one
TUNER = "edit-distance"


def start(folder: Path, data: Path, *more: str) -> subprocess.Popen[str]:
    words = ("search", folder, "--data", data, *options(trials=TRIALS, tuner=TUNER), *more)
    return subprocess.Popen(
        arguments(*words), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )


def trials(folder: Path) -> list[dict[str, Any]]:
    """Trials on disk; the file is whole at any moment."""
    try:
        found: list[dict[str, Any]] = json.loads((folder / "trials.json").read_text())["trials"]
    except FileNotFoundError:
        return []
    return found


def without_seconds(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in trial.items() if not name.startswith("seconds")}
        for trial in found
    ]


@pytest.mark.timeout(1800)  # three processes that import TensorFlow, on whatever machine
def test_killed_after_the_third_trial_and_resumed(tmp_path: Path) -> None:
    data = training_set(tmp_path / "demo.npz")
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    first, second = start(whole, data), start(cut, data)
    deadline = time.monotonic() + 600.0
    while len(trials(cut)) < KILLED_AFTER and second.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    second.send_signal(signal.SIGKILL)
    second.communicate()
    kept = trials(cut)
    assert KILLED_AFTER <= len(kept) < TRIALS, "killed in the midst"
    resumed = start(cut, data, "--resume")
    for child in (first, resumed):
        out, err = child.communicate(timeout=600)
        assert child.returncode == 0 and err == "", err
        assert "best.json" in out
    assert trials(cut)[: len(kept)] == kept, "nothing was run again, seconds are those of then"
    assert without_seconds(trials(cut)) == without_seconds(trials(whole))
    assert [trial["number"] for trial in trials(cut)] == list(range(1, TRIALS + 1))
    assert (cut / "best.json").read_text() == (whole / "best.json").read_text()
    assert not (cut / ".autokeras").exists()
