"""``akkd retrieve`` as users run it: products, exit codes, one-line errors, signals."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from akkd_core.inference.product import is_complete, product_paths
from tests.builders import command
from tests.builders.command import akkd


def one_error(text: str) -> str:
    """The only line of standard error."""
    (line,) = text.strip().splitlines()
    assert line.startswith("error: ")
    return line


def test_default_folder_skip_and_overwrite(scene: Path, model: Path) -> None:
    run = akkd("retrieve", scene, "--model", model)
    assert run.returncode == 0, run.stderr
    assert run.stderr == "" and "AST_L1T_A: LST" in run.stdout and " K" in run.stdout
    folder = scene.with_name("AST_L1T_A_akkd")
    assert is_complete("AST_L1T_A", folder)
    assert len(os.listdir(folder)) == 7
    before = (folder / "AST_L1T_A_LST.tif").stat().st_mtime_ns
    run = akkd("retrieve", scene, "--model", model)
    assert run.returncode == 0 and "kept" in run.stdout
    assert (folder / "AST_L1T_A_LST.tif").stat().st_mtime_ns == before
    run = akkd("retrieve", scene, "--model", model, "--overwrite")
    assert run.returncode == 0 and "kept" not in run.stdout
    assert (folder / "AST_L1T_A_LST.tif").stat().st_mtime_ns != before


def test_ancillary_and_model_are_recorded(scene: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = akkd(
        "retrieve", scene, "-m", model, "-o", out, "--tcwv", "23.5", "--t-air", "291",
        "--runtime", "numpy", "--tile-size", "64",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    facts = json.loads((out / "AST_L1T_A.json").read_text())["properties"]
    assert facts["akkd:ancillary"] == {"tcwv_kg_m2": 23.5, "air_temperature_k": 291.0}
    assert facts["akkd:runtime"] == "numpy"
    assert len(facts["akkd:model_sha256"]) == 64


def test_batch_goes_on_after_bad_scenes(scene: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.hdf").write_bytes(b"")
    (tmp_path / "photo.hdf").write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    (tmp_path / "cut.hdf").write_bytes(scene.read_bytes()[:20_000])
    (tmp_path / "folder").mkdir()
    bad = [tmp_path / name for name in ("empty.hdf", "photo.hdf", "cut.hdf", "folder", "absent")]
    run = akkd("retrieve", *bad, scene, "--model", model, "-o", tmp_path / "out")
    assert run.returncode == 1
    lines = run.stderr.strip().splitlines()
    assert len(lines) == len(bad)
    for path, line in zip(bad, lines, strict=True):
        assert line.startswith("error: ") and str(path) in line
    assert is_complete("AST_L1T_A", tmp_path / "out")


@pytest.mark.parametrize("content", [None, b"", b"\xff\xd8\xff\xe0" + bytes(100), b"text"])
def test_single_bad_scene(tmp_path: Path, model: Path, content: bytes | None) -> None:
    path = tmp_path / "scene.hdf"
    if content is not None:
        path.write_bytes(content)
    run = akkd("retrieve", path, "--model", model)
    assert run.returncode == 2 and run.stdout == ""
    assert str(path) in one_error(run.stderr)
    assert not (tmp_path / "scene_akkd").exists()


def test_bad_bundles(scene: Path, tmp_path: Path, model: Path) -> None:
    run = akkd("retrieve", scene, "--model", tmp_path / "absent")
    assert run.returncode == 4 and "absent" in one_error(run.stderr)
    broken = tmp_path / "broken"
    shutil.copytree(model, broken)
    (broken / "weights.npz").write_bytes(b"x")
    run = akkd("retrieve", scene, "--model", broken)
    assert run.returncode == 4 and "weights.npz" in one_error(run.stderr)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--t-air", "500"), "180-340 K"),
        (("--t-air", "nan"), "180-340 K"),
        (("--tile-size", "3"), "64-8192"),
        (("--tcwv", "900"), "kg m-2"),
        (("--tcwv", "nothing.tif"), "nothing.tif"),
        (("--runtime", "magic"), "--runtime"),
        (("--gain-offset", "absent.csv"), "absent.csv"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_bad_values(scene: Path, model: Path, words: tuple[str, ...], expected: str) -> None:
    run = akkd("retrieve", scene, "--model", model, *words)
    assert run.returncode == 2
    assert expected in one_error(run.stderr)


def test_same_granule_twice(scene: Path, model: Path, tmp_path: Path) -> None:
    run = akkd("retrieve", scene, scene, "--model", model)
    assert run.returncode == 2 and "given twice" in one_error(run.stderr)
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(scene, other / scene.name)
    run = akkd("retrieve", scene, other / scene.name, "--model", model, "-o", tmp_path / "out")
    assert run.returncode == 1
    assert "same granule id" in one_error(run.stderr)
    assert is_complete("AST_L1T_A", tmp_path / "out")
    run = akkd("retrieve", scene, other / scene.name, "--model", model)
    assert run.returncode == 0, "folders of their own"


def test_json_lines(scene: Path, model: Path, tmp_path: Path) -> None:
    run = akkd("retrieve", scene, tmp_path / "absent", "-m", model, "--progress", "json")
    assert run.returncode == 1
    events = [json.loads(line) for line in run.stdout.splitlines()]
    fractions = [event["fraction"] for event in events if event["event"] == "progress"]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    (error,) = (event for event in events if event["event"] == "error")
    assert "absent" in error["message"] and error["code"] == 1
    assert events[-1]["event"] == "result"
    scenes = events[-1]["data"]["scenes"]
    assert [scene["status"] for scene in scenes] == ["written", "failed"]
    assert 250 < scenes[0]["lst_mean_k"] < 350


def test_quiet_and_talkative(scene: Path, model: Path, tmp_path: Path) -> None:
    run = akkd("retrieve", scene, "-m", model, "-q")
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    run = akkd("retrieve", tmp_path / "absent.hdf", "-m", model, "-vv")
    assert run.returncode == 2 and "Traceback" in run.stderr
    run = akkd("retrieve", scene, "-m", model, "--progress", "bar", "--overwrite")
    assert "100 %" in run.stderr and "#####" in run.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_leave_nothing_half_written(
    tmp_path: Path, model: Path, number: signal.Signals
) -> None:
    pytest.importorskip("pyhdf")
    path = command.granule(tmp_path / "G.hdf", 900, 900)
    child = subprocess.Popen(
        command.arguments(
            "retrieve", path, "-m", model, "--progress", "json", "--tile-size", "64"
        ),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=command.environment(),
        # a suite that runs in the background hands on an ignored SIGINT
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )  # fmt: skip
    assert child.stdout is not None
    for line in child.stdout:
        if json.loads(line).get("fraction", 0) > 0.2:
            break
    child.send_signal(number)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 130
    assert errors.strip() == "error: cancelled"
    assert os.listdir(tmp_path) == ["G.hdf"]


def test_a_killed_batch_goes_on(tmp_path: Path, model: Path) -> None:
    pytest.importorskip("pyhdf")
    paths = [command.granule(tmp_path / f"G{i}.hdf", 300, 300) for i in range(3)]
    out = tmp_path / "out"
    words = ("retrieve", *paths, "-m", model, "-o", out, "--progress", "json")
    child = subprocess.Popen(
        command.arguments(*words), stdout=subprocess.PIPE, text=True, env=command.environment()
    )
    assert child.stdout is not None
    for line in child.stdout:
        if json.loads(line).get("fraction", 0) > 0.5:
            break
    time.sleep(0.02)
    child.kill()
    child.communicate()
    assert is_complete("G0", out) and not is_complete("G2", out)
    run = akkd(*words[:-2])
    assert run.returncode == 0, run.stderr
    assert "G0: kept" in run.stdout and "G2: LST" in run.stdout
    expected = {p.name for i in range(3) for p in product_paths(f"G{i}", out).files}
    assert set(os.listdir(out)) == expected


def test_reader_that_goes_away(scene: Path, model: Path) -> None:
    child = subprocess.Popen(
        command.arguments("retrieve", scene, "-m", model, "--progress", "json"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=command.environment(),
    )
    assert child.stdout is not None and child.stderr is not None
    child.stdout.close()
    errors = child.stderr.read()
    child.stderr.close()
    assert child.wait(60) == 130
    assert errors.strip() == "error: cancelled"
