"""Arrays out of an HDF4 file whose structure was checked before.

Plain data, as ASTER's, are read straight from the file: HDF4's own library was seen to crash on
granules with damaged bytes, and a reader must not take the host (QGIS) down. Compressed or chunked
data need a library: pyhdf in this process, or where it is absent osgeo.gdal in a child process,
since GDAL's HDF4 driver crashes on malformed files too.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import GranuleReadError, MissingDependencyError
from akkd_core.readers.hdf4_structure import Hdf4Structure, SdsInfo

PYTHON_VARIABLE = "AKKD_PYTHON"
"""Environment variable: the Python that has osgeo.gdal, for the child process."""

_CHILD = Path(__file__).with_name("hdf4_gdal_child.py")
_CHILD_TIMEOUT_S = 120.0
_CHILD_NO_GDAL = 3
_DROPPED_VARIABLES = ("PYTHON", "QT_", "QGIS", "GDAL_", "PROJ_", "LD_", "DYLD_")
# GDAL's HDF4 driver is a plug-in in some distributions (OSGeo4W, conda).
_KEPT_VARIABLES = ("GDAL_DRIVER_PATH",)


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


def _interpreters(python: str | Path | None) -> Iterator[str]:
    """Yield interpreters to try, best first; one that was asked for is the only one."""
    asked = python or os.environ.get(PYTHON_VARIABLE)
    if asked:
        yield str(asked)
        return
    seen = set()
    name = Path(sys.executable or "").name.lower()
    # In QGIS sys.executable is QGIS itself.
    own = [sys.executable] if name.startswith("python") else []
    prefix = Path(sys.base_prefix)
    beside = [prefix / "bin" / "python3", prefix / "python3.exe", prefix / "python.exe"]
    found = [shutil.which("python3"), "/usr/bin/python3"]
    for candidate in [*own, *map(str, beside), *found]:
        if candidate and candidate not in seen and Path(candidate).is_file():
            seen.add(candidate)
            yield candidate


def _environment() -> dict[str, str]:
    """Return this process's environment without what would bend another Python's libraries."""
    return {
        key: value
        for key, value in os.environ.items()
        if key in _KEPT_VARIABLES or not key.upper().startswith(_DROPPED_VARIABLES)
    }


def _read_gdal(
    structure: Hdf4Structure, datasets: Sequence[SdsInfo], python: str | Path | None
) -> list[NDArray[Any]]:
    request = json.dumps(
        {"path": str(structure.path.resolve()), "indices": [info.index for info in datasets]}
    )
    for interpreter in _interpreters(python):
        try:
            child = subprocess.run(
                [interpreter, "-I", str(_CHILD)],
                input=request.encode(), capture_output=True, env=_environment(),
                timeout=_CHILD_TIMEOUT_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise _unreadable(structure, f"GDAL took over {_CHILD_TIMEOUT_S:.0f} s") from error
        except OSError:
            continue
        if child.returncode == 0:
            return _split(structure, datasets, child.stdout)
        if child.returncode != _CHILD_NO_GDAL:
            detail = child.stderr.decode(errors="replace").strip().splitlines()[-1:]
            reason = detail[0] if detail else "no message"
            raise _unreadable(structure, f"GDAL ended with code {child.returncode}: {reason}")
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
