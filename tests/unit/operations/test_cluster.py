"""A real Dask cluster of two processes: the same bits, though one is killed in mid-scene."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import akkd_core
from akkd_core.errors import AkkdError
from tests.builders import command

distributed = pytest.importorskip("distributed")
pytest.importorskip("pyhdf")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return command.bundle(tmp_path_factory.mktemp("model") / "bundle")


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("scenes")
    return [command.granule(folder / f"G{n}.hdf", rows=40 + n, cols=40) for n in range(4)]


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notes") / "notes"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, notes: Path) -> Iterator[Any]:
    """Its workers are killed in the midst of G1, once in all, and in the midst of G3, always."""
    folder = tmp_path_factory.mktemp("dask")
    mortal = folder / "mortal.py"
    mortal.write_text(
        "from tests.builders.mortal import arm\n"
        f"arm('G1', {str(notes)!r}, 1)\narm('G3', {str(folder / 'more')!r}, 9)\n"
    )
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
        host="127.0.0.1", local_directory=str(folder), silence_logs=50, preload=[str(mortal)],
    ) as cluster:  # fmt: skip
        yield cluster


def test_same_to_the_bit_though_a_worker_is_killed(
    scenes: list[Path], model: Path, tmp_path: Path, cluster: Any, notes: Path
) -> None:
    absent, manifest = tmp_path / "no.hdf", tmp_path / "run.jsonl"
    akkd_core.retrieve(scenes[:3], tmp_path / "one", model)
    given: dict[str, Any] = {
        "model": model, "scheduler": cluster.scheduler_address, "manifest": manifest,
    }  # fmt: skip
    two = akkd_core.retrieve([*scenes[:3], absent], tmp_path / "two", **given)
    assert len(notes.read_text().splitlines()) == 1, "one worker was killed"
    assert [summary.status for summary in two] == ["written"] * 3 + ["failed"]
    assert "no.hdf" in str(two[3].error)
    assert command.contents(tmp_path / "one") == command.contents(tmp_path / "two")
    records = [json.loads(line) for line in manifest.read_text().splitlines()]
    assert sorted(record["state"] for record in records) == ["failed"] + ["written"] * 3


def test_a_scene_that_dask_gives_up_is_reported(
    scenes: list[Path], model: Path, tmp_path: Path, cluster: Any
) -> None:
    cluster.scheduler.allowed_failures = 0
    cluster.wait_for_workers(1, timeout=60)
    with pytest.raises(AkkdError, match="the cluster gave it up: KilledWorker") as caught:
        akkd_core.retrieve(
            scenes[3], tmp_path / "out", model, scheduler=cluster.scheduler_address
        )
    assert str(scenes[3]) in str(caught.value)
