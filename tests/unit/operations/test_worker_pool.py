"""Workers: the same products as one process, a worker's death, scenes that fail, cancelling."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import akkd_core
from akkd_core.errors import (
    GranuleReadError,
    InputError,
    MissingDependencyError,
    OperationCancelled,
    ParameterError,
)
from akkd_core.operations import worker_pool
from akkd_core.operations.scene_jobs import failed
from akkd_core.operations.worker_pool import WorkerPool
from akkd_core.progress import SilentProgress
from tests.builders import command

pytest.importorskip("pyhdf")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return command.bundle(tmp_path_factory.mktemp("model") / "bundle")


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("scenes")
    return [command.granule(folder / f"G{n}.hdf", rows=40 + n, cols=40) for n in range(3)]


MORTAL = """
import json, os, sys
sys.path[:] = json.loads(sys.stdin.readline())
from tests.builders.mortal import arm
arm({name!r}, {notes!r}, {kills})
from akkd_core.operations.worker_child import serve
serve()
"""


def mortal(monkeypatch: pytest.MonkeyPatch, notes: Path, kills: int) -> None:
    """Have workers killed in the midst of writing the product of G1, so many times in all."""
    monkeypatch.syspath_prepend(command.ROOT)
    start = MORTAL.format(name="G1", notes=str(notes), kills=kills)
    monkeypatch.setattr(worker_pool, "_START", start)


def attempts(manifest: Path) -> dict[str, tuple[str, int]]:
    """State of each scene, and how often it was begun."""
    lines = map(json.loads, manifest.read_text().splitlines())
    return {line["scene_id"]: (line["state"], line["attempts"]) for line in lines}


def test_same_to_the_bit_though_a_worker_is_killed_and_taken_up_again(
    scenes: list[Path], model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = tmp_path / "absent.hdf"
    one = akkd_core.retrieve([*scenes, absent], tmp_path / "one", model)
    notes = tmp_path / "notes"
    mortal(monkeypatch, notes, kills=1)
    manifest = tmp_path / "run.jsonl"
    given: dict[str, Any] = {"model": model, "workers": 2, "manifest": manifest}
    two = akkd_core.retrieve([*scenes, absent], tmp_path / "two", **given)
    killed = [line.split() for line in notes.read_text().splitlines()]
    assert len(killed) == 1 and int(killed[0][1]) > 0, "in mid-scene: files of it were there"
    assert command.contents(tmp_path / "one") == command.contents(tmp_path / "two")
    assert [s.status for s in two] == [s.status for s in one] == ["written"] * 3 + ["failed"]
    assert isinstance(two[3].error, GranuleReadError) and "absent.hdf" in str(two[3].error)
    assert attempts(manifest) == {
        "G0": ("written", 1), "G1": ("written", 2), "G2": ("written", 1),
        str(absent): ("failed", 1),
    }  # fmt: skip
    # What is whole is left alone in this process too; what was altered is made again.
    altered, kept = (tmp_path / "two" / f"G{n}_LST.tif" for n in (0, 1))
    before = kept.stat().st_mtime_ns
    altered.write_bytes(altered.read_bytes()[:-1] + b"x")
    again = akkd_core.retrieve(scenes, tmp_path / "two", **{**given, "workers": 1})
    assert [summary.status for summary in again] == ["written", "skipped", "skipped"]
    assert kept.stat().st_mtime_ns == before
    assert command.contents(tmp_path / "one") == command.contents(tmp_path / "two")
    with pytest.raises(ParameterError, match="other options"):
        akkd_core.retrieve(scenes, tmp_path / "two", t_air=290, **{**given, "workers": 1})


def test_a_scene_given_up_is_done_by_the_next_run(
    scenes: list[Path], model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest, out = tmp_path / "run.jsonl", tmp_path / "out"
    mortal(monkeypatch, tmp_path / "notes", kills=3)
    given: dict[str, Any] = {"model": model, "manifest": manifest}
    first = akkd_core.retrieve(scenes[:2], out, workers=2, **given)
    assert [summary.status for summary in first] == ["written", "failed"]
    assert f"{scenes[1]}: 3 workers ended" in str(first[1].error)
    assert attempts(manifest) == {"G0": ("written", 1), str(scenes[1]): ("failed", 3)}
    assert not [path for path in out.iterdir() if path.name.startswith("G1")]
    again = akkd_core.retrieve(scenes[:2], out, workers=1, **given)
    assert [summary.status for summary in again] == ["skipped", "written"]
    assert {path.name.split("_")[0].split(".")[0] for path in out.iterdir()} == {"G0", "G1"}
    assert attempts(manifest)["G1"] == ("written", 1)


_DEADLY = """
import json, os, sys
sys.path[:] = json.loads(sys.stdin.readline())
print(json.dumps({"ready": list(sys.version_info[:2])}), flush=True)
for line in sys.stdin:
    if "bad" in line:
        os.kill(os.getpid(), 9)
    print("{", flush=True) if "torn" in line else None
    from akkd_core.operations.scene_jobs import failed
    from akkd_core.operations.batch import SceneArgument
    from pathlib import Path
    result = failed(SceneArgument((Path(json.loads(line)["files"][0]),)), "done")
    print(json.dumps({"result": result}), flush=True)
