"""What a pixel's surroundings tell: means of the brightness temperatures' differences around it.

Emissivity varies slowly in space where the ground is of one kind, the sensor's noise not at all so:
means over neighbours of the same kind sharpen the differences between bands, which carry the
emissivity. Temperature is not smoothed: band 13 enters a network as measured.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.physics.features import OTHERS, PHYSICS_FEATURES, REFERENCE, physics_features

RADIUS = 4
"""Pixels that a window reaches."""

MARGIN = RADIUS + 1
"""Pixels that a tile needs around it: the window's, and one for the 3 x 3 means it compares."""

ALIKE_BT_K = 2.0
ALIKE_DIFFERENCE_K = 0.45
"""How far band 13 and the four differences may be from the pixel's, K, for the weight of a
neighbour to fall to exp(-1/2): wide in temperature, about the noise of a difference (0.3 K times
the root of two) in what tells the material."""

_OTHER_BANDS = (10, 11, 12, 14)
LOCAL_NAMES = (
    *(f"near_bt_{band}_minus_13" for band in _OTHER_BANDS),
    *(f"alike_bt_{band}_minus_13" for band in _OTHER_BANDS),
    *(f"around_bt_{band}_minus_13" for band in _OTHER_BANDS),
    "log_alike_pixels",
    "log_texture_bt_13",
)
"""Names of the local features, in order; differences in K, logarithms of a count and of K."""

ALIKE = slice(4, 8)
"""Of the local features: differences over neighbours of the pixel's kind."""

_TEXTURE_FLOOR_K = 0.05
_NOBODYS_KIND = 1e6

Array = NDArray[np.float32]


