"""Memory on a raster far larger than a scene: it must not grow with the raster.

    python benchmarks/large_raster.py [--side 3000] [--valid-share 1] [--tile-size 512]

A mosaic that repeats one simulated scene is retrieved with the shipped bundle and written as a
whole product; prints peak memory and pixels a second. 12,000 x 12,000 takes the better part of an
hour on two cores, since every pixel blends up to four windows.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle import bundle_hash, default_bundle_path, load_bundle
from akkd_core.calibration import Calibration
from akkd_core.grid import Grid
from akkd_core.images import GranuleMetadata, Scene
from akkd_core.inference.product import ProductProvenance, write_product
from akkd_core.inference.retriever import Retriever
from akkd_core.sensors import aster_tir
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.granule_scene import simulate_scene
from akkd_core.simulation.materials import materials


@dataclass(frozen=True)
class Repeated:
    """Digital numbers that repeat a patch, fill below a row; holds the patch alone."""

    patch: NDArray[np.uint16]
    valid_rows: int

    def read(self, row: int, col: int, rows: int, cols: int) -> NDArray[np.uint16]:
        down = np.arange(row, row + rows) % self.patch.shape[1]
        across = np.arange(col, col + cols) % self.patch.shape[2]
        found = self.patch[:, down[:, None], across[None, :]]
        found[:, max(self.valid_rows - row, 0) :] = 0
        return found


def mosaic(side: int, valid_share: float) -> Scene:
    found = simulate_scene(
        shipped_atmospheres("judge"), materials("judge"), rows=400, cols=400,
        orientation_deg=0.0, seed=1,
    )  # fmt: skip
    metadata = GranuleMetadata(
        "mosaic", "AST_L1T", "004", datetime(2019, 7, 4, tzinfo=timezone.utc), True, None, None,
        "5", aster_tir().ucc, ("memory",),
    )  # fmt: skip
    grid = Grid(32650, (300000.0, 90.0, 0.0, 4800000.0, 0.0, -90.0), side, side)
    return Scene(Repeated(found.dn, round(valid_share * side)), grid, metadata)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=3000)
    parser.add_argument("--valid-share", type=float, default=1.0, help="0-1; the rest is fill")
    parser.add_argument("--tile-size", type=int, default=512)
    options = parser.parse_args()
    bundle = load_bundle(default_bundle_path())
    scene = mosaic(options.side, options.valid_share)
    tiles = Retriever(bundle).tiles(
        scene, Calibration.for_scene(scene.metadata), tile_size=options.tile_size
    )
    provenance = ProductProvenance(bundle.name, bundle_hash(bundle), "held-out residuals")
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        write_product(tiles, scene, folder=Path(folder), provenance=provenance)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{options.side} x {options.side}: {seconds:.0f} s, {options.side**2 / seconds:.3g} "
          f"pixels/s, peak {peak:.0f} MiB")  # fmt: skip


if __name__ == "__main__":
    main()
