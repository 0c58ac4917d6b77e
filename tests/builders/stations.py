"""Files of stations, made as their networks write them."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

MISSING = "-9999.9 1"


def write_surfrad(
    path: Path,
    start: datetime,
    pairs: Sequence[tuple[float, float]],
    *,
    name: str = "Alamosa",
    place: str = "37.70  105.92 2317 m version 1",
    flags: Sequence[tuple[int, int]] = (),
) -> Path:
    """A daily file of minutes: pairs are longwave up and down, W m-2."""
    lines = [f" {name}", f"   {place}"]
    for number, (up, down) in enumerate(pairs):
        time = start + timedelta(minutes=number)
        up_flag, down_flag = flags[number] if flags else (0, 0)
        head = f" {time:%Y} {time:%j} {time:%m} {time:%d} {time:%H} {time:%M} 0.0 91.65"
        fields = ["0.0 0"] * 20
        fields[4], fields[7] = f"{down:.1f} {down_flag}", f"{up:.1f} {up_flag}"
        fields[10] = fields[11] = MISSING
        lines.append(f"{head} {' '.join(fields)}")
    path.write_text("\n".join(lines) + "\n")
    return path


def write_bsrn(
    path: Path,
    year: int,
    month: int,
    samples: Sequence[tuple[int, int, float, float]],
    *,
    latitude: float,
    longitude: float,
    upward: bool = True,
) -> Path:
    """A month's file: samples are day, minute, longwave up and down, W m-2.

    Latitudes count from the south pole and longitudes from 180 degrees west, as BSRN does.
    """
    lines = [
        "*U0001",
        f" 21 {month:2d} {year:4d}  1",
        "        2        3        5       21       22       23       -1       -1",
        "*U0004",
        " -1 -1 -1",
        "  1  1",
        "Somewhere",
        "+1 555 0100          -1",
        "-1              nobody@example.org",
        f"{latitude + 90:7.3f} {longitude + 180:7.3f} {113:4d} XXXXX",
        " -1 -1 -1",
        "  -1  -1",
        "*U0100",
    ]
    for day, minute, _, down in samples:
        lines.append(
            f" {day:2d} {minute:4d}   {100:4d} {1.0:5.1f} {90:4d} {110:4d}    "
            f"{-999:4d} {-99.9:5.1f} {-999:4d} {-999:4d}"
        )
        lines.append(
            f"           {50:4d} {1.0:5.1f} {40:4d} {60:4d}    {down:4.0f} {0.1:5.1f} "
            f"{down:4.0f} {down:4.0f}    {20.0:5.1f} {45.0:5.1f} {1013:4d}"
        )
    if upward:
        lines.append("*U0300")
        for day, minute, up, _ in samples:
            lines.append(
                f" {day:2d} {minute:4d}   {30:4d} {1.0:5.1f} {-999:4d} {-999:4d}   "
                f"{up:4.0f} {0.1:5.1f} {up:4.0f} {up:4.0f}   {-999:4d} {-99.9:5.1f} "
                f"{-999:4d} {-999:4d}"
            )
    path.write_text("\n".join(lines) + "\n")
    return path


def point_blob(
    x: float, y: float, *, srs: int = 4326, big: bool = False, envelope: bool = False
) -> bytes:
    """A GeoPackage's geometry: header, perhaps an envelope, and the WKB of a point."""
    order = ">" if big else "<"
    flags = (0 if big else 1) | (0b10 if envelope else 0)
    head = b"GP\x00" + bytes([flags]) + struct.pack(f"{order}i", srs)
    if envelope:
        head += struct.pack(f"{order}4d", x, x, y, y)
    return head + struct.pack(f"{order}BI2d", 0 if big else 1, 1, x, y)


def write_points(
    path: Path,
    columns: Sequence[str],
    rows: Sequence[tuple[bytes, Sequence[object]]],
    *,
    epsg: int = 4326,
    table: str = "points",
) -> Path:
    """A GeoPackage of one layer: geometries with their values."""
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("PRAGMA application_id = 0x47504B47")
        base.execute(
            "CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT, srs_id INTEGER PRIMARY KEY, "
            "organization TEXT, organization_coordsys_id INTEGER, definition TEXT)"
        )
        base.execute(
            "INSERT INTO gpkg_spatial_ref_sys VALUES ('a', ?, 'EPSG', ?, 'undefined')", (epsg, epsg)
        )
        base.execute(
            "CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, "
            "geometry_type_name TEXT, srs_id INTEGER, z TINYINT, m TINYINT)"
        )
        base.execute(
            "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 'POINT', ?, 0, 0)", (table, epsg)
        )
        quoted = '"' + table.replace('"', '""') + '"'
        named = ", ".join(f'"{name}"' for name in columns)
        base.execute(f'CREATE TABLE {quoted} (fid INTEGER PRIMARY KEY, geom BLOB, {named})')
        marks = ", ".join("?" * (len(columns) + 1))
        for blob, values in rows:
            base.execute(f'INSERT INTO {quoted} (geom, {named}) VALUES ({marks})', (blob, *values))
    return path
