"""A weight selection killed by the system ends, started again, as one that was not."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.builders.command import arguments, environment
from tests.builders.distillation import QUICK, labelled_archive

pytest.importorskip("keras", reason="needs the training extra")

WEIGHTS, REPETITIONS, KILLED_AFTER = "0.2,0.4,0.6,0.8", 15, 5


def start(archive: Path) -> subprocess.Popen[str]:
    words = (
        "distill", "select-weight", archive, "--scenes", "1", "--weights", WEIGHTS,
        "--repetitions", str(REPETITIONS), *QUICK,
    )  # fmt: skip
    return subprocess.Popen(
        arguments(*words), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def trials(archive: Path) -> list[str]:
    """Lines on disk; the file is whole at any moment."""
    try:
        return (archive.with_name("arch_weight") / "trials.jsonl").read_text().splitlines()
    except FileNotFoundError:
        return []


def test_killed_amid_the_trials_and_started_again(tmp_path: Path) -> None:
    whole = labelled_archive(tmp_path / "whole" / "arch", training=1, complex_=1).folder
    cut = tmp_path / "cut" / "arch"
    first = start(whole)
    out, err = first.communicate(timeout=250)
    assert first.returncode == 0 and err == "", err
    assert "weights.txt" in out
    shutil.copytree(whole, cut)
    second = start(cut)
    deadline = time.monotonic() + 200.0
    while len(trials(cut)) < KILLED_AFTER and second.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    second.send_signal(signal.SIGKILL)
    second.communicate()
    kept = trials(cut)
    assert KILLED_AFTER <= len(kept) < 2 + 4 * REPETITIONS, "killed in the midst"
    third = start(cut)
    out, err = third.communicate(timeout=250)
    assert third.returncode == 0 and err == "", err
    assert trials(cut)[: len(kept)] == kept, "nothing was run again"
    assert [line for line in trials(cut)[1:]] == trials(whole)[1:]
    for name in ("weights.json", "weights.csv"):
        one, two = (a.with_name("arch_weight") / name for a in (cut, whole))
        assert one.read_text() == two.read_text()
