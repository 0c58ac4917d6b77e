"""A Gaussian process over architectures, with the kernel of edit distances.

Dai, Mao et al. 2025, eq. (6): ``kappa = exp(-rho(d)**2)`` with d the edit distance and rho a
mapping function that the paper leaves open. A kernel of the distance itself is not positive
semi-definite. Three mappings:

- ``weighted``: ``rho(d)**2 = sum of w_c d_c`` over the parts of the distance (layers, activation of
  the layer that sees the inputs, optimizer, learning rate), so that the trials say what matters;
  negative eigenvalues of the kernel matrix are set to zero;
- ``projection``: ``rho(d)**2 = w d**2``, rho a number; eigenvalues likewise;
- ``bourgain``: rho maps the distance to one in a Euclidean space, as in Jin et al. 2019 (section
  3.1.1, after Bourgain 1985): coordinates are distances to random subsets of the architectures, and
  the kernel of Euclidean distances is positive semi-definite by construction.

Weights, noise and amplitude are the most likely (marginal likelihood, Rasmussen & Williams 2006,
eq. 5.8, times a log-normal prior of the weights: a dozen trials alone say little about them).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from akkd_core.bundle.architecture import Architecture
from akkd_core.search.edit_distance import distance_parts, edit_distances

EMBEDDINGS = ("weighted", "projection", "bourgain")

_PRIOR_SD = 1.0
_STEPS = (-2.0, -0.8, 0.8, 2.0)
_SWEEPS = 3
_NOISE = (1e-3, 1e-2, 3e-2, 1e-1, 3e-1)
_JITTER = 1e-8


@dataclass(frozen=True)
class Prediction:
    """Posterior of the objective at architectures that were not tried.

    Parameters
    ----------
    mean, sd : ndarray of float64, (k,)
        In the unit of the scores given.
    weights : ndarray of float64, (parts,)
        Of the parts of rho(d)**2.
    noise : float
        Variance relative to the amplitude.
    """

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    weights: NDArray[np.float64]
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
    embedding : {'weighted', 'projection', 'bourgain'}
    rng : numpy.random.Generator
        Draws Bourgain's subsets.

    Returns
    -------
    Prediction
    """
    n = len(tried)
    centre, spread = float(scores.mean()), max(float(scores.std()), 1e-12)
    y = (scores - centre) / spread
    parts = _parts(tried, candidates, embedding, rng)
    weights, noise = _most_likely(parts[:, :n], y)
    kernel = np.exp(-np.tensordot(weights, parts, axes=1))
    own, cross = _projected(kernel[:n]), kernel[n:]
    factor = cho_factor(own + (noise + _JITTER) * np.eye(n), lower=True)
    solved = cho_solve(factor, y)
    amplitude = max(float(y @ solved) / n, 1e-12)
    explained = np.einsum("ij,ji->i", cross, cho_solve(factor, cross.T))
    variance = amplitude * np.maximum(1.0 - explained, 1e-9)
    mean, sd = centre + spread * (cross @ solved), spread * np.sqrt(variance)
    return Prediction(mean, sd, weights, noise)


def _parts(
    tried: Sequence[Architecture],
    candidates: Sequence[Architecture],
    embedding: str,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Parts of rho(d)**2, before they are weighted, of all to the tried: (part, n + k, n)."""
    everyone = [*tried, *candidates]
    if embedding == "weighted":
        return distance_parts(everyone, tried)
    distances = edit_distances(everyone, tried)
    if embedding == "bourgain":
        points = _bourgain(distances, rng)
        return _squared_distances(points, points[: len(tried)])[None]
    return distances[None] ** 2


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
    parts: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Most likely weights (part,) and noise, by coordinates, the amplitude profiled out.

    The prior's centre is where a typical pair of trials correlates by a half, every part having the
    same share in it.
    """
    n, count = len(y), len(parts)
    pairs = parts[(slice(None), *np.triu_indices(n, 1))].mean(axis=1)
    centre = np.log(np.log(2.0) / (count * np.where(pairs > 0.0, pairs, 1.0)))

    def loss(log_weights: NDArray[np.float64], noise: float) -> float:
        kernel = np.exp(-np.tensordot(np.exp(log_weights), parts, axes=1))
        values, vectors = np.linalg.eigh(kernel)
        spectrum = np.maximum(values, 0.0) + noise + _JITTER
        amplitude = max(float(((vectors.T @ y) ** 2 / spectrum).sum()) / n, 1e-12)
        penalty = float((((log_weights - centre) / _PRIOR_SD) ** 2).sum())
        return n * float(np.log(amplitude)) + float(np.log(spectrum).sum()) + penalty

    log_weights, noise = centre.copy(), _NOISE[-1]
    best = loss(log_weights, noise)
    for _ in range(_SWEEPS):
        for part in range(count):
            for step in _STEPS:
                moved = log_weights.copy()
                moved[part] += step
                if (found := loss(moved, noise)) < best:
                    best, log_weights = found, moved
        for other in _NOISE:
            if (found := loss(log_weights, other)) < best:
                best, noise = found, other
    return np.exp(log_weights), noise
