"""A Gaussian process over architectures, with the kernel of edit distances.

Dai, Mao et al. 2025, eq. (6): ``kappa = exp(-rho(d)**2)`` with d the edit distance. That kernel of
the distance itself is not positive semi-definite. Two ways out:

- ``bourgain``: rho maps the distance to one in a Euclidean space, as in Jin et al. 2019 (section
  3.1.1, after Bourgain 1985): coordinates are distances to random subsets of the architectures, and
  the kernel of Euclidean distances is positive semi-definite by construction;
- ``projection``: rho is a number, and negative eigenvalues of the kernel matrix are set to zero.

Scale, noise and amplitude are the most likely (marginal likelihood, Rasmussen & Williams 2006, eq.
5.8, times a log-normal prior of the scale: a dozen trials alone say little about it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from akkd_core.bundle.architecture import Architecture
from akkd_core.search.edit_distance import edit_distances

EMBEDDINGS = ("bourgain", "projection")

_RELATIVE_RHO = np.geomspace(0.1, 6.0, 22)
_PRIOR_SD = 0.35
_NOISE = (1e-3, 1e-2, 3e-2, 1e-1, 3e-1)
_JITTER = 1e-8


@dataclass(frozen=True)
class Prediction:
    """Posterior of the objective at architectures that were not tried.

    Parameters
    ----------
    mean, sd : ndarray of float64, (k,)
        In the unit of the scores given.
    rho, noise : float
        Scale of the distances, and variance of noise relative to the amplitude.
    """

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    rho: float
    noise: float


def predict(
    tried: Sequence[Architecture],
    scores: NDArray[np.float64],
    candidates: Sequence[Architecture],
    *,
    embedding: str,
    rng: np.random.Generator,
) -> Prediction:
    """Predict the objective of candidates from the trials.

    Parameters
    ----------
    tried : sequence of Architecture
        At least two.
    scores : ndarray of float64, (n,)
        Finite.
    candidates : sequence of Architecture
    embedding : {'bourgain', 'projection'}
    rng : numpy.random.Generator
        Draws Bourgain's subsets.

    Returns
    -------
    Prediction
    """
    n = len(tried)
    # to the tried alone: Bourgain's subsets are of them, and 'projection' adds the rest
    distances = edit_distances([*tried, *candidates], tried)
    centre, spread = float(scores.mean()), max(float(scores.std()), 1e-12)
    y = (scores - centre) / spread
    if embedding == "bourgain":
        points = _bourgain(distances, rng)
        squares = _squared_distances(points, points[:n])
    else:
        squares = distances**2
    rho, noise = _most_likely(squares[:n], y, project=embedding == "projection")
    kernel = np.exp(-(rho**2) * squares)
    own, cross = kernel[:n], kernel[n:]
    if embedding == "projection":
        own = _projected(own)
    factor = cho_factor(own + (noise + _JITTER) * np.eye(n), lower=True)
    weights = cho_solve(factor, y)
    amplitude = max(float(y @ weights) / n, 1e-12)
    explained = np.einsum("ij,ji->i", cross, cho_solve(factor, cross.T))
    variance = amplitude * np.maximum(1.0 - explained, 1e-9)
    return Prediction(centre + spread * (cross @ weights), spread * np.sqrt(variance), rho, noise)


def _bourgain(distances: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Coordinates: the distance to the nearest of random subsets of 1, 2, 4 ... architectures.

    ``log2(n)`` sizes with ``log2(n)`` subsets each, as in Bourgain's proof; scaled so that
    Euclidean distances don't grow with their number.
    """
    n = distances.shape[1]
    rounds = max(int(np.ceil(np.log2(n))), 1)
    columns = []
    for power in range(rounds):
        for _ in range(rounds):
            subset = rng.choice(n, size=min(2**power, n), replace=False)
            columns.append(distances[:, subset].min(axis=1))
    points: NDArray[np.float64] = np.stack(columns, axis=1) / np.sqrt(len(columns))
    return points


def _squared_distances(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    squares: NDArray[np.float64] = ((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=-1)
    return squares


def _projected(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Nearest positive semi-definite matrix in the Frobenius norm."""
    values, vectors = np.linalg.eigh(kernel)
    nearest: NDArray[np.float64] = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return nearest


def _most_likely(
    squares: NDArray[np.float64], y: NDArray[np.float64], *, project: bool
) -> tuple[float, float]:
    """Most likely scale and noise, the amplitude profiled out.

    The prior's centre is the scale at which the median pair of trials correlates by a half.
    """
    n = len(y)
    median = float(np.median(squares[np.triu_indices(n, 1)]))
    centre = np.sqrt(np.log(2.0) / max(median, 1e-12))
    best, found = np.inf, (centre, _NOISE[0])
    for relative in _RELATIVE_RHO:
        values, vectors = np.linalg.eigh(np.exp(-((relative * centre) ** 2) * squares))
        values = np.maximum(values, 0.0 if project else _JITTER)
        rotated = (vectors.T @ y) ** 2
        penalty = (np.log(relative) / _PRIOR_SD) ** 2
        for noise in _NOISE:
            spectrum = values + noise + _JITTER
            amplitude = max(float((rotated / spectrum).sum()) / n, 1e-12)
            loss = n * np.log(amplitude) + float(np.log(spectrum).sum()) + penalty
            if loss < best:
                best, found = loss, (float(relative * centre), noise)
    return found
