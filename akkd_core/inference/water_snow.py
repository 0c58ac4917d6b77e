"""Water and snow: where a pixel surely is one, its emissivity is known, and temperature follows.

Spectra of the ECOSTRESS library (Meerdink et al. 2019, doi 10.1016/j.rse.2019.05.015): of distilled
water, and the mean of fine snow, frost and ice, which differ by 0.01-0.02 from one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from akkd_core.inference.cloud_mask import SNOW, WATER
from akkd_core.inference.context import SceneContext
from akkd_core.inference.tile_pixels import PixelRetrieval
from akkd_core.physics.features import REFERENCE
from akkd_core.physics.planck import band_radiance, brightness_temperature
from akkd_core.physics.rte import ground_leaving_radiance

KNOWN_LSE: dict[int, tuple[float, ...]] = {
    WATER: (0.9830, 0.9838, 0.9850, 0.9906, 0.9904),
    SNOW: (0.9841, 0.9848, 0.9860, 0.9938, 0.9864),
}
"""Emissivity of bands 10-14."""

KNOWN_LSE_ERROR: dict[int, float] = {WATER: 0.003, SNOW: 0.01}
"""Their standard errors: water by roughness and view angle up to 10 degrees (Masuda et al. 1988,
doi 10.1016/0034-4257(88)90032-6), snow by the spread of the three spectra."""


def with_known_emissivity(
    found: PixelRetrieval,
    bt: NDArray[np.float32],
    around: Sequence[tuple[NDArray[np.float32], SceneContext]],
    kinds: NDArray[np.uint8],
) -> PixelRetrieval:
    """Give water and snow their emissivity, and solve band 13 for the temperature.

    ``B(T) = ((L - L_up) / tau - (1 - eps) L_down) / eps`` with the scene's retrieved atmosphere.
    The error of the temperature stays as it was found; it is the larger one.

    Parameters
    ----------
    found : PixelRetrieval
        Of n pixels.
    bt : ndarray of float32, (n, 5)
        Brightness temperature, K.
    around : sequence of (ndarray of float32 (n,), SceneContext)
        Contexts with their shares of each pixel.
    kinds : ndarray of uint8, (n,)
        `WATER`, `SNOW` or `NOTHING`.

    Returns
    -------
    PixelRetrieval
        As it was where a pixel is neither, or no atmosphere was retrieved.
    """
    values, errors = found.values.copy(), found.errors.copy()
    known = all(context.transmittance is not None for _, context in around)
    for kind, lse in KNOWN_LSE.items():
        here = np.flatnonzero(kinds == kind)
        if not known or not here.size:
            continue
        values[here, 0] = _temperature(bt[here], [(s[here], c) for s, c in around], lse[REFERENCE])
        values[here, 1:] = lse
        errors[here, 1:] = KNOWN_LSE_ERROR[kind]
    return replace(found, values=values, errors=errors)


def _temperature(
    bt: NDArray[np.float32],
    around: Sequence[tuple[NDArray[np.float32], SceneContext]],
    lse: float,
) -> NDArray[np.float32]:
    """Temperature of pixels by band 13, K, (n,)."""
    radiance = band_radiance(bt.T)
    total = np.zeros(len(bt))
    for share, context in around:
        assert context.transmittance is not None and context.path_radiance is not None
        assert context.downwelling_radiance is not None
        ground = ground_leaving_radiance(radiance, context.transmittance, context.path_radiance)
        down = np.asarray(context.downwelling_radiance, dtype=np.float64)[:, None]
        emitted = (ground - (1.0 - lse) * down) / lse
        total += share * brightness_temperature(emitted)[REFERENCE]
    return total.astype(np.float32)
