"""A column of air as files give it: ERA5 or MERRA-2 on pressure levels, MOD07_L2, or CSV.

The table is text of comma-separated columns with a header: ``pressure_hpa``, ``temperature_k`` and
one of ``specific_humidity_kg_kg``, ``mixing_ratio_g_kg`` (per kg of dry air), ``dew_point_k``,
``relative_humidity_percent`` (over liquid water, as of radiosondes); optional ``height_m`` above
sea level and ``ozone_ppmv``. Lines that begin with # are comments. Levels in any order; the one of
the highest pressure is the surface.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from akkd_core.errors import GranuleReadError, InputError, UnsupportedGranuleError
from akkd_core.grid import Grid
from akkd_core.physics.humidity import (
    ppmv_of_dew_point,
    ppmv_of_mixing_ratio,
    ppmv_of_relative_humidity,
    ppmv_of_specific_humidity,
)
from akkd_core.readers.air_netcdf import SURFACE_NAMES, GriddedAir
from akkd_core.readers.ancillary import granule_time_text
from akkd_core.readers.hdf4_structure import read_structure
from akkd_core.readers.mod07 import Mod07, is_mod07
from akkd_core.readers.netcdf import LEVELS, Variable
from akkd_core.readers.sampling import Array, scene_centre
from akkd_core.readers.sniff import FileKind, describe_hdf4, sniff
from akkd_core.readers.units import AIR_TEMPERATURE, HEIGHT, PRESSURE, SHARE

EXPECTED = (
    "Give ERA5 or MERRA-2 on pressure levels (netCDF with t, q), MOD07_L2, or a table (.csv) of "
    "pressure_hpa, temperature_k and a humidity"
)
_OZONE_TO_AIR = 47.9982 / 28.9652
_MAX_LEVELS = 2000
_NAMES = {
    "temperature": ("t", "T"), "humidity": ("q", "QV"), "height": ("z", "H"), "ozone": ("o3", "O3"),
}  # fmt: skip

_HUMIDITIES: dict[str, Callable[[Array, Array, Array], Array]] = {
    "specific_humidity_kg_kg": lambda v, t, p: ppmv_of_specific_humidity(v),
    "mixing_ratio_g_kg": lambda v, t, p: ppmv_of_mixing_ratio(v * 1e-3),
    "dew_point_k": lambda v, t, p: ppmv_of_dew_point(v, p),
    "relative_humidity_percent": lambda v, t, p: ppmv_of_relative_humidity(v, t, p),
}


@dataclass(frozen=True, eq=False)
class Sounding:
    """A column of air, from the highest pressure upwards.

    Parameters
    ----------
    pressure_hpa, temperature_k, water_vapour_ppmv : ndarray of float64, (levels,)
        Mole fraction of the moist air times 1e6.
    height_m, ozone_ppmv : ndarray of float64, (levels,), or None
        Above sea level; of dry air.
    surface_pressure_hpa : float or None
        Levels of higher pressure lie below the ground.
    surface_elevation_m : float or None
        Where that pressure is.
    source, method : str
        File name; how the column was made, for provenance.

    Raises
    ------
    InputError
        If it is no column of air.
    """

    pressure_hpa: Array
    temperature_k: Array
    water_vapour_ppmv: Array
    height_m: Array | None
    ozone_ppmv: Array | None
    surface_pressure_hpa: float | None
    surface_elevation_m: float | None
    source: str
    method: str

    def __post_init__(self) -> None:
        columns = [self.temperature_k, self.water_vapour_ppmv]
        columns += [c for c in (self.height_m, self.ozone_ppmv) if c is not None]
        p = self.pressure_hpa
        for right, what in (
            (p.ndim == 1 and 5 <= p.size <= _MAX_LEVELS, "5 levels or more"),
            (all(c.shape == p.shape for c in columns), "columns of one length"),
            (all(np.isfinite(c).all() for c in (p, *columns)), "numbers alone"),
            (p.min(initial=1.0) > 0 and p.max(initial=1.0) < 1100, "pressures of 0-1100 hPa"),
            ((np.diff(p) < 0).all(), "every pressure once"),
            (p.max(initial=0.0) > 400.0, "levels near the ground"),
            (p.min(initial=1e4) <= 300.0, "levels up to 300 hPa or higher"),
            (
                ((self.temperature_k > 130) & (self.temperature_k < 340)).all(),
                "temperatures of 130-340 K",
            ),
            (
                ((self.water_vapour_ppmv >= 0) & (self.water_vapour_ppmv < 1.5e5)).all(),
                "humidities that air can hold",
            ),
        ):
            if not right:
                raise InputError(f"{self.source}: is no profile of air: needs {what}. {EXPECTED}")


def read_soundings(
    path: Path, grids: Sequence[Grid], at: datetime
) -> list[Sounding]:
    """Column of air of each of some grids, at their centres and a moment.

    Parameters
    ----------
    path : Path
    grids : sequence of Grid
    at : datetime
        Aware.

    Raises
    ------
    InputError
        If it is of another place or time, or no column of air.
    GranuleReadError, UnsupportedGranuleError, ParameterError, MissingDependencyError
        If it can't be used.
    """
    kind = sniff(path)
    if kind is FileKind.HDF4:
        return _from_mod07(path, grids, at)
    if kind in (FileKind.NETCDF, FileKind.HDF5):
        return _from_netcdf(path, grids, at)
    if kind is FileKind.TEXT:
        return [read_table(path)] * len(grids)
    remedy = " Unpack it first" if kind in (FileKind.ZIP, FileKind.GZIP) else ""
    raise UnsupportedGranuleError(f"{path}: is {kind.value}, not a profile. {EXPECTED}.{remedy}")


def _sounding(
    path: Path, method: str, pressure: Array, temperature: Array, water: Array,
    height: Array | None, ozone: Array | None, surface: float | None,
    elevation: float | None = None,
) -> Sounding:  # fmt: skip
    """Order levels from the highest pressure upwards, without those that lack a value."""
    known = np.isfinite(pressure) & np.isfinite(temperature) & np.isfinite(water)
    order = np.argsort(-pressure[known])

    def column(values: Array | None) -> Array | None:
        # a column with holes is as good as none
        if values is None or not np.isfinite(values[known]).all():
            return None
        return np.asarray(values[known][order], dtype=np.float64)

    return Sounding(
        pressure[known][order], temperature[known][order],
        np.maximum(water[known][order], 0.0), column(height), column(ozone), surface,
        elevation, path.name, method,
    )  # fmt: skip


def read_table(path: Path) -> Sounding:
    """Column of air from a CSV table, see the module.

    Parameters
    ----------
    path : Path

    Raises
    ------
    GranuleReadError, InputError
        If it can't be read, or a column is missing or holds other than numbers.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            lines = [line for line in handle if line.strip() and not line.startswith("#")]
    except (OSError, UnicodeDecodeError) as error:
        raise GranuleReadError(f"{path}: can't be read as text ({error}). {EXPECTED}") from error
    rows = list(csv.reader(lines[: _MAX_LEVELS + 2]))
    header = [name.strip().lower() for name in rows[0]] if rows else []
    humidities = [name for name in _HUMIDITIES if name in header]
    if "pressure_hpa" not in header or "temperature_k" not in header or len(humidities) != 1:
        raise InputError(
            f"{path}: the table's header is {','.join(header)[:80]!r}; it needs pressure_hpa, "
            f"temperature_k and one of {', '.join(_HUMIDITIES)}. Name its columns so"
        )
    try:
        table = np.array([[float(cell) for cell in row] for row in rows[1:]], dtype=np.float64)
        if table.shape != (len(rows) - 1, len(header)):
            raise ValueError("rows differ in length")
    except ValueError as error:
        raise InputError(f"{path}: holds other than numbers ({error}). Mend the table") from error

    def column(name: str) -> Array | None:
        return table[:, header.index(name)] if name in header else None

    pressure, temperature = table[:, header.index("pressure_hpa")], column("temperature_k")
    values = column(humidities[0])
    assert temperature is not None and values is not None
    with np.errstate(invalid="ignore", divide="ignore"):
        water = _HUMIDITIES[humidities[0]](values, temperature, pressure)
    surface = float(np.nanmax(pressure)) if pressure.size else None
    return _sounding(
        path, f"table of {pressure.size} levels with {humidities[0]}", pressure, temperature,
        water, column("height_m"), column("ozone_ppmv"), surface,
    )  # fmt: skip


