"""The raster protocol by osgeo.gdal (the system's or QGIS's); imported on first use only.

Pixels pass as bytes (ReadRaster, WriteRaster), so that neither osgeo.gdal_array nor its numpy
version is needed. GDAL's process-wide settings are put back after each call: the host may be QGIS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import GranuleReadError
from akkd_core.grid import Grid
from akkd_core.raster.protocol import DatasetHandle, RasterReader, RasterSpec
from akkd_core.raster.reading import CACHE_BYTES, check_window, raster_error, reading_driver

_DTYPE_OF = {
    "Byte": "uint8",
    "Int8": "int8",
    "UInt16": "uint16",
    "Int16": "int16",
    "UInt32": "uint32",
    "Int32": "int32",
    "Float32": "float32",
    "Float64": "float64",
}
_NAME_OF = {dtype: name for name, dtype in _DTYPE_OF.items()}


def _gdal() -> Any:
    return import_module("osgeo.gdal")


def _osr() -> Any:
    return import_module("osgeo.osr")


@contextmanager
def _session() -> Iterator[Any]:
    """Exceptions on and an own cache limit, both put back afterwards."""
    gdal = _gdal()
    had_exceptions = gdal.GetUseExceptions()
    cache = gdal.GetCacheMax()
    gdal.UseExceptions()
    gdal.SetCacheMax(min(cache, CACHE_BYTES))
    try:
        yield gdal
    finally:
        gdal.SetCacheMax(cache)
        if not had_exceptions:
            gdal.DontUseExceptions()


def _wkt(epsg: int) -> str:
    reference = _osr().SpatialReference()
    reference.ImportFromEPSG(epsg)
    return str(reference.ExportToWkt())


def _identifies(reference: Any) -> bool:
    """Give a system its EPSG code if it is a known one; with osr's exceptions on it raises."""
    try:
        return bool(reference.AutoIdentifyEPSG() == 0)
    except RuntimeError:
        return False


