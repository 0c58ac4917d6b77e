"""Retrieval of a scene: statistics and context first, then tile by tile through the pixel network.

Memory depends on the tile, not on the raster; tiles give the same as the whole at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.model import ModelBundle
from akkd_core.calibration import Calibration
from akkd_core.errors import BundleMismatchError, InputError
from akkd_core.images import Scene
from akkd_core.inference.context import (
    NOTHING_KNOWN,
    Ancillary,
    SceneContext,
    make_context,
    pixel_features,
)
from akkd_core.inference.predictors import make_predictor
from akkd_core.inference.quality_layer import CLOUD_MARGIN_K, quality_layer
from akkd_core.inference.tile import RetrievalTile
from akkd_core.inference.windows import Window, axis_weights, statistics_windows
from akkd_core.physics.features import LSE_RANGE, OUTPUT_NAMES, REFERENCE
from akkd_core.physics.scene_statistics import scene_statistics
from akkd_core.progress import Progress, SilentProgress, SubProgress, checkpoint
from akkd_core.sensors import aster_tir

MIN_PIXELS = 64
"""A window with fewer clear, valid pixels takes its context from a neighbour."""

WARM_TO_COLD_K = 60.0
"""Surfaces of one window that are further below its warm ones are taken for cloud, K."""

_SAMPLE_PIXELS = 160_000
_FEW_PIXELS = 2_000


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


class Retriever:
    """A bundle, ready to retrieve scenes.

    Parameters
    ----------
    bundle : ModelBundle
    runtime : str
        auto, onnxruntime, numpy or tensorflow.
    device : str
        auto, cpu or gpu:N.

    Raises
    ------
    BundleMismatchError
        If the bundle is for another sensor or lacks an output.
    MissingDependencyError
        If the runtime is not installed.
    """

    def __init__(self, bundle: ModelBundle, runtime: str = "auto", device: str = "auto") -> None:
        bundle.require_sensor(aster_tir().name)
        names = bundle.pixel_network.output_names
        missing = [name for name in OUTPUT_NAMES if name not in names]
        if missing:
            raise BundleMismatchError(
                f"bundle {bundle.name}: gives no {', '.join(missing)}. retrieval needs one that "
                "was trained for all six targets (--target joint)"
            )
        self.bundle = bundle
        self.predictor = make_predictor(bundle, runtime, device)
        self._columns = [names.index(name) for name in OUTPUT_NAMES]

    def tiles(
        self,
        scene: Scene,
        calibration: Calibration,
        *,
        ancillary: Ancillary = NOTHING_KNOWN,
        tile_size: int = 512,
        progress: Progress | None = None,
    ) -> Iterator[RetrievalTile]:
        """Retrieve tile by tile, row by row; the tiles cover the raster exactly once.

        Parameters
        ----------
        scene : Scene
        calibration : Calibration
        ancillary : Ancillary
        tile_size : int
            Pixels, >= 16.
        progress : Progress, optional

        Raises
        ------
        InputError
            If the scene has no valid pixel.
        OperationCancelled
            If the user cancelled.
        """
        report = progress or SilentProgress()
        contexts = _Contexts(
            self.bundle, scene, calibration, ancillary, SubProgress(report, 0.0, 0.15)
        )
        starts = [
            (row, col)
            for row in range(0, scene.grid.rows, tile_size)
            for col in range(0, scene.grid.cols, tile_size)
        ]
        for number, (row, col) in enumerate(starts):
            checkpoint(report, 0.15 + 0.85 * number / len(starts), "retrieving")
            rows = min(tile_size, scene.grid.rows - row)
            cols = min(tile_size, scene.grid.cols - col)
            yield self._tile(scene, calibration, contexts, row, col, rows, cols)
        report.update(1.0, "retrieved")

    def _tile(
        self,
        scene: Scene,
        calibration: Calibration,
        contexts: _Contexts,
        row: int,
        col: int,
        rows: int,
        cols: int,
    ) -> RetrievalTile:
        dn = scene.read(row, col, rows, cols)
        bt = calibration.brightness_temperature(dn)
        valid: NDArray[np.bool_] = np.asarray(np.isfinite(bt).all(axis=0))
        pixels = np.ascontiguousarray(bt[:, valid].T)
        values = np.zeros((len(pixels), len(OUTPUT_NAMES)), dtype=np.float32)
        tau = np.zeros(len(pixels), dtype=np.float32)
        threshold = np.zeros(len(pixels), dtype=np.float32)
        in_domain = np.ones(len(pixels), dtype=bool)
        for weight, context, clear_above in contexts.around(row, col, rows, cols):
            part = weight[valid]
            seen = part > 0
            share = part[seen]
            if not len(share):
                continue
            whole = bool(seen.all())
            found = self._predict(pixels if whole else pixels[seen], context)
            values[seen] += share[:, None] * found
            threshold[seen] += share * np.float32(clear_above)
            in_domain[seen] &= context.in_domain
            if context.transmittance is not None:
                tau[seen] += share * context.transmittance[REFERENCE]
        values[:, 1:] = np.clip(values[:, 1:], *LSE_RANGE)
        errors = self._errors(values[:, 0], tau)
        in_domain &= self._in_domain(pixels, values)
        suspected = pixels[:, REFERENCE] < threshold
        flags = calibration.flags(dn)
        qc = quality_layer(dn, flags, valid, values, errors, tau, suspected, in_domain)
        full = np.full((2, len(OUTPUT_NAMES), rows, cols), np.nan, dtype=np.float32)
        full[0][:, valid] = values.T
        full[1][:, valid] = errors.T
        return RetrievalTile(row, col, full[0, 0], full[1, 0], full[0, 1:], full[1, 1:], qc)

    def _predict(self, pixels: NDArray[np.float32], context: SceneContext) -> NDArray[np.float32]:
        features = pixel_features(self.predictor.network, pixels, context)
        return self.predictor.predict(features, context.scene)[:, self._columns]

    def _errors(self, lst: NDArray[np.float32], tau: NDArray[np.float32]) -> NDArray[np.float32]:
        table = self.bundle.error_table
        if table is None:
            return np.full((len(lst), len(OUTPUT_NAMES)), np.nan, dtype=np.float32)
        result: NDArray[np.float32] = table.lookup(lst, tau)[self._columns].T
        return result

    def _in_domain(
        self, pixels: NDArray[np.float32], values: NDArray[np.float32]
    ) -> NDArray[np.bool_]:
        inside = np.ones(len(pixels), dtype=bool)
        named = {f"bt_{band}": pixels[:, i] for i, band in enumerate(range(10, 15))}
        named["lst"] = values[:, 0]
        for name, (low, high) in self.bundle.manifest.domain.items():
            if name in named:
                inside &= (named[name] >= low) & (named[name] <= high)
        return inside


class _Contexts:
    """The contexts of a raster's windows, and their weights in a tile."""

    def __init__(
        self,
        bundle: ModelBundle,
        scene: Scene,
        calibration: Calibration,
        ancillary: Ancillary,
        progress: Progress,
    ) -> None:
        self.windows = statistics_windows(scene.grid)
        flat = [window for line in self.windows for window in line]
        found: list[tuple[SceneContext, float] | None] = []
        for number, window in enumerate(flat):
            checkpoint(progress, number / len(flat), "scene statistics")
            found.append(_context(bundle, scene, calibration, ancillary, window))
        self.found = _filled(found, flat, scene)

    def around(
        self, row: int, col: int, rows: int, cols: int
    ) -> Iterator[tuple[NDArray[np.float32], SceneContext, float]]:
        """Weight map, context and cloud threshold of each window that reaches into a tile."""
        first = self.windows[0][0]
        down = axis_weights([line[0].row for line in self.windows], first.rows, row, rows)
        across = axis_weights([w.col for w in self.windows[0]], first.cols, col, cols)
        for i, vertical in enumerate(down):
            for j, horizontal in enumerate(across):
                if vertical.any() and horizontal.any():
                    context, threshold = self.found[i * len(across) + j]
                    yield vertical[:, None] * horizontal[None, :], context, threshold


