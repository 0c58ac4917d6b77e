"""``akkd validate aster`` as a child process: exit codes, one line of error, no matplotlib."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.builders import aster_l2
from tests.builders.command import akkd
from tests.unit.validation.test_aster_products import BIAS_K, ROTATED, ours, reference


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ours(tmp_path_factory.mktemp("cli") / "scene_akkd")


def test_report_without_matplotlib(product: Path, tmp_path: Path) -> None:
    aster_l2.write_v004(tmp_path / "ref", "AST_08", reference(), ROTATED)
    run = akkd(
        "validate", "aster", product, "--reference", tmp_path / "ref", "-o", tmp_path / "out",
        "--json", tmp_path / "r.json", "--label", "small model", "--block", "10",
        "--progress", "none", shadowed=("matplotlib",),
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    lines = run.stdout.splitlines()
    assert lines[0].startswith("small model against AST_08_004070420190315")
    assert "No charts: matplotlib is not installed" in lines[-1]
    data = json.loads((tmp_path / "r.json").read_text())
    assert data["comparisons"][0]["metrics"]["bias"] == pytest.approx(BIAS_K, abs=0.005)
    assert data["charts"] == [] and Path(data["report"]).is_file()
    assert (tmp_path / "out" / "small_model_minus_AST_08.qml").is_file()
    again = akkd("validate", "aster", product, "--reference", tmp_path / "ref", "-o",
                 tmp_path / "out")  # fmt: skip
    assert again.returncode == 2
    (line,) = again.stderr.splitlines()
    assert line.startswith(f"error: {tmp_path / 'out' / 'report.html'}: exists.")


def test_bad_input_is_one_line_and_nothing_is_left(product: Path, tmp_path: Path) -> None:
    aster_l2.write_v004(tmp_path / "ref", "AST_08", np.full_like(reference(), np.nan), ROTATED)
    cases = {
        "no valid cell left": tmp_path / "ref",
        "no such file or folder": tmp_path / "nothing.hdf",
        "no AST_08 or AST_05 granule there": product,
    }
    for text, path in cases.items():
        run = akkd("validate", "aster", product, "--reference", path, "-o", tmp_path / "out")
        assert run.returncode == 2
        (line,) = run.stderr.splitlines()
        assert line.startswith("error: ") and text in line
    assert not (tmp_path / "out").exists()
