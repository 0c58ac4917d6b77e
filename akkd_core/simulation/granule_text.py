"""The metadata texts of a simulated L1T granule: ODL and HDF-EOS structure.

Layout after the ASTER Level 1 Data Products Specification (GDS version) 1.3, ERSDAC 2001, and
the ASTER L1T Product User's Guide; structure after HDF-EOS Library User's Guide 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from akkd_core.errors import ParameterError
from akkd_core.grid import Grid
from akkd_core.images import TIR_BANDS
from akkd_core.raster.projection import to_lonlat

SWATH = "TIR_Swath"
LATTICE = 11
"""Points along each side of the latitude and longitude arrays."""

_PIXEL_M = 90.0
_FALSE_NORTHING_M = 10_000_000.0

# A key with its text, or a GROUP or OBJECT with what is inside.
Statement = tuple[str, "str | Sequence[Statement]"]


@dataclass(frozen=True)
class GranuleFacts:
    """What the metadata of a simulated granule say.

    Parameters
    ----------
    granule_id : str
        LOCALGRANULEID.
    grid : Grid
        North-up UTM with pixels of 90 m.
    acquired_at : datetime
        Aware.
    daytime : bool
    view_zenith_deg : float
        TIR's pointing angle, 0-25 degrees.
    cloud_cover_percent : float
        0-100.
    radiometric_version : str
    ucc : tuple of float
        Bands 10-14, W m-2 sr-1 um-1 per count.
    """

    granule_id: str
    grid: Grid
    acquired_at: datetime
    daytime: bool
    view_zenith_deg: float
    cloud_cover_percent: float
    radiometric_version: str
    ucc: tuple[float, ...]

    def __post_init__(self) -> None:
        epsg, (_, a, _, _, _, e) = self.grid.epsg, self.grid.geotransform
        if epsg // 100 not in (326, 327) or not 1 <= epsg % 100 <= 60:
            raise ParameterError(f"EPSG:{epsg} is no UTM zone on WGS 84. Use EPSG:326zz or 327zz")
        if not self.grid.north_up or (a, e) != (_PIXEL_M, -_PIXEL_M):
            raise ParameterError("an L1T granule is north-up with pixels of 90 m. Change the grid")
        if self.acquired_at.tzinfo is None:
            raise ParameterError("the acquisition time needs a time zone. Use UTC")
        if not 0 <= self.view_zenith_deg <= 25:
            raise ParameterError(f"view angle {self.view_zenith_deg} degrees is out of 0-25")
        if not 0 <= self.cloud_cover_percent <= 100:
            raise ParameterError(f"cloud cover {self.cloud_cover_percent} % is out of 0-100")
        if len(self.ucc) != len(TIR_BANDS):
            raise ParameterError("need five unit conversion coefficients")

    @property
    def utc(self) -> datetime:
        """Acquisition time in UTC."""
        return self.acquired_at.astimezone(timezone.utc)

    def centre(self, row: int, col: int) -> tuple[float, float]:
        """Product's own (northing, easting) of a pixel's centre: no false northing in the south."""
        x, y = self.grid.xy(row + 0.5, col + 0.5)
        return y - (_FALSE_NORTHING_M if self.grid.epsg >= 32700 else 0.0), x

    def corners(self) -> list[tuple[float, float]]:
        """(latitude, longitude) of the corner pixels' centres, clockwise from the upper left."""
        rows, cols = self.grid.shape
        places = [(0, 0), (0, cols - 1), (rows - 1, cols - 1), (rows - 1, 0)]
        xy = [self.grid.xy(row + 0.5, col + 0.5) for row, col in places]
        lon, lat = to_lonlat(self.grid.epsg, [p[0] for p in xy], [p[1] for p in xy])
        return [(float(b), float(a)) for a, b in zip(lon, lat, strict=True)]


def attributes(facts: GranuleFacts) -> dict[str, str]:
    """Global attributes of the granule: name to text."""
    return {
        "coremetadata.0": _render(_core(facts)),
        "productmetadata.0": _render(_generic(facts)),
        "productmetadata.t": _render(_thermal(facts)),
        "StructMetadata.0": struct_metadata(*facts.grid.shape),
        "HDFEOSVersion": "HDFEOS_V2.19",
    }


