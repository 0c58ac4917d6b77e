"""What bands tell of ground and air: Jacobian of the full equation, optimal-estimation figures.

Source of the figures: Rodgers, Inverse Methods for Atmospheric Sounding (World Scientific 2000),
chapter 2. A state x of prior covariance Sa is seen as y = K x with noise of covariance Se. The
most probable state then answers to the true one as the averaging kernel says,

    A = (K^T Se^-1 K + Sa^-1)^-1 K^T Se^-1 K = Sa K^T (K Sa K^T + Se)^-1 K,

and is known to the posterior covariance (I - A) Sa. The trace of A counts the degrees of freedom
for signal: how many independent numbers of the state the measurement gives, at most one a band.
The second form is the one computed: it needs no inverse of Sa, which correlated bands make nearly
singular.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.physics.planck import broadcast_band_radiance, broadcast_band_radiance_slope

BANDS = 5
STATE_SIZE = 1 + 4 * BANDS
"""LST; then lse, transmittance, path_radiance and downwelling_radiance, each of five bands."""


def rte_jacobian(
    lst: NDArray[np.floating],
    lse: NDArray[np.floating],
    transmittance: NDArray[np.floating],
    downwelling_radiance: NDArray[np.floating],
) -> NDArray[np.float64]:
    """Derive `rte.radiance_toa_full` by each number of the state.

    Parameters
    ----------
    lst : ndarray, (n,)
        Land surface temperature, K.
    lse, transmittance : ndarray, (n, 5)
        0-1.
    downwelling_radiance : ndarray, (n, 5)
        W m-2 sr-1 um-1.

    Returns
    -------
    ndarray of float64, (n, 5, 21)
        Of each band's radiance, W m-2 sr-1 um-1 per unit of the state: LST (K), then `lse`,
        `transmittance`, `path_radiance`, `downwelling_radiance` of bands 10-14.
    """
    black = broadcast_band_radiance(lst).T
    slope = broadcast_band_radiance_slope(lst).T
    reflected = 1.0 - lse
    jacobian = np.zeros((len(lst), BANDS, STATE_SIZE))
    jacobian[:, :, 0] = transmittance * lse * slope
    band = np.arange(BANDS)
    own = (
        transmittance * (black - downwelling_radiance),
        lse * black + reflected * downwelling_radiance,
        np.ones_like(black),
        transmittance * reflected,
    )
    for number, derivative in enumerate(own):
        jacobian[:, band, 1 + number * BANDS + band] = derivative
    return jacobian


def state_columns(bands: Sequence[int]) -> NDArray[np.intp]:
    """Positions in the state of what some bands see: LST, then each quantity of these bands.

    Parameters
    ----------
    bands : sequence of int
        Indices 0-4 of bands 10-14.
    """
    chosen = np.asarray(bands, dtype=np.intp)
    return np.concatenate([[0], *(1 + number * BANDS + chosen for number in range(4))])


@dataclass(frozen=True)
class Information:
    """What a measurement tells of a state of m numbers, for a batch of any shape.

    Parameters
    ----------
    averaging_kernel : ndarray of float64, (..., m, m)
        Change of the estimated state with the true one.
    posterior_covariance : ndarray of float64, (..., m, m)
    """

    averaging_kernel: NDArray[np.float64]
    posterior_covariance: NDArray[np.float64]

    def degrees_of_freedom(self, part: slice = slice(None)) -> NDArray[np.float64]:
        """Degrees of freedom for signal of the state, or of a part of it, (...).

        Of the whole state they lie between 0 and the number of measurements. The parts add up to
        the whole; a part may be negative where the prior ties it to another.
        """
        result: NDArray[np.float64] = np.diagonal(self.averaging_kernel, axis1=-2, axis2=-1)[
            ..., part
        ].sum(axis=-1)
        return result

    def variance(self, position: int) -> NDArray[np.float64]:
        """Posterior variance of one number of the state, (...)."""
        result: NDArray[np.float64] = self.posterior_covariance[..., position, position]
        return result


def measured_information(
    jacobian: NDArray[np.floating],
    noise_covariance: NDArray[np.floating],
    prior_covariance: NDArray[np.floating],
) -> Information:
    """Averaging kernel and posterior covariance of a linear measurement.

    Parameters
    ----------
    jacobian : ndarray, (..., n, m)
        K: n measurements, m numbers of the state.
    noise_covariance : ndarray, (n, n)
        Se, positive definite.
    prior_covariance : ndarray, (m, m)
        Sa, positive semi-definite: a number of variance 0 is known.

    Raises
    ------
    ParameterError
        If the noise is not positive definite.
    """
    k, se, sa = (
        np.asarray(a, dtype=np.float64) for a in (jacobian, noise_covariance, prior_covariance)
    )
    if np.linalg.eigvalsh(se).min() <= 0.0:
        raise ParameterError("noise covariance is not positive definite: give noise above 0")
    seen = k @ sa
    gain = np.swapaxes(np.linalg.solve(seen @ np.swapaxes(k, -1, -2) + se, seen), -1, -2)
    return Information(gain @ k, sa - gain @ seen)


def prior_given(
    prior_covariance: NDArray[np.floating], known: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Prior covariance once some numbers of the state are known exactly.

    Parameters
    ----------
    prior_covariance : ndarray, (m, m)
    known : ndarray of bool, (m,)

    Returns
    -------
    ndarray of float64, (m, m)
        0 in rows and columns of what is known; the rest as conditional on it.
    """
    prior = np.asarray(prior_covariance, dtype=np.float64)
    given, open_ = np.flatnonzero(known), np.flatnonzero(~known)
    across = prior[np.ix_(open_, given)]
    told = across @ np.linalg.pinv(prior[np.ix_(given, given)], hermitian=True) @ across.T
    result = np.zeros_like(prior)
    result[np.ix_(open_, open_)] = prior[np.ix_(open_, open_)] - told
    return result
