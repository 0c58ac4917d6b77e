"""Scenes without data and synthetic tiles, to write products without a retrieval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np
from numpy.typing import NDArray

from akkd_core.grid import Grid
from akkd_core.images import GranuleMetadata, Scene
from akkd_core.inference.product import ProductProvenance
from akkd_core.inference.tile import RetrievalTile

PROVENANCE = ProductProvenance(
    model_name="test-bundle",
    model_sha256="ab" * 32,
    error_method="residuals on held-out scenes",
    ancillary={"tcwv_kg_m2": 21.5, "air_temperature_k": None},
    extra={"runtime": "numpy"},
)


@dataclass(frozen=True)
class _NoSource:
    def read(self, row: int, col: int, rows: int, cols: int) -> NDArray[np.uint16]:
        raise AssertionError("digital numbers aren't needed")


def empty_scene(
    rows: int = 300, cols: int = 340, granule_id: str = "G1", epsg: int = 32650, x: float = 300000.0
) -> Scene:
    grid = Grid(epsg, (x, 90.0, 0.0, 4400000.0, 0.0, -90.0), rows, cols)
    metadata = GranuleMetadata(
        granule_id=granule_id,
        product="AST_L1T",
        collection="003",
        acquired_at=datetime(2019, 7, 4, 10, 30, 15, 250000, tzinfo=timezone.utc),
        daytime=True,
        cloud_cover_percent=12.0,
        view_zenith_deg=-2.8,
        radiometric_version="05.00",
        ucc=(0.006882, 0.006780, 0.006590, 0.005693, 0.005225),
        source_files=("/data/G1.hdf",),
    )
    return Scene(_NoSource(), grid, metadata)


def whole(rows: int, cols: int) -> RetrievalTile:
    """A smooth scene with a fill corner; every value tells its pixel."""
    y, x = np.mgrid[:rows, :cols]
    lst = (290 + 0.01 * x + 0.02 * y).astype(np.float32)
    lse = np.stack([0.9 + 0.01 * b + 0.00001 * x for b in range(5)]).astype(np.float32)
    qc = ((x + y) % 1000).astype(np.uint16)
    outside = x + y < 60
    lst[outside], lse[:, outside], qc[outside] = np.nan, np.nan, 65535
    error = np.where(outside, np.nan, 1.25).astype(np.float32)
    lse_error = np.where(outside, np.nan, 0.0125)[None].repeat(5, axis=0).astype(np.float32)
    return RetrievalTile(0, 0, lst, error, lse, lse_error, qc)


def tiles(scene: Scene, size: int = 128) -> Iterator[RetrievalTile]:
    rows, cols = scene.grid.shape
    all_of_it = whole(rows, cols)
    for r in range(0, rows, size):
        for c in range(0, cols, size):
            part = np.s_[..., r : r + size, c : c + size]
            yield RetrievalTile(
                r, c, all_of_it.lst[part], all_of_it.lst_err[part], all_of_it.lse[part],
                all_of_it.lse_err[part], all_of_it.qc[part],
            )
