"""TES on a scene, tile by tile, with an atmosphere that is given or predicted.

Two kinds of source say what the ground sends: an atmosphere that is taken away from the at-sensor
radiance, or a product (AST_09T) from which it was taken away already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from akkd_core.calibration import Calibration
from akkd_core.errors import InputError
from akkd_core.images import Scene
from akkd_core.inference.cloud_mask import NOTHING, padded_window
from akkd_core.inference.context import SceneContext
from akkd_core.inference.quality_layer import quality_layer
from akkd_core.inference.scene_contexts import MakeContext, SceneContexts
from akkd_core.inference.tile import RetrievalTile
from akkd_core.inference.windows import Window, tile_windows
from akkd_core.physics.features import REFERENCE
from akkd_core.physics.rte import ground_leaving_radiance
from akkd_core.physics.tes import TesQuality, TesSettings, temperature_emissivity_separation
from akkd_core.progress import Progress, SilentProgress, SubProgress, checkpoint
from akkd_core.readers.ast_09t import SurfaceRadiance
from akkd_core.simulation.scenes import noise_radiance

Array = NDArray[np.float64]

_CONTEXT_SHARE = 0.15
_SAMPLE_ROWS = 32
_SPREAD_FLOOR = 0.05
_TRANSMITTANCE_RANGE = (0.05, 1.0)
# of at-sensor to surface-leaving radiance in band 13; beyond it they can't be of one scene
_RATIO_RANGE = (0.4, 1.5)


@dataclass(frozen=True)
class Ground:
    """What the ground of some pixels sends and gets.

    Parameters
    ----------
    radiance : ndarray, (5, n)
        Leaving the ground, W m-2 sr-1 um-1.
    sky : ndarray, (5,) or (5, n)
        Downwelling, W m-2 sr-1 um-1.
    transmittance : ndarray, (5,)
        From ground to sensor, 0-1.
    """

    radiance: NDArray[np.floating]
    sky: NDArray[np.floating]
    transmittance: NDArray[np.floating]


if TYPE_CHECKING:
    Contexts = SceneContexts[SceneContext]

OfPixels = Callable[[NDArray[np.floating], NDArray[np.bool_], SceneContext], Ground]
"""From at-sensor radiance (5, n), which of the tile's valid pixels these are, and their context."""


class TesSource(Protocol):
    """Where the ground's radiance comes from."""

    def contexts(
        self, scene: Scene, calibration: Calibration, progress: Progress
    ) -> Contexts:
        """Return contexts of the scene's windows."""

    def tile(self, scene: Scene, window: Window, valid: NDArray[np.bool_]) -> OfPixels:
        """Return what tells the ground's radiance of a tile's valid pixels, mask (row, col)."""


@dataclass(frozen=True)
class AirSource:
    """An atmosphere for each window of the scene.

    Parameters
    ----------
    make : callable
        From a window's statistics, the window and its sample to its context, which has an
        atmosphere.
    """

    make: MakeContext[SceneContext]

    def contexts(
        self, scene: Scene, calibration: Calibration, progress: Progress
    ) -> Contexts:
        """Return contexts of the scene's windows."""
        return SceneContexts(scene, calibration, self.make, progress)

    def tile(self, scene: Scene, window: Window, valid: NDArray[np.bool_]) -> OfPixels:
        """Return what takes the atmosphere away."""
        return _take_away


def _take_away(
    radiance: NDArray[np.floating], seen: NDArray[np.bool_], context: SceneContext
) -> Ground:
    assert context.transmittance is not None and context.path_radiance is not None
    assert context.downwelling_radiance is not None
    tau = context.transmittance
    ground = ground_leaving_radiance(radiance, tau, context.path_radiance)
    return Ground(ground, context.downwelling_radiance, tau)


