"""ASTER L1B V003 in HDF4: registered radiance on a rotated UTM grid, resampled north-up.

The place comes from the swath's 11 x 11 latitudes and longitudes: latitudes are geocentric, the
lattice points are centres of the pixels that the HDF-EOS dimension maps name (ASTER Level 1 Data
Products Specification 1.3; GDAL's HDF4 driver reads them so too). In UTM they lie on an exact
affine grid; without them the four corners and the orientation give it.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import AkkdWarning, GranuleReadError, UnsupportedGranuleError
from akkd_core.grid import Grid
from akkd_core.images import Scene
from akkd_core.raster.projection import from_lonlat
from akkd_core.readers.aster_grid import PIXEL_M
from akkd_core.readers.aster_l1t import SWATH, find_bands, read_dn
from akkd_core.readers.aster_metadata import AsterOdl
from akkd_core.readers.hdf4 import read_arrays
from akkd_core.readers.hdf4_structure import Hdf4Structure
from akkd_core.readers.north_up import resample_north_up
from akkd_core.readers.odl import as_text, join_pieces, parse_odl

GEOCENTRIC_RATIO = 0.99330562
"""(b/a)^2 of WGS 84: tan(geocentric latitude) / tan(geodetic latitude)."""

_FIT_LIMIT_M = 45.0
_ANGLE_LIMIT_DEG = 0.5


@dataclass(frozen=True)
class Lattice:
    """Points of known place: fractional line and pixel (0, 0 is a pixel's centre), degrees."""

    line: NDArray[np.float64]
    pixel: NDArray[np.float64]
    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]


def read_l1b(structure: Hdf4Structure, odl: AsterOdl, *, backend: str = "auto") -> Scene:
    """Read an L1B granule.

    Parameters
    ----------
    structure : Hdf4Structure
    odl : AsterOdl
        Of the same file.
    backend : {"auto", "pyhdf", "gdal"}

    Returns
    -------
    Scene
        North-up; bilinear in counts (linear in radiance), nearest at special counts.

    Raises
    ------
    GranuleReadError, MissingBandError, UnsupportedGranuleError, MissingDependencyError
    """
    method = (odl.text("MPMETHOD10") or "UTM").strip().upper()
    if method != "UTM":
        raise UnsupportedGranuleError(
            f"{structure.path}: is mapped in {method}, AKKD reads UTM. Order the granule in UTM"
        )
    datasets = find_bands(structure)
    rotated = rotated_grid(structure, odl, *datasets[0].shape, backend=backend)
    metadata = odl.metadata("AST_L1B")
    counts, grid = resample_north_up(read_dn(structure, datasets, backend), rotated)
    return Scene.from_array(counts, grid, metadata)


