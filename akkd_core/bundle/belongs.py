"""Where a model belongs: the places, months and inputs that it was trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.strict_json import TIME_FORMAT, Fields, utc_time
from akkd_core.errors import BundleIntegrityError
from akkd_core.images import TIR_BANDS

MAX_RINGS = 256
MAX_POINTS = 1024
_MONTHS = range(1, 13)
_BANDS = len(TIR_BANDS)
_REFERENCE = TIR_BANDS.index(13)
_OTHERS = [i for i in range(_BANDS) if i != _REFERENCE]
_SMALLEST_VARIANCE_K2 = 1e-6
_LARGEST = 1e6

Ring = tuple[tuple[float, float], ...]
"""Corners of a polygon, (longitude, latitude) in degrees, WGS 84, not closed."""


@dataclass(frozen=True)
class TrainingDomain:
    """The cloud of a model's training pixels, as its mean and covariance.

    The five quantities are band 13's brightness temperature and the differences of bands 10, 11,
    12 and 14 to it, which are better conditioned than the five temperatures and give the same
    distances.

    Parameters
    ----------
    mean : tuple of 5 float
        K.
    covariance : tuple of 5 tuples of 5 float
        K2, symmetric, positive definite.
    limit : float
        Mahalanobis distance within which most training pixels lie, > 0.
    share : float
        How many of them do, 0-1.

    Raises
    ------
    BundleIntegrityError
        If a value is malformed.
    """

    mean: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    limit: float
    share: float
    _whitening: NDArray[np.float32] = field(init=False, repr=False, compare=False)
    _log_volume: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        covariance = np.array(self.covariance, dtype=np.float64)
        mean = np.array(self.mean, dtype=np.float64)
        if mean.shape != (_BANDS,) or covariance.shape != (_BANDS, _BANDS):
            raise BundleIntegrityError("training domain: give 5 means and 5 x 5 covariances")
        numbers = np.concatenate([mean, covariance.ravel()])
        if not np.isfinite(numbers).all() or np.abs(numbers).max() > _LARGEST:
            raise BundleIntegrityError("training domain: a mean or covariance is out of range")
        if not np.array_equal(covariance, covariance.T):
            raise BundleIntegrityError("training domain: the covariance isn't symmetric")
        if np.linalg.eigvalsh(covariance)[0] < _SMALLEST_VARIANCE_K2:
            raise BundleIntegrityError("training domain: the covariance isn't positive definite")
        if not 0 < self.limit <= 1e3 or not 0 < self.share <= 1:
            raise BundleIntegrityError("training domain: limit or share is out of range")
        whitening = np.linalg.inv(np.linalg.cholesky(covariance))
        object.__setattr__(self, "_whitening", whitening.astype(np.float32))
        object.__setattr__(self, "_log_volume", -float(np.log(np.diag(whitening)).sum()))

    def distance(self, bt: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mahalanobis distance of pixels to the training pixels.

        Parameters
        ----------
        bt : ndarray of float32, (n, 5)
            Brightness temperature of bands 10-14, K.

        Returns
        -------
        ndarray of float32, (n,)
            In standard deviations.
        """
        centred = domain_quantities(bt) - np.array(self.mean, dtype=np.float32)
        white = centred @ self._whitening.T
        result: NDArray[np.float32] = np.sqrt(np.einsum("ij,ij->i", white, white))
        return result

    def log_density(self, distance: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logarithm of the normal density at float32 distances, up to a constant of all domains."""
        result: NDArray[np.float32] = -0.5 * distance * distance - np.float32(self._log_volume)
        return result

    def to_json(self) -> dict[str, Any]:
        """Return the domain as a JSON object."""
        return {
            "mean": list(self.mean),
            "covariance": [list(row) for row in self.covariance],
            "limit": float(self.limit),
            "share": float(self.share),
        }

    @classmethod
    def from_json(cls, value: object) -> TrainingDomain:
        """Read `to_json`'s object; raises BundleIntegrityError on any deviation."""
        fields = Fields(value, "training domain")
        mean = _numbers(fields.take("mean", list), _BANDS)
        rows = fields.take("covariance", list)
        if len(rows) != _BANDS:
            raise BundleIntegrityError("training domain: give 5 x 5 covariances")
        covariance = tuple(_numbers(row, _BANDS) for row in rows)
        domain = cls(mean, covariance, fields.take("limit", float), fields.take("share", float))
        fields.done()
        return domain


@dataclass(frozen=True)
class Belongs:
    """Where a model belongs, so that a joint model can tell when to take it.

    Parameters
    ----------
    footprint : tuple of Ring, or None
        Polygons on the ground; the way from a corner to the next, and from the last to the first,
        is the shorter one around the globe, so one across the 180th meridian needs no cut. None:
        anywhere.
    months : tuple of int
        1-12, increasing; those of the place itself, whichever hemisphere it lies in.
    domain : TrainingDomain
    period : (datetime, datetime), optional
        First and last moment, UTC, whole seconds, of the scenes that it belongs to; None: those
        months of any year. A model that has learnt one overpass's air belongs to no other.

    Raises
    ------
    BundleIntegrityError
        If a value is malformed.
    """

    footprint: tuple[Ring, ...] | None
    months: tuple[int, ...]
    domain: TrainingDomain
    period: tuple[datetime, datetime] | None = None

    def __post_init__(self) -> None:
        if not self.months or list(self.months) != [m for m in _MONTHS if m in self.months]:
            raise BundleIntegrityError("belongs: months must be of 1-12, increasing")
        if self.period is not None:
            first, last = self.period
            if first.tzinfo is None or last.tzinfo is None or first > last:
                raise BundleIntegrityError("belongs: the period must be two aware times in order")
        if self.footprint is None:
            return
        if not 1 <= len(self.footprint) <= MAX_RINGS:
            raise BundleIntegrityError(f"belongs: give 1-{MAX_RINGS} polygons, or null")
        for ring in self.footprint:
            if not 3 <= len(ring) <= MAX_POINTS:
                raise BundleIntegrityError(f"belongs: a polygon needs 3-{MAX_POINTS} corners")
            if not all(abs(lon) <= 180 and abs(lat) <= 90 for lon, lat in ring):
                raise BundleIntegrityError(
                    "belongs: a polygon's corners must be longitudes of -180-180 and latitudes of "
                    "-90-90 degrees"
                )

    def to_json(self) -> dict[str, Any]:
        """Return the record as a JSON object."""
        rings = self.footprint
        period = {}
        if self.period is not None:
            times = [moment.astimezone(timezone.utc) for moment in self.period]
            period = {"period": [moment.strftime(TIME_FORMAT) for moment in times]}
        return {
            "footprint": None if rings is None else [[list(p) for p in ring] for ring in rings],
            "months": list(self.months),
            "domain": self.domain.to_json(),
            **period,
        }

    @classmethod
    def from_json(cls, value: object, *, dated: bool = False) -> Belongs:
        """Read `to_json`'s object, with a period if `dated`.

        Raises
        ------
        BundleIntegrityError
            On any deviation.
        """
        fields = Fields(value, "belongs")
        rings = fields.take("footprint", (list, type(None)))
        months = fields.take("months", list)
        if not all(type(month) is int for month in months):
            raise BundleIntegrityError("belongs: months must be whole numbers")
        footprint = None if rings is None else tuple(_ring(ring) for ring in rings[: MAX_RINGS + 1])
        record = cls(
            footprint,
            tuple(months),
            TrainingDomain.from_json(fields.take("domain", dict)),
            _period(fields.take("period", list)) if dated else None,
        )
        fields.done()
        return record


def domain_quantities(bt: NDArray[np.float32]) -> NDArray[np.float32]:
    """Quantities of a training domain.

    Parameters
    ----------
    bt : ndarray of float32, (n, 5)
        Brightness temperature of bands 10-14, K.

    Returns
    -------
    ndarray of float32, (n, 5)
        Band 13, and bands 10, 11, 12, 14 less band 13, K.
    """
    reference = bt[:, [_REFERENCE]]
    return np.concatenate([reference, bt[:, _OTHERS] - reference], axis=1)


def _period(value: list[object]) -> tuple[datetime, datetime]:
    if len(value) != 2 or not all(isinstance(text, str) for text in value):
        raise BundleIntegrityError("belongs: the period must be two UTC times")
    first, last = (utc_time(str(text), "belongs: period") for text in value)
    return first, last


def _ring(value: object) -> Ring:
    if not isinstance(value, list) or len(value) > MAX_POINTS:
        raise BundleIntegrityError(f"belongs: a polygon needs 3-{MAX_POINTS} corners")
    points = [_numbers(point, 2) for point in value]
    return tuple((lon, lat) for lon, lat in points)


def _numbers(value: object, count: int) -> tuple[float, ...]:
    numbers = isinstance(value, list) and all(type(v) in (int, float) for v in value)
    if not isinstance(value, list) or not numbers or len(value) != count:
        raise BundleIntegrityError(f"belongs: expected {count} numbers, found {str(value)[:40]}")
    if not all(abs(v) <= _LARGEST and math.isfinite(v) for v in value):
        raise BundleIntegrityError("belongs: a number is out of range")
    return tuple(float(v) for v in value)
