"""Child process of the netCDF reader: what a file holds, and windows of it, by GDAL.

Runs alone, as ``python -I netcdf_child.py`` with a JSON request on standard input, in a Python that
need not have AKKD: it takes rasterio or osgeo.gdal, whichever has the netCDF driver. Without
``read`` it answers with JSON that describes the wanted variables and one-dimensional axes; with it,
with the counts of windows as float64, one after the other.
Exit codes: 0 done, 2 unreadable, 3 no GDAL with a netCDF driver here.
"""

from __future__ import annotations

import json
import sys
import warnings
from array import array
from importlib import import_module
from typing import Any

# Rows in the order of the file; GDAL would turn them so that north is up.
_OPTION = ("GDAL_NETCDF_BOTTOMUP", "NO")
_MAX_AXIS = 1_000_000


class _ByRasterio:
    def __init__(self) -> None:
        self._rasterio = import_module("rasterio")
        self._env = self._rasterio.Env(**dict([_OPTION]))
        self._env.__enter__()
        if "netCDF" not in self._env.drivers():
            raise ImportError("no netCDF driver")

    def names(self, path: str) -> list[str]:
        with self._rasterio.open(path, driver="netCDF") as dataset:
            found = [name.rpartition(":")[2] for name in dataset.subdatasets]
            return found or [dataset.tags(1).get("NETCDF_VARNAME", "") for _ in dataset.indexes[:1]]

    def describe(self, path: str, name: str) -> dict[str, Any]:
        with self._open(path, name) as dataset:
            return {
                "shape": [dataset.height, dataset.width],
                "count": dataset.count,
                "dtype": str(dataset.dtypes[0]),
                "nodata": dataset.nodata,
                "scale": dataset.scales[0],
                "offset": dataset.offsets[0],
                "tags": dict(dataset.tags()),
                "band_tags": dict(dataset.tags(1)),
            }

    def read(
        self, path: str, name: str, bands: list[int], window: tuple[int, int, int, int]
    ) -> bytes:
        row, col, rows, cols = window
        place = import_module("rasterio.windows").Window(col, row, cols, rows)
        with self._open(path, name) as dataset:
            return bytes(dataset.read(bands, window=place, out_dtype="float64").tobytes())

    def _open(self, path: str, name: str) -> Any:
        return self._rasterio.open(f'netcdf:"{path}":{name}', driver="netCDF")


class _ByGdal:
    def __init__(self) -> None:
        self._gdal = import_module("osgeo.gdal")
        if self._gdal.GetDriverByName("netCDF") is None:
            raise ImportError("no netCDF driver")
        self._gdal.UseExceptions()
        self._gdal.PushErrorHandler("CPLQuietErrorHandler")
        self._gdal.SetConfigOption(*_OPTION)

    def names(self, path: str) -> list[str]:
        dataset = self._gdal.OpenEx(path, self._gdal.OF_RASTER, allowed_drivers=["netCDF"])
        found = [name.rpartition(":")[2] for name, _ in dataset.GetSubDatasets()]
        if found or not dataset.RasterCount:
            return found
        return [dataset.GetRasterBand(1).GetMetadata().get("NETCDF_VARNAME", "")]

    def describe(self, path: str, name: str) -> dict[str, Any]:
        dataset = self._open(path, name)
        band = dataset.GetRasterBand(1)
        scale, offset = band.GetScale(), band.GetOffset()
        return {
            "shape": [dataset.RasterYSize, dataset.RasterXSize],
            "count": dataset.RasterCount,
            "dtype": self._gdal.GetDataTypeName(band.DataType).lower(),
            "nodata": band.GetNoDataValue(),
            "scale": 1.0 if scale is None else scale,
            "offset": 0.0 if offset is None else offset,
            "tags": dict(dataset.GetMetadata()),
            "band_tags": dict(band.GetMetadata()),
        }

    def read(
        self, path: str, name: str, bands: list[int], window: tuple[int, int, int, int]
    ) -> bytes:
        row, col, rows, cols = window
        dataset = self._open(path, name)
        return b"".join(
            bytes(
                dataset.GetRasterBand(band).ReadRaster(
                    col, row, cols, rows, buf_type=self._gdal.GDT_Float64
                )
            )
            for band in bands
        )

    def _open(self, path: str, name: str) -> Any:
        return self._gdal.OpenEx(
            f'netcdf:"{path}":{name}', self._gdal.OF_RASTER, allowed_drivers=["netCDF"]
        )


def find_library() -> Any:
    """Return the first library that is there and has the driver, or None."""
    for kind in (_ByRasterio, _ByGdal):
        try:
            return kind()
        except ImportError:
            continue
    return None


def _axes(library: Any, path: str, names: list[str]) -> dict[str, Any]:
    """Values and attributes of the one-dimensional variables that are there."""
    found = {}
    for name in names:
        try:
            told = library.describe(path, name)
            rows, cols = told["shape"]
            if rows != 1 or told["count"] != 1 or cols > _MAX_AXIS:
                continue
            told["values"] = array("d", library.read(path, name, [1], (0, 0, 1, cols)))
        # each library has its own; the name isn't there
        except Exception:  # nosec B112
            continue
        told["values"] = told["values"].tolist()
        found[name] = told
    return found


def _describe(library: Any, request: dict[str, Any]) -> bytes:
    path = request["path"]
    names = [name for name in library.names(path) if name]
    variables = {
        name: library.describe(path, name) for name in names if name in request["variables"]
    }
    answer = {
        "names": names,
        "variables": variables,
        "axes": _axes(library, path, request["axes"]) if variables else {},
    }
    return json.dumps(answer).encode()


def answer(library: Any, request: dict[str, Any]) -> bytes:
    """Describe a file, or read windows of it, by a library of `find_library`."""
    if "read" not in request:
        return _describe(library, request)
    return b"".join(
        library.read(request["path"], part["name"], part["bands"], part["window"])
        for part in request["read"]
    )


def main() -> int:
    """Answer one request; return the exit code."""
    request = json.load(sys.stdin)
    # rasterio's, on variables without a place
    warnings.simplefilter("ignore")
    library = find_library()
    if library is None:
        return 3
    try:
        sys.stdout.buffer.write(answer(library, request))
    except Exception as error:
        sys.stderr.write(f"{' '.join(str(error).split())}\n")
        return 2
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
