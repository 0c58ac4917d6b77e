"""The place of a raster: coordinate system, affine geotransform, shape."""

from __future__ import annotations

import math
from dataclasses import dataclass

from akkd_core.errors import InputError


@dataclass(frozen=True)
class Grid:
    """A north-up or rotated raster grid in a projected coordinate system.

    Parameters
    ----------
    epsg : int
        EPSG code, e.g. 32650 (WGS 84 / UTM zone 50N).
    geotransform : tuple of 6 float
        GDAL order: x of the upper left *corner*, pixel width, row rotation, y of the upper left
        corner, column rotation, pixel height (negative when north-up); metres.
    rows, cols : int
        Shape.
    """

    epsg: int
    geotransform: tuple[float, float, float, float, float, float]
    rows: int
    cols: int

    def __post_init__(self) -> None:
        if self.rows < 1 or self.cols < 1:
            raise InputError(f"grid of {self.rows} x {self.cols} pixels is empty")
        if len(self.geotransform) != 6 or not all(map(math.isfinite, self.geotransform)):
            raise InputError(f"geotransform {self.geotransform} is not six finite numbers")
        _, a, b, _, d, e = self.geotransform
        if a * e - b * d == 0:
            raise InputError(f"geotransform {self.geotransform} can't be inverted")

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols)."""
        return self.rows, self.cols

    @property
    def north_up(self) -> bool:
        """Whether rows run from north to south and columns from west to east, unrotated."""
        _, a, b, _, d, e = self.geotransform
        return b == 0 and d == 0 and a > 0 > e

    @property
    def pixel_size_m(self) -> float:
        """Geometric mean of the pixel's sides, m."""
        _, a, b, _, d, e = self.geotransform
        return math.sqrt(abs(a * e - b * d))

    def xy(self, row: float, col: float) -> tuple[float, float]:
        """Projected coordinates of a fractional pixel position (0, 0 is the upper left corner)."""
        x0, a, b, y0, d, e = self.geotransform
        return x0 + a * col + b * row, y0 + d * col + e * row

    def rowcol(self, x: float, y: float) -> tuple[float, float]:
        """Fractional (row, col) of projected coordinates, the inverse of :meth:`xy`."""
        x0, a, b, y0, d, e = self.geotransform
        det = a * e - b * d
        col = (e * (x - x0) - b * (y - y0)) / det
        row = (a * (y - y0) - d * (x - x0)) / det
        return row, col

    def corners(self) -> tuple[tuple[float, float], ...]:
        """Upper left, upper right, lower right, lower left corner, projected coordinates."""
        return (
            self.xy(0, 0),
            self.xy(0, self.cols),
            self.xy(self.rows, self.cols),
            self.xy(self.rows, 0),
        )

    def window(self, row: int, col: int, rows: int, cols: int) -> Grid:
        """Grid of a part of this raster."""
        x, y = self.xy(row, col)
        _, a, b, _, d, e = self.geotransform
        return Grid(self.epsg, (x, a, b, y, d, e), rows, cols)
