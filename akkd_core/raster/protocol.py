"""What a raster backend offers: a window reader and a COG writer, and the description of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.grid import Grid
from akkd_core.raster.statistics import BandStatistics

DTYPES = ("float32", "uint16", "uint8")
"""Pixel types that AKKD writes."""

RESAMPLINGS = ("average", "nearest")
"""How overviews are made: averaging for quantities, nearest for flags and classes."""


@dataclass(frozen=True)
class RasterSpec:
    """Everything of a raster but its pixels.

    Parameters
    ----------
    grid : Grid
    count : int
        Number of bands.
    dtype : str
        One of :data:`DTYPES`.
    nodata : float or None
    descriptions : tuple of str
        One per band.
    units : tuple of str
        One per band, empty where dimensionless.
    tags : mapping of str to str
        Of the dataset.
    band_tags : tuple of mapping
        One per band.
    resampling : str
        One of :data:`RESAMPLINGS`.
    palette : tuple of (int, int, int)
        Red, green, blue of the values from 0, for one band of uint8.
    crs_wkt : str
        Coordinate system in place of the grid's EPSG code, where it has none (0).
    """

    grid: Grid
    count: int
    dtype: str
    nodata: float | None
    descriptions: tuple[str, ...]
    units: tuple[str, ...]
    tags: Mapping[str, str]
    band_tags: tuple[Mapping[str, str], ...]
    resampling: str
    palette: tuple[tuple[int, int, int], ...] = ()
    crs_wkt: str = ""

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise ParameterError(f"raster of type {self.dtype}: expected one of {DTYPES}")
        if self.resampling not in RESAMPLINGS:
            raise ParameterError(f"resampling {self.resampling}: expected one of {RESAMPLINGS}")
        if self.palette and (self.dtype != "uint8" or self.count != 1 or len(self.palette) > 256):
            raise ParameterError("a palette belongs to one band of uint8 and has up to 256 colours")
        for name in ("descriptions", "units", "band_tags"):
            if len(getattr(self, name)) != self.count:
                raise ParameterError(f"{name} of a raster with {self.count} bands: need one each")

    @property
    def nbytes(self) -> int:
        """Size of the pixels without compression, bytes."""
        return self.count * self.grid.rows * self.grid.cols * np.dtype(self.dtype).itemsize


class RasterReader(Protocol):
    """A raster opened for reading, window by window."""

    path: str
    grid: Grid | None
    """None where the coordinate system has no EPSG code."""
    geotransform: tuple[float, float, float, float, float, float]
    wkt: str
    """The coordinate system, empty where there is none."""
    shape: tuple[int, int]
    count: int
    dtype: str
    nodata: float | None
    descriptions: tuple[str, ...]
    units: tuple[str, ...]
    scales: tuple[float, ...]
    offsets: tuple[float, ...]
    """Value of a band is what is read times scale plus offset; nodata is as read."""
    tags: dict[str, str]
    band_tags: tuple[dict[str, str], ...]

    def read(
        self, row: int, col: int, rows: int, cols: int, bands: Sequence[int] | None = None
    ) -> NDArray[Any]:
        """Pixels of a window, (band, row, col); ``bands`` counts from 1."""

    def close(self) -> None:
        """Close the file."""

    def __enter__(self) -> RasterReader:
        """Self."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""


class RasterWriter(Protocol):
    """A COG being written under a temporary name."""

    @property
    def size(self) -> int:
        """Size of the finished file, bytes."""

    @property
    def statistics(self) -> BandStatistics:
        """Statistics of the float pixels written so far."""

    def write(self, array: NDArray[Any], row: int, col: int) -> None:
        """Write pixels (band, row, col) at a window's upper left corner."""

    def finish(self) -> None:
        """Make the file whole under its temporary name."""

    def publish(self) -> None:
        """Give the whole file its final name."""

    def commit(self) -> None:
        """Finish and publish."""

    def abort(self) -> None:
        """Leave nothing; without effect once published."""


class DatasetHandle(Protocol):
    """An open, writable dataset of a backend."""

    def write(self, array: NDArray[Any], row: int, col: int) -> None:
        """Write pixels (band, row, col)."""

    def set_band_tags(self, band: int, tags: Mapping[str, str]) -> None:
        """Add tags to a band, counted from 1."""

    def close(self) -> None:
        """Flush and close."""


class Engine(Protocol):
    """What a backend must be able to do; :mod:`akkd_core.raster.cog` does the rest."""

    name: str

    def open(self, path: str) -> RasterReader:
        """Open for reading."""

    def create(self, path: str, spec: RasterSpec) -> DatasetHandle:
        """Create an uncompressed tiled GeoTIFF; ``/vsimem/`` paths live in memory."""

    def build_overviews(self, path: str, factors: Sequence[int], resampling: str) -> None:
        """Add overviews, each ``factor`` times smaller."""

    def translate(self, source: str, target: str, options: Mapping[str, str]) -> None:
        """Copy a GeoTIFF to a COG."""

    def delete(self, path: str) -> None:
        """Delete a GeoTIFF in memory (``/vsimem/``); quiet where there is none."""