def _from_mod07(path: Path, grids: Sequence[Grid], at: datetime) -> list[Sounding]:
    structure = read_structure(path)
    if not is_mod07(structure):
        raise UnsupportedGranuleError(
            f"{path}: is {describe_hdf4(structure)}, not a profile. {EXPECTED}"
        )
    when = granule_time_text(structure, at)
    granule = Mod07(structure)
    result = []
    for grid in grids:
        mean = granule.column(grid)
        if mean is None:
            raise InputError(
                f"{path}: has no profile over the scene (cloud, or another place). Give another "
                "source of profiles"
            )
        if mean.mixing_ratio_g_kg is not None:
            water = ppmv_of_mixing_ratio(mean.mixing_ratio_g_kg * 1e-3)
        else:
            assert mean.dew_point_k is not None
            water = ppmv_of_dew_point(mean.dew_point_k, mean.pressure_hpa)
        method = f"mean of {mean.cells} cells of MOD07_L2{when}"
        result.append(
            _sounding(
                path, method, mean.pressure_hpa, mean.temperature_k, water, None, None,
                mean.surface_pressure_hpa, mean.surface_elevation_m,
            )
        )  # fmt: skip
    return result


def _from_netcdf(path: Path, grids: Sequence[Grid], at: datetime) -> list[Sounding]:
    wanted = [name for names in _NAMES.values() for name in names]
    air = GriddedAir(path, [*wanted, *SURFACE_NAMES[PRESSURE.key]], at)
    found: dict[str, Variable] = {}
    for what, names in _NAMES.items():
        variable = air.first(names)
        if variable is not None and variable.axis(LEVELS) is not None:
            found[what] = variable
    for what in ("temperature", "humidity"):
        if what not in found:
            raise air.without(f"{what} on pressure levels", _NAMES[what])
    model = found["temperature"]
    alike = {w: v for w, v in found.items() if _dimensions(v) == _dimensions(model)}
    if "humidity" not in alike:
        raise InputError(f"{path}: temperature and humidity are on different levels. {EXPECTED}")
    levels = model.axis(LEVELS)
    assert levels is not None
    factor = PRESSURE.conversion(levels.units, f"{path}: {levels.name}")[0]
    scales = {
        what: kind.conversion(alike[what].units, f"{path}: {alike[what].name}")
        for what, kind in (
            ("temperature", AIR_TEMPERATURE), ("humidity", SHARE), ("height", HEIGHT),
            ("ozone", SHARE),
        ) if what in alike
    }  # fmt: skip
    result = []
    for grid in grids:
        lon, lat = scene_centre(grid)
        at_lon, at_lat = np.array([lon]), np.array([lat])
        values = air.sample(list(alike.values()), at_lon, at_lat)[:, :, 0]
        columns = {
            what: column * scales[what][0] + scales[what][1]
            for what, column in zip(alike, values, strict=True)
        }
        surface = None
        if air.first(SURFACE_NAMES[PRESSURE.key]) is not None:
            surface = float(air.surface(PRESSURE, at_lon, at_lat)[0])
        ozone = columns.get("ozone")
        method = (
            f"{levels.values.size} levels of {', '.join(v.name for v in alike.values())} at "
            f"{lat:.2f} N, {lon:.2f} E, bilinear; at {air.time_text}"
        )
        result.append(
            _sounding(
                path, method, levels.values * factor, columns["temperature"],
                ppmv_of_specific_humidity(columns["humidity"]), columns.get("height"),
                None if ozone is None else np.maximum(ozone, 0.0) / _OZONE_TO_AIR * 1e6,
                surface if surface is not None and np.isfinite(surface) else None,
            )
        )  # fmt: skip
    return result


def _dimensions(variable: Variable) -> tuple[tuple[str, int], ...]:
    return tuple((axis.name, axis.values.size) for axis in variable.extra)
