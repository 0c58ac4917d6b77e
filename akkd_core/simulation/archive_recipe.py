"""How the simulated archive is made: every parameter, and one scene by them.

The parameters were fixed before any distillation and are not tuned to its results: see
``docs/adr/0003-simulated-archive.md``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.physics.planck import broadcast_band_radiance
from akkd_core.physics.rte import radiance_toa_full
from akkd_core.physics.tes import TES_VARIANTS
from akkd_core.simulation.archive_air import AIR_DESIGN, AirDesign, GroundAir, PlaceAir, place_air
from akkd_core.simulation.archive_labels import product_labels
from akkd_core.simulation.archive_places import KINDS, Place, archive_places
from akkd_core.simulation.archive_scene import AirFacts, ArchiveScene
from akkd_core.simulation.archive_surfaces import Ground, SurfaceDesign, draw_ground
from akkd_core.simulation.materials import MaterialTable, all_materials, group_splits, materials
from akkd_core.simulation.scenes import dn_to_radiance, noise_radiance, radiance_to_dn
from akkd_core.simulation.surfaces import draw_weather, fractal_field

FULL_SIDE = 596
"""Pixels per side at which 27 scenes hold the paper's 9.6 million samples (9.59)."""


DATES_MAX = 99


@dataclass(frozen=True)
class CloudDesign:
    """Residual thin cloud on complex scenes: cold ice, grey in the thermal infrared.

    Parameters
    ----------
    chance : float
        Share of complex scenes that have some, 0-1.
    cover : (low, high)
        Share of such a scene.
    thickest : (low, high)
        Largest optical thickness of a scene.
    temperature_k : (low, high)
    detected_above : float
        Optical thickness above which the product's quality assessment sees the cloud.
    smoothness : float
        Exponent of its power spectrum.
    """

    chance: float = 0.6
    cover: tuple[float, float] = (0.08, 0.35)
    thickest: tuple[float, float] = (0.05, 0.30)
    temperature_k: tuple[float, float] = (225.0, 240.0)
    detected_above: float = 0.10
    smoothness: float = 3.2

    def __post_init__(self) -> None:
        low, high = self.cover
        if not (0 <= self.chance <= 1 and 0 < low <= high < 1 and self.detected_above >= 0):
            raise ParameterError("cloud design: chance, cover or detection is out of range")


@dataclass(frozen=True)
class ArchiveRecipe:
    """All parameters of the simulated archive; the defaults are the committed design.

    Parameters
    ----------
    seed : int
        Of ground, noise and time. The air of a place is the same for every seed.
    training_scenes, complex_scenes : int
        The first so many places of each kind, at most 27 and 20.
    pixels_per_side : int
    nedt_k : float
        Noise at 300 K, K.
    tes : str
        Variant of TES that makes the labels, a key of `TES_VARIANTS`.
    first_year, last_year : int
        Of acquisition, June to August.
    local_hour : float
        Solar time of Terra's pass.
    surface : SurfaceDesign
    cloud : CloudDesign
    air : AirDesign
        That of the shipped table; another one is refused.
    dates : int
        Dates on which each training place is seen, 1-99. Complex places are seen on one.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    seed: int = 0
    training_scenes: int = 27
    complex_scenes: int = 20
    pixels_per_side: int = 96
    nedt_k: float = 0.3
    tes: str = "product"
    first_year: int = 2001
    last_year: int = 2020
    local_hour: float = 10.75
    surface: SurfaceDesign = field(default_factory=SurfaceDesign)
    cloud: CloudDesign = field(default_factory=CloudDesign)
    air: AirDesign = AIR_DESIGN
    dates: int = 1

    def __post_init__(self) -> None:
        for kind, count in zip(KINDS, (self.training_scenes, self.complex_scenes), strict=True):
            most = len(archive_places(kind))
            if not 0 <= count <= most:
                raise ParameterError(f"archive: {count} {kind} scenes, give 0-{most}")
        if self.training_scenes + self.complex_scenes < 1:
            raise ParameterError("archive: no scenes asked for, give 1 or more")
        if not 16 <= self.pixels_per_side <= 2048 or self.nedt_k < 0 or self.seed < 0:
            raise ParameterError("archive: size must be 16-2048 pixels, noise and seed 0 or more")
        if self.tes not in TES_VARIANTS:
            raise ParameterError(f"archive: TES {self.tes!r}: give {' or '.join(TES_VARIANTS)}")
        if not 2000 <= self.first_year <= self.last_year <= 2100:
            raise ParameterError("archive: years must rise, within 2000-2100")
        if self.air != AIR_DESIGN:
            raise ParameterError("archive: the shipped table of air was made by another design")
        if not 1 <= self.dates <= DATES_MAX:
            raise ParameterError(f"archive: {self.dates} dates, give 1-{DATES_MAX}")

    def places(self) -> tuple[Place, ...]:
        """Places of the archive, training first."""
        counts = (self.training_scenes, self.complex_scenes)
        return tuple(
            place
            for kind, count in zip(KINDS, counts, strict=True)
            for place in archive_places(kind)[:count]
        )

    def visits(self) -> tuple[tuple[Place, int], ...]:
        """Place and date of each scene: training places date by date, then the complex ones."""
        training = [place for place in self.places() if place.kind == "training"]
        steep = [place for place in self.places() if place.kind == "complex"]
        dated = [(place, date) for date in range(1, self.dates + 1) for place in training]
        return (*dated, *((place, 1) for place in steep))

    def to_json(self) -> dict[str, Any]:
        """Plain form, as indices of archives hold it; a single date isn't mentioned."""
        plain = asdict(self)
        if self.dates == 1:
            # as archives were described before there were dates: they stay what they are
            del plain["dates"]
        return plain


