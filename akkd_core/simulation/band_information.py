"""What each of the 31 subsets of ASTER's bands tells, beside what counting equations says.

The prior is that of the training recipe: air of the training table, training materials, LST drawn
around the air temperature. Emissivity enters as it is, the air as logarithms of its optical depth
and radiances: positive numbers which from dry to moist air vary by a factor of ten.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from akkd_core.physics.information import (
    BANDS,
    Information,
    measured_information,
    prior_given,
    rte_jacobian,
    state_columns,
)
from akkd_core.progress import Progress
from akkd_core.sensors import aster_tir
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.materials import materials
from akkd_core.simulation.scenes import noise_radiance
from akkd_core.simulation.training_set import SceneRecipe, TrainingSet, simulate_training_set

PAPER_UNKNOWNS = 4
"""Transmittance, Ts, Ta and emissivity, each counted once (Dai et al. 2025, section 2.1)."""

MOST_VARIANCE = 0.99
"""Share of variance for which principal components are counted."""

_RECIPE = SceneRecipe(shape=(16, 16), pixels=4)


@dataclass(frozen=True)
class SubsetInformation:
    """One subset of bands.

    Parameters
    ----------
    bands : tuple of int
        Of 10-14.
    dofs_lst, dofs_lse, dofs_air : float
        Degrees of freedom for signal, mean over states.
    lst_sd_k : float
        Posterior standard deviation of LST, root mean square over states, K.
    lst_sd_air_known_k : float
        The same if the air is known exactly, K.
    lst_sd_uncorrelated_k : float
        The same if the prior's correlations are taken away and its variances kept, K.
    """

    bands: tuple[int, ...]
    dofs_lst: float
    dofs_lse: float
    dofs_air: float
    lst_sd_k: float
    lst_sd_air_known_k: float
    lst_sd_uncorrelated_k: float

    @property
    def dofs(self) -> float:
        """Degrees of freedom for signal of the whole state: at most one a band."""
        return self.dofs_lst + self.dofs_lse + self.dofs_air

    @property
    def solvable_as_paper_counts(self) -> bool:
        """The paper's verdict: as many equations as its four unknowns."""
        return len(self.bands) >= PAPER_UNKNOWNS

    @property
    def unknowns_paper_equation(self) -> int:
        """Unknowns of the paper's eq. (1): Ts, Ta; emissivity and transmittance of each band."""
        return 2 + 2 * len(self.bands)

    @property
    def unknowns_full_equation(self) -> int:
        """Unknowns of the full equation: LST, and four of each band."""
        return 1 + 4 * len(self.bands)


@dataclass(frozen=True)
class BandInformation:
    """All subsets, and the prior behind them.

    Parameters
    ----------
    subsets : tuple of SubsetInformation
        From one band to five, in the order of the bands.
    nedt_k : float
        Noise at 300 K, K.
    scenes, states : int
        Simulated scenes, and pixels of them at which derivatives were taken.
    lst_prior_sd_k : float
        Standard deviation of LST before any measurement, K.
    lse_components, air_components : int
        Principal components that hold `MOST_VARIANCE` of the 5 emissivities' variance and of the
        15 numbers of the air, each number standardised.
    """

    subsets: tuple[SubsetInformation, ...]
    nedt_k: float
    scenes: int
    states: int
    lst_prior_sd_k: float
    lse_components: int
    air_components: int


def band_information(
    *, nedt_k: float = 0.3, scenes: int = 1000, seed: int = 0, progress: Progress | None = None
) -> BandInformation:
    """Degrees of freedom for signal and posterior LST error of every subset of bands.

    Parameters
    ----------
    nedt_k : float
        Noise at 300 K, constant in radiance, K, > 0.
    scenes : int
        Scenes simulated for the prior.
    seed : int
    progress : Progress, optional

    Raises
    ------
    ParameterError
        If the noise or the number of scenes is not positive.
    OperationCancelled
        If the user cancelled.
    """
    data = simulate_training_set(
        shipped_atmospheres("train").of_split("train"),
        materials("train"),
        scenes,
        recipe=_RECIPE,
        seed=seed,
        progress=progress,
    )
    states, jacobian = linearised_states(data)
    prior = np.cov(states, rowvar=False)
    noise = np.diag(noise_radiance(nedt_k) ** 2)
    subsets = [
        _subset(bands, jacobian, noise, prior)
        for count in range(1, BANDS + 1)
        for bands in combinations(range(BANDS), count)
    ]
    return BandInformation(
        tuple(subsets),
        nedt_k,
        len(data),
        len(states),
        float(np.sqrt(prior[0, 0])),
        _components(states[:, 1 : 1 + BANDS]),
        _components(states[:, 1 + BANDS :]),
    )


def linearised_states(data: TrainingSet) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """States of a set's pixels, and the derivatives of radiance there.

    Parameters
    ----------
    data : TrainingSet

    Returns
    -------
    states : ndarray of float64, (n, 21)
        LST (K); emissivities; logarithms of optical depth, path and sky radiance, bands 10-14.
    jacobian : ndarray of float64, (n, 5, 21)
        W m-2 sr-1 um-1 per unit of the state.
    """
    pixels = data.lst.shape[1]

    def of_pixels(values: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.repeat(values.astype(np.float64), pixels, axis=0)

    lst = data.lst.astype(np.float64).ravel()
    lse = data.lse.astype(np.float64).reshape(-1, BANDS)
    tau, path, sky = map(
        of_pixels, (data.transmittance, data.path_radiance, data.downwelling_radiance)
    )
    depth = -np.log(tau)
    states = np.column_stack([lst, lse, np.log(depth), np.log(path), np.log(sky)])
    # the chain rule: d tau / d ln(depth) = -tau depth, d L / d ln(L) = L
    scale = np.column_stack([np.ones((len(lst), 1 + BANDS)), -tau * depth, path, sky])
    return states, rte_jacobian(lst, lse, tau, sky) * scale[:, None, :]


def _subset(
    bands: tuple[int, ...],
    jacobian: NDArray[np.float64],
    noise: NDArray[np.float64],
    prior: NDArray[np.float64],
) -> SubsetInformation:
    columns, rows, count = state_columns(bands), list(bands), len(bands)
    k = jacobian[:, rows][:, :, columns]
    se, sa = noise[np.ix_(rows, rows)], prior[np.ix_(columns, columns)]
    air = np.arange(len(columns)) > count
    found = measured_information(k, se, sa)
    return SubsetInformation(
        tuple(aster_tir().bands[i] for i in bands),
        float(found.degrees_of_freedom(slice(0, 1)).mean()),
        float(found.degrees_of_freedom(slice(1, 1 + count)).mean()),
        float(found.degrees_of_freedom(slice(1 + count, None)).mean()),
        _lst_sd(found),
        _lst_sd(measured_information(k, se, prior_given(sa, air))),
        _lst_sd(measured_information(k, se, np.diag(np.diag(sa)))),
    )


def _lst_sd(found: Information) -> float:
    return float(np.sqrt(found.variance(0).mean()))


def _components(values: NDArray[np.float64]) -> int:
    variance = np.linalg.eigvalsh(np.corrcoef(values, rowvar=False))[::-1]
    return int(np.searchsorted(np.cumsum(variance) / variance.sum(), MOST_VARIANCE)) + 1
