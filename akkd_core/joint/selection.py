"""Which model serves a pixel, and by how much: footprint, season and domain of each student.

A student claims a pixel with the product of three shares from 0 to 1: inside its footprint (rising
from 0 at the border over a given width), in its months, and within its training domain (1 up to the
Mahalanobis distance that holds most of its training pixels, falling to 0 at a multiple of it). The
teacher takes what no student claims. Of several students that claim a pixel, the one whose training
pixels are denser there comes first.

Weights are continuous in every claim, with a slope of about 1 at most, so that a result steps no
more from pixel to pixel across a border than the ramp's width allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.belongs import Belongs
from akkd_core.errors import ParameterError
from akkd_core.joint.footprints import inside_distance

Array = NDArray[np.float32]
Lonlat = tuple[NDArray[np.float64], NDArray[np.float64]]

BLEND_RANGE_M = (0.0, 100_000.0)
DOMAIN_RAMP_RANGE = (1.0, 10.0)


@dataclass(frozen=True)
class Rule:
    """Parameters of the choice among models.

    Parameters
    ----------
    blend_m : float
        Width over which a student's share rises from 0 at the border of its footprint to 1 inside,
        0-100000 m.
    domain_ramp : float
        Multiple of the domain's limit at which a student's share has fallen to 0, 1-10.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    blend_m: float = 1000.0
    domain_ramp: float = 1.5

    def __post_init__(self) -> None:
        for name, (low, high), unit in (
            ("blend_m", BLEND_RANGE_M, " m"), ("domain_ramp", DOMAIN_RAMP_RANGE, ""),
        ):  # fmt: skip
            value = getattr(self, name)
            if not low <= value <= high:
                raise ParameterError(f"{name} {value:g}: out of range. give {low:g}-{high:g}{unit}")


def in_season(belongs: Belongs, acquired_at: datetime) -> bool:
    """Whether a scene's time is one that a model belongs to: its month (UTC), and its period."""
    if belongs.period is not None and not belongs.period[0] <= acquired_at <= belongs.period[1]:
        return False
    return acquired_at.astimezone(timezone.utc).month in belongs.months


def footprint_share(belongs: Belongs, lonlat: Lonlat, rule: Rule) -> Array:
    """Share of a model by place.

    Parameters
    ----------
    belongs : Belongs
    lonlat : (ndarray, ndarray) of float64, (rows, cols)
        Longitude and latitude of a window's pixels, degrees.
    rule : Rule

    Returns
    -------
    ndarray of float32, (rows, cols)
        0 at and outside the border, 1 from `blend_m` inside it.
    """
    if belongs.footprint is None:
        return np.ones(lonlat[0].shape, dtype=np.float32)
    # without a ramp: a step at the border
    reach = max(rule.blend_m, 1e-3)
    distance = inside_distance(belongs.footprint, *lonlat, reach)
    result: Array = (distance / reach).astype(np.float32)
    return result


def domain_share(distance: Array, limit: float, ramp: float) -> Array:
    """Share of a model by its inputs.

    Parameters
    ----------
    distance : ndarray of float32
        Mahalanobis distance to the training pixels.
    limit : float
        Up to which the share is 1.
    ramp : float
        Multiple of the limit from which it is 0.

    Returns
    -------
    ndarray of float32
        0-1.
    """
    if ramp == 1.0:
        return (distance <= limit).astype(np.float32)
    result: Array = np.clip((ramp - distance / np.float32(limit)) / (ramp - 1.0), 0.0, 1.0)
    return result.astype(np.float32)


def claims_of(belongs: Belongs, bt: Array, place: Array, rule: Rule) -> tuple[Array, Array]:
    """Tell what a model claims of pixels in its season, and how dense its domain is there.

    Parameters
    ----------
    belongs : Belongs
    bt : ndarray of float32, (n, 5)
        Brightness temperature of bands 10-14, K.
    place : ndarray of float32, (n,)
        Share by footprint, 0-1.
    rule : Rule

    Returns
    -------
    claim, log_density : ndarray of float32, (n,)
        0-1; logarithm of the density, -inf where nothing is claimed.
    """
    claim = np.zeros(len(bt), dtype=np.float32)
    density = np.full(len(bt), -np.inf, dtype=np.float32)
    here = place > 0
    if here.any():
        domain = belongs.domain
        distance = domain.distance(bt if here.all() else bt[here])
        claim[here] = place[here] * domain_share(distance, domain.limit, rule.domain_ramp)
        density[here] = domain.log_density(distance)
    return claim, density


def member_weights(claims: Sequence[Array], densities: Sequence[Array]) -> Array:
    """Weight of the teacher and of each student.

    The teacher's is the product of what each student leaves, ``prod(1 - c_i)``. Student i has
    ``c_i * prod(1 - c_j * p_ij)`` over the other students j, where ``p_ij`` is the probability that
    a pixel of either's training set came from j's, as the two normal densities tell; these are
    scaled to what the teacher leaves, which for one or two students they sum to already.

    Parameters
    ----------
    claims : sequence of ndarray of float32, (n,)
        0-1, one for each student.
    densities : sequence of ndarray of float32, (n,)
        Logarithm of the density of each student's training domain.

    Returns
    -------
    ndarray of float32, (1 + students, n)
        0-1, summing to 1; the teacher first.
    """
    weights = np.ones((len(claims) + 1, len(claims[0])), dtype=np.float32)
    for i, claim in enumerate(claims):
        weights[0] *= 1 - claim
        weights[i + 1] = claim
        for j, other in enumerate(claims):
            if j != i:
                weights[i + 1] *= 1 - other * _preferred(densities[j], densities[i])
    total = weights[1:].sum(axis=0)
    claimed = total > 0
    weights[1:, claimed] *= (1 - weights[0, claimed]) / total[claimed]
    weights[0, ~claimed] = 1.0
    return weights


def _preferred(first: Array, second: Array) -> Array:
    """Probability of the first of two log densities; 0 where it is -inf."""
    with np.errstate(invalid="ignore"):
        difference = np.where(np.isneginf(first), -np.inf, first - second)
    preferred = 0.5 * (1 + np.tanh(0.5 * difference))
    return np.asarray(preferred, dtype=np.float32)
