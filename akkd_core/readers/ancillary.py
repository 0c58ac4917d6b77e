"""What is known of a scene's air and ground, from numbers and files of many kinds.

A number; a raster; MOD05_L2 and MOD07_L2; ERA5 and MERRA-2 in netCDF. One answer for each grid
asked for: the scene, or each window of a larger raster.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np

from akkd_core.errors import (
    AkkdWarning,
    GranuleReadError,
    InputError,
    ParameterError,
    UnsupportedGranuleError,
)
from akkd_core.grid import Grid
from akkd_core.readers.air_netcdf import SURFACE_NAMES, GriddedAir
from akkd_core.readers.air_raster import raster_values
from akkd_core.readers.hdf4_structure import Hdf4Structure, read_structure
from akkd_core.readers.mod05 import is_mod05, read_mod05
from akkd_core.readers.mod07 import Mod07, is_mod07
from akkd_core.readers.odl import join_pieces, parse_odl
from akkd_core.readers.sampling import iso, scene_points, swath_cells, swath_mean
from akkd_core.readers.sniff import FileKind, describe_hdf4, sniff
from akkd_core.readers.units import AIR_TEMPERATURE, ELEVATION, TCWV, Quantity

GRANULE_LIMIT = timedelta(hours=6)
"""A MODIS granule may be this far from the scene: Aqua passes about three hours after Terra."""

_SAME_PASS = timedelta(minutes=30)
_KINDS = {
    TCWV.key: "a number in kg m-2 (1 g cm-2 = 10), a raster, MOD05_L2, MOD07_L2, or netCDF of "
    "ERA5 (tcwv) or MERRA-2 (TQV)",
    AIR_TEMPERATURE.key: "a number in K, a raster, MOD07_L2, or netCDF of ERA5 (t2m) or MERRA-2 "
    "(T2M)",
    ELEVATION.key: "a number in m, or a raster",
}


@dataclass(frozen=True)
class Found:
    """What was found for one grid.

    Parameters
    ----------
    value : float or None
        Mean over the grid in the quantity's unit; None if the file has no value there.
    source : str
        File name, empty for a number.
    method : str
        How it was made, with the times used; empty for a number.
    spread : float
        Standard deviation within the grid.
    """

    value: float | None
    source: str = ""
    method: str = ""
    spread: float = 0.0


def number_of(spec: str, quantity: Quantity) -> float | None:
    """Value of a text that is a number; None if it is none.

    Raises
    ------
    ParameterError
        If it is out of the quantity's bounds.
    """
    try:
        number = float(spec)
    except ValueError:
        return None
    if not quantity.low <= number <= quantity.high:
        raise ParameterError(
            f"{quantity.option.lstrip('-').replace('-', '_')} {spec} {quantity.unit}: give "
            f"{quantity.low:g}-{quantity.high:g} {quantity.unit}, or "
            f"{_KINDS[quantity.key].partition(', ')[2].removeprefix('or ')}"
        )
    return number


def check_spec(spec: str, quantity: Quantity) -> None:
    """Refuse what is neither a number in bounds nor a file that is there.

    Raises
    ------
    ParameterError, GranuleReadError
    """
    if number_of(spec, quantity) is None and not Path(spec).is_file():
        raise GranuleReadError(
            f"{spec!r}: no such file. {quantity.option} takes {_KINDS[quantity.key]}"
        )


def read_quantity(
    quantity: Quantity, spec: str, grids: Sequence[Grid], at: datetime | None
) -> list[Found]:
    """Mean of a quantity over each of some grids.

    Parameters
    ----------
    quantity : Quantity
        `TCWV`, `AIR_TEMPERATURE` or `ELEVATION`.
    spec : str
        A number or a path.
    grids : sequence of Grid
    at : datetime or None
        Of the scene, aware; None only where no time is checked (MODIS granules, rasters).

    Returns
    -------
    list of Found

    Raises
    ------
    ParameterError
        If a number or a file's values can't be of the quantity, or its unit isn't told.
    InputError
        If a file is of another place or time.
    GranuleReadError, UnsupportedGranuleError, MissingDependencyError
        If a file can't be used.
    """
    number = number_of(spec, quantity)
    if number is not None:
        return [Found(number)] * len(grids)
    file = Path(spec)
    kind = sniff(file)
    if kind is FileKind.HDF4 and quantity is not ELEVATION:
        found = _from_granule(quantity, file, grids, at)
    elif kind in (FileKind.NETCDF, FileKind.HDF5) and quantity is not ELEVATION:
        found = _from_netcdf(quantity, file, grids, at)
    elif kind in (FileKind.TIFF, FileKind.PNG, FileKind.TEXT, FileKind.UNKNOWN):
        found = _from_raster(quantity, file, grids, kind)
    else:
        raise UnsupportedGranuleError(
            f"{file}: is {kind.value}, not {quantity.label}. Give {_KINDS[quantity.key]}"
            + (". Unpack it first" if kind in (FileKind.ZIP, FileKind.GZIP) else "")
        )
    _check(quantity, file, found)
    return found


def _check(quantity: Quantity, file: Path, found: Sequence[Found]) -> None:
    for one in found:
        if one.value is not None and not quantity.low <= one.value <= quantity.high:
            raise ParameterError(
                f"{file}: mean of {one.value:.4g} over the scene is no {quantity.label} in "
                f"{quantity.unit}. Give {_KINDS[quantity.key]}"
            )
    lacking = sum(one.value is None for one in found)
    if lacking:
        where = "the scene" if len(found) == 1 else f"{lacking} of {len(found)} windows"
        warnings.warn(
            f"{file}: has no valid {quantity.label} over {where}; it is taken as unknown. "
            "Give one of the scene's time and place",
            AkkdWarning,
            stacklevel=3,
        )


def _from_raster(
    quantity: Quantity, file: Path, grids: Sequence[Grid], kind: FileKind
) -> list[Found]:
    try:
        sampled = raster_values(file, quantity, grids)
    except GranuleReadError as error:
        if kind is FileKind.TIFF or "coordinate system" in str(error):
            raise
        raise UnsupportedGranuleError(
            f"{file}: is {kind.value}, not {quantity.label}. Give {_KINDS[quantity.key]}"
        ) from error
    result = []
    for values in sampled:
        known = values[np.isfinite(values) & (values >= quantity.low)]
        method = f"mean of {known.size} bilinear samples of the raster"
        if known.size:
            result.append(Found(float(known.mean()), file.name, method, float(known.std())))
        else:
            result.append(Found(None, file.name, method))
    return result


def _from_netcdf(
    quantity: Quantity, file: Path, grids: Sequence[Grid], at: datetime | None
) -> list[Found]:
    if at is None:
        raise InputError(f"{file}: the scene has no time to look up in it. Give a number")
    air = GriddedAir(file, SURFACE_NAMES[quantity.key], at)
    result = []
    for grid in grids:
        values = air.surface(quantity, *scene_points(grid))
        known = values[np.isfinite(values)]
        name = next(iter(air.variables), quantity.key)
        method = f"mean of {known.size} bilinear samples of {name} at {air.time_text}"
        value = float(known.mean()) if known.size else None
        spread = float(known.std()) if known.size else 0.0
        result.append(Found(value, file.name, method, spread))
    return result


def _from_granule(
    quantity: Quantity, file: Path, grids: Sequence[Grid], at: datetime | None
) -> list[Found]:
    structure = read_structure(file)
    when = granule_time_text(structure, at)
    result: list[Found] = []
    if is_mod07(structure):
        granule = Mod07(structure)
        read = granule.tcwv if quantity is TCWV else granule.air_temperature
        for grid in grids:
            value, cells = read(grid)
            result.append(Found(value, file.name, f"mean of {cells} cells of MOD07_L2{when}"))
        return result
    if quantity is not TCWV or not is_mod05(structure):
        raise UnsupportedGranuleError(
            f"{file}: is {describe_hdf4(structure)}, not {quantity.label}. "
            f"Give {_KINDS[quantity.key]}"
        )
    cells_of = read_mod05(structure)
    for grid in grids:
        place = swath_cells(cells_of.latitude, cells_of.longitude, grid)
        found = Found(None, file.name, f"no cell of MOD05_L2{when}")
        for name, values in cells_of.tcwv.items():
            mean, count = swath_mean(values, *place)
            if count:
                method = f"mean of {count} cells of MOD05_L2 {name}{when}"
                found = Found(float(mean), file.name, method)
                break
        result.append(found)
    return result


def granule_time_text(structure: Hdf4Structure, at: datetime | None) -> str:
    """When a MODIS granule was seen, for provenance; empty if it doesn't tell.

    Parameters
    ----------
    structure : Hdf4Structure
    at : datetime or None
        Of the scene, aware; None if it isn't to be compared.

    Raises
    ------
    InputError
        If the granule is further than `GRANULE_LIMIT` from it.
    """
    text = join_pieces(structure.attributes, "CoreMetadata")
    core = parse_odl(text, str(structure.path))
    moments = []
    for which in ("BEGINNING", "ENDING"):
        day, clock = core.text(f"RANGE{which}DATE"), core.text(f"RANGE{which}TIME")
        try:
            found = datetime.fromisoformat(f"{day}T{re.split('[.Z]', str(clock))[0]}")
        except ValueError:
            return ""
        moments.append(found.replace(tzinfo=timezone.utc))
    begin, end = moments
    if at is not None:
        apart = max(begin - at, at - end, timedelta(0))
        if apart > GRANULE_LIMIT:
            raise InputError(
                f"{structure.path}: was seen at {iso(begin)}, "
                f"{apart.total_seconds() / 3600:.1f} h from the scene's {iso(at)}; "
                f"{GRANULE_LIMIT.total_seconds() / 3600:g} h are allowed. Give the granule of the "
                "same pass"
            )
        if apart > _SAME_PASS:
            minutes = math.ceil(apart.total_seconds() / 60)
            return f", {iso(begin)}, {minutes} min from the scene"
    return f", {iso(begin)}"
