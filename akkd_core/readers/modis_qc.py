"""Quality layers of MODIS's temperature products, bit by bit.

Bits 0-1 have one sense in all of them and 0 is the best value, never "no data" (MOD11B2 and MOD21
declare 0 as fill). The accuracy bits don't: in MOD11 0 is the best class, in MOD21 the worst.
Sources: Wan, Collection-6 MODIS Land Surface Temperature Products Users' Guide (2013, 2019), tables
of QC in MOD11_L2, MOD11A1, MOD11B1; QA_Legend in files of MOD21A1 and MOD21A2.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import GranuleReadError

MANDATORY = (
    "good quality",
    "other quality",
    "not produced because of cloud",
    "not produced for other reasons",
)
"""Meaning of bits 0-1, of every product."""


@dataclass(frozen=True)
class QcScheme:
    """How one family of products packs its quality.

    Parameters
    ----------
    bits : int
        8 or 16.
    lst_error_bit : int or None
        First of the two bits of the temperature's accuracy; None where there are none.
    lst_error_k : tuple of float
        By value of these bits, the largest error of the class, K; infinity where it is open.
    cloud_bit : int or None
        First of the two bits of the cloud flag.
    """

    bits: int
    lst_error_bit: int | None
    lst_error_k: tuple[float, ...]
    cloud_bit: int | None = None


_MOD11_ERROR, _MOD21_ERROR = (1.0, 2.0, 3.0, inf), (inf, 2.0, 1.5, 1.0)

SCHEMES: dict[str, QcScheme] = {
    "MOD11": QcScheme(8, 6, _MOD11_ERROR),
    "MOD11_L2": QcScheme(16, None, (), cloud_bit=4),
    "MOD21": QcScheme(16, 14, _MOD21_ERROR, cloud_bit=4),
    "MOD21A2": QcScheme(8, 6, _MOD21_ERROR),
}
"""By family: MOD11 serves MOD11A1, A2, B1-B3; MOD21 serves the swath, MOD21A1D and N."""


@dataclass(frozen=True, eq=False)
class ModisQuality:
    """A quality layer decoded.

    Parameters
    ----------
    stored : ndarray of uint16, (row, col)
        As in the file.
    scheme : QcScheme
    """

    stored: NDArray[np.uint16]
    scheme: QcScheme

    @property
    def mandatory(self) -> NDArray[np.uint16]:
        """Bits 0-1, as in `MANDATORY`."""
        return (self.stored & 3).astype(np.uint16)

    @property
    def good(self) -> NDArray[np.bool_]:
        """Where no further bits need be looked at."""
        return np.asarray(self.mandatory == 0)

    @property
    def produced(self) -> NDArray[np.bool_]:
        """Where there is a temperature of good or other quality."""
        return np.asarray(self.mandatory <= 1)

    @property
    def lst_error_k(self) -> NDArray[np.float32]:
        """Largest error of the temperature's class, K; inf where open, NaN where not told."""
        if self.scheme.lst_error_bit is None:
            return np.full(self.stored.shape, np.nan, dtype=np.float32)
        table = np.array(self.scheme.lst_error_k, dtype=np.float32)
        classes = (self.stored >> self.scheme.lst_error_bit) & 3
        return np.where(self.produced, table[classes], np.float32(np.nan)).astype(np.float32)

    @property
    def near_cloud(self) -> NDArray[np.bool_]:
        """Where cirrus, cloud or cloud within two pixels is flagged; False where not told."""
        if self.scheme.cloud_bit is None:
            return np.zeros(self.stored.shape, dtype=np.bool_)
        return np.asarray((self.stored >> self.scheme.cloud_bit) & 3 != 0)


def scheme_of(product: str) -> QcScheme | None:
    """Scheme of a product by its short name, e.g. ``MYD21A1D``; None if it is unknown."""
    name = product.upper().replace("MYD", "MOD", 1)
    if name in SCHEMES:
        return SCHEMES[name]
    if name.startswith("MOD11") and name[5:7] in ("A1", "A2", "B1", "B2", "B3"):
        return SCHEMES["MOD11"]
    if name in ("MOD21A1D", "MOD21A1N", "MOD21_L2"):
        return SCHEMES["MOD21"]
    return None


def decode_quality(stored: NDArray[np.generic], product: str, source: str) -> ModisQuality:
    """Decode a quality layer.

    Parameters
    ----------
    stored : ndarray, (row, col)
        Counts, uint8 or uint16; of a GeoTIFF possibly whole floats.
    product : str
        Short name.
    source : str
        File (and layer) for the error.

    Returns
    -------
    ModisQuality

    Raises
    ------
    GranuleReadError
        If the product's quality is unknown, or the values don't fit it.
    """
    scheme = scheme_of(product)
    if scheme is None:
        raise GranuleReadError(
            f"{source}: how {product or 'an unnamed product'} packs its quality is unknown. Name "
            "the product, as MOD11A1 or MOD21A1D"
        )
    values = np.asarray(stored)
    if values.dtype.kind == "f":
        whole = values == np.floor(values)
        if not whole.all():
            raise GranuleReadError(
                f"{source}: holds fractions or NaN, so it is no quality layer. Give the QC layer, "
                "without interpolation and with 0 kept as a value"
            )
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    if low < 0 or high >= 1 << scheme.bits:
        raise GranuleReadError(
            f"{source}: quality values {low} to {high} don't fit the {scheme.bits} bits of "
            f"{product}. Check the product, or give its QC layer"
        )
    if values.dtype.kind in "ui" and values.dtype.itemsize * 8 < scheme.bits and values.size:
        raise GranuleReadError(
            f"{source}: a quality layer of {values.dtype.itemsize * 8} bits, {product} has "
            f"{scheme.bits}. Check the product"
        )
    return ModisQuality(values.astype(np.uint16), scheme)
