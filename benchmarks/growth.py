"""Growth: time and memory of batches of 1 to 64 scenes, and of rasters of 0.5 to 400 megapixels.

    python benchmarks/growth.py [--scenes 1,4,16,64] [--scene-side 200] [--megapixels 0.5,1,4,9]
                                [--valid-share 1] [--model BUNDLE] [--json FILE]

`akkd retrieve` of so many granules in one process, and `akkd retrieve-raster` of a mosaic that
repeats one simulated scene. Time should be a straight line and memory flat. The line is fitted by
least squares to the relative error of the CPU seconds of whole commands; departures from it are
relative to it. A mosaic wider than 100 km blends up to four windows in each pixel where a scene is
one window: its line is one of its own, through the sizes above 1.2 megapixels. 400 megapixels take
most of an hour, 4 GB for the raster and 20 GB for the product while it is made.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from measuring import Goal, Usage, keep, machine, run_process

AKKD = str(Path(sys.executable).parent / "akkd")
ONE_WINDOW_MEGAPIXELS = 1.2
STRAIGHT, FLAT = 0.10, 1.15
STRIP = 512

WRITE = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from growth import write_mosaic
write_mosaic(Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
"""


def write_mosaic(path: Path, side: int, valid_share: float) -> None:
    """Write counts of five bands that repeat a scene; memory stays flat."""
    import rasterio
    from large_raster import mosaic
    from rasterio.windows import Window

    scene = mosaic(side, valid_share)
    made = rasterio.open(
        path, "w", driver="GTiff", width=side, height=side, count=5, dtype="uint16", nodata=0,
        crs=scene.grid.epsg, transform=rasterio.Affine.from_gdal(*scene.grid.geotransform),
        tiled=True, blockxsize=512, blockysize=512, interleave="band", bigtiff="IF_SAFER",
    )  # fmt: skip
    with made:
        for row in range(0, side, STRIP):
            rows = min(STRIP, side - row)
            made.write(scene.read(row, 0, rows, side), window=Window(0, row, side, rows))


def batches(counts: Sequence[int], side: int, model: str, folder: Path) -> list[dict[str, Any]]:
    """Usage of batches of copies of a granule, each with a product of its own."""
    granule = folder / "scene.hdf"
    size = ["--rows", str(side), "--cols", str(side), "--seed", "7", "-q"]
    subprocess.run([AKKD, "simulate", "granule", str(granule), *size], check=True)
    files = []
    for number in range(max(counts)):
        files.append(folder / f"{number:02d}" / "scene.hdf")
        files[-1].parent.mkdir()
        shutil.copy(granule, files[-1])
    found = []
    for count in counts:
        names = [str(path) for path in files[:count]]
        usage = run_process([AKKD, "retrieve", *names, "--overwrite", "-q", "--model", model],
                            folder)  # fmt: skip
        found.append(row_of(count, usage))
        print_row(found[-1], "scenes")
    return found


def rasters(
    megapixels: Sequence[float], valid_share: float, model: str, folder: Path
) -> list[dict[str, Any]]:
    """Usage of the retrieval of mosaics; each is removed before the next is made."""
    found = []
    for size in megapixels:
        side = round(1000 * math.sqrt(size))
        path, product = folder / "mosaic.tif", folder / "product"
        here = str(Path(__file__).parent)
        subprocess.run([sys.executable, "-c", WRITE, here, str(path), str(side), str(valid_share)],
                       check=True)  # fmt: skip
        command = [AKKD, "retrieve-raster", str(path), "--quantity", "dn", "-o", str(product)]
        told = ["--acquired-at", "2019-07-04T03:15:00Z", "--model", model, "-q", "--overwrite"]
        found.append(row_of(side * side / 1e6, run_process([*command, *told], folder)))
        print_row(found[-1], "megapixels")
        shutil.rmtree(product)
        path.unlink()
    return found


def row_of(size: float, usage: Usage) -> dict[str, Any]:
    return {"size": size, **asdict(usage)}


def print_row(row: dict[str, Any], unit: str) -> None:
    print(f"{row['size']:8.4g} {unit:11}{row['wall_s']:9.1f} s wall{row['cpu_s']:9.1f} s CPU"
          f"{row['peak_mb']:7.0f} MB", flush=True)  # fmt: skip


def departure(rows: Sequence[dict[str, Any]], what: str = "cpu_s") -> float:
    """Largest relative departure of times from a straight line over the size."""
    sizes, times = (np.array([row[key] for row in rows]) for key in ("size", what))
    if len(rows) < 3:
        return 0.0
    columns = np.stack([np.ones_like(sizes), sizes], axis=1) / times[:, None]
    line = np.linalg.lstsq(columns, np.ones_like(times), rcond=None)[0]
    return float(np.abs(times / (line[0] + line[1] * sizes) - 1.0).max())


def flatness(rows: Sequence[dict[str, Any]]) -> float:
    """Peak memory of the largest over that of the smallest."""
    return float(rows[-1]["peak_mb"] / rows[0]["peak_mb"])


def numbers(text: str) -> list[float]:
    return sorted(float(word) for word in text.split(","))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=numbers, default="1,4,16,64")
    parser.add_argument("--scene-side", type=int, default=200, help="pixels")
    parser.add_argument("--megapixels", type=numbers, default="0.5,1,2,4,9")
    parser.add_argument("--valid-share", type=float, default=1.0, help="0-1; the rest is fill")
    parser.add_argument("--model", default="default", help="bundle: a name or an absolute path")
    parser.add_argument("--folder", type=Path, help="with room for the rasters; default: temporary")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    facts = machine()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        counts = [int(count) for count in options.scenes]
        many = batches(counts, options.scene_side, options.model, folder)
        large = rasters(options.megapixels, options.valid_share, options.model, folder)
    mosaics = [row for row in large if row["size"] > ONE_WINDOW_MEGAPIXELS]
    goals = [
        Goal(f"{counts[0]}-{counts[-1]} scenes: departure of time from a line", departure(many),
             STRAIGHT, "<="),
        Goal(f"{counts[0]}-{counts[-1]} scenes: growth of peak memory", flatness(many), FLAT, "<="),
    ]  # fmt: skip
    if mosaics:
        reach = f"{mosaics[0]['size']:.3g}-{mosaics[-1]['size']:.3g} megapixels"
        goals += [
            Goal(f"{reach}: departure of time from a line", departure(mosaics), STRAIGHT, "<="),
            Goal(f"{reach}: growth of peak memory", flatness(mosaics), FLAT, "<="),
        ]
    results = {"scenes": many, "scene_side": options.scene_side, "rasters": large,
               "valid_share": options.valid_share}  # fmt: skip
    keep("growth", json.loads(json.dumps(results)), goals, facts, options.json)


if __name__ == "__main__":
    main()
