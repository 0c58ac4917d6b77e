"""A temperature product like MODIS's, made of a simulated scene's truth by physics of its own.

Nothing of the retrieval's physics is in it: emission at one wavelength (11.03 um, MODIS band 31)
of the ground as it is seen from MODIS's direction, spread by its point spread function (a triangle
along the scan, a box along the track, 1 km; Wolfe et al. 2002, Remote Sens. Environ. 83, 31-49),
displaced by its error of geolocation (50 m, ibid.), inverted with an emissivity that is known half
(as one by classes of land cover), off by what is left of the air (one error for the scene, a
smooth one, noise of each cell), in counts of 0.02 K. Sizes of errors are choices of this project,
such that the whole is within the 1 K that MOD11 is specified for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d, map_coordinates

from akkd_core.errors import ParameterError
from akkd_core.grid import Grid
from akkd_core.physics.planck import planck_radiance, planck_temperature
from akkd_core.simulation.archive_scene import ArchiveScene
from akkd_core.simulation.surfaces import fractal_field

CELL_M = 926.625433
"""Side of a cell of MODIS's 1 km grid, m."""

_BAND_31_UM = 11.03
_BANDS_13_14 = (3, 4)
_STEP_K = 0.02
_SMOOTHNESS = 3.5
# the triangle along the scan reaches half a cell beyond a cell's edge; and some for displacement
_MARGIN = 0.7

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ModisDesign:
    """How the product is off. All of it is a choice of this project.

    Parameters
    ----------
    view_zenith_deg : (low, high)
    geolocation_m : float
        Of each axis, 1 sigma, one for the scene.
    class_emissivity : float
        What an emissivity by classes of land cover leans to.
    class_share : float
        How far it does, 0-1.
    scene_error_k, smooth_error_k, noise_k : float
        1 sigma.
    cloud_temperature_k : float
        Of thin cloud that it doesn't see.
    cloud_seen_above : float
        Mean optical thickness of a cell above which its quality says cloud.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    view_zenith_deg: tuple[float, float] = (5.0, 15.0)
    geolocation_m: float = 50.0
    class_emissivity: float = 0.975
    class_share: float = 0.5
    scene_error_k: float = 0.5
    smooth_error_k: float = 0.3
    noise_k: float = 0.3
    cloud_temperature_k: float = 232.0
    cloud_seen_above: float = 0.05

    def __post_init__(self) -> None:
        low, high = self.view_zenith_deg
        sizes = (self.geolocation_m, self.scene_error_k, self.smooth_error_k, self.noise_k)
        if not (0 <= low <= high < 60 and 0 <= self.class_share <= 1 and min(sizes) >= 0):
            raise ParameterError("MODIS-like design: a value is out of range")


@dataclass(frozen=True, eq=False)
class ModisLike:
    """The product over a scene.

    Parameters
    ----------
    grid : Grid
        Of its cells, north-up in the scene's UTM zone; all lie in the scene.
    lst : ndarray of float32, (row, col)
        K.
    good : ndarray of bool, (row, col)
        Quality says that there is no cloud.
    view_zenith_deg : float
    """

    grid: Grid
    lst: NDArray[np.float32]
    good: NDArray[np.bool_]
    view_zenith_deg: float


def modis_like(scene: ArchiveScene, seed: int, design: ModisDesign | None = None) -> ModisLike:
    """Make the product of a scene.

    Parameters
    ----------
    scene : ArchiveScene
        With truth, of 40 x 40 pixels or more.
    seed : int
    design : ModisDesign, optional

    Raises
    ------
    InputError
        If the scene has no truth.
    ParameterError
        If it is too small.
    """
    how = design or ModisDesign()
    rng = np.random.default_rng([seed, 31])
    lst, lse = (np.asarray(part, dtype=np.float64) for part in scene.truth())
    zenith = float(rng.uniform(*how.view_zenith_deg))
    azimuth = float(rng.choice((100.0, 280.0)))
    shift = rng.normal(0.0, how.geolocation_m, 2) / scene.grid.pixel_size_m
    grid = cells_within(scene.grid)
    emissivity = lse[list(_BANDS_13_14)].mean(axis=0)
    passed = np.exp(-scene.thin_cloud.astype(np.float64))
    cloud = planck_radiance(_BAND_31_UM, how.cloud_temperature_k)
    emitted = planck_radiance(_BAND_31_UM, lst)
    weight = projected_area(scene.elevation_m, scene.grid.pixel_size_m, zenith, azimuth)
    fields = np.stack(
        [
            weight,
            weight * (emissivity * emitted * passed + cloud * (1.0 - passed)),
            weight * emissivity,
            weight * scene.thin_cloud,
        ]
    )
    area, radiance, known, thickness = _sampled(fields, scene.grid, grid, shift)
    radiance, known, thickness = radiance / area, known / area, thickness / area
    assumed = known + how.class_share * (how.class_emissivity - known)
    found = planck_temperature(_BAND_31_UM, radiance / assumed)
    smooth = fractal_field(rng, grid.shape, _SMOOTHNESS)[0]
    found = found + how.scene_error_k * rng.standard_normal()
    found = found + how.smooth_error_k * smooth + how.noise_k * rng.standard_normal(grid.shape)
    counts = np.rint(found / _STEP_K)
    return ModisLike(
        grid,
        (counts * _STEP_K).astype(np.float32),
        np.asarray(thickness <= how.cloud_seen_above),
        zenith,
    )


def cells_within(grid: Grid) -> Grid:
    """Grid of all cells whose point spread function lies within a north-up scene.

    Raises
    ------
    ParameterError
        If there are fewer than 2 x 2.
    """
    size = grid.pixel_size_m
    rows, cols = (int(n * size / CELL_M - 2 * _MARGIN) for n in grid.shape)
    if min(rows, cols) < 2:
        raise ParameterError(f"scene of {grid.shape} pixels: too small for cells of 1 km")
    x, y = grid.xy(grid.rows / 2, grid.cols / 2)
    left, top = x - cols * CELL_M / 2, y + rows * CELL_M / 2
    return Grid(grid.epsg, (left, CELL_M, 0.0, top, 0.0, -CELL_M), rows, cols)


def projected_area(
    elevation_m: NDArray[np.floating], pixel_m: float, zenith_deg: float, azimuth_deg: float
) -> Floats:
    """Area of each pixel's slope as seen from a direction, over that of level ground.

    Slopes that face the sensor take more of its view: those in the sun if it looks from there.

    Parameters
    ----------
    elevation_m : ndarray, (row, col)
        North-up, m.
    pixel_m : float
    zenith_deg, azimuth_deg : float
        Of the sensor seen from the ground; azimuth clockwise from north.

    Returns
    -------
    ndarray of float64, (row, col)
        0 where a slope turns away.
    """
    down, east = np.gradient(np.asarray(elevation_m, dtype=np.float64), pixel_m)
    tangent, azimuth = np.tan(np.radians(zenith_deg)), np.radians(azimuth_deg)
    # rows run south: the rise towards north is minus the one down the rows
    facing = 1.0 - tangent * (np.sin(azimuth) * east - np.cos(azimuth) * down)
    found: Floats = np.maximum(facing, 0.0)
    return found


def _sampled(fields: Floats, scene: Grid, cells: Grid, shift: Floats) -> Floats:
    """Spread fields by the point spread function and take them at the cells' middles."""
    reach = CELL_M / scene.pixel_size_m
    along = _kernel(reach, triangle=True)
    across = _kernel(reach, triangle=False)
    spread = convolve1d(convolve1d(fields, along, axis=2, mode="nearest"), across, axis=1,
                        mode="nearest")  # fmt: skip
    row, col = np.mgrid[: cells.rows, : cells.cols] + 0.5
    x0, dx, _, y0, _, dy = cells.geotransform
    places = scene.rowcol(x0, y0)
    at_row = places[0] + row * (-dy / scene.pixel_size_m) - 0.5 + shift[0]
    at_col = places[1] + col * (dx / scene.pixel_size_m) - 0.5 + shift[1]
    return np.stack(
        [map_coordinates(one, [at_row, at_col], order=1, mode="nearest") for one in spread]
    )


def _kernel(reach: float, *, triangle: bool) -> Floats:
    """Weights of pixels around one: a box of that many, or a triangle of twice as many."""
    half = int(np.ceil(reach))
    fine = np.linspace(-half - 0.5, half + 0.5, 64 * (2 * half + 1) + 1)
    fine = 0.5 * (fine[1:] + fine[:-1])
    if triangle:
        weight = np.maximum(1.0 - np.abs(fine) / reach, 0.0)
    else:
        weight = (np.abs(fine) <= reach / 2).astype(np.float64)
    found: Floats = weight.reshape(2 * half + 1, 64).sum(axis=1) / weight.sum()
    return found
