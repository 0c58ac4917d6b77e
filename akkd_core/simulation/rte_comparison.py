"""How far the paper's radiative transfer equation is from the full one, in kelvins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from akkd_core.physics.planck import brightness_temperature
from akkd_core.physics.rte import (
    effective_air_temperature,
    radiance_toa_full,
    radiance_toa_paper,
)
from akkd_core.simulation.atmospheres import AtmosphereTable
from akkd_core.simulation.materials import MaterialTable
from akkd_core.simulation.scenes import Atmosphere


def paper_minus_full(
    air: AtmosphereTable, table: MaterialTable, *, count: int = 500, seed: int = 0
) -> NDArray[np.float64]:
    """Brightness temperature by the paper's equation minus by the full one.

    Parameters
    ----------
    air : AtmosphereTable
    table : MaterialTable
    count : int
        Random pairs of an atmosphere and a material, the surface 5 K warmer than the air.
    seed : int

    Returns
    -------
    ndarray of float64, (count, 5)
        K.
    """
    rng = np.random.default_rng(seed)
    difference = np.empty((count, 5))
    for i in range(count):
        sky = Atmosphere.of(air, int(rng.integers(len(air))))
        lse = table.lse[rng.integers(len(table))].astype(np.float64)
        lst = sky.air_temperature_k + 5.0
        effective = effective_air_temperature(sky.transmittance, sky.path_radiance)
        paper = radiance_toa_paper(lst, lse, sky.transmittance, effective)
        full = radiance_toa_full(
            lst, lse, sky.transmittance, sky.path_radiance, sky.downwelling_radiance
        )
        difference[i] = brightness_temperature(paper) - brightness_temperature(full)
    return difference
