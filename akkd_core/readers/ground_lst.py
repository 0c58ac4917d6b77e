"""What was measured at stations, as a table.

Columns, parted by commas, semicolons or tabs, in any order, others are passed over: ``station``,
``latitude``, ``longitude`` (degrees, WGS 84; also ``lat``, ``lon``), ``time`` (ISO 8601, UTC unless
it says otherwise), and ``lst_k`` (K; also ``lst``), or the longwave pair ``longwave_up``,
``longwave_down`` (W m-2; also ``lw_up``, ``lw_down``) with or without a broadband ``emissivity``.
Empty and -999... are missing; where there is a column ``qc``, 0 is good and other lines are passed
over.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from akkd_core.errors import GranuleReadError, InputError

PLACE_COLUMNS = ("latitude", "longitude")
COLUMNS = ("station", *PLACE_COLUMNS, "time", "lst_k")
"""What a table of temperatures has."""

LONGWAVE_COLUMNS = ("longwave_up", "longwave_down")
LONGWAVE_RANGE_W_M2 = (40.0, 900.0)
"""Physically possible longwave fluxes (limits of the Baseline Surface Radiation Network's tests,
Long and Shi 2008, Open Atmos. Sci. J. 2, 23-37; the wider one of up and down)."""

_OTHER_NAMES = {
    "lat": "latitude",
    "lon": "longitude",
    "lst": "lst_k",
    "lw_up": "longwave_up",
    "lw_down": "longwave_down",
}
_LST_RANGE_K = (150.0, 400.0)
_MISSING = -999.0


@dataclass(frozen=True)
class GroundMeasurement:
    """One measurement.

    Parameters
    ----------
    station : str
    latitude, longitude : float
        Degrees, WGS 84.
    time : datetime
        Aware, UTC.
    lst_k : float
        K; NaN if not given.
    longwave_up, longwave_down : float
        W m-2; NaN if not given.
    emissivity : float
        Broadband, 0-1; NaN if not given.
    """

    station: str
    latitude: float
    longitude: float
    time: datetime
    lst_k: float
    longwave_up: float = math.nan
    longwave_down: float = math.nan
    emissivity: float = math.nan


def read_ground_lst(path: str | Path) -> tuple[GroundMeasurement, ...]:
    """Read a table of temperatures.

    Raises
    ------
    GranuleReadError
        If the file can't be read.
    InputError
        If a column is missing, a line holds something else, or no temperature.
    """
    file = Path(path)
    found = read_ground(file, (*COLUMNS,))
    without = next((one for one in found if math.isnan(one.lst_k)), None)
    if without is not None:
        raise InputError(
            f"{file}: {without.station} at {without.time:%Y-%m-%dT%H:%MZ} has no lst_k. "
            "Give K on every line"
        )
    return found


def read_ground(path: Path, needed: Iterable[str] = ()) -> tuple[GroundMeasurement, ...]:
    """Read a table of temperatures or longwave fluxes.

    Parameters
    ----------
    path : Path
        CSV.
    needed : iterable of str
        Columns that must be there; without them, the place, the time, and a temperature or a
        longwave pair.

    Raises
    ------
    GranuleReadError
        If the file can't be read.
    InputError
        If a column is missing, a line holds something else, or no line has a measurement.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, delimiter=_delimiter(stream.readline()))
            stream.seek(0)
            names = [column_name(name) for name in reader.fieldnames or ()]
            check_columns(path, names, needed)
            reader.fieldnames = names
            lines = ((f"line {reader.line_num}", row) for row in reader)
            return measurements(path, lines)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GranuleReadError(
            f"{path}: can't be read as a table ({error}). Save it as CSV in UTF-8"
        ) from error


def _delimiter(header: str) -> str:
    """Tell what parts the columns: where commas are decimal, spreadsheets write semicolons."""
    return next((mark for mark in ",;\t" if mark in header), ",")


def column_name(name: str) -> str:
    """Return the name by which a column is known here."""
    plain = name.strip().lower()
    return _OTHER_NAMES.get(plain, plain)


def check_columns(path: Path, names: Iterable[str], needed: Iterable[str] = ()) -> None:
    """Raise InputError where a table lacks a column."""
    there = set(names)
    missing = [name for name in needed or COLUMNS[:-1] if name not in there]
    if missing:
        asked = ", ".join(needed or COLUMNS[:-1])
        raise InputError(f"{path}: has no column {', '.join(missing)}. Give {asked}")
    if "lst_k" not in there and not set(LONGWAVE_COLUMNS) <= there:
        raise InputError(
            f"{path}: has neither a column lst_k nor {' and '.join(LONGWAVE_COLUMNS)}. "
            "Give one or the other"
        )


def measurements(
    path: Path, rows: Iterable[tuple[str, Mapping[str, Any]]]
) -> tuple[GroundMeasurement, ...]:
    """Turn rows of a table into measurements.

    Parameters
    ----------
    path : Path
        For messages.
    rows : iterable of (str, mapping)
        Where a row stands, and its values by `column_name`.

    Raises
    ------
    InputError
        If a row holds something else, or none has a measurement.
    """
    found = []
    for where, row in rows:
        try:
            if _good(row):
                found.append(_measurement(row))
        except ValueError as error:
            raise InputError(
                f"{path}: {where} can't be read ({error}). Give degrees, ISO time, K or "
                "W m-2, with decimal points"
            ) from error
    if not found:
        raise InputError(f"{path}: holds no measurement. Give at least one line")
    return tuple(found)


def _good(row: Mapping[str, Any]) -> bool:
    quality = row.get("qc")
    return quality in (None, "") or float(str(quality)) == 0.0


def _measurement(row: Mapping[str, Any]) -> GroundMeasurement:
    # a line may end early
    latitude, longitude = (float(row[name] or "nan") for name in PLACE_COLUMNS)
    if not (abs(latitude) <= 90.0 and abs(longitude) <= 180.0):
        raise ValueError(f"place {latitude:g}, {longitude:g} is not on Earth")
    lst_k = _number(row.get("lst_k"), lambda v: _LST_RANGE_K[0] <= v <= _LST_RANGE_K[1])
    low, high = LONGWAVE_RANGE_W_M2
    up, down = (_number(row.get(name), lambda v: low <= v <= high) for name in LONGWAVE_COLUMNS)
    return GroundMeasurement(
        str(row["station"] or ""),
        latitude,
        longitude,
        _time(row["time"]),
        lst_k,
        up,
        down,
        _number(row.get("emissivity"), lambda v: 0.0 < v <= 1.0),
    )


def _number(value: Any, possible: Callable[[float], bool]) -> float:
    if value is None or not str(value).strip():
        return math.nan
    number = float(value)
    if number <= _MISSING:
        return math.nan
    if not math.isfinite(number):
        raise ValueError(f"{number} is not finite")
    if not possible(number):
        raise ValueError(f"{number:g} is out of range")
    return number


def _time(value: Any) -> datetime:
    time = datetime.fromisoformat(str(value or "").strip().replace("Z", "+00:00"))
    aware = time if time.tzinfo else time.replace(tzinfo=timezone.utc)
    return aware.astimezone(timezone.utc)
