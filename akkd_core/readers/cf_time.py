"""Time axes of netCDF files by the CF conventions: ``hours since 1900-01-01 00:00:00``.

Source: CF Conventions 1.11, section 4.4 (cfconventions.org).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import numpy as np
from numpy.typing import ArrayLike

from akkd_core.errors import GranuleReadError

_SECONDS = {
    "second": 1.0, "sec": 1.0, "s": 1.0, "minute": 60.0, "min": 60.0, "hour": 3600.0, "hr": 3600.0,
    "h": 3600.0, "day": 86400.0, "d": 86400.0, "millisecond": 1e-3, "microsecond": 1e-6,
}  # fmt: skip
_CALENDARS = ("", "standard", "gregorian", "proleptic_gregorian")
_UNITS = re.compile(
    r"(?P<unit>[a-z]+?)s?\s+since\s+"
    r"(?P<year>\d{1,4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"(?:[t\s]+(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})(?::(?P<second>\d{1,2}(?:\.\d*)?))?)?)?"
    r"\s*(?P<zone>z|utc|gmt|[+-]\d{1,2}(?::?\d{2})?)?"
)


def cf_times(values: ArrayLike, units: str, calendar: str, source: str) -> list[datetime]:
    """Moments of a time axis.

    Parameters
    ----------
    values : array_like of float, (n,)
    units : str
        As ``minutes since 2019-07-04 00:30:00``; without a zone it is UTC.
    calendar : str
        ``standard``, ``gregorian``, ``proleptic_gregorian`` or empty.
    source : str
        File, for errors.

    Returns
    -------
    list of datetime
        Aware, UTC.

    Raises
    ------
    GranuleReadError
        If units or calendar are others, or a value is no moment.
    """
    if calendar.strip().lower() not in _CALENDARS:
        raise GranuleReadError(
            f"{source}: its time is in the calendar {calendar!r}, which has other days. "
            "Give a file of reanalysis or satellite data"
        )
    match = _UNITS.fullmatch(" ".join(units.lower().split()))
    step = None if match is None else _SECONDS.get(match["unit"])
    try:
        # the standard calendar skips days in 1582
        if match is None or step is None or int(match["year"]) < 1583:
            raise ValueError
        origin = datetime(
            int(match["year"]), int(match["month"]), int(match["day"]),
            int(match["hour"] or 0), int(match["minute"] or 0), tzinfo=timezone.utc,
        )  # fmt: skip
        origin += timedelta(seconds=float(match["second"] or 0)) - _zone(match["zone"] or "")
    except (ValueError, OverflowError):
        raise GranuleReadError(
            f"{source}: its time is in {units!r}, not in hours (days, minutes, seconds) since a "
            "date after 1582. Give a file with time by the CF conventions"
        ) from None
    try:
        return [
            origin + timedelta(seconds=round(float(value) * step, 3))
            for value in np.asarray(values, dtype=np.float64).ravel()
        ]
    except (ValueError, OverflowError):
        raise GranuleReadError(
            f"{source}: its time axis holds values that are no moments in {units!r}. "
            "Download it again"
        ) from None


def _zone(text: str) -> timedelta:
    if text in ("", "z", "utc", "gmt"):
        return timedelta(0)
    digits = text[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    away = timedelta(hours=int(hours), minutes=int(minutes))
    return -away if text[0] == "-" else away
