"""``akkd retrieve`` where things go wrong: killed, twice at once, on a full disk, odd paths."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from akkd_core.inference.product import is_complete, product_paths
from akkd_core.operations.info import describe
from akkd_core.operations.retrieve import retrieve
from akkd_core.raster import open_raster
from akkd_core.raster.wholeness import check_tiff
from tests.builders import command
from tests.builders.command import akkd

ODD = "été 夏 100% #1 [a] 'q' $x"
"""A folder's name with what shells, globs, URLs and formats trip over."""

KILLER = """
import json, os, random, signal, sys, time
from pathlib import Path
import numpy, pyhdf.SD, pyproj, rasterio, scipy.ndimage
import akkd_core.calibration, akkd_core.joint.retriever, akkd_core.operations.retrieval_model
from akkd_core.inference.product import is_complete, product_paths
from akkd_core.inference.stac import read_item
from akkd_core.operations.retrieve import retrieve
from akkd_core.raster.wholeness import check_tiff

scene, model, out, kills = *sys.argv[1:4], int(sys.argv[4])

def begin():
    child = os.fork()
    if child == 0:
        code = 1
        try:
            retrieve(scene, out, model, runtime="numpy", overwrite=True)
            code = 0
        finally:
            os._exit(code)
    return child

def end(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def check():
    paths = product_paths("G", out)
    for path in paths.layers.values():
        if path.exists():
            check_tiff(path)
    if paths.preview.exists():
        assert paths.preview.read_bytes().endswith(b"IEND" + bytes.fromhex("ae426082"))
    if paths.item.exists():
        assert read_item(paths.item) is not None
    return is_complete("G", out)

start = time.monotonic()
assert end(begin()) == 0 and check()
whole = time.monotonic() - start
dice, ends, complete = random.Random(kills), [], 0
for _ in range(kills):
    child = begin()
    time.sleep(dice.random() * whole)
    os.kill(child, signal.SIGKILL)
    ends.append(end(child))
    complete += check()
assert end(begin()) == 0 and check()
print(json.dumps({"killed": ends.count(-9), "whole": ends.count(0), "complete": complete}))
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return command.bundle(tmp_path_factory.mktemp("model") / "bundle")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("pyhdf")
    return command.granule(tmp_path_factory.mktemp("scene") / "G.hdf", 200, 210)


def names(folder: Path) -> set[str]:
    return {path.name for path in product_paths("G", folder).files}


def layers(folder: Path) -> dict[str, object]:
    found = {}
    for suffix, path in product_paths("G", folder).layers.items():
        with open_raster(path) as raster:
            found[suffix] = raster.read(0, 0, *raster.shape)
    return found


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_killed_at_random_moments(scene: Path, model: Path, tmp_path: Path, kills: int) -> None:
    """No file with a final name is ever half written, and the next run mends all."""
    run = subprocess.run(
        [sys.executable, "-c", KILLER, str(scene), str(model), str(tmp_path), str(kills)],
        capture_output=True, text=True, env=command.environment(),
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["killed"] + found["whole"] == kills and found["killed"] >= kills // 2
    assert set(os.listdir(tmp_path)) == names(tmp_path), "leftovers are gone"


def begin(scene: Path, model: Path, out: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command.arguments("retrieve", scene, "-m", model, "-o", out, *words),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=command.environment(),
    )  # fmt: skip


@pytest.mark.parametrize("rounds", [1, pytest.param(8, marks=pytest.mark.slow)])
def test_two_runs_on_one_output_at_once(
    scene: Path, model: Path, tmp_path: Path, rounds: int
) -> None:
    reference = tmp_path / "alone"
    retrieve(scene, reference, model)
    expected = layers(reference)
    for number in range(rounds):
        out = tmp_path / str(number)
        runs = [begin(scene, model, out), begin(scene, model, out, "--overwrite")]
        for run in runs:
            _, errors = run.communicate(timeout=280)
            assert (run.returncode, errors) == (0, "")
        assert is_complete("G", out) and set(os.listdir(out)) == names(out)
        for suffix, array in layers(out).items():
            np.testing.assert_array_equal(array, expected[suffix], err_msg=suffix)


def test_odd_paths(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / ODD
    folder.mkdir()
    path = command.granule(folder / "G ü.hdf")
    bundle = folder / "modèle 1"
    bundle.symlink_to(model)
    run = akkd("retrieve", path, "-m", bundle)
    assert run.returncode == 0 and run.stderr == "", run.stderr
    out = folder / "G ü_akkd"
    assert is_complete("G ü", out)
    for layer in product_paths("G ü", out).layers.values():
        check_tiff(layer)
        with open_raster(layer) as raster:
            assert raster.shape == (60, 70) and raster.tags["SOURCE_ID"] == "G ü"
    kept = akkd("retrieve", path, "-m", bundle)
    assert kept.returncode == 0 and "kept" in kept.stdout and "G ü" in kept.stdout
    assert describe(str(out)).lines[0] == "product G ü (complete)"


def limited(words: tuple[object, ...], size: int) -> subprocess.CompletedProcess[str]:
    """Run where no file may grow beyond a size: a full disk that needs no root."""
    return subprocess.run(
        command.arguments(*map(str, words)), capture_output=True, text=True,
        env=command.environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )  # fmt: skip


def errors(run: subprocess.CompletedProcess[str]) -> list[str]:
    """Error lines; GDAL's threads add words of their own."""
    return [line for line in run.stderr.splitlines() if line.startswith("error: ")]


