"""The radiative transfer equation of a plane-parallel, cloudless atmosphere, band-averaged.

Full form (e.g. Gillespie et al. 1998, eq. 1)::

    L = tau * (eps * B(Ts) + (1 - eps) * L_down) + L_up

The AK-KD paper's form (Dai et al. 2025, eq. 1) replaces both atmospheric radiances by one
effective air temperature Ta::

    L = (1 - tau) * (1 + (1 - eps) * tau) * B(Ta) + tau * eps * B(Ts)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from akkd_core.physics.planck import band_radiance, broadcast_band_radiance


def _columns(values: ArrayLike, ndim: int) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    return array.reshape(array.shape + (1,) * (ndim - array.ndim))


def radiance_toa_full(
    lst: ArrayLike,
    lse: ArrayLike,
    transmittance: ArrayLike,
    path_radiance: ArrayLike,
    downwelling_radiance: ArrayLike,
) -> NDArray[np.float64]:
    """At-sensor radiance by the full equation.

    Parameters
    ----------
    lst : array_like, shape S
        Land surface temperature, K.
    lse : array_like, shape (5,) + S
        Emissivity, 0-1.
    transmittance, path_radiance, downwelling_radiance : array_like, (5,)
        0-1; W m-2 sr-1 um-1.

    Returns
    -------
    ndarray of float64, (5,) + S
        W m-2 sr-1 um-1.
    """
    emissivity = np.asarray(lse, dtype=np.float64)
    tau, up, down = (
        _columns(a, emissivity.ndim) for a in (transmittance, path_radiance, downwelling_radiance)
    )
    surface = emissivity * broadcast_band_radiance(lst) + (1.0 - emissivity) * down
    result: NDArray[np.float64] = tau * surface + up
    return result


def effective_air_temperature(transmittance: ArrayLike, path_radiance: ArrayLike) -> float:
    """One air temperature for all bands: least squares of ``L_up = (1 - tau) * B(Ta)``, K.

    Parameters
    ----------
    transmittance, path_radiance : array_like, (5,)
        0-1; W m-2 sr-1 um-1.
    """
    tau = np.asarray(transmittance, dtype=np.float64)
    path = np.asarray(path_radiance, dtype=np.float64)
    candidates = np.arange(180.0, 330.0, 0.05)
    residual = path[:, None] - (1.0 - tau[:, None]) * broadcast_band_radiance(candidates)
    return float(candidates[np.argmin((residual**2).sum(axis=0))])


def radiance_toa_paper(
    lst: ArrayLike, lse: ArrayLike, transmittance: ArrayLike, air_temperature_k: float
) -> NDArray[np.float64]:
    """At-sensor radiance by the paper's simplified equation (Dai et al. 2025, eq. 1).

    Parameters
    ----------
    lst : array_like, shape S
        K.
    lse : array_like, shape (5,) + S
        0-1.
    transmittance : array_like, (5,)
        0-1.
    air_temperature_k : float
        Effective air temperature, K, see `effective_air_temperature`.

    Returns
    -------
    ndarray of float64, (5,) + S
        W m-2 sr-1 um-1.
    """
    emissivity = np.asarray(lse, dtype=np.float64)
    tau = _columns(transmittance, emissivity.ndim)
    air = _columns(band_radiance(np.full(emissivity.shape[0], air_temperature_k)), emissivity.ndim)
    surface = broadcast_band_radiance(lst)
    result: NDArray[np.float64] = (1.0 - tau) * (1.0 + (1.0 - emissivity) * tau) * air + (
        tau * emissivity * surface
    )
    return result


def ground_leaving_radiance(
    radiance_toa: ArrayLike, transmittance: ArrayLike, path_radiance: ArrayLike
) -> NDArray[np.float64]:
    """Radiance leaving the ground, ``(L - L_up) / tau``, W m-2 sr-1 um-1.

    Parameters
    ----------
    radiance_toa : array_like, (5,) + S
        W m-2 sr-1 um-1.
    transmittance, path_radiance : array_like, (5,)
        0-1; W m-2 sr-1 um-1.
    """
    radiance = np.asarray(radiance_toa, dtype=np.float64)
    tau, up = (_columns(a, radiance.ndim) for a in (transmittance, path_radiance))
    result: NDArray[np.float64] = (radiance - up) / tau
    return result
