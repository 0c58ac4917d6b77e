"""``akkd tes`` and ``akkd validate tes`` as users run them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from akkd_core.inference.product import is_complete
from akkd_core.raster import open_raster
from akkd_core.simulation.atmospheres import shipped_atmospheres
from tests.builders.command import akkd


def one_error(text: str) -> str:
    """The only line of standard error."""
    (line,) = text.strip().splitlines()
    assert line.startswith("error: ")
    return line


@pytest.fixture
def air(tmp_path: Path) -> Path:
    """A table of one atmosphere."""
    table = shipped_atmospheres("judge")
    row = int(np.argmin(np.abs(table.tcwv_kg_m2 - 10.0)))
    path = tmp_path / "air.csv"
    table.select(np.array([row])).save_csv(path)
    return path


def test_default_folder_skip_overwrite(scene: Path, air: Path) -> None:
    run = akkd("tes", scene, "--atmosphere", air, "--tile-size", "64")
    assert run.returncode == 0, run.stderr
    assert run.stderr == "" and "AST_L1T_A: LST" in run.stdout
    folder = scene.with_name("AST_L1T_A_tes")
    assert is_complete("AST_L1T_A", folder) and len(os.listdir(folder)) == 5
    with open_raster(folder / "AST_L1T_A_LST.tif") as raster:
        lst = raster.read(0, 0, *raster.shape)[0]
    assert np.isnan(lst[:8, :9]).all() and np.isnan(lst[30, 30]) and lst[50, 50] > lst[12, 50]
    run = akkd("tes", scene, "--atmosphere", air)
    assert run.returncode == 0 and "kept" in run.stdout
    run = akkd("tes", scene, "--atmosphere", air, "--overwrite", "--variant", "product")
    assert run.returncode == 0 and "kept" not in run.stdout
    facts = json.loads((folder / "AST_L1T_A.json").read_text())["properties"]
    assert facts["akkd:method"] == "TES" and facts["akkd:variant"] == "product"


def test_json_lines(scene: Path, model: Path, tmp_path: Path) -> None:
    run = akkd("tes", scene, "-m", model, "-o", tmp_path / "out", "--progress", "json")
    assert run.returncode == 0, run.stderr
    events = [json.loads(line) for line in run.stdout.splitlines()]
    fractions = [event["fraction"] for event in events if event["event"] == "progress"]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert events[-1]["data"]["scenes"][0]["status"] == "written"


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (("--atmosphere", "nowhere.csv"), 2, "nowhere.csv"),
        (("--atmosphere", "tcwv=-3"), 2, "0-120 kg m-2"),
        (("--elevation", "100"), 2, "--elevation: tells nothing"),
        (("--variant", "mine"), 2, "--variant"),
        (("--nedt", "9"), 2, "0-5 K"),
        (("--model", "absent"), 4, "absent"),
    ],
)
def test_bad_values(scene: Path, words: tuple[str, ...], code: int, expected: str) -> None:
    run = akkd("tes", scene, *words)
    assert run.returncode == code and expected in one_error(run.stderr)
    assert not scene.with_name("AST_L1T_A_tes").exists()


def test_without_the_simulation_extra(
    scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package that raises on import stands for one that isn't installed."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "joseki.py").write_text("raise ImportError('not installed')\n")
    monkeypatch.setenv("PYTHONPATH", str(hidden), prepend=os.pathsep)
    run = akkd("tes", scene, "--atmosphere", "tropical")
    assert run.returncode == 3 and "akkd[simulate]" in one_error(run.stderr)


def test_a_bad_scene_stops_no_other(scene: Path, air: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.hdf").write_bytes(b"")
    run = akkd("tes", tmp_path / "empty.hdf", scene, "--atmosphere", air, "-o", tmp_path / "out")
    assert run.returncode == 1 and "empty.hdf" in one_error(run.stderr)
    assert is_complete("AST_L1T_A", tmp_path / "out")
