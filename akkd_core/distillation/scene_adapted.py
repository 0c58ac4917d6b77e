"""A student of one scene: a scene-aware bundle, distilled on the scene's own unlabelled pixels.

The teacher reads the air from the scene's statistics and then sees each pixel through it. Its
student takes the five brightness temperatures alone: within the scene the air is the same, so it
is learnt. No label is needed, so there are as many samples as pixels, and more with noise on top.

Noise on the student's inputs (`with_noise`) does more than multiply samples. A pixel measured as y
is the true x with noise. What a least-squares student learns at z = y + noise is the mean of the
teacher over the pixels y that may have become z: the teacher's result, drawn towards what is
frequent in this scene, by about as much as the posterior mean of x given y asks for (Tweedie's
formula, Robbins 1956: E[x | y] = y + variance * d log p(y) / dy, here with p of once more noise).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle import Architecture, ErrorTable, Network
from akkd_core.calibration import Calibration
from akkd_core.distillation.samples import INPUTS, PixelSamples, held_out_blocks
from akkd_core.errors import DistillationError
from akkd_core.images import Scene
from akkd_core.inference.cloud_mask import MARGIN, PROBABLY_CLOUDY
from akkd_core.inference.context import NOTHING_KNOWN, Ancillary, make_context
from akkd_core.inference.numpy_predictor import NumpyPredictor
from akkd_core.inference.retriever import Retriever
from akkd_core.inference.scene_contexts import SceneContexts
from akkd_core.inference.surroundings import look_around
from akkd_core.inference.tile_pixels import TilePixels
from akkd_core.inference.windows import tile_windows
from akkd_core.physics.features import LSE_RANGE, OUTPUT_NAMES, REFERENCE
from akkd_core.physics.local_features import MARGIN as LOCAL_MARGIN
from akkd_core.physics.planck import band_radiance, brightness_temperature
from akkd_core.progress import Progress, SilentProgress, SubProgress, checkpoint
from akkd_core.sensors import aster_tir
from akkd_core.simulation.scenes import noise_radiance
from akkd_core.validation.error_calibration import LST_EDGES_K
from akkd_core.validation.metrics import Metrics, metrics

MIN_PIXELS = 1000
"""Clear pixels that a scene must have: fewer tell neither its surfaces nor its domain."""

_BLOCK, _HELD_OUT_SHARE = 12, 0.2
_POOL = 1_000_000
_TILE = 512
_BATCH = 512
_STRATUM_K = (1.0, 0.5)
_FLAT_SHARE = 0.5
_SIGMA_PRIOR = 100.0


@dataclass(frozen=True, eq=False)
class TaughtPixels:
    """Clear pixels of a scene, and what a bundle retrieves from them.

    Parameters
    ----------
    bt : ndarray of float32, (n, 5)
        Brightness temperature of bands 10-14, K.
    values : ndarray of float32, (n, 6)
        Retrieved LST, K, and emissivity of bands 10-14, 0-1.
    errors : ndarray of float32, (n, 6)
        Their standard errors; NaN where the bundle tells none.
    in_domain : ndarray of bool, (n,)
        Whether the bundle's domain of validity holds the pixel.
    place : ndarray of intp, (n,)
        Row times the raster's columns plus column.
    """

    bt: NDArray[np.float32]
    values: NDArray[np.float32]
    errors: NDArray[np.float32]
    in_domain: NDArray[np.bool_]
    place: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.bt)

    def where(self, chosen: NDArray[np.bool_]) -> TaughtPixels:
        """Return some of the pixels."""
        return TaughtPixels(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})

    @classmethod
    def joined(cls, parts: Sequence[TaughtPixels]) -> TaughtPixels:
        """Put the pixels of parts of a scene together."""
        names = [f.name for f in fields(cls)]
        return cls(**{n: np.concatenate([getattr(part, n) for part in parts]) for n in names})


def taught_pixels(
    teacher: Retriever,
    scene: Scene,
    calibration: Calibration,
    *,
    ancillary: Ancillary = NOTHING_KNOWN,
    seed: int = 1,
    progress: Progress | None = None,
) -> tuple[TaughtPixels, TaughtPixels]:
    """Retrieve a scene's clear, valid pixels, those to learn from and those held out.

    Parameters
    ----------
    teacher : Retriever
    scene : Scene
        Of a raster of more than a million pixels a regular sample is taken.
    calibration : Calibration
    ancillary : Ancillary
    seed : int
        Of the held-out blocks, a fifth of all.
    progress : Progress, optional

    Returns
    -------
    learn, held_out : TaughtPixels

    Raises
    ------
    InputError
        If the scene has no valid pixel.
    DistillationError
        If it has too few that are clear, or all are outside the teacher's domain of validity.
    OperationCancelled
        If the user cancelled.
    """
    report = progress or SilentProgress()
    contexts = SceneContexts(
        scene,
        calibration,
        lambda statistics, window, sample: make_context(
            teacher.bundle, statistics, ancillary, sample
        ),
        SubProgress(report, 0.0, 0.2),
        lambda window: ancillary.air_temperature_k,
    )
    margin = MARGIN + (LOCAL_MARGIN if teacher.sees_surroundings else 0)
    step = max(int(np.ceil(np.sqrt(scene.grid.rows * scene.grid.cols / _POOL))), 1)
    kept_out = held_out_blocks(
        scene.grid.shape, block=_BLOCK, share=_HELD_OUT_SHARE, seed=seed
    )
    parts = []
    windows = tile_windows(scene.grid, _TILE)
    for number, window in enumerate(windows):
        checkpoint(report, 0.2 + 0.8 * number / len(windows), "teacher's retrieval")
        tile = TilePixels(scene, calibration, window, margin)
        around = contexts.of_pixels(window, tile.valid)
        mask, local = look_around(tile, contexts, False, teacher.sees_surroundings)
        clouds = mask.classes[tile.valid]
        row, col = np.nonzero(tile.valid)
        row, col = row + window.row, col + window.col
        used = (clouds < PROBABLY_CLOUDY) & (row % step == 0) & (col % step == 0)
        bt, place = tile.bt[used], (row * scene.grid.cols + col)[used]
        found = teacher.pixels(
            bt,
            [(share[used], context) for share, context in around],
            None if local is None else local[used],
        )
        pixels = TaughtPixels(bt, found.values, found.errors, found.in_domain, place)
        parts.append(pixels.where(np.asarray(np.isfinite(found.values).all(axis=1))))
    whole = TaughtPixels.joined(parts)
    held_out = kept_out.ravel()[whole.place]
    if len(whole) < MIN_PIXELS or held_out.all() or not held_out.any():
        raise DistillationError(
            f"{scene.metadata.granule_id}: {len(whole)} clear pixels are too few to adapt to. "
            f"give a scene with {MIN_PIXELS}, or retrieve it with the teacher"
        )
    if not whole.in_domain[~held_out].any():
        raise DistillationError(
            f"{scene.metadata.granule_id}: is outside the domain of validity of bundle "
            f"{teacher.bundle.name}, a student of it would hide that. give another teacher"
        )
    return whole.where(~held_out), whole.where(held_out)


def draw(bt: NDArray[np.float32], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw pixels, each at most once, so that rare temperatures and contrasts are among them.

    A pixel's chance has two equal parts: the same for all pixels, and the same for all classes of
    band 13 (1 K wide) and of band 10 less band 13 (0.5 K), shared by those in the class.

    Parameters
    ----------
    bt : ndarray of float32, (n, 5)
        K.
    count : int
        How many; all if there are no more.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of intp
        Rows, in random order.
    """
    if count >= len(bt):
        return rng.permutation(len(bt))
    named = np.stack([bt[:, REFERENCE], bt[:, 0] - bt[:, REFERENCE]], axis=1)
    classes = np.floor(named / np.array(_STRATUM_K)).astype(np.int64)
    _, label, size = np.unique(classes, axis=0, return_inverse=True, return_counts=True)
    chance = (1 - _FLAT_SHARE) / len(bt) + _FLAT_SHARE / (len(size) * size[label.ravel()])
    # Gumbel's trick: the largest of log chance + noise are a draw without replacement
    keys = np.log(chance) + rng.gumbel(size=len(bt))
    return np.argsort(-keys)[:count]


