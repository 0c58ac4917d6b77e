"""The long ones, `make test-all`: all held-out scenes, and a raster of 12,000 x 12,000 pixels."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from akkd_core.operations.scores import score

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]


def test_scores_on_all_held_out_scenes(repo_root: Path) -> None:
    pixel_only = repo_root / "benchmarks" / "bundles" / "pixel-only"
    report = score(pixel_model=str(pixel_only), variants=False)
    ours, helped, pixel, *others = report.methods
    assert ours.lst_mae <= 0.88
    assert ours.lse_mae <= 0.0168
    assert helped.lst_mae < ours.lst_mae
    assert pixel.lst_mae > 1.2 * ours.lst_mae
    assert min(other.lst_mae for other in others) > ours.lst_mae
    biases = [air.metrics.bias for air in report.atmosphere if air.quantity == "transmittance"]
    assert len(biases) == 5 and max(map(abs, biases)) < 0.02


def test_memory_does_not_grow_with_the_raster(repo_root: Path, tmp_path: Path) -> None:
    script = repo_root / "benchmarks" / "large_raster.py"
    run = subprocess.run(
        [sys.executable, str(script), "--side", "12000", "--valid-share", "0.05"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    peak = float(re.search(r"peak (\d+) MiB", run.stdout).group(1))  # type: ignore[union-attr]
    assert peak < 1000
