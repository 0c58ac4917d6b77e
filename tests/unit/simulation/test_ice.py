"""Bare ice: Fresnel's equations, and the spectrum that the library has of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from akkd_core.simulation.ice import fresnel_emissivity, ice_emissivity
from akkd_core.simulation.materials import all_materials


def test_known_indices() -> None:
    # glass reflects 4 %; at 11.00 um ice has n = 1.0886, k = 0.248
    found = fresnel_emissivity(np.array([1.5 + 0j, 1.0886 + 0.248j]))
    assert found[0] == pytest.approx(0.96, abs=1e-12)
    reflected = (0.0886**2 + 0.248**2) / (2.0886**2 + 0.248**2)
    assert found[1] == pytest.approx(1.0 - reflected, abs=1e-12)


@given(st.floats(0.05, 5.0), st.floats(0.0, 5.0))
def test_emissivity_is_a_share(real: float, imaginary: float) -> None:
    value = fresnel_emissivity(np.array([complex(real, imaginary)]))[0]
    assert 0.0 <= value <= 1.0
    # a mirror image of the index reflects as much
    assert value == pytest.approx(fresnel_emissivity(np.array([real - 1j * imaginary]))[0])


def test_the_measured_spectrum_of_ice() -> None:
    """Measured by itself (ECOSTRESS library), bands 10-14."""
    table = all_materials()
    measured = table.lse[table.group.index("water:ice.none")]
    np.testing.assert_allclose(ice_emissivity(), measured, atol=0.001)
