"""Baselines by regression: a generalised split window and a quadratic in the five bands.

Both are least squares on simulated pixels. The split window is that of Wan and Dozier 1996 (IEEE
TGRS 34, 892-905) for ASTER's bands 13 and 14::

    Ts = C + (A1 + A2 (1-e)/e + A3 de/e**2) (T13+T14)/2
           + (B1 + B2 (1-e)/e + B3 de/e**2) (T13-T14)/2

with the mean emissivity e and the difference de of the two bands. It takes emissivity as known,
which a five-band image alone doesn't give: without emissivities A2, A3, B2, B3 are left out and
those of the training materials go into the constants.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError

SPLIT_WINDOW_BANDS = (3, 4)
"""Indices of bands 13 and 14, the clearest pair near 11 and 12 um."""

_REFERENCE = 3
_CENTRE_K = 290.0
_SPREAD_K = 20.0
_DIFFERENCE_SPREAD_K = 5.0


@dataclass(frozen=True)
class SplitWindowCoefficients:
    """A fitted split window.

    Parameters
    ----------
    values : ndarray of float64, (7,) or (3,)
        C, A1, A2, A3, B1, B2, B3; without emissivities C, A1, B1 (C in K, the rest 1).
    """

    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.values.shape not in ((3,), (7,)) or not np.isfinite(self.values).all():
            raise ParameterError("split window: needs 3 or 7 finite coefficients")

    @property
    def needs_emissivity(self) -> bool:
        """Whether emissivities must be given."""
        return len(self.values) == 7

    def lst(
        self, bt: NDArray[np.floating], lse: NDArray[np.floating] | None = None
    ) -> NDArray[np.float64]:
        """Land surface temperature, K.

        Parameters
        ----------
        bt : ndarray, (n, 5)
            Brightness temperature of bands 10-14, K.
        lse : ndarray, (n, 5), optional
            Emissivity, 0-1; needed with seven coefficients.

        Raises
        ------
        ParameterError
            If emissivities are missing.
        """
        if self.needs_emissivity and lse is None:
            raise ParameterError("split window: this fit needs emissivities")
        terms = _split_window_terms(bt, lse if self.needs_emissivity else None)
        result: NDArray[np.float64] = terms @ self.values
        return result


def fit_split_window(
    bt: NDArray[np.floating],
    lst: NDArray[np.floating],
    lse: NDArray[np.floating] | None = None,
) -> SplitWindowCoefficients:
    """Fit a split window by least squares.

    Parameters
    ----------
    bt : ndarray, (n, 5)
        Brightness temperature, K.
    lst : ndarray, (n,)
        Land surface temperature, K.
    lse : ndarray, (n, 5), optional
        Emissivity, 0-1; without it three coefficients are fitted.

    Raises
    ------
    ParameterError
        If there are fewer pixels than coefficients.
    """
    terms = _split_window_terms(bt, lse)
    return SplitWindowCoefficients(_least_squares(terms, np.asarray(lst, dtype=np.float64)))


def _split_window_terms(
    bt: NDArray[np.floating], lse: NDArray[np.floating] | None
) -> NDArray[np.float64]:
    first, second = (np.asarray(bt[:, i], dtype=np.float64) for i in SPLIT_WINDOW_BANDS)
    mean, half = 0.5 * (first + second), 0.5 * (first - second)
    one = np.ones_like(mean)
    if lse is None:
        return np.stack([one, mean, half], axis=1)
    e13, e14 = (np.asarray(lse[:, i], dtype=np.float64) for i in SPLIT_WINDOW_BANDS)
    emissivity = 0.5 * (e13 + e14)
    grey, contrast = (1.0 - emissivity) / emissivity, (e13 - e14) / emissivity**2
    return np.stack(
        [one, mean, grey * mean, contrast * mean, half, grey * half, contrast * half], axis=1
    )


@dataclass(frozen=True)
class QuadraticCoefficients:
    """A quadratic in the five brightness temperatures.

    Parameters
    ----------
    values : ndarray of float64, (21, n_out)
        Of the constant, the five variables and their fifteen products, per output.
    """

    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[0] != 21:
            raise ParameterError(f"quadratic: coefficients {self.values.shape}, expected (21, n)")
        if not np.isfinite(self.values).all():
            raise ParameterError("quadratic: coefficients must be finite")

    def predict(self, bt: NDArray[np.floating]) -> NDArray[np.float64]:
        """Evaluate the quadratic on pixels, (n, n_out).

        Parameters
        ----------
        bt : ndarray, (n, 5)
            Brightness temperature, K.
        """
        result: NDArray[np.float64] = _quadratic_terms(bt) @ self.values
        return result


def fit_quadratic(
    bt: NDArray[np.floating], targets: NDArray[np.floating]
) -> QuadraticCoefficients:
    """Fit a quadratic by least squares.

    Parameters
    ----------
    bt : ndarray, (n, 5)
        Brightness temperature, K.
    targets : ndarray, (n, n_out)
        E.g. land surface temperature, K, and five emissivities.

    Raises
    ------
    ParameterError
        If there are fewer pixels than coefficients.
    """
    return QuadraticCoefficients(
        _least_squares(_quadratic_terms(bt), np.asarray(targets, dtype=np.float64))
    )


def _quadratic_terms(bt: NDArray[np.floating]) -> NDArray[np.float64]:
    """Scaled constant, BT13, four differences to it, and their products: well conditioned."""
    values = np.asarray(bt, dtype=np.float64)
    reference = values[:, _REFERENCE]
    columns = [(reference - _CENTRE_K) / _SPREAD_K]
    columns += [
        (values[:, i] - reference) / _DIFFERENCE_SPREAD_K for i in range(5) if i != _REFERENCE
    ]
    products = [columns[i] * columns[j] for i in range(5) for j in range(i, 5)]
    return np.stack([np.ones_like(reference), *columns, *products], axis=1)


def _least_squares(
    terms: NDArray[np.float64], targets: NDArray[np.float64]
) -> NDArray[np.float64]:
    if len(terms) < terms.shape[1]:
        raise ParameterError(
            f"regression: {len(terms)} pixels for {terms.shape[1]} coefficients, give more"
        )
    found = np.linalg.lstsq(terms, targets, rcond=None)[0]
    return np.asarray(found, dtype=np.float64)
