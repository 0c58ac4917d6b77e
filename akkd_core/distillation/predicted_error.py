"""From the spread of an ensemble to the error that it stands for, and a student that tells it.

Members trained on other scenes differ most where scenes say different things. How large an error
such a spread means is read from scenes that some members never saw: their residuals against labels
are compared with the spread of just those members. A label's own error is part of that residual, so
the error is that between two sources of which neither is the truth. What both have in common, such
as the method's own error, it doesn't hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.network import Network
from akkd_core.distillation.ensemble import spread
from akkd_core.errors import DistillationError
from akkd_core.inference.numpy_predictor import NumpyPredictor

_CLASSES = 10
_FLOORS = {"lst": 1e-2}
_FLOOR_LSE = 1e-4
_SCALE_FLOOR = 1e-2


@dataclass(frozen=True)
class SigmaModel:
    """One-sigma error by spread: ``sqrt(floor**2 + (factor * spread)**2)``.

    Parameters
    ----------
    floor : tuple of float
        Of each target, in its unit; above 0.
    factor : tuple of float
        0 or more; 0 where the spread tells nothing.
    """

    floor: tuple[float, ...]
    factor: tuple[float, ...]

    def __post_init__(self) -> None:
        values = (*self.floor, *self.factor)
        if len(self.floor) != len(self.factor) or not np.isfinite(values).all():
            raise DistillationError("errors by spread: a floor and a factor for each target")
        if not min(self.floor, default=0.0) > 0.0 or min(self.factor) < 0.0:
            raise DistillationError("errors by spread: a floor must be above 0, a factor not below")

    def sigma(self, spreads: NDArray[np.floating]) -> NDArray[np.float32]:
        """Errors of spreads, float32 (n, n_targets)."""
        floor, factor = np.array(self.floor), np.array(self.factor)
        found: NDArray[np.float32] = np.sqrt(floor**2 + (factor * spreads) ** 2).astype(np.float32)
        return found

    def to_json(self) -> dict[str, Any]:
        """Return as a JSON object."""
        return {"floor": list(self.floor), "factor": list(self.factor)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SigmaModel:
        """Read `to_json`'s object; raises DistillationError on any deviation."""
        try:
            return cls(*(tuple(float(v) for v in data[name]) for name in ("floor", "factor")))
        except (KeyError, TypeError, ValueError) as error:
            raise DistillationError(f"errors by spread: malformed ({error})") from None


def fit_sigma(
    targets: Sequence[str], spreads: NDArray[np.floating], residuals: NDArray[np.floating]
) -> SigmaModel:
    """Fit errors to spreads: least squares of the mean square residual in ten classes of spread.

    Parameters
    ----------
    targets : sequence of str
    spreads, residuals : ndarray, (n, n_targets)
        Of pixels that the members weren't trained on, each target's unit.

    Raises
    ------
    DistillationError
        If there are none.
    """
    if spreads.shape != residuals.shape or not spreads.size:
        raise DistillationError(f"errors by spread: {spreads.shape} and {residuals.shape} values")
    found = []
    for target, own, off in zip(targets, spreads.T, residuals.T, strict=True):
        least = _FLOORS.get(target, _FLOOR_LSE)
        order = np.argsort(own, kind="stable")
        groups = [group for group in np.array_split(order, _CLASSES) if len(group)]
        x = np.array([np.mean(own[group].astype(np.float64) ** 2) for group in groups])
        y = np.array([np.mean(off[group].astype(np.float64) ** 2) for group in groups])
        found.append(_line(x, y, least**2))
    floor, factor = np.sqrt(np.array(found)).T.tolist()
    return SigmaModel(tuple(floor), tuple(factor))


def _line(x: NDArray[np.float64], y: NDArray[np.float64], least: float) -> tuple[float, float]:
    """Least squares of y = a + b x with a not below ``least`` and b not below 0."""
    about = x - x.mean()
    variance = float((about**2).sum())
    slope = float((about * y).sum()) / variance if variance > 0 else 0.0
    start = float(y.mean()) - slope * float(x.mean())
    if slope < 0 or variance == 0:
        return max(float(y.mean()), least), 0.0
    if start < least:
        return least, max(float((x * (y - least)).sum() / (x**2).sum()), 0.0)
    return start, slope


def judge_sigma(
    sigma: NDArray[np.floating], error: NDArray[np.floating]
) -> dict[str, float | None]:
    """Compare predicted errors with true ones of the same pixels.

    Parameters
    ----------
    sigma : ndarray of float, (n,)
        One-sigma errors, K or 1.
    error : ndarray of float, (n,)
        Estimate minus truth.

    Returns
    -------
    dict
        ``mean`` sigma; ``mae``; ``correlation`` of sigma with the absolute error, None where one
        is constant; ``within``, share of errors within one sigma, 0.68 if normal and right.
    """
    size = np.abs(error).astype(np.float64)
    spread_of_both = float(sigma.std() * size.std())
    together = float(((sigma - sigma.mean()) * (size - size.mean())).mean())
    return {
        "mean": float(sigma.mean()),
        "mae": float(size.mean()),
        "correlation": together / spread_of_both if spread_of_both > 0 else None,
        "within": float((size <= sigma).mean()),
    }


@dataclass(frozen=True, eq=False)
class ErrorTeacher:
    """What an ensemble says of its own error.

    Parameters
    ----------
    members : Network
        With the members' own outputs alone.
    model : SigmaModel
    """

    members: Network
    model: SigmaModel

    def sigma(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """One-sigma errors of pixels, (n, n_targets), each target's unit.

        Parameters
        ----------
        x : ndarray of float32, (n, 5)
            As the members take them.
        """
        values = NumpyPredictor(self.members).predict(x)
        return self.model.sigma(spread(values, len(self.model.floor)))


def with_error_outputs(network: Network, log_sigma: NDArray[np.floating]) -> Network:
    """Give a network one more output for each target: its error's logarithm, flat at first.

    Parameters
    ----------
    network : Network
    log_sigma : ndarray of float32, (n, n_targets)
        What will be learnt, of errors in each target's unit: gives mean and scale.
    """
    width, count = network.kernels[-1].shape[0], log_sigma.shape[1]
    return replace(
        network,
        kernels=(
            *network.kernels[:-1],
            np.concatenate([network.kernels[-1], np.zeros((width, count), np.float32)], axis=1),
        ),
        biases=(
            *network.biases[:-1],
            np.concatenate([network.biases[-1], np.zeros(count, np.float32)]),
        ),
        output_names=network.output_names
        + tuple(f"log_sigma_{name}" for name in network.output_names),
        output_mean=np.concatenate([network.output_mean, log_sigma.mean(axis=0)]),
        output_scale=np.concatenate(
            [network.output_scale, np.maximum(log_sigma.std(axis=0), _SCALE_FLOOR)]
        ),
        output_add=(*network.output_add, *[None] * count),
    )
