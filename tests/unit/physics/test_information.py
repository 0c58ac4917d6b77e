"""Degrees of freedom for signal: derivatives, cases by hand, and what must hold of any prior."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.physics.information import (
    Information,
    measured_information,
    prior_given,
    rte_jacobian,
    state_columns,
)
from akkd_core.physics.planck import broadcast_band_radiance, broadcast_band_radiance_slope
from akkd_core.physics.rte import radiance_toa_full

Array = NDArray[np.float64]

# US standard atmosphere 1976, nadir, rural aerosol 23 km (LOWTRAN7)
TAU = np.array([0.655, 0.752, 0.812, 0.854, 0.848])
PATH = np.array([1.66, 1.26, 0.99, 0.93, 0.97])
SKY = np.array([2.84, 2.16, 1.71, 1.58, 1.63])
LSE = np.array([0.80, 0.82, 0.85, 0.95, 0.96])


def radiance(state: Array) -> Array:
    lse, tau, path, sky = state[1:].reshape(4, 5)
    return radiance_toa_full(state[0], lse, tau, path, sky)


def random_air_and_ground(rng: np.random.Generator) -> Array:
    tau = rng.uniform(0.1, 0.98, 5)
    air = broadcast_band_radiance(rng.uniform(230.0, 295.0))
    path = (1.0 - tau) * air
    return np.concatenate(
        [[rng.uniform(250.0, 330.0)], rng.uniform(0.6, 0.99, 5), tau, path, 1.3 * path]
    )


def jacobian_at(state: Array) -> Array:
    lse, tau, _, sky = state[1:].reshape(4, 5)
    return rte_jacobian(state[:1], lse[None], tau[None], sky[None])[0]


def random_covariance(rng: np.random.Generator, size: int) -> Array:
    root = rng.normal(size=(size, size)) * 10.0 ** rng.uniform(-2.0, 1.0, size)[:, None]
    return root @ root.T


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_jacobian_is_the_equations_slope(seed: int) -> None:
    state = random_air_and_ground(np.random.default_rng(seed))
    found = jacobian_at(state)
    assert found.shape == (5, 21)
    for position in range(21):
        # wider for LST: the table of band radiance is linear between steps of 0.05 K
        step = np.zeros(21)
        step[position] = 0.5 if position == 0 else 1e-4
        numeric = (radiance(state + step) - radiance(state - step)) / (2 * step[position])
        np.testing.assert_allclose(found[:, position], numeric, rtol=2e-4, atol=1e-9)


def test_slope_of_band_radiance() -> None:
    """Central differences of 2 K, and Planck's law derived by hand at band 13's centroid."""
    kelvin = np.array([[250.0, 300.0], [320.0, 340.0]])
    slope = broadcast_band_radiance_slope(kelvin)
    assert slope.shape == (5, 2, 2)
    numeric = (broadcast_band_radiance(kelvin + 1) - broadcast_band_radiance(kelvin - 1)) / 2
    np.testing.assert_allclose(slope, numeric, rtol=2e-4)
    # 10.6592 um, 300 K: x = 14387.77 / 10.6592 / 300 = 4.4993, B = 9.726, B x / T / (1 - e^-x)
    assert slope[3, 0, 1] == pytest.approx(9.726 * 4.4993 / 300 / 0.98889, rel=0.002)


def test_columns_of_a_subset() -> None:
    assert state_columns([0]).tolist() == [0, 1, 6, 11, 16]
    assert state_columns([1, 4]).tolist() == [0, 2, 5, 7, 10, 12, 15, 17, 20]


def test_one_number_measured_once() -> None:
    """Variance 4 known, noise 1: A = 4 / 5, posterior variance 4 * 1 / 5."""
    found = measured_information(np.array([[1.0]]), np.array([[1.0]]), np.array([[4.0]]))
    assert found.degrees_of_freedom() == pytest.approx(0.8)
    assert found.variance(0) == pytest.approx(0.8)


def test_two_numbers_measured_by_their_sum() -> None:
    """Prior variances 1 and 3, noise 1: gain (1, 3) / 5, so A's diagonal is (0.2, 0.6)."""
    found = measured_information(np.array([[1.0, 1.0]]), np.eye(1), np.diag([1.0, 3.0]))
    np.testing.assert_allclose(found.averaging_kernel, [[0.2, 0.2], [0.6, 0.6]])
    assert found.degrees_of_freedom(slice(0, 1)) == pytest.approx(0.2)
    assert found.degrees_of_freedom() == pytest.approx(0.8)
    np.testing.assert_allclose(found.posterior_covariance, [[0.8, -0.6], [-0.6, 1.2]])


