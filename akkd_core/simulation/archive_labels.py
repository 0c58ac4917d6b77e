"""Labels of the simulated archive: what a product would say of the scene, errors and all.

TES on the measured radiance with the believed atmosphere at each pixel's elevation, rounded as
AST_08 and AST_05 are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.physics.rte import ground_leaving_radiance
from akkd_core.physics.tes import (
    TES_VARIANTS,
    TesQuality,
    temperature_emissivity_separation,
)
from akkd_core.simulation.archive_air import ElevationAir
from akkd_core.simulation.scenes import noise_radiance

LST_STEP_K = 0.1
"""A count of AST_08, K."""

LSE_DECIMALS = 3
"""A count of AST_05 is 0.001."""


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
    tes: str = "product",
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
    tes : str
        A key of `TES_VARIANTS`; ``product`` as AST_05 and AST_08 are made since August 2007.
    """
    shape = elevation_m.shape
    height = elevation_m.ravel().astype(np.float64)
    air = believed.at(height)
    ground = ground_leaving_radiance(
        radiance.reshape(5, -1).astype(np.float64), air.transmittance, air.path_radiance
    )
    found = temperature_emissivity_separation(
        ground,
        air.downwelling_radiance,
        nedl=noise_radiance(nedt_k) / air.transmittance.mean(axis=1),
        settings=TES_VARIANTS[tes],
    )
    return Labels(
        (np.rint(found.lst / LST_STEP_K) * LST_STEP_K).astype(np.float32).reshape(shape),
        np.round(found.lse, LSE_DECIMALS).astype(np.float32).reshape(5, *shape),
        (found.quality == TesQuality.CONVERGED).reshape(shape),
    )
