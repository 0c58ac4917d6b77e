"""Points of a GeoPackage with what was measured there; the columns are those of a table.

A GeoPackage is an SQLite file; its geometries are binaries of a short header and a WKB (OGC
12-128r18, clause 2.1.3). Points alone are read.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from akkd_core.errors import GranuleReadError, InputError
from akkd_core.raster.projection import to_lonlat
from akkd_core.readers.ground_lst import (
    PLACE_COLUMNS,
    GroundMeasurement,
    check_columns,
    column_name,
    measurements,
)

SQLITE_MAGIC = b"SQLite format 3\x00"

_WGS84 = 4326
# bytes of the envelope by its indicator, bits 1-3 of the flags
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
_POINT_TYPES = (1, 1001, 2001, 3001)
_EMPTY = 0b00010000


def read_points(path: Path) -> tuple[GroundMeasurement, ...]:
    """Read the measurements of a GeoPackage's points, all its layers of points together.

    Parameters
    ----------
    path : Path
        Columns as of `akkd_core.readers.ground_lst`; the place is the point's.

    Raises
    ------
    GranuleReadError
        If the file can't be read.
    InputError
        If there is no layer, a column is missing, or a geometry is no point.
    """
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
            layers = base.execute(
                "SELECT table_name, column_name, srs_id FROM gpkg_geometry_columns"
            ).fetchall()
            if not layers:
                raise InputError(f"{path}: holds no layer of points. Give one")
            rows = [row for layer in layers for row in _rows(path, base, *_checked(layer))]
    # a text that isn't UTF-8 is no error of SQLite's
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise GranuleReadError(
            f"{path}: can't be read as a GeoPackage ({error}). Check that it is whole"
        ) from error
    return measurements(path, rows)


def _checked(layer: tuple[Any, ...]) -> tuple[str, str, int]:
    """Check the types of a layer's entry, of which SQLite keeps any in any column."""
    table, geometry, srs_id = layer
    if not (isinstance(table, str) and isinstance(geometry, str) and isinstance(srs_id, int)):
        raise sqlite3.DataError(f"layer {table!r:.40} is malformed")
    return table, geometry, srs_id


def _rows(
    path: Path, base: sqlite3.Connection, table: str, geometry: str, srs_id: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    # a table's name can't be a parameter; quoted, it is one identifier whatever it holds
    quoted = '"' + table.replace('"', '""') + '"'
    cursor = base.execute(f"SELECT * FROM {quoted}")  # nosec B608
    stored = [description[0] for description in cursor.description]
    names = [column_name(name) for name in stored]
    check_columns(path, [*names, *PLACE_COLUMNS])
    if geometry not in stored:
        raise InputError(f"{path}: {table} has no column {geometry}. Check that it is whole")
    place = stored.index(geometry)
    code = _epsg(path, base, srs_id)
    for number, values in enumerate(cursor, 1):
        row = dict(zip(names, values, strict=True))
        x, y = _point(path, table, values[place])
        if code != _WGS84:
            try:
                lon, lat = to_lonlat(code, x, y)
            except InputError as error:
                raise InputError(f"{path}: {table}, row {number}: {error}") from error
            x, y = float(lon), float(lat)
        row["longitude"], row["latitude"] = x, y
        yield f"{table}, row {number}", row


def _epsg(path: Path, base: sqlite3.Connection, srs_id: int) -> int:
    found = base.execute(
        "SELECT organization, organization_coordsys_id FROM gpkg_spatial_ref_sys WHERE srs_id = ?",
        (srs_id,),
    ).fetchone()
    if found is None or str(found[0]).upper() != "EPSG" or not isinstance(found[1], int):
        raise InputError(
            f"{path}: its coordinate system {srs_id} has no EPSG code. Save it as EPSG:4326"
        )
    return found[1]


def _point(path: Path, table: str, blob: Any) -> tuple[float, float]:
    try:
        if bytes(blob[:2]) != b"GP" or blob[3] & _EMPTY:
            raise ValueError("geometry is empty")
        start = 8 + _ENVELOPE_BYTES[(blob[3] >> 1) & 0b111]
        order = "<" if blob[start] == 1 else ">"
        (kind,) = struct.unpack_from(f"{order}I", blob, start + 1)
        if kind not in _POINT_TYPES:
            raise ValueError(f"geometry is of WKB type {kind}")
        x, y = struct.unpack_from(f"{order}2d", blob, start + 5)
    except (TypeError, ValueError, IndexError, struct.error) as error:
        raise InputError(f"{path}: {table} holds no points ({error}). Give points") from error
    return x, y
