"""A scene with its AST_08 and AST_05: fields over the map, so that any grid has exact values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core.grid import Grid
from akkd_core.physics.planck import band_radiance
from akkd_core.raster.resampling import centres
from akkd_core.sensors import aster_tir
from akkd_core.simulation.granule import write_l1t_granule
from tests.builders.aster_l2 import WHEN, write_v003, write_v004

SCENE = Grid(32650, (400005.0, 90.0, 0.0, 4400010.0, 0.0, -90.0), 84, 96)
# An L2 grid's orientation (about 8.5 degrees); it holds the scene but for its corners.
ROTATED = Grid(32650, (399400.0, 89.014, 13.285, 4400100.0, 13.285, -89.014), 110, 110)

Field = Callable[[Grid], NDArray[np.float64]]


def lst(grid: Grid) -> NDArray[np.float64]:
    """285-325 K over 8 km, waves of some 2 km; K, (1, row, col)."""
    x, y = centres(grid)
    u, v = (x - 400005.0) / 1000.0, (4400010.0 - y) / 1000.0
    return (303.0 + 2.0 * u - 1.0 * v + 4.0 * np.sin(2.9 * u) * np.cos(2.3 * v))[None]


def lse(grid: Grid) -> NDArray[np.float64]:
    """0.75-0.98, as rock beside plants; (5, row, col)."""
    x, y = centres(grid)
    u, v = (x - 400005.0) / 1000.0, (4400010.0 - y) / 1000.0
    share = 0.5 + 0.45 * np.sin(1.7 * u + 0.4) * np.cos(1.1 * v)
    rock = np.array([0.80, 0.78, 0.79, 0.93, 0.95])[:, None, None]
    plants = np.array([0.975, 0.975, 0.972, 0.978, 0.98])[:, None, None]
    return share * rock + (1.0 - share) * plants


def scene_counts(grid: Grid = SCENE, seed: int = 0) -> NDArray[np.uint16]:
    """Counts under dry air (transmittance 0.9), with noise of 0.1 % of the radiance."""
    emitted = band_radiance(np.broadcast_to(lst(grid), (5, *grid.shape)))
    emissivity = lse(grid)
    radiance = 0.9 * (emissivity * emitted + (1.0 - emissivity) * 1.5) + 0.5
    noise = 1.0 + 0.001 * np.random.default_rng(seed).normal(size=radiance.shape)
    counts = radiance * noise / np.asarray(aster_tir().ucc)[:, None, None] + 1.0
    return np.rint(counts).astype(np.uint16)


def write_scene(folder: Path, when: datetime = WHEN, seed: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"AST_L1T_003{when:%m%d%Y%H%M%S}_20250409092553_1.hdf"
    return write_l1t_granule(
        path, scene_counts(seed=seed), SCENE, acquired_at=when, daytime=True,
        view_zenith_deg=5.0, cloud_cover_percent=0.0,
    )  # fmt: skip


def write_products(
    folder: Path,
    when: datetime = WHEN,
    *,
    v003: bool = False,
    quality: NDArray[np.uint8] | None = None,
    lst_of: Field = lst,
    lse_of: Field = lse,
) -> Path:
    """Both products in a folder, on the rotated grid."""
    for product, field in (("AST_08", lst_of), ("AST_05", lse_of)):
        values = field(ROTATED)
        if v003:
            name = f"{product}_003{when:%m%d%Y%H%M%S}_20250409092553_1.hdf"
            write_v003(folder / name, product, values, ROTATED, quality=quality, when=when)
        else:
            write_v004(folder, product, values, ROTATED, quality=quality, when=when)
    return folder
