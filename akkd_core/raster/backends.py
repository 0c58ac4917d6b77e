"""Choosing a backend, and the room's entry points."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

from akkd_core.errors import (
    GranuleReadError,
    MissingDependencyError,
    ParameterError,
    ProductWriteError,
)
from akkd_core.grid import Grid
from akkd_core.raster.cog import CogWriter
from akkd_core.raster.protocol import Engine, RasterReader, RasterSpec, RasterWriter

BACKENDS = ("auto", "rasterio", "gdal")

_REMEDY = (
    "reading and writing GeoTIFF needs rasterio or GDAL's Python module (osgeo). "
    "Install one: pip install rasterio, or apt install python3-gdal"
)


def gdal_first() -> bool:
    """Whether osgeo.gdal comes first: inside QGIS, whose process rasterio's wheel disturbs."""
    return "qgis" in sys.modules


def _engine(name: str) -> Engine:
    if name == "rasterio":
        from akkd_core.raster.rasterio_backend import RasterioEngine

        import_module("rasterio")
        return RasterioEngine()
    from akkd_core.raster.gdal_backend import GdalEngine

    import_module("osgeo.gdal")
    return GdalEngine()


def select_backend(backend: str = "auto") -> Engine:
    """Backend by name, or the first one that can be imported.

    Parameters
    ----------
    backend : {"auto", "rasterio", "gdal"}

    Raises
    ------
    ParameterError
        If the name is unknown.
    MissingDependencyError
        If the package isn't there; the message carries the remedy.
    """
    if backend not in BACKENDS:
        raise ParameterError(f"raster backend {backend}: expected one of {', '.join(BACKENDS)}")
    if backend == "auto":
        names: tuple[str, ...] = ("gdal",) if gdal_first() else ("rasterio", "gdal")
    else:
        names = (backend,)
    causes = []
    for name in names:
        try:
            return _engine(name)
        except ImportError as error:
            causes.append(str(error))
    raise MissingDependencyError(f"{_REMEDY} ({'; '.join(causes)})")


def open_raster(path: str | Path, backend: str = "auto") -> RasterReader:
    """Open a raster for reading window by window.

    Parameters
    ----------
    path : path
    backend : {"auto", "rasterio", "gdal"}

    Returns
    -------
    RasterReader
        Its ``grid`` is None where the file has no coordinate system with an EPSG code.

    Raises
    ------
    GranuleReadError
        If the file is absent or no raster.
    MissingDependencyError
        If no backend is installed.
    """
    if not os.path.exists(path):
        raise GranuleReadError(f"{path}: no such file. Check the name")
    return select_backend(backend).open(str(path))


def create_cog(
    path: str | Path,
    *,
    grid: Grid,
    count: int,
    dtype: str,
    nodata: float | None,
    descriptions: Sequence[str],
    tags: Mapping[str, str],
    band_tags: Sequence[Mapping[str, str]] | None = None,
    units: Sequence[str] | None = None,
    resampling: str | None = None,
    palette: Sequence[tuple[int, int, int]] = (),
    crs_wkt: str = "",
    overwrite: bool = False,
    backend: str = "auto",
) -> RasterWriter:
    """Start a cloud-optimised GeoTIFF: 512 blocks, overviews, DEFLATE with predictor.

    Parameters
    ----------
    path : path
        Final name; the file gets it only when whole.
    grid : Grid
    count : int
        Bands.
    dtype : {"float32", "uint16", "uint8"}
    nodata : float or None
    descriptions : sequence of str
        One per band.
    tags : mapping of str to str
        Of the dataset.
    band_tags : sequence of mapping, optional
        One per band.
    units : sequence of str, optional
        One per band.
    resampling : {"average", "nearest"}, optional
        Of the overviews; by default averaging for floats, nearest for integers.
    palette : sequence of (int, int, int)
        Red, green, blue of the values from 0, 0-255, for one band of uint8.
    crs_wkt : str
        Coordinate system of a grid without an EPSG code, e.g. MODIS's sinusoidal one.
    overwrite : bool
        Whether a file of that name may be replaced.
    backend : {"auto", "rasterio", "gdal"}

    Returns
    -------
    RasterWriter

    Raises
    ------
    ProductWriteError
        If the file exists (without ``overwrite``) or the folder can't be written.
    ParameterError
        If the description doesn't fit together.
    """
    path = Path(path)
    spec = RasterSpec(
        grid=grid,
        count=count,
        dtype=dtype,
        nodata=nodata,
        descriptions=tuple(descriptions),
        units=tuple(units) if units is not None else ("",) * count,
        tags=dict(tags),
        band_tags=tuple(dict(t) for t in band_tags) if band_tags is not None else ({},) * count,
        resampling=resampling or ("average" if dtype == "float32" else "nearest"),
        palette=tuple(palette),
        crs_wkt=crs_wkt,
    )
    if path.exists() and not overwrite:
        raise ProductWriteError(f"{path}: exists already. Give --overwrite to replace it")
    return CogWriter(select_backend(backend), path, spec)
