"""Retrieval of a scene: statistics and context first, then tile by tile through the pixel network.

Memory depends on the tile, not on the raster; tiles give the same as the whole at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.model import ModelBundle
from akkd_core.bundle.prediction import blocks
from akkd_core.calibration import SampleCalibration
from akkd_core.errors import BundleMismatchError
from akkd_core.images import Scene
from akkd_core.inference.closure import closure, quick_closure, require_atmosphere
from akkd_core.inference.cloud_mask import NOTHING_MORE, MaskOptions, margin_of
from akkd_core.inference.context import (
    NOTHING_KNOWN,
    KnownAir,
    SceneContext,
    known_in,
    make_context,
    pixel_features,
    sees_surroundings,
)
from akkd_core.inference.domain import FeatureDomain, closure_departure, grown
from akkd_core.inference.memory import give_back_memory
from akkd_core.inference.predictors import make_predictor
from akkd_core.inference.scene_contexts import SceneContexts
from akkd_core.inference.surroundings import look_around
from akkd_core.inference.threads import default_threads
from akkd_core.inference.tile import RetrievalTile
from akkd_core.inference.tile_pixels import PixelRetrieval, TilePixels
from akkd_core.inference.water_snow import with_known_emissivity
from akkd_core.inference.windows import Window, tile_windows
from akkd_core.physics.features import LOG_SIGMA_NAMES, LSE_RANGE, OUTPUT_NAMES, REFERENCE
from akkd_core.physics.local_features import MARGIN as LOCAL_MARGIN
from akkd_core.progress import Progress, SilentProgress, SubProgress, checkpoint
from akkd_core.sensors import aster_tir

CONTEXT_SHARE = 0.15
"""Share of the progress that goes to the scene's statistics."""

