"""Where simulated scenes lie: north-up grids of ASTER's thermal pixels in UTM."""

from __future__ import annotations

from akkd_core.grid import Grid
from akkd_core.raster.projection import from_lonlat

PIXEL_M = 90.0
"""Side of a thermal pixel of ASTER, m."""


def utm_grid(latitude: float, longitude: float, rows: int, cols: int) -> Grid:
    """North-up UTM grid of 90 m pixels centred on a place.

    Parameters
    ----------
    latitude, longitude : float
        Degrees, WGS 84.
    rows, cols : int
    """
    zone = min(max(int((longitude + 180.0) // 6.0) + 1, 1), 60)
    epsg = (32600 if latitude >= 0 else 32700) + zone
    x, y = from_lonlat(epsg, [longitude], [latitude])
    left = round(float(x[0]) / PIXEL_M) * PIXEL_M - PIXEL_M * (cols // 2)
    top = round(float(y[0]) / PIXEL_M) * PIXEL_M + PIXEL_M * (rows // 2)
    return Grid(epsg, (left, PIXEL_M, 0.0, top, 0.0, -PIXEL_M), rows, cols)