"""


def test_a_scene_that_kills_its_workers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "_START", _DEADLY)
    got: dict[int, dict[str, Any]] = {}
    jobs = [{"files": [name]} for name in ("a", "bad", "b")]
    WorkerPool(2).run(jobs, lambda index, result: got.update({index: result}), SilentProgress())
    assert {i: r["attempts"] for i, r in got.items()} == {0: 1, 1: 3, 2: 1}
    assert "bad: 3 workers ended" in got[1]["error"][1] and "signal 9" in got[1]["error"][1]


def test_cancelling_ends_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "_START", _DEADLY.replace("for line in sys.stdin:", "for line in sys.stdin:\n    continue"))  # noqa: E501
    pool = WorkerPool(1)
    seen: list[Any] = []

    class Cancel(SilentProgress):
        def cancelled(self) -> bool:
            seen.extend(w.process for w in pool._pool if w.job is not None)
            return bool(seen)

    with pytest.raises(OperationCancelled):
        pool.run([{"files": ["a"]}], lambda index, result: None, Cancel())
    assert seen[0].poll() is not None and pool._pool == []


def test_no_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "qgis-bin"))
    monkeypatch.setenv("AKKD_PYTHON", str(tmp_path / "no-python"))
    with pytest.raises(MissingDependencyError, match="Take one worker"):
        WorkerPool(1).run([{"files": ["a"]}], lambda *_: None, SilentProgress())


def test_scheduler(monkeypatch: pytest.MonkeyPatch, scenes: list[Path], model: Path) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingDependencyError, match=r"akkd\[scale\]"):
        akkd_core.retrieve(scenes, model=model, scheduler="tcp://127.0.0.1:1")
    with pytest.raises(ParameterError, match="one of the two"):
        akkd_core.retrieve(scenes, model=model, scheduler="tcp://127.0.0.1:1", workers=2)


def test_two_scenes_of_one_id(scenes: list[Path], model: Path, tmp_path: Path) -> None:
    twin = tmp_path / scenes[0].name
    twin.write_bytes(scenes[0].read_bytes())
    manifest = tmp_path / "run.jsonl"
    first, second = akkd_core.retrieve(
        [scenes[0], twin], tmp_path / "out", model, manifest=manifest
    )
    assert first.status == "written" and "same granule id" in str(second.error)
    assert isinstance(second.error, InputError)


def test_failed_names_the_scene() -> None:
    from akkd_core.operations.batch import SceneArgument

    assert failed(SceneArgument((Path("x.hdf"),)), "why")["error"] == ["AkkdError", "x.hdf: why"]
