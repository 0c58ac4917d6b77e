"""The metadata page of a result's layer, from its STAC item and what the operation said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.core import QgsDateTimeRange, QgsLayerMetadata, QgsRasterLayer
from qgis.PyQt.QtCore import QDateTime, Qt

from .translation import tr

_KEYWORDS = ["ASTER", "thermal infrared", "land surface temperature", "emissivity"]
_CATEGORY = "Imagery/Base maps/Earth cover"


def title_of(kind: str) -> str:
    """Name of a layer in words.

    Parameters
    ----------
    kind : str
        What the layer is, e.g. ``LST``.
    """
    titles = {
        "LST": tr("Land surface temperature"),
        "LST_err": tr("Land surface temperature, 1 sigma error"),
        "LSE": tr("Land surface emissivity, ASTER bands 10-14"),
        "LSE_err": tr("Land surface emissivity, 1 sigma error"),
        "QC": tr("Quality control bit flags"),
        "MODEL": tr("Which model served the pixel"),
        "CDIST": tr("Distance to the nearest cloud"),
        "CLOSURE": tr("Brightness temperature recomputed minus measured, ASTER bands 10-14"),
        "bt": tr("Brightness temperature at the sensor, ASTER bands 10-14"),
        "radiance_toa": tr("Radiance at the sensor, ASTER bands 10-14"),
        "difference": tr("Difference, first minus second"),
    }
    return titles.get(kind, kind)


def _words(value: Any) -> str:
    """Write a property as people read it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {one}" for key, one in value.items() if one is not None)
    return "" if value is None else str(value)


def _facts(properties: Mapping[str, Any]) -> list[str]:
    named = (
        (tr("Method"), "akkd:method"),
        (tr("Model"), "akkd:model"),
        (tr("Errors"), "akkd:error_method"),
        (tr("Lineage"), "processing:lineage"),
        (tr("Software"), "processing:software"),
        (tr("Ancillary data"), "akkd:ancillary"),
    )
    found = [(name, _words(properties.get(key))) for name, key in named]
    return [f"{name}: {words}" for name, words in found if words]


def describe_layer(
    layer: QgsRasterLayer, kind: str, item: Mapping[str, Any], summary: str = ""
) -> None:
    """Fill a layer's metadata.

    Parameters
    ----------
    layer : QgsRasterLayer
    kind : str
        What the layer is, e.g. ``LST``.
    item : mapping
        STAC item of the product; empty if there is none.
    summary : str
        What the operation said of it, for layers without an item.
    """
    properties = item.get("properties", {})
    metadata = QgsLayerMetadata()
    metadata.setIdentifier(f"{item.get('id', layer.name())}_{kind}")
    metadata.setType("dataset")
    metadata.setLanguage("EN")
    metadata.setTitle(f"{title_of(kind)}, {item.get('id', layer.name())}")
    metadata.setAbstract("\n".join(_facts(properties)) or summary)
    lineage = _words(properties.get("processing:lineage"))
    metadata.setHistory([lineage] if lineage else [])
    metadata.setCategories([_CATEGORY])
    metadata.addKeywords("AKKD", _KEYWORDS)
    metadata.setCrs(layer.crs())
    metadata.setExtent(_extent(layer, str(properties.get("datetime", ""))[:19]))
    layer.setMetadata(metadata)


def _extent(layer: QgsRasterLayer, moment: str) -> QgsLayerMetadata.Extent:
    extent = QgsLayerMetadata.Extent()
    spatial = QgsLayerMetadata.SpatialExtent()
    spatial.extentCrs = layer.crs()
    spatial.bounds = layer.extent().toBox3d(0.0, 0.0)
    extent.setSpatialExtents([spatial])
    acquired = QDateTime.fromString(f"{moment}Z", Qt.DateFormat.ISODate)
    if acquired.isValid():
        extent.setTemporalExtents([QgsDateTimeRange(acquired, acquired)])
    return extent
