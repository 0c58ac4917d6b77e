"""Gridded variables out of netCDF files, classic and netCDF-4, on latitudes and longitudes.

GDAL reads them in a child process (its netCDF driver was seen to crash on damaged files): that of
rasterio's wheel, or the system's or QGIS's, so nothing needs to be installed. Values come in the
order of the file, unpacked (scale_factor, add_offset), NaN where missing.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import GranuleReadError, MissingDependencyError, UnsupportedGranuleError
from akkd_core.readers.child_python import PYTHON_VARIABLE, ChildError, ask_child
from akkd_core.readers.sniff import FileKind, sniff

Array = NDArray[np.float64]

LATITUDES, LONGITUDES = ("latitude", "lat"), ("longitude", "lon")
TIMES, LEVELS = ("time", "valid_time"), ("level", "lev", "pressure_level", "isobaricInhPa", "plev")
EXPERIMENTS = "expver"
"""Dimension of old ERA5 files: 1 is final, 5 preliminary (ERA5T); each is missing in the other."""

_CHILD = Path(__file__).with_name("netcdf_child.py")
_TIMEOUT_S = 120.0
_MISSING_ABOVE = 1e14
_MAX_VALUES = 50_000_000


@dataclass(frozen=True)
class Axis:
    """A one-dimensional coordinate.

    Parameters
    ----------
    name : str
    values : ndarray of float64, (n,)
    units, calendar : str
        As in the file.
    """

    name: str
    values: Array
    units: str
    calendar: str


@dataclass(frozen=True)
class Variable:
    """A variable on latitudes and longitudes.

    Parameters
    ----------
    name, units : str
    extra : tuple of Axis
        Dimensions before latitude and longitude, in order.
    latitude, longitude : ndarray of float64
        Degrees, in the order of the file.
    dtype : str
        As stored.
    nodata : tuple of float
        Counts that mean missing.
    scale, offset : float
        Value is count times scale plus offset.
    """

    name: str
    units: str
    extra: tuple[Axis, ...]
    latitude: Array
    longitude: Array
    dtype: str
    nodata: tuple[float, ...]
    scale: float
    offset: float

    def axis(self, names: Sequence[str]) -> Axis | None:
        """First dimension of one of these names."""
        return next((axis for axis in self.extra if axis.name in names), None)

    def unpacked(self, counts: Array) -> Array:
        """Values of counts, float64, in `units`; NaN where missing."""
        missing = ~np.isfinite(counts)
        for count in self.nodata:
            missing |= counts == count
        if self.dtype.startswith("float"):
            missing |= np.abs(counts) >= _MISSING_ABOVE
        result: Array = np.where(missing, np.nan, counts * self.scale + self.offset)
        return result


class NetcdfFile:
    """A netCDF file, described; values are read by window.

    Parameters
    ----------
    path : Path
    wanted : sequence of str
        Names of variables that may be asked for.
    python : path, optional
        Interpreter of the child process.

    Raises
    ------
    GranuleReadError
        If it can't be read.
    UnsupportedGranuleError
        If it is no netCDF file.
    MissingDependencyError
        If no Python with GDAL's netCDF driver is found.
    """

    def __init__(
        self, path: Path, wanted: Sequence[str], python: str | Path | None = None
    ) -> None:
        kind = sniff(path)
        if kind not in (FileKind.NETCDF, FileKind.HDF5):
            raise UnsupportedGranuleError(f"{path}: is {kind.value}, not netCDF")
        if '"' in str(path):
            raise GranuleReadError(f"{path}: has a quotation mark in its name. Rename it")
        self.path, self._python = path, python
        axes = [*LATITUDES, *LONGITUDES, *TIMES, *LEVELS, EXPERIMENTS, "number"]
        request = {"path": str(path.resolve()), "variables": list(wanted), "axes": axes}
        try:
            told: dict[str, Any] = json.loads(self._ask(request))
            self.names: tuple[str, ...] = tuple(told["names"])
            described = {n: _variable(n, v, told["axes"]) for n, v in told["variables"].items()}
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise self._unreadable(f"its description is malformed: {error}") from error
        self.variables: Mapping[str, Variable] = {
            name: found for name, found in described.items() if found is not None
        }

    def read(
        self, names: Sequence[str], bands: Sequence[int], row: int, col: int, rows: int, cols: int
    ) -> list[Array]:
        """Values of a window of variables of one shape.

        Parameters
        ----------
        names : sequence of str
        bands : sequence of int
            Counted from 0 over the dimensions before latitude and longitude, the last fastest.
        row, col, rows, cols : int
            In the order of the file.

        Returns
        -------
        list of ndarray of float64, (band, row, col)
            In the variables' units; NaN where missing.

        Raises
        ------
        GranuleReadError
            If they can't be read.
        """
        shape = (len(bands), rows, cols)
        size = math.prod(shape)
        if size * len(names) > _MAX_VALUES:
            raise self._unreadable(f"{size} values of {names[0]} are needed at once")
        parts = [
            {
                "name": name, "bands": [int(band) + 1 for band in bands],
                "window": [int(row), int(col), int(rows), int(cols)],
            }
            for name in names
        ]  # fmt: skip
        payload = self._ask({"path": str(self.path.resolve()), "read": parts})
        if len(payload) != 8 * size * len(names):
            raise self._unreadable(f"{len(payload) // 8} of {size * len(names)} values came")
        counts = np.frombuffer(payload, dtype=np.float64).reshape(len(names), *shape)
        return [
            self.variables[name].unpacked(part) for name, part in zip(names, counts, strict=True)
        ]

    def _ask(self, request: Mapping[str, Any]) -> bytes:
        try:
            payload = ask_child(_CHILD, request, self._python, _TIMEOUT_S)
        except ChildError as error:
            raise self._unreadable(str(error)) from error
        if payload is None:
            raise MissingDependencyError(
                f"{self.path}: netCDF needs GDAL with its netCDF driver. pip install rasterio, or "
                f"set {PYTHON_VARIABLE} to a Python that has osgeo.gdal"
            )
        return payload

    def _unreadable(self, detail: str) -> GranuleReadError:
        text = " ".join(detail.replace(f"{self.path.resolve()}", "the file").split())
        return GranuleReadError(
            f"{self.path}: can't be read as netCDF ({text}). Download it again"
        )


def _variable(name: str, told: Mapping[str, Any], axes: Mapping[str, Any]) -> Variable | None:
    """Variable of its description; None if it is on no latitudes and longitudes."""
    rows, cols = (int(n) for n in told["shape"])
    latitude, longitude = _coordinate(axes, LATITUDES, rows), _coordinate(axes, LONGITUDES, cols)
    if latitude is None or longitude is None:
        return None
    tags, band_tags = told["tags"], told["band_tags"]
    extra = tuple(
        _axis(dimension, axes, tags)
        for dimension in re.findall(r"[^{},\s]+", tags.get("NETCDF_DIM_EXTRA", ""))
    )
    if math.prod(axis.values.size for axis in extra) != int(told["count"]):
        raise ValueError(f"{name} has {told['count']} layers, not those of its dimensions")
    texts = (band_tags.get(key) for key in ("_FillValue", "missing_value"))
    missing = [np.float64(told["nodata"])] if told["nodata"] is not None else []
    for text in texts:
        try:
            missing.append(np.dtype(told["dtype"]).type(float(text)))
        except (TypeError, ValueError, OverflowError):
            continue
    return Variable(
        name, str(band_tags.get("units", "")).strip(), extra, latitude, longitude,
        str(told["dtype"]), tuple(sorted({float(value) for value in missing})),
        float(told["scale"]), float(told["offset"]),
    )  # fmt: skip


def _coordinate(axes: Mapping[str, Any], names: Sequence[str], size: int) -> Array | None:
    for name in names:
        if name in axes:
            values = np.array(axes[name]["values"], dtype=np.float64)
            steps = np.diff(values)
            if values.shape == (size,) and np.isfinite(values).all() and (
                (steps > 0).all() or (steps < 0).all()
            ):
                return values
    return None


def _axis(name: str, axes: Mapping[str, Any], tags: Mapping[str, str]) -> Axis:
    found = axes.get(name)
    if found is not None:
        values = np.array(found["values"], dtype=np.float64)
        kept = found["band_tags"]
        return Axis(name, values, str(kept.get("units", "")), str(kept.get("calendar", "")))
    texts = re.findall(r"[^{},\s]+", tags.get(f"NETCDF_DIM_{name}_VALUES", ""))
    if not texts:
        size = re.findall(r"\d+", tags.get(f"NETCDF_DIM_{name}_DEF", "{1}"))[0]
        texts = [str(number) for number in range(int(size))]
    values = np.array([float(text) for text in texts], dtype=np.float64)
    return Axis(name, values, tags.get(f"{name}#units", ""), tags.get(f"{name}#calendar", ""))
