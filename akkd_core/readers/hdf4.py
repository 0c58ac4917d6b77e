"""Arrays out of an HDF4 file whose structure was checked before.

Plain data, as ASTER's, are read straight from the file: HDF4's own library was seen to crash on
granules with damaged bytes, and a reader must not take the host (QGIS) down. Compressed or chunked
data need a library: pyhdf in this process, or where it is absent osgeo.gdal in a child process,
since GDAL's HDF4 driver crashes on malformed files too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import GranuleReadError, MissingDependencyError
from akkd_core.readers.child_python import PYTHON_VARIABLE, ChildError, ask_child
from akkd_core.readers.hdf4_structure import Hdf4Structure, SdsInfo

_CHILD = Path(__file__).with_name("hdf4_gdal_child.py")
_CHILD_TIMEOUT_S = 120.0


def read_arrays(
    structure: Hdf4Structure,
    datasets: Sequence[SdsInfo],
    *,
    backend: str = "auto",
    python: str | Path | None = None,
) -> list[NDArray[Any]]:
    """Read whole data sets.

    Parameters
    ----------
    structure : Hdf4Structure
        Of the file, as :func:`read_structure` returned it.
    datasets : sequence of SdsInfo
    backend : {"auto", "pyhdf", "gdal"}
        ``auto``: straight from the file where the data are plain; else pyhdf, or gdal where
        pyhdf can't be imported.
    python : path, optional
        Interpreter of gdal's child process; by default the environment's AKKD_PYTHON, else the
        Python of this installation, else ``python3`` on the PATH.

    Returns
    -------
    list of ndarray
        In the order of ``datasets``; each has its data set's dtype and shape, counts as stored.

    Raises
    ------
    GranuleReadError
        If the data can't be read.
    MissingDependencyError
        If neither pyhdf nor GDAL's HDF4 driver is there.
    """
    if backend not in ("auto", "pyhdf", "gdal"):
        raise ValueError(f"unknown HDF4 backend {backend!r}")
    packed = [info for info in datasets if info.packed or backend != "auto"]
    arrays = iter(_read_by_library(structure, packed, backend, python) if packed else [])
    return [next(arrays) if i in packed else _read_plain(structure, i) for i in datasets]


def _read_by_library(
    structure: Hdf4Structure,
    datasets: Sequence[SdsInfo],
    backend: str,
    python: str | Path | None,
) -> list[NDArray[Any]]:
    if backend != "gdal":
        try:
            pyhdf = import_module("pyhdf.SD"), import_module("pyhdf.error")
        except ImportError as error:
            if backend == "pyhdf":
                raise MissingDependencyError(
                    f"{structure.path}: pyhdf can't be imported ({error}). pip install pyhdf"
                ) from error
        else:
            return _read_pyhdf(structure, datasets, *pyhdf)
    return _read_gdal(structure, datasets, python)


def _read_plain(structure: Hdf4Structure, info: SdsInfo) -> NDArray[Any]:
    if info.extent is None:
        if info.fill_value is None or not info.dtype:
            raise _unreadable(structure, f"{info.name} holds no data")
        return np.full(info.shape, info.fill_value, info.dtype)
    offset, order = info.extent
    dtype = np.dtype(info.dtype)
    count = math.prod(info.shape)
    try:
        stored = np.fromfile(structure.path, np.dtype(f"{order}{dtype.str[1:]}"), count, "", offset)
    except (OSError, ValueError) as error:
        raise _unreadable(structure, str(error)) from error
    if stored.size != count:
        raise _unreadable(structure, f"{info.name} ends after {stored.size} of {count} values")
    return stored.astype(dtype).reshape(info.shape)


def _read_pyhdf(
    structure: Hdf4Structure, datasets: Sequence[SdsInfo], sd_module: Any, error_module: Any
) -> list[NDArray[Any]]:
    try:
        file = sd_module.SD(str(structure.path), sd_module.SDC.READ)
        try:
            arrays = [_read_dataset(file, info) for info in datasets]
        finally:
            file.end()
    except (error_module.HDF4Error, ValueError, TypeError, MemoryError) as error:
        raise _unreadable(structure, str(error)) from error
    return [_checked(structure, i, a) for i, a in zip(datasets, arrays, strict=True)]


def _read_dataset(file: Any, info: SdsInfo) -> NDArray[Any]:
    dataset = file.select(info.index)
    try:
        return np.asarray(dataset.get())
    finally:
        # A data set that outlives its file crashes the process when it is collected.
        dataset.endaccess()


def _unreadable(structure: Hdf4Structure, detail: str) -> GranuleReadError:
    return GranuleReadError(
        f"{structure.path}: data can't be read ({' '.join(detail.split())}). "
        "Download the granule again"
    )


def _checked(
    structure: Hdf4Structure, info: SdsInfo, array: NDArray[Any]
) -> NDArray[Any]:
    if array.shape != info.shape:
        raise _unreadable(structure, f"{info.name} has shape {array.shape}, not {info.shape}")
    return array


def _read_gdal(
    structure: Hdf4Structure, datasets: Sequence[SdsInfo], python: str | Path | None
) -> list[NDArray[Any]]:
    request = {
        "path": str(structure.path.resolve()), "indices": [info.index for info in datasets]
    }  # fmt: skip
    try:
        payload = ask_child(_CHILD, request, python, _CHILD_TIMEOUT_S)
    except ChildError as error:
        raise _unreadable(structure, str(error)) from error
    if payload is not None:
        return _split(structure, datasets, payload)
    raise MissingDependencyError(
        f"{structure.path}: HDF4 needs pyhdf or GDAL with its HDF4 driver, neither was found. "
        f"pip install pyhdf, or set {PYTHON_VARIABLE} to a Python that has osgeo.gdal"
    )


def _split(
    structure: Hdf4Structure, datasets: Sequence[SdsInfo], payload: bytes
) -> list[NDArray[Any]]:
    arrays, at = [], 0
    for info in datasets:
        dtype = np.dtype(info.dtype)
        count = int(np.prod(info.shape))
        end = at + count * dtype.itemsize
        if end > len(payload):
            raise _unreadable(structure, f"GDAL gave too little data for {info.name}")
        arrays.append(np.frombuffer(payload, dtype, count, at).reshape(info.shape).copy())
        at = end
    if at != len(payload):
        raise _unreadable(structure, "GDAL gave more data than asked for")
    return arrays
