"""Stations like those of the radiation networks, put into a simulated scene.

Each measures longwave fluxes above a spot of one pixel: what the ground emits and reflects of the
sky, with its broadband emissivity as the blackbody-weighted mean of 8-13.5 um of the true spectrum
(linear between the five bands), and with errors of its own: of calibration, of the spot against
the pixel, of the emissivity that it is said to have. Sizes of errors are choices of this project.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.constants import STEFAN_BOLTZMANN_W_M2_K4
from akkd_core.errors import InputError, ParameterError
from akkd_core.physics.planck import planck_radiance
from akkd_core.simulation.archive_scene import ArchiveScene
from akkd_core.validation.ground_temperature import longwave_temperature

BROADBAND_UM = (8.0, 13.5)
"""Wavelengths of the broadband emissivity, um."""

# centroids of the bands' spectral response, um
_CENTROIDS_UM = (8.2873, 8.6349, 9.0793, 10.6592, 11.2893)
_POINTS = 221
_REFERENCE_K = 300.0
_LAPSE_K_M = 0.0065
_SCALE_HEIGHT_M = 2200.0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StationDesign:
    """How many stations there are and how they are off; a choice of this project.

    Parameters
    ----------
    places : int
        Drawn at random in a scene; filters take some.
    flux_error_w_m2 : float
        Of each pyrgeometer, 1 sigma (3 W m-2 is the target of the Baseline Surface Radiation
        Network).
    spot_error_k : float
        Of the spot's temperature against the pixel's, 1 sigma.
    emissivity_error : float
        1 sigma.
    """

    places: int = 1500
    flux_error_w_m2: float = 3.0
    spot_error_k: float = 0.7
    emissivity_error: float = 0.01

    def __post_init__(self) -> None:
        sizes = (self.flux_error_w_m2, self.spot_error_k, self.emissivity_error)
        if self.places < 1 or min(sizes) < 0:
            raise ParameterError("station design: needs one place or more, and no negative error")


@dataclass(frozen=True, eq=False)
class StationsLike:
    """Stations in a scene.

    Parameters
    ----------
    row, col : ndarray of intp, (n,)
        Pixels that they stand in.
    lst_k : ndarray of float64, (n,)
        From their fluxes and the emissivity that they are said to have.
    """

    row: NDArray[np.intp]
    col: NDArray[np.intp]
    lst_k: Floats


def stations_like(
    scene: ArchiveScene, seed: int, design: StationDesign | None = None
) -> StationsLike:
    """Put stations into a scene and let them measure.

    Parameters
    ----------
    scene : ArchiveScene
        With truth and air.
    seed : int
    design : StationDesign, optional

    Raises
    ------
    InputError
        If the scene has no truth, or its air is unknown.
    """
    how = design or StationDesign()
    lst, lse = scene.truth()
    if scene.air is None:
        raise InputError(f"scene {scene.name}: its air is unknown. use a simulated archive")
    rng = np.random.default_rng([seed, 32])
    rows, cols = scene.grid.shape
    # one pixel from the edge, so that there is a window around each
    place = rng.choice((rows - 2) * (cols - 2), min(how.places, (rows - 2) * (cols - 2)), False)
    row, col = (index + 1 for index in np.divmod(place, cols - 2))
    emissivity = true_broadband(lse[:, row, col])
    height = (scene.elevation_m[row, col] - scene.elevation_m.min()).astype(np.float64)
    down = sky_longwave(
        scene.air.air_temperature_k - _LAPSE_K_M * height,
        scene.air.tcwv_kg_m2 * np.exp(-height / _SCALE_HEIGHT_M),
    )
    spot = lst[row, col].astype(np.float64) + how.spot_error_k * rng.standard_normal(row.size)
    up = emissivity * STEFAN_BOLTZMANN_W_M2_K4 * spot**4 + (1.0 - emissivity) * down
    errors = how.flux_error_w_m2 * rng.standard_normal((2, row.size))
    said = emissivity + how.emissivity_error * rng.standard_normal(row.size)
    found = longwave_temperature(up + errors[0], down + errors[1], np.clip(said, 0.5, 1.0))
    return StationsLike(row, col, found)


def true_broadband(lse: NDArray[np.floating]) -> Floats:
    """Blackbody-weighted mean emissivity of 8-13.5 um, from five bands and straight lines between.

    Parameters
    ----------
    lse : ndarray, (5, n)
        0-1.

    Returns
    -------
    ndarray of float64, (n,)
        0-1.
    """
    wavelength = np.linspace(*BROADBAND_UM, _POINTS)
    weight = planck_radiance(wavelength, _REFERENCE_K)
    # a line between bands is linear in their values: so is the mean
    of_band = [np.interp(wavelength, _CENTROIDS_UM, unit) @ weight for unit in np.eye(5)]
    found: Floats = (np.asarray(of_band) / weight.sum()) @ np.asarray(lse, dtype=np.float64)
    return found


def sky_longwave(air_temperature_k: Floats, tcwv_kg_m2: Floats) -> Floats:
    """Longwave flux of a clear sky, W m-2.

    ``(1 - (1 + w) exp(-sqrt(1.2 + 3 w))) sigma T^4`` with w in g cm-2 (Prata 1996, Q. J. R.
    Meteorol. Soc. 122, 1127-1151).

    Parameters
    ----------
    air_temperature_k : ndarray of float64, (n,)
        Near the ground.
    tcwv_kg_m2 : ndarray of float64, (n,)
    """
    water = tcwv_kg_m2 / 10.0
    emissivity = 1.0 - (1.0 + water) * np.exp(-np.sqrt(1.2 + 3.0 * water))
    found: Floats = emissivity * STEFAN_BOLTZMANN_W_M2_K4 * air_temperature_k**4
    return found
