"""Ground of the simulated archive: relief, land covers on it, temperature by height and sun.

A training scene has gentle relief, one land cover and few materials. A complex scene has steep
relief, three land covers with materials of their own that mix in most pixels, each at its own
temperature, and slopes in sun and shade. Temperature and emissivity of a mixed pixel are the
means of its parts by area: that is the truth, and the radiance is computed from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from akkd_core.errors import ParameterError
from akkd_core.simulation.archive_places import Place
from akkd_core.simulation.materials import LAND_COVERS, MaterialTable
from akkd_core.simulation.placement import PIXEL_M
from akkd_core.simulation.surfaces import (
    MELTING_K,
    Surface,
    draw_surface,
    draw_weather,
    fractal_field,
)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SurfaceDesign:
    """How ground is drawn. All of it is a choice of this project, not a climatology.

    Parameters
    ----------
    training_materials, complex_materials : (low, high)
        Materials of a land cover, inclusive.
    relief_exponent : (low, high)
        Power spectrum of the relief, 2 rough to 4 smooth.
    surface_minus_air_k : tuple of (cover, low, high)
        Mean of surface minus air temperature of a land cover on a summer's late morning, K.
    sun_slope_k : tuple of (cover, K)
        What a slope in full shade lacks against level ground, K.
    sun_zenith_deg, sun_azimuth_deg : (low, high)
        At half past ten in summer over China.
    mixing_exponent : (low, high)
        Power spectrum of the borders between land covers: low is ragged.
    mixing_sharpness : (low, high)
        1 all mixed, 10 hardly mixed.
    """

    training_materials: tuple[int, int] = (3, 6)
    complex_materials: tuple[int, int] = (3, 5)
    relief_exponent: tuple[float, float] = (3.6, 4.0)
    surface_minus_air_k: tuple[tuple[str, float, float], ...] = (
        ("desert", 8.0, 22.0),
        ("crops", 0.0, 10.0),
        ("forest", -2.0, 5.0),
        ("urban", 5.0, 16.0),
        ("water", -3.0, 3.0),
        ("snow", -4.0, 6.0),
        ("rock", 5.0, 18.0),
    )
    sun_slope_k: tuple[tuple[str, float], ...] = (
        ("desert", 16.0),
        ("crops", 6.0),
        ("forest", 4.0),
        ("urban", 12.0),
        ("water", 0.0),
        ("snow", 2.0),
        ("rock", 16.0),
    )
    sun_zenith_deg: tuple[float, float] = (20.0, 35.0)
    sun_azimuth_deg: tuple[float, float] = (115.0, 150.0)
    mixing_exponent: tuple[float, float] = (1.8, 2.6)
    mixing_sharpness: tuple[float, float] = (1.5, 4.0)

    def __post_init__(self) -> None:
        for name in ("training_materials", "complex_materials"):
            low, high = getattr(self, name)
            if not 1 <= low <= high:
                raise ParameterError(f"surface design: {name} {low}-{high} is no range")
        for table in (self.surface_minus_air_k, self.sun_slope_k):
            if {row[0] for row in table} != set(LAND_COVERS):
                raise ParameterError("surface design: each land cover needs a row, no other")


# How land covers lie on relief, by height 0-1: the score is drawn to it.
_LIES_AT = {"water": 0.05, "urban": 0.2, "crops": 0.25, "desert": 0.35, "forest": 0.5}
_LIES_ABOVE = {"rock": 2.0, "snow": 6.0}
_VALLEY_PULL = 6.0
_SNOW_LINE = 0.6
_RIDGE_PIXELS = 24.0
_BROAD_DAMPING = 0.8


class _AirTemperature(Protocol):
    def __call__(self, elevation_m: Array, /) -> Array: ...


@dataclass(frozen=True)
class Ground:
    """Ground of a scene.

    Parameters
    ----------
    elevation_m : ndarray of float32, (row, col)
    lst : ndarray of float32, (row, col)
        True land surface temperature, K.
    lse : ndarray of float32, (5, row, col)
        True emissivity, 0-1.
    cover_share : ndarray of float32, (covers, row, col)
        Share of each land cover in the pixel, 0-1.
    materials : tuple of str
        Spectra in the library.
    """

    elevation_m: NDArray[np.float32]
    lst: NDArray[np.float32]
    lse: NDArray[np.float32]
    cover_share: NDArray[np.float32]
    materials: tuple[str, ...]


def draw_elevation(
    rng: np.random.Generator, place: Place, side: int, design: SurfaceDesign
) -> NDArray[np.float32]:
    """Relief of a place, m: from its lowest ground to its highest."""
    field = fractal_field(rng, (side, side), rng.uniform(*design.relief_exponent))[0]
    # ridges and valleys some kilometres apart whatever the size, else large scenes would be flat
    field -= np.float32(_BROAD_DAMPING) * gaussian_filter(field, _RIDGE_PIXELS, mode="nearest")
    share = (field - field.min()) / max(float(np.ptp(field)), 1e-6)
    result: NDArray[np.float32] = (place.elevation_m + place.relief_m * share).astype(np.float32)
    return result


def sunlight(
    elevation_m: NDArray[np.floating], zenith_deg: float, azimuth_deg: float
) -> NDArray[np.float64]:
    """Direct sun on the slope over that on level ground; 0 where the slope turns away.

    ``max(cos i, 0) / cos z`` of the slope's own incidence; no shadows are cast on other slopes.

    Parameters
    ----------
    elevation_m : ndarray, (row, col)
        North-up, on pixels of 90 m.
    zenith_deg, azimuth_deg : float
        Of the sun; azimuth clockwise from north.
    """
    down, east = np.gradient(elevation_m.astype(np.float64), PIXEL_M)
    zenith, azimuth = np.radians(zenith_deg), np.radians(azimuth_deg)
    # rows run south: the slope towards north is minus the one down the rows
    towards = np.array([np.sin(azimuth), np.cos(azimuth)]) * np.sin(zenith)
    cosine = np.cos(zenith) - towards[0] * east + towards[1] * down
    cosine /= np.sqrt(1.0 + east**2 + down**2)
    result: Array = np.maximum(cosine, 0.0) / np.cos(zenith)
    return result


def _cover_shares(
    rng: np.random.Generator, height: Array, covers: tuple[str, ...], design: SurfaceDesign
) -> NDArray[np.float32]:
    """Share of each land cover by height and chance, (covers, row, col)."""
    if len(covers) == 1:
        return np.ones((1, *height.shape), dtype=np.float32)
    shape = (height.shape[0], height.shape[1])
    score = fractal_field(rng, shape, rng.uniform(*design.mixing_exponent), len(covers))
    for i, cover in enumerate(covers):
        if cover in _LIES_AT:
            score[i] -= np.float32(_VALLEY_PULL) * (height - _LIES_AT[cover]) ** 2
        else:
            score[i] += np.float32(_LIES_ABOVE[cover]) * (height - _SNOW_LINE)
    score *= np.float32(rng.uniform(*design.mixing_sharpness))
    share = np.exp(score - score.max(axis=0))
    result: NDArray[np.float32] = (share / share.sum(axis=0)).astype(np.float32)
    return result


def _cover_temperature(surface: Surface, mean_offset_k: float, air: Array, sun_k: Array) -> Array:
    offset = surface.temperature_offset_k - surface.temperature_offset_k.mean()
    lst = air + mean_offset_k + offset + sun_k
    result: Array = np.where(surface.snow_fraction > 0.5, np.minimum(lst, MELTING_K), lst)
    return result


def _uniform(span: tuple[float, float]) -> Callable[[np.random.Generator], float]:
    return lambda rng: float(rng.uniform(*span))


def draw_ground(
    rng: np.random.Generator,
    place: Place,
    table: MaterialTable,
    air_temperature: _AirTemperature,
    side: int,
    design: SurfaceDesign,
    weather: np.random.Generator | None = None,
) -> Ground:
    """Draw the ground of a place.

    Parameters
    ----------
    rng : numpy.random.Generator
    place : Place
    table : MaterialTable
        Materials to draw from.
    air_temperature : callable
        Near-surface air temperature of elevations, K.
    side : int
        Pixels.
    design : SurfaceDesign
    weather : numpy.random.Generator, optional
        Draws sun and temperatures: the same ground on another date.
    """
    elevation = draw_elevation(rng, place, side, design)
    zenith = draw_weather(rng, weather, _uniform(design.sun_zenith_deg))
    azimuth = draw_weather(rng, weather, _uniform(design.sun_azimuth_deg))
    sun = sunlight(elevation, zenith, azimuth)
    height = (elevation.astype(np.float64) - place.elevation_m) / place.relief_m
    share = _cover_shares(rng, height, place.covers, design)
    air = air_temperature(elevation.astype(np.float64))
    counts = design.training_materials if place.kind == "training" else design.complex_materials
    means = {name: (low, high) for name, low, high in design.surface_minus_air_k}
    slopes = dict(design.sun_slope_k)
    lst, lse = np.zeros((side, side)), np.zeros((5, side, side))
    names: list[str] = []
    for part, cover in zip(share, place.covers, strict=True):
        surface = draw_surface(
            rng,
            table,
            (side, side),
            float(air.mean()),
            n_materials=int(rng.integers(counts[0], counts[1] + 1)),
            land_cover=cover,
            daytime=True,
            weather=weather,
        )
        mean_k = draw_weather(rng, weather, _uniform(means[cover]))
        sun_k = slopes[cover] * (sun - 1.0)
        lst += part * _cover_temperature(surface, mean_k, air, sun_k)
        lse += part * surface.lse
        names += surface.materials
    return Ground(
        elevation,
        lst.astype(np.float32),
        lse.astype(np.float32),
        share,
        tuple(dict.fromkeys(names)),
    )
