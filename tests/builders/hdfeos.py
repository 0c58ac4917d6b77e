"""ASTER granules written by NASA's own HDF-EOS2 library, through ctypes.

Independent of the package's writer: other library, other metadata text. Debian: libhdfeos0 and
libhdf4-0-alt. `require_hdfeos()` skips the calling test where they are absent.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cache
from pathlib import Path

import numpy as np
import pyproj
import pytest
from numpy.typing import NDArray

UCC = (0.006882, 0.006780, 0.006590, 0.005693, 0.005225)
BANDS = (10, 11, 12, 13, 14)
GEOCENTRIC_RATIO = 0.99330562
_CREATE, _READ_WRITE = 4, 3
_CHAR8, _FLOAT64, _UINT8, _UINT16 = 4, 6, 21, 23
_DEFLATE = 4
_LATTICE = 11


@dataclass(frozen=True)
class Granule:
    """What to write. ``transform`` is GDAL's, of the outer corner, with UTM's own northings."""

    dn: NDArray[np.uint16]
    transform: tuple[float, float, float, float, float, float]
    epsg: int
    product: str = "AST_L1T"
    acquired_at: datetime = datetime(2003, 3, 4, 20, 34, 4, 227000, tzinfo=timezone.utc)
    compact_times: bool = False
    daytime: bool = True
    pointing_deg: float = -5.709
    cloud_percent: int = 57
    radiometric_version: str = "04.00"
    zone_sign: int = 1
    ucc: tuple[float, ...] = UCC
    bands: tuple[int, ...] = BANDS
    vnir: bool = False
    split_core_at: int | None = None
    lattice: bool = True
    compressed: bool = False
    replace: Mapping[str, str] = field(default_factory=dict)
    """Text of the metadata to be replaced, old to new, before writing."""

    def centre(self, row: float, col: float) -> tuple[float, float]:
        """Easting and northing of a pixel's centre, m."""
        x0, a, b, y0, d, e = self.transform
        return x0 + a * (col + 0.5) + b * (row + 0.5), y0 + d * (col + 0.5) + e * (row + 0.5)

    def lonlat(self, row: NDArray[np.float64], col: NDArray[np.float64]) -> tuple[
        NDArray[np.float64], NDArray[np.float64]
    ]:
        """Longitude and geodetic latitude of pixel centres, degrees."""
        to = pyproj.Transformer.from_crs(self.epsg, 4326, always_xy=True)
        x, y = self.centre(row, col)  # type: ignore[arg-type]
        lon, lat = to.transform(np.asarray(x), np.asarray(y))
        return lon, lat


@cache
def _library() -> ctypes.CDLL | None:
    try:
        # Its handle finds HDF4's SD functions too: it is linked against them.
        return ctypes.CDLL("libhdfeos.so.0")
    except OSError:
        return None


def require_hdfeos() -> ctypes.CDLL:
    """HDF-EOS2 with HDF4's SD functions; skips the test where they are absent."""
    library = _library()
    if library is None:
        pytest.skip("no HDF-EOS2 library (Debian packages libhdfeos0, libhdf4-0-alt)")
    return library


def write_granule(path: Path, granule: Granule) -> Path:
    """Write a granule with TIR_Swath (and VNIR_Swath before it if asked)."""
    eos = require_hdfeos()
    file = _ok(eos.SWopen(str(path).encode(), _CREATE), "SWopen")
    rows, cols = granule.dn.shape[1:]
    if granule.vnir:
        fields = {"ImageData1": np.full((rows, cols), 77, np.uint8)}
        _write_swath(eos, file, "VNIR_Swath", fields, *_lattices(granule, shift=5.0))
    images = {f"ImageData{b}": granule.dn[b - 10] for b in granule.bands}
    if images:
        lattices = _lattices(granule) if granule.lattice else ()
        _write_swath(eos, file, "TIR_Swath", images, *lattices, compressed=granule.compressed)
    hdf_id, sd_id = ctypes.c_int32(), ctypes.c_int32()
    _ok(eos.EHidinfo(file, ctypes.byref(hdf_id), ctypes.byref(sd_id)), "EHidinfo")
    for name, text in _attributes(granule).items():
        data = text.encode("latin-1")
        _ok(eos.SDsetattr(sd_id, name.encode(), _CHAR8, len(data), data), "SDsetattr")
    _ok(eos.SWclose(file), "SWclose")
    return path


def _ok(status: int, what: str) -> int:
    if status == -1:
        raise RuntimeError(f"HDF-EOS2: {what} failed")
    return status


