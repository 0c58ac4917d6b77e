"""Regressions recover what they were made from."""

from __future__ import annotations

import numpy as np
import pytest

from akkd_core.errors import ParameterError
from akkd_core.physics.split_window import (
    QuadraticCoefficients,
    SplitWindowCoefficients,
    fit_quadratic,
    fit_split_window,
)

RNG = np.random.default_rng(3)
BT = RNG.normal(0.0, 1.5, (400, 5)) + RNG.uniform(270.0, 310.0, (400, 1))
LSE = RNG.uniform(0.9, 0.99, (400, 5))


def test_split_window_is_the_published_formula() -> None:
    c = np.array([-1.5, 1.005, 0.15, -0.3, 4.0, 3.5, -9.0])
    first, second, e1, e2 = BT[0, 3], BT[0, 4], LSE[0, 3], LSE[0, 4]
    e, de = (e1 + e2) / 2, e1 - e2
    expected = (
        c[0]
        + (c[1] + c[2] * (1 - e) / e + c[3] * de / e**2) * (first + second) / 2
        + (c[4] + c[5] * (1 - e) / e + c[6] * de / e**2) * (first - second) / 2
    )
    assert SplitWindowCoefficients(c).lst(BT, LSE)[0] == pytest.approx(expected, abs=1e-9)


def test_split_window_fit_recovers_coefficients() -> None:
    truth = SplitWindowCoefficients(np.array([-1.5, 1.005, 0.15, -0.3, 4.0, 3.5, -9.0]))
    fit = fit_split_window(BT, truth.lst(BT, LSE), LSE)
    np.testing.assert_allclose(fit.lst(BT, LSE), truth.lst(BT, LSE), atol=1e-6)
    assert fit.needs_emissivity


def test_split_window_without_emissivity() -> None:
    lst = 2.0 + 0.99 * BT[:, 3:].mean(axis=1) + 2.1 * (BT[:, 3] - BT[:, 4])
    fit = fit_split_window(BT, lst)
    np.testing.assert_allclose(fit.values, [2.0, 0.99, 4.2], rtol=1e-6)
    assert not fit.needs_emissivity
    np.testing.assert_allclose(fit.lst(BT, LSE), lst, atol=1e-8)


def test_split_window_asks_for_emissivity() -> None:
    with pytest.raises(ParameterError, match="emissivities"):
        SplitWindowCoefficients(np.zeros(7)).lst(BT)


def test_quadratic_fit_recovers_a_quadratic() -> None:
    x = BT - 290.0
    targets = np.stack(
        [290.0 + x @ [0.1, -0.5, 0.2, 1.4, -0.3] + 0.01 * x[:, 0] * x[:, 4], 0.9 + 0.001 * x[:, 2]],
        axis=1,
    )
    fit = fit_quadratic(BT, targets)
    np.testing.assert_allclose(fit.predict(BT), targets, atol=1e-8)
    unseen = BT[::-1] + 3.0
    y = unseen - 290.0
    expected = 290.0 + y @ [0.1, -0.5, 0.2, 1.4, -0.3] + 0.01 * y[:, 0] * y[:, 4]
    np.testing.assert_allclose(fit.predict(unseen)[:, 0], expected, atol=1e-7)


def test_too_few_pixels() -> None:
    with pytest.raises(ParameterError, match="20 pixels for 21"):
        fit_quadratic(BT[:20], np.zeros((20, 1)))
    with pytest.raises(ParameterError, match="2 pixels for 3"):
        fit_split_window(BT[:2], np.zeros(2))


def test_coefficients_are_checked() -> None:
    with pytest.raises(ParameterError):
        SplitWindowCoefficients(np.zeros(4))
    with pytest.raises(ParameterError):
        QuadraticCoefficients(np.zeros((20, 6)))
    with pytest.raises(ParameterError):
        QuadraticCoefficients(np.full((21, 6), np.nan))
