"""Pixels of labelled scenes: to learn from, and held out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import DistillationError, ParameterError
from akkd_core.physics.features import OUTPUT_NAMES, PIXEL_ONLY_FEATURES, REFERENCE
from akkd_core.simulation.archive_scene import ArchiveScene

INPUTS = PIXEL_ONLY_FEATURES
"""Inputs of teachers and students: the pixel's five brightness temperatures, as in the paper."""

BASE = PIXEL_ONLY_FEATURES[REFERENCE]
"""Temperature is predicted as the departure from this input."""


@dataclass(frozen=True)
class PixelSamples:
    """Pixels with labels, and with the truth where it is known.

    Parameters
    ----------
    targets : tuple of str
        Of `akkd_core.physics.features.OUTPUT_NAMES`.
    x : ndarray of float32, (n, 5)
        Brightness temperature of bands 10-14, K.
    labels : ndarray of float32, (n, n_targets)
        What a product says: K, and 0-1.
    truth : ndarray of float32, (n, n_targets), optional
        None where it isn't known.

    Raises
    ------
    DistillationError
        If shapes don't fit, a value is not finite, or there are no pixels.
    """

    targets: tuple[str, ...]
    x: NDArray[np.float32]
    labels: NDArray[np.float32]
    truth: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        shape = (len(self.x), len(self.targets))
        if not len(self.x) or self.x.shape[1:] != (len(INPUTS),) or self.labels.shape != shape:
            raise DistillationError(f"samples {self.x.shape} with labels {self.labels.shape}")
        if self.truth is not None and self.truth.shape != shape:
            raise DistillationError(f"labels {shape}, but truth {self.truth.shape}")
        if not (np.isfinite(self.x).all() and np.isfinite(self.labels).all()):
            raise DistillationError("samples hold values that are not finite")

    def __len__(self) -> int:
        return len(self.x)

    @property
    def output_add(self) -> tuple[str | None, ...]:
        """Input that each output is a departure from; None for emissivities."""
        return tuple(BASE if target == "lst" else None for target in self.targets)

    @property
    def base(self) -> NDArray[np.float32]:
        """Values that outputs are departures from, (n, n_targets), 0 for emissivities."""
        is_lst = np.array([target == "lst" for target in self.targets], dtype=np.float32)
        base: NDArray[np.float32] = self.x[:, REFERENCE : REFERENCE + 1] * is_lst
        return base


def target_names(target: str) -> tuple[str, ...]:
    """Targets of the word that options take: ``joint``, ``lst``, ``lse10`` ... ``lse14``."""
    if target == "joint":
        return OUTPUT_NAMES
    name = target.replace("lse", "lse_")
    if name not in OUTPUT_NAMES:
        raise ParameterError(f"target {target!r}: choose joint, lst, or lse10 to lse14")
    return (name,)


