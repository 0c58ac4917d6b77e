"""Physical constants, each with unit and source (CODATA 2018, exact SI values)."""

from __future__ import annotations

PLANCK_J_S = 6.62607015e-34
"""Planck constant h, J s."""

LIGHT_SPEED_M_S = 299792458.0
"""Speed of light in vacuum c, m s-1."""

BOLTZMANN_J_K = 1.380649e-23
"""Boltzmann constant k, J K-1."""

C1_RADIANCE_W_UM4 = 2.0 * PLANCK_J_S * LIGHT_SPEED_M_S**2 * 1e24
"""First radiation constant for radiance 2hc^2, W m-2 sr-1 um4 (result per um)."""

C2_UM_K = PLANCK_J_S * LIGHT_SPEED_M_S / BOLTZMANN_J_K * 1e6
"""Second radiation constant hc/k, um K."""

STEFAN_BOLTZMANN_W_M2_K4 = 5.670374419e-8
"""Stefan-Boltzmann constant sigma, W m-2 K-4."""
