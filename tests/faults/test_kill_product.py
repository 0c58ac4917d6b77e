"""Killed at any moment, on a full disk, in a read-only folder: no half file, and a way on."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from akkd_core.inference.product import is_complete, product_paths
from akkd_core.raster import open_raster
from akkd_core.raster.wholeness import check_tiff

ROOT = Path(__file__).resolve().parents[2]

WRITER = """
import os, sys, time
from pathlib import Path
import numpy as np
from akkd_core.errors import AkkdError
from akkd_core.inference import product
from akkd_core.raster import cog
from tests.builders.products import PROVENANCE, empty_scene, tiles

folder, mode = Path(sys.argv[1]), sys.argv[2]

def say(text):
    print(text, flush=True)

class Progress:
    def update(self, fraction, message=""):
        say("progress")
    def cancelled(self):
        return False

if mode != "plain":
    if mode == "disk":
        cog.MEMORY_LIMIT_BYTES = 0
    real_replace, real_finish = os.replace, cog.CogWriter._finish
    def replace(a, b):
        say("replace")
        time.sleep(0.03)
        real_replace(a, b)
    def finish(self, handle):
        say("finish")
        real_finish(self, handle)
    os.replace, cog.CogWriter._finish = replace, finish

scene = empty_scene(600, 640)
say("start")
try:
    summary = product.write_product(tiles(scene), scene, folder=folder, provenance=PROVENANCE,
                                    progress=Progress(), overwrite="overwrite" in sys.argv)
except AkkdError as error:
    say(f"{type(error).__name__}: {error}")
    sys.exit(5)
say(summary.status)
"""


def environment() -> dict[str, str]:
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), *arguments],
        stdout=subprocess.PIPE, text=True, env=environment(),
    )


def finish(folder: Path, mode: str = "plain") -> str:
    run = subprocess.run(
        [sys.executable, "-c", WRITER, str(folder), mode],
        stdout=subprocess.PIPE, text=True, env=environment(), check=True,
    )
    return run.stdout.split()[-1]


def assert_all_whole(folder: Path) -> None:
    """Every file that has a final name can be read to its last pixel."""
    paths = product_paths("G1", folder)
    for path in paths.layers.values():
        if path.exists():
            check_tiff(path)
            with open_raster(path) as raster:
                raster.read(0, 0, *raster.shape)
    if paths.preview.exists():
        assert paths.preview.read_bytes().endswith(b"IEND\xaeB`\x82")
    if paths.item.exists():
        assert is_complete("G1", folder)


def kill_after(child: subprocess.Popen[str], lines: int, delay: float) -> None:
    assert child.stdout is not None
    for _ in range(lines):
        if not child.stdout.readline():
            break
    time.sleep(delay)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()


# 1 line "start", 25 tiles, then progress and finish for each of 5 layers, then 7 renames.
QUICK = [("memory", 29), ("memory", 40), ("disk", 38)]
MOMENTS = [(mode, lines) for mode in ("memory", "disk") for lines in (8, 29, 36, 38, 40, 43)]


@pytest.mark.parametrize(
    ("mode", "lines"),
    [*QUICK, *(pytest.param(*m, marks=pytest.mark.slow) for m in MOMENTS if m not in QUICK)],
)
def test_kill(tmp_path: Path, lines: int, mode: str) -> None:
    delay = random.Random(lines).random() * 0.04
    kill_after(start(tmp_path, mode), lines, delay)
    assert_all_whole(tmp_path)
    assert finish(tmp_path) in ("written", "skipped")
    assert is_complete("G1", tmp_path)
    assert_all_whole(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted(
        path.name for path in product_paths("G1", tmp_path).files
    ), "leftovers of the killed run are gone"


@pytest.mark.parametrize(
    "lines", [39, *(pytest.param(lines, marks=pytest.mark.slow) for lines in (37, 42))]
)
def test_kill_while_replacing_an_older_product(tmp_path: Path, lines: int) -> None:
    assert finish(tmp_path) == "written"
    kill_after(start(tmp_path, "memory", "overwrite"), lines, 0.01)
    assert_all_whole(tmp_path)
    assert finish(tmp_path) in ("written", "skipped")
    assert is_complete("G1", tmp_path)


def test_file_size_limit_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    run = subprocess.run(
        [sys.executable, "-c", WRITER, str(tmp_path), "plain"],
        capture_output=True, text=True, env=environment(), preexec_fn=limit,
    )
    assert run.returncode == 5, run.stderr
    last = run.stdout.strip().splitlines()[-1]
    assert last.startswith("ProductWriteError: ") and str(tmp_path) in last
    assert "Traceback" not in run.stderr
    assert os.listdir(tmp_path) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = os.geteuid() == 0 and not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=60k", "tmpfs", str(disk)], capture_output=True
    ).returncode
    if not mounted:
        pytest.skip("a small disk can be mounted by root alone")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize("mode", ["memory", "disk"])
def test_full_disk(small_disk: Path, mode: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", WRITER, str(small_disk), mode],
        capture_output=True, text=True, env=environment(),
    )
    assert run.returncode == 5, run.stderr
    last = run.stdout.strip().splitlines()[-1]
    assert last.startswith(f"ProductWriteError: {small_disk}"), last
    assert "Free some space" in last
    assert os.listdir(small_disk) == []


def test_read_only_folder(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    run = subprocess.run(
        [sys.executable, "-c", WRITER, str(small_disk), "plain"],
        capture_output=True, text=True, env=environment(),
    )
    assert run.returncode == 5, run.stderr
    last = run.stdout.strip().splitlines()[-1]
    assert last.startswith("ProductWriteError: ") and "read-only" in last.lower(), last


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_without_permission(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    run = subprocess.run(
        [sys.executable, "-c", WRITER, str(folder), "plain"],
        capture_output=True, text=True, env=environment(),
    )
    assert run.returncode == 5 and "read-only" in run.stdout
