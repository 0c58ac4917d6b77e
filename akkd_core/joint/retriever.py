"""Retrieval with a joint model: every pixel from the models that fit it, blended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from akkd_core.calibration import SampleCalibration
from akkd_core.images import Scene
from akkd_core.inference.closure import closure, require_atmosphere
from akkd_core.inference.cloud_mask import NOTHING_MORE, MaskOptions, margin_of
from akkd_core.inference.context import (
    NOTHING_KNOWN,
    KnownAir,
    SceneContext,
    known_in,
    make_context,
)
from akkd_core.inference.layers import MODEL_NODATA
from akkd_core.inference.memory import give_back_memory
from akkd_core.inference.retriever import CONTEXT_SHARE, Retriever
from akkd_core.inference.scene_contexts import SceneContexts
from akkd_core.inference.surroundings import look_around
from akkd_core.inference.tile import RetrievalTile
from akkd_core.inference.tile_pixels import PixelRetrieval, TilePixels
from akkd_core.inference.water_snow import with_known_emissivity
from akkd_core.inference.windows import Window, tile_windows
from akkd_core.joint.bundle import JointBundle
from akkd_core.joint.footprints import pixel_lonlat
from akkd_core.joint.selection import claims_of, footprint_share, in_season, member_weights
from akkd_core.physics.features import OUTPUT_NAMES, REFERENCE
from akkd_core.physics.local_features import MARGIN as LOCAL_MARGIN
from akkd_core.progress import Progress, SilentProgress, SubProgress, checkpoint

Array = NDArray[np.float32]
Around = Sequence[tuple[Array, tuple[SceneContext, ...]]]


class JointRetriever:
    """A joint model, ready to retrieve scenes; as `akkd_core.inference.retriever.Retriever`.

    Parameters
    ----------
    joint : JointBundle
    runtime : str
        auto, onnxruntime, numpy or tensorflow.
    device : str
        auto, cpu or gpu:N.

    Raises
    ------
    BundleMismatchError
        If a member is for another sensor or lacks an output.
    MissingDependencyError
        If the runtime is not installed.
    """

    def __init__(self, joint: JointBundle, runtime: str = "auto", device: str = "auto") -> None:
        self.joint = joint
        self.members = tuple(Retriever(bundle, runtime, device) for bundle in joint.members)
        self.predictor = self.members[0].predictor
        self.sees_surroundings = any(member.sees_surroundings for member in self.members)

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
        """Retrieve tile by tile; parameters and errors as those of a plain `Retriever`.

        Parameters
        ----------
        scene : Scene
        calibration : SampleCalibration
        ancillary : Ancillary, or mapping of Window to Ancillary
        tile_size : int
            Pixels, >= 16.
        options : MaskOptions
        with_closure : bool
            Under the atmosphere of the first member that retrieves one.
        progress : Progress, optional
        """
        if with_closure:
            require_atmosphere(self.joint.members)
        report = progress or SilentProgress()
        bundles = self.joint.members
        contexts = SceneContexts(
            scene,
            calibration,
            lambda statistics, window, sample: tuple(
                make_context(b, statistics, known_in(ancillary, window), sample) for b in bundles
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
            weights = self.weights(scene, window, tile)
            model = np.full(tile.valid.shape, MODEL_NODATA, dtype=np.uint8)
            model[tile.valid] = weights.argmax(axis=0)
            found = self._blend(tile.bt, around, weights, local)
            if options.water_snow_prior:
                # the teacher's atmosphere
                first = [(share, members[0]) for share, members in around]
                kinds = clouds.water_snow[tile.valid]
                found = with_known_emissivity(found, tile.bt, first, kinds)
            misfit = None
            if with_closure:
                misfit = closure(found.values, tile.bt, [(s, _airy(c)) for s, c in around])
            yield tile.tile(found, clouds, model, misfit)
            # or the next tile's would stand beside them
            del tile, around, clouds, found, misfit, local, weights, model
            give_back_memory()
        report.update(1.0, "retrieved")

    def weights(self, scene: Scene, window: Window, tile: TilePixels) -> Array:
        """Weight of each member in a tile's valid pixels.

        Parameters
        ----------
        scene : Scene
        window : Window
            Where the tile lies.
        tile : TilePixels

        Returns
        -------
        ndarray of float32, (member, n)
            0-1, summing to 1; the teacher first. Students out of season have 0.
        """
        weights = np.zeros((len(self.members), len(tile.bt)), dtype=np.float32)
        weights[0] = 1.0
        at = scene.metadata.acquired_at
        candidates = [i for i, b in enumerate(self.joint.belongs, 1) if in_season(b, at)]
        if not candidates:
            return weights
        lonlat = pixel_lonlat(scene.grid, window.row, window.col, window.rows, window.cols)
        rule, found = self.joint.rule, []
        for i in candidates:
            belongs = self.joint.belongs[i - 1]
            place = footprint_share(belongs, lonlat, rule)[tile.valid]
            found.append(claims_of(belongs, tile.bt, place, rule))
        weights[[0, *candidates]] = member_weights([c for c, _ in found], [d for _, d in found])
        return weights

    def _blend(
        self, bt: Array, around: Around, weights: Array, local: Array | None
    ) -> PixelRetrieval:
        """Mean of the members' results, each run on the pixels where it has a weight."""
        reference = np.zeros((len(bt), len(OUTPUT_NAMES)), dtype=np.float32)
        started = np.zeros(len(bt), dtype=bool)
        mean, squares = np.zeros_like(reference), np.zeros_like(reference)
        variances = np.zeros(reference.shape)
        in_domain = np.ones(len(bt), dtype=bool)
        for index, (member, weight) in enumerate(zip(self.members, weights, strict=True)):
            used = weight > 0
            if not used.any():
                continue
            mine = [(share[used], contexts[index]) for share, contexts in around]
            found = member.pixels(bt[used], mine, None if local is None else local[used])
            share = weight[used, None]
            # departures from the first result keep float32's digits
            reference[used] = np.where(started[used, None], reference[used], found.values)
            started |= used
            departure = found.values - reference[used]
            mean[used] += share * departure
            squares[used] += share * departure**2
            variances[used] += share * found.errors.astype(np.float64) ** 2
            in_domain[used] &= found.in_domain
        # Mean of the variances and the spread between the members: not less than the error of the
        # mean, however the members' errors are correlated.
        errors = np.sqrt(variances + np.maximum(squares - mean**2, 0.0)).astype(np.float32)
        return PixelRetrieval(reference + mean, errors, self._transmittance(bt, around), in_domain)

    def _transmittance(self, bt: Array, around: Around) -> Array:
        """Band 13 transmittance by the first member that retrieves an atmosphere; 0 without."""
        tau = np.zeros(len(bt), dtype=np.float32)
        for share, contexts in around:
            transmittance = _airy(contexts).transmittance
            if transmittance is not None:
                tau += share * transmittance[REFERENCE]
        return tau


def _airy(contexts: tuple[SceneContext, ...]) -> SceneContext:
    """Context of the first member that retrieves an atmosphere; the teacher's if none does."""
    return next((c for c in contexts if c.transmittance is not None), contexts[0])
