"""Rasters on disk: the only room that reads windows of and writes GeoTIFF.

Two backends, rasterio and osgeo.gdal, behind one small protocol; both are imported on first use
only, never at module level, since rasterio's wheel has no place in QGIS's process. It does not
know what the pixels mean.
"""

from __future__ import annotations

from akkd_core.raster.backends import (
    create_cog,
    gdal_first,
    open_raster,
    select_backend,
)
from akkd_core.raster.png import prepare_png, write_png
from akkd_core.raster.protocol import RasterReader, RasterSpec, RasterWriter
from akkd_core.raster.temporary import remove_leftovers, temporary_path

__all__ = [
    "RasterReader",
    "RasterSpec",
    "RasterWriter",
    "create_cog",
    "gdal_first",
    "open_raster",
    "prepare_png",
    "remove_leftovers",
    "select_backend",
    "temporary_path",
    "write_png",
]