def geodetic_latitude(geocentric_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Geodetic latitude of a geocentric one on WGS 84, both degrees."""
    tangent = np.tan(np.radians(geocentric_deg))
    result: NDArray[np.float64] = np.degrees(np.arctan(tangent / GEOCENTRIC_RATIO))
    return result


def rotated_grid(
    structure: Hdf4Structure,
    odl: AsterOdl,
    rows: int,
    cols: int,
    *,
    swath: str = SWATH,
    backend: str = "auto",
) -> Grid:
    """Grid of a swath's raster as stored; Level 2 products have geodetic latitudes of their own.

    Raises
    ------
    GranuleReadError
        If the points don't lie on one grid of 90 m pixels.
    """
    lattices = _lattices(structure, swath, rows, cols, backend) or _corner_lattices(odl, rows, cols)
    if not lattices:
        raise GranuleReadError(
            f"{structure.path}: has neither a latitude and longitude lattice nor SCENEFOURCORNERS. "
            "Download the granule again"
        )
    southern = float(lattices[0].latitude.mean()) < 0
    epsg = (32700 if southern else 32600) + odl.utm_zone()
    fits = [_fit(lattice, epsg) for lattice in lattices]
    best = min(fits, key=lambda fit: fit.misfit_m)
    if not best.misfit_m <= _FIT_LIMIT_M:
        raise GranuleReadError(
            f"{structure.path}: its latitudes and longitudes don't form a grid of 90 m in "
            f"EPSG:{epsg} (off by {best.misfit_m:.0f} m). The granule's metadata contradict each "
            "other"
        )
    x0, a, b, y0, d, e = best.transform
    _check_orientation(structure, odl, math.degrees(math.atan2(d, a)))
    # From the first pixel's centre to its corner.
    return Grid(epsg, (x0 - (a + b) / 2, a, b, y0 - (d + e) / 2, d, e), rows, cols)


@dataclass(frozen=True)
class _Fit:
    """Affine of pixel centres (GDAL order), and how far it is from a 90 m grid, m."""

    transform: tuple[float, float, float, float, float, float]
    misfit_m: float


def _fit(lattice: Lattice, epsg: int) -> _Fit:
    x, y = (part.ravel() for part in from_lonlat(epsg, lattice.longitude, lattice.latitude))
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return _Fit((0.0,) * 6, math.inf)
    design = np.stack([np.ones(x.size), lattice.pixel.ravel(), lattice.line.ravel()], axis=1)
    along_x, along_y = (np.linalg.lstsq(design, part, rcond=None)[0] for part in (x, y))
    residual = np.hypot(design @ along_x - x, design @ along_y - y).max()
    extent = max(float(np.ptp(lattice.line)), float(np.ptp(lattice.pixel)))
    sides = np.hypot(along_x, along_y)[1:]
    scale = float(np.abs(sides - PIXEL_M).max()) * extent
    (x0, a, b), (y0, d, e) = along_x.tolist(), along_y.tolist()
    return _Fit((x0, a, b, y0, d, e), max(float(residual), scale))


def _check_orientation(structure: Hdf4Structure, odl: AsterOdl, angle_deg: float) -> None:
    stated = odl.number("MAPORIENTATIONANGLE")
    if stated is not None and abs(abs(stated) - abs(angle_deg)) > _ANGLE_LIMIT_DEG:
        warnings.warn(
            f"{structure.path}: the lattice is rotated by {angle_deg:.2f} degrees, "
            f"MAPORIENTATIONANGLE says {stated:.2f}; the lattice is used",
            AkkdWarning,
            stacklevel=3,
        )


def _lattices(
    structure: Hdf4Structure, swath: str, rows: int, cols: int, backend: str
) -> list[Lattice]:
    """Return the swath's lattice; several readings of it where the file doesn't say its steps."""
    geodetic = structure.find("GeodeticLatitude", swath)
    infos = [geodetic or structure.find("Latitude", swath), structure.find("Longitude", swath)]
    datasets = [info for info in infos if info is not None and len(info.shape) == 2]
    if len(datasets) != 2 or datasets[0].shape != datasets[1].shape or min(datasets[0].shape) < 2:
        return []
    stored, longitude = (
        np.asarray(array, np.float64)
        for array in read_arrays(structure, datasets, backend=backend)
    )
    if not (np.abs(stored) < 90).all() or not (np.abs(longitude) <= 180).all():
        return []
    latitude = stored if geodetic is not None else geodetic_latitude(stored)
    maps = _dimension_maps(structure, swath)
    lattices = []
    for last, stated in ((0, maps), (0, {}), (1, {})):
        points = []
        for axis, size, count in zip(
            ("ImageLine", "ImagePixel"), (rows, cols), latitude.shape, strict=True
        ):
            offset, step = stated.get(axis, (0.0, (size - last) / (count - 1)))
            points.append(offset + step * np.arange(count))
        line, pixel = np.meshgrid(*points, indexing="ij")
        lattices.append(Lattice(line, pixel, latitude, longitude))
    return lattices


def _dimension_maps(structure: Hdf4Structure, swath: str) -> dict[str, tuple[float, float]]:
    """Offset and increment of a swath's dimension maps, by data dimension."""
    found: dict[str, tuple[float, float]] = {}
    text = join_pieces(structure.attributes, "StructMetadata")
    root = parse_odl(text, str(structure.path))
    swaths = [g for g in root.walk() if as_text(g.own("SwathName") or "") == swath]
    for group in swaths[0].walk() if swaths else ():
        dimension, offset, step = (
            group.own(key) for key in ("DataDimension", "Offset", "Increment")
        )
        if isinstance(dimension, str) and isinstance(offset, int) and isinstance(step, int):
            # A negative increment means several lattice points a pixel: not ASTER's.
            if step > 0:
                found[dimension] = float(offset), float(step)
    return found


def _corner_lattices(odl: AsterOdl, rows: int, cols: int) -> list[Lattice]:
    """Return the corners as 2 x 2 points, up to the last pixel or the one behind it."""
    if not odl.corners:
        return []
    upper_left, upper_right, lower_right, lower_left = odl.corners
    lonlat = np.array([[upper_left, upper_right], [lower_left, lower_right]])
    lattices = []
    for last in (0, 1):
        line, pixel = np.meshgrid([0.0, rows - last], [0.0, cols - last], indexing="ij")
        lattices.append(Lattice(line, pixel, lonlat[..., 1], lonlat[..., 0]))
    return lattices
