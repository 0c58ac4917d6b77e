"""Samples of a search: five brightness temperatures and a target, simulated or labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.physics.features import OUTPUT_NAMES

if TYPE_CHECKING:
    from akkd_core.nn.fitting import Samples
    from akkd_core.simulation.archive import Archive
    from akkd_core.simulation.training_set import TrainingSet

N_INPUTS = 5
HELD_OUT_SHARE = 0.2
"""Share of scenes that are held out where there is no validation set."""

_BAND_13 = 3


def targets_of(target: str) -> tuple[str, ...]:
    """Names of a network's outputs for ``lst``, ``lse10``.. ``lse14`` or ``joint``."""
    return OUTPUT_NAMES if target == "joint" else (target.replace("lse", "lse_"),)


def split_scenes(
    count: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw which scenes train and which are held out: pixels of one scene are never on both sides.

    Parameters
    ----------
    count : int
        Scenes of the set.
    rng : numpy.random.Generator

    Raises
    ------
    ParameterError
        If there are less than two.
    """
    if count < 2:
        raise ParameterError(f"{count} scene: give a set of at least two, or --validation")
    held_out = max(round(HELD_OUT_SHARE * count), 1)
    order = rng.permutation(count)
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def pixel_samples(
    data: TrainingSet,
    scenes: NDArray[np.intp],
    targets: tuple[str, ...],
    most: int,
    rng: np.random.Generator,
) -> Samples:
    """Pixels of scenes, LST as departure from the brightness temperature of band 13.

    Parameters
    ----------
    data : TrainingSet
    scenes : ndarray of int
        Which scenes.
    targets : tuple of str
        Of `akkd_core.physics.features.OUTPUT_NAMES`.
    most : int
        Where there are more pixels, this many of them are drawn.
    rng : numpy.random.Generator

    Returns
    -------
    Samples
    """
    from akkd_core.nn.fitting import Samples

    bt = data.bt[scenes].reshape(-1, N_INPUTS)
    truth = np.concatenate([data.lst[scenes][..., None], data.lse[scenes]], axis=-1)
    y = truth.reshape(len(bt), -1)[:, [OUTPUT_NAMES.index(name) for name in targets]]
    base = np.zeros_like(y)
    if "lst" in targets:
        base[:, targets.index("lst")] = bt[:, _BAND_13]
    if len(bt) > most:
        kept = np.sort(rng.choice(len(bt), most, replace=False))
        bt, y, base = bt[kept], y[kept], base[kept]
    return Samples(bt, y, base)


def label_samples(
    archive: Archive, targets: tuple[str, ...], most: int, seed: int
) -> tuple[Samples, Samples]:
    """Labelled pixels of an archive's training scenes, to learn from and held out.

    Places are held out whole, with all of their dates. The truth of simulated scenes is not used.

    Parameters
    ----------
    archive : Archive
    targets : tuple of str
        Of `akkd_core.physics.features.OUTPUT_NAMES`.
    most : int
        Pixels to learn from, at most; a quarter as many are held out.
    seed : int

    Raises
    ------
    ParameterError
        If the scenes are of less than two places.
    DistillationError
        If a scene has no valid label.
    """
    from akkd_core.distillation.samples import pooled_samples
    from akkd_core.nn.fitting import Samples

    places: dict[tuple[object, ...], list[str]] = {}
    for entry in archive.entries:
        if entry.kind == "training":
            grid = entry.grid
            places.setdefault((grid.epsg, grid.geotransform, grid.shape), []).append(entry.name)
    by_place = list(places.values())
    parts = split_scenes(len(by_place), np.random.default_rng([seed, 2]))
    found = []
    for part, limit in zip(parts, (most, max(most // 4, 1)), strict=True):
        names = [name for place in part for name in by_place[place]]
        pixels = pooled_samples(
            (archive.scene(name) for name in names),
            targets,
            most_per_scene=max(limit // len(names), 1),
            seed=seed,
        )
        found.append(Samples(pixels.x, pixels.labels, pixels.base))
    return found[0], found[1]
