"""Emissivity of bare ice, computed from its refractive index.

The spectral library has one spectrum each of fine snow, frost and ice, and the last is judged on.
Ice reflects as Fresnel's equations say, so networks can know bare ice, and by mixing it with snow
all that lies between, without having seen that spectrum.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from akkd_core.physics.planck import planck_radiance
from akkd_core.sensors import aster_tir

MELTING_K = 273.15

# Wavelength (um), real and imaginary part of the refractive index of ice Ih at 266 K: Warren &
# Brandt 2008, J. Geophys. Res. 113, D14220, doi 10.1029/2007JD009744, its table.
_REFRACTIVE_INDEX = np.array(
    [
        (7.692, 1.3158, 0.04041), (7.812, 1.3123, 0.03911), (7.937, 1.3086, 0.03819),
        (8.065, 1.3047, 0.03760), (8.197, 1.3007, 0.03724), (8.333, 1.2964, 0.03700),
        (8.475, 1.2917, 0.03677), (8.696, 1.2835, 0.03654), (8.929, 1.2735, 0.03664),
        (9.091, 1.2655, 0.03706), (9.259, 1.2561, 0.03789), (9.524, 1.2387, 0.04026),
        (9.804, 1.2151, 0.04450), (10.00, 1.1926, 0.05008), (10.20, 1.1659, 0.06461),
        (10.31, 1.1501, 0.07500), (10.42, 1.1323, 0.08800), (10.53, 1.1136, 0.10800),
        (10.64, 1.0971, 0.13400), (10.75, 1.0867, 0.16800), (10.87, 1.0833, 0.20400),
        (11.00, 1.0886, 0.24800), (11.11, 1.1023, 0.28000), (11.36, 1.1439, 0.34100),
        (11.63, 1.1983, 0.37900), (11.90, 1.2546, 0.40900), (12.20, 1.3194, 0.42200),
        (12.50, 1.3822, 0.42200), (12.82, 1.4412, 0.40300), (12.99, 1.4683, 0.38900),
    ]
)  # fmt: skip


def fresnel_emissivity(refractive_index: NDArray[np.complexfloating]) -> NDArray[np.float64]:
    """Emissivity of a smooth, opaque surface seen from straight above, 0-1.

    ``1 - |(m - 1) / (m + 1)|**2`` (Fresnel; Kirchhoff). Up to 20 degrees off it changes by less
    than 0.001.

    Parameters
    ----------
    refractive_index : ndarray of complex
        m = n + i k.
    """
    amplitude = (refractive_index - 1.0) / (refractive_index + 1.0)
    result: NDArray[np.float64] = 1.0 - np.abs(amplitude) ** 2
    return result


@cache
def ice_emissivity() -> NDArray[np.float64]:
    """Band emissivity of smooth bare ice, bands 10-14, (5,), weighted by a black body's radiance.

    Raises
    ------
    ValueError
        If a band reaches beyond the table of the refractive index.
    """
    sensor = aster_tir()
    wavelength, real, imaginary = _REFRACTIVE_INDEX.T
    found = []
    for band, own in enumerate(sensor.wavelength_um):
        if own[0] < wavelength[0] or own[-1] > wavelength[-1]:
            raise ValueError(f"band {sensor.bands[band]} reaches beyond the table of ice")
        index = np.interp(own, wavelength, real) + 1j * np.interp(own, wavelength, imaginary)
        weight = sensor.srf_weights(band) * planck_radiance(own, MELTING_K)
        found.append((weight * fresnel_emissivity(index)).sum() / weight.sum())
    return np.array(found)