def local_features(
    bt: NDArray[np.floating], apart: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """Local features of an image.

    Parameters
    ----------
    bt : ndarray, (5, row, col)
        Brightness temperature, K; not finite in a band: the pixel is left out.
    apart : ndarray of bool, (row, col), optional
        Pixels, such as cloud, that are left out of the surroundings of all others, and others out
        of theirs.

    Returns
    -------
    ndarray of float32, (14, row, col)
        In the order of `LOCAL_NAMES`: the four differences to band 13 averaged over 3 x 3 pixels,
        over those of 9 x 9 that are alike (a bilateral filter whose weights compare means of
        3 x 3; Tomasi and Manduchi 1998, doi 10.1109/ICCV.1998.710815), over 9 x 9; the logarithm
        of the alike pixels' number (sum of weights, the pixel's own being 1); the logarithm of
        band 13's standard deviation over 9 x 9, with a floor of 0.05 K. Windows end at the image's
        border and at pixels that are left out; NaN in these.
    """
    values = np.asarray(bt, dtype=np.float32)
    valid: NDArray[np.bool_] = np.asarray(np.isfinite(values).all(axis=0))
    reference = values[REFERENCE]
    x: Array = np.stack([reference, *(values[i] - reference for i in OTHERS)])
    x[:, ~valid] = 0.0
    mixed = apart is not None and bool(apart.any()) and not bool(apart.all())
    if mixed:
        assert apart is not None
        near, around, texture = _means_and_texture(x, valid & ~apart)
        for all_of_them, those in zip(
            (near, around, texture), _means_and_texture(x, valid & apart), strict=True
        ):
            np.copyto(all_of_them, those, where=apart)
    else:
        near, around, texture = _means_and_texture(x, valid)
    alike, count = _alike_mean(x[1:], near, valid, apart if mixed else None)
    found: Array = np.concatenate([near[1:], alike, around, np.log(count)[None], texture[None]])
    found[:, ~valid] = np.nan
    return found


def _means_and_texture(x: Array, counted: NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """Means over the counted pixels of two windows, and the logarithm of band 13's texture.

    The first five, over the near window, are of band 13 (less a level) and of the differences; the
    four over the wide window are of the differences.
    """
    fields = np.empty((len(x), *counted.shape), dtype=np.float32)
    fields[:-1], fields[-1] = x[1:] * counted, counted
    near, around = _window_sums(fields)
    # a window without a counted pixel has none to give a mean to
    near_count, around_count = (np.maximum(sums[-1], 1.0) for sums in (near, around))
    # about a level and in double precision: squares of 300 K would leave no digits for 0.1 K
    level = x[0][counted].mean(dtype=np.float64) if counted.any() else 0.0
    departure = (x[0].astype(np.float64) - level) * counted
    near_sums, sums = _window_sums(np.stack([departure, departure * departure]))
    mean, square = sums / around_count
    deviation = np.sqrt(np.maximum(square - mean * mean, 0.0))
    return (
        np.concatenate([near_sums[:1].astype(np.float32), near[:-1]]) / near_count,
        around[:-1] / around_count,
        np.log(deviation + _TEXTURE_FLOOR_K).astype(np.float32),
    )


def _window_sums(fields: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return sums over 3 x 3 and 9 x 9 pixels; nothing lies beyond the border.

    Sums of nine along an axis are sums of three sums of three.
    """
    count, rows, cols = fields.shape
    padded = np.zeros((count, rows + 2 * RADIUS, cols + 2 * RADIUS), dtype=fields.dtype)
    padded[:, RADIUS:-RADIUS, RADIUS:-RADIUS] = fields
    down = padded[:, :-2] + padded[:, 1:-1]
    down += padded[:, 2:]
    three = down[:, :, :-2] + down[:, :, 1:-1]
    three += down[:, :, 2:]
    down = three[:, :-6] + three[:, 3:-3]
    down += three[:, 6:]
    nine = down[:, :, :-6] + down[:, :, 3:-3]
    nine += down[:, :, 6:]
    return three[:, 3:-3, 3:-3], nine


def _alike_mean(
    x: Array, guide: Array, valid: NDArray[np.bool_], apart: NDArray[np.bool_] | None
) -> tuple[Array, Array]:
    """Mean of images over alike neighbours, and the sum of their weights."""
    scale = np.array([ALIKE_BT_K, *(ALIKE_DIFFERENCE_K,) * len(OTHERS)], dtype=np.float32)
    kind = guide / scale[:, None, None]
    # so far from all others that they weigh nothing
    kind[:, ~valid] = _NOBODYS_KIND
    if apart is not None:
        kind = np.concatenate([kind, _NOBODYS_KIND * apart[None].astype(np.float32)])
    total: Array = x * valid
    count: Array = valid.astype(np.float32)
    rows, cols = valid.shape
    room = [np.empty(n * rows * cols, dtype=np.float32) for n in (len(kind), len(x), 1)]
    for down in range(min(RADIUS, rows - 1) + 1):
        for right in range(-min(RADIUS, cols - 1), min(RADIUS, cols - 1) + 1):
            if down == 0 and right <= 0:
                continue  # a pair serves both its pixels
            first = np.s_[..., : rows - down, max(0, -right) : cols - max(0, right)]
            second = np.s_[..., down:, max(0, right) : cols - max(0, -right)]
            shape = rows - down, cols - abs(right)
            # new arrays each time would cost a seventh more
            departure, share, weight = (
                array[: n * shape[0] * shape[1]].reshape(n, *shape)
                for array, n in zip(room, (len(kind), len(x), 1), strict=True)
            )
            np.subtract(kind[first], kind[second], out=departure)
            np.einsum("bij,bij->ij", departure, departure, out=weight[0])
            weight *= np.float32(-0.5)
            np.exp(weight, out=weight)
            total[first] += np.multiply(weight, x[second], out=share)
            total[second] += np.multiply(weight, x[first], out=share)
            count[first] += weight[0]
            count[second] += weight[0]
    np.maximum(count, np.float32(1.0), out=count)
    total /= count
    return total, count


SPATIAL_FEATURES = (
    *PHYSICS_FEATURES,
    *(f"alike_ground_bt_{band}_minus_13" for band in _OTHER_BANDS),
    "alike_ground_bt_max_minus_13",
    *LOCAL_NAMES,
)
"""Inputs of a pixel network that sees a pixel's surroundings, in order."""

_GROUND_DIFFERENCES = slice(
    PHYSICS_FEATURES.index("ground_bt_10_minus_13"),
    PHYSICS_FEATURES.index("ground_bt_max_minus_13") + 1,
)


def alike_bt(bt: Any, local: Any, xp: Any = np) -> Any:
    """Brightness temperature whose differences to band 13 are those of alike neighbours.

    Parameters
    ----------
    bt : array, (..., 5)
        The pixel's own, K.
    local : array, (..., 14)
        See `LOCAL_NAMES`.
    xp : module
        numpy, or a namespace with ``stack`` (keras.ops).

    Returns
    -------
    array, (..., 5)
        K; band 13's is the pixel's own.
    """
    reference = bt[..., REFERENCE]
    bands = [reference] * (len(OTHERS) + 1)
    for column, band in enumerate(OTHERS):
        bands[band] = reference + local[..., ALIKE][..., column]
    return xp.stack(bands, axis=-1)


def spatial_features(
    bt: Any,
    local: Any,
    transmittance: Any,
    path_radiance: Any,
    downwelling_radiance: Any,
    xp: Any = np,
) -> Any:
    """Features of pixels with their surroundings, under a given atmosphere.

    Parameters
    ----------
    bt : array, (..., 5)
        Brightness temperature, K.
    local : array, (..., 14)
        See `LOCAL_NAMES`.
    transmittance, path_radiance, downwelling_radiance : array, broadcastable to (..., 5)
        0-1; W m-2 sr-1 um-1.
    xp : module
        As for `akkd_core.physics.features.physics_features`, with ``concatenate``.

    Returns
    -------
    array, (..., 35)
        In the order of `SPATIAL_FEATURES`: the pixel's physics features; ground-leaving differences
        of its alike neighbours (`alike_bt`); the local features.
    """
    air = (transmittance, path_radiance, downwelling_radiance)
    own = physics_features(bt, *air, xp=xp)
    alike = physics_features(alike_bt(bt, local, xp=xp), *air, xp=xp)
    return xp.concatenate([own, alike[..., _GROUND_DIFFERENCES], local], axis=-1)


SAMPLE_FEATURES = tuple(f"alike_{name}" for name in PHYSICS_FEATURES)
"""Inputs of a sample network for each pixel of a scene's sample, in order."""

_SPREAD_FLOOR = 1e-4


def sample_features(
    bt: Any,
    local: Any,
    transmittance: Any,
    path_radiance: Any,
    downwelling_radiance: Any,
    xp: Any = np,
) -> Any:
    """Features of a scene's sample of pixels: physics features of their alike neighbours.

    Parameters
    ----------
    bt, local, transmittance, path_radiance, downwelling_radiance, xp
        As of `spatial_features`.

    Returns
    -------
    array, (..., 16)
        K and 1, in the order of `SAMPLE_FEATURES`: `physics_features` of `alike_bt`.
    """
    air = (transmittance, path_radiance, downwelling_radiance)
    return physics_features(alike_bt(bt, local, xp=xp), *air, xp=xp)


def pooled_names(codes: tuple[str, ...]) -> tuple[str, ...]:
    """Return names of what `pooled_codes` makes of a sample network's outputs."""
    return (*(f"mean_{code}" for code in codes), *(f"spread_{code}" for code in codes))


def pooled_codes(codes: Any, xp: Any = np) -> Any:
    """Tell what a sample of pixels says of its scene, whatever their order and number.

    Parameters
    ----------
    codes : array, (..., pixel, code)
        A sample network's outputs.
    xp : module
        numpy, or a namespace with ``mean``, ``sqrt``, ``concatenate`` (keras.ops).

    Returns
    -------
    array, (..., 2 code)
        Means, then standard deviations (of variances with a floor of 1e-4), over the pixels.
    """
    mean = xp.mean(codes, axis=-2, keepdims=True)
    spread = xp.sqrt(xp.mean((codes - mean) ** 2, axis=-2) + _SPREAD_FLOOR)
    return xp.concatenate([mean[..., 0, :], spread], axis=-1)
