"""Bands 1, 2, 3N and 4 of an L1T granule of V003, at the thermal bands' pixels, by day.

Unit conversion coefficients, and solar irradiance after Thome et al. (B), as in LP DAAC's ASTER L1T
user guide and its script ASTERL1T_DN2REF. Detectors of SWIR (band 4) are saturated since April
2008 (LP DAAC's user advisory); it isn't used from then on.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from akkd_core.readers.aster_metadata import AsterOdl
from akkd_core.readers.hdf4 import read_arrays
from akkd_core.readers.hdf4_structure import Hdf4Structure, SdsInfo
from akkd_core.readers.odl import parse_odl

SWIR_UNTIL = datetime(2008, 4, 1, tzinfo=timezone.utc)
"""Band 4 counts before it."""

LOWEST_SUN_DEG = 15.0
"""Below this solar elevation nothing is read."""


@dataclass(frozen=True)
class _Band:
    """A band of the granule.

    Its HDF name and swath; pixels of it to a thermal one; irradiance, W m-2 um-1; unit conversion
    coefficients by gain, W m-2 sr-1 um-1 per count.
    """

    name: str
    swath: str
    factor: int
    irradiance: float
    ucc: dict[str, float]


_BANDS = (
    _Band("1", "VNIR_Swath", 6, 1848.0, {"HGH": 0.676, "NOR": 1.688, "LOW": 2.25, "LO1": 2.25}),
    _Band("2", "VNIR_Swath", 6, 1549.0, {"HGH": 0.708, "NOR": 1.415, "LOW": 1.89, "LO1": 1.89}),
    _Band("3N", "VNIR_Swath", 6, 1114.0, {"HGH": 0.423, "NOR": 0.862, "LOW": 1.15, "LO1": 1.15}),
    _Band("4", "SWIR_Swath", 3, 225.4, {"HGH": 0.1087, "NOR": 0.2174, "LO1": 0.29, "LO2": 0.29}),
)


@dataclass(frozen=True)
class ReflectiveBands:
    """Reflectance of an opened granule, read at its first use.

    Parameters
    ----------
    structure : Hdf4Structure
    found : mapping of str to (SdsInfo, float)
        Data set and factor from counts above 1 to reflectance, by band.
    shape : (rows, cols)
        Of the thermal bands.
    """

    structure: Hdf4Structure
    found: dict[str, tuple[SdsInfo, float]]
    shape: tuple[int, int]

    def read(self, row: int, col: int, rows: int, cols: int) -> NDArray[np.float32]:
        """Read reflectance of a window, float32 (4, rows, cols), 0-1; NaN where there is none."""
        return self._whole[:, row : row + rows, col : col + cols]

    @cached_property
    def _whole(self) -> NDArray[np.float32]:
        out = np.full((len(_BANDS), *self.shape), np.nan, dtype=np.float32)
        for plane, band in zip(out, _BANDS, strict=True):
            if band.name not in self.found:
                continue
            info, scale = self.found[band.name]
            (counts,) = read_arrays(self.structure, [info])
            mean = _at_thermal_pixels(counts, band.factor, self.shape)
            plane[:] = (mean - 1.0) * np.float32(scale)
        return out


def read_reflective(
    structure: Hdf4Structure, odl: AsterOdl, shape: tuple[int, int], acquired_at: datetime
) -> ReflectiveBands | None:
    """Find a granule's reflective bands.

    Parameters
    ----------
    structure : Hdf4Structure
    odl : AsterOdl
    shape : (rows, cols)
        Of the thermal bands.
    acquired_at : datetime
        Aware.

    Returns
    -------
    ReflectiveBands or None
        None where the granule has none, by night, or where sun or gain aren't told.
    """
    sun = odl.numbers("SOLARDIRECTION")
    if len(sun) != 2 or sun[1] < LOWEST_SUN_DEG:
        return None
    day = acquired_at.timetuple().tm_yday
    distance = 1.0 - 0.01672 * math.cos(math.radians(0.9856 * (day - 4)))
    found: dict[str, tuple[SdsInfo, float]] = {}
    for band in _BANDS:
        if band.swath == "SWIR_Swath" and acquired_at >= SWIR_UNTIL:
            continue
        info = structure.find(f"ImageData{band.name}", band.swath)
        ucc = _coefficient(structure, band)
        if info is None or ucc is None or not _fits(info, band.factor, shape):
            continue
        found[band.name] = (
            info,
            math.pi * ucc * distance**2 / (band.irradiance * math.sin(math.radians(sun[1]))),
        )
    return ReflectiveBands(structure, found, shape) if {"1", "2", "3N"} <= set(found) else None


def _fits(info: SdsInfo, factor: int, shape: tuple[int, int]) -> bool:
    return info.dtype == "uint8" and len(info.shape) == 2 and all(
        abs(size - factor * thermal) <= 3 * factor
        for size, thermal in zip(info.shape, shape, strict=True)
    )


def _coefficient(structure: Hdf4Structure, band: _Band) -> float | None:
    """W m-2 sr-1 um-1 per count: the metadata's own, else by the band's gain."""
    lowered = {name.lower(): text for name, text in structure.attributes.items()}
    own = lowered.get("productmetadata.v" if band.swath == "VNIR_Swath" else "productmetadata.s")
    if own:
        values = parse_odl(own, str(structure.path)).numbers(f"INCL{band.name}")
        if values and values[0] > 0:
            return values[0]
    number = band.name.zfill(2)
    texts = "\n".join(text for name, text in lowered.items() if "metadata" in name)
    gain = re.search(rf'\(\s*"{number}"\s*,\s*"(\w+)"\s*\)', texts)
    return band.ucc.get(gain.group(1).upper()) if gain else None


def _at_thermal_pixels(
    counts: NDArray[np.uint8], factor: int, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Mean count of each thermal pixel; NaN where a part of it is fill.

    The centre of the first pixel is the same in all bands, so a thermal pixel begins half its side
    before it. Of 6 x 6 pixels every second one is taken.
    """
    start, step = -(factor // 2), 2 if factor == 6 else 1
    planes = []
    for shift_row in range(0, factor, step):
        row = np.arange(shape[0]) * factor + start + shift_row
        for shift_col in range(0, factor, step):
            col = np.arange(shape[1]) * factor + start + shift_col
            planes.append((row, col))
    total = np.zeros(shape, dtype=np.float32)
    bad = np.zeros(shape, dtype=bool)
    for row, col in planes:
        # at the raster's edge the nearest pixel stands in
        part = counts[np.clip(row, 0, counts.shape[0] - 1)[:, None],
                      np.clip(col, 0, counts.shape[1] - 1)[None, :]]  # fmt: skip
        total += part
        bad |= part == 0
    total /= np.float32(len(planes))
    total[bad] = np.nan
    return total
