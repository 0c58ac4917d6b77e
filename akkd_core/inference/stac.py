"""The STAC item of a product (STAC 1.0.0; projection, raster, processing, file extensions)."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from akkd_core import __version__
from akkd_core.grid import Grid
from akkd_core.images import GranuleMetadata
from akkd_core.inference.footprint import footprint
from akkd_core.inference.layers import Category
from akkd_core.raster.statistics import BandStatistics
from akkd_core.raster.temporary import remove_leftovers, remove_own, temporary_path, write_error

_SCHEMA = "https://stac-extensions.github.io/{}/schema.json"
_EXTENSIONS = {
    "proj:": _SCHEMA.format("projection/v1.1.0"),
    "raster:": _SCHEMA.format("raster/v1.1.0"),
    "processing:": _SCHEMA.format("processing/v1.1.0"),
    "file:": _SCHEMA.format("file/v2.1.0"),
    "eo:": _SCHEMA.format("eo/v1.1.0"),
    "view:": _SCHEMA.format("view/v1.0.0"),
    "classification:": _SCHEMA.format("classification/v1.1.0"),
}
_STATISTICS = ("minimum", "maximum", "mean", "valid_percent")
_MAX_ITEM_BYTES = 4 << 20
_ON_ASSETS = ("raster:", "file:")
_COG = "image/tiff; application=geotiff; profile=cloud-optimized"


@dataclass(frozen=True)
class RasterAsset:
    """One GeoTIFF as the item lists it.

    Parameters
    ----------
    key, file_name, title, role : str
    size : int
        Bytes.
    bands, long_names : sequence of str
    unit, dtype : str
    nodata : float
    statistics : BandStatistics or None
    categories : sequence of Category
        Of a layer of classes.
    """

    key: str
    file_name: str
    title: str
    role: str
    size: int
    bands: Sequence[str]
    long_names: Sequence[str]
    unit: str
    dtype: str
    nodata: float
    statistics: BandStatistics | None
    categories: Sequence[Category] = ()

    def to_json(self, grid: Grid) -> dict[str, Any]:
        """Return the asset as a JSON object."""
        return {
            "href": f"./{self.file_name}",
            "type": _COG,
            "title": self.title,
            "roles": [self.role],
            "file:size": self.size,
            "raster:bands": [self._band(index, grid) for index in range(len(self.bands))],
        }

    def _band(self, index: int, grid: Grid) -> dict[str, Any]:
        band: dict[str, Any] = {
            "name": self.bands[index],
            "description": self.long_names[index],
            "data_type": self.dtype,
            "nodata": "nan" if math.isnan(self.nodata) else int(self.nodata),
            "sampling": "area",
            "spatial_resolution": round(grid.pixel_size_m, 6),
            "scale": 1,
            "offset": 0,
        }
        if self.unit:
            band["unit"] = self.unit
        if self.categories:
            band["classification:classes"] = [
                {
                    "value": category.value,
                    "name": re.sub(r"[^0-9A-Za-z_-]", "-", category.name),
                    "description": category.name,
                    "color_hint": "".join(f"{part:02X}" for part in category.colour),
                }
                for category in self.categories
            ]
        found = self.statistics
        if found is not None and found.n[index]:
            band["statistics"] = {
                "minimum": float(found.minimum[index]),
                "maximum": float(found.maximum[index]),
                "mean": float(found.mean[index]),
                "stddev": float(found.deviation[index]),
                "valid_percent": float(100 * found.n[index] / found.pixels),
            }
        return band


def _time(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _properties(metadata: GranuleMetadata, grid: Grid, facts: Mapping[str, Any]) -> dict[str, Any]:
    x0, a, b, y0, d, e = grid.geotransform
    corners = grid.corners()
    properties: dict[str, Any] = {
        "datetime": _time(metadata.acquired_at),
        "created": _time(datetime.now(timezone.utc)),
        "platform": "terra",
        "instruments": ["aster"],
        "gsd": round(grid.pixel_size_m, 6),
        "proj:epsg": grid.epsg,
        "proj:shape": [grid.rows, grid.cols],
        "proj:transform": [a, b, x0, d, e, y0],
        "proj:bbox": [
            min(c[0] for c in corners), min(c[1] for c in corners),
            max(c[0] for c in corners), max(c[1] for c in corners),
        ],
        "processing:level": "L2",
        "processing:software": {"AKKD": __version__},
        "processing:lineage": (
            f"{metadata.product} {metadata.collection} {metadata.granule_id} to land surface "
            "temperature and emissivity"
        ),
    }
    if metadata.cloud_cover_percent is not None:
        properties["eo:cloud_cover"] = metadata.cloud_cover_percent
    if metadata.view_zenith_deg is not None:
        properties["view:off_nadir"] = abs(metadata.view_zenith_deg)
    properties.update({f"akkd:{key}": value for key, value in facts.items()})
    return properties


def make_item(
    metadata: GranuleMetadata,
    grid: Grid,
    assets: Sequence[RasterAsset],
    preview: tuple[str, int],
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """Describe a product as a STAC item.

    Parameters
    ----------
    metadata : GranuleMetadata
    grid : Grid
    assets : sequence of RasterAsset
    preview : (str, int)
        File name and size of the picture, bytes.
    facts : mapping
        Provenance, as properties ``akkd:...``; plain JSON values.

    Returns
    -------
    dict
    """
    geometry, bbox = footprint(grid)
    listed = {asset.key: asset.to_json(grid) for asset in assets}
    listed["preview"] = {
        "href": f"./{preview[0]}",
        "type": "image/png",
        "title": "Land surface temperature, colours over 2-98 %",
        "roles": ["thumbnail", "overview"],
        "file:size": preview[1],
    }
    properties = _properties(metadata, grid, facts)
    # An extension may be named only where a field of it is used.
    used = {*_ON_ASSETS, *(key.partition(":")[0] + ":" for key in properties)}
    if any(asset.categories for asset in assets):
        used.add("classification:")
    extensions = [schema for prefix, schema in _EXTENSIONS.items() if prefix in used]
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": extensions,
        "id": metadata.granule_id,
        "geometry": geometry,
        "bbox": bbox,
        "properties": properties,
        "links": [],
        "assets": listed,
    }


def write_item(path: Path, item: Mapping[str, Any]) -> None:
    """Write an item under a temporary name and rename it. Raises ProductWriteError."""
    text = json.dumps(item, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    temporary = temporary_path(path)
    try:
        remove_leftovers(path)
        with open(temporary, "w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        remove_own(temporary)


def read_item(path: Path) -> dict[str, Any] | None:
    """Item of a product, or None where there is none that can be read.

    It may come from anywhere: where it has what AKKD's items have, that is of the type it must be.
    """
    try:
        with open(path, "rb") as handle:
            data = handle.read(_MAX_ITEM_BYTES + 1)
        item = json.loads(data) if len(data) <= _MAX_ITEM_BYTES else None
    except (OSError, ValueError, RecursionError):
        return None
    return item if _well_formed(item) else None


def _well_formed(item: Any) -> bool:
    if not isinstance(item, dict) or not isinstance(item.get("assets"), dict):
        return False
    properties = item.get("properties", {})
    if not isinstance(properties, dict) or not isinstance(item.get("id", ""), str):
        return False
    inner = (properties.get(key, {}) for key in ("processing:software", "akkd:ancillary"))
    assets = item["assets"].values()
    return all(isinstance(i, dict) for i in inner) and all(map(_well_formed_asset, assets))


def _well_formed_asset(asset: Any) -> bool:
    if not isinstance(asset, dict) or not isinstance(asset.get("href", ""), str):
        return False
    bands = asset.get("raster:bands", [{}])
    return isinstance(bands, list) and len(bands) > 0 and all(map(_well_formed_band, bands))


def _well_formed_band(band: Any) -> bool:
    if not isinstance(band, dict) or not isinstance(band.get("name", ""), str):
        return False
    found = band.get("statistics", dict.fromkeys(_STATISTICS, 0.0))
    return isinstance(found, dict) and all(
        isinstance(number := found.get(name), (int, float)) and math.isfinite(number)
        for name in _STATISTICS
    )


def assets_present(path: Path, item: Mapping[str, Any]) -> bool:
    """Whether every file that an item lists lies beside it with the size it had."""
    try:
        return all(
            (path.parent / asset["href"]).stat().st_size == asset["file:size"]
            for asset in item["assets"].values()
        )
    # ValueError: a name with a NUL
    except (OSError, KeyError, TypeError, ValueError):
        return False
