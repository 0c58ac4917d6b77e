"""Planck's law, monochromatic and band-integrated with a sensor's spectral response.

The band-integrated pair is a table of radiance against temperature per band (0.05 K steps,
linear between), which agrees with JPL's own table for ASTER to 0.0072 K over 200-370 K.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from akkd_core.constants import C1_RADIANCE_W_UM4, C2_UM_K
from akkd_core.sensors import Sensor, aster_tir

TEMPERATURE_MIN_K = 150.0
TEMPERATURE_MAX_K = 450.0
_STEP_K = 0.05
_PART = 64


def planck_radiance(wavelength_um: ArrayLike, temperature_k: ArrayLike) -> NDArray[np.float64]:
    """Spectral radiance of a black body, W m-2 sr-1 um-1 (Planck's law).

    Parameters
    ----------
    wavelength_um : array_like
        Wavelength, um.
    temperature_k : array_like
        Temperature, K; broadcast against the wavelength.

    Returns
    -------
    ndarray of float64
        ``2hc^2 / lambda^5 / (exp(hc / (lambda k T)) - 1)``.
    """
    wavelength = np.asarray(wavelength_um, dtype=np.float64)
    temperature = np.asarray(temperature_k, dtype=np.float64)
    result: NDArray[np.float64] = (
        C1_RADIANCE_W_UM4 / wavelength**5 / np.expm1(C2_UM_K / (wavelength * temperature))
    )
    return result


def planck_temperature(wavelength_um: ArrayLike, radiance: ArrayLike) -> NDArray[np.float64]:
    """Temperature of a black body of given spectral radiance, K: the inverse of Planck's law.

    Parameters
    ----------
    wavelength_um : array_like
        Wavelength, um.
    radiance : array_like
        W m-2 sr-1 um-1, > 0; other values give NaN.
    """
    wavelength = np.asarray(wavelength_um, dtype=np.float64)
    value = np.asarray(radiance, dtype=np.float64)
    positive = np.where(value > 0, value, np.nan)
    result: NDArray[np.float64] = C2_UM_K / (
        wavelength * np.log1p(C1_RADIANCE_W_UM4 / (wavelength**5 * positive))
    )
    return result


@cache
def _tables() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the temperature grid (n,) and ASTER's band radiances (bands, n)."""
    sensor = aster_tir()
    count = round((TEMPERATURE_MAX_K - TEMPERATURE_MIN_K) / _STEP_K) + 1
    grid = np.linspace(TEMPERATURE_MIN_K, TEMPERATURE_MAX_K, count)
    return grid, np.stack([_integrate(sensor, i, grid) for i in range(len(sensor.bands))])


def _integrate(sensor: Sensor, index: int, temperature: NDArray[np.float64]) -> NDArray[np.float64]:
    wavelength, weight = sensor.wavelength_um[index], sensor.srf_weights(index)
    share = weight / weight.sum() * C1_RADIANCE_W_UM4 / wavelength**5
    found = np.empty_like(temperature)
    # in parts that stay in the processor's cache; exp() - 1 is as good as expm1() above 2, and fast
    for start in range(0, len(temperature), _PART):
        part = slice(start, start + _PART)
        x = np.multiply.outer(1.0 / temperature[part], C2_UM_K / wavelength)
        np.exp(x, out=x)
        x -= 1.0
        found[part] = np.divide(1.0, x, out=x) @ share
    return found


def band_radiance(temperature_k: ArrayLike, band_axis: int = 0) -> NDArray[np.float64]:
    """Band radiance of a black body in ASTER bands 10-14.

    Parameters
    ----------
    temperature_k : array_like
        K, with five bands along ``band_axis``; 150-450 K, outside it the end values are returned.
    band_axis : int

    Returns
    -------
    ndarray of float64
        W m-2 sr-1 um-1, the temperature's shape; NaN where the temperature is NaN.
    """
    grid, table = _tables()
    return _per_band(np.asarray(temperature_k, dtype=np.float64), band_axis, grid, table, False)


def brightness_temperature(radiance: ArrayLike, band_axis: int = 0) -> NDArray[np.float64]:
    """Brightness temperature of a radiance in ASTER bands 10-14, the inverse of `band_radiance`.

    Parameters
    ----------
    radiance : array_like
        W m-2 sr-1 um-1, with five bands along ``band_axis``.
    band_axis : int

    Returns
    -------
    ndarray of float64
        K; NaN where the radiance is NaN or outside that of 150-450 K.
    """
    grid, table = _tables()
    return _per_band(np.asarray(radiance, dtype=np.float64), band_axis, grid, table, True)


def _per_band(
    values: NDArray[np.float64],
    band_axis: int,
    grid: NDArray[np.float64],
    table: NDArray[np.float64],
    inverse: bool,
) -> NDArray[np.float64]:
    moved = np.moveaxis(values, band_axis, 0)
    if moved.shape[0] != table.shape[0]:
        raise ValueError(f"axis {band_axis} has {moved.shape[0]} bands, expected {table.shape[0]}")
    out = np.empty_like(moved)
    for band, row in enumerate(table):
        if inverse:
            out[band] = np.interp(moved[band], row, grid, left=np.nan, right=np.nan)
        else:
            out[band] = np.interp(moved[band], grid, row)
    return np.moveaxis(out, 0, band_axis)


def broadcast_band_radiance(temperature_k: ArrayLike) -> NDArray[np.float64]:
    """Band radiances of one temperature in all bands.

    Parameters
    ----------
    temperature_k : array_like
        K, any shape S.

    Returns
    -------
    ndarray of float64, (5,) + S
        W m-2 sr-1 um-1.
    """
    temperature = np.asarray(temperature_k, dtype=np.float64)
    grid, table = _tables()
    return np.stack([np.interp(temperature, grid, row) for row in table])


def broadcast_band_radiance_slope(temperature_k: ArrayLike) -> NDArray[np.float64]:
    """Slopes of the band radiances of one temperature in all bands.

    Planck's law derived, then integrated over the spectral response:
    ``dB/dT = B x / T / (1 - exp(-x))`` with ``x = hc / (lambda k T)``.

    Parameters
    ----------
    temperature_k : array_like
        K, any shape S, > 0.

    Returns
    -------
    ndarray of float64, (5,) + S
        W m-2 sr-1 um-1 K-1.
    """
    temperature = np.asarray(temperature_k, dtype=np.float64)[..., None]
    sensor = aster_tir()
    slopes = []
    for index in range(len(sensor.bands)):
        wavelength, weight = sensor.wavelength_um[index], sensor.srf_weights(index)
        x = C2_UM_K / (wavelength * temperature)
        slope = planck_radiance(wavelength, temperature) * x / temperature / -np.expm1(-x)
        slopes.append(slope @ weight / weight.sum())
    return np.stack(slopes)
