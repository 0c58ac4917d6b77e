"""One atmosphere for a scene: by water vapour, out of a table, or by a profile's name."""

from __future__ import annotations

import numpy as np

from akkd_core.errors import ParameterError
from akkd_core.physics.features import decode_atmosphere, encode_atmosphere
from akkd_core.progress import Progress
from akkd_core.simulation.atmosphere_draws import CO2_JUDGING_PPMV, simulate_cases
from akkd_core.simulation.atmospheres import AtmosphereTable
from akkd_core.simulation.lowtran_engine import AtmosphereCase
from akkd_core.simulation.profiles import AFGL_PROFILES, MIPAS_PROFILES, reference_profile
from akkd_core.simulation.scenes import Atmosphere

PROFILE_NAMES: dict[str, str] = {
    **{name.split("-")[1].replace("_", "-"): name for name in AFGL_PROFILES},
    **{f"mipas-{name.split('-')[1].replace('_', '-')}": name for name in MIPAS_PROFILES},
}
"""Reference profiles by the name that a user gives: AFGL's (``midlatitude-summer``), MIPAS's."""

TCWV_SPREAD = 0.15
"""Width of the weights in the logarithm of water vapour."""

WARMTH_SPREAD_K = 8.0
"""Width of the weights in temperature, K."""

_TCWV_FLOOR_KG_M2 = 0.1
_WEIGHTLESS = 50.0


def nearest_row(table: AtmosphereTable, tcwv_kg_m2: float) -> int:
    """Row of a table whose water vapour is nearest.

    Parameters
    ----------
    table : AtmosphereTable
        One row or more.
    tcwv_kg_m2 : float
    """
    return int(np.argmin(np.abs(table.tcwv_kg_m2 - tcwv_kg_m2)))


def atmosphere_near(table: AtmosphereTable, tcwv_kg_m2: float, warmth_k: float) -> Atmosphere:
    """Typical atmosphere of a water vapour and a warmth: a weighted mean of a table's rows.

    Optical depths, path and sky radiances are averaged as logarithms, with Gaussian weights of
    width `TCWV_SPREAD` in the logarithm of water vapour and `WARMTH_SPREAD_K` in the temperature
    of the air near the ground, about the nearest row.

    Parameters
    ----------
    table : AtmosphereTable
        Many and varied atmospheres.
    tcwv_kg_m2 : float
        >= 0.
    warmth_k : float
        Temperature of the air near the ground, or what stands for it, K.

    Raises
    ------
    ParameterError
        If the table is empty or a value is not possible.
    """
    if not len(table) or not tcwv_kg_m2 >= 0 or not 150.0 < warmth_k < 400.0:
        raise ParameterError(
            f"water vapour {tcwv_kg_m2:g} kg m-2 and {warmth_k:g} K: no atmosphere of "
            f"{len(table)} is near them. give water vapour in kg m-2"
        )
    rows = np.asarray(table.tcwv_kg_m2, dtype=np.float64)
    apart = np.log((rows + _TCWV_FLOOR_KG_M2) / (tcwv_kg_m2 + _TCWV_FLOOR_KG_M2)) / TCWV_SPREAD
    warmer = (np.asarray(table.air_temperature_k, dtype=np.float64) - warmth_k) / WARMTH_SPREAD_K
    distance = apart**2 + warmer**2
    distance -= distance.min()
    used = distance < _WEIGHTLESS
    weight = np.exp(-0.5 * distance[used])
    weight /= weight.sum()
    near = table.select(used)
    encoded = encode_atmosphere(near.transmittance, near.path_radiance, near.downwelling_radiance)
    tau, path, down = decode_atmosphere(weight @ encoded.astype(np.float64))
    air_k = float(weight @ near.air_temperature_k.astype(np.float64))
    return Atmosphere(tau, path, down, tcwv_kg_m2, air_k)


def reference_atmosphere(
    name: str,
    *,
    elevation_m: float = 0.0,
    view_zenith_deg: float = 0.0,
    progress: Progress | None = None,
) -> Atmosphere:
    """Atmosphere of a reference profile by LOWTRAN7: rural aerosol of 23 km, 390 ppmv of CO2.

    Parameters
    ----------
    name : str
        One of `PROFILE_NAMES`.
    elevation_m : float
        Of the ground, 0-6000 m.
    view_zenith_deg : float
        0-60 degrees.
    progress : Progress, optional

    Raises
    ------
    ParameterError
        For an unknown name, or an elevation or angle out of range.
    MissingDependencyError
        Without the simulation extra.
    SimulationError, OperationCancelled
    """
    if name not in PROFILE_NAMES:
        raise ParameterError(
            f"atmosphere {name!r}: unknown reference profile. give one of "
            f"{', '.join(PROFILE_NAMES)}"
        )
    profile = reference_profile(PROFILE_NAMES[name]).for_lowtran(elevation_m)
    case = AtmosphereCase(profile, view_zenith_deg=view_zenith_deg, co2_ppmv=CO2_JUDGING_PPMV)
    return Atmosphere.of(simulate_cases([case], "train", 1, progress), 0)
