"""The fitted check of a scene's statistics: whether one band is off against the others.

An error of 3 K in the calibration of one band hides in a single pixel, whose emissivity makes up
for it, and the refined atmosphere hides more of it. All pixels together don't look like ground
under air any longer: a small network that sees the scene's statistics tells the two apart
(`tools/fit_statistics_check.py` fits it on simulated scenes, with and without such an error).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from akkd_core.physics.scene_statistics import STATISTIC_NAMES

Array = NDArray[np.float32]

HELD_SD = 6.0
"""Statistics further than this from the training mean are held there, SD."""

_FILE = "statistics_check.json"


@dataclass(frozen=True, eq=False)
class StatisticsCheck:
    """The network's numbers, float32.

    Parameters
    ----------
    mean, scale : ndarray, (75,)
        Of the statistics.
    first_weight, first_bias : ndarray, (75, h), (h,)
    second_weight, second_bias : ndarray, (h, g), (g,)
    last_weight, last_bias : ndarray, (g,), ()
    limit : ndarray, ()
        A scene whose logit is above it has a band that is off.

    Raises
    ------
    ValueError
        If the numbers don't fit together.
    """

    mean: Array
    scale: Array
    first_weight: Array
    first_bias: Array
    second_weight: Array
    second_bias: Array
    last_weight: Array
    last_bias: Array
    limit: Array

    def __post_init__(self) -> None:
        first, second = len(self.first_bias), len(self.second_bias)
        shapes = (self.mean.shape, self.scale.shape, self.first_weight.shape,
                  self.second_weight.shape, self.last_weight.shape)  # fmt: skip
        count = len(STATISTIC_NAMES)
        if shapes != ((count,), (count,), (count, first), (first, second), (second,)):
            raise ValueError("check of statistics doesn't fit the statistics")

    def logit(self, statistics: NDArray[np.floating]) -> Array:
        """Tell how surely a band is off.

        Parameters
        ----------
        statistics : ndarray, (..., 75)
            See `akkd_core.physics.scene_statistics`.

        Returns
        -------
        ndarray of float32, (...)
            Logit.
        """
        x = np.clip((statistics - self.mean) / self.scale, -HELD_SD, HELD_SD)
        x = np.maximum(x @ self.first_weight + self.first_bias, 0.0)
        x = np.maximum(x @ self.second_weight + self.second_bias, 0.0)
        told: Array = np.asarray(x @ self.last_weight + self.last_bias, dtype=np.float32)
        return told

    def passes(self, statistics: NDArray[np.floating]) -> bool:
        """Whether a scene's statistics, (75,), are such as of calibrated bands."""
        return bool(self.logit(statistics) <= self.limit)


@cache
def statistics_check() -> StatisticsCheck:
    """Return the check that comes with the package."""
    text = (files(__package__) / _FILE).read_text(encoding="utf-8")
    stored = json.loads(text)
    return StatisticsCheck(
        **{f.name: np.array(stored[f.name], dtype=np.float32) for f in fields(StatisticsCheck)}
    )