def test_the_form_of_rodgers() -> None:
    """A = (K^T Se^-1 K + Sa^-1)^-1 K^T Se^-1 K, where Sa can be inverted, for a batch of K."""
    rng = np.random.default_rng(5)
    k = rng.normal(size=(3, 2, 4))
    se, sa = random_covariance(rng, 2) + np.eye(2), random_covariance(rng, 4) + np.eye(4)
    found = measured_information(k, se, sa)
    for number in range(3):
        weighted = k[number].T @ np.linalg.inv(se) @ k[number]
        posterior = np.linalg.inv(weighted + np.linalg.inv(sa))
        np.testing.assert_allclose(found.averaging_kernel[number], posterior @ weighted, atol=1e-9)
        np.testing.assert_allclose(found.posterior_covariance[number], posterior, atol=1e-9)


def test_posterior_variance_is_the_error_of_the_best_estimate() -> None:
    """100,000 draws of states and noise, estimated by linear regression."""
    rng = np.random.default_rng(2)
    sa, se = random_covariance(rng, 3) + 0.1 * np.eye(3), np.diag([0.5, 0.2])
    k = rng.normal(size=(2, 3))
    states = rng.multivariate_normal(np.zeros(3), sa, 100_000)
    seen = states @ k.T + rng.multivariate_normal(np.zeros(2), se, 100_000)
    estimate = seen @ np.linalg.lstsq(seen, states, rcond=None)[0]
    error = ((estimate - states) ** 2).mean(axis=0)
    found = measured_information(k, se, sa)
    np.testing.assert_allclose(np.diag(found.posterior_covariance), error, rtol=0.02)


def test_limits_of_noise() -> None:
    k, sa = np.eye(2, 3), np.diag([1.0, 2.0, 3.0])
    exact = measured_information(k, 1e-12 * np.eye(2), sa)
    assert exact.degrees_of_freedom() == pytest.approx(2.0)
    np.testing.assert_allclose(np.diag(exact.posterior_covariance), [0.0, 0.0, 3.0], atol=1e-9)
    blind = measured_information(k, 1e12 * np.eye(2), sa)
    assert blind.degrees_of_freedom() == pytest.approx(0.0, abs=1e-9)
    with pytest.raises(ParameterError, match="noise"):
        measured_information(k, np.diag([1.0, 0.0]), sa)


def of_subset(bands: tuple[int, ...], k: Array, se: Array, sa: Array) -> Information:
    rows, columns = list(bands), state_columns(bands)
    return measured_information(
        k[np.ix_(rows, columns)], se[np.ix_(rows, rows)], sa[np.ix_(columns, columns)]
    )


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.floats(0.001, 1.0))
def test_another_band_never_tells_less(seed: int, noise: float) -> None:
    rng = np.random.default_rng(seed)
    k, sa = jacobian_at(random_air_and_ground(rng)), random_covariance(rng, 21)
    se = noise**2 * np.eye(5)
    subsets = [bands for count in range(1, 6) for bands in combinations(range(5), count)]
    found = {bands: of_subset(bands, k, se, sa) for bands in subsets}
    assert len(found) == 31
    for bands, information in found.items():
        dofs = float(information.degrees_of_freedom())
        assert 0.0 <= dofs <= len(bands) + 1e-9
        assert -1e-9 <= information.variance(0) <= sa[0, 0] * (1 + 1e-9)
        for more in set(range(5)) - set(bands):
            wider = found[tuple(sorted((*bands, more)))]
            assert wider.degrees_of_freedom() >= dofs - 1e-7
            assert wider.variance(0) <= information.variance(0) * (1 + 1e-6) + 1e-9


def test_parts_add_up() -> None:
    rng = np.random.default_rng(8)
    found = of_subset(
        (0, 3, 4), jacobian_at(random_air_and_ground(rng)), np.eye(5), random_covariance(rng, 21)
    )
    parts = [found.degrees_of_freedom(slice(*ends)) for ends in ((0, 1), (1, 4), (4, None))]
    assert sum(parts) == pytest.approx(float(found.degrees_of_freedom()))


def test_prior_given_what_is_known() -> None:
    """Correlation 0.5 leaves 3/4 of the variance; a number tied to nothing keeps its own."""
    prior = np.array([[4.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 2.0]])
    found = prior_given(prior, np.array([False, True, False]))
    np.testing.assert_allclose(found, [[3.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 2.0]])
    # measured without noise it's the same
    exact = measured_information(np.array([[0.0, 1.0, 0.0]]), np.array([[1e-12]]), prior)
    np.testing.assert_allclose(exact.posterior_covariance, found, atol=1e-9)


def test_known_air_leaves_ground() -> None:
    """One band, black ground, air known: LST to the noise over tau B'."""
    k = rte_jacobian(np.array([300.0]), np.ones((1, 5)), TAU[None], SKY[None])[0]
    sa = np.diag([400.0, *[0.0] * 5, *[1.0] * 15])
    known = prior_given(sa, np.arange(21) >= 6)
    found = measured_information(k[3:4], np.array([[0.04**2]]), known)
    slope = TAU[3] * broadcast_band_radiance_slope(300.0)[3]
    assert float(found.variance(0)) == pytest.approx((0.04 / slope) ** 2, rel=1e-3)
    unknown = measured_information(k[3:4], np.array([[0.04**2]]), sa)
    assert unknown.variance(0) > 50 * found.variance(0)
