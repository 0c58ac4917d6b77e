"""A scene of 90 m pixels whose mean over MODIS cells is known: their field plus errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.grid import Grid
from akkd_core.raster.projection import from_lonlat, to_lonlat
from tests.builders.modis import CELL_M, RADIUS, Tile

C1, C2, BAND_31_UM = 1.191042972e8, 14387.768775, 11.03
"""Planck's constants for radiance in W m-2 sr-1 um-1, and the wavelength at which it is meant."""

Floats = NDArray[np.float64]


def planck(temperature: Floats) -> Floats:
    """Radiance at MODIS band 31, W m-2 sr-1 um-1."""
    return C1 / BAND_31_UM**5 / np.expm1(C2 / (BAND_31_UM * temperature))


def planck_inverse(radiance: Floats) -> Floats:
    """Temperature of a radiance at MODIS band 31, K."""
    return C2 / (BAND_31_UM * np.log1p(C1 / (BAND_31_UM**5 * radiance)))


@dataclass(frozen=True)
class Pixels:
    """Pixels of a scene over a tile.

    Parameters
    ----------
    grid : Grid
    row, col : ndarray of intp, (row, col)
        Cell under each pixel's centre, by the sinusoidal formula; may lie outside the tile.
    """

    grid: Grid
    row: NDArray[np.intp]
    col: NDArray[np.intp]

    def fine(self, cells: Floats, contrast: float = 0.06) -> Floats:
        """Temperatures of pixels with checks of radiance, whose mean is the cells'."""
        inside = (self.row >= 0) & (self.col >= 0)
        inside &= (self.row < cells.shape[0]) & (self.col < cells.shape[1])
        safe = np.where(inside, self.row, 0), np.where(inside, self.col, 0)
        checks = 1.0 + contrast * (1 - 2 * (np.indices(self.grid.shape).sum(axis=0) % 2))
        found = planck_inverse(planck(cells[safe]) * checks)
        return np.where(inside, found, np.nan)


def pixels_over(
    tile: Tile, rows: int, cols: int, epsg: int = 32724, turn_deg: float = 0.0
) -> Pixels:
    """Pixels of 90 m around the middle of a tile, rotated if asked."""
    y = tile.top - 0.5 * tile.rows * tile.cell_m
    x = tile.left + 0.5 * tile.cols * tile.cell_m
    middle = np.degrees(x / RADIUS / np.cos(y / RADIUS)), np.degrees(y / RADIUS)
    east, north = (float(v) for v in from_lonlat(epsg, *middle))
    along, across = 90.0 * np.cos(np.radians(turn_deg)), 90.0 * np.sin(np.radians(turn_deg))
    transform = (
        east - 0.5 * (cols * along + rows * across), along, across,
        north - 0.5 * (cols * across - rows * along), across, -along,
    )  # fmt: skip
    grid = Grid(epsg, transform, rows, cols)
    row, col = np.indices((rows, cols)) + 0.5
    x0, a, b, y0, d, e = transform
    lon, lat = to_lonlat(epsg, x0 + a * col + b * row, y0 + d * col + e * row)
    phi = np.radians(lat)
    sinus_x = RADIUS * np.radians(lon) * np.cos(phi)
    cell_row = np.floor((tile.top - RADIUS * phi) / tile.cell_m).astype(np.intp)
    cell_col = np.floor((sinus_x - tile.left) / tile.cell_m).astype(np.intp)
    return Pixels(grid, cell_row, cell_col)


def planted_error(row: NDArray[np.integer], col: NDArray[np.integer]) -> Floats:
    """Error that varies over some 20 km, of either sign, K."""
    return 0.4 + 1.2 * np.sin(np.asarray(row) / 3.3) * np.cos(np.asarray(col) / 4.1)


__all__ = [
    "CELL_M", "Pixels", "Tile", "pixels_over", "planck", "planck_inverse", "planted_error",
]  # fmt: skip
