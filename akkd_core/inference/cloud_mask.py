"""The cloud mask of a tile: classes of certainty, grown by a margin; water and snow; distance.

Each pixel's logit of cloud comes from `akkd_core.inference.cloud_classifier`, blended over the
windows around it. A tile is worked on with `MARGIN` pixels around it, so that tiles give the same
as the raster at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.inference.cloud_classifier import OUTPUTS, cloud_classifier
from akkd_core.inference.threads import default_threads
from akkd_core.inference.windows import Window
from akkd_core.physics.cloud_features import REACH, pixel_features
from akkd_core.physics.reflective_tests import (
    CLOUD_LIKE,
    GROUND_LIKE,
    SNOW_LIKE,
    WATER_LIKE,
    reflective_classes,
)

Array = NDArray[np.float32]

CLEAR, PROBABLY_CLEAR, PROBABLY_CLOUDY, CLOUDY = range(4)
"""Classes, as the QC layer has them."""

CLASS_EDGES = (0.3, 0.6, 0.9)
"""Probabilities of cloud between the classes."""

GROWN_PIXELS = 3
"""Pixels so near to cloud count as probably cloudy if they aren't clear, else as probably clear."""

MARGIN = REACH + GROWN_PIXELS
"""How far a pixel's class looks, pixels."""

DISTANCE_LIMIT_M = 5000.0
"""Distances to cloud are told up to this; farther pixels have it."""

NOTHING, WATER, SNOW = range(3)
SURE = (0.98, 0.95)
"""Probability from which a pixel surely is water, or snow."""

# Of cloud, water and snow, by class of `reflective_tests`: about one in ten to one in fifty, since
# the published tests were not made for these pixels, and thin cirrus shows in the infrared alone.
_EVIDENCE = np.zeros((len(OUTPUTS), 5), dtype=np.float32)
_EVIDENCE[:, CLOUD_LIKE] = (2.0, -3.0, -3.0)
_EVIDENCE[:, SNOW_LIKE] = (-3.0, -3.0, 4.0)
_EVIDENCE[:, WATER_LIKE] = (-2.0, 4.0, -3.0)
_EVIDENCE[:, GROUND_LIKE] = (-1.5, -3.0, -3.0)


@dataclass(frozen=True)
class MaskOptions:
    """What is made of the mask beside QC.

    Parameters
    ----------
    distance : bool
        Tell the distance to cloud.
    water_snow_prior : bool
        Draw the emissivity of what surely is water or snow to the known spectrum.
    """

    distance: bool = False
    water_snow_prior: bool = False


NOTHING_MORE = MaskOptions()
"""QC alone."""


@dataclass(frozen=True)
class CloudMask:
    """What the mask says of a tile.

    Parameters
    ----------
    classes : ndarray of uint8, (row, col)
        `CLEAR` to `CLOUDY`; `CLEAR` where a pixel isn't valid.
    water_snow : ndarray of uint8, (row, col)
        `WATER` or `SNOW` where a pixel surely is one and clear; else `NOTHING`.
    distance_m : ndarray of float32, (row, col), optional
        To the nearest pixel that is cloudy or probably so, 0 to `DISTANCE_LIMIT_M`, m.
    """

    classes: NDArray[np.uint8]
    water_snow: NDArray[np.uint8]
    distance_m: Array | None = None

    def part(self, inner: tuple[slice, slice]) -> CloudMask:
        """Return the mask of a part."""
        distance = None if self.distance_m is None else self.distance_m[inner]
        return CloudMask(self.classes[inner], self.water_snow[inner], distance)


def padded_window(window: Window, rows: int, cols: int, margin: int = MARGIN) -> Window:
    """Return a tile with a margin, as far as the raster reaches.

    Parameters
    ----------
    window : Window
    rows, cols : int
        Of the raster.
    margin : int
        Pixels.
    """
    top, left = max(window.row - margin, 0), max(window.col - margin, 0)
    bottom = min(window.row + window.rows + margin, rows)
    right = min(window.col + window.cols + margin, cols)
    return Window(top, left, bottom - top, right - left)