def archive_materials(kind: str) -> MaterialTable:
    """Materials that scenes of a kind are made of.

    Training scenes have those of the training split; complex ones those of the judging split as
    well, so that a model of one such scene has something to learn there.
    """
    if kind == "training":
        return materials("train")
    table, splits = all_materials(), group_splits()
    return table.take(np.array([splits[group] != "validation" for group in table.group]))


def simulate_archive_scene(place: Place, recipe: ArchiveRecipe) -> ArchiveScene:
    """Simulate the scene of one place on its first date; it doesn't depend on other scenes.

    Parameters
    ----------
    place : Place
        One of `archive_places`.
    recipe : ArchiveRecipe
    """
    return _simulate(place, recipe, place.scene_name, place_air(place), None)


def simulate_later_scene(
    place: Place, recipe: ArchiveRecipe, date: int, air: PlaceAir
) -> ArchiveScene:
    """Simulate the scene of one place on a further date; it doesn't depend on other scenes.

    Relief, land cover, materials and where they lie are those of the first date. Time, sun,
    temperatures and noise are drawn anew.

    Parameters
    ----------
    place : Place
        One of `archive_places`.
    recipe : ArchiveRecipe
    date : int
        2 and up.
    air : PlaceAir
        Of that date.

    Raises
    ------
    ParameterError
        If it isn't a further date.
    """
    if date < 2:
        raise ParameterError(f"place {place.name}: date {date} is no further one, give 2 or more")
    weather = np.random.default_rng([*_seeds(place, recipe), date])
    return _simulate(place, recipe, place.name_on(date), air, weather)


def _seeds(place: Place, recipe: ArchiveRecipe) -> tuple[int, int, int]:
    return recipe.seed, KINDS.index(place.kind), archive_places(place.kind).index(place)


def _simulate(
    place: Place,
    recipe: ArchiveRecipe,
    name: str,
    air: PlaceAir,
    weather: np.random.Generator | None,
) -> ArchiveScene:
    rng, side = np.random.default_rng(_seeds(place, recipe)), recipe.pixels_per_side
    acquired_at = draw_weather(rng, weather, lambda of: _draw_time(of, place, recipe))
    ground = draw_ground(
        rng,
        place,
        archive_materials(place.kind),
        lambda height: air.true.at(height).air_temperature_k,
        side,
        recipe.surface,
        weather,
    )
    rng = weather or rng
    cloud, cloud_k = _draw_cloud(rng, place, side, recipe.cloud)
    clear = clear_radiance(ground, air.true.at(ground.elevation_m))
    radiance = _measure(rng, through_cloud(clear, cloud, cloud_k), recipe.nedt_k)
    labels = product_labels(
        radiance, ground.elevation_m, air.believed, recipe.nedt_k, recipe.tes
    )
    return ArchiveScene(
        name=name,
        kind=place.kind,
        grid=place.grid(side),
        acquired_at=acquired_at,
        land_cover=place.land_cover,
        materials=ground.materials,
        radiance=radiance,
        elevation_m=ground.elevation_m,
        thin_cloud=cloud,
        label_lst=labels.lst,
        label_lse=labels.lse,
        label_valid=labels.valid & (cloud <= recipe.cloud.detected_above),
        lst=ground.lst,
        lse=ground.lse,
        air=_facts(air),
    )


