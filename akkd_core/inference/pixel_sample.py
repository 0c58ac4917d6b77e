"""A scene's sample: clear pixels spread over it, each with what its surroundings tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from akkd_core.calibration import SampleCalibration
from akkd_core.errors import InputError
from akkd_core.images import Scene
from akkd_core.inference.windows import Window
from akkd_core.physics.local_features import LOCAL_NAMES, MARGIN, local_features

Array = NDArray[np.float32]

SAMPLE_PIXELS = 512
"""A sample has at most so many pixels."""

_SIDE = 2 * MARGIN + 1
_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0


@dataclass(frozen=True, eq=False)
class PixelSample:
    """Pixels of a scene with their surroundings.

    Parameters
    ----------
    bt : ndarray of float32, (n, 5)
        Brightness temperature, K.
    local : ndarray of float32, (n, 14)
        See `akkd_core.physics.local_features`.

    Raises
    ------
    InputError
        If there is no pixel, or shapes don't fit.
    """

    bt: Array
    local: Array

    def __post_init__(self) -> None:
        count = len(self.bt)
        if not count or (self.bt.shape, self.local.shape) != (
            (count, 5), (count, len(LOCAL_NAMES)),
        ):  # fmt: skip
            raise InputError(f"sample of pixels: {self.bt.shape} and {self.local.shape}")


TakeSample = Callable[[], PixelSample]
"""Takes the sample when it is asked for: not every bundle does."""


def evenly(count: int, wanted: int = SAMPLE_PIXELS) -> NDArray[np.intp]:
    """Choose from a row of pixels, one in each of equal parts, and always the same.

    Parameters
    ----------
    count : int
        Pixels in the row, as they lie in the raster, line by line.
    wanted : int

    Returns
    -------
    ndarray of intp
        Increasing; all if there are no more than wanted. The place in a part follows the golden
        section, so that no column of the raster is met more often than others.
    """
    if count <= wanted:
        return np.arange(count)
    edges = np.arange(wanted + 1) * count // wanted
    within = (np.arange(wanted) * _GOLDEN) % 1.0
    chosen: NDArray[np.intp] = edges[:-1] + np.floor(within * np.diff(edges)).astype(np.intp)
    return chosen


@dataclass(frozen=True, eq=False)
class ThinnedMask:
    """Pixels of a window that are no part of any pixel's surroundings, told for every step-th.

    Parameters
    ----------
    window : Window
    step : int
        Pixels, along both axes.
    hidden : ndarray of bool, (row, col)
        One for each square of step x step pixels, told by the one in its upper left corner.
    """

    window: Window
    step: int
    hidden: NDArray[np.bool_]

    def at(self, row: NDArray[np.intp], col: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Whether pixels of the raster are hidden; beyond the window as at its border."""
        down = np.clip((row - self.window.row) // self.step, 0, self.hidden.shape[0] - 1)
        across = np.clip((col - self.window.col) // self.step, 0, self.hidden.shape[1] - 1)
        found: NDArray[np.bool_] = self.hidden[down, across]
        return found


def sample_of(
    scene: Scene,
    calibration: SampleCalibration,
    place: NDArray[np.intp],
    mask: ThinnedMask | None = None,
) -> TakeSample:
    """Prepare to take a sample.

    Parameters
    ----------
    scene : Scene
    calibration : SampleCalibration
    place : ndarray of int64, (n,)
        Row times the raster's columns plus column, in pixels, of clear, valid pixels, increasing;
        the sample is chosen from them.
    mask : ThinnedMask, optional
        What is cloud.

    Returns
    -------
    callable
        Takes the sample, once.
    """
    chosen = place[evenly(len(place))]
    return cache(lambda: _taken(scene, calibration, chosen, mask))


def _taken(
    scene: Scene,
    calibration: SampleCalibration,
    place: NDArray[np.intp],
    mask: ThinnedMask | None,
) -> PixelSample:
    row, col = np.divmod(place, scene.grid.cols)
    bt = _patches(scene, calibration, row, col)
    if mask is not None:
        reach = np.arange(-MARGIN, MARGIN + 1)
        hidden = mask.at(
            row[None, :, None] + reach[:, None, None], col[None, :, None] + reach[None, None, :]
        )
        hidden[MARGIN, :, MARGIN] = False
        bt[:, hidden] = np.nan
    # side by side: for the pixel in the middle nothing beyond its own square plays a part
    local = local_features(bt.reshape(5, _SIDE, -1))[:, MARGIN, MARGIN::_SIDE]
    own = bt[:, MARGIN, :, MARGIN]
    return PixelSample(np.ascontiguousarray(own.T), np.ascontiguousarray(local.T))


def _patches(
    scene: Scene,
    calibration: SampleCalibration,
    row: NDArray[np.intp],
    col: NDArray[np.intp],
) -> Array:
    """Brightness temperature of squares around pixels, (5, 11, n, 11); NaN beyond the raster."""
    rows, cols = scene.grid.shape
    # 0 is fill, of counts and of calibrated samples
    dtype = scene.read(int(row[0]), int(col[0]), 1, 1).dtype
    samples = np.zeros((5, _SIDE, len(row), _SIDE), dtype=dtype)
    for number, (here, there) in enumerate(zip(row.tolist(), col.tolist(), strict=True)):
        top, left = max(here - MARGIN, 0), max(there - MARGIN, 0)
        bottom, right = min(here + MARGIN + 1, rows), min(there + MARGIN + 1, cols)
        down, across = MARGIN - (here - top), MARGIN - (there - left)
        part = scene.read(top, left, bottom - top, right - left)
        samples[:, down : down + bottom - top, number, across : across + right - left] = part
    bt = calibration.brightness_temperature(samples.reshape(5, _SIDE, -1))
    return bt.reshape(samples.shape)
