"""Making the record of where a model belongs, from what it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.belongs import Belongs, TrainingDomain, domain_quantities
from akkd_core.errors import ParameterError
from akkd_core.grid import Grid
from akkd_core.joint.footprints import ring_of

MIN_PIXELS = 100
"""Fewer tell no covariance of five bands."""

NOISE_K = 0.1
"""Added to the spread of each quantity, K: a uniform training set (a lake) isn't a point.

Of the order of the mean of NEdT over a few pixels; single pixels carry their own noise already."""


def belongs_of(
    bt: NDArray[np.float32],
    grids: Sequence[Grid] = (),
    acquired_at: Sequence[datetime] = (),
    *,
    share: float = 0.99,
    season_margin: int = 1,
    period_margin: timedelta | None = None,
) -> Belongs:
    """Record where a model belongs.

    Parameters
    ----------
    bt : ndarray of float32, (n, 5)
        Brightness temperature of bands 10-14 of its training pixels, K; those that aren't finite
        are left out.
    grids : sequence of Grid
        Rasters of its training scenes; none: it belongs anywhere.
    acquired_at : sequence of datetime
        Times of its training scenes, aware; none: it belongs to all months.
    share : float
        Share of the training pixels inside the limit of the domain, above 0, at most 1.
    season_margin : int
        Months before and after those of the scenes that belong to the season, too.
    period_margin : timedelta, optional
        It belongs to the times of its scenes alone, and so much before and after; without it, to
        those months of any year.

    Raises
    ------
    ParameterError
        If fewer than 100 pixels are valid or a value is out of range.
    MissingDependencyError
        If no projection library is installed.
    """
    if bt.ndim != 2 or bt.shape[1] != 5 or not 0 < share <= 1 or not 0 <= season_margin <= 6:
        raise ParameterError(
            f"belongs: brightness temperatures {bt.shape}, share {share}, season margin "
            f"{season_margin}: expected (n, 5), above 0 up to 1, and 0-6 months"
        )
    pixels = bt[np.isfinite(bt).all(axis=1)]
    if len(pixels) < MIN_PIXELS:
        raise ParameterError(
            f"belongs: {len(pixels)} valid training pixels. give at least {MIN_PIXELS}"
        )
    rings = tuple(dict.fromkeys(ring_of(grid) for grid in grids))
    period = None
    if period_margin is not None and acquired_at:
        times = [moment.astimezone(timezone.utc).replace(microsecond=0) for moment in acquired_at]
        period = (min(times) - period_margin, max(times) + period_margin)
    months = _months(acquired_at, season_margin)
    return Belongs(rings or None, months, _domain(pixels, share), period)


def _months(acquired_at: Sequence[datetime], margin: int) -> tuple[int, ...]:
    seen = [moment.astimezone(timezone.utc).month for moment in acquired_at] or range(1, 13)
    near = {(month + step - 1) % 12 + 1 for month in seen for step in range(-margin, margin + 1)}
    return tuple(sorted(near))


def _domain(pixels: NDArray[np.float32], share: float) -> TrainingDomain:
    quantities = domain_quantities(pixels).astype(np.float64)
    mean = quantities.mean(axis=0)
    covariance = np.cov(quantities, rowvar=False) + NOISE_K**2 * np.eye(len(mean))
    covariance = 0.5 * (covariance + covariance.T)
    rows = tuple(tuple(float(v) for v in row) for row in covariance)
    unlimited = TrainingDomain(tuple(float(v) for v in mean), rows, 1.0, share)
    distance = unlimited.distance(pixels.astype(np.float32))
    limit = max(float(np.quantile(distance, share)), 1e-3)
    return TrainingDomain(unlimited.mean, rows, limit, share)
