"""Errors and what was said of them, added up scene by scene: memory doesn't grow with pixels.

Of each scene and output a few sums are kept, from which all scores follow, also of classes of
scenes and of resampled profiles; of all scenes together a histogram of error by predicted error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import InputError
from akkd_core.physics.features import OUTPUT_NAMES

Array = NDArray[np.float64]

NORMAL_90 = 1.6448536
"""Half the width of a normal distribution's central 90 %, in standard deviations."""

MOMENTS = (
    "pixels", "absolute", "error", "square",
    "told", "told_square", "in_sigma", "in_90", "log_sigma", "scaled_square",
)  # fmt: skip
"""What is summed over a scene's pixels: errors where there is a value; from ``told`` on only where
an error is told, too."""

SIGMA_EDGES = np.geomspace(0.04, 25.0, 201)
ERROR_EDGES = np.geomspace(1e-3, 100.0, 301)
"""Edges of the histogram, in units of `UNITS`."""

UNITS = np.array([1.0, *(0.02,) * 5])
"""Size of a usual error of each of `OUTPUT_NAMES`, K and 1."""

_FLOOR = 1e-9


@dataclass(frozen=True, eq=False)
class SceneFacts:
    """What scores are split and resampled by.

    Parameters
    ----------
    profile : ndarray of str, (scene,)
        Of the scene's air.
    tcwv_kg_m2 : ndarray of float64, (scene,)
    land_cover : ndarray of str, (scene,)
        Empty where it isn't known.
    """

    profile: NDArray[np.str_]
    tcwv_kg_m2: Array
    land_cover: NDArray[np.str_]


