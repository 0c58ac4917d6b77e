"""The fitted part of the cloud mask: from features to probabilities of cloud, water and snow.

A small network (`tools/fit_cloud_mask.py` fits it on simulated scenes of the training split, and
chooses on the validation split). The window's features enter as biases, so they cost a pixel
nothing.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from akkd_core.inference.threads import default_threads, single_blas_thread
from akkd_core.physics.cloud_features import PIXEL_NAMES, WINDOW_NAMES

Array = NDArray[np.float32]

OUTPUTS = ("cloud", "water", "snow")
"""What the network tells of a pixel, as logits."""

_HELD_SD = 8.0
_CHUNK = 8192
_FILE = "cloud_classifier.json"


@dataclass(frozen=True)
class CloudClassifier:
    """The network's numbers, float32.

    Parameters
    ----------
    pixel_mean, pixel_scale : ndarray, (15,)
    window_mean, window_scale : ndarray, (30,)
    window_weight, window_bias : ndarray, (30, w), (w,)
        The window's own layer.
    first_weight, first_bias, first_window : ndarray, (15, h), (h,), (w, h)
    second_weight, second_bias, second_window : ndarray, (h, g), (g,), (w, g)
    last_weight, last_bias : ndarray, (g, 3), (3,)
    """

    pixel_mean: Array
    pixel_scale: Array
    window_mean: Array
    window_scale: Array
    window_weight: Array
    window_bias: Array
    first_weight: Array
    first_bias: Array
    first_window: Array
    second_weight: Array
    second_bias: Array
    second_window: Array
    last_weight: Array
    last_bias: Array

    def __post_init__(self) -> None:
        if (self.pixel_mean.shape, self.window_mean.shape, self.last_bias.shape) != (
            (len(PIXEL_NAMES),), (len(WINDOW_NAMES),), (len(OUTPUTS),),
        ):  # fmt: skip
            raise ValueError("cloud classifier doesn't fit the features")

    def logits(self, pixels: Array, window: Array) -> Array:
        """Logits of pixels of one window.

        Parameters
        ----------
        pixels : ndarray of float32, (15, n)
            See `akkd_core.physics.cloud_features.pixel_features`.
        window : ndarray of float32, (30,)

        Returns
        -------
        ndarray of float32, (3, n)
            In the order of `OUTPUTS`.
        """
        known = np.clip((window - self.window_mean) / self.window_scale, -_HELD_SD, _HELD_SD)
        hidden = np.maximum(known @ self.window_weight + self.window_bias, 0.0)
        first_bias = (hidden @ self.first_window + self.first_bias)[:, None]
        second_bias = (hidden @ self.second_window + self.second_bias)[:, None]
        first, second, last = self.first_weight.T, self.second_weight.T, self.last_weight.T
        mean, scale = self.pixel_mean[:, None], self.pixel_scale[:, None]
        out = np.empty((len(OUTPUTS), pixels.shape[1]), dtype=np.float32)

        def work(start: int) -> None:
            part = slice(start, start + _CHUNK)
            x = np.clip((pixels[:, part] - mean) / scale, -_HELD_SD, _HELD_SD)
            x = np.maximum(first @ x + first_bias, 0.0)
            x = np.maximum(second @ x + second_bias, 0.0)
            out[:, part] = last @ x + self.last_bias[:, None]

        # BLAS threads would wait for each other, spinning, longer than they compute
        with single_blas_thread(), ThreadPoolExecutor(default_threads()) as pool:
            list(pool.map(work, range(0, pixels.shape[1], _CHUNK)))
        return out


@cache
def cloud_classifier() -> CloudClassifier:
    """Return the network that comes with the package."""
    text = (files(__package__) / _FILE).read_text(encoding="utf-8")
    stored = json.loads(text)
    return CloudClassifier(
        **{f.name: np.array(stored[f.name], dtype=np.float32) for f in fields(CloudClassifier)}
    )
