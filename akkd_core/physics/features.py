"""What the pixel network sees: brightness temperatures and features made with an atmosphere.

One formula serves numpy (retrieval) and a tensor namespace (training).
The features use Planck's law at the bands' effective wavelengths (SRF centroids): within 0.06 K of
band integration, in closed form, differentiable, and the same in training and retrieval.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from akkd_core.constants import C1_RADIANCE_W_UM4, C2_UM_K
from akkd_core.sensors import aster_tir

REFERENCE = 3
"""Index of band 13, the clearest: the other bands enter as differences to it."""
OTHERS = (0, 1, 2, 4)
"""Indices of the other bands, 10, 11, 12 and 14."""

OUTPUT_NAMES = ("lst", *(f"lse_{band}" for band in range(10, 15)))
"""What a pixel network gives: temperature, K, and emissivity of bands 10-14."""

LOG_SIGMA_NAMES = tuple(f"log_sigma_{name}" for name in OUTPUT_NAMES)
"""Further outputs that a pixel network may have: natural logarithm of each output's one-sigma
error, in the output's unit; positive by construction."""

LSE_RANGE = (0.3, 1.0)
"""Emissivities are held inside."""

PIXEL_ONLY_FEATURES = tuple(f"bt_{band}" for band in range(10, 15))
"""Inputs of the paper's network: the pixel's five brightness temperatures."""

PHYSICS_FEATURES = (
    "bt_13",
    *(f"bt_{b}_minus_13" for b in (10, 11, 12, 14)),
    "ground_bt_13",
    *(f"ground_bt_{b}_minus_13" for b in (10, 11, 12, 14)),
    "ground_bt_max_minus_13",
    *(f"sky_ratio_{b}" for b in range(10, 15)),
)
"""Inputs of the scene-aware pixel network, K and 1, in order."""

GROUND_BT_RANGE_K = (-15.0, 45.0)
"""Ground-leaving minus at-sensor brightness temperature is held inside, K."""

_UNITS = {"lst": "K", "tcwv_kg_m2": "kg m-2"}
_PLAIN = (
    "log_", "correlation", "scene_vector", "refined_vector", "sky_ratio", "alike_sky_ratio",
    "lse_", "profile_", "code_", "mean_code_", "spread_code_",
)  # fmt: skip


def unit_of(name: str) -> str:
    """Return the unit of a network's input or output by its name."""
    if name in _UNITS:
        return _UNITS[name]
    if name.startswith(_PLAIN):
        return "1"
    return "1" if name.endswith("_known") else "K"


def _constants() -> tuple[np.ndarray, np.ndarray]:
    wavelength = aster_tir().effective_wavelength_um
    k1 = (C1_RADIANCE_W_UM4 / wavelength**5).astype(np.float32)
    k2 = (C2_UM_K / wavelength).astype(np.float32)
    return k1, k2


_K1, _K2 = _constants()


def physics_features(
    bt: Any, transmittance: Any, path_radiance: Any, downwelling_radiance: Any, xp: Any = np
) -> Any:
    """Physics features of pixels under a given atmosphere.

    Parameters
    ----------
    bt : array, (..., 5)
        Brightness temperature, K.
    transmittance, path_radiance, downwelling_radiance : array, broadcastable to (..., 5)
        0-1; W m-2 sr-1 um-1.
    xp : module
        numpy, or a namespace with ``exp``, ``log``, ``clip``, ``stack``, ``max`` (keras.ops).

    Returns
    -------
    array, (..., 16)
        In the order of `PHYSICS_FEATURES`: band 13's BT; the four other bands' differences to it;
        the same five of the ground-leaving radiance ``(L - L_up) / tau``; the largest
        ground-leaving BT minus band 13's; sky radiance over ground-leaving radiance in five bands.
    """
    radiance = _K1 / (xp.exp(_K2 / bt) - 1.0)
    floor = _K1 / (xp.exp(_K2 / (bt + GROUND_BT_RANGE_K[0])) - 1.0)
    ceiling = _K1 / (xp.exp(_K2 / (bt + GROUND_BT_RANGE_K[1])) - 1.0)
    ground = (radiance - path_radiance) / transmittance
    ground = xp.minimum(xp.maximum(ground, floor), ceiling)
    ground_bt = _K2 / xp.log(_K1 / ground + 1.0)
    bt_ref = bt[..., REFERENCE]
    ground_ref = ground_bt[..., REFERENCE]
    columns = [bt_ref]
    columns += [bt[..., i] - bt_ref for i in OTHERS]
    columns += [ground_ref]
    columns += [ground_bt[..., i] - ground_ref for i in OTHERS]
    columns += [xp.max(ground_bt, axis=-1) - ground_ref]
    sky = downwelling_radiance / ground
    columns += [sky[..., i] for i in range(5)]
    return xp.stack(columns, axis=-1)


ATMOSPHERE_NAMES = (
    *(f"log_optical_depth_{b}" for b in range(10, 15)),
    *(f"log_path_radiance_{b}" for b in range(10, 15)),
    *(f"log_downwelling_radiance_{b}" for b in range(10, 15)),
)
"""The atmosphere as the scene network predicts it: natural logarithms, positive by construction."""

_LOG_RANGES = ((-5.0, 1.6), (-5.0, 2.5), (-5.0, 2.5))


def encode_atmosphere(
    transmittance: Any, path_radiance: Any, downwelling_radiance: Any
) -> np.ndarray:
    """Atmospheres as logarithms.

    Parameters
    ----------
    transmittance, path_radiance, downwelling_radiance : ndarray, (..., 5)
        0-1; W m-2 sr-1 um-1.

    Returns
    -------
    ndarray of float32, (..., 15)
        In the order of `ATMOSPHERE_NAMES`, held inside the range that `decode_atmosphere` knows.
    """
    tau = np.clip(np.asarray(transmittance, dtype=np.float64), 1e-4, 1.0 - 1e-4)
    parts = (-np.log(tau), path_radiance, downwelling_radiance)
    encoded = [
        np.clip(np.log(np.maximum(part, 1e-6)), low, high)
        for part, (low, high) in zip(parts, _LOG_RANGES, strict=True)
    ]
    return np.concatenate(encoded, axis=-1).astype(np.float32)


def decode_atmosphere(encoded: Any, xp: Any = np) -> tuple[Any, Any, Any]:
    """Transmittance, path and downwelling radiance of encoded atmospheres.

    Parameters
    ----------
    encoded : array, (..., 15)
        See `encode_atmosphere`.
    xp : module
        numpy, or a namespace with ``exp``, ``minimum``, ``maximum`` (keras.ops).

    Returns
    -------
    tuple of three arrays, (..., 5)
        0-1; W m-2 sr-1 um-1 twice.
    """
    parts = []
    for i, (low, high) in enumerate(_LOG_RANGES):
        part = encoded[..., 5 * i : 5 * i + 5]
        parts.append(xp.exp(xp.minimum(xp.maximum(part, low), high)))
    return xp.exp(-parts[0]), parts[1], parts[2]
