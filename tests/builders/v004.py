"""ASTER L1T V004 look-alikes: one tiled GeoTIFF a band, and UMM-G metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import Affine

GRANULE = "AST_L1T_00404232003203404_20250409092553"
BANDS = (10, 11, 12, 13, 14)


def write_tif(
    path: Path,
    data: NDArray[Any],
    transform: tuple[float, float, float, float, float, float],
    epsg: int | None,
    **profile: Any,
) -> Path:
    """GeoTIFF of an array (row, col) or (band, row, col); ``transform`` in GDAL's order."""
    bands = data if data.ndim == 3 else data[None]
    options = {
        "driver": "GTiff", "height": bands.shape[1], "width": bands.shape[2],
        "count": bands.shape[0], "dtype": bands.dtype, "transform": Affine.from_gdal(*transform),
        "crs": None if epsg is None else f"EPSG:{epsg}", "compress": "deflate",
        "tiled": True, "blockxsize": 64, "blockysize": 64, **profile,
    }  # fmt: skip
    with rasterio.open(path, "w", **options) as dataset:
        dataset.write(bands)
    return path


def write_granule(
    folder: Path,
    dn: NDArray[np.uint16],
    transform: tuple[float, float, float, float, float, float],
    epsg: int,
    *,
    granule: str = GRANULE,
    bands: tuple[int, ...] = BANDS,
) -> list[Path]:
    """Band files of a granule, no nodata tag."""
    return [
        write_tif(folder / f"{granule}_TIR_B{band}.tif", dn[band - 10], transform, epsg)
        for band in bands
    ]


def write_metadata(folder: Path, *, granule: str = GRANULE, **changes: Any) -> Path:
    """UMM-G JSON beside the bands; ``changes`` replace top-level members."""
    record = {
        "GranuleUR": granule,
        "TemporalExtent": {"SingleDateTime": "2003-03-04T20:34:04.227000Z"},
        "CloudCover": 12,
        "DataGranule": {"DayNightFlag": "Night", "ProductionDateTime": "2025-04-09T09:25:53Z"},
        "AdditionalAttributes": [
            {"Name": "ASTERTIRPointingAngle", "Values": ["-8.543"]},
            {"Name": "RadiometricDBVersion", "Values": ["05.00"]},
            {"Name": "UTMZoneNumber", "Values": ["59"]},
        ],
        **changes,
    }
    path = folder / f"{granule}.cmr.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    return path