def mask_tile(
    bt: Array,
    place: Window,
    window: Window,
    around: Iterable[tuple[Array, Array]],
    pixel_m: float,
    with_distance: bool = False,
    reflectance: Array | None = None,
) -> CloudMask:
    """Mask of a tile.

    Parameters
    ----------
    bt : ndarray of float32, (5, row, col)
        Brightness temperature of the tile with its margin, K; NaN where invalid.
    place : Window
        Where they lie.
    window : Window
        The tile.
    around : iterable of (ndarray of float32 (row, col), ndarray of float32 (30,))
        Shares of the windows around in ``place``, 0-1, and the windows' features.
    pixel_m : float
        Side of a pixel, m.
    with_distance : bool
    reflectance : ndarray of float32, (4, row, col), optional
        Of bands 1-4 in ``place``, 0-1; NaN where there is none.
    """
    features, valid = pixel_features(bt, default_threads())
    flat = features.reshape(len(features), -1)
    logits = np.zeros((len(OUTPUTS), *valid.shape), dtype=np.float32)
    for share, known in around:
        if share.any():
            logits += share * cloud_classifier().logits(flat, known).reshape(logits.shape)
    if reflectance is not None:
        logits += reflective_evidence(reflectance)
    classes = np.digitize(logits[0], _logit(np.array(CLASS_EDGES))).astype(np.uint8)
    classes[~valid] = CLEAR
    near = grow(classes >= PROBABLY_CLOUDY, GROWN_PIXELS)
    grown = np.where(classes == CLEAR, PROBABLY_CLEAR, PROBABLY_CLOUDY).astype(np.uint8)
    classes = np.where(near & valid, np.maximum(classes, grown), classes)
    limits = _logit(np.array(SURE))[:, None, None]
    sure = (logits[1:] >= limits) & (classes == CLEAR) & valid
    water_snow = np.where(sure[0], WATER, np.where(sure[1], SNOW, NOTHING)).astype(np.uint8)
    row, col = window.row - place.row, window.col - place.col
    inner = np.s_[row : row + window.rows, col : col + window.cols]
    distance = None
    if with_distance:
        distance = distance_to(classes >= PROBABLY_CLOUDY, pixel_m)[inner]
    return CloudMask(classes[inner], water_snow[inner], distance)


def reflective_evidence(reflectance: Array) -> Array:
    """Return what bands 1-4 add to the logits, float32 (3, ...).

    Parameters
    ----------
    reflectance : ndarray of float32, (4, ...)
        0-1; NaN where there is none.
    """
    return _EVIDENCE[:, reflective_classes(reflectance)]


def margin_of(options: MaskOptions, pixel_m: float) -> int:
    """Margin that a tile is worked on with, pixels.

    Parameters
    ----------
    options : MaskOptions
    pixel_m : float
        Side of a pixel, m.
    """
    return MARGIN + (int(np.ceil(DISTANCE_LIMIT_M / pixel_m)) if options.distance else 0)


def _logit(chance: float | NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(np.log(chance) - np.log1p(-np.asarray(chance)))


def grow(mask: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    """Return a mask and what lies within a distance of it.

    Parameters
    ----------
    mask : ndarray of bool, (row, col)
    pixels : int
        Radius, pixels.
    """
    out = mask.copy()
    for step in range(-pixels, pixels + 1):
        half = int(np.sqrt(pixels**2 - step**2))
        line = _shifted(mask, step)
        for side in range(-half, half + 1):
            out |= _shifted(line.T, side).T
    return out


def _shifted(mask: NDArray[np.bool_], step: int) -> NDArray[np.bool_]:
    """Shift along the rows; nothing comes in."""
    out = np.zeros_like(mask)
    if step == 0:
        return mask
    if step > 0:
        out[step:] = mask[:-step]
    else:
        out[:step] = mask[-step:]
    return out


def distance_to(mask: NDArray[np.bool_], pixel_m: float) -> Array:
    """Distance of each pixel to the nearest one of a mask, up to `DISTANCE_LIMIT_M`, m.

    Parameters
    ----------
    mask : ndarray of bool, (row, col)
    pixel_m : float
        Side of a pixel, m.
    """
    limit = DISTANCE_LIMIT_M / pixel_m
    reach = int(np.ceil(limit))
    # along the rows first: pixels to the nearest one above or below
    along = np.where(mask, np.float32(0.0), np.float32(limit))
    for row in range(1, len(along)):
        np.minimum(along[row], along[row - 1] + 1.0, out=along[row])
    for row in range(len(along) - 2, -1, -1):
        np.minimum(along[row], along[row + 1] + 1.0, out=along[row])
    squared = along**2
    nearest = squared.copy()
    for step in range(1, min(reach, mask.shape[1] - 1) + 1):
        cost = np.float32(step**2)
        np.minimum(nearest[:, step:], squared[:, :-step] + cost, out=nearest[:, step:])
        np.minimum(nearest[:, :-step], squared[:, step:] + cost, out=nearest[:, :-step])
    result: Array = np.minimum(np.sqrt(nearest), np.float32(limit)) * np.float32(pixel_m)
    return result
