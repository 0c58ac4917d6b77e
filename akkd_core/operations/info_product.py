"""What a product or one of its layers is, in words, with its QC layer decoded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from akkd_core.errors import GranuleReadError
from akkd_core.inference.layers import ALL_LAYERS, MODEL_NODATA
from akkd_core.inference.product import is_complete, product_paths
from akkd_core.inference.product_files import NETWORK
from akkd_core.inference.stac import read_item
from akkd_core.operations.spec import Outcome
from akkd_core.quality import FIELDS_WITHOUT_RETRIEVAL, QC_FIELDS, QC_NODATA, is_produced
from akkd_core.raster import RasterReader, open_raster

_STRIP_ROWS = 512
_STEMS = {
    "tcwv_kg_m2": "tcwv", "air_temperature_k": "air_temperature", "elevation_m": "elevation",
    "profile_air_temperature_k": "profile",
}  # fmt: skip
_PARTS = ("source", "method", "windows")


def qc_shares(raster: RasterReader) -> dict[str, Any]:
    """Share of pixels of each meaning of each QC field.

    Parameters
    ----------
    raster : RasterReader
        A QC layer, uint16.

    Returns
    -------
    dict
        ``outside_percent`` of all pixels, and ``fields``: by field and meaning, percent of the
        pixels inside the scene; those not produced count only where a field tells why.
    """
    histogram = np.zeros(QC_NODATA + 1, dtype=np.int64)
    rows, cols = raster.shape
    for row in range(0, rows, _STRIP_ROWS):
        strip = raster.read(row, 0, min(_STRIP_ROWS, rows - row), cols, [1])
        histogram += np.bincount(strip.ravel(), minlength=QC_NODATA + 1)
    outside = int(histogram[QC_NODATA])
    values = np.flatnonzero(histogram[:QC_NODATA]).astype(np.uint16)
    weights = histogram[values]
    inside = max(int(weights.sum()), 1)
    fields: dict[str, dict[str, float]] = {}
    for field in QC_FIELDS:
        told = (field.name in FIELDS_WITHOUT_RETRIEVAL) | is_produced(values)
        found = field.decode(values)
        fields[field.name] = {
            meaning: float(100 * weights[told & (found == number)].sum() / inside)
            for number, meaning in enumerate(field.meanings)
        }
    return {"outside_percent": 100 * outside / (rows * cols), "fields": fields}


def _qc_lines(shares: dict[str, Any]) -> list[str]:
    lines = [f"  QC: {shares['outside_percent']:.1f} % outside the scene; of the rest"]
    for name, meanings in shares["fields"].items():
        for meaning, percent in meanings.items():
            if percent > 0:
                share = f"{percent:.1f}" if percent >= 0.05 else "<0.1"
                lines.append(f"    {name:<13} {share:>5} %  {meaning}")
    return lines


def model_shares(raster: RasterReader) -> list[float]:
    """Share of pixels that each model of a joint one served, %.

    Parameters
    ----------
    raster : RasterReader
        A MODEL layer, uint8.

    Returns
    -------
    list of float
        By value, of the pixels that any model served.
    """
    histogram = np.zeros(MODEL_NODATA + 1, dtype=np.int64)
    rows, cols = raster.shape
    for row in range(0, rows, _STRIP_ROWS):
        strip = raster.read(row, 0, min(_STRIP_ROWS, rows - row), cols, [1])
        histogram += np.bincount(strip.ravel(), minlength=MODEL_NODATA + 1)
    served = histogram[:MODEL_NODATA]
    last = int(np.flatnonzero(served).max(initial=-1))
    return [float(100 * n / served.sum()) for n in served[: last + 1]]


def _model_lines(shares: list[float], facts: Mapping[str, Any]) -> list[str]:
    return [
        f"  served by    {value} {facts.get(f'akkd:model_{value}', '')}: {percent:.1f} %"
        for value, percent in enumerate(shares)
    ]


def describe_layer(path: Path) -> Outcome | None:
    """Tell what a GeoTIFF of AKKD is.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Outcome or None
        None if AKKD didn't write it.

    Raises
    ------
    GranuleReadError
        If it is no raster.
    """
    with open_raster(path) as raster:
        if not raster.tags.get("SOFTWARE", "").startswith("AKKD"):
            return None
        lines = [f"{path.name}: {', '.join(raster.descriptions)}"]
        hidden = ("TIFFTAG_", "QC_BITS_", "AREA_OR_POINT", "OVR_RESAMPLING")
        for key, value in sorted(raster.tags.items()):
            if not key.startswith(hidden):
                lines.append(f"  {key.lower():<22} {value}")
        data: dict[str, Any] = {
            "kind": "layer",
            "bands": list(raster.descriptions),
            "tags": raster.tags,
            "band_tags": list(raster.band_tags),
        }
        for name, unit, tags in zip(
            raster.descriptions, raster.units, raster.band_tags, strict=True
        ):
            if "STATISTICS_MEAN" in tags:
                low, mean, high = (
                    float(tags[f"STATISTICS_{what}"]) for what in ("MINIMUM", "MEAN", "MAXIMUM")
                )
                lines.append(f"  {name:<12} {low:.4g} to {high:.4g}, mean {mean:.4g} {unit}")
        if raster.dtype == "uint16" and raster.descriptions == ("QC",):
            data["qc"] = qc_shares(raster)
            lines += _qc_lines(data["qc"])
    return Outcome(tuple(lines), data)


def _origin(name: str, facts: Mapping[str, Any]) -> list[str]:
    """Lines on where an ancillary value comes from, by the names of its facts."""
    stem = _STEMS.get(name, "")
    told = [facts[key] for part in _PARTS if (key := f"akkd:{stem}_{part}") in facts]
    return [f"  {'':<20} from {'; '.join(told)}"] if stem and told else []


def describe_product(path: Path) -> Outcome:
    """Tell what a product is.

    Parameters
    ----------
    path : Path
        Its STAC item.

    Returns
    -------
    Outcome

    Raises
    ------
    GranuleReadError
        If the item can't be read.
    """
    item = read_item(path)
    if item is None:
        raise GranuleReadError(f"{path}: is no STAC item of AKKD. Give a product's .json")
    scene_id, facts = str(item.get("id", path.stem)), item["properties"]
    whole = is_complete(scene_id, path.parent)
    lines = [
        f"product {scene_id} ({'complete' if whole else 'NOT complete, retrieve it again'})",
        f"  acquired     {facts.get('datetime')}",
        f"  made         {facts.get('created')} by AKKD "
        f"{facts.get('processing:software', {}).get('AKKD', '?')}",
        f"  method       {facts.get('akkd:method', NETWORK)}",
    ]
    if "akkd:atmosphere" in facts:
        lines.append(f"  atmosphere   {facts['akkd:atmosphere']}")
    if "akkd:model" in facts:
        digest = str(facts.get("akkd:model_sha256", ""))[:12]
        lines.append(f"  model        {facts['akkd:model']} ({digest})")
    lines.append(f"  errors       {facts.get('akkd:error_method')}")
    for name, value in facts.get("akkd:ancillary", {}).items():
        lines.append(f"  {name:<20} {'not given' if value is None else value}")
        lines += _origin(name, facts)
    for key, asset in item["assets"].items():
        for band in asset.get("raster:bands", []):
            found = band.get("statistics")
            if found and key in ("LST", "LSE", "CLOSURE"):
                lines.append(
                    f"  {band['name']:<9} {found['minimum']:.4g} to {found['maximum']:.4g}, "
                    f"mean {found['mean']:.4g} {band.get('unit', '')}".rstrip()
                )
    data: dict[str, Any] = {"kind": "product", "complete": whole, "item": item}
    if whole:
        with open_raster(product_paths(scene_id, path.parent).layers["QC"]) as raster:
            data["qc"] = qc_shares(raster)
        lines += _qc_lines(data["qc"])
        if "MODEL" in item["assets"]:
            layers = product_paths(scene_id, path.parent, ALL_LAYERS).layers
            with open_raster(layers["MODEL"]) as raster:
                data["model_percent"] = model_shares(raster)
            lines += _model_lines(data["model_percent"], facts)
    return Outcome(tuple(lines), data)
