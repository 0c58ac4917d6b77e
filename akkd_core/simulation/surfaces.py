"""Surfaces: maps of materials, emissivity and temperature relative to the air, with structure.

A surface has a land cover, 1-12 materials in fractal patches with mixed pixels, and a temperature
field made of a scene offset, class offsets, relief and fine texture. It knows nothing of the
atmosphere but the air temperature, which decides where snow may lie.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from akkd_core.simulation.materials import LAND_COVERS, MaterialTable, cavity_emissivity

DAY_OFFSET_K = (-5.0, 30.0)
NIGHT_OFFSET_K = (-15.0, 5.0)
"""Scene mean of surface minus near-surface air temperature, K (uniform)."""

SNOW_AIR_LIMIT_K = 283.0
MELTING_K = 273.15

_Drawn = TypeVar("_Drawn")

_CAVITY = {
    "vegetation": (0.0, 0.85),
    "nonphotosyntheticvegetation": (0.0, 0.6),
    "soil": (0.0, 0.25),
    "rock": (0.0, 0.25),
    "manmade": (0.0, 0.15),
    "water": (0.0, 0.0),
    "snow": (0.0, 0.0),
}
# Class offsets by day relative to the scene, K: leaves transpire, dry ground heats.
_DAY_CLASS_K = {"vegetation": -4.0, "rock": 2.0, "soil": 2.0, "manmade": 2.0}


@dataclass(frozen=True)
class Surface:
    """One surface.

    Parameters
    ----------
    lse : ndarray of float32, (5, row, col)
        Emissivity, 0-1.
    temperature_offset_k : ndarray of float32, (row, col)
        Surface minus near-surface air temperature, K.
    snow_fraction : ndarray of float32, (row, col)
        Share of the pixel under snow or ice, 0-1: there the surface stays at or below melting.
    n_materials : int
    land_cover : str
    daytime : bool
    materials : tuple of str
        Spectra in the library, in the order of drawing.
    water_fraction : ndarray of float32, (row, col), or None
        Share of the pixel under open water, 0-1; None where it isn't known.
    """

    lse: NDArray[np.float32]
    temperature_offset_k: NDArray[np.float32]
    snow_fraction: NDArray[np.float32]
    n_materials: int
    land_cover: str
    daytime: bool
    materials: tuple[str, ...] = ()
    water_fraction: NDArray[np.float32] | None = None

    def temperature_k(self, air_temperature_k: float) -> NDArray[np.float32]:
        """Land surface temperature under air of the given temperature, K, (row, col)."""
        lst = air_temperature_k + self.temperature_offset_k
        melting = np.minimum(lst, MELTING_K)
        capped = np.where(self.snow_fraction > 0.5, melting, lst)
        result: NDArray[np.float32] = capped.astype(np.float32)
        return result


def draw_weather(
    rng: np.random.Generator,
    weather: np.random.Generator | None,
    draw: Callable[[np.random.Generator], _Drawn],
) -> _Drawn:
    """Draw what changes from one date to another, of ground that stays.

    Parameters
    ----------
    rng : numpy.random.Generator
        Of the ground. It is drawn from in any case: what it gives next is the same on all dates.
    weather : numpy.random.Generator, optional
        Of the date; without it, rng's draw counts.
    draw : callable
    """
    first = draw(rng)
    return first if weather is None else draw(weather)


def fractal_field(
    rng: np.random.Generator, shape: tuple[int, int], exponent: float, count: int = 1
) -> NDArray[np.float32]:
    """Gaussian random fields of power spectrum ``k**-exponent``, mean 0 and SD 1.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : (rows, cols)
    exponent : float
        2 rough to 4 smooth.
    count : int

    Returns
    -------
    ndarray of float32, (count, rows, cols)
    """
    rows, cols = shape
    # twice the size, cropped: the transform's periodicity must not show
    high, wide = fft.next_fast_len(rows * 3 // 2), fft.next_fast_len(cols * 3 // 2, real=True)
    noise = rng.standard_normal((count, high, wide), dtype=np.float32)
    spectrum = fft.rfft2(noise, axes=(1, 2))
    ky = np.fft.fftfreq(high)[:, None] * high
    kx = np.fft.rfftfreq(wide)[None, :] * wide
    k = np.hypot(ky * (wide / high), kx).astype(np.float32)
    k[0, 0] = 1.0
    spectrum *= k ** np.float32(-exponent / 2.0)
    spectrum[:, 0, 0] = 0.0
    field = fft.irfft2(spectrum, s=(high, wide), axes=(1, 2))[:, :rows, :cols]
    field -= field.mean(axis=(1, 2), keepdims=True)
    spread = field.std(axis=(1, 2), keepdims=True)
    result: NDArray[np.float32] = (field / np.maximum(spread, 1e-6)).astype(np.float32)
    return result


def _draw_cover(rng: np.random.Generator, air_temperature_k: float, kinds: set[str]) -> str:
    covers = [
        cover
        for cover in LAND_COVERS
        if (cover != "snow" or air_temperature_k < SNOW_AIR_LIMIT_K)
        and (cover not in ("snow", "water") or cover in kinds)
    ]
    return covers[rng.integers(len(covers))]


def vary_spectrum(
    rng: np.random.Generator, lse: NDArray[np.floating], partner: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Make a plausible new material of two of a kind, so that training sees more than the library.

    Mixed at random with its partner in three of five cases; then its reflectance is scaled (25 %),
    tilted and bent over the bands (10 %) and varied band by band (4 %).

    Parameters
    ----------
    rng : numpy.random.Generator
    lse, partner : ndarray, (5,)
        Emissivity, 0-1.
    """
    share = rng.random() if rng.random() < 0.6 else 1.0
    reflectance = 1.0 - (share * np.asarray(lse, dtype=np.float64) + (1.0 - share) * partner)
    x = np.linspace(-1.0, 1.0, 5)
    shape = rng.normal(0.0, 0.1) * x + rng.normal(0.0, 0.1) * (x**2 - 0.5)
    factor = np.exp(rng.normal(0.0, 0.25) + shape + rng.normal(0.0, 0.04, 5))
    result: NDArray[np.float64] = np.clip(1.0 - reflectance * factor, 0.4, 0.999)
    return result


