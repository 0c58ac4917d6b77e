"""Rasters read by QGIS's GDAL, as arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray


def read(path: str | Path) -> NDArray[Any]:
    """Pixels of a raster, (band, row, col) or (row, col)."""
    from osgeo import gdal

    gdal.UseExceptions()
    return gdal.Open(str(path)).ReadAsArray()
