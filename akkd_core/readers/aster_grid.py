"""Where ASTER's UTM rasters lie: hemisphere, false northing, pixel centres.

The sign of the zone is not reliable in real granules (+59 at 77 S, +56 across the equator), and
southern northings come without the false northing; both are settled by the latitude.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from pathlib import Path

from akkd_core.errors import AkkdWarning, GranuleReadError, MissingDependencyError
from akkd_core.grid import Grid
from akkd_core.raster.projection import from_lonlat

PIXEL_M = 90.0
"""Side of a TIR pixel, m."""

FALSE_NORTHING_M = 10_000_000.0
"""False northing of UTM's southern zones, m."""

_METRES_PER_DEGREE = 110_900.0
_PLAUSIBLE_M = 60_000.0
_WARN_M = 3 * PIXEL_M
# In real granules the corners agree to the millimetre, and the raster's extent to a pixel.
_DOUBT_M = 10.0
_REJECT_M = 50_000.0


@dataclass(frozen=True)
class UtmPlace:
    """A point in a UTM zone: EPSG code, easting and northing, m."""

    epsg: int
    easting: float
    northing: float


def resolve_utm(
    path: Path, zone: int, northing: float, easting: float, latitude_bounds: tuple[float, float]
) -> UtmPlace:
    """Hemisphere and proper northing of an upper left corner.

    South of the equator the zone is EPSG:327zz and northings are positive. Across the equator the
    granule's own northings decide: with the false northing 327zz, without it 326zz (negative in
    the southern part), so that the raster stays whole.

    Parameters
    ----------
    path : pathlib.Path
        Named in errors.
    zone : int
        1-60, unsigned.
    northing, easting : float
        Of the upper left pixel, m; exchanged if only that fits the latitude.
    latitude_bounds : tuple of float
        South and north, degrees.

    Raises
    ------
    GranuleReadError
        If no hemisphere makes the northing fit the latitude.
    """
    south, north = latitude_bounds
    expected = north * _METRES_PER_DEGREE
    for y, x in ((northing, easting), (easting, northing)):
        for offset in (0.0, FALSE_NORTHING_M):
            if abs(y - offset - expected) > _PLAUSIBLE_M or not 0 < x < 1_000_000:
                continue
            southern = north <= 0 or (south < 0 and offset > 0)
            shift = FALSE_NORTHING_M if southern else 0.0
            return UtmPlace((32700 if southern else 32600) + zone, x, y - offset + shift)
    raise GranuleReadError(
        f"{path}: corner at northing {northing:.0f} m, easting {easting:.0f} m doesn't fit "
        f"latitudes {south:.3f} to {north:.3f}. The granule's metadata contradict each other"
    )


def centred_grid(place: UtmPlace, rows: int, cols: int, pixel_m: float = PIXEL_M) -> Grid:
    """North-up grid whose upper left pixel's centre is ``place``."""
    half = pixel_m / 2
    return Grid(
        place.epsg,
        (place.easting - half, pixel_m, 0.0, place.northing + half, 0.0, -pixel_m),
        rows,
        cols,
    )


def check_place(
    path: Path, place: UtmPlace, lonlat: tuple[float, float], extent_misfit_m: float = 0.0
) -> None:
    """Compare a projected corner with the same corner's longitude and latitude.

    Silent where no projection library is installed.

    Parameters
    ----------
    path : pathlib.Path
        Named in messages.
    place : UtmPlace
        As the metadata state it.
    lonlat : tuple of float
        Longitude and latitude of the same corner, degrees.
    extent_misfit_m : float
        By how much the stated corner and the opposite one miss the raster's extent, m.

    Raises
    ------
    GranuleReadError
        If they are over 50 km apart, or over 10 m while the extent speaks against the stated
        corner, too. Warns (AkkdWarning) from three pixels on.
    """
    try:
        x, y = from_lonlat(place.epsg, *lonlat)
    except MissingDependencyError:
        return
    distance = math.hypot(float(x) - place.easting, float(y) - place.northing)
    refused = not distance <= _REJECT_M or min(distance, extent_misfit_m) > _DOUBT_M
    if not refused and distance <= _WARN_M:
        return
    message = (
        f"{path}: the upper left corner in UTM and in longitude, latitude are "
        f"{distance:.0f} m apart. "
    )
    if refused:
        raise GranuleReadError(message + "The granule's metadata contradict each other")
    warnings.warn(message + "The product may be misplaced", AkkdWarning, stacklevel=2)
