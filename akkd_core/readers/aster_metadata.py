"""What ASTER's HDF granules say of themselves, in house units.

Keys: ASTER Level 1 Data Products Specification (GDS version) 1.3, ERSDAC 2001, chapter 2;
ASTER Level 1T Product User's Guide, LP DAAC. The HDF attributes' names are in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from akkd_core.errors import GranuleReadError
from akkd_core.images import TIR_BANDS, GranuleMetadata
from akkd_core.readers.odl import OdlGroup, as_text, join_pieces, parse_odl
from akkd_core.sensors import aster_tir

CORNERS = ("UPPERLEFT", "UPPERRIGHT", "LOWERRIGHT", "LOWERLEFT")
"""Names of SCENEFOURCORNERS, clockwise."""

_NAME_TIME = re.compile(r"AST_(?:L1[A-Z]|09T)_00\d(\d{2})(\d{2})(\d{4})(\d{6})")
# Fact of `akkd info` by key of the metadata.
_EXTRA_KEYS = {
    "local_granule_id": "LOCALGRANULEID",
    "day_night": "DAYNIGHTFLAG",
    "production_time": "PRODUCTIONDATETIME",
    "processing_version": "PGEVERSION",
    "geometric_version": "GEOMETRICDBVERSION",
    "map_orientation_deg": "MAPORIENTATIONANGLE",
    "utm_zone": "UTMZONENUMBER",
    "resampling": "RESMETHOD10",
    "observation_mode": "ASTEROBSERVATIONMODE",
    "flying_direction": "FLYINGDIRECTION",
    "solar_direction": "SOLARDIRECTION",
    "correction": "CORRECTIONACHIEVED",
}


@dataclass(frozen=True)
class AsterOdl:
    """The granule's parsed metadata: inventory, generic, and TIR's own."""

    path: Path
    parts: tuple[OdlGroup, ...]

    @classmethod
    def parse(cls, path: Path, attributes: Mapping[str, str]) -> AsterOdl:
        """Parse the global attributes of an HDF4 file. Raises GranuleReadError."""
        lowered = {name.lower(): text for name, text in attributes.items()}
        texts = [
            join_pieces(lowered, "coremetadata"),
            join_pieces(lowered, "productmetadata"),
            lowered.get("productmetadata.t", ""),
        ]
        return cls(path, tuple(parse_odl(text, str(path)) for text in texts))

    def text(self, key: str, cls: str | None = None) -> str | None:
        """First value of ``key`` as text, or None."""
        return next((t for p in self.parts if (t := p.text(key, cls)) is not None), None)

    def numbers(self, key: str, cls: str | None = None) -> tuple[float, ...]:
        """Return the numbers of ``key``, empty if there are none."""
        return next((n for p in self.parts if (n := p.numbers(key, cls))), ())

    def number(self, key: str, cls: str | None = None) -> float | None:
        """First number of ``key``, or None."""
        return next(iter(self.numbers(key, cls)), None)

    @property
    def short_name(self) -> str:
        """SHORTNAME in the form ``AST_L1T``; empty if there is none."""
        name = (self.text("SHORTNAME") or "").upper()
        return re.sub(r"\AAST_?(?=.)", "AST_", name)

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """(longitude, latitude) of SCENEFOURCORNERS, clockwise from the upper left; or empty."""
        found = []
        for part in self.parts:
            for group in part.find("SCENEFOURCORNERS"):
                pairs = [group.numbers(name) for name in CORNERS]
                if all(len(pair) == 2 for pair in pairs):
                    found = [(lon, lat) for lat, lon in pairs]
        return tuple(found)

    @property
    def latitude_bounds(self) -> tuple[float, float] | None:
        """Southern and northern bound, degrees, or None if the metadata don't tell."""
        south = self.number("SOUTHBOUNDINGCOORDINATE")
        north = self.number("NORTHBOUNDINGCOORDINATE")
        if south is not None and north is not None and -90 <= south <= north <= 90:
            return south, north
        latitudes = [lat for _, lat in self.corners]
        return (min(latitudes), max(latitudes)) if latitudes else None

    def utm_zone(self) -> int:
        """UTM zone 1-60; its sign in the metadata is not reliable and is dropped.

        Raises
        ------
        GranuleReadError
            If there is no usable zone.
        """
        for key in ("UTMZONENUMBER", "UTMZONECODE10"):
            zone = self.number(key)
            if zone is not None and 1 <= abs(zone) <= 60:
                return int(abs(zone))
        longitudes = [lon for lon, _ in self.corners]
        if longitudes and max(longitudes) - min(longitudes) < 6:
            return min(int((sum(longitudes) / len(longitudes) + 180) // 6) + 1, 60)
        raise GranuleReadError(
            f"{self.path}: the metadata give no UTM zone (UTMZONENUMBER). "
            "AKKD reads granules in UTM only"
        )

    def view_zenith_deg(self) -> float | None:
        """Absolute TIR pointing angle, degrees, or None."""
        for part in self.parts:
            for group in part.find("SENSORNAME"):
                name = group.own("VALUE")
                if name is not None and as_text(name).upper() == "TIR":
                    angle = part.number("POINTINGANGLE", as_text(group.own("CLASS") or ""))
                    if angle is not None:
                        return abs(angle)
        angle = self.number("POINTINGANGLE", "3")
        if angle is None and len([v for p in self.parts for v in p.values("POINTINGANGLE")]) == 1:
            angle = self.number("POINTINGANGLE")
        return None if angle is None else abs(angle)

    def ucc(self) -> tuple[float, ...]:
        """Return coefficients INCL10-INCL14; the sensor's nominal ones where missing."""
        values = (self.number(f"INCL{band}") for band in TIR_BANDS)
        return tuple(
            value if value is not None and value > 0 else nominal
            for value, nominal in zip(values, aster_tir().ucc, strict=True)
        )

    def acquired_at(self) -> datetime:
        """Acquisition time, aware UTC.

        Raises
        ------
        GranuleReadError
            If neither the metadata nor the granule's name give a time.
        """
        date, time = self.text("CALENDARDATE"), self.text("TIMEOFDAY")
        if date and time:
            return parse_time(date, time, self.path)
        for name in (self.text("LOCALGRANULEID") or "", self.path.name):
            acquired = time_of_name(name, self.path)
            if acquired is not None:
                return acquired
        raise GranuleReadError(
            f"{self.path}: the metadata give no acquisition time (CALENDARDATE, TIMEOFDAY). "
            "Download the granule again"
        )

    def extra(self) -> Iterator[tuple[str, str]]:
        """Further facts, for ``akkd info``."""
        for name, key in _EXTRA_KEYS.items():
            value = self.text(key)
            if value:
                yield name, " ".join(value.split())
        bounds = self.latitude_bounds
        if bounds:
            yield "latitude_bounds_deg", f"{bounds[0]:.5f}, {bounds[1]:.5f}"
        yield "ucc_source", "granule" if self.number("INCL10") else "nominal"

    def metadata(self, product: str) -> GranuleMetadata:
        """All of it, as the rest of AKKD wants it. Raises GranuleReadError."""
        flag = (self.text("DAYNIGHTFLAG") or "").strip().lower()
        cloud = self.number("SCENECLOUDCOVERAGE")
        return GranuleMetadata(
            granule_id=self.path.stem,
            product=product,
            collection="003",
            acquired_at=self.acquired_at(),
            daytime={"day": True, "night": False}.get(flag),
            cloud_cover_percent=cloud if cloud is not None and 0 <= cloud <= 100 else None,
            view_zenith_deg=self.view_zenith_deg(),
            # The version comes first, its date and a comment may follow.
            radiometric_version=(self.text("RADIOMETRICDBVERSION") or "").split(",")[0].strip(),
            ucc=self.ucc(),
            source_files=(str(self.path),),
            extra=dict(self.extra()),
        )


def parse_time(date: str, time: str, path: Path) -> datetime:
    """Aware UTC time of YYYYMMDD or YYYY-MM-DD, and hhmmss with or without colons and fraction.

    Raises
    ------
    GranuleReadError
        If they are no date and time.
    """
    day, clock = re.sub(r"\D", "", date), re.sub(r"\D", "", time)
    try:
        if len(day) != 8 or len(clock) < 6:
            raise ValueError("too short")
        whole = datetime.strptime(day + clock[:6], "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise GranuleReadError(
            f"{path}: acquisition time {date!r} {time!r} can't be read. Download the granule again"
        ) from error
    return whole + timedelta(microseconds=int((clock[6:12] or "0").ljust(6, "0")))


def time_of_name(name: str, path: Path) -> datetime | None:
    """Acquisition time in an ASTER granule's name (MMDDYYYYhhmmss), or None."""
    match = _NAME_TIME.search(name)
    if match is None:
        return None
    month, day, year, clock = match.groups()
    return parse_time(year + month + day, clock, path)
