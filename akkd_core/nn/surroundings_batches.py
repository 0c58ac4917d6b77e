"""Batches for the teacher that sees pixels' surroundings, the same in every run with a seed."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from akkd_core.nn.batches import draw_scene_inputs, scene_inputs, steps_per_epoch
from akkd_core.nn.options import SurroundingsOptions
from akkd_core.nn.surroundings_teacher import SurroundingsScaling
from akkd_core.physics.features import ATMOSPHERE_NAMES, encode_atmosphere
from akkd_core.simulation.training_set import TrainingSet

_VALIDATED_PIXELS = 384


def with_profiles(
    raw: NDArray[np.float32], profile: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Append the air of profiles and its flag to a scene network's other inputs.

    Parameters
    ----------
    raw : ndarray of float32, (n, 79)
        See `akkd_core.nn.batches.scene_inputs`.
    profile : ndarray of float32, (n, 15)
        Encoded; NaN where unknown.

    Returns
    -------
    ndarray of float32, (n, 95)
    """
    known = np.isfinite(profile).all(axis=1, keepdims=True)
    return np.concatenate([raw, profile, known], axis=1).astype(np.float32)


def held_scene(
    raw: NDArray[np.float32], scaling: SurroundingsScaling, limit_sd: float
) -> NDArray[np.float32]:
    """Return inputs in standard deviations, float32, held in the limit; 0 where unknown (NaN)."""
    scaled = np.nan_to_num((raw - scaling.scene_mean) / scaling.scene_scale, nan=0.0)
    result: NDArray[np.float32] = np.clip(scaled, -limit_sd, limit_sd).astype(np.float32)
    return result


class SurroundingsBatches(keras.utils.PyDataset):
    """Batches of scenes; what is known of them and which pixels are looked at is drawn anew.

    Parameters
    ----------
    data : TrainingSet
    scaling : SurroundingsScaling
    options : SurroundingsOptions
    shuffle : bool
        Another order, other pixels and other knowledge in each epoch, from seed and epoch alone.
        Without it, all scenes in their order with nothing known, as many pixels as may be.
    epoch : int
        That the run goes on with, from 0.
    """

    def __init__(
        self,
        data: TrainingSet,
        scaling: SurroundingsScaling,
        options: SurroundingsOptions,
        *,
        shuffle: bool,
        epoch: int = 0,
    ) -> None:
        super().__init__()
        self.data, self.scaling, self.options = data, scaling, options
        self.shuffle, self.epoch = shuffle, epoch
        truth = encode_atmosphere(data.transmittance, data.path_radiance, data.downwelling_radiance)
        self.atmosphere = (truth - scaling.atmosphere_mean) / scaling.atmosphere_scale
        pixels = data.lst.shape[1]
        self.sizes = sorted({min(size, pixels) for size in options.sample_pixels})
        self.order = np.arange(len(data))
        self.unaided = None if shuffle else scene_inputs(data)
        self.on_epoch_begin()

    def __len__(self) -> int:
        if self.shuffle:
            return steps_per_epoch(self.data, self.options)
        return -(-len(self.data) // self.options.batch_scenes)

    def on_epoch_begin(self) -> None:
        """Draw the epoch's order; Keras calls it."""
        if self.shuffle:
            rng = np.random.default_rng([self.options.seed, self.epoch])
            self.order = rng.permutation(len(self.data))

    def on_epoch_end(self) -> None:
        """Count the epoch; Keras calls it."""
        self.epoch += 1

    def __getitem__(self, index: int) -> tuple[dict[str, Any], dict[str, Any]]:
        options, data = self.options, self.data
        rows = self.order[index * options.batch_scenes : (index + 1) * options.batch_scenes]
        if self.unaided is None:
            rng = np.random.default_rng([options.seed, self.epoch, index])
            pixels, sample = self._drawn_pixels(rng, index)
            raw = draw_scene_inputs(data, rows, options, rng)
            given = rng.random((len(rows), 1)) < options.profile_share
            profile = np.where(given, data.profile_atmosphere[rows], np.float32(np.nan))
        else:
            pixels, sample = slice(0, _VALIDATED_PIXELS), slice(0, self.sizes[-1])
            raw = self.unaided[rows]
            profile = np.full((len(rows), len(ATMOSPHERE_NAMES)), np.nan, dtype=np.float32)
        feeds = {
            "scene": held_scene(with_profiles(raw, profile), self.scaling, options.limit_sd),
            "bt": data.bt[rows, pixels],
            "local": data.local[rows, pixels],
            "sample_bt": data.bt[rows, sample],
            "sample_local": data.local[rows, sample],
        }
        truth = np.concatenate([data.lst[rows, pixels, None], data.lse[rows, pixels]], axis=-1)
        air = self.atmosphere[rows]
        return feeds, {"targets": truth, "atmosphere": air, "first_guess": air}

    def _drawn_pixels(self, rng: np.random.Generator, index: int) -> tuple[slice, slice]:
        """Pixels of the loss and of the sample: runs of the set's, which are in random order."""
        have = self.data.lst.shape[1]
        wanted = min(self.options.loss_pixels, have)
        size = self.sizes[int(rng.integers(len(self.sizes)))]
        if index < 2:
            # by an epoch's first two batches Keras finds out which sizes aren't always the same
            size = self.sizes[-index]
        first, start = rng.integers([have - wanted + 1, have - size + 1])
        return slice(int(first), int(first) + wanted), slice(int(start), int(start) + size)