class ErrorTally:
    """Sums of one method's errors.

    Parameters
    ----------
    interval_90 : ndarray of float64, (6,), optional
        Half the width of the stated 90 % interval over sigma; normal by default.

    Attributes
    ----------
    square_by_sigma, sigma_square : ndarray of float64, (6, sigma bin)
        Sums of squared errors and squared sigmas.
    histogram : ndarray of int64, (6, sigma bin, error bin)
        Counts; the outermost bins take what lies beyond them.
    """

    def __init__(self, interval_90: Array | None = None) -> None:
        self._wide = np.full(len(OUTPUT_NAMES), NORMAL_90) if interval_90 is None else interval_90
        self._moments: list[Array] = []
        self._profiles: list[str] = []
        self._tcwv: list[float] = []
        self._covers: list[str] = []
        shape = (len(OUTPUT_NAMES), len(SIGMA_EDGES) - 1)
        self.square_by_sigma, self.sigma_square = np.zeros(shape), np.zeros(shape)
        self.histogram = np.zeros((*shape, len(ERROR_EDGES) - 1), dtype=np.int64)

    def add(
        self,
        values: NDArray[np.floating],
        truth: NDArray[np.floating],
        sigma: NDArray[np.floating] | None,
        *,
        profile: str,
        tcwv_kg_m2: float,
        land_cover: str = "",
    ) -> None:
        """Add a scene.

        Parameters
        ----------
        values, truth : ndarray, (n, 6)
            K and 1; values that aren't finite are left out.
        sigma : ndarray, (n, 6), optional
            Predicted one-sigma errors; where not finite and positive, none is told.
        profile : str
        tcwv_kg_m2 : float
        land_cover : str
        """
        sums = np.zeros((len(OUTPUT_NAMES), len(MOMENTS)))
        for output in range(len(OUTPUT_NAMES)):
            error = values[:, output].astype(np.float64) - truth[:, output]
            known = np.isfinite(error)
            error = error[known]
            sums[output, :4] = error.size, np.abs(error).sum(), error.sum(), (error**2).sum()
            if sigma is None:
                continue
            told = sigma[known, output].astype(np.float64)
            usable = np.isfinite(told) & (told > 0)
            sums[output, 4:] = self._add_told(output, error[usable], told[usable])
        self._moments.append(sums)
        self._profiles.append(profile)
        self._tcwv.append(tcwv_kg_m2)
        self._covers.append(land_cover)

    def _add_told(self, output: int, error: Array, sigma: Array) -> tuple[float, ...]:
        sigma = np.maximum(sigma, _FLOOR)
        size, ratio = np.abs(error), np.abs(error) / sigma
        unit = UNITS[output]
        row = _bins(SIGMA_EDGES, sigma / unit)
        column = _bins(ERROR_EDGES, size / unit)
        rows, columns = self.histogram.shape[1:]
        flat = np.bincount(row * columns + column, minlength=rows * columns)
        self.histogram[output] += flat.reshape(rows, columns)
        self.square_by_sigma[output] += np.bincount(row, weights=error**2, minlength=rows)
        self.sigma_square[output] += np.bincount(row, weights=sigma**2, minlength=rows)
        return (
            float(error.size), float((error**2).sum()), float((ratio <= 1.0).sum()),
            float((ratio <= self._wide[output]).sum()), float(np.log(sigma).sum()),
            float((ratio**2).sum()),
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self._moments)

    @property
    def facts(self) -> SceneFacts:
        """The scenes that were added."""
        return SceneFacts(
            np.array(self._profiles, dtype=np.str_),
            np.array(self._tcwv),
            np.array(self._covers, dtype=np.str_),
        )

    def moment(self, name: str) -> Array:
        """Return sums of one of `MOMENTS`, (scene, 6)."""
        if not self._moments:
            return np.zeros((0, len(OUTPUT_NAMES)))
        return np.stack(self._moments)[:, :, MOMENTS.index(name)]

    @property
    def tells_errors(self) -> bool:
        """Whether any error was told."""
        return bool((self.moment("told") > 0).any())

    def merge(self, other: ErrorTally) -> None:
        """Add another tally's scenes behind those of this one."""
        self._moments += other._moments
        self._profiles += other._profiles
        self._tcwv += other._tcwv
        self._covers += other._covers
        self.histogram += other.histogram
        self.square_by_sigma += other.square_by_sigma
        self.sigma_square += other.sigma_square

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return all it holds, for a file."""
        return {
            "moments": np.array(self._moments).reshape(-1, len(OUTPUT_NAMES), len(MOMENTS)),
            "profile": self.facts.profile,
            "tcwv": self.facts.tcwv_kg_m2,
            "land_cover": self.facts.land_cover,
            "histogram": self.histogram,
            "square_by_sigma": self.square_by_sigma,
            "sigma_square": self.sigma_square,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> ErrorTally:
        """Make a tally of what `arrays` gave.

        Raises
        ------
        InputError
            If a part is missing or of another shape.
        """
        tally = cls()
        try:
            moments = np.asarray(arrays["moments"], dtype=np.float64)
            tally._profiles = [str(name) for name in arrays["profile"]]
            tally._tcwv = np.asarray(arrays["tcwv"], dtype=np.float64).tolist()
            tally._covers = [str(name) for name in arrays["land_cover"]]
            parts = {name: arrays[name] for name in ("square_by_sigma", "sigma_square")}
            histogram = np.asarray(arrays["histogram"], dtype=np.int64)
        except KeyError as error:
            raise InputError(f"kept errors: {error} is missing") from error
        shape = (len(tally._profiles), len(OUTPUT_NAMES), len(MOMENTS))
        if moments.shape != shape or histogram.shape != tally.histogram.shape:
            raise InputError("kept errors: of another form than this version of AKKD makes")
        tally._moments = list(moments)
        tally.histogram = histogram
        for name, values in parts.items():
            setattr(tally, name, np.asarray(values, dtype=np.float64))
        return tally


def _bins(edges: Array, values: Array) -> NDArray[np.intp]:
    found: NDArray[np.intp] = np.clip(
        np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2
    )
    return found
