"""Temperature of the ground from longwave fluxes, and the broadband emissivity that it needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from akkd_core.constants import STEFAN_BOLTZMANN_W_M2_K4
from akkd_core.errors import ParameterError

BROADBAND_OFFSET = 0.197
BROADBAND_WEIGHTS = (0.025, 0.057, 0.237, 0.333, 0.146)
"""Weights of ASTER bands 10-14 in the emissivity of 8-13.5 um (r2 0.983 over 424 spectra).

Source: Cheng, Liang, Yao, Zhang 2013, IEEE Geosci. Remote Sens. Lett. 10(2), 401-405, who find
that this spectral range serves longwave radiation best; also in Cheng and Liang 2014, J. Geophys.
Res. Atmos. 119, 614-634, doi 10.1002/2013JD020689.
"""

BROADBAND_FORMULA = "Cheng et al. 2013, from bands 10-14"
"""What reports call it."""


def longwave_temperature(
    longwave_up: ArrayLike, longwave_down: ArrayLike, emissivity: ArrayLike
) -> NDArray[np.float64]:
    """Temperature of a surface from the longwave fluxes above it.

    ``T = ((up - (1 - eps) down) / (eps sigma))**(1/4)``: what the surface reflects of the sky is
    taken off, the rest is its own emission (e.g. Wang and Liang 2009, Remote Sens. Environ. 113,
    1556-1565, eq. 3).

    Parameters
    ----------
    longwave_up, longwave_down : array_like
        Hemispherical fluxes, W m-2, as pyrgeometers measure.
    emissivity : array_like
        Broadband, above 0 to 1.

    Returns
    -------
    ndarray of float64
        K; NaN where a value is missing or the fluxes contradict each other.

    Raises
    ------
    ParameterError
        If an emissivity is out of range.
    """
    up, down, eps = (
        np.asarray(value, dtype=np.float64) for value in (longwave_up, longwave_down, emissivity)
    )
    if ((eps <= 0.0) | (eps > 1.0)).any():
        raise ParameterError("broadband emissivity must be above 0 and at most 1")
    emitted = (up - (1.0 - eps) * down) / (eps * STEFAN_BOLTZMANN_W_M2_K4)
    with np.errstate(invalid="ignore"):
        found: NDArray[np.float64] = np.where(emitted > 0.0, emitted, np.nan) ** 0.25
    return found


def broadband_emissivity(lse: ArrayLike) -> NDArray[np.float64]:
    """Emissivity of 8-13.5 um from that of ASTER's bands.

    Parameters
    ----------
    lse : array_like, (5, ...)
        Bands 10-14, 0-1.

    Returns
    -------
    ndarray of float64, (...)
        0-1, see `BROADBAND_WEIGHTS`; NaN where a band is.

    Raises
    ------
    ParameterError
        If there are not five bands.
    """
    bands = np.asarray(lse, dtype=np.float64)
    if bands.ndim < 1 or bands.shape[0] != len(BROADBAND_WEIGHTS):
        raise ParameterError(f"broadband emissivity: bands {bands.shape}, expected five of them")
    found: NDArray[np.float64] = BROADBAND_OFFSET + np.tensordot(
        np.asarray(BROADBAND_WEIGHTS), bands, axes=1
    )
    return found
