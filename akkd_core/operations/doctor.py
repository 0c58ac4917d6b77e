"""Use-case: whether this installation can do its work, and what would mend it."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Any

from akkd_core import __version__
from akkd_core.operations.doctor_parts import (
    PACKAGES,
    machine_facts,
    package_facts,
    runtime_facts,
    tidy,
)
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, SilentProgress, checkpoint

_LOW_DISK_GIB = 1.0
_LOW_MEMORY_GIB = 0.5


def run(*, progress: Progress, json: bool) -> Outcome:
    """Run the operation ``doctor`` of the catalogue; parameters as declared there.

    Raises
    ------
    OperationCancelled
    """
    data = diagnose(progress)
    lines = (
        (json_format.dumps(data, indent=1, ensure_ascii=False),) if json else tuple(_lines(data))
    )
    failures = [
        f"{entry['what']}. {entry['remedy']}" for entry in data["missing"] if entry["essential"]
    ]
    return Outcome(lines, data, tuple(failures))


def diagnose(progress: Progress) -> dict[str, Any]:
    """Look at everything, as plain JSON values.

    Parameters
    ----------
    progress : Progress

    Returns
    -------
    dict
        ``akkd`` (version), ``machine``, ``packages``, ``gdal``, ``hdf4`` (what reads it),
        ``runtimes``, ``models`` and ``missing`` (what, remedy, and whether retrieval can't do
        without).

    Raises
    ------
    OperationCancelled
    """
    packages = []
    for number, package in enumerate(PACKAGES):
        checkpoint(progress, 0.7 * number / len(PACKAGES), f"looking for {package.names[0]}")
        packages.append(package_facts(package))
    checkpoint(progress, 0.7, "looking at drivers and models")
    models, folder = _models()
    places = {"working folder": Path.cwd(), "folder of models": folder}
    gdal = _gdal()
    data: dict[str, Any] = {
        "akkd": __version__,
        "machine": machine_facts(places),
        "packages": packages,
        "gdal": gdal,
        "hdf4": _hdf4(packages, gdal),
        "runtimes": runtime_facts(),
        "models": models,
    }
    data["missing"] = _missing(data)
    progress.update(1.0, "done")
    return data


def _gdal() -> list[dict[str, Any]]:
    try:
        from akkd_core.raster.drivers import find_gdal
    # numpy itself may be what is missing
    except ImportError:
        return []
    return [
        {"package": found.package, "version": found.version, "drivers": list(found.drivers)}
        for found in find_gdal()
    ]


def _hdf4(packages: list[dict[str, Any]], gdal: list[dict[str, Any]]) -> str:
    """Tell what reads HDF4: granules as distributed are plain, MODIS is compressed."""
    readers = [f"pyhdf {p['version']}" for p in packages if p["name"] == "pyhdf" and _usable(p)]
    readers += [f"GDAL {g['version']} ({g['package']})" for g in gdal if "HDF4" in g["drivers"]]
    return f"plain data by AKKD itself; compressed by {', '.join(readers) or 'nothing'}"


def _usable(package: dict[str, Any]) -> bool:
    return package["remedy"] is None


def _models() -> tuple[list[dict[str, Any]], Path]:
    """Models with their hashes, or what is wrong with them; and the folder of installed ones."""
    try:
        from akkd_core.bundle.installed import models_folder
        from akkd_core.operations.models import run as list_models

        found = list_models(progress=SilentProgress()).data["models"]
        folder = models_folder()
    except ImportError:
        return [], Path.cwd()
    kept = ("name", "own_name", "kind", "hash", "shipped", "error")
    models = [{key: entry[key] for key in kept if key in entry} for entry in found]
    for model in models:
        if "error" in model:
            model["error"] = tidy(model["error"])
    return models, folder


def _missing(data: dict[str, Any]) -> list[dict[str, Any]]:
    """List what is amiss, the essential first."""
    there = {entry["name"]: _usable(entry) for entry in data["packages"]}
    found = [
        _entry(
            f"{entry['name']} is missing ({entry['for']})"
            if entry["error"] is None
            else f"{entry['name']} can't be used: {entry['error']} ({entry['for']})",
            entry["remedy"],
            entry["essential"],
        )
        for entry in data["packages"]
        if entry["remedy"] is not None
    ]
    if not data["gdal"]:
        found.append(
            _entry("no GDAL can be imported: no GeoTIFF can be written",
                   "pip install rasterio, or apt install python3-gdal", True)
        )  # fmt: skip
    if not (data["gdal"] or there["pyproj"]):
        found.append(_entry("nothing knows map projections", "pip install pyproj", True))
    if data["hdf4"].endswith("by nothing"):
        found.append(
            _entry("compressed HDF4 (MODIS, some ASTER) can't be read", "pip install pyhdf", False)
        )
    found += [_bad_model(model) for model in data["models"] if "error" in model]
    found += _scarce(data["machine"])
    return sorted(found, key=lambda entry: not entry["essential"])


def _entry(what: str, remedy: str, essential: bool) -> dict[str, Any]:
    return {"what": what, "remedy": remedy, "essential": essential}


def _bad_model(model: dict[str, Any]) -> dict[str, Any]:
    remedy = (
        "Install AKKD again"
        if model["shipped"]
        else f"akkd install BUNDLE --name {model['name']} --overwrite"
    )
    return _entry(
        f"model {model['name']} can't be used: {model['error']}", remedy,
        model["name"] == "default",
    )  # fmt: skip


def _scarce(machine: dict[str, Any]) -> list[dict[str, Any]]:
    found = [
        _entry(f"{free} GiB are free on the disk of the {name}", "Free some space", False)
        for name, free in machine["disk_free_gib"].items()
        if free is not None and free < _LOW_DISK_GIB
    ]
    free = machine["memory_free_gib"]
    if free is not None and free < _LOW_MEMORY_GIB:
        found.append(
            _entry(f"{free} GiB of memory are free", "Give a smaller --tile-size", False)
        )
    return found


def _lines(data: dict[str, Any]) -> list[str]:
    machine = data["machine"]
    lines = [
        f"AKKD {data['akkd']}, {machine['python']}, {machine['system']}",
        f"  interpreter  {machine['interpreter']}",
        f"  cores        {machine['cores']}",
        f"  memory       {_gib(machine['memory_gib'])}, {_gib(machine['memory_free_gib'])} free",
    ]
    for name, free in machine["disk_free_gib"].items():
        lines.append(f"  disk         {_gib(free)} free in the {name}")
    lines += [f"  {name}={value}" for name, value in machine["variables"].items()]
    lines.append("packages")
    for entry in data["packages"]:
        state = entry["version"] or "-"
        lines.append(f"  {entry['name']:<15} {state:<12} {entry['error'] or entry['for']}")
    lines.append("drivers")
    for gdal in data["gdal"]:
        name = f"GDAL, {gdal['package']}"
        lines.append(f"  {name:<15} {gdal['version']:<12} {', '.join(gdal['drivers'])}")
    lines.append(f"  HDF4, HDF-EOS   {data['hdf4']}")
    lines.append("runtimes")
    lines += [f"  {name:<15} {told}" for name, told in data["runtimes"].items()]
    lines.append("models")
    for model in data["models"]:
        told = model.get("error") or f"{model['kind']} {model['own_name']}, {model['hash']}"
        lines.append(f"  {model['name']:<15} {told}")
    if not data["missing"]:
        return [*lines, "nothing is missing"]
    lines.append("missing")
    for entry in data["missing"]:
        mark = "needed: " if entry["essential"] else ""
        lines += [f"  {mark}{entry['what']}", f"      {entry['remedy']}"]
    return lines


def _gib(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1f} GiB"
