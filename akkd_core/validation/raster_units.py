"""Units of rasters of any origin: told by the file or the user, or by what the values can be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import InputError
from akkd_core.raster import RasterReader

UNITS = ("auto", "K", "degC", "1")
"""What a user may say of a raster; ``1`` is a fraction, as emissivity is."""

ZERO_CELSIUS_K = 273.15
"""The temperature scales' distance, K (SI brochure, 9th edition, 2.3.1)."""

PLAUSIBLE_K = (150.0, 400.0)
"""As of products of LST; what lies outside counts as no value."""

PLAUSIBLE_FRACTION = (0.01, 1.1)
"""A fill of 0 is below, and what a retrieval may overshoot within."""

_SAMPLES = 8
_SAMPLE_SIDE = 64
_WORDS = {
    "k": "K", "kelvin": "K", "kelvins": "K", "degk": "K",
    "c": "degC", "degc": "degC", "celsius": "degC", "degreecelsius": "degC",
    "degreescelsius": "degC", "degreec": "degC", "degreesc": "degC",
    "1": "1", "unitless": "1", "dimensionless": "1", "none": "1", "emissivity": "1",
}  # fmt: skip


@dataclass(frozen=True)
class Measure:
    """How a raster's stored values become its quantity's.

    Parameters
    ----------
    unit : str
        ``K``, ``degC``, ``1``, or another as the file tells it.
    scale : float
        By which stored values are multiplied.
    guessed : bool
        Whether the unit was taken from the values.
    """

    unit: str
    scale: float = 1.0
    guessed: bool = False

    @property
    def shared_unit(self) -> str:
        """Unit in which rasters are compared: ``K`` of temperatures, empty of fractions."""
        return {"degC": "K", "1": ""}.get(self.unit, self.unit)

    def values(self, stored: NDArray[np.generic], nodata: float | None) -> NDArray[np.float32]:
        """Convert stored values.

        Parameters
        ----------
        stored : ndarray
        nodata : float or None

        Returns
        -------
        ndarray of float32
            In `shared_unit`; NaN for no data and for what can't be.
        """
        values = np.asarray(stored, dtype=np.float64) * self.scale
        if nodata is not None:
            values[stored == nodata] = np.nan
        low, high = -np.inf, np.inf
        if self.shared_unit == "K":
            values += ZERO_CELSIUS_K if self.unit == "degC" else 0.0
            low, high = PLAUSIBLE_K
        elif self.unit == "1":
            low, high = PLAUSIBLE_FRACTION
        with np.errstate(invalid="ignore"):
            values[~((values >= low) & (values <= high) & np.isfinite(values))] = np.nan
        return values.astype(np.float32)


def find_measure(reader: RasterReader, band: int, unit: str, scale: float) -> Measure:
    """Tell how a raster's stored values become its quantity's.

    Parameters
    ----------
    reader : RasterReader
    band : int
        Counted from 1.
    unit : str
        One of `UNITS`; ``auto`` takes the file's, else that which fits a sample of the values.
    scale : float

    Raises
    ------
    InputError
        If it can't be told.
    """
    if unit != "auto":
        return Measure(unit, scale)
    told = reader.units[band - 1] or reader.band_tags[band - 1].get("units", "")
    if told:
        return Measure(_WORDS.get(re.sub(r"[\s_°.-]+", "", told).lower(), told.strip()), scale)
    return Measure(_fitting(_sample(reader, band) * scale, reader.path), scale, guessed=True)


def _sample(reader: RasterReader, band: int) -> NDArray[np.float64]:
    """Values of windows that are spread over the raster, without fills; (n,)."""
    found = []
    for place in np.ndindex(_SAMPLES, _SAMPLES):
        rows, cols = (min(_SAMPLE_SIDE, length) for length in reader.shape)
        row = (reader.shape[0] - rows) * place[0] // (_SAMPLES - 1)
        col = (reader.shape[1] - cols) * place[1] // (_SAMPLES - 1)
        stored = reader.read(row, col, rows, cols, bands=(band,))[0].astype(np.float64).ravel()
        fill = (stored == 0) | (stored == reader.nodata) | ~np.isfinite(stored)
        found.append(stored[~fill])
    return np.concatenate(found)


def _fitting(values: NDArray[np.float64], path: str) -> str:
    """Tell the unit that most values can be in; -100 is below any temperature of land in degC."""
    name = Path(path).name
    values = values[values > -100.0]
    if not values.size:
        raise InputError(
            f"{name}: tells no unit, and a sample of it holds no value. Give its unit: "
            f"{', '.join(UNITS[1:])}"
        )
    low, middle, high = np.percentile(values, (5, 50, 95))
    if low >= 0.2 and high <= 1.05:
        return "1"
    if low >= 180.0 and high <= PLAUSIBLE_K[1]:
        return "K"
    # what lies within 1 may be any index or fraction
    if high <= 90.0 and max(-low, high) > 1.05:
        return "degC"
    raise InputError(
        f"{name}: tells no unit, and values around {middle:g} fit neither K, degC nor an "
        "emissivity. Give its unit, and its scale if it holds counts (0.02 of MODIS LST)"
    )
