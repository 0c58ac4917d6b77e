"""Units as files write them, to the units of the house; what isn't told is never guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from akkd_core.errors import ParameterError

_KG_M2 = (1.0, 0.0)
_UNSIGNED = re.compile(r"\*\*|\^|\+")


@dataclass(frozen=True)
class Quantity:
    """Something that a file tells of the air or the ground.

    Parameters
    ----------
    key : str
        Name in tags, with its unit.
    label : str
        In words.
    unit : str
        Of the house.
    option : str
        Of the command line.
    low, high : float
        Bounds in `unit`.
    units : mapping of str to (float, float)
        Factor and offset to `unit`, by a file's unit.
    unmarked_above : float
        From this value on, numbers without a unit can be of `unit` alone.
    """

    key: str
    label: str
    unit: str
    option: str
    low: float
    high: float
    units: Mapping[str, tuple[float, float]] = field(repr=False)
    unmarked_above: float = float("inf")

    def conversion(self, unit: str, source: str) -> tuple[float, float]:
        """Factor and offset from a unit to `Quantity.unit`.

        Raises
        ------
        ParameterError
            If the unit is unknown or missing.
        """
        found = self.units.get(plain_unit(unit))
        if found is None:
            told = f"in {unit!r}" if unit.strip() else "without a unit"
            raise ParameterError(
                f"{source}: holds {self.label} {told}. Give it in {self.unit}, with the unit told: "
                f"gdal_edit.py -units {self.unit.replace(' ', '_')} FILE for a raster, the "
                "attribute units in netCDF"
            )
        return found


def plain_unit(text: str) -> str:
    """Spelling of a unit with case, powers and separators brought to one form, as ``kg m-2``."""
    plain = _UNSIGNED.sub("", text.strip()).replace("_", " ").replace("°", "deg").replace(".", " ")
    plain = re.sub(r"\s*/\s*([a-zA-Z]+)(\d?)", lambda m: f" {m[1]}-{m[2] or 1}", plain)
    return " ".join(plain.split()).lower()


TCWV = Quantity(
    "tcwv_kg_m2", "water vapour", "kg m-2", "--tcwv", 0.0, 120.0,
    {
        "kg m-2": _KG_M2, "mm": _KG_M2, "cm": (10.0, 0.0), "g cm-2": (10.0, 0.0),
        "m": (1000.0, 0.0),
    },
    # Earth's wettest air holds 8 cm
    unmarked_above=8.0,
)  # fmt: skip
"""Total column water vapour; 1 mm of precipitable water is 1 kg m-2, 1 cm is 10."""

AIR_TEMPERATURE = Quantity(
    "air_temperature_k", "air temperature", "K", "--t-air", 180.0, 340.0,
    {
        "k": (1.0, 0.0), "kelvin": (1.0, 0.0), "degk": (1.0, 0.0), "deg k": (1.0, 0.0),
        "c": (1.0, 273.15), "degc": (1.0, 273.15), "deg c": (1.0, 273.15),
        "celsius": (1.0, 273.15), "degree celsius": (1.0, 273.15),
        "degrees celsius": (1.0, 273.15), "degree c": (1.0, 273.15), "degrees c": (1.0, 273.15),
    },
    unmarked_above=180.0,
)  # fmt: skip
"""Near the ground."""

ELEVATION = Quantity(
    "elevation_m", "elevation", "m", "--elevation", -500.0, 9000.0,
    {
        "m": (1.0, 0.0), "metre": (1.0, 0.0), "meter": (1.0, 0.0), "metres": (1.0, 0.0),
        "meters": (1.0, 0.0), "ft": (0.3048, 0.0), "foot": (0.3048, 0.0), "feet": (0.3048, 0.0),
        "km": (1000.0, 0.0),
    },
    unmarked_above=-float("inf"),
)  # fmt: skip
"""Of the ground above sea level; a model of it without a unit is in metres, as all are."""

PRESSURE = Quantity(
    "surface_pressure_hpa", "pressure", "hPa", "--profile", 0.0, 1100.0,
    {
        "pa": (0.01, 0.0), "hpa": (1.0, 0.0), "mb": (1.0, 0.0), "mbar": (1.0, 0.0),
        "millibar": (1.0, 0.0), "millibars": (1.0, 0.0),
    },
)  # fmt: skip

SHARE = Quantity(
    "kg_kg", "specific humidity or ozone", "kg kg-1", "--profile", 0.0, 1.0,
    {"kg kg-1": (1.0, 0.0), "1": (1.0, 0.0), "g kg-1": (1e-3, 0.0)},
)  # fmt: skip

HEIGHT = Quantity(
    "height_m", "geopotential or height", "m", "--profile", -1000.0, 100_000.0,
    {
        "m2 s-2": (1.0 / 9.80665, 0.0), "m": (1.0, 0.0), "gpm": (1.0, 0.0), "metres": (1.0, 0.0),
    },
)  # fmt: skip
"""Geopotential over standard gravity is geopotential height."""
