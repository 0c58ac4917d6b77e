"""Metadata of ASTER L1T granules in GeoTIFF: UMM-G JSON beside the files, or the name alone.

Source: NASA Unified Metadata Model for granules (UMM-G) 1.6; V004 granules carry it as
``GRANULE.cmr.json``. Names of additional attributes are compared without case and punctuation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from akkd_core.errors import GranuleReadError
from akkd_core.images import GranuleMetadata
from akkd_core.readers.aster_metadata import time_of_name
from akkd_core.sensors import aster_tir

_MAX_BYTES = 16 << 20
_POINTING = ("ASTERTIRPOINTINGANGLE", "TIRPOINTINGANGLE")
_EXTRA = {
    "UTMZONENUMBER": "utm_zone",
    "ASTERMAPORIENTATIONANGLE": "map_orientation_deg",
    "GEOMETRICDBVERSION": "geometric_version",
    "FLYINGDIRECTION": "flying_direction",
    "CORRECTIONACHIEVED": "correction",
}


def read_metadata(files: Sequence[Path], granule_id: str) -> GranuleMetadata:
    """Metadata of a granule in GeoTIFF.

    Parameters
    ----------
    files : sequence of pathlib.Path
        Its raster files.
    granule_id : str
        From their names.

    Raises
    ------
    GranuleReadError
        If the JSON is malformed, or neither it nor the name gives the acquisition time.
    """
    path = _find_json(files[0].parent, granule_id)
    granule = _load(path) if path is not None else {}
    attributes = dict(_attributes(granule))
    acquired = _acquired_at(granule, path) or time_of_name(granule_id, files[0])
    if acquired is None:
        raise GranuleReadError(
            f"{files[0]}: neither its name nor a .cmr.json beside it gives the acquisition time. "
            "Keep the granule's own file names (AST_L1T_004MMDDYYYYhhmmss_..)"
        )
    data = granule.get("DataGranule")
    flag = str(data.get("DayNightFlag", "") if isinstance(data, dict) else "").lower()
    cloud = _number(granule.get("CloudCover", attributes.get("SCENECLOUDCOVERAGE")))
    angle = next((a for n in _POINTING if (a := _number(attributes.get(n))) is not None), None)
    extra = {name: attributes[key] for key, name in _EXTRA.items() if key in attributes}
    extra["ucc_source"] = "nominal"
    if path is not None:
        extra["metadata_file"] = str(path)
    return GranuleMetadata(
        granule_id=granule_id,
        product="AST_L1T",
        collection="004" if "_004" in granule_id[:12] else "003",
        acquired_at=acquired,
        daytime={"day": True, "night": False}.get(flag),
        cloud_cover_percent=cloud if cloud is not None and 0 <= cloud <= 100 else None,
        view_zenith_deg=None if angle is None else abs(angle),
        radiometric_version=attributes.get("RADIOMETRICDBVERSION", ""),
        ucc=aster_tir().ucc,
        source_files=tuple(str(file) for file in files),
        extra=extra,
    )


def _find_json(folder: Path, granule_id: str) -> Path | None:
    named = (
        entry for entry in folder.iterdir()
        if entry.name.startswith(granule_id) and entry.name.lower().endswith(".cmr.json")
    )  # fmt: skip
    return next(iter(sorted(named)), None)


def _load(path: Path) -> Mapping[str, Any]:
    """Return the granule's record, also out of CMR's ``umm`` wrapping."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError("too large")
        record = json.loads(path.read_text(encoding="utf-8"))
        inner = record.get("umm", record)
        if not isinstance(inner, dict):
            raise ValueError("no UMM-G record")
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise GranuleReadError(
            f"{path}: metadata can't be read ({error}). Download it again, or remove it"
        ) from error
    return inner


def _attributes(granule: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    listed = granule.get("AdditionalAttributes")
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, dict) and isinstance(item.get("Values"), list) and item["Values"]:
            name = re.sub(r"[^A-Z0-9]", "", str(item.get("Name", "")).upper())
            yield name, str(item["Values"][0]).strip()


def _acquired_at(granule: Mapping[str, Any], path: Path | None) -> datetime | None:
    extent = granule.get("TemporalExtent")
    if not isinstance(extent, dict):
        return None
    ranged = extent.get("RangeDateTime")
    text = extent.get("SingleDateTime") or (
        ranged.get("BeginningDateTime") if isinstance(ranged, dict) else None
    )
    if not text:
        return None
    match = re.match(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6})\d*)?", str(text))
    try:
        if match is None:
            raise ValueError("not ISO 8601")
        parts = [int(part) for part in match.groups()[:6]]
        fraction = int((match[7] or "0").ljust(6, "0"))
        return datetime(*parts[:6], fraction, tzinfo=timezone.utc)  # type: ignore[misc, arg-type]
    except ValueError as error:
        raise GranuleReadError(
            f"{path}: acquisition time {text!r} can't be read. Download the metadata again"
        ) from error


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None
