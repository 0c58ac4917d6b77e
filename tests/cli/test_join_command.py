"""``akkd join``, and ``akkd retrieve`` and ``akkd info`` with what it makes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from akkd_core.grid import Grid
from akkd_core.inference.layers import ALL_LAYERS
from akkd_core.inference.product import is_complete, product_paths
from akkd_core.joint.footprints import ring_of
from akkd_core.raster import open_raster
from tests.builders import command
from tests.builders.command import akkd
from tests.builders.joint import belongs, offset_bundle, saved

ROWS, COLS = 60, 70
GRID = Grid(32650, (500000.0, 90.0, 0.0, 4400010.0, 0.0, -90.0), ROWS, COLS)
EAST = ring_of(GRID.window(-40, 35, 140, 100))
"""Of the granule of `command.granule`: its eastern half and more beyond the other borders."""


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A scene-aware teacher and pixel-only students of June."""
    folder = tmp_path_factory.mktemp("bundles")
    made = {
        "east": offset_bundle("east", 1.0, belongs([EAST], (5, 6, 7))),
        "winter": offset_bundle("winter", 5.0, belongs(None, (1, 12))),
        "nowhere": offset_bundle("nowhere", 0.0),
        "single": offset_bundle("single", 0.0, belongs(), outputs=("lst",)),
    }
    paths = {name: saved(folder, bundle) for name, bundle in made.items()}
    return {"teacher": command.bundle(folder / "teacher"), **paths}


@pytest.fixture(scope="module")
def joint(bundles: dict[str, Path]) -> Path:
    target = bundles["teacher"].parent / "joint.zip"
    run = akkd(
        "join", bundles["teacher"], bundles["east"], bundles["winter"], "-o", target,
        "--name", "two-valleys", "--blend", "900",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "joint model two-valleys" in run.stdout and "900 m" in run.stdout
    return target


def layer(folder: Path, suffix: str) -> np.ndarray:
    path = product_paths("AST_L1T_A", folder, ALL_LAYERS).layers[suffix]
    with open_raster(path) as raster:
        return raster.read(0, 0, ROWS, COLS)[0]


def test_retrieve_with_a_joint_model(
    scene: Path, joint: Path, bundles: dict[str, Path], tmp_path: Path
) -> None:
    out, alone = tmp_path / "out", tmp_path / "alone"
    run = akkd("retrieve", scene, "--model", joint, "-o", out, "--runtime", "numpy")
    assert run.returncode == 0, run.stderr
    assert is_complete("AST_L1T_A", out)
    assert len(os.listdir(out)) == 9
    assert akkd("retrieve", scene, "-m", bundles["teacher"], "-o", alone).returncode == 0
    model, lst, teacher = layer(out, "MODEL"), layer(out, "LST"), layer(alone, "LST")
    valid = np.isfinite(lst)
    assert (model[~valid] == 255).all() and set(np.unique(model[valid])) == {0, 1}
    # the border lies at column 35, a student has half the weight 450 m further east
    assert (model[valid & (np.arange(COLS) < 39)] == 0).all()
    assert (model[valid & (np.arange(COLS) > 41)] == 1).all()
    np.testing.assert_array_equal(lst[:, :35], teacher[:, :35])
    assert (np.abs(lst - teacher)[valid & (np.arange(COLS) > 50)] > 0).all()
    item = json.loads((out / "AST_L1T_A.json").read_text())
    facts = item["properties"]
    assert facts["akkd:model"] == "two-valleys" and len(facts["akkd:model_sha256"]) == 64
    assert facts["akkd:model_0"].startswith("teacher arbitrary (")
    assert facts["akkd:model_1"].startswith("student east (") and facts["akkd:blend_m"] == "900"
    assert facts["akkd:model_2"].startswith("student winter (")
    assert "MODEL" in item["assets"]
    with open_raster(product_paths("AST_L1T_A", out).layers["LST"]) as raster:
        assert raster.tags["MODEL_1"] == facts["akkd:model_1"]
    # kept, and made anew when a layer is gone
    run = akkd("retrieve", scene, "-m", joint, "-o", out)
    assert run.returncode == 0 and "kept" in run.stdout
    (out / "AST_L1T_A_MODEL.tif").unlink()
    run = akkd("retrieve", scene, "-m", joint, "-o", out)
    assert run.returncode == 0 and "kept" not in run.stdout
    assert is_complete("AST_L1T_A", out)
    told = akkd("info", out).stdout
    assert "served by    0 teacher arbitrary" in told and "served by    1 student east" in told
    shares = [float(line.split()[-2]) for line in told.splitlines() if "served by" in line]
    assert sum(shares) == pytest.approx(100, abs=0.1) and len(shares) == 2


def test_info_of_a_joint_model(joint: Path) -> None:
    run = akkd("info", joint)
    assert run.returncode == 0, run.stderr
    for text in ("two-valleys", "0 teacher", "1 student", "2 student", "months       5, 6, 7",
                 "footprint    anywhere", "900 m"):
        assert text in run.stdout, text
    run = akkd("info", joint, "--progress", "json")
    data = json.loads(run.stdout.splitlines()[-1])["data"]
    assert data["kind"] == "joint" and [m["value"] for m in data["members"]] == [0, 1, 2]
    assert data["members"][1]["manifest"]["belongs"]["months"] == [5, 6, 7]


def test_info_of_a_student(bundles: dict[str, Path]) -> None:
    text = akkd("info", bundles["east"]).stdout
    assert "months       5, 6, 7" in text and "Mahalanobis distance 10" in text


def test_the_same_members_give_the_same_model(bundles: dict[str, Path], tmp_path: Path) -> None:
    first = akkd("join", bundles["teacher"], bundles["east"], "-o", tmp_path / "folder")
    assert first.returncode == 0, first.stderr
    assert (tmp_path / "folder" / "01" / "manifest.json").read_bytes() == (
        bundles["east"] / "manifest.json"
    ).read_bytes()
    assert akkd("info", tmp_path / "folder").returncode == 0


def test_nothing_is_replaced_unasked(bundles: dict[str, Path], tmp_path: Path) -> None:
    target = tmp_path / "j.zip"
    target.write_text("a thesis")
    words = ("join", bundles["teacher"], bundles["east"], "-o", target)
    run = akkd(*words)
    assert run.returncode == 2 and "--overwrite" in run.stderr
    assert target.read_text() == "a thesis"
    assert akkd(*words, "--overwrite").returncode == 0
    assert akkd("info", target).returncode == 0
    assert os.listdir(tmp_path) == ["j.zip"]


@pytest.mark.parametrize(
    ("students", "words", "code", "message"),
    [
        (("nowhere",), (), 4, "doesn't say where it belongs"),
        (("single",), (), 4, "lse_10"),
        (("east", "east"), (), 2, "twice"),
        (("absent",), (), 4, "no such bundle"),
        (("joint.zip",), (), 4, "joint model itself"),
        (("east",), ("--blend", "-5"), 2, "0-100000 m"),
        (("east",), ("--name", "../x"), 2, "name"),
        ((), (), 2, "STUDENTS"),
    ],
)
def test_refusals(
    bundles: dict[str, Path], joint: Path, tmp_path: Path, students: tuple[str, ...],
    words: tuple[str, ...], code: int, message: str,
) -> None:  # fmt: skip
    given = [bundles["teacher"].parent / name for name in students]
    run = akkd("join", bundles["teacher"], *given, "-o", tmp_path / "j.zip", *words)
    assert run.returncode == code, run.stderr
    (line,) = run.stderr.strip().splitlines()
    assert line.startswith("error: ") and message in line
    assert os.listdir(tmp_path) == []
