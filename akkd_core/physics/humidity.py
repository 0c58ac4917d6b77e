"""Humidity as the mole fraction of the moist air, from every quantity that files give."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

WATER_TO_AIR = 18.01528 / 28.9652
"""Molar mass of water over that of dry air."""


def saturation_pressure_hpa(temperature_k: ArrayLike) -> NDArray[np.float64]:
    """Saturation vapour pressure over liquid water, hPa (Murphy and Koop 2005, equation 10).

    Parameters
    ----------
    temperature_k : array_like of float
        123-332 K; held there.
    """
    t = np.clip(np.asarray(temperature_k, dtype=np.float64), 123.0, 332.0)
    log_pa = (
        54.842763 - 6763.22 / t - 4.210 * np.log(t) + 0.000367 * t
        + np.tanh(0.0415 * (t - 218.8))
        * (53.878 - 1331.22 / t - 9.44523 * np.log(t) + 0.014025 * t)
    )  # fmt: skip
    result: NDArray[np.float64] = np.exp(log_pa) / 100.0
    return result


def ppmv_of_specific_humidity(kg_kg: ArrayLike) -> NDArray[np.float64]:
    """Mole fraction, ppmv, of specific humidity (kg of vapour per kg of moist air)."""
    share = np.asarray(kg_kg, dtype=np.float64)
    result: NDArray[np.float64] = share / (WATER_TO_AIR + (1.0 - WATER_TO_AIR) * share) * 1e6
    return result


def ppmv_of_mixing_ratio(kg_kg: ArrayLike) -> NDArray[np.float64]:
    """Mole fraction, ppmv, of the mixing ratio (kg of vapour per kg of dry air)."""
    ratio = np.asarray(kg_kg, dtype=np.float64)
    result: NDArray[np.float64] = ratio / (WATER_TO_AIR + ratio) * 1e6
    return result


def ppmv_of_dew_point(dew_point_k: ArrayLike, pressure_hpa: ArrayLike) -> NDArray[np.float64]:
    """Mole fraction, ppmv, of a dew point over liquid water, K, at a pressure, hPa."""
    result: NDArray[np.float64] = (
        saturation_pressure_hpa(dew_point_k) / np.asarray(pressure_hpa, dtype=np.float64) * 1e6
    )
    return result


def ppmv_of_relative_humidity(
    percent: ArrayLike, temperature_k: ArrayLike, pressure_hpa: ArrayLike
) -> NDArray[np.float64]:
    """Mole fraction, ppmv, of relative humidity over liquid water, %, at K and hPa."""
    share = np.asarray(percent, dtype=np.float64) / 100.0
    result: NDArray[np.float64] = share * ppmv_of_dew_point(temperature_k, pressure_hpa)
    return result