def _lattices(granule: Granule, shift: float = 0.0) -> tuple[
    NDArray[np.float64], NDArray[np.float64]
]:
    rows, cols = granule.dn.shape[1:]
    row, col = np.meshgrid(
        np.arange(_LATTICE) * (rows // 10), np.arange(_LATTICE) * (cols // 10), indexing="ij"
    )
    lon, lat = granule.lonlat(row + shift, col + shift)
    if granule.product == "AST_L1B":
        lat = np.degrees(np.arctan(np.tan(np.radians(lat)) * GEOCENTRIC_RATIO))
    return lat, lon


def _write_swath(
    eos: ctypes.CDLL,
    file: int,
    name: str,
    images: Mapping[str, NDArray[np.generic]],
    *lattices: NDArray[np.float64],
    compressed: bool = False,
) -> None:
    rows, cols = next(iter(images.values())).shape
    swath = _ok(eos.SWcreate(file, name.encode()), "SWcreate")
    for dimension, size in (
        (b"GeoTrack", _LATTICE), (b"GeoXtrack", _LATTICE),
        (b"ImageLine", rows), (b"ImagePixel", cols),
    ):  # fmt: skip
        _ok(eos.SWdefdim(swath, dimension, size), "SWdefdim")
    _ok(eos.SWdefdimmap(swath, b"GeoTrack", b"ImageLine", 0, rows // 10), "SWdefdimmap")
    _ok(eos.SWdefdimmap(swath, b"GeoXtrack", b"ImagePixel", 0, cols // 10), "SWdefdimmap")
    geo = dict(zip(("Latitude", "Longitude"), lattices, strict=False))
    for key in geo:
        status = eos.SWdefgeofield(swath, key.encode(), b"GeoTrack,GeoXtrack", _FLOAT64, 0)
        _ok(status, "SWdefgeofield")
    if compressed:
        level = (ctypes.c_int * 5)(6)
        _ok(eos.SWdefcomp(swath, _DEFLATE, level), "SWdefcomp")
    for key, image in images.items():
        kind = _UINT16 if image.dtype == np.uint16 else _UINT8
        status = eos.SWdefdatafield(swath, key.encode(), b"ImageLine,ImagePixel", kind, 0)
        _ok(status, "SWdefdatafield")
    _ok(eos.SWdetach(swath), "SWdetach")
    swath = _ok(eos.SWattach(file, name.encode()), "SWattach")
    for key, array in {**geo, **images}.items():
        data = np.ascontiguousarray(array)
        edge = (ctypes.c_int32 * 2)(*data.shape)
        status = eos.SWwritefield(
            swath, key.encode(), None, None, edge, data.ctypes.data_as(ctypes.c_void_p)
        )
        _ok(status, "SWwritefield")
    _ok(eos.SWdetach(swath), "SWdetach")


def _attributes(granule: Granule) -> dict[str, str]:
    core = _replaced(_core(granule), granule.replace)
    cut = granule.split_core_at
    pieces = [core] if cut is None else [core[:cut], core[cut:]]
    texts = {f"coremetadata.{n}": piece for n, piece in enumerate(pieces)}
    texts["productmetadata.0"] = _replaced(_generic(granule), granule.replace)
    texts["productmetadata.1"] = "GROUP = GDSGENERICMETADATA\nEND_GROUP = GDSGENERICMETADATA\nEND\n"
    texts["productmetadata.t"] = _replaced(_thermal(granule), granule.replace)
    return texts


def _replaced(text: str, replacements: Mapping[str, str]) -> str:
    for old, new in replacements.items():
        text = text.replace(old, new)
    return text


def _item(name: str, value: str, cls: int | None = None) -> str:
    klass = f'CLASS = "{cls}"\n' if cls is not None else ""
    return f"OBJECT = {name}\n{klass}NUM_VAL = 1\nVALUE = {value}\nEND_OBJECT = {name}\n"


def _group(name: str, *items: str) -> str:
    return f"GROUP = {name}\n{''.join(items)}END_GROUP = {name}\n"


def _corner_lonlat(granule: Granule) -> list[tuple[float, float]]:
    rows, cols = granule.dn.shape[1:]
    row = np.array([0, 0, rows - 1, rows - 1], float)
    col = np.array([0, cols - 1, cols - 1, 0], float)
    lon, lat = granule.lonlat(row, col)
    return list(zip(lon.tolist(), lat.tolist(), strict=True))


def _core(granule: Granule) -> str:
    when = granule.acquired_at
    if granule.compact_times:
        date, time = f"{when:%Y%m%d}", f"{when:%H%M%S}{when.microsecond // 1000:03d}000Z"
    else:
        date, time = f"{when:%Y-%m-%d}", f"{when:%H:%M:%S}.{when.microsecond // 10:05d}Z"
    lons, lats = zip(*_corner_lonlat(granule), strict=True)
    pointing = [
        f"OBJECT = POINTINGANGLESCONTAINER\nCLASS = \"{n}\"\n"
        + _item("SENSORNAME", f'"{sensor}"', n)
        + _item("POINTINGANGLE", f"{angle}", n)
        + "END_OBJECT = POINTINGANGLESCONTAINER\n"
        for n, (sensor, angle) in enumerate(
            (("VNIR", 8.58), ("SWIR", 8.5), ("TIR", granule.pointing_deg)), 1
        )
    ]
    return "\n" + _group(
        "INVENTORYMETADATA",
        "GROUPTYPE = MASTERGROUP\n",
        _group(
            "COLLECTIONDESCRIPTIONCLASS",
            _item("SHORTNAME", f'"{granule.product.replace("_", "")}"'),
            _item("VERSIONID", "3"),
        ),
        _group(
            "ECSDATAGRANULE",
            _item("LOCALGRANULEID", '"AST_L1X_00303042003203404_20150409092553_2788.hdf"'),
            _item("DAYNIGHTFLAG", '"Day"' if granule.daytime else '"Night"'),
            _item("PRODUCTIONDATETIME", '"2015-04-09T14:26:17.000Z"'),
        ),
        _group("SINGLEDATETIME", _item("TIMEOFDAY", f'"{time}"'),
               _item("CALENDARDATE", f'"{date}"')),
        _group(
            "BOUNDINGRECTANGLE",
            _item("WESTBOUNDINGCOORDINATE", f"{min(lons):.12f}"),
            _item("NORTHBOUNDINGCOORDINATE", f"{max(lats):.12f}"),
            _item("EASTBOUNDINGCOORDINATE", f"{max(lons):.12f}"),
            _item("SOUTHBOUNDINGCOORDINATE", f"{min(lats):.12f}"),
        ),
        _group("POINTINGANGLES", *pointing),
    ) + "END\n"


def _generic(granule: Granule) -> str:
    rows, cols = granule.dn.shape[1:]
    corners = _corner_lonlat(granule)
    names = ("UPPERLEFT", "UPPERRIGHT", "LOWERRIGHT", "LOWERLEFT")
    south = granule.epsg >= 32700
    gains = [_item("GAIN", f'("{band:02d}", "NOR")', band) for band in range(1, 10)]
    _, a, _, _, d, _ = granule.transform
    items = [
        _item("ASTEROBSERVATIONMODE", '("TIR, ON")'),
        *gains,
        _group(
            "SCENEFOURCORNERS",
            *(
                _item(name, f"({lat:.12f}, {lon:.12f})")
                for name, (lon, lat) in zip(names, corners, strict=True)
            ),
        ),
        _item("SCENECLOUDCOVERAGE", str(granule.cloud_percent)),
        _item("RADIOMETRICDBVERSION", f'("{granule.radiometric_version}", "2003-01-01", "none")'),
        _item("MAPORIENTATIONANGLE", f"{np.degrees(np.arctan2(d, a)):.6f}"),
        _item("UTMZONENUMBER", str(granule.zone_sign * (granule.epsg % 100))),
    ]
    if granule.product == "AST_L1T":
        for name, place in (("UPPERLEFTM", (0, 0)), ("LOWERRIGHTM", (rows - 1, cols - 1))):
            x, y = granule.centre(*place)
            items.append(_item(name, f"({y - (1e7 if south else 0):.3f}, {x:.3f})"))
    return _group("ASTERGENERICMETADATA", *items) + "END\n"


def _thermal(granule: Granule) -> str:
    zone = granule.zone_sign * (granule.epsg % 100)
    return _group(
        "PRODUCTSPECIFICMETADATATIR",
        *(
            _item(f"MPMETHOD{band}", '"UTM"')
            + _item(f"UTMZONECODE{band}", str(zone))
            + _item(f"RESMETHOD{band}", '"CC"')
            + _item(f"INCL{band}", f"{ucc:.6f}")
            + _item(f"OFFSET{band}", f"{-ucc:.6f}")
            + _item(f"CONUNIT{band}", '"W/m2/sr/um"')
            for band, ucc in zip(BANDS, granule.ucc, strict=True)
        ),
    ) + "END\n"
