"""Which GDAL this process writes rasters with, and which formats it knows."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from akkd_core.raster.backends import gdal_first

WANTED = ("GTiff", "COG", "HDF4", "netCDF", "GPKG")
"""Drivers that are asked for. GPKG and netCDF have readers of their own in AKKD."""


@dataclass(frozen=True)
class GdalFacts:
    """A GDAL.

    Parameters
    ----------
    package : str
        ``rasterio`` or ``osgeo``.
    version : str
        Of GDAL itself.
    drivers : tuple of str
        Those of `WANTED` that it has.
    """

    package: str
    version: str
    drivers: tuple[str, ...]


def find_gdal() -> tuple[GdalFacts, ...]:
    """Ask every GDAL that can be imported, in the order in which AKKD tries them."""
    ways = (_osgeo,) if gdal_first() else (_rasterio, _osgeo)
    found = []
    for way in ways:
        try:
            found.append(way())
        # besides ImportError, what a library that doesn't fit its system leads to
        except Exception:  # nosec B112
            continue
    return tuple(found)


def _rasterio() -> GdalFacts:
    rasterio = import_module("rasterio")
    with rasterio.Env() as env:
        known = env.drivers()
    return GdalFacts(
        "rasterio", str(rasterio.__gdal_version__), tuple(n for n in WANTED if n in known)
    )


def _osgeo() -> GdalFacts:
    gdal = import_module("osgeo.gdal")
    known = tuple(name for name in WANTED if gdal.GetDriverByName(name) is not None)
    return GdalFacts("osgeo", str(gdal.VersionInfo("RELEASE_NAME")), known)
