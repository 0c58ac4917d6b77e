"""The import contracts of setup.cfg hold, and the retrieval path loads nothing heavy."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("rasterio", "pyproj", "osgeo", "h5py", "tensorflow", "keras", "onnxruntime", "pyhdf")
RETRIEVAL_PATH = (
    "akkd_core",
    "akkd_core.bundle",
    "akkd_core.calibration",
    "akkd_core.inference.retriever",
    "akkd_core.joint.retriever",
    "akkd_core.joint.store",
    "akkd_core.operations.catalogue",
    "akkd_core.operations.retrieve",
    "akkd_core.raster",
    "akkd_core.readers",
    "akkd_cli.main",
)


def _lint_imports() -> str:
    beside = Path(sys.executable).parent / "lint-imports"
    program = str(beside) if beside.exists() else shutil.which("lint-imports")
    if program is None:
        pytest.skip("import-linter isn't installed")
    return program


def test_import_contracts(repo_root: Path) -> None:
    run = subprocess.run(
        [_lint_imports(), "--no-cache"], cwd=repo_root, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("module", RETRIEVAL_PATH)
def test_import_loads_nothing_heavy(module: str, repo_root: Path) -> None:
    code = (
        f"import sys; before = set(sys.modules); import {module}\n"
        f"print(sorted(set({HEAVY!r}) & (set(sys.modules) - before)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=repo_root, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"
