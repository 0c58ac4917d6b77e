"""Rasters of others under a scene, as of MODIS LST or land cover: no more than is needed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import GranuleReadError, InputError
from akkd_core.grid import Grid
from akkd_core.raster import open_raster
from akkd_core.raster.resampling import nearest, source_places

_CELLS_MAX = 100_000_000


@dataclass(frozen=True)
class CellsUnder:
    """Cells of a raster that lie under a grid's pixels.

    Parameters
    ----------
    path : Path
    values : ndarray of float32, (n,)
        Of the cells, in the raster's unit; NaN where it has none.
    cell : ndarray of intp, (row, col) of the grid
        Number of the cell under each pixel's centre; -1 outside the raster.
    """

    path: Path
    values: NDArray[np.float32]
    cell: NDArray[np.intp]

    def of_pixels(self) -> NDArray[np.float32]:
        """Value under each pixel, float32 (row, col); NaN where there is none."""
        found = np.full(self.cell.shape, np.nan, dtype=np.float32)
        inside = self.cell >= 0
        found[inside] = self.values[self.cell[inside]]
        return found


def read_under(path: str | Path, grid: Grid) -> CellsUnder | None:
    """Read the cells of a raster that lie under a grid.

    Parameters
    ----------
    path : path
        GeoTIFF of one band or more (the first counts), of any EPSG coordinate system.
    grid : Grid

    Returns
    -------
    CellsUnder or None
        None if the raster lies elsewhere.

    Raises
    ------
    GranuleReadError
        If the file can't be read.
    InputError
        If it has no place, or is too fine to be held.
    """
    file = Path(path)
    if not file.is_file():
        raise GranuleReadError(f"{file}: no such file. Check the path")
    with open_raster(file) as reader:
        if reader.grid is None:
            raise InputError(
                f"{file}: has no coordinate system with an EPSG code. Reproject it to one"
            )
        places = source_places(reader.grid, grid)
        inside = places.inside
        if not inside.any():
            return None
        row = nearest(places.row[inside], reader.shape[0])
        col = nearest(places.col[inside], reader.shape[1])
        top, left = int(row.min()), int(col.min())
        rows, cols = int(row.max()) - top + 1, int(col.max()) - left + 1
        if rows * cols > _CELLS_MAX:
            raise InputError(f"{file}: {rows} x {cols} cells under one scene. Aggregate it first")
        stored = reader.read(top, left, rows, cols, bands=(1,))[0]
        values = stored.astype(np.float32)
        if reader.nodata is not None:
            values[stored == reader.nodata] = np.nan
    cell = np.full(grid.shape, -1, dtype=np.intp)
    cell[inside] = (row - top) * cols + (col - left)
    return CellsUnder(file, values.ravel(), cell)
