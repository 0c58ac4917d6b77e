"""Counts and places that several tests of the readers share."""

from __future__ import annotations

import numpy as np
import pyproj
from numpy.typing import NDArray

from akkd_core.grid import Grid

ROWS, COLS = 120, 150


def counts(rows: int = ROWS, cols: int = COLS, seed: int = 1) -> NDArray[np.uint16]:
    """Counts 1000-3000 with awkward ones in known corners."""
    dn = np.random.default_rng(seed).integers(1000, 3000, (5, rows, cols)).astype(np.uint16)
    dn[:, :3, :4] = 0
    dn[2, :2, -2:] = 1
    dn[0, -2:, :2] = 4095
    dn[4, -1, -1] = 4096
    return dn


def lonlat(grid: Grid, row: float, col: float) -> tuple[float, float]:
    """Longitude and latitude of a fractional pixel position."""
    to = pyproj.Transformer.from_crs(grid.epsg, 4326, always_xy=True)
    lon, lat = to.transform(*grid.xy(row, col))
    return float(lon), float(lat)


def metres_apart(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Distance of two (longitude, latitude) on WGS 84, m."""
    return float(pyproj.Geod(ellps="WGS84").inv(*a, *b)[2])