def _object(name: str, value: str, cls: str | None = None) -> Statement:
    count = value.count(",") + 1 if value.startswith("(") else 1
    body = [("CLASS", f'"{cls}"')] if cls else []
    return f"OBJECT {name}", [*body, ("NUM_VAL", str(count)), ("VALUE", value)]


def _text(value: str) -> str:
    return f'"{value}"'


def _pair(first: float, second: float, form: str) -> str:
    return f"({first:{form}}, {second:{form}})"


def _core(facts: GranuleFacts) -> Statement:
    latitudes, longitudes = zip(*facts.corners(), strict=True)
    clock = f"{facts.utc:%H:%M:%S}.{facts.utc.microsecond:06d}"
    bounds = [
        _object("WESTBOUNDINGCOORDINATE", f"{min(longitudes):.12f}"),
        _object("NORTHBOUNDINGCOORDINATE", f"{max(latitudes):.12f}"),
        _object("EASTBOUNDINGCOORDINATE", f"{max(longitudes):.12f}"),
        _object("SOUTHBOUNDINGCOORDINATE", f"{min(latitudes):.12f}"),
    ]
    angle = [
        _object("SENSORNAME", _text("TIR"), "3"),
        _object("POINTINGANGLE", f"{facts.view_zenith_deg:.3f}", "3"),
    ]
    return "GROUP INVENTORYMETADATA", [
        ("GROUPTYPE", "MASTERGROUP"),
        ("GROUP COLLECTIONDESCRIPTIONCLASS", [
            _object("SHORTNAME", _text("ASTL1T")), _object("VERSIONID", "3"),
        ]),
        ("GROUP ECSDATAGRANULE", [
            _object("LOCALGRANULEID", _text(facts.granule_id)),
            _object("DAYNIGHTFLAG", _text("Day" if facts.daytime else "Night")),
        ]),
        ("GROUP PGEVERSIONCLASS", [_object("PGEVERSION", _text("simulated"))]),
        ("GROUP SINGLEDATETIME", [
            _object("TIMEOFDAY", _text(clock)),
            _object("CALENDARDATE", _text(f"{facts.utc:%Y-%m-%d}")),
        ]),
        ("GROUP BOUNDINGRECTANGLE", bounds),
        ("GROUP POINTINGANGLES", [("OBJECT POINTINGANGLESCONTAINER", [("CLASS", '"3"'), *angle])]),
    ]  # fmt: skip


def _generic(facts: GranuleFacts) -> Statement:
    rows, cols = facts.grid.shape
    names = ("UPPERLEFT", "UPPERRIGHT", "LOWERRIGHT", "LOWERLEFT")
    corners = [
        _object(name, _pair(lat, lon, ".12f"))
        for name, (lat, lon) in zip(names, facts.corners(), strict=True)
    ]
    available = [
        _object("BANDAVAILABLE", _text(f"{band}, Yes")) for band in TIR_BANDS
    ]
    return "GROUP ASTERGENERICMETADATA", [
        _object("ASTEROBSERVATIONMODE", '("TIR, ON")'),
        *available,
        ("GROUP SCENEFOURCORNERS", corners),
        _object("SCENECLOUDCOVERAGE", f"{facts.cloud_cover_percent:.0f}"),
        _object("RADIOMETRICDBVERSION", f'("{facts.radiometric_version}", "2001-01-01")'),
        _object("MAPORIENTATIONANGLE", "0.0"),
        # Positive on both sides of the equator, as in real granules.
        _object("UTMZONENUMBER", str(facts.grid.epsg % 100)),
        _object("UPPERLEFTM", _pair(*facts.centre(0, 0), ".3f")),
        _object("LOWERRIGHTM", _pair(*facts.centre(rows - 1, cols - 1), ".3f")),
    ]


