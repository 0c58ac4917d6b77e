"""Temperatures of the ground measured at stations, as a table.

Columns ``station``, ``latitude``, ``longitude`` (degrees, WGS 84), ``time`` (ISO 8601, UTC) and
``lst_k`` (K), in any order; others are passed over.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from akkd_core.errors import GranuleReadError, InputError

COLUMNS = ("station", "latitude", "longitude", "time", "lst_k")
_LST_RANGE_K = (150.0, 400.0)


@dataclass(frozen=True)
class GroundLst:
    """One measurement.

    Parameters
    ----------
    station : str
    latitude, longitude : float
        Degrees, WGS 84.
    time : datetime
        Aware, UTC.
    lst_k : float
    """

    station: str
    latitude: float
    longitude: float
    time: datetime
    lst_k: float


def read_ground_lst(path: str | Path) -> tuple[GroundLst, ...]:
    """Read a table of measurements.

    Raises
    ------
    GranuleReadError
        If the file can't be read.
    InputError
        If a column is missing, or a line holds something else.
    """
    file = Path(path)
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(
                    f"{file}: has no column {', '.join(missing)}. Give {', '.join(COLUMNS)}"
                )
            found = tuple(_row(file, reader.line_num, row) for row in reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GranuleReadError(f"{file}: can't be read as a table ({error})") from error
    if not found:
        raise InputError(f"{file}: holds no measurement. Give at least one line")
    return found


def _row(file: Path, line: int, row: Mapping[str, str | None]) -> GroundLst:
    try:
        latitude, longitude, lst_k = (
            float(row[name] or "") for name in ("latitude", "longitude", "lst_k")
        )
        time = datetime.fromisoformat((row["time"] or "").strip().replace("Z", "+00:00"))
        low, high = _LST_RANGE_K
        if not (abs(latitude) <= 90 and abs(longitude) <= 180 and low <= lst_k <= high):
            raise ValueError("a number is out of range")
        if not math.isfinite(lst_k):
            raise ValueError("temperature is not finite")
    except ValueError as error:
        raise InputError(
            f"{file}: line {line} can't be read ({error}). Give degrees, ISO time, K"
        ) from error
    aware = time if time.tzinfo else time.replace(tzinfo=timezone.utc)
    return GroundLst(
        row["station"] or "", latitude, longitude, aware.astimezone(timezone.utc), lst_k
    )
