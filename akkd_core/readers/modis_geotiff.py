"""GeoTIFFs made of MODIS's temperature products: one field a file, or several bands.

What the file is comes from its tags, its bands' names, its own name (as AppEEARS, the MODIS
reprojection tools and Earth Engine write them) and, for the unit, its values: counts of 0.02 K or
kelvins. Files of the other fields beside it are found by name.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import GridMismatchError, InputError, UnsupportedGranuleError
from akkd_core.grid import Grid
from akkd_core.raster import RasterReader, open_raster
from akkd_core.readers import modis_fields as fields
from akkd_core.readers.modis_lst import (
    COMPOSITE_DAYS,
    EXPECTED,
    ModisLayer,
    ModisLst,
    check_product,
)
from akkd_core.readers.modis_places import GridPlaces
from akkd_core.readers.modis_qc import decode_quality

_LARGEST = 50_000_000
_KELVIN, _COUNTS = (150.0, 400.0), (7500.0, 65535.0)
_PRODUCT = re.compile(
    r"(?<![A-Za-z])(M[OY]D(?:11A1|11A2|11B1|11B2|11B3|21A1D|21A1N|21A2))(?![A-Za-z0-9])", re.I
)
_DAYS = (
    (re.compile(r"(?:(?<![A-Za-z0-9])A|doy)(\d{7})(?!\d)", re.I), "%Y%j"),
    (re.compile(r"(?<!\d)((?:19|20)\d\d[-_][01]\d[-_][0-3]\d)(?!\d)"), "%Y-%m-%d"),
)
_LST_NAME = re.compile(r"LST_(Day|Night)(_\dkm)?|LST(_\dkm)?(?![A-Za-z0-9])", re.I)
_BESIDE = {
    fields.QC: ("QC_{0}", "QC"),
    fields.TIME: ("{0}_view_time", "View_Time_{0}", "View_Time"),
    fields.ANGLE: ("{0}_view_angl", "{0}_view_angle", "View_Angle_{0}", "View_Angle"),
}


def read_modis_geotiff(
    path: Path, quality: str | Path | None, product: str | None, day: date | None
) -> ModisLst:
    """Read a GeoTIFF; parameters and errors as of `akkd_core.readers.modis_lst.read_modis_lst`.

    Raises
    ------
    GranuleReadError
        If it can't be read, or its quality layer doesn't fit its product.
    InputError
        If it has no place, its values are neither counts nor K, or its bands have no names.
    GridMismatchError
        If a layer beside it lies elsewhere.
    UnsupportedGranuleError
        If it is another product.
    """
    with open_raster(path) as raster:
        places = _places(raster)
        bands = _bands(raster)
        tags = dict(raster.tags)
    if tags.get("SOFTWARE", "").startswith("AKKD"):
        raise UnsupportedGranuleError(f"{path}: is a product of AKKD, not of MODIS. {EXPECTED}")
    told = product or _told_product(path, tags)
    name = check_product(path, told) if told else ""
    begins = day or _told_day(path, tags)
    days = COMPOSITE_DAYS.get(name.replace("MYD", "MOD", 1), 1)
    ends = None if begins is None else begins + timedelta(days=days - 1)
    halves = sorted({field.half for field in bands if field.kind == fields.LST})
    layers = tuple(_layer(path, places, bands, half, name, quality) for half in halves)
    notes = ["read from a GeoTIFF: if it was resampled, cells are no longer MODIS's own"]
    if not name:
        notes.append("the product is unknown; name it to have its known errors told")
    emissivity = {
        field.band: values
        for field, array in bands.items()
        if field.kind == fields.EMISSIVITY
        and (values := _scaled(array, fields.EMISSIVITY_SCALING, bool(np.nanmax(array) > 1.0)))
        is not None
    }
    granule = tags.get("LOCALGRANULEID", path.stem).removesuffix(".hdf")
    return ModisLst(path, name, granule, begins, ends, places, layers, emissivity, tuple(notes))


def _places(raster: RasterReader) -> GridPlaces:
    rows, cols = raster.shape
    if rows * cols > _LARGEST:
        raise InputError(f"{raster.path}: {rows} x {cols} cells. Cut out what lies under the scene")
    if raster.grid is not None:
        return GridPlaces(raster.grid)
    if not raster.wkt:
        raise InputError(f"{raster.path}: has no coordinate system. Give a georeferenced file")
    return GridPlaces(Grid(0, raster.geotransform, rows, cols), raster.wkt)


def _bands(raster: RasterReader) -> dict[fields.Field, NDArray[Any]]:
    """Bands by what they are; of a file with one band, its name tells, too."""
    rows, cols = raster.shape
    known = {
        field: index
        for index, text in enumerate(raster.descriptions, 1)
        if (field := fields.classify(text)) is not None
    }
    if not any(field.kind == fields.LST for field in known):
        if raster.count != 1:
            raise InputError(
                f"{raster.path}: none of its {raster.count} bands is named LST, LST_Day_1km or "
                "alike. Name the bands, or give a file of one band"
            )
        match = _LST_NAME.search(Path(raster.path).stem)
        known = {fields.Field(fields.LST, (match[1] or "").lower() if match else ""): 1}
    return {field: _band(raster, index, field, rows, cols) for field, index in known.items()}


def _band(
    raster: RasterReader, index: int, field: fields.Field, rows: int, cols: int
) -> NDArray[Any]:
    stored: NDArray[Any] = raster.read(0, 0, rows, cols, bands=(index,))[0]
    # a nodata value of quality is no missing value: 0 is good, whatever the file declares
    if field.kind == fields.QC or raster.nodata is None or not np.isfinite(raster.nodata):
        return stored
    missing = stored == raster.nodata
    if stored.dtype.kind == "f":
        return np.where(missing, np.nan, stored)
    fill = {fields.TIME: fields.TIME_SCALING.fill, fields.ANGLE: fields.ANGLE_SCALING.fill}
    return np.where(missing, stored.dtype.type(fill.get(field.kind, 0)), stored)


def _layer(
    path: Path,
    places: GridPlaces,
    bands: dict[fields.Field, NDArray[Any]],
    half: str,
    product: str,
    quality: str | Path | None,
) -> ModisLayer:
    only = {"D": "day", "N": "night"}.get(product[-1:], "") if "A1" in product else ""
    found = {kind: bands.get(fields.Field(kind, half)) for kind in _BESIDE}
    sources = dict.fromkeys(_BESIDE, str(path))
    for kind in _BESIDE:
        other = quality if kind == fields.QC and quality is not None else _beside(path, kind)
        if other is not None and (found[kind] is None or other is quality):
            found[kind], sources[kind] = _single(Path(other), places), str(other)
    stored = found[fields.QC]
    decoded = None
    if stored is not None:
        if not product:
            raise InputError(
                f"{sources[fields.QC]}: a quality layer, but of which product? Name the "
                "reference's product, as MOD11A1 or MOD21A1D"
            )
        decoded = decode_quality(stored, product, sources[fields.QC])
    lst, in_counts = _kelvins(path, bands[fields.Field(fields.LST, half)])
    hours = _scaled(found[fields.TIME], fields.TIME_SCALING, in_counts)
    angle = _scaled(found[fields.ANGLE], fields.ANGLE_SCALING, in_counts)
    return ModisLayer(half or only, lst, decoded, hours, None if angle is None else np.abs(angle))


def _beside(path: Path, kind: str) -> Path | None:
    """File of another field beside one of temperature, as AppEEARS and others name them."""
    match = _LST_NAME.search(path.name)
    if match is None:
        return None
    for pattern in _BESIDE[kind]:
        if "{0}" in pattern and not match[1]:
            continue
        name = pattern.format((match[1] or "").capitalize())
        other = path.with_name(path.name[: match.start()] + name + path.name[match.end() :])
        if other != path and other.is_file():
            return other
    return None


def _single(path: Path, places: GridPlaces) -> NDArray[Any]:
    with open_raster(path) as raster:
        theirs, ours = raster.geotransform, places.grid.geotransform
        cell = abs(ours[1]) + abs(ours[2])
        if raster.shape != places.shape or max(
            abs(a - b) for a, b in zip(theirs, ours, strict=True)
        ) > 1e-3 * cell:
            raise GridMismatchError(
                f"{path}: lies on another grid than the temperature. Give the layer of that file"
            )
        stored: NDArray[Any] = raster.read(0, 0, *raster.shape, bands=(1,))[0]
    return stored


def _kelvins(path: Path, stored: NDArray[Any]) -> tuple[NDArray[np.float32], bool]:
    """Temperatures, K, and whether they were counts; the values tell which."""
    values = stored.astype(np.float64)
    valid = np.isfinite(values) & (values != 0)
    if not valid.any():
        raise InputError(f"{path}: holds no temperature. Give another file")
    low, high = float(values[valid].min()), float(values[valid].max())
    if _KELVIN[0] <= low and high <= _KELVIN[1]:
        return np.where(valid, values, np.nan).astype(np.float32), False
    if _COUNTS[0] <= low and high <= _COUNTS[1]:
        return fields.LST_SCALING.values(np.where(valid, values, 0)), True
    raise InputError(
        f"{path}: values {low:g} to {high:g} are neither K nor MODIS's counts of 0.02 K. Give the "
        "band of temperature in one of these"
    )


def _scaled(
    stored: NDArray[Any] | None, scaling: fields.Scaling, in_counts: bool
) -> NDArray[np.float32] | None:
    """Hours or degrees of counts: of whole numbers without sign, and beside counts of LST."""
    if stored is None:
        return None
    if in_counts or stored.dtype.kind == "u":
        return scaling.values(stored)
    return np.asarray(stored, np.float32)


def _told_product(path: Path, tags: dict[str, str]) -> str:
    if tags.get("SHORTNAME"):
        return tags["SHORTNAME"]
    match = _PRODUCT.search(path.name)
    return match[1] if match else ""


def _told_day(path: Path, tags: dict[str, str]) -> date | None:
    tag = tags.get("RANGEBEGINNINGDATE", "")
    try:
        if tag:
            return date.fromisoformat(tag)
    except ValueError:
        pass
    for pattern, form in _DAYS:
        match = pattern.search(path.name)
        if match:
            try:
                return datetime.strptime(match[1].replace("_", "-"), form).date()
            except ValueError:
                continue
    return None
