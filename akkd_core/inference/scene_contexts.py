"""What a raster's windows share, taken from their brightness temperatures, and how it blends.

A scene is one window; a larger raster has many, and every pixel blends those around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from akkd_core.calibration import SampleCalibration
from akkd_core.errors import InputError
from akkd_core.images import Scene
from akkd_core.inference.cloud_classifier import cloud_classifier
from akkd_core.inference.cloud_mask import (
    CloudMask,
    mask_tile,
    padded_window,
    reflective_evidence,
)
from akkd_core.inference.pixel_sample import TakeSample, ThinnedMask, sample_of
from akkd_core.inference.threads import default_threads
from akkd_core.inference.windows import Window, axis_weights, statistics_windows
from akkd_core.physics.cloud_features import REACH, pixel_features, window_features
from akkd_core.physics.scene_statistics import scene_statistics
from akkd_core.progress import Progress, checkpoint

MIN_PIXELS = 64
"""A window with fewer clear, valid pixels takes its context from a neighbour."""

STATISTICS_LOGIT = -2.5
"""Pixels with a logit of cloud below it, one chance in thirteen, make the statistics of a window
with much cloud; with less cloud the limit rises to 0, so that clear scenes lose little."""

MUCH_CLOUD, CLOUDY_LOGIT = 0.15, 2.0
"""A window has much cloud if this share of its pixels has a logit above this, seven in eight."""

CLOUD_LOGIT = 0.4
"""Pixels with a logit of cloud from it, three chances in five, are no one's surroundings: the
cloud mask's class of probably cloudy."""

MIN_CLEAR_SHARE = 0.02
"""A window with a smaller share of clear pixels takes its least cloudy ones."""

_SAMPLE_PIXELS = 160_000
_FEW_PIXELS = 2_000
_STRIP_PIXELS = 250_000

Array = NDArray[np.float32]

AirTemperature = Callable[[Window], float | None]

Context = TypeVar("Context")
"""What a method takes from a window: a SceneContext, or one for each of several bundles."""

MakeContext = Callable[[NDArray[np.float32], Window, TakeSample], Context]
"""From a window's statistics, (75,) of `akkd_core.physics.scene_statistics`, the window, and what
takes a sample of its clear pixels, to its context."""


