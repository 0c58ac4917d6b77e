"""Teachers that see the scene: five statistics of its brightness temperatures beside the pixel's.

Five alone, the means of band 13 and of the four differences to it: on training scenes of places
that were left out more of them did worse (docs/method.md). A network with such inputs becomes one
of five brightness temperatures as soon as its scene is known, since what all pixels share is a
constant of the first layer.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.network import Network
from akkd_core.errors import DistillationError
from akkd_core.inference.context import held_statistics
from akkd_core.physics.scene_statistics import STATISTIC_NAMES, scene_statistics
from akkd_core.simulation.archive_scene import ArchiveScene

TEACHER_STATISTICS = STATISTIC_NAMES[:5]
"""Means of band 13 and of the four differences to it, K."""

_FEWEST = 64


def whole_statistics(scene: ArchiveScene) -> NDArray[np.float32]:
    """Statistics of all of a scene's measured pixels, float32 (75,), K but for correlations.

    Raises
    ------
    DistillationError
        If none is measured.
    """
    measured = np.isfinite(scene.bt).all(axis=0)
    if not measured.any():
        raise DistillationError(f"scene {scene.name}: no pixel is measured in all bands")
    return scene_statistics(scene.bt[:, measured].T)


def bind(network: Network, scene: ArchiveScene) -> Network:
    """Turn a network into one of the pixel's inputs alone, for one scene.

    Parameters
    ----------
    network : Network
        Without scene inputs it stays as it is.
    scene : ArchiveScene
    """
    if not network.n_scene_inputs:
        return network
    return bind_statistics(network, whole_statistics(scene))


def bind_statistics(network: Network, statistics: NDArray[np.float32]) -> Network:
    """As `bind`, from a scene's statistics, float32 (75,)."""
    n = network.n_pixel_inputs
    values, _ = held_statistics(network, statistics)
    scaled = (values.astype(np.float64) - network.input_mean[n:]) / network.input_scale[n:]
    bias = network.biases[0].astype(np.float64) + scaled @ network.kernels[0][n:]
    return replace(
        network,
        kernels=(network.kernels[0][:n], *network.kernels[1:]),
        biases=(bias.astype(np.float32), *network.biases[1:]),
        input_names=network.input_names[:n],
        input_mean=network.input_mean[:n],
        input_scale=network.input_scale[:n],
    )


def random_window(shape: tuple[int, int], rng: np.random.Generator) -> tuple[slice, slice]:
    """Draw a part of a scene, a third to all of each side."""
    sides = [int(rng.integers(max(-(-n // 3), 1), n + 1)) for n in shape]
    starts = [int(rng.integers(n - side + 1)) for n, side in zip(shape, sides, strict=True)]
    rows, cols = (slice(at, at + side) for at, side in zip(starts, sides, strict=True))
    return rows, cols


def window_with_labels(
    scene: ArchiveScene, usable: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw a part of a scene that has labels; all of it where none is found.

    Parameters
    ----------
    scene : ArchiveScene
    usable : ndarray of bool, (row, col)
    rng : Generator

    Returns
    -------
    ndarray of bool, (row, col)
        True inside.
    """
    for _ in range(8):
        window = random_window(scene.grid.shape, rng)
        if int(usable[window].sum()) >= _FEWEST:
            inside = np.zeros(usable.shape, dtype=bool)
            inside[window] = True
            return inside
    return np.ones(usable.shape, dtype=bool)