def test_a_full_disk_in_a_batch(scene: Path, model: Path, tmp_path: Path) -> None:
    """The scene that doesn't fit is told with its reason, nothing of it stays, others go on."""
    small = command.granule(tmp_path / "S.hdf", 40, 40)
    big = command.granule(tmp_path / "B.hdf", 300, 310)
    out = tmp_path / "out"
    run = limited(("retrieve", big, small, "-m", model, "-o", out), 16_000)
    assert run.returncode == 1, run.stderr
    (line,) = errors(run)
    assert str(out) in line and "can't be written" in line and line.endswith("another folder")
    assert is_complete("S", out) and not [n for n in os.listdir(out) if "B" in n]


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("simulate", "granule", "OUT/g.hdf", "--rows", "60", "--cols", "50"),
        ("simulate", "scenes", "OUT/s.npz", "--scenes", "20"),
        ("preprocess", "SCENE", "-o", "OUT/p"),
        ("tes", "SCENE", "-o", "OUT/t", "--atmosphere", "tcwv=20"),
        ("install", "compact", "--name", "mine"),
    ],
    ids=lambda words: "-".join(words[:2]),
)
def test_other_commands_on_a_full_disk(
    words: tuple[str, ...], scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.setenv("AKKD_MODELS", str(out / "models"))
    given = tuple(w.replace("OUT", str(out)).replace("SCENE", str(scene)) for w in words)
    run = limited(given, 8192)
    assert run.returncode == 5, run.stderr
    (line,) = errors(run)
    assert str(out) in line and "can't be written" in line and "unforeseen" not in line
    assert not [path for path in out.rglob("*") if path.is_file()]


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder that can't be written, for root too."""
    folder = tmp_path / "closed"
    folder.mkdir()
    if os.geteuid() != 0:
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)
        return
    mount = ["mount", "-t", "tmpfs", "-o", "ro,size=16k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("root may write anywhere, and nothing can be mounted")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_read_only_output(scene: Path, model: Path, read_only: Path) -> None:
    run = akkd("retrieve", scene, "-m", model, "-o", read_only)
    assert run.returncode == 5 and run.stdout == ""
    (line,) = run.stderr.splitlines()
    assert line.startswith(f"error: {read_only}") and "Choose another folder" in line
