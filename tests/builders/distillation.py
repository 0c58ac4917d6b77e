"""Small labelled scenes without a simulation, whose labels have a known error."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import partial
from pathlib import Path

import numpy as np

from akkd_core.bundle.architecture import Architecture
from akkd_core.distillation.plan import DistillationPlan
from akkd_core.physics.features import OUTPUT_NAMES
from akkd_core.physics.planck import broadcast_band_radiance
from akkd_core.simulation.archive import Archive
from akkd_core.simulation.archive_scene import ArchiveScene
from akkd_core.simulation.archive_writing import write_archive
from akkd_core.simulation.placement import utm_grid

BIAS_K = 1.5
"""Of the labels of complex scenes, K."""

QUICK = (
    "--small-architecture", "8", "--teacher-architecture", "12", "--small-epochs", "3",
    "--goc-epochs", "2", "--teacher-epochs", "2", "--batch-size", "64",
)  # fmt: skip


def quick_plan(targets: tuple[str, ...] = OUTPUT_NAMES, **changes: object) -> DistillationPlan:
    """A plan that is carried out in no time."""
    values = {
        "small_architecture": Architecture.of((8,), learning_rate=3e-3),
        "teacher_architecture": Architecture.of((12,), learning_rate=3e-3),
        "small_epochs": 3, "teacher_epochs": 2, "goc_epochs": 2, "dataset_epochs": 2,
        "batch_size": 64, **changes,
    }  # fmt: skip
    return DistillationPlan(targets, **values)  # type: ignore[arg-type]


def labelled_scene(
    name: str = "complex-a", kind: str = "complex", seed: int = 0, side: int = 24
) -> ArchiveScene:
    """A scene of two materials in dry air, cooler from north to south; a corner has no label."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[0:side, 0:side] / side
    lst = (305.0 - 12.0 * rows + rng.normal(0, 1.0, (side, side))).astype(np.float32)
    rock = (cols > 0.5 + 0.2 * np.sin(6 * rows))[None]
    spectra = np.array([[0.97, 0.975, 0.98, 0.985, 0.98], [0.85, 0.83, 0.86, 0.95, 0.955]])
    lse = np.where(rock, spectra[1][:, None, None], spectra[0][:, None, None])
    lse = (lse + rng.normal(0, 0.003, lse.shape)).astype(np.float32)
    radiance = lse * broadcast_band_radiance(lst)
    bias = BIAS_K if kind == "complex" else 0.0
    valid = np.ones((side, side), dtype=bool)
    valid[:3, :3] = False
    grid = utm_grid(40.0, 100.0 + 2 * seed, side, side)
    return ArchiveScene(
        name=name,
        kind=kind,
        grid=grid,
        acquired_at=datetime(2015, 7, 1, 4, 0, tzinfo=timezone.utc),
        land_cover="rock",
        materials=(),
        radiance=radiance.astype(np.float32),
        elevation_m=np.full((side, side), 500.0, dtype=np.float32),
        thin_cloud=np.zeros((side, side), dtype=np.float32),
        label_lst=np.round(lst + bias, 1).astype(np.float32),
        label_lse=np.round(lse, 3).astype(np.float32),
        label_valid=valid,
        lst=lst,
        lse=lse,
    )


def labelled_archive(
    folder: Path, training: int = 2, complex_: int = 2, side: int = 24
) -> Archive:
    """An archive of such scenes: training-0 ..., complex-0 ..."""
    plan = [
        (name, partial(labelled_scene, name, kind, seed, side))
        for kind, count, first in (("training", training, 0), ("complex", complex_, 10))
        for seed, name in ((first + i, f"{kind}-{i}") for i in range(count))
    ]
    return write_archive(folder, plan, {"made_for": "tests", "side": side})
