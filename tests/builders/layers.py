"""Layers of a product written plainly: quick, without overviews, STAC item and preview."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import rasterio
import rasterio.crs
import rasterio.transform
from numpy.typing import NDArray

from akkd_core.grid import Grid


def write_layers(
    folder: Path,
    scene_id: str,
    grid: Grid,
    acquired_at: datetime,
    lst: NDArray[np.floating],
    *,
    qc: NDArray[np.uint16] | None = None,
    lse: NDArray[np.floating] | None = None,
    model: str = "small model",
) -> Path:
    """Write G_LST.tif with its tags, and G_QC.tif and G_LSE.tif if given; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tags = {
        "ACQUIRED_AT": acquired_at.isoformat().replace("+00:00", "Z"),
        "SOFTWARE": "AKKD test", "MODEL": model, "MODEL_SHA256": "ab" * 32, "METHOD": "network",
    }  # fmt: skip
    layers: dict[str, NDArray[np.generic]] = {"LST": lst.astype(np.float32)[None]}
    if qc is not None:
        layers["QC"] = qc[None]
    if lse is not None:
        layers["LSE"] = lse.astype(np.float32)
    for suffix, data in layers.items():
        with rasterio.open(
            folder / f"{scene_id}_{suffix}.tif", "w", driver="GTiff", height=grid.rows,
            width=grid.cols, count=len(data), dtype=data.dtype.name,
            crs=rasterio.crs.CRS.from_epsg(grid.epsg),
            transform=rasterio.transform.Affine.from_gdal(*grid.geotransform),
        ) as file:  # fmt: skip
            file.write(data)
            file.update_tags(**tags)
    return folder
