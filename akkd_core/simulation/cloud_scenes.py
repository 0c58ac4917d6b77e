"""Scenes with clouds of known optical depth: what a cloud mask is fitted and judged on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from akkd_core.physics.planck import brightness_temperature
from akkd_core.simulation.atmospheres import AtmosphereTable, shipped_atmospheres
from akkd_core.simulation.clouds import CLOUD_OPTICAL_DEPTH, draw_clouds, total_optical_depth
from akkd_core.simulation.materials import MaterialTable, materials
from akkd_core.simulation.scenes import Atmosphere, dn_to_radiance, observe
from akkd_core.simulation.surfaces import Surface, draw_surface, fractal_field

CLEAR_SHARE, OVERCAST_SHARE = 0.3, 0.1
"""Shares of scenes without cloud, and with nothing else, where the cover is drawn."""


@dataclass(frozen=True)
class CloudyScene:
    """A scene and its truth.

    Parameters
    ----------
    bt : ndarray of float32, (5, row, col)
        Brightness temperature with noise, K.
    optical_depth : ndarray of float32, (row, col)
        Of the clouds, visible.
    kinds : tuple of str
        Of the clouds.
    lst : ndarray of float32, (row, col)
        K.
    lse : ndarray of float32, (5, row, col)
        0-1.
    water_fraction, snow_fraction : ndarray of float32, (row, col)
        0-1.
    land_cover : str
    daytime : bool
    atmosphere : Atmosphere
    """

    bt: NDArray[np.float32]
    optical_depth: NDArray[np.float32]
    kinds: tuple[str, ...]
    lst: NDArray[np.float32]
    lse: NDArray[np.float32]
    water_fraction: NDArray[np.float32]
    snow_fraction: NDArray[np.float32]
    land_cover: str
    daytime: bool
    atmosphere: Atmosphere

    @property
    def cloudy(self) -> NDArray[np.bool_]:
        """Where there is cloud."""
        result: NDArray[np.bool_] = self.optical_depth >= CLOUD_OPTICAL_DEPTH
        return result

    @property
    def clear(self) -> NDArray[np.bool_]:
        """Where there is none at all, not even thin cloud."""
        result: NDArray[np.bool_] = self.optical_depth == 0
        return result


def cloud_air(split: str) -> tuple[AtmosphereTable, MaterialTable]:
    """Shipped air and materials of a split: ``train``, ``validation`` or ``judge``."""
    air = shipped_atmospheres("judge" if split == "judge" else "train")
    return air.of_split(split), materials(split)


def draw_cloudy_scene(
    rng: np.random.Generator,
    air: AtmosphereTable,
    table: MaterialTable,
    shape: tuple[int, int],
    *,
    cover: float | None = None,
    kind: str | None = None,
    land_cover: str | None = None,
    daytime: bool | None = None,
    nedt_k: float = 0.3,
    varied: bool = False,
) -> CloudyScene:
    """Draw a scene.

    Parameters
    ----------
    rng : numpy.random.Generator
    air : AtmosphereTable
        One atmosphere is drawn from it.
    table : MaterialTable
    shape : (rows, cols)
    cover : float, optional
        Share under cloud, 0-1; default: drawn, with `CLEAR_SHARE` and `OVERCAST_SHARE`.
    kind, land_cover, daytime
        As in `draw_clouds` and `draw_surface`.
    nedt_k : float
        Noise at 300 K, K.
    varied : bool
        Vary materials and air as for training.
    """
    atmosphere = Atmosphere.of(air, int(rng.integers(len(air))))
    if varied:
        atmosphere = atmosphere.with_engine_error(rng)
    surface = draw_surface(
        rng, table, shape, atmosphere.air_temperature_k,
        land_cover=land_cover, daytime=daytime, varied=varied,
    )  # fmt: skip
    surface = _calm_water(rng, surface)
    share, drawn = rng.random(), rng.uniform(0.02, 0.98)
    if share < CLEAR_SHARE:
        drawn = 0.0
    elif share > 1.0 - OVERCAST_SHARE:
        drawn = 1.0
    clouds = draw_clouds(
        rng, shape, drawn if cover is None else cover, atmosphere.air_temperature_k,
        surface.daytime, kind,
    )  # fmt: skip
    dn, lst = observe(surface, atmosphere, rng, nedt_k=nedt_k, clouds=clouds)
    return CloudyScene(
        bt=brightness_temperature(dn_to_radiance(dn)).astype(np.float32),
        optical_depth=total_optical_depth(clouds, shape),
        kinds=tuple(layer.kind for layer in clouds),
        lst=lst,
        lse=surface.lse,
        water_fraction=_water(surface),
        snow_fraction=surface.snow_fraction,
        land_cover=surface.land_cover,
        daytime=surface.daytime,
        atmosphere=atmosphere,
    )


def _water(surface: Surface) -> NDArray[np.float32]:
    assert surface.water_fraction is not None
    return surface.water_fraction


def _calm_water(rng: np.random.Generator, surface: Surface) -> Surface:
    """Give water a temperature of its own: it knows neither relief nor texture of the land."""
    water, land = _water(surface), surface.temperature_offset_k
    if float(water.max()) < 0.5:
        return surface
    level = float(land[water > 0.5].mean())
    drift = fractal_field(rng, (water.shape[0], water.shape[1]), 3.4)[0] * rng.uniform(0.05, 0.5)
    offset = (1.0 - water) * land + water * (level + drift)
    return replace(surface, temperature_offset_k=offset.astype(np.float32))