def held_out_blocks(
    shape: tuple[int, int], *, block: int = 12, share: float = 1 / 3, seed: int = 0
) -> NDArray[np.bool_]:
    """Choose square blocks of a scene to hold out: neighbours are alike, single pixels leak.

    Parameters
    ----------
    shape : (rows, cols)
    block : int
        Side of a block, pixels.
    share : float
        Of the blocks that are held out, 0-1; at least one is, and one is not.
    seed : int

    Returns
    -------
    ndarray of bool, (rows, cols)
        True where held out.
    """
    rows, cols = (-(-n // block) for n in shape)
    if rows * cols < 2:
        raise ParameterError(f"a scene of {shape} holds one block of {block}: nothing to hold out")
    count = min(max(round(share * rows * cols), 1), rows * cols - 1)
    chosen = np.zeros(rows * cols, dtype=bool)
    chosen[np.random.default_rng([seed, 5]).permutation(rows * cols)[:count]] = True
    grid = chosen.reshape(rows, cols)
    return np.kron(grid, np.ones((block, block), dtype=bool))[: shape[0], : shape[1]]


def scene_samples(
    scene: ArchiveScene, targets: tuple[str, ...], where: NDArray[np.bool_] | None = None
) -> PixelSamples:
    """Pixels of a scene with a valid label.

    Parameters
    ----------
    scene : ArchiveScene
    targets : tuple of str
    where : ndarray of bool, (row, col), optional
        Only these.

    Raises
    ------
    DistillationError
        If no pixel is left.
    """
    chosen = scene.label_valid & np.isfinite(scene.bt).all(axis=0)
    if where is not None:
        chosen = chosen & where
    if not chosen.any():
        raise DistillationError(f"scene {scene.name}: no pixel with a valid label is left")
    truth = None
    if scene.lst is not None and scene.lse is not None:
        truth = _columns(scene.lst, scene.lse, targets, chosen)
    labels = _columns(scene.label_lst, scene.label_lse, targets, chosen)
    return PixelSamples(targets, scene.bt[:, chosen].T.copy(), labels, truth)


def _columns(
    lst: NDArray[np.float32],
    lse: NDArray[np.float32],
    targets: tuple[str, ...],
    chosen: NDArray[np.bool_],
) -> NDArray[np.float32]:
    layers = [lst if t == "lst" else lse[OUTPUT_NAMES.index(t) - 1] for t in targets]
    return np.stack([layer[chosen] for layer in layers], axis=1).astype(np.float32)


def pooled_samples(
    scenes: Iterable[ArchiveScene], targets: tuple[str, ...], *, most_per_scene: int, seed: int = 0
) -> PixelSamples:
    """Pixels of many scenes, no scene with more than its share.

    Parameters
    ----------
    scenes : iterable of ArchiveScene
    targets : tuple of str
    most_per_scene : int
        Drawn at random where a scene has more.
    seed : int

    Raises
    ------
    DistillationError
        If there is no scene or one without labels.
    """
    parts = []
    for i, scene in enumerate(scenes):
        found = scene_samples(scene, targets)
        rng = np.random.default_rng([seed, i])
        parts.append(take(found, rng.permutation(len(found))[:most_per_scene]))
    if not parts:
        raise DistillationError("no scene to learn from")
    truths = [part.truth for part in parts]
    known = [truth for truth in truths if truth is not None]
    return PixelSamples(
        targets,
        np.concatenate([part.x for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate(known) if len(known) == len(parts) else None,
    )


def take(samples: PixelSamples, rows: NDArray[np.intp]) -> PixelSamples:
    """Return some of the samples.

    Parameters
    ----------
    samples : PixelSamples
    rows : ndarray of dtype intp, (m,)
        Their places.
    """
    truth = None if samples.truth is None else samples.truth[rows]
    return PixelSamples(samples.targets, samples.x[rows], samples.labels[rows], truth)


@dataclass(frozen=True)
class HeldOut:
    """Pixels that nothing was trained on, with their original labels: what scores are taken of.

    A type of its own, so that training takes none of them and a score takes nothing else: composite
    labels are plain arrays and never get here.

    Parameters
    ----------
    samples : PixelSamples
    """

    samples: PixelSamples

    def __len__(self) -> int:
        return len(self.samples)


def split_scene(
    scene: ArchiveScene, targets: tuple[str, ...], *, block: int, share: float, seed: int
) -> tuple[PixelSamples, HeldOut]:
    """Split a scene's labelled pixels into those to learn from and those held out, in blocks.

    Parameters
    ----------
    scene : ArchiveScene
    targets : tuple of str
    block, share, seed
        See `held_out_blocks`.

    Raises
    ------
    DistillationError
        If one of the two has no pixel.
    """
    held_out = held_out_blocks(scene.grid.shape, block=block, share=share, seed=seed)
    return (
        scene_samples(scene, targets, ~held_out),
        HeldOut(scene_samples(scene, targets, held_out)),
    )