class GdalReader:
    """A :class:`akkd_core.raster.protocol.RasterReader`."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            with _session() as gdal:
                self._dataset: Any = gdal.OpenEx(
                    path, gdal.OF_RASTER, allowed_drivers=[reading_driver(path)]
                )
        except RuntimeError as error:
            raise raster_error(path, error) from error
        dataset = self._dataset
        bands = [dataset.GetRasterBand(i + 1) for i in range(dataset.RasterCount)]
        if not bands:
            raise GranuleReadError(f"{path}: holds no raster bands. Give one of its subdatasets")
        self.shape = (int(dataset.RasterYSize), int(dataset.RasterXSize))
        self.count = len(bands)
        name = _gdal().GetDataTypeName(bands[0].DataType)
        if name not in _DTYPE_OF:
            raise GranuleReadError(f"{path}: pixels of type {name} aren't supported. Convert it")
        self.dtype = _DTYPE_OF[name]
        nodata = bands[0].GetNoDataValue()
        self.nodata = None if nodata is None else float(nodata)
        self.descriptions = tuple(str(band.GetDescription()) for band in bands)
        self.units = tuple(str(band.GetUnitType() or "") for band in bands)
        scaling = [(band.GetScale(), band.GetOffset()) for band in bands]
        self.scales = tuple(1.0 if scale is None else float(scale) for scale, _ in scaling)
        self.offsets = tuple(0.0 if offset is None else float(offset) for _, offset in scaling)
        self.tags: dict[str, str] = dict(dataset.GetMetadata())
        self.band_tags: tuple[dict[str, str], ...] = tuple(
            dict(band.GetMetadata()) for band in bands
        )
        self.geotransform = tuple(dataset.GetGeoTransform())
        reference = dataset.GetSpatialRef()
        self.wkt = "" if reference is None else str(reference.ExportToWkt())
        self.grid = self._grid()

    def _grid(self) -> Grid | None:
        reference = self._dataset.GetSpatialRef()
        if reference is None:
            return None
        code = reference.GetAuthorityCode(None)
        if code is None and _identifies(reference):
            code = reference.GetAuthorityCode(None)
        if code is None:
            return None
        return Grid(int(code), self.geotransform, *self.shape)

    def read(
        self, row: int, col: int, rows: int, cols: int, bands: Sequence[int] | None = None
    ) -> NDArray[Any]:
        """Pixels of a window, (band, row, col). Raises InputError, GranuleReadError."""
        check_window(self.path, self.shape, row, col, rows, cols)
        wanted = list(bands) if bands is not None else list(range(1, self.count + 1))
        try:
            with _session() as gdal:
                data = self._dataset.ReadRaster(
                    col,
                    row,
                    cols,
                    rows,
                    buf_type=gdal.GetDataTypeByName(_NAME_OF[self.dtype]),
                    band_list=wanted,
                )
        except RuntimeError as error:
            raise raster_error(self.path, error) from error
        pixels = np.frombuffer(data, dtype=self.dtype).reshape(len(wanted), rows, cols)
        return pixels.copy()

    def close(self) -> None:
        """Close the file."""
        self._dataset = None

    def __enter__(self) -> RasterReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _GdalHandle:
    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def write(self, array: NDArray[Any], row: int, col: int) -> None:
        """Write pixels (band, row, col)."""
        bands, rows, cols = array.shape
        with _session() as gdal:
            self._dataset.WriteRaster(
                col,
                row,
                cols,
                rows,
                np.ascontiguousarray(array).tobytes(),
                buf_type=gdal.GetDataTypeByName(_NAME_OF[array.dtype.name]),
                band_list=list(range(1, bands + 1)),
            )

    def set_band_tags(self, band: int, tags: Mapping[str, str]) -> None:
        """Add tags to a band, counted from 1."""
        target = self._dataset.GetRasterBand(band)
        for key, value in tags.items():
            target.SetMetadataItem(key, value)

    def close(self) -> None:
        """Flush and close."""
        if self._dataset is not None:
            dataset, self._dataset = self._dataset, None
            with _session():
                dataset.FlushCache()
                del dataset


class GdalEngine:
    """An :class:`akkd_core.raster.protocol.Engine`."""

    name = "gdal"

    def open(self, path: str) -> RasterReader:
        """Open for reading. Raises GranuleReadError."""
        return GdalReader(path)

    def create(self, path: str, spec: RasterSpec) -> DatasetHandle:
        """Create an uncompressed tiled GeoTIFF."""
        grid = spec.grid
        options = [
            "TILED=YES", "BLOCKXSIZE=512", "BLOCKYSIZE=512", "INTERLEAVE=BAND", "BIGTIFF=IF_SAFER",
        ]  # fmt: skip
        with _session() as gdal:
            kind = gdal.GetDataTypeByName(_NAME_OF[spec.dtype])
            dataset = gdal.GetDriverByName("GTiff").Create(
                path, grid.cols, grid.rows, spec.count, kind, options=options
            )
            dataset.SetProjection(spec.crs_wkt or _wkt(grid.epsg))
            dataset.SetGeoTransform(grid.geotransform)
            if spec.palette:
                colours = gdal.ColorTable()
                for entry, colour in enumerate(spec.palette):
                    colours.SetColorEntry(entry, (*colour, 255))
                dataset.GetRasterBand(1).SetColorTable(colours)
            for key, value in spec.tags.items():
                dataset.SetMetadataItem(key, value)
            for index in range(spec.count):
                band = dataset.GetRasterBand(index + 1)
                band.SetDescription(spec.descriptions[index])
                if spec.nodata is not None:
                    band.SetNoDataValue(spec.nodata)
                if spec.units[index]:
                    band.SetUnitType(spec.units[index])
                for key, value in spec.band_tags[index].items():
                    band.SetMetadataItem(key, value)
        return _GdalHandle(dataset)

    def build_overviews(self, path: str, factors: Sequence[int], resampling: str) -> None:
        """Add overviews, each ``factor`` times smaller."""
        with _session() as gdal:
            dataset = gdal.Open(path, gdal.GA_Update)
            dataset.BuildOverviews(resampling.upper(), list(factors))
            dataset.FlushCache()
            del dataset

    def translate(self, source: str, target: str, options: Mapping[str, str]) -> None:
        """Copy a GeoTIFF to a COG."""
        with _session() as gdal:
            dataset = gdal.Open(source)
            copy = gdal.GetDriverByName("COG").CreateCopy(
                target, dataset, options=[f"{key}={value}" for key, value in options.items()]
            )
            copy.FlushCache()
            del copy, dataset

    def delete(self, path: str) -> None:
        """Delete a GeoTIFF in memory (``/vsimem/``); quiet where there is none."""
        gdal = _gdal()
        if gdal.VSIStatL(path) is not None:
            gdal.Unlink(path)