def clear_radiance(ground: Ground, air: GroundAir) -> NDArray[np.float64]:
    """At-sensor radiance of cloudless ground without noise, float64 (5, row, col).

    Parameters
    ----------
    ground : Ground
    air : GroundAir
        Of each pixel's elevation.

    Returns
    -------
    ndarray of float64, (5, row, col)
        W m-2 sr-1 um-1.
    """
    return radiance_toa_full(
        ground.lst, ground.lse, air.transmittance, air.path_radiance, air.downwelling_radiance
    )


def _draw_time(rng: np.random.Generator, place: Place, recipe: ArchiveRecipe) -> datetime:
    year = int(rng.integers(recipe.first_year, recipe.last_year + 1))
    day = datetime(year, 6, 1, tzinfo=timezone.utc) + timedelta(days=int(rng.integers(92)))
    hours = recipe.local_hour - place.longitude / 15.0
    return day + timedelta(seconds=round(3600.0 * hours))


def _draw_cloud(
    rng: np.random.Generator, place: Place, side: int, design: CloudDesign
) -> tuple[NDArray[np.float32], float]:
    """Optical thickness (row, col) and temperature of a scene's thin cloud."""
    field_ = fractal_field(rng, (side, side), design.smoothness)[0]
    cover, thickest = rng.uniform(*design.cover), rng.uniform(*design.thickest)
    temperature = float(rng.uniform(*design.temperature_k))
    if place.kind == "training" or rng.random() >= design.chance:
        return np.zeros((side, side), dtype=np.float32), temperature
    edge = np.quantile(field_, 1.0 - cover)
    share = np.maximum(field_ - edge, 0.0) / (field_.max() - edge)
    return (thickest * share).astype(np.float32), temperature


def through_cloud(
    radiance: NDArray[np.float64], thickness: NDArray[np.float32], temperature_k: float
) -> NDArray[np.float64]:
    """Radiance above thin cloud: ``L exp(-t) + B(Tc) (1 - exp(-t))``.

    Neither air above the cloud nor its light on the ground is counted.

    Parameters
    ----------
    radiance : ndarray of float64, (5, row, col)
        W m-2 sr-1 um-1.
    thickness : ndarray of float32, (row, col)
        Optical thickness, 0 and more.
    temperature_k : float
        Of the cloud, K.

    Returns
    -------
    ndarray of float64, (5, row, col)
        W m-2 sr-1 um-1.
    """
    passed = np.exp(-thickness.astype(np.float64))
    own = broadcast_band_radiance(temperature_k)[:, None, None]
    result: NDArray[np.float64] = radiance * passed + own * (1.0 - passed)
    return result


def _measure(
    rng: np.random.Generator, radiance: NDArray[np.float64], nedt_k: float
) -> NDArray[np.float32]:
    noise = noise_radiance(nedt_k)[:, None, None] * rng.standard_normal(radiance.shape)
    measured: NDArray[np.float32] = dn_to_radiance(radiance_to_dn(radiance + noise)).astype(
        np.float32
    )
    return measured


def _facts(air: PlaceAir) -> AirFacts:
    return AirFacts(
        profile=air.profile,
        tcwv_kg_m2=round(air.true.tcwv_kg_m2, 3),
        believed_tcwv_kg_m2=round(air.believed.tcwv_kg_m2, 3),
        air_temperature_k=round(air.true.air_temperature_k, 2),
        temperature_error_k=round(air.believed.air_temperature_k - air.true.air_temperature_k, 2),
        view_zenith_deg=round(air.view_zenith_deg, 3),
        visibility_km=round(air.visibility_km, 3),
    )
