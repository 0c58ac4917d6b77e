"""The raster protocol by rasterio (pip's wheel); imported on first use only."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import TracebackType
from typing import Any

from numpy.typing import NDArray

from akkd_core.grid import Grid
from akkd_core.raster.protocol import DatasetHandle, RasterReader, RasterSpec
from akkd_core.raster.reading import CACHE_BYTES, check_window, raster_error, reading_driver


def _rasterio(name: str = "rasterio") -> Any:
    return import_module(name)


def _env() -> Any:
    return _rasterio().Env(GDAL_CACHEMAX=CACHE_BYTES)


class RasterioReader:
    """A :class:`akkd_core.raster.protocol.RasterReader`."""

    def __init__(self, path: str) -> None:
        rasterio = _rasterio()
        self.path = path
        try:
            with _env(), _quiet():
                self._dataset = rasterio.open(path, driver=reading_driver(path))
        except rasterio.errors.RasterioError as error:
            raise raster_error(path, error) from error
        dataset = self._dataset
        self.shape = (int(dataset.height), int(dataset.width))
        self.count = int(dataset.count)
        self.dtype = str(dataset.dtypes[0])
        self.nodata = None if dataset.nodata is None else float(dataset.nodata)
        self.descriptions = tuple(text or "" for text in dataset.descriptions)
        self.units = tuple(text or "" for text in dataset.units)
        self.scales = tuple(float(scale) for scale in dataset.scales)
        self.offsets = tuple(float(offset) for offset in dataset.offsets)
        self.tags: dict[str, str] = dict(dataset.tags())
        self.band_tags: tuple[dict[str, str], ...] = tuple(
            dict(dataset.tags(band)) for band in dataset.indexes
        )
        self.geotransform = tuple(dataset.transform.to_gdal())
        self.wkt = str(dataset.crs.to_wkt()) if dataset.crs else ""
        self.grid = self._grid()

    def _grid(self) -> Grid | None:
        crs = self._dataset.crs
        epsg = crs.to_epsg() if crs else None
        return None if epsg is None else Grid(int(epsg), self.geotransform, *self.shape)

    def read(
        self, row: int, col: int, rows: int, cols: int, bands: Sequence[int] | None = None
    ) -> NDArray[Any]:
        """Pixels of a window, (band, row, col). Raises InputError, GranuleReadError."""
        check_window(self.path, self.shape, row, col, rows, cols)
        window = _rasterio("rasterio.windows").Window(col, row, cols, rows)
        indexes = list(bands) if bands is not None else None
        try:
            with _env():
                data: NDArray[Any] = self._dataset.read(indexes, window=window)
        except _rasterio().errors.RasterioError as error:
            raise raster_error(self.path, error) from error
        return data

    def close(self) -> None:
        """Close the file."""
        self._dataset.close()

    def __enter__(self) -> RasterReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the warning on rasters without a place; their ``grid`` is None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", _rasterio().errors.NotGeoreferencedWarning)
        yield


class _RasterioHandle:
    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def write(self, array: NDArray[Any], row: int, col: int) -> None:
        """Write pixels (band, row, col)."""
        window = _rasterio("rasterio.windows").Window(col, row, array.shape[2], array.shape[1])
        with _env():
            self._dataset.write(array, window=window)

    def set_band_tags(self, band: int, tags: Mapping[str, str]) -> None:
        """Add tags to a band, counted from 1."""
        self._dataset.update_tags(band, **tags)

    def close(self) -> None:
        """Flush and close."""
        with _env():
            self._dataset.close()


class RasterioEngine:
    """An :class:`akkd_core.raster.protocol.Engine`."""

    name = "rasterio"

    def open(self, path: str) -> RasterReader:
        """Open for reading. Raises GranuleReadError."""
        return RasterioReader(path)

    def create(self, path: str, spec: RasterSpec) -> DatasetHandle:
        """Create an uncompressed tiled GeoTIFF."""
        rasterio = _rasterio()
        grid = spec.grid
        with _env():
            dataset = rasterio.open(
                path,
                "w",
                driver="GTiff",
                height=grid.rows,
                width=grid.cols,
                count=spec.count,
                dtype=spec.dtype,
                nodata=spec.nodata,
                crs=rasterio.crs.CRS.from_user_input(spec.crs_wkt or grid.epsg),
                transform=_rasterio("rasterio.transform").Affine.from_gdal(*grid.geotransform),
                tiled=True,
                blockxsize=512,
                blockysize=512,
                interleave="band",
                bigtiff="IF_SAFER",
            )
            if spec.palette:
                dataset.write_colormap(1, {i: (*c, 255) for i, c in enumerate(spec.palette)})
            dataset.update_tags(**spec.tags)
            for band in range(1, spec.count + 1):
                dataset.set_band_description(band, spec.descriptions[band - 1])
                if spec.units[band - 1]:
                    dataset.set_band_unit(band, spec.units[band - 1])
                if spec.band_tags[band - 1]:
                    dataset.update_tags(band, **spec.band_tags[band - 1])
        return _RasterioHandle(dataset)

    def build_overviews(self, path: str, factors: Sequence[int], resampling: str) -> None:
        """Add overviews, each ``factor`` times smaller."""
        method = _rasterio("rasterio.enums").Resampling[resampling]
        with _env(), _rasterio().open(path, "r+") as dataset:
            dataset.build_overviews(list(factors), method)

    def translate(self, source: str, target: str, options: Mapping[str, str]) -> None:
        """Copy a GeoTIFF to a COG."""
        with _env(), _rasterio().open(source) as dataset:
            _rasterio("rasterio.shutil").copy(dataset, target, driver="COG", **options)

    def delete(self, path: str) -> None:
        """Delete a GeoTIFF in memory (``/vsimem/``); quiet where there is none."""
        shutil = _rasterio("rasterio.shutil")
        with _env():
            if shutil.exists(path):
                shutil.delete(path, driver="GTiff")