def _context(
    bundle: ModelBundle,
    scene: Scene,
    calibration: Calibration,
    ancillary: Ancillary,
    window: Window,
) -> tuple[SceneContext, float] | None:
    """Context and cloud threshold of one window; None if it has too few valid pixels."""
    dn = scene.read(window.row, window.col, window.rows, window.cols)
    # a regular sample is enough for quantiles, and keeps cost and memory down
    step = max(int(np.ceil(np.sqrt(window.rows * window.cols / _SAMPLE_PIXELS))), 1)
    pixels = _valid_pixels(dn[:, ::step, ::step], calibration)
    if step > 1 and len(pixels) < _FEW_PIXELS:
        pixels = _valid_pixels(dn, calibration)
    if len(pixels) < MIN_PIXELS:
        return None
    threshold = clear_threshold(pixels[:, REFERENCE])
    clear = pixels[pixels[:, REFERENCE] >= threshold]
    return make_context(bundle, scene_statistics(clear), ancillary), threshold


def _name(scene: Scene) -> str:
    """File that an error is about, or the granule's id if it came from no file."""
    return next(iter(scene.metadata.source_files), scene.metadata.granule_id)


def _valid_pixels(dn: NDArray[np.uint16], calibration: Calibration) -> NDArray[np.float32]:
    """Brightness temperature of pixels valid in all bands, (n, 5), K."""
    bt = calibration.brightness_temperature(np.ascontiguousarray(dn))
    pixels: NDArray[np.float32] = bt[:, np.isfinite(bt).all(axis=0)].T
    return pixels


def _filled(
    found: list[tuple[SceneContext, float] | None], windows: list[Window], scene: Scene
) -> list[tuple[SceneContext, float]]:
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
