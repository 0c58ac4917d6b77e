"""The footprint of a raster as GeoJSON, also across the 180th meridian."""

from __future__ import annotations

from typing import Any

from akkd_core.grid import Grid
from akkd_core.raster.projection import to_lonlat

Point = tuple[float, float]

_DIGITS = 7
"""Of longitudes and latitudes in degrees: about a centimetre."""


def _cut(ring: list[Point], limit: float, keep_below: bool) -> list[Point]:
    """Part of a convex ring on one side of a meridian (Sutherland and Hodgman 1974)."""
    out: list[Point] = []
    for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True):
        first, second = (x0 <= limit) == keep_below, (x1 <= limit) == keep_below
        if first:
            out.append((x0, y0))
        if first != second:
            out.append((limit, y0 + (y1 - y0) * (limit - x0) / (x1 - x0)))
    return out


def _closed(ring: list[Point]) -> list[list[list[float]]]:
    points = [[round(x, _DIGITS), round(y, _DIGITS)] for x, y in ring]
    return [[*points, points[0]]]


def footprint(grid: Grid) -> tuple[dict[str, Any], list[float]]:
    """GeoJSON geometry and bounding box of a grid.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    geometry : dict
        A Polygon, counter-clockwise; a MultiPolygon cut at 180 degrees where it crosses.
    bbox : list of float
        West, south, east, north, degrees; west > east across the 180th meridian (RFC 7946).

    Raises
    ------
    MissingDependencyError
        If no projection library is installed.
    """
    corners = grid.corners()
    lon, lat = to_lonlat(grid.epsg, [c[0] for c in corners], [c[1] for c in corners])
    # The grid lists its corners clockwise.
    ring = [(float(x), float(y)) for x, y in zip(lon[::-1], lat[::-1], strict=True)]
    south, north = float(lat.min()), float(lat.max())
    if float(lon.max() - lon.min()) <= 180.0:
        box = [float(lon.min()), south, float(lon.max()), north]
        return {"type": "Polygon", "coordinates": _closed(ring)}, _rounded(box)
    ring = [(x + 360.0 if x < 0 else x, y) for x, y in ring]
    west_part = _cut(ring, 180.0, True)
    east_part = [(x - 360.0, y) for x, y in _cut(ring, 180.0, False)]
    box = [min(x for x, _ in ring), south, max(x for x, _ in ring) - 360.0, north]
    geometry = {
        "type": "MultiPolygon",
        "coordinates": [_closed(part) for part in (west_part, east_part)],
    }
    return geometry, _rounded(box)


def _rounded(values: list[float]) -> list[float]:
    return [round(value, _DIGITS) for value in values]
