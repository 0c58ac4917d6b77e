"""The air of the simulated archive: what it is, and what the maker of the labels takes it for.

Every place has one summer profile. From it come the true air and the air that the label maker
believes in, whose water vapour and temperature are off by factors and kelvins that hold for the
whole scene. Both go through LOWTRAN7 at several surface elevations between the lowest and highest
ground; over a scene they are interpolated. The result is shipped as one small table.

Training places vary AFGL's profiles, complex ones MIPAS's profiles of the validation split: air
like that of the complex scenes is new to a model trained on the others. The ECMWF profiles that
judge bundles are not used, since students are trained on complex scenes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from akkd_core.errors import ParameterError, SimulationError
from akkd_core.progress import Progress
from akkd_core.simulation.archive_places import KINDS, Place, archive_places
from akkd_core.simulation.atmosphere_draws import (
    CO2_JUDGING_PPMV,
    VIEW_ZENITH_JUDGING_MAX_DEG,
    VISIBILITY_RANGE_KM,
    simulate_cases,
)
from akkd_core.simulation.atmospheres import AtmosphereTable, load_atmospheres
from akkd_core.simulation.lowtran_engine import AtmosphereCase
from akkd_core.simulation.profile_variation import vary
from akkd_core.simulation.profiles import Profile, reference_profile

Array = NDArray[np.float64]

ERROR_SIGNS: Array = np.array([(1, 1), (1, -1), (-1, 1), (-1, -1)], dtype=np.float64)
"""Pairs of signs of the believed air's errors, of water vapour and temperature."""

_TROPOPAUSE_KM = (11.0, 16.0)
"""A wrong temperature holds up to the first and has faded out at the second."""


@dataclass(frozen=True)
class AirDesign:
    """What the air's table was made with; a change needs a new table.

    Parameters
    ----------
    seed : int
    water_error : (low, high)
        Relative error of the believed water vapour at every level, of either sign; a wrong
        temperature changes the column by up to 0.7 % more.
    temperature_error_k : (low, high)
        Error of the believed temperature, of either sign, K.
    levels_training, levels_complex : int
        Surface elevations between the lowest and highest ground.
    tcwv_kg_m2 : dict of (low, high)
        Water vapour by climate if the ground lay at sea level; it thins out upwards by
        ``scale_height_m``.
    air_temperature_k : dict of (low, high)
        Near-surface air by climate, lowered to sea level by ``lapse_k_m``.
    scale_height_m, lapse_k_m : float
    training_dryness : float
        Factor on the water vapour of training places: their scenes are picked among clear, dry
        days, as the paper picks scenes in which the products are good. Complex ones are not.
    """

    seed: int = 20250329
    water_error: tuple[float, float] = (0.10, 0.20)
    temperature_error_k: tuple[float, float] = (1.0, 2.0)
    levels_training: int = 3
    levels_complex: int = 7
    scale_height_m: float = 2200.0
    lapse_k_m: float = 0.0065
    training_dryness: float = 0.7
    tcwv_kg_m2: tuple[tuple[str, float, float], ...] = (
        ("arid", 10.0, 32.0),
        ("north", 18.0, 40.0),
        ("south", 30.0, 55.0),
        ("plateau", 20.0, 60.0),
    )
    air_temperature_k: tuple[tuple[str, float, float], ...] = (
        ("arid", 300.0, 318.0),
        ("north", 294.0, 310.0),
        ("south", 297.0, 309.0),
        ("plateau", 300.0, 318.0),
    )

    def levels(self, kind: str) -> int:
        """Surface elevations of a kind of place."""
        return self.levels_training if kind == "training" else self.levels_complex

    def tcwv_range(self, place: Place) -> tuple[float, float]:
        """Water vapour that a place may have above its lowest ground, kg m-2."""
        low, high = _of_climate(self.tcwv_kg_m2, place.climate)
        thin = math.exp(-place.elevation_m / self.scale_height_m)
        if place.kind == "training":
            thin *= self.training_dryness
        return low * thin, high * thin

    def temperature_range(self, place: Place) -> tuple[float, float]:
        """Air temperature that a place may have above its lowest ground, K."""
        low, high = _of_climate(self.air_temperature_k, place.climate)
        fall = self.lapse_k_m * place.elevation_m
        return low - fall, high - fall


AIR_DESIGN = AirDesign()
"""The design that the shipped table was made with."""

