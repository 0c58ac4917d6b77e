"""Labels of the simulated archive: what a product would say of the scene, errors and all.

TES on the measured radiance with the believed atmosphere at each pixel's elevation, rounded as
AST_08 and AST_05 are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.physics.rte import ground_leaving_radiance
from akkd_core.physics.tes import TesQuality, temperature_emissivity_separation
from akkd_core.simulation.archive_air import ElevationAir
from akkd_core.simulation.scenes import noise_radiance

LST_STEP_K = 0.1
"""A count of AST_08, K."""

LSE_DECIMALS = 3
"""A count of AST_05 is 0.001."""

SKY_STEP_M = 25.0
"""Sky radiance and noise are taken at elevations this far apart: they change by 1 % at most."""


@dataclass(frozen=True)
class Labels:
    """Product labels of a scene.

    Parameters
    ----------
    lst : ndarray of float32, (row, col)
        K, in steps of 0.1 K; NaN where TES failed.
    lse : ndarray of float32, (5, row, col)
        0-1, in steps of 0.001; NaN where TES failed.
    valid : ndarray of bool, (row, col)
        TES converged.
    """

    lst: NDArray[np.float32]
    lse: NDArray[np.float32]
    valid: NDArray[np.bool_]


def product_labels(
    radiance: NDArray[np.floating],
    elevation_m: NDArray[np.floating],
    believed: ElevationAir,
    nedt_k: float,
) -> Labels:
    """Retrieve with the believed atmosphere.

    Parameters
    ----------
    radiance : ndarray, (5, row, col)
        Measured, W m-2 sr-1 um-1.
    elevation_m : ndarray, (row, col)
    believed : ElevationAir
    nedt_k : float
        Noise that TES corrects the contrast for, K at 300 K.
    """
    shape = elevation_m.shape
    height = elevation_m.ravel().astype(np.float64)
    air = believed.at(height)
    ground = ground_leaving_radiance(
        radiance.reshape(5, -1).astype(np.float64), air.transmittance, air.path_radiance
    )
    lst = np.full(height.size, np.nan)
    lse = np.full((5, height.size), np.nan)
    quality = np.full(height.size, int(TesQuality.FAILED), dtype=np.uint8)
    step = np.rint(height / SKY_STEP_M).astype(np.int64)
    order = np.argsort(step, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(step[order])) + 1):
        level = believed.at(float(step[part[0]]) * SKY_STEP_M)
        found = temperature_emissivity_separation(
            ground[:, part],
            level.downwelling_radiance,
            nedl=noise_radiance(nedt_k) / level.transmittance,
        )
        lst[part], lse[:, part], quality[part] = found.lst, found.lse, found.quality
    return Labels(
        (np.rint(lst / LST_STEP_K) * LST_STEP_K).astype(np.float32).reshape(shape),
        np.round(lse, LSE_DECIMALS).astype(np.float32).reshape(5, *shape),
        (quality == TesQuality.CONVERGED).reshape(shape),
    )