_LOG_SIGMA_MAX = 5.0
_ROWS = 8192
_DEVICE_ROWS = 262_144
"""Pixels at a time: as many as stay in a core's cache; of TensorFlow, which makes blocks by itself,
a whole tile."""


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
        # parts of pixels on threads of our own keep cores busier than threads within each layer
        self.predictor = make_predictor(bundle, runtime, device, threads=1)
        own = self.predictor.runtime == "tensorflow"
        self._threads, self._rows = (1, _DEVICE_ROWS) if own else (default_threads(), _ROWS)
        self.sees_surroundings = sees_surroundings(bundle.pixel_network)
        self._targets = [names.index(name) for name in OUTPUT_NAMES]
        # a network may tell the error of each pixel itself
        told = [names.index(name) for name in LOG_SIGMA_NAMES if name in names]
        self._tells_errors = len(told) == len(OUTPUT_NAMES)
        self._columns = self._targets + (told if self._tells_errors else [])
        self._domain = (
            None if bundle.refinement_network is None else FeatureDomain.of(bundle.pixel_network)
        )

    def tiles(
        self,
        scene: Scene,
        calibration: SampleCalibration,
        *,
        ancillary: KnownAir = NOTHING_KNOWN,
        tile_size: int = 512,
        options: MaskOptions = NOTHING_MORE,
        with_closure: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[RetrievalTile]:
        """Retrieve tile by tile, row by row; the tiles cover the raster exactly once.

        Parameters
        ----------
        scene : Scene
        calibration : SampleCalibration
        ancillary : Ancillary, or mapping of Window to Ancillary
        tile_size : int
            Pixels, >= 16.
        options : MaskOptions
        with_closure : bool
            Tell the closure, too.
        progress : Progress, optional

        Raises
        ------
        BundleMismatchError
            If a closure is asked for and the bundle retrieves no atmosphere.
        InputError
            If the scene has no valid pixel.
        OperationCancelled
            If the user cancelled.
        """
        if with_closure:
            require_atmosphere([self.bundle])
        report = progress or SilentProgress()
        contexts = SceneContexts(
            scene,
            calibration,
            lambda statistics, window, sample: make_context(
                self.bundle, statistics, known_in(ancillary, window), sample
            ),
            SubProgress(report, 0.0, CONTEXT_SHARE),
            lambda window: known_in(ancillary, window).air_temperature_k,
        )
        margin = margin_of(options, scene.grid.pixel_size_m)
        margin += LOCAL_MARGIN if self.sees_surroundings else 0
        windows = tile_windows(scene.grid, tile_size)
        for number, window in enumerate(windows):
            done = CONTEXT_SHARE + (1.0 - CONTEXT_SHARE) * number / len(windows)
            checkpoint(report, done, "retrieving")
            tile = TilePixels(scene, calibration, window, margin)
            around = contexts.of_pixels(window, tile.valid)
            clouds, local = look_around(tile, contexts, options.distance, self.sees_surroundings)
            found = self.pixels(tile.bt, around, local)
            del local
            if options.water_snow_prior:
                kinds = clouds.water_snow[tile.valid]
                found = with_known_emissivity(found, tile.bt, around, kinds)
            belongs = self.belonging(scene, window, tile)
            found = replace(found, in_domain=found.in_domain & belongs)
            misfit = closure(found.values, tile.bt, around) if with_closure else None
            yield tile.tile(found, clouds, closure=misfit)
            # or the next tile's would stand beside them
            del tile, around, clouds, found, misfit
            give_back_memory()
        report.update(1.0, "retrieved")

    def belonging(self, scene: Scene, window: Window, tile: TilePixels) -> NDArray[np.bool_]:
        """Whether the model belongs to a tile's valid pixels; a model of no place, to all.

        Parameters
        ----------
        scene : Scene
        window : Window
            Where the tile lies.
        tile : TilePixels

        Returns
        -------
        ndarray of bool, (n,)
        """
        return np.ones(len(tile.bt), dtype=bool)

    def pixels(
        self,
        bt: NDArray[np.float32],
        around: Sequence[tuple[NDArray[np.float32], SceneContext]],
        local: NDArray[np.float32] | None = None,
    ) -> PixelRetrieval:
        """Retrieve pixels, each in the blend of contexts around it.

        Parameters
        ----------
        bt : ndarray of float32, (n, 5)
            Brightness temperature of valid pixels, K.
        around : sequence of (ndarray of float32 (n,), SceneContext)
            Contexts with their shares of each pixel, 0-1, which sum to 1.
        local : ndarray of float32, (n, 14), optional
            What the pixels' surroundings tell, for a bundle that asks for it (attribute
            ``sees_surroundings``).

        Returns
        -------
        PixelRetrieval

        Raises
        ------
        BundleMismatchError
            If the bundle asks for surroundings and there are none.
        """
        count = len(bt)
        found = PixelRetrieval(
            np.empty((count, len(OUTPUT_NAMES)), dtype=np.float32),
            np.empty((count, len(OUTPUT_NAMES)), dtype=np.float32),
            np.empty(count, dtype=np.float32),
            np.empty(count, dtype=bool),
        )

        def work(part: slice) -> None:
            beside = None if local is None else local[part]
            mine = self._part(bt[part], [(share[part], air) for share, air in around], beside)
            found.values[part], found.errors[part] = mine.values, mine.errors
            found.transmittance_13[part], found.in_domain[part] = (
                mine.transmittance_13, mine.in_domain,
            )  # fmt: skip

        # all that is done with a part stays in the processor's cache
        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(work, blocks(count, self._rows)))
        return found

    def _part(
        self,
        bt: NDArray[np.float32],
        around: Sequence[tuple[NDArray[np.float32], SceneContext]],
        local: NDArray[np.float32] | None,
    ) -> PixelRetrieval:
        outputs = np.zeros((len(bt), len(self._columns)), dtype=np.float32)
        tau = np.zeros(len(bt), dtype=np.float32)
        in_domain = np.ones(len(bt), dtype=bool)
        departure = np.zeros(len(bt), dtype=np.float32)
        for part, context in around:
            seen = part > 0
            if not seen.any():
                continue
            # all of them is a slice: many times as fast as a mask
            mine = slice(None) if seen.all() else seen
            share = part[mine]
            beside = None if local is None else local[mine]
            found, away = self._predict(bt[mine], context, beside)
            found *= share[:, None]
            outputs[mine] += found
            in_domain[mine] &= context.in_domain
            departure[mine] = np.maximum(departure[mine], away)
            if context.transmittance is not None:
                tau[mine] += share * context.transmittance[REFERENCE]
        values, log_sigma = np.split(outputs, [len(OUTPUT_NAMES)], axis=1)
        values[:, 1:] = np.clip(values[:, 1:], *LSE_RANGE)
        if self._tells_errors:
            errors = np.exp(np.minimum(log_sigma, _LOG_SIGMA_MAX))
        else:
            errors = self._errors(values[:, 0], tau)
        in_domain &= self._in_domain(bt, values)
        if self._domain is not None:
            misfit = closure_departure(quick_closure(values, bt, around), tau)
            in_domain &= np.maximum(departure, misfit) <= 1.0
            errors = grown(errors, departure, misfit)
        return PixelRetrieval(values, errors, tau, in_domain)

    def _predict(
        self,
        pixels: NDArray[np.float32],
        context: SceneContext,
        local: NDArray[np.float32] | None,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return outputs, and how far the inputs depart from those of training."""
        features = pixel_features(self.predictor.network, pixels, context, local)
        found = self.predictor.predict(features, context.scene)[:, self._columns]
        if self._domain is None:
            return found, np.zeros(len(pixels), dtype=np.float32)
        away = np.maximum(self._domain.departure(features), np.float32(context.departure))
        return found, away

    def _errors(self, lst: NDArray[np.float32], tau: NDArray[np.float32]) -> NDArray[np.float32]:
        table = self.bundle.error_table
        if table is None:
            return np.full((len(lst), len(OUTPUT_NAMES)), np.nan, dtype=np.float32)
        result: NDArray[np.float32] = table.lookup(lst, tau)[self._targets].T
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
