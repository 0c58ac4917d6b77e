"""How far a pixel lies from what a pixel network was trained on, and what that does to its error.

A departure is a distance in units of its limit: 1 is at the limit, more is outside the domain of
validity. The limits were chosen on simulated scenes of training and validation air and materials,
of which each lets fewer than 5 in 1000 pixels out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.network import Network

Array = NDArray[np.float32]

MEASURED_LIMIT_SD = 6.5
"""Features that are measured, and means of such over a pixel's surroundings: so many standard
deviations from the training mean."""

INVERTED_LIMIT_SD = 30.0
"""The same of features of the ground under the air that was found: opaque air magnifies noise and
its own errors in them, so their distribution has long tails in training, too."""

CLOSURE_LIMIT_K, CLOSURE_LIMIT_PER_DEPTH_K = 3.0, 4.0
"""Closure in any band, K: in clear air, and more for each unit of band 13's optical depth."""

_INVERTED = "ground", "sky_ratio"
_TRANSMITTANCE_FLOOR = 1e-3


@dataclass(frozen=True, eq=False)
class FeatureDomain:
    """Where the per-pixel inputs of a network lay in training.

    Parameters
    ----------
    mean : ndarray of float32, (n_pixel_inputs,)
        In the inputs' units.
    reach : ndarray of float32, (n_pixel_inputs,)
        From the mean to the limit, above 0.
    """

    mean: Array
    reach: Array

    @classmethod
    def of(cls, network: Network) -> FeatureDomain:
        """Return the domain by the network's own means and scales."""
        count = network.n_pixel_inputs
        limits = [
            INVERTED_LIMIT_SD if any(part in name for part in _INVERTED) else MEASURED_LIMIT_SD
            for name in network.pixel_input_names
        ]
        reach = network.input_scale[:count] * np.array(limits, dtype=np.float32)
        return cls(network.input_mean[:count], reach)

    def departure(self, features: Array) -> Array:
        """Tell how far pixels are out by the feature that is farthest.

        Parameters
        ----------
        features : ndarray of float32, (n, n_pixel_inputs)

        Returns
        -------
        ndarray of float32, (n,)
            1 at the limit.
        """
        apart = features - self.mean
        apart *= np.float32(1.0) / self.reach
        np.abs(apart, out=apart)
        farthest: Array = apart.max(axis=1)
        return farthest


def closure_departure(closure: Array, transmittance_13: Array) -> Array:
    """Tell how far pixels are out by what doesn't close.

    Parameters
    ----------
    closure : ndarray of float32, (n, 5)
        See `akkd_core.inference.closure`, K.
    transmittance_13 : ndarray of float32, (n,)
        Retrieved, 0-1.

    Returns
    -------
    ndarray of float32, (n,)
        1 at the limit ``3 K - 4 K ln(tau_13)``; infinite where the closure isn't known.
    """
    depth = -np.log(np.clip(transmittance_13, _TRANSMITTANCE_FLOOR, 1.0))
    limit = CLOSURE_LIMIT_K + CLOSURE_LIMIT_PER_DEPTH_K * depth
    farthest = np.abs(closure).max(axis=1) / limit
    found: Array = np.where(np.isfinite(farthest), farthest, np.inf).astype(np.float32)
    return found


def grown(errors: Array, *departures: Array) -> Array:
    """Errors that grow with the distance from the training domain, and only outside it.

    A network tells errors such as it saw; what it tells farther out may be anything. So beyond the
    limit an error is multiplied by the departure: at twice the limit it is twice that told.

    Parameters
    ----------
    errors : ndarray of float32, (n, 6)
        As told.
    departures : ndarray of float32, (n,)
        1 at the limit; the largest one counts. One that isn't finite has no say.

    Returns
    -------
    ndarray of float32, (n, 6)
    """
    factor = np.ones(len(errors), dtype=np.float32)
    for departure in departures:
        factor = np.maximum(factor, np.where(np.isfinite(departure), departure, 1.0))
    result: Array = (errors * factor[:, None]).astype(np.float32, copy=False)
    return result
