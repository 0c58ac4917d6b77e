"""Writing a cloud-optimised GeoTIFF through either backend.

Pixels go to an uncompressed tiled GeoTIFF (in memory for a raster of a scene's size, beside the
target for larger ones, so memory stays flat), which the COG driver then copies to a temporary
name; the final name appears only when the file is whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from akkd_core.errors import AkkdError, ParameterError
from akkd_core.raster.protocol import DatasetHandle, Engine, RasterSpec
from akkd_core.raster.statistics import BandStatistics
from akkd_core.raster.temporary import (
    remove_leftovers,
    remove_own,
    temporary_path,
    write_error,
)
from akkd_core.raster.wholeness import check_tiff

BLOCK_SIZE = 512
"""Side of a COG's tiles, pixels."""

MEMORY_LIMIT_BYTES = 24 << 20
"""Rasters up to this size are put together in memory."""

MAX_THREADS = 4


def overview_factors(rows: int, cols: int) -> list[int]:
    """Factors of the overviews: halving until the smallest fits in one tile.

    Parameters
    ----------
    rows, cols : int
        Of the raster, pixels.
    """
    factors, factor = [], 1
    while max(rows, cols) // factor > BLOCK_SIZE:
        factor *= 2
        factors.append(factor)
    return factors


@contextmanager
def _write_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except AkkdError:
        raise
    except (OSError, RuntimeError, ValueError) as error:
        raise write_error(path, error) from error
    except Exception as error:
        # rasterio's GDAL errors share no public base class.
        if not type(error).__module__.startswith("rasterio"):
            raise
        raise write_error(path, error) from error


def _reserve(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))


def sync(path: Path) -> None:
    """Have a file's bytes on the disk; a full network disk may say so only here."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class CogWriter:
    """A :class:`akkd_core.raster.protocol.RasterWriter` over any engine."""

    def __init__(self, engine: Engine, path: str | Path, spec: RasterSpec) -> None:
        self._engine, self._spec, self.path = engine, spec, Path(path)
        self._statistics = BandStatistics(spec.count)
        self._target = temporary_path(self.path)
        self._in_memory = spec.nbytes <= MEMORY_LIMIT_BYTES
        self._source = (
            f"/vsimem/akkd/{self._target.name}.tif"
            if self._in_memory
            else f"{self._target}.source"
        )
        self._state = "open"
        self._handle: DatasetHandle | None = None
        with _write_errors(self.path):
            remove_leftovers(self.path)
            _reserve(self._target)
            try:
                self._handle = engine.create(self._source, spec)
            except BaseException:
                self.abort()
                raise

    def write(self, array: NDArray[Any], row: int, col: int) -> None:
        """Write pixels at a window's upper left corner.

        Parameters
        ----------
        array : ndarray, (band, row, col)
            All bands, of the raster's type.
        row, col : int

        Raises
        ------
        ParameterError
            If the array doesn't fit the raster.
        ProductWriteError
            If the disk refuses.
        """
        grid = self._spec.grid
        if array.ndim != 3 or array.shape[0] != self._spec.count or array.dtype != self._spec.dtype:
            raise ParameterError(
                f"{self.path.name}: block of {array.dtype} {array.shape}, "
                f"expected {self._spec.count} bands of {self._spec.dtype}"
            )
        inside = row >= 0 and col >= 0
        if not inside or row + array.shape[1] > grid.rows or col + array.shape[2] > grid.cols:
            raise ParameterError(f"{self.path.name}: block at ({row}, {col}) leaves the raster")
        if self._handle is None:
            raise ParameterError(f"{self.path.name}: is finished and takes no more pixels")
        with _write_errors(self.path):
            self._handle.write(array, row, col)
        if self._spec.dtype == "float32":
            self._statistics.add(array)

    def finish(self) -> None:
        """Make the file whole under its temporary name. Raises ProductWriteError."""
        if self._state != "open" or self._handle is None:
            return
        try:
            with _write_errors(self.path):
                self._finish(self._handle)
        except BaseException:
            self.abort()
            raise
        self._state = "finished"

    def _finish(self, handle: DatasetHandle) -> None:
        for band in range(self._spec.count):
            tags = self._statistics.tags(band)
            if tags:
                handle.set_band_tags(band + 1, tags)
        self._handle = None
        handle.close()
        # Made here band by band, and not by the COG driver, whose memory for several bands grows
        # with the raster's width.
        factors = overview_factors(*self._spec.grid.shape)
        if factors:
            self._engine.build_overviews(self._source, factors, self._spec.resampling)
        if not self._in_memory:
            check_tiff(self._source)
        # PREDICTOR=YES lets the driver choose 3 for floats and 2 for integers. The fastest level
        # takes half the time of the default one and, after it, 1.5 % more room.
        threads = str(min(MAX_THREADS, os.cpu_count() or 1))
        options = {
            "BLOCKSIZE": str(BLOCK_SIZE),
            "COMPRESS": "DEFLATE",
            "PREDICTOR": "YES",
            "OVERVIEW_COMPRESS": "DEFLATE",
            "OVERVIEW_PREDICTOR": "YES",
            "LEVEL": "1",
            "BIGTIFF": "IF_SAFER",
            "NUM_THREADS": threads,
        }
        self._engine.translate(self._source, str(self._target), options)
        self._drop_source()
        check_tiff(self._target)
        sync(self._target)

    @property
    def size(self) -> int:
        """Size of the finished file, bytes."""
        return (self.path if self._state == "published" else self._target).stat().st_size

    @property
    def statistics(self) -> BandStatistics:
        """Statistics of the float pixels written so far."""
        return self._statistics

    def publish(self) -> None:
        """Give the whole file its final name. Raises ProductWriteError."""
        if self._state != "finished":
            raise ParameterError(f"{self.path.name}: only a finished file can be published")
        with _write_errors(self.path):
            os.replace(self._target, self.path)
        self._state = "published"

    def commit(self) -> None:
        """Finish and publish."""
        self.finish()
        self.publish()

    def abort(self) -> None:
        """Leave nothing; without effect once published."""
        if self._state in ("published", "aborted"):
            return
        self._state = "aborted"
        handle, self._handle = self._handle, None
        # GDAL may refuse to close or delete what it couldn't write; the file goes away in any case.
        with suppress(Exception):
            if handle is not None:
                handle.close()
        with suppress(Exception):
            self._drop_source()
        remove_own(self._target)

    def _drop_source(self) -> None:
        if self._in_memory:
            self._engine.delete(self._source)
        else:
            Path(self._source).unlink(missing_ok=True)