_BASE = {
    "training": {
        "arid": ("afgl_1986-midlatitude_summer", "afgl_1986-us_standard"),
        "north": ("afgl_1986-midlatitude_summer", "afgl_1986-subarctic_summer"),
        "south": ("afgl_1986-tropical", "afgl_1986-midlatitude_summer"),
        "plateau": ("afgl_1986-midlatitude_summer", "afgl_1986-tropical"),
    },
    "complex": {
        "arid": ("mipas_2007-midlatitude_day", "mipas_2007-midlatitude_night"),
        "north": ("mipas_2007-midlatitude_day", "mipas_2007-midlatitude_night"),
        "south": ("mipas_2007-tropical", "mipas_2007-midlatitude_day"),
        "plateau": ("mipas_2007-midlatitude_day", "mipas_2007-tropical"),
    },
}
_TRIES = 2000
_reference_profile = cache(reference_profile)


def _of_climate(table: Sequence[tuple[str, float, float]], climate: str) -> tuple[float, float]:
    return next((low, high) for name, low, high in table if name == climate)


def draw_profile(place: Place, rng: np.random.Generator, design: AirDesign = AIR_DESIGN) -> Profile:
    """Draw varied profiles until one suits the place's climate.

    Raises
    ------
    SimulationError
        If none of 2000 does.
    """
    names = _BASE[place.kind][place.climate]
    wet, warm = design.tcwv_range(place), design.temperature_range(place)
    for _ in range(_TRIES):
        base = _reference_profile(names[int(rng.integers(len(names)))])
        found = vary(base, rng, place.elevation_m)
        if wet[0] <= found.tcwv_kg_m2 <= wet[1] and warm[0] <= found.air_temperature_k <= warm[1]:
            return found
    raise SimulationError(f"place {place.name}: no profile of {_TRIES} suits its climate")


def believed_profile(profile: Profile, water_factor: float, warmer_k: float) -> Profile:
    """Profile that the label maker takes for the true one.

    Parameters
    ----------
    profile : Profile
    water_factor : float
        Believed over true water vapour, at every level.
    warmer_k : float
        Believed minus true temperature up to 11 km, fading out to 16 km, K.
    """
    share = np.interp(profile.altitude_km, _TROPOPAUSE_KM, (1.0, 0.0))
    return replace(
        profile,
        temperature_k=profile.temperature_k + warmer_k * share,
        water_vapour_ppmv=profile.water_vapour_ppmv * water_factor,
    )


def elevations_m(place: Place, design: AirDesign = AIR_DESIGN) -> Array:
    """Surface elevations at which the table knows a place's air, m, rising."""
    high = place.elevation_m + place.relief_m
    levels: Array = np.linspace(place.elevation_m, high, design.levels(place.kind))
    return levels


