"""AST_09T: surface-leaving radiance and sky irradiance of the thermal bands, V003 and V004.

V003 is HDF4 with the swath SurfaceRadianceTIR (fields Band10 to Band14) and the sky irradiance in
another; V004 is one GeoTIFF a band, ``.._SRA_TIR_B10.tif`` for the radiance, ``.._SIR_TIR_B10.tif``
for the irradiance. Both lie on a rotated grid. No real granule was to be had; the layout is that of
LP DAAC's product page, of VICAR's ASTER reader and of a public converter (docs/method.md).

Counts times the band's unit conversion coefficient are W m-2 sr-1 um-1 (irradiance: W m-2 um-1), as
LP DAAC lists it, without an offset; a product whose counts are too large for 12 bits is in
milliwatts, which the scale of 0.001 gives. Irradiance over pi is the sky's mean radiance.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import GranuleReadError, GridMismatchError, UnsupportedGranuleError
from akkd_core.grid import Grid
from akkd_core.images import TIR_BANDS
from akkd_core.raster import RasterReader, open_raster
from akkd_core.raster.projection import from_lonlat, to_lonlat
from akkd_core.readers.aster_l1b import rotated_grid
from akkd_core.readers.aster_metadata import AsterOdl, time_of_name
from akkd_core.readers.hdf4 import read_arrays
from akkd_core.readers.hdf4_structure import Hdf4Structure, SdsInfo, read_structure
from akkd_core.readers.sniff import FileKind, describe_hdf4, sniff
from akkd_core.sensors import aster_tir

SWATH = "SurfaceRadianceTIR"
"""HDF-EOS swath of the surface-leaving radiance."""

MILLI = 0.001
"""Scale of a product in milliwatts."""

_REFERENCE = 3
_NAME = re.compile(
    r"(?P<id>AST_09T_.+)_(?P<kind>SRA|SIR)_TIR_B(?P<band>1[0-4])\.tiff?\Z", re.IGNORECASE
)
_LARGEST_12_BIT = 4095
_EXPECTED = (
    "Give an AST_09T granule: .hdf, or the folder or one file of its _SRA_TIR_B10.tif to B14 and "
    "_SIR_TIR_B10.tif to B14"
)
_INTEGERS = ("int16", "uint16", "int32")


class Counts(Protocol):
    """Where counts come from."""

    def read(self, row: int, col: int, rows: int, cols: int) -> NDArray[np.integer]:
        """Return counts of a window, (10, rows, cols): five of radiance, five of irradiance."""


@dataclass(frozen=True)
class _Array:
    counts: NDArray[np.integer]

    def read(self, row: int, col: int, rows: int, cols: int) -> NDArray[np.integer]:
        return self.counts[:, row : row + rows, col : col + cols]


@dataclass(frozen=True)
class _Files:
    readers: tuple[RasterReader, ...]

    def read(self, row: int, col: int, rows: int, cols: int) -> NDArray[np.integer]:
        return np.concatenate([r.read(row, col, rows, cols) for r in self.readers])


@dataclass(frozen=True)
class SurfaceRadiance:
    """What AST_09T says of the ground and the sky.

    Parameters
    ----------
    name : str
        Of the granule.
    grid : Grid
        As stored, rotated.
    source : Counts
    scale : tuple of float
        W m-2 sr-1 um-1 per count, bands 10-14; of the irradiance W m-2 um-1.
    acquired_at : datetime or None
        Aware UTC.
    """

    name: str
    grid: Grid
    source: Counts
    scale: tuple[float, ...]
    acquired_at: datetime | None

    def sample(self, target: Grid) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Resample to another grid, bilinear and never across fill.

        Parameters
        ----------
        target : Grid

        Returns
        -------
        surface_radiance, sky_radiance : ndarray of float32, (5, row, col)
            Leaving the ground, and the sky's mean; W m-2 sr-1 um-1, NaN where there is none.
        """
        out = np.full((2 * len(TIR_BANDS), *target.shape), np.nan, dtype=np.float32)
        row, col, inside = self._places(target)
        if inside.any():
            top, left = int(row[inside].min()), int(col[inside].min())
            last_row, last_col = self.grid.rows - 1, self.grid.cols - 1
            bottom = min(int(row[inside].max()) + 1, last_row)
            right = min(int(col[inside].max()) + 1, last_col)
            counts = self.source.read(top, left, bottom - top + 1, right - left + 1)
            out[:, inside] = _bilinear(self._values(counts), row[inside] - top, col[inside] - left)
        return out[:5], out[5:]

    def _places(
        self, target: Grid
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        """Fractional places of the target's pixels, pixel centres at whole numbers, clipped."""
        y, x = np.mgrid[: target.rows, : target.cols] + 0.5
        x0, a, b, y0, d, e = target.geotransform
        east, north = x0 + a * x + b * y, y0 + d * x + e * y
        if target.epsg != self.grid.epsg:
            east, north = from_lonlat(self.grid.epsg, *to_lonlat(target.epsg, east, north))
        x0, a, b, y0, d, e = self.grid.geotransform
        det = a * e - b * d
        # nanometres of rounding must not reach for a neighbour that may be fill
        col = np.round((e * (east - x0) - b * (north - y0)) / det - 0.5, 6)
        row = np.round((a * (north - y0) - d * (east - x0)) / det - 0.5, 6)
        rows, cols = self.grid.shape
        inside = (row >= -0.5) & (row < rows - 0.5) & (col >= -0.5) & (col < cols - 0.5)
        return np.clip(row, 0, rows - 1), np.clip(col, 0, cols - 1), inside

    def _values(self, counts: NDArray[np.integer]) -> NDArray[np.float32]:
        """Radiances of counts, NaN where fill."""
        scale = np.concatenate([self.scale, np.asarray(self.scale) / math.pi])
        values: NDArray[np.float32] = (counts * scale[:, None, None]).astype(np.float32)
        values[counts <= 0] = np.nan
        return values


def _bilinear(
    values: NDArray[np.float32], row: NDArray[np.float64], col: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Interpolate (k, row, col) at n places; the nearest value where a neighbour is NaN."""
    last_row, last_col = values.shape[1] - 1, values.shape[2] - 1
    top, left = np.floor(row).astype(int), np.floor(col).astype(int)
    bottom, right = np.minimum(top + 1, last_row), np.minimum(left + 1, last_col)
    down, along = row - top, col - left
    total = np.zeros((values.shape[0], row.size))
    for r, wr in ((top, 1 - down), (bottom, down)):
        for c, wc in ((left, 1 - along), (right, along)):
            weight = wr * wc
            total += np.where(weight > 0, values[:, r, c] * weight, 0.0)
    nearest = values[:, np.rint(row).astype(int), np.rint(col).astype(int)]
    result: NDArray[np.float32] = np.where(np.isfinite(total), total, nearest).astype(np.float32)
    return result


def is_ast_09t(path: str | Path) -> bool:
    """Whether `open_ast_09t` is the one to open a path: a folder, HDF4, or a file named so."""
    file = Path(path)
    return file.is_dir() or bool(_NAME.match(file.name)) or sniff(file) is FileKind.HDF4


def open_ast_09t(path: str | Path) -> SurfaceRadiance:
    """Open an AST_09T granule.

    Parameters
    ----------
    path : path
        HDF4 of V003; of V004 the folder, or any one of the files.

    Returns
    -------
    SurfaceRadiance

    Raises
    ------
    GranuleReadError
        If a file is absent, truncated or damaged, or a band is missing.
    UnsupportedGranuleError
        If it is something else.
    GridMismatchError
        If band files don't share a grid.
    """
    file = Path(path)
    if file.is_dir():
        return _open_files(file, file.iterdir())
    if _NAME.match(file.name):
        return _open_files(file, file.parent.iterdir())
    kind = sniff(file)
    if kind is not FileKind.HDF4:
        raise UnsupportedGranuleError(f"{file}: is {kind.value}, not AST_09T. {_EXPECTED}")
    return _open_hdf4(read_structure(file))


def _scale(counts: Counts, grid: Grid) -> tuple[float, ...]:
    """Scale of the counts by their size in band 13."""
    step = max(grid.rows // 16, 1)
    lines = [counts.read(row, 0, 1, grid.cols)[_REFERENCE] for row in range(0, grid.rows, step)]
    sample = np.concatenate([line[line > 0] for line in lines])
    if sample.size and np.median(sample) > _LARGEST_12_BIT:
        return (MILLI,) * len(TIR_BANDS)
    return aster_tir().ucc


def _open_files(path: Path, entries: Iterable[Path]) -> SurfaceRadiance:
    wanted = _NAME.match(path.name)
    found: dict[str, dict[tuple[str, int], Path]] = {}
    for entry in sorted(entries):
        match = _NAME.match(entry.name)
        if match and (wanted is None or match["id"].upper() == wanted["id"].upper()):
            key = match["kind"].upper(), int(match["band"])
            found.setdefault(match["id"], {})[key] = entry
    if len(found) != 1:
        what = "several AST_09T granules" if found else "a folder without AST_09T files"
        raise UnsupportedGranuleError(f"{path}: is {what}, expected one granule. {_EXPECTED}")
    name, files = found.popitem()
    order = [(kind, band) for kind in ("SRA", "SIR") for band in TIR_BANDS]
    missing = [f"_{kind}_TIR_B{band}.tif" for kind, band in order if (kind, band) not in files]
    if missing:
        raise GranuleReadError(f"{path}: {name} lacks {', '.join(missing)}. Download them too")
    readers = tuple(open_raster(files[key]) for key in order)
    for key, reader in zip(order, readers, strict=True):
        if reader.grid is None or reader.count != 1 or reader.dtype not in _INTEGERS:
            raise UnsupportedGranuleError(
                f"{files[key]}: is a raster of {reader.count} x {reader.dtype}, not a band of "
                f"AST_09T with its place. {_EXPECTED}"
            )
        if reader.grid != readers[0].grid:
            raise GridMismatchError(
                f"{files[key]}: lies on another grid than {files[order[0]].name}. "
                "Give bands of one granule"
            )
    grid = readers[0].grid
    assert grid is not None
    source = _Files(readers)
    return SurfaceRadiance(name, grid, source, _scale(source, grid), time_of_name(name, path))


def _open_hdf4(structure: Hdf4Structure) -> SurfaceRadiance:
    odl = AsterOdl.parse(structure.path, structure.attributes)
    if odl.short_name != "AST_09T" and SWATH not in structure.eos_objects:
        what = describe_hdf4(structure, odl.short_name)
        raise UnsupportedGranuleError(f"{structure.path}: is {what}, not AST_09T. {_EXPECTED}")
    datasets = [*_find(structure, sky=False), *_find(structure, sky=True)]
    shapes = {info.shape for info in datasets}
    if len(shapes) != 1 or len(datasets[0].shape) != 2 or 0 in datasets[0].shape:
        raise GranuleReadError(
            f"{structure.path}: bands have shapes {sorted(shapes)}, expected one raster shape. "
            "Download the granule again"
        )
    if not {info.dtype for info in datasets} <= set(_INTEGERS):
        raise GranuleReadError(
            f"{structure.path}: bands are {datasets[0].dtype}, expected whole counts. "
            "Give the granule as distributed"
        )
    source = _Array(np.stack(read_arrays(structure, datasets)))
    grid = rotated_grid(structure, odl, *datasets[0].shape, swath=SWATH)
    try:
        acquired = odl.acquired_at()
    except GranuleReadError:
        acquired = None
    return SurfaceRadiance(structure.path.stem, grid, source, _scale(source, grid), acquired)


def _find(structure: Hdf4Structure, *, sky: bool) -> Sequence[SdsInfo]:
    """Find the data sets of five bands, told apart by the name of their swath or their own."""
    bands: list[SdsInfo] = []
    for band in TIR_BANDS:
        named = [
            info for info in structure.datasets
            if re.search(rf"(?<!\d){band}\Z", info.name)
            and ("sky" in "/".join((*info.group[:1], info.name)).lower()) is sky
        ]  # fmt: skip
        if len(named) != 1:
            what = "sky irradiance" if sky else "surface radiance"
            raise GranuleReadError(
                f"{structure.path}: has {len(named)} data sets of {what} for band {band}, "
                "expected one. Order AST_09T with surface radiance and sky irradiance"
            )
        bands += named
    return bands