def with_noise(
    bt: NDArray[np.float32], share: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Add instrument noise once more: constant in radiance, NEdT of `sensors/aster.json` at 300 K.

    Parameters
    ----------
    bt : ndarray of float32, (n, 5)
        K.
    share : float
        Of the noise's standard deviation, >= 0; 0 leaves the pixels as they are.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of float32, (n, 5)
        K; where a radiance would be none, the pixel as it was.
    """
    if share == 0.0:
        return bt
    level = noise_radiance(share * aster_tir().nedt_k)[:, None]
    radiance = band_radiance(bt.T) + level * rng.standard_normal(bt.T.shape)
    noisy = brightness_temperature(radiance).T
    result: NDArray[np.float32] = np.where(np.isfinite(noisy), noisy, bt).astype(np.float32)
    return result


def adapt(
    learn: TaughtPixels,
    architecture: Architecture,
    *,
    pixels: int,
    epochs: int,
    noise: float,
    seed: int,
    progress: Progress | None = None,
) -> Network:
    """Train the student: a network on five brightness temperatures that follows the teacher.

    The loss is the squared departure from the teacher in standardised units.

    Parameters
    ----------
    learn : TaughtPixels
    architecture : Architecture
    pixels : int
        Drawn from them at most, see `draw`.
    epochs : int
    noise : float
        Share of the instrument's noise that is added to the student's inputs, see `with_noise`.
    seed : int
    progress : Progress, optional

    Raises
    ------
    TrainingError
        If the loss is not finite.
    OperationCancelled
        If the user cancelled.
    """
    from akkd_core.nn.fitting import FitOptions, Samples
    from akkd_core.nn.goc_training import fit_plain

    rng = np.random.default_rng([seed, 21])
    rows = draw(learn.bt, pixels, rng)
    samples = PixelSamples(OUTPUT_NAMES, with_noise(learn.bt[rows], noise, rng), learn.values[rows])
    return fit_plain(
        architecture,
        Samples(samples.x, samples.labels, samples.base),
        input_names=INPUTS,
        output_names=samples.targets,
        output_add=samples.output_add,
        options=FitOptions(epochs, min(_BATCH, len(samples)), seed),
        progress=progress,
    )


def fidelity(student: Network, held_out: TaughtPixels) -> dict[str, Metrics]:
    """Compare student and teacher on pixels that it was not trained on, by output, K and 1."""
    found = retrieved(student, held_out.bt)
    return {
        name: metrics(found[:, column], held_out.values[:, column])
        for column, name in enumerate(OUTPUT_NAMES)
    }


def adapted_error_table(
    student: Network, learn: TaughtPixels, held_out: TaughtPixels
) -> ErrorTable:
    """Errors of a student: its teacher's in this scene's air, and its departure from the teacher.

    Both are root mean squares in each class of temperature, drawn towards that of all.

    Parameters
    ----------
    student : Network
    learn : TaughtPixels
        Of these the teacher's errors are taken; it tells them.
    held_out : TaughtPixels
        Of these the student's departure is taken.

    Returns
    -------
    ErrorTable
        With one class of transmittance, since a student of five temperatures retrieves none.
    """
    away = retrieved(student, held_out.bt) - held_out.values
    square = _by_temperature(learn.values[:, 0], learn.errors)
    square += _by_temperature(held_out.values[:, 0], away)
    sigma = np.sqrt(square)[..., None].astype(np.float32)
    return ErrorTable(LST_EDGES_K.astype(np.float32), np.array([0.0, 1.0]), sigma)


def _by_temperature(
    lst: NDArray[np.float32], values: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Mean squares in classes of temperature, (column, class), from (n, column)."""
    classes = len(LST_EDGES_K) - 1
    label = np.clip(np.searchsorted(LST_EDGES_K, lst) - 1, 0, classes - 1)
    counts = np.bincount(label, minlength=classes) + _SIGMA_PRIOR
    squares = values.T.astype(np.float64) ** 2
    return np.stack(
        [(np.bincount(label, one, classes) + _SIGMA_PRIOR * one.mean()) / counts for one in squares]
    )


def retrieved(student: Network, bt: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a student's outputs as a retrieval has them.

    Parameters
    ----------
    student : Network
    bt : ndarray of float32, (n, 5)
        K.

    Returns
    -------
    ndarray of float32, (n, 6)
        LST, K, and emissivity of bands 10-14, held in their range.
    """
    values = NumpyPredictor(student).predict(bt)
    values[:, 1:] = np.clip(values[:, 1:], *LSE_RANGE)
    return values
