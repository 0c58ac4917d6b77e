"""A whole simulated granule with its truth: a rotated swath of one surface under one atmosphere."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.simulation.atmospheres import AtmosphereTable
from akkd_core.simulation.clouds import CLOUD_OPTICAL_DEPTH, draw_clouds, total_optical_depth
from akkd_core.simulation.materials import MaterialTable
from akkd_core.simulation.scenes import Atmosphere, observe
from akkd_core.simulation.surfaces import draw_surface

ORIENTATION_DEG = 8.2
"""Map orientation of a Terra swath at middle latitudes, degrees."""

_CLOUDS = 1  # their random numbers are their own: the ground is the same with and without


@dataclass(frozen=True)
class SimulatedScene:
    """Digital numbers with the truth behind them.

    Parameters
    ----------
    dn : ndarray of uint16, (5, row, col)
        0 outside the swath.
    lst : ndarray of float32, (row, col)
        K; NaN outside the swath.
    lse : ndarray of float32, (5, row, col)
        0-1; NaN outside the swath.
    atmosphere : Atmosphere
    profile : str
        Base profile of the atmosphere.
    view_zenith_deg : float
    land_cover : str
    n_materials : int
    daytime : bool
    cloud_optical_depth : ndarray of float32, (row, col), or None
        Visible; NaN outside the swath. None in a scene that was made without clouds.
    cloud_kinds : tuple of str
        Of its layers, the lowest first.
    """

    dn: NDArray[np.uint16]
    lst: NDArray[np.float32]
    lse: NDArray[np.float32]
    atmosphere: Atmosphere
    profile: str
    view_zenith_deg: float
    land_cover: str
    n_materials: int
    daytime: bool
    cloud_optical_depth: NDArray[np.float32] | None = None
    cloud_kinds: tuple[str, ...] = ()

    @property
    def cloud_cover(self) -> float:
        """Share of the swath's pixels that count as cloud, 0-1."""
        if self.cloud_optical_depth is None:
            return 0.0
        depth = self.cloud_optical_depth[np.isfinite(self.cloud_optical_depth)]
        return float((depth >= CLOUD_OPTICAL_DEPTH).mean())


def swath_mask(rows: int, cols: int, orientation_deg: float) -> NDArray[np.bool_]:
    """Inside of a rotated rectangle in the smallest north-up raster that holds it.

    Parameters
    ----------
    rows, cols : int
        Size of the swath, pixels.
    orientation_deg : float
        Clockwise rotation, degrees, -45 to 45.
    """
    turn = math.radians(orientation_deg)
    cos, sin = math.cos(turn), math.sin(turn)
    height = math.ceil(rows * cos + cols * abs(sin))
    width = math.ceil(cols * cos + rows * abs(sin))
    y, x = np.mgrid[0:height, 0:width]
    y, x = y + 0.5 - height / 2, x + 0.5 - width / 2
    along, across = y * cos - x * sin, x * cos + y * sin
    inside: NDArray[np.bool_] = (np.abs(along) <= rows / 2) & (np.abs(across) <= cols / 2)
    return inside


def simulate_scene(
    air: AtmosphereTable,
    table: MaterialTable,
    *,
    rows: int = 700,
    cols: int = 830,
    orientation_deg: float = ORIENTATION_DEG,
    nedt_k: float = 0.3,
    rte: str = "full",
    tcwv_kg_m2: float | None = None,
    land_cover: str | None = None,
    n_materials: int | None = None,
    daytime: bool | None = None,
    cloud_cover: float = 0.0,
    cloud_kind: str | None = None,
    seed: int = 0,
) -> SimulatedScene:
    """Simulate a granule's scene.

    Parameters
    ----------
    air : AtmosphereTable
        One atmosphere is drawn from it.
    table : MaterialTable
    rows, cols : int
        Size of the swath, pixels of 90 m; the raster that holds it is larger when rotated.
    orientation_deg : float
    nedt_k : float
        Noise at 300 K, K.
    rte : {'full', 'paper'}
    tcwv_kg_m2 : float, optional
        Take the atmosphere of nearest water vapour instead of a random one.
    land_cover, n_materials, daytime
        As in `draw_surface`.
    cloud_cover : float
        Share of pixels under cloud, 0-1, about; the ground is the same without.
    cloud_kind : str, optional
        See `akkd_core.simulation.clouds`.
    seed : int

    Raises
    ------
    ParameterError
        If the size is too small or the noise negative.
    """
    if min(rows, cols) < 8 or nedt_k < 0:
        raise ParameterError(f"swath of {rows} x {cols} pixels, noise {nedt_k} K: out of range")
    rng = np.random.default_rng(seed)
    row = int(rng.integers(len(air)))
    if tcwv_kg_m2 is not None:
        row = int(np.argmin(np.abs(air.tcwv_kg_m2 - tcwv_kg_m2)))
    atmosphere = Atmosphere.of(air, row)
    inside = swath_mask(rows, cols, orientation_deg)
    shape = (inside.shape[0], inside.shape[1])
    surface = draw_surface(
        rng,
        table,
        shape,
        atmosphere.air_temperature_k,
        n_materials=n_materials,
        land_cover=land_cover,
        daytime=daytime,
    )
    clouds = draw_clouds(
        np.random.default_rng([seed, _CLOUDS]), shape, cloud_cover,
        atmosphere.air_temperature_k, surface.daytime, cloud_kind,
    )  # fmt: skip
    dn, lst = observe(surface, atmosphere, rng, nedt_k=nedt_k, rte=rte, clouds=clouds)
    dn[:, ~inside] = 0
    depth = total_optical_depth(clouds, shape) if clouds else None
    return SimulatedScene(
        dn=dn,
        lst=np.where(inside, lst, np.float32(np.nan)),
        lse=np.where(inside, surface.lse, np.float32(np.nan)),
        atmosphere=atmosphere,
        profile=str(air.profile[row]),
        view_zenith_deg=float(air.view_zenith_deg[row]),
        land_cover=surface.land_cover,
        n_materials=surface.n_materials,
        daytime=surface.daytime,
        cloud_optical_depth=(
            None if depth is None else np.where(inside, depth, np.float32(np.nan))
        ),
        cloud_kinds=tuple(layer.kind for layer in clouds),
    )