class ProductSource:
    """AST_09T, resampled to the scene.

    Parameters
    ----------
    product : SurfaceRadiance
    """

    def __init__(self, product: SurfaceRadiance) -> None:
        self.product = product

    def contexts(
        self, scene: Scene, calibration: Calibration, progress: Progress
    ) -> Contexts:
        """Return contexts of the scene's windows, alike in the transmittance.

        Raises
        ------
        InputError
            If the product isn't of this scene.
        """
        tau = self._transmittance(scene, calibration).astype(np.float32)
        return SceneContexts(
            scene,
            calibration,
            lambda statistics, window, sample: SceneContext(transmittance=tau),
            progress,
        )

    def tile(self, scene: Scene, window: Window, valid: NDArray[np.bool_]) -> OfPixels:
        """Return what picks the product's radiances."""
        place = scene.grid.window(window.row, window.col, window.rows, window.cols)
        surface, sky = (part[:, valid] for part in self.product.sample(place))

        def pick(
            radiance: NDArray[np.floating], seen: NDArray[np.bool_], context: SceneContext
        ) -> Ground:
            assert context.transmittance is not None
            return Ground(surface[:, seen], sky[:, seen], context.transmittance)

        return pick

    def _transmittance(self, scene: Scene, calibration: Calibration) -> Array:
        """Slope of at-sensor over surface-leaving radiance in the scene: how it amplified noise."""
        cols = scene.grid.cols
        parts = []
        for row in np.unique(np.linspace(0, scene.grid.rows - 1, _SAMPLE_ROWS).astype(int)):
            toa = calibration.radiance(scene.read(int(row), 0, 1, cols))
            surface, sky = self.product.sample(scene.grid.window(int(row), 0, 1, cols))
            both = np.concatenate([toa, surface, sky])[:, 0]
            parts.append(both[:, np.isfinite(both).all(axis=0)])
        pixels = np.concatenate(parts, axis=1).astype(np.float64)
        name = next(iter(scene.metadata.source_files), scene.metadata.granule_id)
        if not pixels.shape[1]:
            raise InputError(
                f"{self.product.name}: has no radiance where {name} has. Give the AST_09T of the "
                "same scene"
            )
        ratio = float(np.median(pixels[REFERENCE]) / np.median(pixels[5 + REFERENCE]))
        if not _RATIO_RANGE[0] < ratio < _RATIO_RANGE[1]:
            raise InputError(
                f"{self.product.name}: at-sensor radiance of {name} is {ratio:.2f} times its "
                "surface radiance in band 13. Give the AST_09T of the same scene, as distributed"
            )
        centred = pixels - pixels.mean(axis=1, keepdims=True)
        toa, surface = centred[:5], centred[5:10]
        variance = (surface**2).mean(axis=1)
        slope = (toa * surface).mean(axis=1) / np.maximum(variance, 1e-12)
        # an even scene doesn't tell; then noise counts as if the air were clear
        told = np.where(variance > _SPREAD_FLOOR**2, slope, _TRANSMITTANCE_RANGE[1])
        return np.clip(told, *_TRANSMITTANCE_RANGE)


@dataclass(frozen=True)
class TesRetriever:
    """TES with its source.

    Parameters
    ----------
    source : TesSource
    nedt_k : float
        Noise that the contrast is corrected for, K at 300 K, >= 0.
    settings : TesSettings
    """

    source: TesSource
    nedt_k: float = 0.3
    settings: TesSettings = TesSettings()

    def tiles(
        self,
        scene: Scene,
        calibration: Calibration,
        *,
        tile_size: int = 512,
        progress: Progress | None = None,
    ) -> Iterator[RetrievalTile]:
        """Retrieve tile by tile, row by row; the tiles cover the raster exactly once.

        Parameters
        ----------
        scene : Scene
        calibration : Calibration
        tile_size : int
            Pixels, >= 16.
        progress : Progress, optional

        Raises
        ------
        InputError
            If the scene has no valid pixel, or the source isn't of this scene.
        OperationCancelled
            If the user cancelled.
        """
        report = progress or SilentProgress()
        part = SubProgress(report, 0.0, _CONTEXT_SHARE)
        contexts = self.source.contexts(scene, calibration, part)
        windows = tile_windows(scene.grid, tile_size)
        for number, window in enumerate(windows):
            done = _CONTEXT_SHARE + (1.0 - _CONTEXT_SHARE) * number / len(windows)
            checkpoint(report, done, "separating temperature and emissivity")
            yield self._tile(scene, calibration, contexts, window)
        report.update(1.0, "separated")

    def _tile(
        self, scene: Scene, calibration: Calibration, contexts: Contexts, window: Window
    ) -> RetrievalTile:
        row, col, rows, cols = window.row, window.col, window.rows, window.cols
        place = padded_window(window, scene.grid.rows, scene.grid.cols)
        around = scene.read(place.row, place.col, place.rows, place.cols)
        around_bt = calibration.brightness_temperature(around)
        clouds = contexts.mask(around_bt, place, window)
        inner = np.s_[:, row - place.row :, col - place.col :]
        dn, bt = around[inner][:, :rows, :cols], around_bt[inner][:, :rows, :cols]
        valid: NDArray[np.bool_] = np.asarray(np.isfinite(bt).all(axis=0))
        radiance = calibration.radiance(dn)[:, valid]
        count = radiance.shape[1]
        values = np.zeros((count, 6))
        tau = np.zeros(count)
        in_domain, doubtful = np.ones(count, dtype=bool), np.zeros(count, dtype=bool)
        of_pixels = self.source.tile(scene, window, valid)
        for weight, context, _ in contexts.around(row, col, rows, cols):
            part = weight[valid]
            seen = part > 0
            share = part[seen]
            if not len(share):
                continue
            ground = of_pixels(radiance[:, seen], seen, context)
            found = temperature_emissivity_separation(
                ground.radiance, ground.sky, settings=self.settings,
                nedl=noise_radiance(self.nedt_k) / ground.transmittance,
            )  # fmt: skip
            values[seen] += share[:, None] * np.vstack([found.lst, found.lse]).T
            tau[seen] += share * ground.transmittance[REFERENCE]
            in_domain[seen] &= context.in_domain
            doubtful[seen] |= found.quality == TesQuality.NOT_CONVERGED
        narrow = values.astype(np.float32)
        qc = quality_layer(
            dn, calibration.flags(dn), valid, narrow, None, tau.astype(np.float32),
            clouds.classes[valid], clouds.water_snow[valid] != NOTHING, in_domain, doubtful,
        )  # fmt: skip
        full = np.full((6, rows, cols), np.nan, dtype=np.float32)
        full[:, valid] = narrow.T
        return RetrievalTile(row, col, full[0], None, full[1:], None, qc)
