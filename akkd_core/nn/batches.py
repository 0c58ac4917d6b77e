"""Batches of scenes for the teacher, the same in every run with the same seed."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from akkd_core.nn.options import TrainingOptions
from akkd_core.nn.teacher import TARGETS, Scaling
from akkd_core.physics.features import encode_atmosphere
from akkd_core.physics.scene_statistics import SCENE_INPUTS
from akkd_core.simulation.training_set import TrainingSet


def scene_inputs(
    data: TrainingSet,
    tcwv: NDArray[np.floating] | None = None,
    air_temperature: NDArray[np.floating] | None = None,
) -> NDArray[np.float32]:
    """Raw inputs of the scene network, (scene, 79): statistics, then ancillary with flags.

    Parameters
    ----------
    data : TrainingSet
    tcwv, air_temperature : ndarray, (scene,), optional
        kg m-2 and K; NaN where unknown; None: unknown everywhere.
    """
    columns = [data.statistics]
    for values in (tcwv, air_temperature):
        given = np.full(len(data), np.nan) if values is None else np.asarray(values)
        known = np.isfinite(given)
        columns.append(np.stack([given, known], axis=-1).astype(np.float32))
    return np.concatenate(columns, axis=-1).astype(np.float32)


def standardise_scene(raw: NDArray[np.float32], scaling: Scaling) -> NDArray[np.float32]:
    """Return inputs in standard deviations, float32; an unknown ancillary (NaN) is 0."""
    scaled = (raw - scaling.scene_mean) / scaling.scene_scale
    result: NDArray[np.float32] = np.nan_to_num(scaled, nan=0.0).astype(np.float32)
    return result


def draw_scene_inputs(
    data: TrainingSet,
    rows: NDArray[np.intp],
    options: TrainingOptions,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Raw inputs of the scene network for some scenes, ancillary known in a share of them.

    Parameters
    ----------
    data : TrainingSet
    rows : ndarray of int, (n,)
        Scenes.
    options : TrainingOptions
        For the share, and the errors of what is known.
    rng : Generator

    Returns
    -------
    ndarray of float32, (n, 79)
        As `scene_inputs`: unknown ancillary is NaN.
    """
    known = rng.random((2, len(rows))) < options.known_share
    tcwv = data.tcwv_kg_m2[rows] * (1 + options.tcwv_error * rng.standard_normal(len(rows)))
    air = data.air_temperature_k[rows] + (
        options.air_temperature_error_k * rng.standard_normal(len(rows))
    )
    raw = np.full((len(rows), len(SCENE_INPUTS)), np.nan, dtype=np.float32)
    raw[:, :-4] = data.statistics[rows]
    for i, values in enumerate((tcwv, air)):
        raw[:, -4 + 2 * i] = np.where(known[i], values, np.nan)
        raw[:, -3 + 2 * i] = known[i]
    return raw


def steps_per_epoch(data: TrainingSet, options: TrainingOptions) -> int:
    """Count the batches of an epoch; scenes that don't fill one are left out."""
    return max(len(data) // options.batch_scenes, 1)


class SceneBatches(keras.utils.PyDataset):
    """Batches of scenes in random order, their ancillary known or not anew each time.

    Parameters
    ----------
    data : TrainingSet
    scaling : Scaling
    options : TrainingOptions
    shuffle : bool
        Another order and other ancillary in each epoch, from seed and epoch alone.
    epoch : int
        That the run goes on with, from 0.
    """

    def __init__(
        self,
        data: TrainingSet,
        scaling: Scaling,
        options: TrainingOptions,
        *,
        shuffle: bool,
        epoch: int = 0,
    ) -> None:
        super().__init__()
        self.data, self.scaling, self.options = data, scaling, options
        self.rows, self.shuffle, self.epoch = np.arange(len(data)), shuffle, epoch
        truth = encode_atmosphere(data.transmittance, data.path_radiance, data.downwelling_radiance)
        self.atmosphere = (truth - scaling.atmosphere_mean) / scaling.atmosphere_scale
        columns = [TARGETS.index(t) for t in options.targets]
        self.columns = columns
        self.order = self.rows
        self.on_epoch_begin()

    def __len__(self) -> int:
        return steps_per_epoch(self.data, self.options)

    def on_epoch_begin(self) -> None:
        """Draw the epoch's order; Keras calls it."""
        if self.shuffle:
            rng = np.random.default_rng([self.options.seed, self.epoch])
            self.order = rng.permutation(self.rows)

    def on_epoch_end(self) -> None:
        """Count the epoch; Keras calls it."""
        self.epoch += 1

    def __getitem__(self, index: int) -> tuple[dict[str, Any], dict[str, Any]]:
        options, data = self.options, self.data
        rows = self.order[index * options.batch_scenes : (index + 1) * options.batch_scenes]
        targets = np.concatenate([data.lst[rows][..., None], data.lse[rows]], axis=-1)
        feeds: dict[str, Any] = {"bt": data.bt[rows]}
        goals: dict[str, Any] = {"targets": targets[..., self.columns]}
        if options.inputs == "scene":
            epoch = self.epoch if self.shuffle else 0
            rng = np.random.default_rng([options.seed, epoch, index])
            feeds["scene"] = self._scene(rng, rows)
            goals["atmosphere"] = self.atmosphere[rows]
        return feeds, goals

    def _scene(self, rng: np.random.Generator, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        raw = draw_scene_inputs(self.data, rows, self.options, rng)
        return standardise_scene(raw, self.scaling)
