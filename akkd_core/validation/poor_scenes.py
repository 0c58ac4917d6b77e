"""Scenes that tell little of their air: one material, a small crop, much cloud.

What a scene's statistics bring a bundle can mislead it there; it must not be worse than a network
of single pixels. Each scene goes through the retrieval's whole path, cloud mask included, and
counts where there truly is no cloud, also where QC wrongly says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.simulation.atmospheres import AtmosphereTable
from akkd_core.simulation.clouds import CloudLayer, draw_clouds, total_optical_depth
from akkd_core.simulation.materials import MaterialTable
from akkd_core.simulation.scenes import Atmosphere, observe
from akkd_core.simulation.surfaces import draw_surface

SIDE, CROP = 96, 12
"""Sides of a scene and of a small crop, pixels."""

NEDT_K = 0.3

_SHARP, _BROKEN = "stratus", "cumulus"


@dataclass(frozen=True, eq=False)
class PoorScene:
    """A scene and its truth.

    Parameters
    ----------
    dn : ndarray of uint16, (5, row, col)
    truth : ndarray of float32, (6, row, col)
        Temperature and emissivities, K and 1.
    clear : ndarray of bool, (row, col)
        Where there is no cloud at all.
    daytime : bool
    profile : str
        Of its air.
    tcwv_kg_m2 : float
    """

    dn: NDArray[np.uint16]
    truth: NDArray[np.float32]
    clear: NDArray[np.bool_]
    daytime: bool
    profile: str
    tcwv_kg_m2: float


def _draw(
    rng: np.random.Generator,
    air: AtmosphereTable,
    row: int,
    table: MaterialTable,
    *,
    n_materials: int | None = None,
    cover: float = 0.0,
    kind: str | None = None,
    crop: int | None = None,
) -> PoorScene:
    atmosphere = Atmosphere.of(air, row)
    shape = (SIDE, SIDE)
    count = int(rng.integers(2, 13)) if n_materials is None else n_materials
    surface = draw_surface(rng, table, shape, atmosphere.air_temperature_k, n_materials=count)
    clouds: tuple[CloudLayer, ...] = ()
    if cover:
        clouds = draw_clouds(
            rng, shape, cover, atmosphere.air_temperature_k, surface.daytime, kind
        )
    dn, lst = observe(surface, atmosphere, rng, nedt_k=NEDT_K, clouds=clouds)
    depth = total_optical_depth(clouds, shape)
    side = SIDE if crop is None else crop
    top, left = (int(rng.integers(SIDE - side + 1)) for _ in range(2))
    part = np.s_[top : top + side, left : left + side]
    whole = (slice(None), *part)
    return PoorScene(
        dn[whole],
        np.concatenate([lst[None], surface.lse])[whole],
        depth[part] == 0,
        surface.daytime,
        str(air.profile[row]),
        atmosphere.tcwv_kg_m2,
    )


def _one_material(
    rng: np.random.Generator, air: AtmosphereTable, row: int, table: MaterialTable
) -> PoorScene:
    return _draw(rng, air, row, table, n_materials=1)


def _small_crop(
    rng: np.random.Generator, air: AtmosphereTable, row: int, table: MaterialTable
) -> PoorScene:
    return _draw(rng, air, row, table, crop=CROP)


def _half_cloud(
    rng: np.random.Generator, air: AtmosphereTable, row: int, table: MaterialTable
) -> PoorScene:
    return _draw(rng, air, row, table, cover=0.5, kind=_SHARP)


def _broken_cloud(
    rng: np.random.Generator, air: AtmosphereTable, row: int, table: MaterialTable
) -> PoorScene:
    return _draw(rng, air, row, table, cover=0.3, kind=_BROKEN)


Draw = Callable[[np.random.Generator, AtmosphereTable, int, MaterialTable], PoorScene]

POOR_KINDS: Mapping[str, Draw] = {
    "one material": _one_material,
    "crop of 12 x 12 pixels": _small_crop,
    "half under stratus": _half_cloud,
    "broken cumulus with edges": _broken_cloud,
}
"""Kinds of poor scenes, and what draws one under a row of a table of air."""
