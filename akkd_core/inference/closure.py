"""Closure: what the sensor would measure if all that was retrieved were true, minus what it did.

Temperature, emissivity and atmosphere are put into the radiative transfer equation again. The
difference shows where they don't fit together, whatever the reason: noise, an atmosphere that is
off, ground that is unlike any in training. It is no error of the temperature.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.model import ModelBundle
from akkd_core.bundle.prediction import blocks
from akkd_core.constants import C1_RADIANCE_W_UM4, C2_UM_K
from akkd_core.errors import BundleMismatchError
from akkd_core.inference.context import SceneContext
from akkd_core.inference.threads import default_threads
from akkd_core.physics.planck import brightness_temperature
from akkd_core.physics.rte import radiance_toa_full
from akkd_core.sensors import aster_tir

Array = NDArray[np.float32]
Around = Sequence[tuple[Array, SceneContext]]

_PART = 16384


def closure(values: Array, bt: Array, around: Around) -> Array:
    """Brightness temperature recomputed from what was retrieved, minus that measured.

    ``L = tau (eps B(Ts) + (1 - eps) L_down) + L_up`` (Gillespie et al. 1998, eq. 1), its radiance
    blended over the contexts around a pixel as the retrieval is, and Planck's law inverted, both
    integrated over the bands' spectral response.

    Parameters
    ----------
    values : ndarray of float32, (n, 6)
        Retrieved temperature, K, and emissivity of bands 10-14.
    bt : ndarray of float32, (n, 5)
        Measured brightness temperature, K.
    around : sequence of (ndarray of float32 (n,), SceneContext)
        Contexts with their shares of each pixel, which sum to 1; each with an atmosphere.

    Returns
    -------
    ndarray of float32, (n, 5)
        K; NaN where nothing was retrieved, or the radiance recomputed is beyond that of 150-450 K.
    """
    found = np.empty(bt.shape, dtype=np.float32)

    def work(part: slice) -> None:
        lst, lse = values[part, 0], values[part, 1:].T
        radiance = np.zeros(lse.shape)
        for share, context in around:
            seen = share[part]
            if not seen.any():
                continue
            assert context.transmittance is not None and context.path_radiance is not None
            assert context.downwelling_radiance is not None
            radiance += seen * radiance_toa_full(
                lst, lse, context.transmittance, context.path_radiance,
                context.downwelling_radiance,
            )  # fmt: skip
        found[part] = (brightness_temperature(radiance) - bt[part].T).T

    # a part stays in the processor's cache, and many small ones keep memory down
    with ThreadPoolExecutor(default_threads()) as pool:
        list(pool.map(work, blocks(len(bt), _PART)))
    return found


def quick_closure(values: Array, bt: Array, around: Around) -> Array:
    """Closure by Planck's law at the bands' effective wavelengths: within 0.05 K of `closure`.

    For what every retrieval checks: several times as fast.

    Parameters
    ----------
    values, bt, around
        As of `closure`.

    Returns
    -------
    ndarray of float32, (n, 5)
        K; NaN where it can't be computed.
    """
    k1, k2 = _constants()
    found = np.empty(bt.shape, dtype=np.float32)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for part in blocks(len(bt), _PART):
            lse = values[part, 1:].T
            emitted = lse * (k1 / np.expm1(k2 / values[part, 0]))
            radiance = np.zeros_like(emitted)
            for share, context in around:
                tau, up, down = (_column(air) for air in (
                    context.transmittance, context.path_radiance, context.downwelling_radiance,
                ))  # fmt: skip
                radiance += share[part] * (tau * (emitted + (1 - lse) * down) + up)
            found[part] = (k2 / np.log1p(k1 / radiance) - bt[part].T).T
    return found


def _column(air: NDArray[np.floating] | None) -> Array:
    assert air is not None
    return np.asarray(air, dtype=np.float32)[:, None]


@cache
def _constants() -> tuple[Array, Array]:
    wavelength = aster_tir().effective_wavelength_um
    return _column(C1_RADIANCE_W_UM4 / wavelength**5), _column(C2_UM_K / wavelength)


def require_atmosphere(bundles: Sequence[ModelBundle]) -> None:
    """Make sure that some bundle of a model retrieves an atmosphere.

    Parameters
    ----------
    bundles : sequence of ModelBundle
        One, or the members of a joint model.

    Raises
    ------
    BundleMismatchError
        If none has a scene network.
    """
    if all(bundle.scene_network is None for bundle in bundles):
        raise BundleMismatchError(
            f"bundle {bundles[0].name}: has no scene network, so it retrieves no atmosphere that a "
            "closure could be computed with. leave --closure out, or take a bundle of "
            "akkd train --inputs scene or surroundings"
        )
