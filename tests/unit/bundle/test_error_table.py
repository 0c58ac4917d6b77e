from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from akkd_core.bundle import ErrorTable
from akkd_core.errors import BundleIntegrityError
from tests.builders import bundles

# centres: 265, 290, 315 K; transmittance 0.3, 0.8; sigma[0] = [[.1, .2], [.3, .4], [.5, .6]]


@pytest.mark.parametrize(
    ("lst", "tau", "expected"),
    [
        (290.0, 0.3, 0.3),
        (290.0, 0.8, 0.4),
        (290.0, 0.55, 0.35),
        (277.5, 0.3, 0.2),
        (302.5, 0.55, 0.45),
        (100.0, 0.0, 0.1),
        (400.0, 1.0, 0.6),
        (np.inf, 0.9, 0.6),
    ],
)
def test_lookup_is_bilinear_and_clamped(lst: float, tau: float, expected: float) -> None:
    table = bundles.error_table()
    assert table.lookup(lst, tau)[0] == pytest.approx(expected, abs=1e-6)
    assert table.lookup(np.full((1, 2), lst), np.full((1, 2), tau))[0, 0, 1] == pytest.approx(
        expected, abs=1e-6
    )
    assert table.lookup(lst, tau)[1] == pytest.approx(expected + 0.6, abs=1e-6)


def test_scalar_and_array_transmittance_agree() -> None:
    lst = np.linspace(240, 340, 300, dtype=np.float32).reshape(20, 15)
    table = bundles.error_table()
    scalar = table.lookup(lst, 0.47)
    assert scalar.shape == (2, 20, 15)
    assert scalar.dtype == np.float32
    assert_allclose(scalar, table.lookup(lst, np.full(lst.shape, 0.47)), atol=1e-6)


def test_nan_gives_nan_only_there() -> None:
    table = bundles.error_table()
    result = table.lookup([290.0, np.nan], [0.5, 0.5])
    assert np.isnan(result).tolist() == [[False, True], [False, True]]
    assert np.isnan(table.lookup([290.0, 290.0], [0.5, np.nan])[0]).tolist() == [False, True]
    assert np.isnan(table.lookup([290.0], np.nan)).all()


def test_one_bin_is_a_constant() -> None:
    table = ErrorTable(np.array([200.0, 400.0]), np.array([0.0, 1.0]), np.full((1, 1, 1), 0.7))
    assert_allclose(table.lookup([100.0, 290.0, 500.0], [0.1, 0.5, 0.9]), 0.7, atol=1e-7)
    assert np.isnan(table.lookup([np.nan], 0.5)).all()


@pytest.mark.parametrize(
    "arguments",
    [
        ([280, 270], [0, 1], np.ones((1, 1, 1))),
        ([280], [0, 1], np.ones((1, 0, 1))),
        ([270, 280], [0, np.nan], np.ones((1, 1, 1))),
        ([270, 280], [0, 1], np.ones((1, 2, 1))),
        ([270, 280], [0, 1], np.zeros((1, 1, 1))),
        ([270, 280], [0, 1], np.full((1, 1, 1), np.inf)),
        ([270, 280], [0, 1], np.ones((1, 1))),
    ],
)
def test_malformed_tables_are_refused(arguments: Any) -> None:
    with pytest.raises(BundleIntegrityError):
        ErrorTable(*arguments)
