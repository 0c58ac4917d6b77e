"""The command line as a child process, with packages shadowed, and small inputs for it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from akkd_core.bundle import save_bundle
from akkd_core.grid import Grid
from akkd_core.sensors import aster_tir
from akkd_core.simulation.granule import write_l1t_granule
from tests.builders.retrieval import scene_aware_bundle

ROOT = Path(__file__).resolve().parents[2]
SHADOW = ROOT / "tests" / "shadow"

if find_spec("akkd_cli") is None:
    # Not installed: the package lies in cli/ under another name.
    _LINKS = tempfile.TemporaryDirectory(prefix="akkd-link-")
    os.symlink(ROOT / "cli", Path(_LINKS.name) / "akkd_cli")
    sys.path.insert(0, _LINKS.name)


def environment(*shadowed: str) -> dict[str, str]:
    """Environment of a child in which the named packages can't be imported."""
    links = [_LINKS.name] if "_LINKS" in globals() else []
    paths = [*(str(SHADOW / name) for name in shadowed), str(ROOT), *links]
    inherited = os.environ.get("PYTHONPATH", "")
    joined = os.pathsep.join([*paths, *filter(None, [inherited])])
    return {**os.environ, "PYTHONPATH": joined, "OMP_NUM_THREADS": "1"}


def arguments(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "akkd_cli", *map(str, words)]


def akkd(*words: str | Path, shadowed: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run ``akkd`` in a child process."""
    return subprocess.run(
        arguments(*words), capture_output=True, text=True, env=environment(*shadowed)
    )


def granule(path: Path, rows: int = 60, cols: int = 70, south: bool = False) -> Path:
    """A small L1T granule: 285-315 K from north to south, a corner of fill, a saturated pixel."""
    radiance = np.array([8.8, 9.1, 9.3, 9.6, 9.3])[:, None, None]
    ramp = np.linspace(0.8, 1.2, rows)[None, :, None] * np.ones((1, 1, cols))
    counts = radiance * ramp / np.asarray(aster_tir().ucc)[:, None, None] + 1
    dn = np.round(counts).astype(np.uint16)
    dn[:, :8, :9] = 0
    dn[2, 30, 30] = 4095
    grid = Grid(
        32750 if south else 32650, (500000.0, 90.0, 0.0, 4400010.0, 0.0, -90.0), rows, cols
    )
    return write_l1t_granule(
        path, dn, grid, acquired_at=datetime(2015, 6, 7, 3, 4, 5, tzinfo=timezone.utc),
        daytime=True, view_zenith_deg=5.0, cloud_cover_percent=7.0,
    )


def bundle(folder: Path) -> Path:
    """A bundle with arbitrary weights that works on any scene."""
    return save_bundle(scene_aware_bundle(), folder)


def contents(folder: Path) -> dict[str, bytes]:
    """Files but for the time at which they were made, which the STAC item tells."""
    created = re.compile(rb'"created": "[^"]*"')
    return {path.name: created.sub(b"", path.read_bytes()) for path in sorted(folder.iterdir())}
