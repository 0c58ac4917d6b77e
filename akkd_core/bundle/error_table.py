"""Expected errors of a retrieval by surface temperature and opacity, from held-out residuals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from akkd_core.errors import BundleIntegrityError

MAX_BINS = 256


@dataclass(frozen=True, eq=False)
class ErrorTable:
    """One-sigma errors in bins of surface temperature and band-13 transmittance.

    Parameters
    ----------
    lst_edges_k : float32 array (n_t + 1,)
        Edges of the temperature bins, K, increasing.
    transmittance_edges : float32 array (n_tau + 1,)
        Edges of the bins of band-13 transmittance, 0-1, increasing.
    sigma : float32 array (n_out, n_t, n_tau)
        One-sigma error of each output in its unit, > 0.

    Raises
    ------
    BundleIntegrityError
        If the shapes don't fit, edges don't increase or an error isn't positive and finite.
    """

    lst_edges_k: NDArray[np.float32]
    transmittance_edges: NDArray[np.float32]
    sigma: NDArray[np.float32]

    def __post_init__(self) -> None:
        for name in ("lst_edges_k", "transmittance_edges", "sigma"):
            array = np.array(getattr(self, name), dtype=np.float32, order="C")
            if not np.isfinite(array).all():
                raise BundleIntegrityError(f"error table: {name} isn't finite")
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        for name in ("lst_edges_k", "transmittance_edges"):
            edges = getattr(self, name)
            if (
                edges.ndim != 1
                or not 2 <= edges.size <= MAX_BINS + 1
                or (np.diff(edges) <= 0).any()
            ):
                raise BundleIntegrityError(
                    f"error table: {name} must be 2-{MAX_BINS + 1} increasing numbers"
                )
        bins = (self.lst_edges_k.size - 1, self.transmittance_edges.size - 1)
        if self.sigma.ndim != 3 or self.sigma.shape[1:] != bins or not (self.sigma > 0).all():
            raise BundleIntegrityError(
                f"error table: sigma {self.sigma.shape} must be positive, (outputs, {bins[0]}, "
                f"{bins[1]})"
            )

    def lookup(self, lst_k: ArrayLike, transmittance_13: ArrayLike) -> NDArray[np.float32]:
        """Return the expected error of every output.

        Between the centres of the bins the table is interpolated bilinearly, so that a product
        shows no steps; beyond the outermost centres the outermost value holds.

        Parameters
        ----------
        lst_k : array_like, shape S
            Surface temperature, K.
        transmittance_13 : array_like, broadcastable to S
            Band-13 transmittance, 0-1; a scalar (one atmosphere for the scene) is quicker.

        Returns
        -------
        float32 array (n_out,) + S
            NaN where the temperature or the transmittance is NaN.
        """
        lst = np.asarray(lst_k, dtype=np.float32)
        tau = np.asarray(transmittance_13, dtype=np.float32)
        row, row_weight = _position(self.lst_edges_k, lst)
        column, column_weight = _position(self.transmittance_edges, tau)
        if tau.ndim == 0:
            lines = _between(self.sigma, column, column_weight)
            return _between(lines, row, row_weight)
        n_columns = self.sigma.shape[2]
        flat = self.sigma.reshape(self.sigma.shape[0], -1)
        start = row * n_columns + column
        low = _between(flat, start, column_weight)
        start = np.minimum(row + 1, self.sigma.shape[1] - 1) * n_columns + column
        high = _between(flat, start, column_weight)
        result: NDArray[np.float32] = low + row_weight * (high - low)
        return result


def _position(
    edges: NDArray[np.float32], value: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return the bin centre at or below each value and the weight of the next one."""
    centres = 0.5 * (edges[:-1] + edges[1:])
    if centres.size == 1:
        weight = np.where(np.isnan(value), np.float32(np.nan), np.float32(0))
        return np.zeros(value.shape, dtype=np.intp), weight.astype(np.float32)
    clipped = np.clip(value, centres[0], centres[-1])
    index = np.searchsorted(centres, clipped, side="right") - 1
    index = np.clip(index, 0, centres.size - 2).astype(np.intp)
    weight = (clipped - centres[index]) / (centres[index + 1] - centres[index])
    return index, weight.astype(np.float32)


def _between(
    table: NDArray[np.float32], index: NDArray[np.intp], weight: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Interpolate along the last axis from ``index`` towards ``index + 1``."""
    following = np.minimum(index + 1, table.shape[-1] - 1)
    low = table[..., index]
    result: NDArray[np.float32] = low + weight * (table[..., following] - low)
    return result
