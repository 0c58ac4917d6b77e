"""What tells cloud from ground in the thermal bands: of a pixel, its neighbourhood, its window.

Cloud is colder than the ground's warm population, its edges have texture, and water and ice emit
nearly as grey bodies, so that band differences lack the marks of silicates and of the humid air
below (split window and 8-11 um tests: Saunders and Kriebel 1988, doi 10.1080/01431168808954841;
Strabala et al. 1994, doi 10.1175/1520-0450(1994)033<0212:CCPFMI>2.0.CO;2; Ackerman et al. 1998,
doi 10.1029/1998JD200032). Which value means what depends on the scene: so its statistics enter.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from akkd_core.physics.features import OTHERS, REFERENCE

Array = NDArray[np.float32]

BASE_K = 290.0
"""Temperatures enter as differences to it."""

SCALES = (3, 9, 27)
"""Sides of the neighbourhoods, pixels."""

REACH = SCALES[-1] // 2
"""How far a pixel's features look, pixels."""

_NAMES = tuple(f"bt_{band}_minus_13" for band in (10, 11, 12, 14))
_QUANTILES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
_CLASSES = 4
_SD_FLOOR_K = 0.02
_STRIP = 128

PIXEL_NAMES = (
    "mean3_bt_13",
    "bt_13_minus_mean3",
    "mean9_minus_mean3",
    "mean27_minus_mean9",
    *(f"log_sd{scale}" for scale in SCALES),
    *(f"mean3_{name}" for name in _NAMES),
    *(f"mean27_minus_mean3_{name}" for name in _NAMES),
)
"""Features of a pixel, in order, K and log K."""

WINDOW_NAMES = (
    *(f"q{round(100 * q):02d}_bt_13" for q in _QUANTILES),
    *(f"class{c}_{name}" for c in range(_CLASSES) for name in _NAMES),
    *(f"class{c}_log_sd9" for c in range(_CLASSES)),
    "daytime",
    "air_temperature",
    "air_temperature_known",
)
"""Features of a window, in order: quantiles of BT13, K; in four equally filled classes of BT13 the
mean band differences, K, and log SD of 9 x 9 pixels; day 1, night -1, not known 0; air temperature
minus `BASE_K`, 0 where not known; 1 where it is."""


def pixel_features(bt: Array, threads: int = 1) -> tuple[Array, NDArray[np.bool_]]:
    """Features of all pixels of a rectangle.

    Parameters
    ----------
    bt : ndarray of float32, (5, row, col)
        Brightness temperature, K; NaN where invalid. Within `REACH` of its edge pixels see less.
    threads : int
        That share the work.

    Returns
    -------
    features : ndarray of float32, (15, row, col)
        In the order of `PIXEL_NAMES`; without meaning where not valid.
    valid : ndarray of bool, (row, col)
    """
    rows = bt.shape[1]
    features = np.empty((len(PIXEL_NAMES), *bt.shape[1:]), dtype=np.float32)
    valid = np.empty(bt.shape[1:], dtype=bool)

    # strip by strip, so that what is worked on stays in the processor's cache
    def work(row: int) -> None:
        first, last = max(row - REACH, 0), min(row + _STRIP + REACH, rows)
        strip, known = _strip_features(bt[:, first:last])
        inner = slice(row - first, min(row + _STRIP, rows) - first)
        features[:, row : row + _STRIP], valid[row : row + _STRIP] = strip[:, inner], known[inner]

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(0, rows, _STRIP)))
    return features, valid


def _strip_features(bt: Array) -> tuple[Array, NDArray[np.bool_]]:
    valid: NDArray[np.bool_] = np.asarray(np.isfinite(bt).all(axis=0))
    reference = np.where(valid, bt[REFERENCE], np.float32(BASE_K)) - np.float32(BASE_K)
    moments = np.empty((7, *valid.shape), dtype=np.float32)
    moments[0], moments[1] = reference, reference**2
    for row, band in enumerate(OTHERS, 2):
        moments[row] = bt[band] - bt[REFERENCE]
    moments[2:6][:, ~valid] = 0.0
    moments[6] = valid
    means, spreads = [], []
    sums = moments
    for scale in SCALES:
        sums = _sum_of_three(sums, scale // 3)
        # beyond the edge of the raster there is nothing, as in an invalid pixel
        count = np.maximum(sums[6], 1.0)
        mean = sums[:6] / count
        variance = mean[1] - mean[0] ** 2
        means.append(mean)
        spreads.append(0.5 * np.log(np.maximum(variance, np.float32(_SD_FLOOR_K**2))))
    out = np.empty((len(PIXEL_NAMES), *valid.shape), dtype=np.float32)
    three, nine, wide = means
    out[0] = three[0]
    out[1] = reference - three[0]
    out[2] = nine[0] - three[0]
    out[3] = wide[0] - nine[0]
    out[4:7] = spreads
    out[7:11] = three[2:6]
    out[11:15] = wide[2:6] - three[2:6]
    return out, valid


def _sum_of_three(fields: Array, step: int) -> Array:
    """Sum of three neighbours ``step`` apart along both axes; nothing beyond the edge."""
    return _sum_along(_sum_along(fields, step, 1), step, 2)


def _sum_along(fields: Array, step: int, axis: int) -> Array:
    length = fields.shape[axis]

    def part(first: int | None, last: int | None) -> tuple[slice, ...]:
        return (slice(None),) * axis + (slice(first, last),)

    if length <= 2 * step:
        out = fields.copy()
        if length > step:
            out[part(step, None)] += fields[part(None, -step)]
            out[part(None, -step)] += fields[part(step, None)]
        return out
    pair = fields[part(None, -step)] + fields[part(step, None)]
    out = np.empty_like(fields)
    np.add(pair[part(None, -step)], fields[part(2 * step, None)], out=out[part(step, -step)])
    out[part(None, step)], out[part(-step, None)] = pair[part(None, step)], pair[part(-step, None)]
    return out


def window_features(
    pixels: Array, daytime: bool | None, air_temperature_k: float | None = None
) -> Array:
    """Features of a window from (a sample of) its pixels' features.

    Parameters
    ----------
    pixels : ndarray of float32, (15, n)
        Of valid pixels, n >= 1.
    daytime : bool or None
        None: not known.
    air_temperature_k : float, optional
        Near the ground.

    Returns
    -------
    ndarray of float32, (30,)
        In the order of `WINDOW_NAMES`.
    """
    order = np.argsort(pixels[0], kind="stable")
    count = len(order)
    sorted_bt = pixels[0][order]
    quantiles = sorted_bt[[min(int(q * count), count - 1) for q in _QUANTILES]]
    classes = np.array_split(order, _CLASSES)
    # a class may be empty where there are fewer pixels than classes
    parts = [part if len(part) else order for part in classes]
    differences = [pixels[7:11, part].mean(axis=1) for part in parts]
    spreads = [pixels[5, part].mean() for part in parts]
    known = air_temperature_k is not None
    air = (air_temperature_k - BASE_K) if air_temperature_k is not None else 0.0
    day = 0.0 if daytime is None else 1.0 if daytime else -1.0
    return np.concatenate(
        [quantiles, *differences, spreads, [day, air, float(known)]]
    ).astype(np.float32)