def _thermal(facts: GranuleFacts) -> Statement:
    zone = facts.grid.epsg % 100
    groups: list[Statement] = []
    for band, ucc in zip(TIR_BANDS, facts.ucc, strict=True):
        groups.append((f"GROUP BAND{band}", [
            _object(f"MPMETHOD{band}", _text("UTM")),
            _object(f"UTMZONECODE{band}", str(zone)),
            _object(f"RESMETHOD{band}", _text("CC")),
            _object(f"INCL{band}", f"{ucc:.6f}"),
            _object(f"OFFSET{band}", f"{-ucc:.6f}"),
            _object(f"CONUNIT{band}", _text("W/m2/sr/um")),
        ]))  # fmt: skip
    return "GROUP PRODUCTSPECIFICMETADATATIR", groups


def _render(statement: Statement) -> str:
    return "\n".join(_lines(statement, 0)) + "\nEND\n"


def _lines(statement: Statement, depth: int) -> Iterable[str]:
    key, value = statement
    indent = "  " * depth
    if isinstance(value, str):
        yield f"{indent}{key:<20} = {value}"
        return
    word, name = key.split(" ", 1)
    yield f"{indent}{word:<20} = {name}"
    for inner in value:
        yield from _lines(inner, depth + 1)
    yield f"{indent}{'END_' + word:<20} = {name}"


def struct_metadata(rows: int, cols: int) -> str:
    """HDF-EOS structure of the swath: dimensions, maps, geolocation and data fields."""
    dimensions = [
        ("GeoTrack", LATTICE), ("GeoXtrack", LATTICE), ("ImageLine", rows), ("ImagePixel", cols),
    ]  # fmt: skip
    maps = [("GeoTrack", "ImageLine", rows), ("GeoXtrack", "ImagePixel", cols)]
    lines = ["GROUP=SwathStructure", "\tGROUP=SWATH_1", f'\t\tSwathName="{SWATH}"']
    lines.append("\t\tGROUP=Dimension")
    for number, (name, size) in enumerate(dimensions, 1):
        lines += _entry(f"Dimension_{number}", f'DimensionName="{name}"', f"Size={size}")
    lines += ["\t\tEND_GROUP=Dimension", "\t\tGROUP=DimensionMap"]
    for number, (geo, data, size) in enumerate(maps, 1):
        lines += _entry(
            f"DimensionMap_{number}", f'GeoDimension="{geo}"', f'DataDimension="{data}"',
            "Offset=0", f"Increment={size // (LATTICE - 1)}",
        )  # fmt: skip
    lines += ["\t\tEND_GROUP=DimensionMap", "\t\tGROUP=IndexDimensionMap",
              "\t\tEND_GROUP=IndexDimensionMap", "\t\tGROUP=GeoField"]  # fmt: skip
    for number, name in enumerate(("Latitude", "Longitude"), 1):
        lines += _entry(
            f"GeoField_{number}", f'GeoFieldName="{name}"', "DataType=DFNT_FLOAT64",
            'DimList=("GeoTrack","GeoXtrack")',
        )  # fmt: skip
    lines += ["\t\tEND_GROUP=GeoField", "\t\tGROUP=DataField"]
    for number, band in enumerate(TIR_BANDS, 1):
        lines += _entry(
            f"DataField_{number}", f'DataFieldName="ImageData{band}"', "DataType=DFNT_UINT16",
            'DimList=("ImageLine","ImagePixel")',
        )  # fmt: skip
    lines += ["\t\tEND_GROUP=DataField", "\t\tGROUP=MergedFields", "\t\tEND_GROUP=MergedFields"]
    lines += ["\tEND_GROUP=SWATH_1", "END_GROUP=SwathStructure"]
    for kind in ("GridStructure", "PointStructure"):
        lines += [f"GROUP={kind}", f"END_GROUP={kind}"]
    return "\n".join([*lines, "END", ""])


def _entry(name: str, *statements: str) -> list[str]:
    body = [f"\t\t\t\t{statement}" for statement in statements]
    return [f"\t\t\tOBJECT={name}", *body, f"\t\t\tEND_OBJECT={name}"]
