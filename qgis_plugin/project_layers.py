"""Which layers of the project are rasters in files, which alone the core can read."""

from __future__ import annotations

import os

from qgis.core import QgsMapLayer, QgsProject, QgsRasterLayer

from .sources import path_of_source


def is_raster_file(layer: QgsMapLayer) -> bool:
    """Tell whether a layer is a raster in a file of this computer: not on the web nor in memory.

    Parameters
    ----------
    layer : QgsMapLayer
    """
    raster = isinstance(layer, QgsRasterLayer) and layer.providerType() == "gdal"
    return raster and os.path.exists(path_of_source(layer.source()))


def raster_files() -> list[QgsRasterLayer]:
    """List the project's layers that are rasters in files."""
    return [layer for layer in QgsProject.instance().mapLayers().values() if is_raster_file(layer)]
