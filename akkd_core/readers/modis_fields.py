"""Names of the fields of MODIS's temperature products, and their counts to values.

The products spell the same field in several ways (``Day_view_angl``, ``View_Angle_Day``,
``View_angle``). Scales, offsets and fill as in Wan's Users' Guide of collection 6 and the
attributes of real files; what a file itself says counts first. Values are count times scale plus
offset, other than HDF4's own convention.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LST, QC, TIME, ANGLE, EMISSIVITY = "lst", "qc", "time", "angle", "emissivity"
"""Kinds of fields."""

_HALF = r"(?P<half>day|night)"
_PATTERNS = (
    (LST, rf"lst_{_HALF}(_\d+km)?"),
    (LST, r"lst(_\d+km)?"),
    (QC, rf"qc_{_HALF}"),
    (QC, r"qc"),
    (TIME, rf"{_HALF}_view_time|view_time_{_HALF.replace('half', 'other')}"),
    (TIME, r"view_time"),
    (ANGLE, rf"{_HALF}_view_angle?|view_angle?_{_HALF.replace('half', 'other')}"),
    (ANGLE, r"view_angle?"),
    (EMISSIVITY, r"emis_(?P<band>\d\d)"),
)


@dataclass(frozen=True)
class Field:
    """What a field is.

    Parameters
    ----------
    kind : str
    half : str
        ``day``, ``night``, or empty where the name doesn't tell.
    band : str
        Of an emissivity, e.g. ``31``.
    """

    kind: str
    half: str = ""
    band: str = ""


def classify(name: str) -> Field | None:
    """Tell what a field is by its name, case ignored; None for any other."""
    for kind, pattern in _PATTERNS:
        match = re.fullmatch(pattern, name.strip(), re.IGNORECASE)
        if match:
            parts = {key: (value or "").lower() for key, value in match.groupdict().items()}
            half = parts.get("half") or parts.get("other") or ""
            return Field(kind, half, parts.get("band", ""))
    return None


@dataclass(frozen=True)
class Scaling:
    """From counts to values.

    Parameters
    ----------
    scale, offset : float
        Value is count times scale plus offset.
    low, high : float
        Valid counts, inclusive.
    fill : float
    """

    scale: float
    offset: float
    low: float
    high: float
    fill: float

    def told(self, attributes: Mapping[str, str | tuple[float, ...]]) -> Scaling:
        """Return with what a file's attributes say in place of the usual."""

        def number(name: str, usual: float, index: int = 0) -> float:
            value = attributes.get(name)
            known = isinstance(value, tuple) and len(value) > index
            return float(value[index]) if known else usual  # type: ignore[index]

        return Scaling(
            number("scale_factor", self.scale),
            number("add_offset", self.offset),
            number("valid_range", self.low),
            number("valid_range", self.high, 1),
            number("_FillValue", self.fill),
        )

    def values(self, counts: NDArray[np.generic]) -> NDArray[np.float32]:
        """Values of counts, float32; NaN where fill or out of the valid range."""
        stored = np.asarray(counts, dtype=np.float64)
        valid = (stored >= self.low) & (stored <= self.high) & (stored != self.fill)
        return np.where(valid, stored * self.scale + self.offset, np.nan).astype(np.float32)


LST_SCALING = Scaling(0.02, 0.0, 7500, 65535, 0)
"""Kelvins."""

TIME_SCALING = Scaling(0.1, 0.0, 0, 240, 255)
"""Hours of local solar time."""

ANGLE_SCALING = Scaling(1.0, -65.0, 0, 130, 255)
"""Degrees of zenith, negative on one side of the track; of the grids."""

SWATH_ANGLE_SCALING = Scaling(0.5, 0.0, 0, 180, 255)
"""Degrees of zenith; of MOD11_L2."""

EMISSIVITY_SCALING = Scaling(0.002, 0.49, 1, 255, 0)
"""0-1."""
