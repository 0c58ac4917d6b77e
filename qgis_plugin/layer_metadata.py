"""The metadata page of a product's layer, from its STAC item and its tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.core import QgsDateTimeRange, QgsLayerMetadata, QgsRasterLayer
from qgis.PyQt.QtCore import QDateTime, Qt

from .translation import tr

_TITLES = {
    "LST": "Land surface temperature",
    "LST_err": "Land surface temperature, 1 sigma error",
    "LSE": "Land surface emissivity, ASTER bands 10-14",
    "LSE_err": "Land surface emissivity, 1 sigma error",
    "QC": "Quality control bit flags",
    "MODEL": "Which model served the pixel",
    "bt": "Brightness temperature at the sensor, ASTER bands 10-14",
    "radiance_toa": "Radiance at the sensor, ASTER bands 10-14",
}
_FACTS = (
    ("Method", "akkd:method"),
    ("Model", "akkd:model"),
    ("Errors", "akkd:error_method"),
    ("Lineage", "processing:lineage"),
    ("Software", "processing:software"),
    ("Ancillary data", "akkd:ancillary"),
)
_KEYWORDS = ["ASTER", "thermal infrared", "land surface temperature", "emissivity"]


def title_of(kind: str) -> str:
    """Name of a layer in words."""
    return tr(_TITLES.get(kind, kind))


def describe_layer(layer: QgsRasterLayer, kind: str, item: Mapping[str, Any]) -> None:
    """Fill a layer's metadata.

    Parameters
    ----------
    layer : QgsRasterLayer
    kind : str
        What the layer is, e.g. ``LST``.
    item : mapping
        STAC item of the product; empty if there is none.
    """
    properties = item.get("properties", {})
    metadata = QgsLayerMetadata()
    metadata.setIdentifier(f"{item.get('id', layer.name())}_{kind}")
    metadata.setType("dataset")
    metadata.setLanguage("EN")
    metadata.setTitle(f"{title_of(kind)}, {item['id']}" if "id" in item else title_of(kind))
    lines = [f"{name}: {properties[key]}" for name, key in _FACTS if properties.get(key)]
    metadata.setAbstract("\n".join(lines))
    metadata.setHistory([str(properties.get("processing:lineage", ""))])
    metadata.setKeywords({"gmd:topicCategory": _KEYWORDS})
    metadata.setCrs(layer.crs())
    extent = QgsLayerMetadata.Extent()
    spatial = QgsLayerMetadata.SpatialExtent()
    spatial.extentCrs = layer.crs()
    spatial.bounds = layer.extent().toBox3d(0.0, 0.0)
    extent.setSpatialExtents([spatial])
    text = str(properties.get("datetime", ""))[:19]
    acquired = QDateTime.fromString(f"{text}Z", Qt.DateFormat.ISODate)
    if acquired.isValid():
        extent.setTemporalExtents([QgsDateTimeRange(acquired, acquired)])
    metadata.setExtent(extent)
    layer.setMetadata(metadata)