def draw_errors(count: int, rng: np.random.Generator, design: AirDesign = AIR_DESIGN) -> Array:
    """Draw the believed air's errors: water vapour (relative) and temperature (K), (count, 2).

    The four pairs of signs are equally frequent, so that errors of a kind of scene don't add up
    to one bias.
    """
    order = np.concatenate([rng.permutation(4) for _ in range(-(-count // 4))])[:count]
    low, high = np.array([design.water_error, design.temperature_error_k]).T
    size: Array = rng.uniform(low, high, (count, 2))
    errors: Array = ERROR_SIGNS[order] * size
    return errors


def archive_cases(design: AirDesign = AIR_DESIGN) -> list[AtmosphereCase]:
    """List what LOWTRAN7 is asked for: by place, true then believed, elevations rising."""
    cases = []
    for number, kind in enumerate(KINDS):
        places = archive_places(kind)
        errors = draw_errors(len(places), np.random.default_rng([design.seed, number]), design)
        for index, place in enumerate(places):
            rng = np.random.default_rng([design.seed, number, index])
            cases += place_cases(place, rng, errors[index], design)
    return cases


def place_cases(
    place: Place, rng: np.random.Generator, error: Array, design: AirDesign = AIR_DESIGN
) -> list[AtmosphereCase]:
    """Draw the air of a place: true, then believed, elevations rising.

    Parameters
    ----------
    place : Place
    rng : numpy.random.Generator
    error : ndarray of float64, (2,)
        Of the believed water vapour (relative) and temperature (K).
    design : AirDesign

    Raises
    ------
    SimulationError
        As `draw_profile`.
    """
    true = draw_profile(place, rng, design)
    low, high = VISIBILITY_RANGE_KM
    visibility = float(low + (high - low) * math.sqrt(rng.random()))
    zenith = float(rng.uniform(0.0, VIEW_ZENITH_JUDGING_MAX_DEG))
    wrong = believed_profile(true, 1.0 + error[0], error[1])
    return [
        AtmosphereCase(profile.for_lowtran(height), visibility, zenith, CO2_JUDGING_PPMV)
        for profile in (true, wrong)
        for height in elevations_m(place, design)
    ]


def simulate_archive_air(
    workers: int | None = None, progress: Progress | None = None
) -> AtmosphereTable:
    """Compute the table that comes with the package (``tools/make_atmospheres.py archive``).

    Raises
    ------
    MissingDependencyError, SimulationError, OperationCancelled
        As `akkd_core.simulation.lowtran_pool.simulate_spectra`.
    """
    return simulate_cases(archive_cases(), "train", workers, progress)


@dataclass(frozen=True)
class GroundAir:
    """Air between ground of given elevations and the sensor, and above that ground.

    Parameters
    ----------
    transmittance, path_radiance, downwelling_radiance : ndarray of float64, (5,) + S
        0-1; W m-2 sr-1 um-1.
    air_temperature_k : ndarray of float64, S
    """

    transmittance: Array
    path_radiance: Array
    downwelling_radiance: Array
    air_temperature_k: Array


@dataclass(frozen=True)
class ElevationAir:
    """One atmosphere known at several surface elevations.

    Parameters
    ----------
    table : AtmosphereTable
        Two or more rows of rising elevation.

    Raises
    ------
    ParameterError
        If it isn't that.
    """

    table: AtmosphereTable

    def __post_init__(self) -> None:
        if len(self.table) < 2 or not (np.diff(self.table.elevation_m) > 0).all():
            raise ParameterError("air over elevation: needs two or more rows, elevation rising")

    @property
    def tcwv_kg_m2(self) -> float:
        """Total column water vapour above the lowest ground, kg m-2."""
        return float(self.table.tcwv_kg_m2[0])

    @property
    def air_temperature_k(self) -> float:
        """Near-surface air temperature above the lowest ground, K."""
        return float(self.table.air_temperature_k[0])

    def at(self, elevation_m: ArrayLike) -> GroundAir:
        """Interpolate to elevations.

        Optical depth and radiances fall about exponentially with height, so their logarithms are
        interpolated. Beyond the lowest and highest row these are taken.

        Parameters
        ----------
        elevation_m : array_like, S
            m above sea level.
        """
        height = np.asarray(elevation_m, dtype=np.float64)

        def column(values: NDArray[np.floating]) -> Array:
            logarithms = np.log(np.maximum(values.astype(np.float64), 1e-12))
            known = self.table.elevation_m
            return np.stack([np.exp(np.interp(height, known, row)) for row in logarithms.T])

        depth = -np.log(np.clip(self.table.transmittance, 1e-9, 1.0 - 1e-9))
        return GroundAir(
            np.exp(-column(depth)),
            column(self.table.path_radiance),
            column(self.table.downwelling_radiance),
            np.interp(height, self.table.elevation_m, self.table.air_temperature_k),
        )


@dataclass(frozen=True)
class PlaceAir:
    """Air of one place.

    Parameters
    ----------
    true, believed : ElevationAir
    profile : str
        Base profile.
    view_zenith_deg, visibility_km : float
    """

    true: ElevationAir
    believed: ElevationAir
    profile: str
    view_zenith_deg: float
    visibility_km: float

    @classmethod
    def of(cls, table: AtmosphereTable) -> PlaceAir:
        """Air of a table that holds the rows of one place, as `place_cases` lists them."""
        true, believed = (
            ElevationAir(table.select(rows)) for rows in np.split(np.arange(len(table)), 2)
        )
        return cls(
            true,
            believed,
            str(table.profile[0]),
            float(table.view_zenith_deg[0]),
            float(table.visibility_km[0]),
        )


@cache
def archive_air_table() -> AtmosphereTable:
    """Return the shipped table: by place, true then believed, elevations rising."""
    return load_atmospheres(
        Path(str(files("akkd_core.simulation") / "data" / "atmospheres_archive.npz"))
    )


def place_air(place: Place, design: AirDesign = AIR_DESIGN) -> PlaceAir:
    """Return the air of a place of the archive.

    Raises
    ------
    ParameterError
        If the table has no such place.
    """
    table, start = archive_air_table(), 0
    for kind in KINDS:
        for other in archive_places(kind):
            levels = design.levels(kind)
            if other == place:
                air = PlaceAir.of(table.select(np.arange(start, start + 2 * levels)))
                known = air.true.table.elevation_m
                if not np.allclose(known, elevations_m(place, design), atol=0.1):
                    raise ParameterError(f"place {place.name}: the table of its air is of another")
                return air
            start += 2 * levels
    raise ParameterError(f"place {place.name}: is not in the archive's table of air")
