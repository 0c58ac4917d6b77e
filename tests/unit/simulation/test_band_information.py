"""What subsets of bands tell under the training recipe's prior, and the counting beside it."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from akkd_core.errors import OperationCancelled, ParameterError
from akkd_core.physics.rte import radiance_toa_full
from akkd_core.progress import SilentProgress
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.band_information import (
    BandInformation,
    band_information,
    linearised_states,
)
from akkd_core.simulation.materials import materials
from akkd_core.simulation.scenes import noise_radiance
from akkd_core.simulation.training_set import SceneRecipe, simulate_training_set


@pytest.fixture(scope="module")
def found() -> BandInformation:
    return band_information(scenes=300, seed=3)


def test_all_subsets_in_order(found: BandInformation) -> None:
    expected = [bands for n in range(1, 6) for bands in combinations(range(10, 15), n)]
    assert [subset.bands for subset in found.subsets] == expected
    assert len(expected) == 31
    assert (found.scenes, found.states, found.nedt_k) == (300, 1200, 0.3)


def test_counting(found: BandInformation) -> None:
    """The paper: four bands for four unknowns. Band by band: 2n + 2 and 4n + 1, always above n."""
    counted = {len(s.bands): s for s in found.subsets}
    assert [counted[n].solvable_as_paper_counts for n in range(1, 6)] == [False] * 3 + [True] * 2
    assert [counted[n].unknowns_paper_equation for n in range(1, 6)] == [4, 6, 8, 10, 12]
    assert [counted[n].unknowns_full_equation for n in range(1, 6)] == [5, 9, 13, 17, 21]


def test_each_band_tells_more(found: BandInformation) -> None:
    by_bands = {subset.bands: subset for subset in found.subsets}
    for bands, subset in by_bands.items():
        assert 0 < subset.dofs <= len(bands)
        for more in set(range(10, 15)) - set(bands):
            wider = by_bands[tuple(sorted((*bands, more)))]
            assert wider.dofs > subset.dofs
            assert wider.lst_sd_k < subset.lst_sd_k


def test_what_the_prior_brings(found: BandInformation) -> None:
    for subset in found.subsets:
        assert subset.lst_sd_air_known_k < subset.lst_sd_k < subset.lst_sd_uncorrelated_k
        assert subset.lst_sd_k < found.lst_prior_sd_k
    assert found.lst_prior_sd_k == pytest.approx(21.0, abs=3.0)
    assert found.air_components == 2
    assert found.lse_components in (3, 4)


def test_figures_of_five_bands(found: BandInformation) -> None:
    """Within what other seeds give: with 3000 scenes 3.96-4.03 DOFS; 2.52-2.59 and 1.03-1.06 K."""
    five = found.subsets[-1]
    assert five.dofs == pytest.approx(3.99, abs=0.35)
    assert five.dofs_lst == pytest.approx(0.95, abs=0.02)
    assert five.lst_sd_k == pytest.approx(2.55, abs=0.3)
    assert five.lst_sd_air_known_k == pytest.approx(1.04, abs=0.08)
    assert five.lst_sd_uncorrelated_k == pytest.approx(8.9, abs=1.0)


def test_less_noise_tells_more(found: BandInformation) -> None:
    quiet = band_information(nedt_k=0.05, scenes=300, seed=3)
    for one, other in zip(quiet.subsets, found.subsets, strict=True):
        assert one.dofs > other.dofs and one.lst_sd_k < other.lst_sd_k
    assert quiet.lst_prior_sd_k == found.lst_prior_sd_k


def test_same_seed_same_figures(found: BandInformation) -> None:
    assert band_information(scenes=300, seed=3) == found
    assert band_information(scenes=300, seed=4).subsets != found.subsets


def test_derivatives_by_logarithms() -> None:
    """The equation itself, stepped in logarithms of optical depth and radiances."""
    air = shipped_atmospheres("train").of_split("train")
    recipe = SceneRecipe(shape=(8, 8), pixels=2)
    data = simulate_training_set(air, materials("train"), 10, recipe=recipe, seed=1, workers=1)
    states, jacobian = linearised_states(data)
    assert states.shape == (20, 21) and jacobian.shape == (20, 5, 21)
    np.testing.assert_allclose(states[:, 0], data.lst.ravel())
    np.testing.assert_allclose(np.exp(-np.exp(states[1, 6:11])), data.transmittance[0], rtol=1e-6)

    def radiance(state: np.ndarray) -> np.ndarray:
        depth, path, sky = np.exp(state[6:]).reshape(3, 5)
        return radiance_toa_full(state[0], state[1:6], np.exp(-depth), path, sky)

    for state, found in zip(states, jacobian, strict=True):
        for position in range(21):
            step = np.zeros(21)
            step[position] = 0.5 if position == 0 else 1e-4
            numeric = (radiance(state + step) - radiance(state - step)) / (2 * step[position])
            np.testing.assert_allclose(found[:, position], numeric, rtol=5e-4, atol=1e-8)


def test_one_subset_in_the_form_of_rodgers() -> None:
    """Bands 11 and 14 with inverses of the prior; the air known: ground alone, prior regressed."""
    air = shipped_atmospheres("train").of_split("train")
    recipe = SceneRecipe(shape=(16, 16), pixels=4)
    data = simulate_training_set(air, materials("train"), 100, recipe=recipe, seed=6)
    states, jacobian = linearised_states(data)
    ground, above = [0, 2, 5], [7, 10, 12, 15, 17, 20]
    noise = np.diag(noise_radiance(0.3)[[1, 4]] ** -2.0)

    def posterior(values: np.ndarray, columns: list[int]) -> tuple[np.ndarray, np.ndarray]:
        k = jacobian[:, [1, 4]][:, :, columns]
        weighted = np.swapaxes(k, 1, 2) @ noise @ k
        covariance = np.linalg.inv(weighted + np.linalg.inv(np.cov(values, rowvar=False)))
        return covariance, np.diagonal(covariance @ weighted, axis1=1, axis2=2).mean(axis=0)

    found = {s.bands: s for s in band_information(scenes=100, seed=6).subsets}[(11, 14)]
    covariance, kernel = posterior(states[:, ground + above], ground + above)
    assert found.lst_sd_k == pytest.approx(np.sqrt(covariance[:, 0, 0].mean()), rel=1e-4)
    parts = kernel[0], kernel[1:3].sum(), kernel[3:].sum()
    assert (found.dofs_lst, found.dofs_lse, found.dofs_air) == pytest.approx(parts, abs=1e-4)

    centred = states - states.mean(axis=0)
    fit = np.linalg.lstsq(centred[:, above], centred[:, ground], rcond=None)[0]
    covariance, _ = posterior(centred[:, ground] - centred[:, above] @ fit, ground)
    assert found.lst_sd_air_known_k == pytest.approx(np.sqrt(covariance[:, 0, 0].mean()), rel=1e-4)


def test_refusals() -> None:
    class Stopped(SilentProgress):
        def cancelled(self) -> bool:
            return True

    with pytest.raises(ParameterError, match="noise"):
        band_information(nedt_k=0.0, scenes=100)
    with pytest.raises(ParameterError):
        band_information(scenes=0)
    with pytest.raises(OperationCancelled):
        band_information(scenes=100, progress=Stopped())
