"""The QC layer of a tile, bit by bit as `akkd_core.quality` declares it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.inference.cloud_mask import PROBABLY_CLEAR, PROBABLY_CLOUDY
from akkd_core.quality import QC_NODATA, PixelFlag, qc_field


def quality_layer(
    samples: NDArray[Any],
    flags: NDArray[np.uint8],
    valid: NDArray[np.bool_],
    values: NDArray[np.float32],
    errors: NDArray[np.float32] | None,
    transmittance_13: NDArray[np.float32],
    cloud: NDArray[np.uint8],
    water_snow: NDArray[np.bool_],
    in_domain: NDArray[np.bool_],
    doubtful: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint16]:
    """QC of a tile.

    Parameters
    ----------
    samples : ndarray, (5, row, col)
        As they were read; 0 is fill.
    flags : ndarray of uint8, (row, col)
        `PixelFlag` bits.
    valid : ndarray of bool, (row, col)
        Where all five brightness temperatures are finite; n pixels.
    values, errors : ndarray of float32, (n, 6)
        LST in K and five emissivities, NaN where the method failed; their standard errors (NaN: not
        known). Without errors the classes of accuracy stay 0, and make no pixel nominal.
    transmittance_13 : ndarray of float32, (n,)
        Retrieved, 0-1; 0 where the bundle retrieves no atmosphere.
    cloud : ndarray of uint8, (n,)
        Classes of `akkd_core.inference.cloud_mask`.
    water_snow, in_domain : ndarray of bool, (n,)
    doubtful : ndarray of bool, (n,), optional
        Pixels that are nominal at best for a reason of the method's own.

    Returns
    -------
    ndarray of uint16, (row, col)
        65535 where all bands are fill: outside the scene.
    """
    qc = _not_produced(flags)
    mmd = _mmd(np.ascontiguousarray(values[:, 1:].T))
    lst_class = lse_class = np.zeros(len(values), dtype=np.uint8)
    cloudy = cloud >= PROBABLY_CLOUDY
    nominal = ~in_domain | (cloud == PROBABLY_CLEAR)
    if errors is not None:
        # The errors were found on clear scenes inside the domain; elsewhere they promise too much.
        trusted = in_domain & ~cloudy
        lst_class = trusted * _accuracy_class(errors[:, 0], (2.0, 1.5, 1.0))
        lse_error = np.ascontiguousarray(errors[:, 1:].T).mean(axis=0)
        lse_class = trusted * _accuracy_class(lse_error, (0.02, 0.015, 0.01))
        nominal = nominal | (lst_class == 0)
    if doubtful is not None:
        nominal = nominal | doubtful
    mandatory = np.where(cloudy, 2, np.where(nominal, 1, 0))
    fields = {
        "mandatory_qa": mandatory,
        "cloud": cloud,
        "out_of_domain": ~in_domain,
        "water_snow": water_snow,
        "opacity": np.digitize(transmittance_13, (0.4, 0.6, 0.8)),
        "mmd": 3 - np.digitize(mmd, (0.03, 0.1, 0.15)),
        "lse_accuracy": lse_class,
        "lst_accuracy": lst_class,
    }
    good = np.zeros(len(values), dtype=np.uint16)
    for name, field_values in fields.items():
        good |= qc_field(name).encode(np.asarray(field_values).astype(np.int64))
    failed = ~np.isfinite(values).all(axis=1)
    good[failed] = qc_field("mandatory_qa").encode(np.full(int(failed.sum()), 3))
    qc[valid] = good
    qc[(samples == 0).all(axis=0)] = QC_NODATA
    return qc


def _not_produced(flags: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return QC of pixels that are not retrieved, with the reason."""
    fill, saturated = (flags & PixelFlag.FILL) > 0, (flags & PixelFlag.SATURATED) > 0
    reason = np.where(fill, 1, np.where(saturated, 2, 3))
    return (
        qc_field("mandatory_qa").encode(np.full(flags.shape, 3))
        | qc_field("data_quality").encode(reason)
    ).astype(np.uint16)


def _mmd(lse: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return maximum minus minimum of emissivity over its mean (Gillespie et al. 1998, eq. 10).

    Emissivity is (5, n): band after band is several times as fast as pixel after pixel.
    """
    ratio = lse / lse.mean(axis=0)
    result: NDArray[np.float32] = ratio.max(axis=0) - ratio.min(axis=0)
    return result


def _accuracy_class(
    error: NDArray[np.float32], edges: tuple[float, float, float]
) -> NDArray[np.uint8]:
    """Return 0 (worse than the first edge, or not known) to 3 (better than the last)."""
    result = np.zeros(error.shape, dtype=np.uint8)
    for edge in edges:
        result += error <= np.array([edge])
    return result
