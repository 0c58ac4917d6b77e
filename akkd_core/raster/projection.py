"""Between projected coordinates and longitude, latitude (WGS 84, degrees)."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from akkd_core.errors import InputError, MissingDependencyError
from akkd_core.raster.backends import gdal_first

_LONLAT = 4326

Coordinates = tuple[NDArray[np.float64], NDArray[np.float64]]

Crs = int | str
"""A coordinate system: EPSG code, or WKT where it has none (MODIS's sinusoidal one)."""


def _pyproj(source: Crs, target: Crs, x: NDArray[np.float64], y: NDArray[np.float64]) -> Any:
    transformer = import_module("pyproj").Transformer.from_crs(source, target, always_xy=True)
    return transformer.transform(x, y)


def _osr(source: Crs, target: Crs, x: NDArray[np.float64], y: NDArray[np.float64]) -> Any:
    osr = import_module("osgeo.osr")
    references = []
    for code in (source, target):
        reference = osr.SpatialReference()
        if isinstance(code, str):
            reference.ImportFromWkt(code)
        else:
            reference.ImportFromEPSG(code)
        # Always x then y, as the other two; axis mapping exists since GDAL 3.
        reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        references.append(reference)
    transformation = osr.CoordinateTransformation(*references)
    points = transformation.TransformPoints(list(zip(x.tolist(), y.tolist(), strict=True)))
    return [p[0] for p in points], [p[1] for p in points]


def _rasterio(source: Crs, target: Crs, x: NDArray[np.float64], y: NDArray[np.float64]) -> Any:
    warp = import_module("rasterio.warp")
    crs = import_module("rasterio.crs").CRS
    return warp.transform(crs.from_user_input(source), crs.from_user_input(target), x, y)


_WAYS = {"pyproj": _pyproj, "osr": _osr, "rasterio": _rasterio}


def _transform(source: Crs, target: Crs, x: ArrayLike, y: ArrayLike, way: str) -> Coordinates:
    xs, ys = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
    ways: tuple[str, ...]
    if way != "auto":
        ways = (way,)
    else:
        # rasterio will write the product in any case: pyproj beside it costs 0.06 s more
        ways = ("osr",) if gdal_first() else ("rasterio", "pyproj", "osr")
    for name in ways:
        try:
            out = _WAYS[name](source, target, xs.ravel(), ys.ravel())
        except ImportError:
            continue
        # The three packages' errors share no base.
        except Exception as error:
            raise InputError(
                f"can't convert coordinates of {str(source)[:60]} to {str(target)[:60]} "
                f"({' '.join(str(error).split())[:200]}). Check the coordinate system"
            ) from error
        first, second = (np.asarray(part, np.float64).reshape(xs.shape) for part in out)
        return first, second
    raise MissingDependencyError(
        "map projections need pyproj, GDAL's Python module (osgeo) or rasterio. "
        "Install one: pip install pyproj, or apt install python3-gdal"
    )


def to_lonlat(crs: Crs, x: ArrayLike, y: ArrayLike, way: str = "auto") -> Coordinates:
    """Longitude and latitude of projected coordinates.

    Parameters
    ----------
    crs : int or str
        EPSG code of the coordinates' system, or its WKT.
    x, y : array_like of float
        Easting and northing, m.
    way : {"auto", "pyproj", "osr", "rasterio"}

    Returns
    -------
    lon, lat : ndarray of float64
        WGS 84, degrees, -180-180 and -90-90.

    Raises
    ------
    MissingDependencyError
        If none of the three packages is installed.
    InputError
        If the package doesn't know the system.
    """
    return _transform(crs, _LONLAT, x, y, way)


def from_lonlat(crs: Crs, lon: ArrayLike, lat: ArrayLike, way: str = "auto") -> Coordinates:
    """Projected coordinates of longitude and latitude, the inverse of :func:`to_lonlat`.

    Parameters
    ----------
    crs : int or str
        EPSG code of the wanted system, or its WKT.
    lon, lat : array_like of float
        WGS 84, degrees.
    way : {"auto", "pyproj", "osr", "rasterio"}

    Returns
    -------
    x, y : ndarray of float64
        Easting and northing, m.

    Raises
    ------
    MissingDependencyError
        If none of the three packages is installed.
    InputError
        If the package doesn't know the system.
    """
    return _transform(_LONLAT, crs, lon, lat, way)
