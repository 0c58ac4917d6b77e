"""A process that ends at any rename of a joint model's product leaves no half product."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from akkd_core.inference.layers import ALL_LAYERS, LAYERS, model_layer
from akkd_core.inference.product import is_complete, product_paths
from akkd_core.raster.wholeness import check_tiff
from tests.builders.command import environment

WRITER = """
import os, sys
from dataclasses import replace
import numpy as np
from akkd_core.inference.layers import LAYERS, model_layer
from akkd_core.inference.product import write_product
from tests.builders.products import PROVENANCE, empty_scene, tiles

folder, ends_at, joint = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "joint"
real, count = os.replace, 0

def counted(a, b):
    global count
    if count == ends_at:
        os._exit(9)
    count += 1
    real(a, b)

os.replace = counted
scene = empty_scene(60, 70)
made = (replace(t, model=np.zeros(t.lst.shape, np.uint8)) if joint else t for t in tiles(scene))
layers = (*LAYERS, model_layer(["a", "b"])) if joint else LAYERS
summary = write_product(made, scene, folder=folder, provenance=PROVENANCE, layers=layers,
                        overwrite="overwrite" in sys.argv)
print(summary.status, count)
"""
RENAMES = 9
"""Five layers, names of the classes, their layer, picture, STAC item."""


def write(folder: Path, ends_at: int, *words: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", WRITER, str(folder), str(ends_at), *words],
        stdout=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    assert run.returncode == (9 if 0 <= ends_at < RENAMES else 0)
    return run.stdout.strip()


def names(folder: Path, joint: bool) -> set[str]:
    paths = product_paths("G1", folder, (*LAYERS, model_layer()) if joint else LAYERS)
    extra = {"G1_MODEL.tif.aux.xml"} if joint else set()
    return {path.name for path in paths.files} | extra


@pytest.mark.parametrize("ends_at", [0, 4, 5, 6, 8])
def test_it_ends_at_a_rename(tmp_path: Path, ends_at: int) -> None:
    write(tmp_path, ends_at, "joint")
    for path in product_paths("G1", tmp_path, ALL_LAYERS).layers.values():
        if path.exists():
            check_tiff(path)
    assert not is_complete("G1", tmp_path)
    assert write(tmp_path, -1, "joint") == f"written {RENAMES}"
    assert is_complete("G1", tmp_path)
    assert set(os.listdir(tmp_path)) == names(tmp_path, True)


def test_a_plain_product_that_replaces_it_ends_early(tmp_path: Path) -> None:
    write(tmp_path, -1, "joint")
    write(tmp_path, 2, "plain", "overwrite")
    assert not is_complete("G1", tmp_path)
    assert write(tmp_path, -1, "plain").startswith("written")
    assert is_complete("G1", tmp_path)
    assert set(os.listdir(tmp_path)) == names(tmp_path, False)
