"""What every comparison with a reference gives: pairs of values, and how they were chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import InputError, ParameterError
from akkd_core.grid import Grid
from akkd_core.validation.metrics import Metrics, metrics


@dataclass(frozen=True)
class FilterStep:
    """What a filter left.

    Parameters
    ----------
    name : str
        What passes it, e.g. ``view time within 30 min``.
    before, after : int
        Candidates before and after it.
    """

    name: str
    before: int
    after: int

    def __post_init__(self) -> None:
        if not 0 <= self.after <= self.before:
            raise ParameterError(
                f"filter {self.name!r}: leaves {self.after} of {self.before} candidates"
            )


def apply_filters(
    candidates: NDArray[np.bool_], filters: Sequence[tuple[str, NDArray[np.bool_]]]
) -> tuple[NDArray[np.bool_], tuple[FilterStep, ...]]:
    """Apply filters one after the other and count what each leaves.

    Parameters
    ----------
    candidates : ndarray of bool, any shape
        Where both sides have something to be judged at all.
    filters : sequence of (str, ndarray of bool of that shape)
        Name and where it is passed, in the order in which they are applied.

    Returns
    -------
    passed : ndarray of bool
    steps : tuple of FilterStep
    """
    left = candidates.copy()
    steps = []
    for name, passed in filters:
        before = int(left.sum())
        left &= passed
        steps.append(FilterStep(name, before, int(left.sum())))
    return left, tuple(steps)


@dataclass(frozen=True, eq=False)
class ComparisonMaps:
    """A comparison on a grid, for maps and the difference raster.

    Parameters
    ----------
    grid : Grid
        With ``epsg`` 0 where the coordinate system has no code.
    crs_wkt : str or None
        The coordinate system of a grid without EPSG code, e.g. MODIS's sinusoidal one.
    estimate, reference : ndarray of float32, (row, col)
        In the quantity's unit, NaN where there is no match-up.
    """

    grid: Grid
    crs_wkt: str | None
    estimate: NDArray[np.float32]
    reference: NDArray[np.float32]

    def __post_init__(self) -> None:
        for name in ("estimate", "reference"):
            if getattr(self, name).shape != self.grid.shape:
                raise ParameterError(
                    f"comparison maps: {name} is {getattr(self, name).shape}, the grid "
                    f"{self.grid.shape}"
                )
        if self.grid.epsg == 0 and not self.crs_wkt:
            raise ParameterError("comparison maps: a grid without EPSG code needs its WKT")

    @property
    def difference(self) -> NDArray[np.float32]:
        """Estimate minus reference, (row, col)."""
        return self.estimate - self.reference


@dataclass(frozen=True, eq=False)
class MatchUp:
    """One quantity of one product beside a reference.

    Parameters
    ----------
    product : str
        Label of ours: the product's id, or what the user calls it (``small model``).
    reference : str
        E.g. ``MOD11A1.A2019305.h14v09.061``.
    quantity : str
        ``LST``, or a band of emissivity as ``Emis13``.
    unit : str
        ``K``, or empty where dimensionless.
    estimate, values : ndarray of float64, (n,)
        Ours and the reference's, finite.
    cluster : ndarray of intp, (n,)
        Spatial block (or station and day) whose errors hang together; resampled as a whole.
    columns : mapping of str to ndarray, (n,)
        Further columns of the table of match-ups: row, col, lon, lat, time_utc, station.
    filters : tuple of FilterStep
        How the pairs were chosen.
    maps : ComparisonMaps, optional
    subsets : mapping of str to ndarray of bool, (n,)
        Pairs that are scored beside, e.g. ``within 3 sigma``.
    notes : tuple of str
        Warnings that the report must show.
    times : ndarray of datetime64, (n,), optional
        UTC, for time series.
    facts : mapping of str to str
        What report and raster tags say of this product's data: ``acquired_at``, ``files``.

    Raises
    ------
    InputError
        If no pair is left; the message says what the filters did.
    ParameterError
        If arrays don't fit together, or a value isn't finite.
    """

    product: str
    reference: str
    quantity: str
    unit: str
    estimate: NDArray[np.float64]
    values: NDArray[np.float64]
    cluster: NDArray[np.intp]
    columns: Mapping[str, NDArray[Any]]
    filters: tuple[FilterStep, ...]
    maps: ComparisonMaps | None = None
    subsets: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    times: NDArray[np.datetime64] | None = None
    facts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        what = f"{self.product} against {self.reference}"
        if not self.estimate.size:
            raise InputError(f"{what}: no valid cell left{self._what_filters_did()}")
        arrays: dict[str, NDArray[Any]] = {
            "estimate": self.estimate,
            "values": self.values,
            "cluster": self.cluster,
        }
        arrays |= {f"column {name}": column for name, column in self.columns.items()}
        arrays |= {f"subset {name}": chosen for name, chosen in self.subsets.items()}
        if self.times is not None:
            arrays["times"] = self.times
        for name, array in arrays.items():
            if array.shape != (self.estimate.size,):
                raise ParameterError(
                    f"{what}: {name} is {array.shape}, expected ({self.estimate.size},)"
                )
        for name in ("estimate", "values"):
            if not np.isfinite(arrays[name]).all():
                raise ParameterError(f"{what}: {name} holds values that aren't finite")
        for name, chosen in self.subsets.items():
            if chosen.dtype != np.bool_:
                raise ParameterError(f"{what}: subset {name} is {chosen.dtype}, expected bool")

    def _what_filters_did(self) -> str:
        if not self.filters:
            return ". Check that product and reference overlap"
        # what comes after the one that took the last tells nothing
        last = next((i for i, step in enumerate(self.filters) if not step.after), -1)
        told = self.filters[: last + 1] if last >= 0 else self.filters
        steps = "; ".join(f"{step.name}: {step.before} to {step.after}" for step in told)
        return f" ({steps}). Relax the filter that took them, or give another reference"

    @property
    def difference(self) -> NDArray[np.float64]:
        """Estimate minus reference, (n,), in `unit`."""
        return self.estimate - self.values

    def metrics(self, subset: str | None = None) -> Metrics:
        """Metrics of all pairs, or of a subset's."""
        if subset is None:
            return metrics(self.estimate, self.values)
        chosen = self.subsets[subset]
        return metrics(self.estimate[chosen], self.values[chosen])
