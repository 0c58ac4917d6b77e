"""The places of the simulated archive: where they lie, how high, what covers them, which climate.

Position, elevation and climate are those of real places, so that a model which picks by footprint
has something to pick by. Their ground is drawn at random.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from akkd_core.errors import ParameterError
from akkd_core.grid import Grid
from akkd_core.simulation.materials import LAND_COVERS
from akkd_core.simulation.placement import utm_grid

KINDS = ("training", "complex")
CLIMATES = ("arid", "north", "south", "plateau")
COVER_SEPARATOR = "+"


@dataclass(frozen=True)
class Place:
    """One place.

    Parameters
    ----------
    kind : {'training', 'complex'}
    name : str
        Distinct over both kinds.
    land_cover : str
        A key of `LAND_COVERS`; of complex places three, joined by ``+``.
    longitude, latitude : float
        Degrees, WGS 84.
    elevation_m, relief_m : float
        Lowest ground, and what rises above it.
    climate : {'arid', 'north', 'south', 'plateau'}

    Raises
    ------
    ParameterError
        If a word is unknown or a number not possible.
    """

    kind: str
    name: str
    land_cover: str
    longitude: float
    latitude: float
    elevation_m: float
    relief_m: float
    climate: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.climate not in CLIMATES:
            raise ParameterError(f"place {self.name}: unknown kind or climate")
        if not set(self.covers) <= set(LAND_COVERS):
            raise ParameterError(f"place {self.name}: unknown land cover {self.land_cover}")
        if not (0 <= self.elevation_m and 0 < self.relief_m <= 6000 - self.elevation_m):
            raise ParameterError(f"place {self.name}: ground must lie within 0-6000 m")
        if not (abs(self.latitude) <= 80 and abs(self.longitude) <= 180):
            raise ParameterError(f"place {self.name}: position is out of range")

    @property
    def covers(self) -> tuple[str, ...]:
        """Land covers, one by one."""
        return tuple(self.land_cover.split(COVER_SEPARATOR))

    @property
    def scene_name(self) -> str:
        """Name of the place's scene, also of its file."""
        return f"{self.kind}-{self.name}"

    def name_on(self, date: int) -> str:
        """Name of the place's scene on a date: the first has none of its own."""
        return self.scene_name if date == 1 else f"{self.scene_name}-d{date:02d}"

    def grid(self, side: int) -> Grid:
        """UTM grid of a square scene around the place, ``side`` pixels of 90 m wide."""
        return utm_grid(self.latitude, self.longitude, side, side)


@cache
def archive_places(kind: str) -> tuple[Place, ...]:
    """Return the places of one kind: 27 for training, 20 of complex terrain.

    Raises
    ------
    ParameterError
        For an unknown kind.
    """
    if kind not in KINDS:
        raise ParameterError(f"unknown kind of scene {kind!r}: choose training or complex")
    text = (files(__package__) / "data" / "archive_places.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(
        Place(
            row["kind"],
            row["name"],
            row["land_cover"],
            float(row["longitude"]),
            float(row["latitude"]),
            float(row["elevation_m"]),
            float(row["relief_m"]),
            row["climate"],
        )
        for row in rows
        if row["kind"] == kind
    )
