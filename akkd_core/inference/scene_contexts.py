"""What a raster's windows share, taken from their brightness temperatures, and how it blends.

A scene is one window; a larger raster has many, and every pixel blends those around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from akkd_core.calibration import SampleCalibration
from akkd_core.errors import InputError
from akkd_core.images import Scene
from akkd_core.inference.quality_layer import CLOUD_MARGIN_K
from akkd_core.inference.windows import Window, axis_weights, statistics_windows
from akkd_core.physics.features import REFERENCE
from akkd_core.physics.scene_statistics import scene_statistics
from akkd_core.progress import Progress, checkpoint

MIN_PIXELS = 64
"""A window with fewer clear, valid pixels takes its context from a neighbour."""

WARM_TO_COLD_K = 60.0
"""Surfaces of one window that are further below its warm ones are taken for cloud, K."""

_SAMPLE_PIXELS = 160_000
_FEW_PIXELS = 2_000

Context = TypeVar("Context")
"""What a method takes from a window: a SceneContext, or one for each of several bundles."""

MakeContext = Callable[[NDArray[np.float32], Window], Context]
"""From a window's statistics, (75,) of `akkd_core.physics.scene_statistics`, and the window to its
context."""


def clear_threshold(bt_13: NDArray[np.floating]) -> float:
    """Band 13 brightness temperature below which a pixel is suspected cloud, K.

    A cold outlier of its scene: `CLOUD_MARGIN_K` and four robust standard deviations below the
    median, or `WARM_TO_COLD_K` below the 95th percentile, so that cold cloud is found where it
    covers most of the scene, too. Coarse on purpose: it keeps thick cloud out of the scene's
    statistics, no more.

    Parameters
    ----------
    bt_13 : ndarray
        Brightness temperature of valid pixels, K.
    """
    median = float(np.median(bt_13))
    spread = 1.4826 * float(np.median(np.abs(bt_13 - median)))
    warm = float(np.percentile(bt_13, 95.0))
    return max(median - max(CLOUD_MARGIN_K, 4.0 * spread), warm - WARM_TO_COLD_K)


class SceneContexts(Generic[Context]):
    """The contexts of a raster's windows, and their weights in a tile.

    Parameters
    ----------
    scene : Scene
    calibration : SampleCalibration
    make : callable
        From a window's statistics, and the window, to its context.
    progress : Progress

    Raises
    ------
    InputError
        If the scene has no valid pixel.
    OperationCancelled
        If the user cancelled.
    """

    def __init__(
        self,
        scene: Scene,
        calibration: SampleCalibration,
        make: MakeContext[Context],
        progress: Progress,
    ) -> None:
        self.windows = statistics_windows(scene.grid)
        flat = [window for line in self.windows for window in line]
        found: list[tuple[Context, float] | None] = []
        for number, window in enumerate(flat):
            checkpoint(progress, number / len(flat), "scene statistics")
            found.append(_context(scene, calibration, make, window))
        self.found = _filled(found, flat, scene)

    def around(
        self, row: int, col: int, rows: int, cols: int
    ) -> Iterator[tuple[NDArray[np.float32], Context, float]]:
        """Weight map, context and cloud threshold of each window that reaches into a tile.

        Parameters
        ----------
        row, col, rows, cols : int
            The tile, pixels.

        Yields
        ------
        tuple
            Weights 0-1, float32 (row, col), which sum to 1 over the windows; context; K.
        """
        first = self.windows[0][0]
        down = axis_weights([line[0].row for line in self.windows], first.rows, row, rows)
        across = axis_weights([w.col for w in self.windows[0]], first.cols, col, cols)
        for i, vertical in enumerate(down):
            for j, horizontal in enumerate(across):
                if vertical.any() and horizontal.any():
                    context, threshold = self.found[i * len(across) + j]
                    yield vertical[:, None] * horizontal[None, :], context, threshold

    def of_pixels(
        self, window: Window, valid: NDArray[np.bool_]
    ) -> tuple[list[tuple[NDArray[np.float32], Context]], NDArray[np.float32]]:
        """Contexts of a tile's valid pixels.

        Parameters
        ----------
        window : Window
            The tile.
        valid : ndarray of bool, (row, col)
            Its n valid pixels.

        Returns
        -------
        around : list of (ndarray of float32 (n,), context)
            Contexts with their shares of each pixel, which sum to 1.
        clear_above : ndarray of float32, (n,)
            Band 13 brightness temperature below which a pixel is suspected cloud, K.
        """
        around = []
        clear_above = np.zeros(int(valid.sum()), dtype=np.float32)
        for weight, context, threshold in self.around(
            window.row, window.col, window.rows, window.cols
        ):
            share = weight[valid]
            clear_above += share * np.float32(threshold)
            around.append((share, context))
        return around, clear_above


def _context(
    scene: Scene, calibration: SampleCalibration, make: MakeContext[Context], window: Window
) -> tuple[Context, float] | None:
    """Context and cloud threshold of one window; None if it has too few valid pixels."""
    samples = scene.read(window.row, window.col, window.rows, window.cols)
    # a regular sample is enough for quantiles, and keeps cost and memory down
    step = max(int(np.ceil(np.sqrt(window.rows * window.cols / _SAMPLE_PIXELS))), 1)
    pixels = _valid_pixels(samples[:, ::step, ::step], calibration)
    if step > 1 and len(pixels) < _FEW_PIXELS:
        pixels = _valid_pixels(samples, calibration)
    if len(pixels) < MIN_PIXELS:
        return None
    threshold = clear_threshold(pixels[:, REFERENCE])
    clear = pixels[pixels[:, REFERENCE] >= threshold]
    return make(scene_statistics(clear), window), threshold


def _name(scene: Scene) -> str:
    """File that an error is about, or the granule's id if it came from no file."""
    return next(iter(scene.metadata.source_files), scene.metadata.granule_id)


def _valid_pixels(samples: NDArray[Any], calibration: SampleCalibration) -> NDArray[np.float32]:
    """Brightness temperature of pixels valid in all bands, (n, 5), K."""
    bt = calibration.brightness_temperature(np.ascontiguousarray(samples))
    pixels: NDArray[np.float32] = bt[:, np.isfinite(bt).all(axis=0)].T
    return pixels


def _filled(
    found: list[tuple[Context, float] | None], windows: list[Window], scene: Scene
) -> list[tuple[Context, float]]:
    """Give windows without valid pixels the context of the nearest window that has one."""
    known = [i for i, item in enumerate(found) if item is not None]
    if not known:
        raise InputError(
            f"{_name(scene)}: fewer than {MIN_PIXELS} pixels are valid in all five thermal bands "
            "(the rest is fill, saturated or invalid). Choose another scene; akkd info tells "
            "what each band lacks"
        )
    result = []
    for i, item in enumerate(found):
        if item is None:
            here = windows[i]
            nearest = min(
                known,
                key=lambda k: (windows[k].row - here.row) ** 2 + (windows[k].col - here.col) ** 2,
            )
            item = found[nearest]
        assert item is not None
        result.append(item)
    return result
