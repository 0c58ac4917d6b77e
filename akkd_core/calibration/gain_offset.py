"""A user's recalibration of the radiance, per band.

File: CSV with the header ``band,gain,offset``, one row for each of bands 10-14, in any order;
``#`` starts a comment line. Recalibrated radiance = gain * radiance + offset, with the offset in
W m-2 sr-1 um-1. Source of such figures: the ASTER recalibration service of Ibaraki University
(Tonooka et al. 2005, doi:10.1109/TGRS.2005.857885), https://tonolab.cis.ibaraki.ac.jp/ASTER/RECAL/
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from akkd_core.errors import ParameterError
from akkd_core.images import TIR_BANDS

_HEADER = ["band", "gain", "offset"]
_GAIN_RANGE = (0.5, 2.0)
_OFFSET_LIMIT = 5.0
_MAX_BYTES = 65536


@dataclass(frozen=True)
class GainOffset:
    """Recalibration: radiance' = gain * radiance + offset.

    Parameters
    ----------
    gain : tuple of float
        Bands 10-14, 0.5-2.
    offset : tuple of float
        Bands 10-14, W m-2 sr-1 um-1, -5 to 5.
    source : str
        File it came from.
    """

    gain: tuple[float, ...]
    offset: tuple[float, ...]
    source: str = ""

    def __post_init__(self) -> None:
        low, high = _GAIN_RANGE
        where = self.source or "gain/offset"
        if len(self.gain) != len(TIR_BANDS) or len(self.offset) != len(TIR_BANDS):
            raise ParameterError(f"{where}: need a gain and an offset for each of bands 10-14")
        if not all(low <= g <= high for g in self.gain):
            raise ParameterError(
                f"{where}: gains {self.gain} are out of {low}-{high}. Give radiance' = gain * "
                "radiance + offset"
            )
        if not all(abs(o) <= _OFFSET_LIMIT for o in self.offset):
            raise ParameterError(
                f"{where}: offsets {self.offset} exceed {_OFFSET_LIMIT} W m-2 sr-1 um-1. "
                "Give radiances, not counts"
            )


def read_gain_offset(path: str | Path) -> GainOffset:
    """Read a recalibration file.

    Parameters
    ----------
    path : path
        CSV ``band,gain,offset``, see the module's text.

    Raises
    ------
    ParameterError
        If the file is absent or anything in it is not as described.
    """
    file = Path(path)
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise ParameterError(f"{file}: too large for a gain/offset table. Give the CSV file")
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(
            f"{file}: gain/offset table can't be read ({error}). Check path and permissions"
        ) from error
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines)]
    if not rows or [cell.lower() for cell in rows[0]] != _HEADER:
        raise ParameterError(f"{file}: the first line must be {','.join(_HEADER)}. Add the header")
    table: dict[int, tuple[float, float]] = {}
    for row in rows[1:]:
        band, gain, offset = _row(file, row)
        if band in table:
            raise ParameterError(f"{file}: band {band} occurs twice. Keep one row a band")
        table[band] = gain, offset
    missing = [str(band) for band in TIR_BANDS if band not in table]
    if missing:
        raise ParameterError(f"{file}: no row for band {', '.join(missing)}. Add it (1,0: as is)")
    gains, offsets = zip(*(table[band] for band in TIR_BANDS), strict=True)
    return GainOffset(gains, offsets, str(file))


def _row(file: Path, row: list[str]) -> tuple[int, float, float]:
    try:
        band_text, gain_text, offset_text = row
        band, gain, offset = int(band_text), float(gain_text), float(offset_text)
    except ValueError as error:
        raise ParameterError(
            f"{file}: row {','.join(row)!r} is not band,gain,offset. Write e.g. 10,1.0,0.0"
        ) from error
    if band not in TIR_BANDS:
        raise ParameterError(f"{file}: band {band} is not one of 10-14. Remove the row")
    if not (math.isfinite(gain) and math.isfinite(offset)):
        raise ParameterError(f"{file}: row {','.join(row)!r} is not finite. Correct it")
    return band, gain, offset
