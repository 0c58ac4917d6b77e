"""Values of a raster at points of a scene, in the unit of the house."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import GranuleReadError, ParameterError
from akkd_core.grid import Grid
from akkd_core.raster import RasterReader, open_raster
from akkd_core.readers.sampling import Array, blend, neighbours, scene_points
from akkd_core.readers.units import Quantity

_STRIP_ROWS = 512


def raster_values(file: Path, quantity: Quantity, grids: Sequence[Grid]) -> list[Array]:
    """Sample the first band of a raster at points spread over scenes, bilinearly.

    Parameters
    ----------
    file : Path
        Its unit stands in the band's unit or in a tag ``units``. Without one, values are taken in
        the quantity's unit if they can't be of another, and refused otherwise.
    quantity : Quantity
    grids : sequence of Grid

    Returns
    -------
    list of ndarray of float64
        One per grid, in the quantity's unit; NaN where the raster has no value.

    Raises
    ------
    GranuleReadError
        If it can't be read, or has no coordinate system.
    ParameterError
        If its unit is unknown, or not told where it matters.
    """
    with open_raster(file) as reader:
        if not reader.wkt:
            raise GranuleReadError(
                f"{file}: the raster has no coordinate system. Give it one (gdal_edit.py -a_srs)"
            )
        unit = _unit(reader)
        found = [_sample(reader, grid) for grid in grids]
    if unit or quantity.unmarked_above == float("inf"):
        factor, offset = quantity.conversion(unit, str(file))
        return [values * factor + offset for values in found]
    known = np.concatenate([values[np.isfinite(values)] for values in found])
    if known.size and not known.mean() > quantity.unmarked_above:
        raise ParameterError(
            f"{file}: has no unit, and its mean of {known.mean():.4g} over the scene could be "
            f"{quantity.unit} or another. Tell it: gdal_edit.py -units "
            f"{quantity.unit.replace(' ', '_')} FILE"
        )
    return found


def _unit(reader: RasterReader) -> str:
    """Return what the band or the tags say, or nothing."""
    if reader.units and reader.units[0].strip():
        return reader.units[0].strip()
    for tags in (reader.band_tags[0], reader.tags):
        for key, text in tags.items():
            if key.lower() in ("units", "unit") and text.strip():
                return text.strip()
    return ""


def _sample(reader: RasterReader, grid: Grid) -> Array:
    crs = reader.grid.epsg if reader.grid is not None else reader.wkt
    x, y = scene_points(grid, crs)
    place = Grid(0, reader.geotransform, *reader.shape)
    at_row, at_col = place.rowcol(x, y)  # type: ignore[arg-type]  # floats and arrays alike
    row, col = np.asarray(at_row, dtype=np.float64), np.asarray(at_col, dtype=np.float64)
    rows, cols = reader.shape
    with np.errstate(invalid="ignore"):
        inside = (row >= 0) & (row <= rows) & (col >= 0) & (col <= cols)
    result = np.full(row.shape, np.nan)
    if not inside.any():
        return result
    # positions of values are the pixels' centres; the outer half pixels take the edge's value
    r0, r1, down = neighbours(row[inside] - 0.5, rows)
    c0, c1, right = neighbours(col[inside] - 0.5, cols)
    corners = _pick(
        reader, np.concatenate([r0, r0, r1, r1]), np.concatenate([c0, c1, c0, c1])
    ).reshape(4, -1)
    result[inside] = blend(list(corners), down, right)
    return result


def _pick(
    reader: RasterReader, row: NDArray[np.int_], col: NDArray[np.int_]
) -> Array:
    """Pixels by row and col, read in strips so that memory stays small; nodata as NaN."""
    values = np.full(row.shape, np.nan)
    left, right = int(col.min()), int(col.max()) + 1
    for start in range(int(row.min()), int(row.max()) + 1, _STRIP_ROWS):
        chosen = (row >= start) & (row < start + _STRIP_ROWS)
        if chosen.any():
            rows = int(row[chosen].max()) - start + 1
            strip = reader.read(start, left, rows, right - left, [1])[0]
            values[chosen] = strip[row[chosen] - start, col[chosen] - left]
    missing = ~np.isfinite(values)
    if reader.nodata is not None:
        missing |= values == reader.nodata
    result: Array = np.where(missing, np.nan, values * reader.scales[0] + reader.offsets[0])
    return result
