"""What samples of a raster may be: counts, radiance or brightness temperature.

Rasters of the last two are calibrated already: nothing is looked up, and what was saturated or
invalid in the counts is merely missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import CalibrationError, InputError
from akkd_core.images import TIR_BANDS
from akkd_core.physics.planck import brightness_temperature
from akkd_core.quality import PixelFlag

QUANTITIES: dict[str, str] = {
    "dn": "digital numbers (counts of L1T or L1B)",
    "radiance": "radiance in W m-2 sr-1 um-1",
    "bt": "brightness temperature in K",
}
"""Quantities by name, and in words."""

BT_RANGE_K = (150.0, 450.0)
"""Brightness temperatures that count as such, K."""

_RADIANCE_RANGE = (0.1, 30.0)
_DN_RANGE = (60.0, 4095.0)
_CELSIUS_RANGE = (-60.0, 70.0)


class SampleCalibration(Protocol):
    """What the retrieval asks of a calibration; `Calibration` answers for counts."""

    def brightness_temperature(self, samples: NDArray[Any], /) -> NDArray[np.float32]:
        """Brightness temperature of samples (5, row, col), K; NaN where there is none."""

    def flags(self, samples: NDArray[Any], /) -> NDArray[np.uint8]:
        """Bits of `PixelFlag`, of all five bands, uint8 (row, col)."""


@dataclass(frozen=True)
class CalibratedSamples:
    """Takes samples that are radiance or brightness temperature already; 0 is fill.

    Parameters
    ----------
    quantity : {"radiance", "bt"}
        W m-2 sr-1 um-1, or K.
    """

    quantity: str

    def __post_init__(self) -> None:
        if self.quantity not in ("radiance", "bt"):
            raise CalibrationError(f"{self.quantity}: neither radiance nor bt")

    def brightness_temperature(self, samples: NDArray[Any]) -> NDArray[np.float32]:
        """Brightness temperature of samples.

        Parameters
        ----------
        samples : ndarray of float32, (5, row, col)
            Of the quantity.

        Returns
        -------
        ndarray of float32, (5, row, col)
            K, 150-450; NaN where fill or out of range.
        """
        if samples.dtype != np.float32 or samples.shape[0] != len(TIR_BANDS):
            raise CalibrationError(
                f"samples are {samples.dtype} {samples.shape}, expected float32 (5, row, col)"
            )
        if self.quantity == "radiance":
            return brightness_temperature(samples).astype(np.float32)
        low, high = BT_RANGE_K
        inside = (samples >= low) & (samples <= high)
        return np.where(inside, samples, np.float32(np.nan))

    def flags(self, samples: NDArray[Any]) -> NDArray[np.uint8]:
        """Combine the flags of all five bands.

        Parameters
        ----------
        samples : ndarray of float32, (5, row, col)

        Returns
        -------
        ndarray of uint8, (row, col)
            FILL where a band is 0, INVALID where one is out of range; SATURATED can't be told.
        """
        fill = samples == 0
        invalid = np.isnan(self.brightness_temperature(samples)) & ~fill
        found: NDArray[np.uint8] = (
            PixelFlag.FILL * fill.any(axis=0) + PixelFlag.INVALID * invalid.any(axis=0)
        ).astype(np.uint8)
        return found


def check_quantity(name: str, samples: NDArray[Any], quantity: str) -> None:
    """Check that samples can be what they are said to be.

    Parameters
    ----------
    name : str
        Of the raster, for the message.
    samples : ndarray, (n,)
        Valid samples of any bands, any numeric dtype, in the quantity's unit; where there are
        none, nothing is said.
    quantity : str
        One of `QUANTITIES`.

    Raises
    ------
    InputError
        If their median is out of the quantity's sensible range; the message says which quantity
        they look like.
    """
    if not samples.size:
        return
    median = float(np.median(samples))
    likely = _looks_like(median, bool((samples == np.rint(samples)).all()))
    if quantity in likely:
        return
    said = f"{name}: the values (median {median:.4g}) are not {QUANTITIES[quantity]}"
    celsius = _CELSIUS_RANGE[0] <= median <= _CELSIUS_RANGE[1]
    if quantity == "bt" and celsius and "dn" not in likely:
        looks = "look like radiance (--quantity radiance)" if likely else "lie below 150 K"
        raise InputError(f"{said}, they {looks}; if they are degrees Celsius, add 273.15")
    if likely:
        raise InputError(
            f"{said}, they look like {QUANTITIES[likely[0]]}. Give --quantity {likely[0]}"
        )
    known = ", ".join(QUANTITIES.values())
    raise InputError(f"{said}, nor any of {known}. Bring them to one of these units")


def _looks_like(median: float, whole: bool) -> list[str]:
    """Quantities that values of a median may be, the likeliest first."""
    found = []
    if _RADIANCE_RANGE[0] <= median <= _RADIANCE_RANGE[1]:
        found.append("radiance")
    if BT_RANGE_K[0] <= median <= BT_RANGE_K[1]:
        found.append("bt")
    # Counts that were resampled needn't be whole, but then they don't lie where kelvins do.
    if _DN_RANGE[0] <= median <= _DN_RANGE[1] and (whole or "bt" not in found):
        found.append("dn")
    return found
