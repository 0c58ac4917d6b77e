"""A batch in which scenes fail: exit code, what is told, and the manifest say the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from akkd_cli.main import cli
from akkd_core.errors import OperationCancelled
from akkd_core.operations.batch import SceneArgument
from akkd_core.operations.batch_manifest import Manifest
from akkd_core.operations.retrieve_batch import Spread, retrieve_spread
from akkd_core.operations.scene_jobs import failed, sha256_of
from akkd_core.progress import SilentProgress
from tests.builders import command

pytest.importorskip("pyhdf")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return command.bundle(tmp_path_factory.mktemp("model") / "bundle")


@pytest.fixture
def batch(tmp_path: Path) -> list[Path]:
    """Whole, cut, absent, of the first one's id, and whole with a product already."""
    paths = [tmp_path / name for name in ("G0.hdf", "cut.hdf", "no.hdf", "b/G0.hdf", "old.hdf")]
    paths[3].parent.mkdir()
    command.granule(paths[0], 40, 40)
    for path in (paths[3], paths[4]):
        path.write_bytes(paths[0].read_bytes())
    paths[1].write_bytes(paths[0].read_bytes()[:9000])
    return paths


def akkd(*words: object) -> Result:
    return CliRunner().invoke(cli, ["retrieve", *map(str, words)])


def lines_of(manifest: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in manifest.read_text().splitlines()]


@pytest.mark.parametrize("workers", [1, 2])
def test_all_tell_the_same(batch: list[Path], model: Path, tmp_path: Path, workers: int) -> None:
    out, manifest = tmp_path / "out", tmp_path / "run.jsonl"
    words = ["-m", model, "-o", out]
    assert akkd(batch[4], *words, "-q").exit_code == 0
    words += ["--manifest", manifest, "--workers", workers, "--progress", "json"]
    run = akkd(*batch, *words)
    assert run.exit_code == 1
    events = [json.loads(line) for line in run.stdout.splitlines()]
    scenes = events[-1]["data"]["scenes"]
    states = ["written", "failed", "failed", "failed", "skipped"]
    assert [scene["status"] for scene in scenes] == states, "in the order given"
    reasons = [scene["error"] for scene in scenes]
    assert "cut.hdf" in reasons[1] and "no.hdf" in reasons[2]
    assert "b/G0.hdf" in reasons[3] and "same granule id" in reasons[3]
    told = [event["message"] for event in events if event["event"] == "error"]
    assert told == reasons[1:4] and all("\n" not in line for line in told)
    records = {record["source"]: record for record in lines_of(manifest)}
    assert len(records) == len(lines_of(manifest)) == 5
    for path, scene in zip(batch, scenes, strict=True):
        record = records[str(path)]
        assert (record["state"], record["error"]) == (scene["status"], scene["error"])
        assert record["attempts"] == 1 and record["seconds"] >= 0
        hashes = {Path(name).name: sha256_of(Path(name)) for name in scene["files"]}
        assert record["sha256"] == hashes and bool(hashes) == (scene["error"] is None)
    # Mended, all but the clash goes through: what was done stays, what failed is done again.
    batch[1].write_bytes(batch[0].read_bytes())
    batch[2].write_bytes(batch[0].read_bytes())
    run = akkd(*batch[:3], batch[4], *words)
    assert run.exit_code == 0, run.output
    scenes = json.loads(run.stdout.splitlines()[-1])["data"]["scenes"]
    assert [scene["status"] for scene in scenes] == ["skipped", "written", "written", "skipped"]
    assert [record["state"] for record in lines_of(manifest)[5:]] == ["written"] * 2


def test_people_are_told_one_line_a_scene(batch: list[Path], model: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "run.jsonl"
    words = ("-m", model, "-o", tmp_path / "out", "--manifest", manifest, "--progress", "none")
    run = akkd(*batch[:3], *words)
    assert run.exit_code == 1
    assert [line[:2] for line in run.stdout.splitlines()] == ["G0"]
    failures = [line for line in run.stderr.splitlines() if line.startswith("error: ")]
    assert ["cut.hdf" in failures[0], "no.hdf" in failures[1]] == [True, True]
    assert len(failures) == 2
    nothing = akkd(*batch[1:3], *words)
    assert nothing.exit_code == 1 and nothing.stdout == "", "all failed, again"
    assert [record["state"] for record in lines_of(manifest)].count("failed") == 4


def test_a_single_scene_that_fails_has_its_own_exit_code_and_a_line(
    batch: list[Path], model: Path, tmp_path: Path
) -> None:
    manifest = tmp_path / "run.jsonl"
    run = akkd(batch[1], "-m", model, "--manifest", manifest)
    assert run.exit_code == 2 and "cut.hdf" in run.stderr
    (record,) = lines_of(manifest)
    assert record["state"] == "failed" and record["error"] in run.stderr.strip()
    closed = tmp_path / "file"
    closed.write_text("")
    run = akkd(batch[0], "-m", model, "--manifest", closed / "run.jsonl")
    assert run.exit_code == 2 and f"{closed}/run.jsonl: can't be read" in run.stderr
    run = akkd(batch[0], "-m", model, "--manifest", batch[0])
    assert run.exit_code == 2 and "isn't a manifest" in run.stderr


class _GivenUp(Spread):
    """Does the first scene, then is cancelled."""

    def executor(self, model: Any) -> Any:
        class Executor:
            def run(self, jobs: Any, done: Any, progress: Any) -> None:
                if jobs[0]["kind"] == "retrieve":
                    first = SceneArgument((Path(jobs[0]["files"][0]),))
                    done(0, {**failed(first, "worn out"), "attempts": 3})
                    raise OperationCancelled("cancelled by the user")

        return Executor()


def test_what_was_done_before_cancelling_is_in_the_manifest(tmp_path: Path) -> None:
    class Model:
        sha256 = "00"

    names = ("model", "output", "profile", "gain_offset", "tcwv", "t_air", "elevation")
    spread = _GivenUp(manifest=tmp_path / "run.jsonl")
    scenes = [SceneArgument((tmp_path / name,)) for name in ("a.hdf", "b.hdf")]
    values = dict.fromkeys(names)
    with pytest.raises(OperationCancelled):
        retrieve_spread(scenes, values, Model(), spread, SilentProgress())  # type: ignore[arg-type]
    (record,) = lines_of(tmp_path / "run.jsonl")
    assert record["source"] == str(tmp_path / "a.hdf") and record["attempts"] == 3
    assert "worn out" in record["error"]
    manifest = Manifest(tmp_path / "run.jsonl", record["settings"])
    manifest.close()
    assert manifest.found(str(tmp_path / "b.hdf")) is None
