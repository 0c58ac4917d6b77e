"""Images as they flow: digital numbers, radiance, brightness temperature.

Radiance and brightness temperature are two classes, so that they can't be confused.
Arrays are (band, row, col).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import InputError
from akkd_core.grid import Grid

TIR_BANDS: tuple[int, ...] = (10, 11, 12, 13, 14)
"""ASTER's thermal bands in the order of every (band, row, col) array."""


@dataclass(frozen=True)
class GranuleMetadata:
    """What a granule says of itself.

    Parameters
    ----------
    granule_id : str
        Stem used for the products' file names.
    product : str
        ``AST_L1T`` or ``AST_L1B``.
    collection : str
        ``003`` or ``004``.
    acquired_at : datetime
        Aware, UTC.
    daytime : bool or None
        From DAYNIGHTFLAG.
    cloud_cover_percent : float or None
        SCENECLOUDCOVERAGE, 0-100.
    view_zenith_deg : float or None
        From TIR's POINTINGANGLE, degrees.
    radiometric_version : str
        RADIOMETRICDBVERSION, empty if unknown.
    ucc : tuple of float
        Unit conversion coefficients of the granule's bands, W m-2 sr-1 um-1 per count.
    source_files : tuple of str
        Files that were read.
    extra : mapping
        Further facts, for ``akkd info`` and provenance.
    """

    granule_id: str
    product: str
    collection: str
    acquired_at: datetime
    daytime: bool | None
    cloud_cover_percent: float | None
    view_zenith_deg: float | None
    radiometric_version: str
    ucc: tuple[float, ...]
    source_files: tuple[str, ...]
    extra: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.acquired_at.tzinfo is None:
            raise InputError(f"{self.granule_id}: acquisition time without a time zone")
        if len(self.ucc) != len(TIR_BANDS) or not all(u > 0 for u in self.ucc):
            raise InputError(f"{self.granule_id}: need five positive unit conversion coefficients")


def _check(name: str, data: NDArray[np.generic], dtype: type, grid: Grid) -> None:
    if data.dtype != dtype:
        raise InputError(f"{name} is {data.dtype}, expected {np.dtype(dtype)}")
    if data.shape != (len(TIR_BANDS), grid.rows, grid.cols):
        raise InputError(
            f"{name} has shape {data.shape}, expected {(len(TIR_BANDS), grid.rows, grid.cols)}"
        )


class SampleSource(Protocol):
    """Where samples come from: an array, or a file read window by window.

    Those of granules are digital numbers, uint16. Of rasters that are calibrated already they are
    radiance or brightness temperature, float32, and 0 is fill.
    """

    def read(self, row: int, col: int, rows: int, cols: int) -> NDArray[Any]:
        """Read samples of a window, (5, rows, cols)."""


@dataclass(frozen=True)
class ArraySource:
    """Digital numbers held in memory, uint16 (5, row, col)."""

    dn: NDArray[np.uint16]

    def read(self, row: int, col: int, rows: int, cols: int) -> NDArray[np.uint16]:
        """Digital numbers of a window, uint16 (5, rows, cols)."""
        return self.dn[:, row : row + rows, col : col + cols]


class ReflectiveSource(Protocol):
    """Reflectance at the top of the atmosphere of bands 1, 2, 3N and 4, at the thermal pixels."""

    def read(self, row: int, col: int, rows: int, cols: int) -> NDArray[np.float32]:
        """Read reflectance of a window, float32 (4, rows, cols), 0-1; NaN where there is none."""


@dataclass(frozen=True)
class Scene:
    """Digital numbers of the five thermal bands, north-up; or samples of a calibrated raster.

    Parameters
    ----------
    source : SampleSource
        Of counts: 0 fill, 1 zero radiance, 4095 saturated, above invalid.
    grid : Grid
    metadata : GranuleMetadata
    reflective : ReflectiveSource, optional
        Bands 1-4 of the same granule, where it has them and the sun shone.
    """

    source: SampleSource
    grid: Grid
    metadata: GranuleMetadata
    reflective: ReflectiveSource | None = None

    @classmethod
    def from_array(cls, dn: NDArray[np.uint16], grid: Grid, metadata: GranuleMetadata) -> Scene:
        """Scene of an array in memory. Raises InputError if it doesn't fit the grid."""
        _check("dn", dn, np.uint16, grid)
        return cls(ArraySource(dn), grid, metadata)

    def read(self, row: int, col: int, rows: int, cols: int) -> NDArray[Any]:
        """Read samples of a window, (5, rows, cols); digital numbers, uint16, of a granule."""
        return self.source.read(row, col, rows, cols)

    @property
    def dn(self) -> NDArray[np.uint16]:
        """All digital numbers, uint16 (5, row, col)."""
        return self.read(0, 0, self.grid.rows, self.grid.cols)


@dataclass(frozen=True)
class RadianceImage:
    """Top-of-atmosphere radiance.

    Parameters
    ----------
    radiance_toa : ndarray of float32, (5, row, col)
        W m-2 sr-1 um-1; NaN where fill, saturated or invalid.
    flags : ndarray of uint8, (row, col)
        Bits of :class:`akkd_core.quality.PixelFlag`.
    grid : Grid
    metadata : GranuleMetadata
    """

    radiance_toa: NDArray[np.float32]
    flags: NDArray[np.uint8]
    grid: Grid
    metadata: GranuleMetadata

    def __post_init__(self) -> None:
        _check("radiance_toa", self.radiance_toa, np.float32, self.grid)
        if self.flags.shape != self.grid.shape or self.flags.dtype != np.uint8:
            raise InputError("flags don't fit the radiance")


@dataclass(frozen=True)
class BrightnessTemperatureImage:
    """Top-of-atmosphere brightness temperature.

    Parameters
    ----------
    bt : ndarray of float32, (5, row, col)
        K; NaN where fill, saturated or invalid.
    flags : ndarray of uint8, (row, col)
        Bits of :class:`akkd_core.quality.PixelFlag`.
    grid : Grid
    metadata : GranuleMetadata
    """

    bt: NDArray[np.float32]
    flags: NDArray[np.uint8]
    grid: Grid
    metadata: GranuleMetadata

    def __post_init__(self) -> None:
        _check("bt", self.bt, np.float32, self.grid)
        if self.flags.shape != self.grid.shape or self.flags.dtype != np.uint8:
            raise InputError("flags don't fit the brightness temperature")
