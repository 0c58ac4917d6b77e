"""From what a network tells of its errors to one-sigma errors that hold on scenes not seen.

The heads learn a Laplace scale, of the training set's errors. On other scenes errors are larger and
their tails are not Laplace's: two factors for each output, found on validation scenes, turn scales
into the error within which 68.3 % of all errors lie, and that into the one within which 90 % do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import TrainingError
from akkd_core.nn.options import SurroundingsOptions
from akkd_core.nn.surroundings_batches import SurroundingsBatches
from akkd_core.nn.surroundings_teacher import ERROR_UNITS, SurroundingsTeacher
from akkd_core.physics.features import OUTPUT_NAMES
from akkd_core.simulation.training_set import TrainingSet

ONE_SIGMA, NINETY = 0.6827, 0.90
"""Shares of the errors that lie within one-sigma error and 90 % interval."""

_FLOOR = 1e-6


@dataclass(frozen=True, eq=False)
class HeadCalibration:
    """Factors of the error heads, one for each of `OUTPUT_NAMES`.

    Parameters
    ----------
    sigma_factor : ndarray of float64, (6,)
        From the heads' scale to the one-sigma error.
    interval_90 : ndarray of float64, (6,)
        From the one-sigma error to half the width of the 90 % interval.
    scenes : int
        On which they were found.
    """

    sigma_factor: NDArray[np.float64]
    interval_90: NDArray[np.float64]
    scenes: int

    def method(self) -> str:
        """Tell in words how the errors were found, for a bundle's manifest."""
        factors = ", ".join(
            f"{name} {factor:.3f}"
            for name, factor in zip(OUTPUT_NAMES, self.sigma_factor, strict=True)
        )
        widths = ", ".join(f"{width:.2f}" for width in self.interval_90)
        return (
            "told by the network for each pixel (Laplace scale of the absolute error), times a "
            f"factor calibrated by scene on {self.scenes} validation scenes from the file alone "
            f"({factors}) so that {ONE_SIGMA:.1%} of errors lie within; the 90 % interval is "
            f"{widths} times as wide"
        )


def calibrate_heads(
    teacher: SurroundingsTeacher, validation: TrainingSet, options: SurroundingsOptions
) -> HeadCalibration:
    """Find the factors on scenes of other air and materials than were trained on.

    Parameters
    ----------
    teacher : SurroundingsTeacher
    validation : TrainingSet
    options : SurroundingsOptions

    Raises
    ------
    TrainingError
        If a prediction is not finite.
    """
    batches = SurroundingsBatches(validation, teacher.scaling, options, shuffle=False)
    count = len(OUTPUT_NAMES)
    ratios = []
    for index in range(len(batches)):
        feeds, goals = batches[index]
        found = teacher.model.predict_on_batch(feeds)["targets"]
        error = np.abs(found[..., :count] - goals["targets"]) / ERROR_UNITS
        ratios.append(error / np.exp(found[..., count:]))
    ratio = np.concatenate(ratios).astype(np.float64)
    if not np.isfinite(ratio).all():
        raise TrainingError("errors told on the validation set are not finite; train longer")
    one, ninety = (quantile_by_scene(ratio, share) for share in (ONE_SIGMA, NINETY))
    return HeadCalibration(one, ninety / one, len(validation))


def quantile_by_scene(ratio: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Bound below which a share of a new scene's values lie, from those of other scenes.

    Values of a scene share one bias, so scenes and not pixels are what a new one is exchangeable
    with: all scenes count alike, and the new one as one more whose values might be any (Dunn,
    Wasserman and Ramdas 2023, Distribution-free prediction sets for two-layer hierarchical models,
    JASA 118: pooled distribution functions).

    Parameters
    ----------
    ratio : ndarray of float64, (scene, pixel, n)
        1.
    share : float
        0-1.

    Returns
    -------
    ndarray of float64, (n,)
        1, above 0.
    """
    level = min(share * (1.0 + 1.0 / len(ratio)), 1.0)
    flat = ratio.reshape(-1, ratio.shape[-1])
    bound: NDArray[np.float64] = np.maximum(np.quantile(flat, level, axis=0), _FLOOR)
    return bound