class SceneContexts(Generic[Context]):
    """The contexts of a raster's windows, and their weights in a tile.

    Parameters
    ----------
    scene : Scene
    calibration : SampleCalibration
    make : callable
        From a window's statistics, the window and its sample to its context.
    progress : Progress
    air : callable, optional
        From a window to the air temperature near its ground, K, or None where it isn't known; for
        the cloud mask.

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
        air: AirTemperature = lambda window: None,
    ) -> None:
        self.windows = statistics_windows(scene.grid)
        self._pixel_m, self._reflective = scene.grid.pixel_size_m, scene.reflective
        flat = [window for line in self.windows for window in line]
        found: list[tuple[Context, Array] | None] = []
        for number, window in enumerate(flat):
            checkpoint(progress, number / len(flat), "scene statistics")
            found.append(_context(scene, calibration, make, window, air(window)))
        self.found = _filled(found, flat, scene)

    def around(
        self, row: int, col: int, rows: int, cols: int
    ) -> Iterator[tuple[Array, Context, Array]]:
        """Weight map, context and cloud features of each window that reaches into a tile.

        Parameters
        ----------
        row, col, rows, cols : int
            The tile, pixels.

        Yields
        ------
        tuple
            Weights 0-1, float32 (row, col), which sum to 1 over the windows; context; features of
            the window for the cloud mask, float32 (30,).
        """
        first = self.windows[0][0]
        down = axis_weights([line[0].row for line in self.windows], first.rows, row, rows)
        across = axis_weights([w.col for w in self.windows[0]], first.cols, col, cols)
        for i, vertical in enumerate(down):
            for j, horizontal in enumerate(across):
                if vertical.any() and horizontal.any():
                    context, clouds = self.found[i * len(across) + j]
                    yield vertical[:, None] * horizontal[None, :], context, clouds

    def of_pixels(
        self, window: Window, valid: NDArray[np.bool_]
    ) -> list[tuple[Array, Context]]:
        """Contexts of a tile's valid pixels.

        Parameters
        ----------
        window : Window
            The tile.
        valid : ndarray of bool, (row, col)
            Its n valid pixels.

        Returns
        -------
        list of (ndarray of float32 (n,), context)
            Contexts with their shares of each pixel, which sum to 1.
        """
        parts = self.around(window.row, window.col, window.rows, window.cols)
        return [(weight[valid], context) for weight, context, _ in parts]

    def mask(
        self, bt: Array, place: Window, window: Window, with_distance: bool = False
    ) -> CloudMask:
        """Cloud mask of a tile; parameters as those of `mask_tile`.

        Parameters
        ----------
        bt : ndarray of float32, (5, row, col)
            Brightness temperature of the tile with its margin, K.
        place : Window
            Where they lie.
        window : Window
            The tile.
        with_distance : bool
        """
        parts = self.around(place.row, place.col, place.rows, place.cols)
        around = [(weight, clouds) for weight, _, clouds in parts]
        reflectance = None
        if self._reflective is not None:
            reflectance = self._reflective.read(place.row, place.col, place.rows, place.cols)
        return mask_tile(bt, place, window, around, self._pixel_m, with_distance, reflectance)


def _context(
    scene: Scene,
    calibration: SampleCalibration,
    make: MakeContext[Context],
    window: Window,
    air_temperature_k: float | None,
) -> tuple[Context, Array] | None:
    """Context and cloud features of one window; None if it has too few valid pixels."""
    # a regular sample is enough for quantiles, and keeps cost and memory down
    step = max(int(np.ceil(np.sqrt(window.rows * window.cols / _SAMPLE_PIXELS))), 1)
    bt, features, added, place = _thinned(scene, calibration, window, step)
    if step > 1 and bt.shape[1] < _FEW_PIXELS:
        step = 1
        bt, features, added, place = _thinned(scene, calibration, window, step)
    if bt.shape[1] < MIN_PIXELS:
        return None
    clouds = window_features(features, scene.metadata.daytime, air_temperature_k)
    logits = cloud_classifier().logits(features, clouds)[0] + added
    clear = clear_pixels(logits)
    cloudy = _cells(window, step, scene.grid.cols, place[(logits >= CLOUD_LOGIT) & ~clear])
    sample = sample_of(scene, calibration, place[clear], cloudy)
    return make(scene_statistics(bt[:, clear].T), window, sample), clouds


def _thinned(
    scene: Scene, calibration: SampleCalibration, window: Window, step: int
) -> tuple[Array, Array, Array, NDArray[np.intp]]:
    """Every ``step``-th valid pixel of a window along both axes, read strip by strip.

    Returns brightness temperature (5, n), cloud features (15, n), what bands 1-4 add to the logit
    of cloud (n,), and row times the raster's columns plus column (n,).
    """
    height = step * max(_STRIP_PIXELS // (step * window.cols), 1)
    parts = []
    for row in range(window.row, window.row + window.rows, height):
        strip = Window(row, window.col, min(height, window.row + window.rows - row), window.cols)
        place = padded_window(strip, scene.grid.rows, scene.grid.cols, REACH)
        bt = calibration.brightness_temperature(
            np.ascontiguousarray(scene.read(place.row, place.col, place.rows, place.cols))
        )
        features, valid = pixel_features(bt, default_threads())
        first = strip.row - place.row, strip.col - place.col
        chosen = (
            slice(first[0], first[0] + strip.rows, step),
            slice(first[1], first[1] + strip.cols, step),
        )
        known = valid[chosen]
        rows, cols = np.nonzero(known)
        at = (strip.row + step * rows) * scene.grid.cols + strip.col + step * cols
        parts.append((
            bt[(slice(None), *chosen)][:, known],
            features[(slice(None), *chosen)][:, known],
            _evidence(scene, strip)[::step, ::step][known],
            at,
        ))  # fmt: skip
    bt, features, added, at = (np.concatenate(part, axis=-1) for part in zip(*parts, strict=True))
    return bt, features, added, at.astype(np.intp, copy=False)


def _cells(window: Window, step: int, cols: int, place: NDArray[np.intp]) -> ThinnedMask:
    """Mask of a window in which the thinned pixels at these places are hidden."""
    hidden = np.zeros((-(-window.rows // step), -(-window.cols // step)), dtype=bool)
    row, col = np.divmod(place, cols)
    hidden[(row - window.row) // step, (col - window.col) // step] = True
    return ThinnedMask(window, step, hidden)


def _evidence(scene: Scene, window: Window) -> Array:
    """Return what bands 1-4 add to the logit of cloud in a window, 0 where there are none."""
    if scene.reflective is None:
        return np.zeros((window.rows, window.cols), dtype=np.float32)
    place = window.row, window.col, window.rows, window.cols
    cloud: Array = reflective_evidence(scene.reflective.read(*place))[0]
    return cloud


def clear_pixels(logits: Array) -> NDArray[np.bool_]:
    """Which pixels make a window's statistics.

    Parameters
    ----------
    logits : ndarray of float32, (n,)
        Of cloud.

    Returns
    -------
    ndarray of bool, (n,)
        Those that are surely clear; where they are fewer than `MIN_CLEAR_SHARE`, so many of the
        least cloudy ones.
    """
    cloudy = float((logits > CLOUDY_LOGIT).mean())
    strict = STATISTICS_LOGIT * min(cloudy / MUCH_CLOUD, 1.0)
    least = max(int(MIN_CLEAR_SHARE * len(logits)), min(MIN_PIXELS, len(logits)))
    limit = np.partition(logits, least - 1)[least - 1]
    clear: NDArray[np.bool_] = logits <= max(float(limit), strict)
    return clear


def _name(scene: Scene) -> str:
    """File that an error is about, or the granule's id if it came from no file."""
    return next(iter(scene.metadata.source_files), scene.metadata.granule_id)


def _filled(
    found: list[tuple[Context, Array] | None], windows: list[Window], scene: Scene
) -> list[tuple[Context, Array]]:
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