def _draw_materials(
    rng: np.random.Generator, table: MaterialTable, cover: str, count: int, varied: bool
) -> tuple[list[str], list[str], NDArray[np.float64]]:
    """Kinds, names and spectra of materials of a land cover."""
    shares = {k: s for k, s in LAND_COVERS[cover].items() if k in set(table.kind)}
    names = list(shares)
    weights = np.array([shares[name] for name in names])
    kinds, names_drawn, spectra = [], [], []
    for i in range(count):
        # the cover's first kind is always there: a water scene has water
        kind = names[0] if i == 0 else names[rng.choice(len(names), p=weights / weights.sum())]
        row = _draw_row(rng, table, kind)
        lse: NDArray[np.floating] = table.lse[row]
        if varied:
            lse = vary_spectrum(rng, lse, table.lse[_draw_row(rng, table, kind)])
        kinds.append(kind)
        names_drawn.append(table.name[row])
        spectra.append(cavity_emissivity(lse, rng.uniform(*_CAVITY[kind])))
    return kinds, names_drawn, np.array(spectra)


def _draw_row(rng: np.random.Generator, table: MaterialTable, kind: str) -> int:
    """Row of a random member of a random group of a kind."""
    groups = list(table.groups_of(kind).values())
    rows = groups[rng.integers(len(groups))]
    return int(rows[rng.integers(len(rows))])


def _fractions(rng: np.random.Generator, shape: tuple[int, int], count: int) -> NDArray[np.float32]:
    """Share of each material in each pixel, (count, row, col), summing to 1."""
    field = fractal_field(rng, shape, rng.uniform(2.0, 3.6), count)
    field += rng.normal(0.0, 0.6, count).astype(np.float32)[:, None, None]
    # sharp fields with mixed borders up to gradients, scene by scene
    sharpness = np.float32(10.0 ** rng.uniform(0.3, 1.5))
    field *= sharpness
    field -= field.max(axis=0)
    np.exp(field, out=field)
    field /= field.sum(axis=0)
    return field


def _temperature(
    rng: np.random.Generator,
    kinds: list[str],
    fraction: NDArray[np.float32],
    daytime: bool,
) -> NDArray[np.float64]:
    shape = (fraction.shape[1], fraction.shape[2])
    low, high = DAY_OFFSET_K if daytime else NIGHT_OFFSET_K
    offset = rng.uniform(low, high)
    spread = 3.5 if daytime else 1.8
    class_k = rng.normal(0.0, spread, len(kinds))
    for i, kind in enumerate(kinds):
        if kind in ("water", "snow"):
            # their temperature follows the air, not the scene
            class_k[i] = rng.uniform(-4.0, 2.0) - 0.8 * offset
        elif daytime:
            class_k[i] += _DAY_CLASS_K.get(kind, 0.0)
    weight = fraction.mean(axis=(1, 2))
    relief = fractal_field(rng, shape, rng.uniform(2.4, 3.6))[0] * rng.uniform(0.2, 4.0)
    texture = rng.standard_normal(shape) * rng.uniform(0.05, 0.8)
    classes = np.tensordot(class_k - (class_k * weight).sum() * 0.5, fraction, axes=1)
    result: NDArray[np.float64] = offset + classes + relief + texture
    return np.clip(result, low - 8.0, high + 8.0)


def draw_surface(
    rng: np.random.Generator,
    table: MaterialTable,
    shape: tuple[int, int],
    air_temperature_k: float,
    *,
    n_materials: int | None = None,
    land_cover: str | None = None,
    daytime: bool | None = None,
    varied: bool = False,
    weather: np.random.Generator | None = None,
) -> Surface:
    """Draw a surface.

    Parameters
    ----------
    rng : numpy.random.Generator
    table : MaterialTable
        Materials of one split.
    shape : (rows, cols)
    air_temperature_k : float
        Near-surface air temperature, K: no snow above 283 K.
    n_materials : int, optional
        Default: 2-12, uniform.
    land_cover : str, optional
        A key of `LAND_COVERS`; default: drawn.
    daytime : bool, optional
        Default: day or night at even odds.
    varied : bool
        Vary the library's spectra, see `vary_spectrum`: for training, never for judging.
    weather : numpy.random.Generator, optional
        Draws the temperature: the same ground on another date.
    """
    cover = land_cover or _draw_cover(rng, air_temperature_k, set(table.kind))
    count = int(n_materials or rng.integers(2, 13))
    day = bool(rng.random() < 0.5) if daytime is None else daytime
    kinds, drawn, spectra = _draw_materials(rng, table, cover, count, varied)
    fraction = _fractions(rng, shape, count)
    lse = np.tensordot(spectra.T, fraction, axes=1)
    snow, water = (
        np.array([kind == name for kind in kinds], dtype=np.float32) for name in ("snow", "water")
    )
    offset = draw_weather(rng, weather, lambda of: _temperature(of, kinds, fraction, day))
    return Surface(
        lse=lse.astype(np.float32),
        temperature_offset_k=offset.astype(np.float32),
        snow_fraction=np.tensordot(snow, fraction, axes=1).astype(np.float32),
        n_materials=count,
        land_cover=cover,
        daytime=day,
        materials=tuple(drawn),
        water_fraction=np.tensordot(water, fraction, axes=1).astype(np.float32),
    )
