"""From what a network tells of its errors to one-sigma errors that hold on scenes not seen.

Error heads learn a Laplace scale, of the training set's errors. On other scenes errors are larger
and their tails are not Laplace's: two factors for each output, found on scenes of other air and
materials, turn scales into the error within which 68.3 % of all errors lie, and that into the one
within which 90 % do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle import ModelBundle
from akkd_core.bundle.network_spec import NetworkSpec
from akkd_core.errors import TrainingError
from akkd_core.inference.predictors import make_predictor
from akkd_core.physics.features import LOG_SIGMA_NAMES, OUTPUT_NAMES
from akkd_core.progress import Progress, SilentProgress, checkpoint
from akkd_core.simulation.training_set import TrainingSet
from akkd_core.validation.error_calibration import Coverage
from akkd_core.validation.methods import predict_scene

ONE_SIGMA, NINETY = 0.6827, 0.90
"""Shares of the errors that lie within one-sigma error and 90 % interval."""

INTERVAL_90 = "interval_90"
"""Of a manifest's further facts: half the width of the 90 % interval over sigma, one number or one
for each output."""

_FLOOR = 1e-6


@dataclass(frozen=True, eq=False)
class ToldErrors:
    """Factors of the errors that a bundle tells, one for each of `OUTPUT_NAMES`.

    Parameters
    ----------
    factor : ndarray of float64, (6,)
        From the error told to the one-sigma error.
    interval_90 : ndarray of float64, (6,)
        From the one-sigma error to half the width of the 90 % interval.
    scenes : int
        On which they were found.
    """

    factor: NDArray[np.float64]
    interval_90: NDArray[np.float64]
    scenes: int


def told_ratios(
    bundle: ModelBundle, scenes: TrainingSet, progress: Progress | None = None
) -> NDArray[np.float64]:
    """Absolute errors from the file alone, over the errors that the bundle tells.

    Parameters
    ----------
    bundle : ModelBundle
        Its pixel network gives `LOG_SIGMA_NAMES`, too.
    scenes : TrainingSet
    progress : Progress, optional

    Returns
    -------
    ndarray of float64, (scene, pixel, 6)

    Raises
    ------
    OperationCancelled
        If the user cancelled.
    """
    report = progress or SilentProgress()
    predictor = make_predictor(bundle)
    names = predictor.network.output_names
    outputs = [names.index(name) for name in OUTPUT_NAMES]
    told = [names.index(name) for name in LOG_SIGMA_NAMES]
    ratios = []
    for index in range(len(scenes)):
        checkpoint(report, index / len(scenes), "errors told")
        values, _ = predict_scene(bundle, predictor, scenes, index)
        truth = np.column_stack([scenes.lst[index], scenes.lse[index]])
        ratios.append(np.abs(values[:, outputs] - truth) / np.exp(values[:, told]))
    return np.stack(ratios)


def told_coverage(
    bundle: ModelBundle, scenes: TrainingSet, progress: Progress | None = None
) -> tuple[Coverage, ...]:
    """Check the errors that a bundle tells of each pixel itself, from the file alone.

    Parameters
    ----------
    bundle : ModelBundle
        Its pixel network gives `LOG_SIGMA_NAMES`, too.
    scenes : TrainingSet
        Of other air than it was trained and calibrated on.
    progress : Progress, optional

    Returns
    -------
    tuple of Coverage
        One of each of `OUTPUT_NAMES`.

    Raises
    ------
    OperationCancelled
        If the user cancelled.
    """
    ratio = told_ratios(bundle, scenes, progress)
    return tuple(Coverage.of(name, ratio[..., i]) for i, name in enumerate(OUTPUT_NAMES))


def calibrate_told(
    bundle: ModelBundle, sets: Sequence[TrainingSet], progress: Progress | None = None
) -> ToldErrors:
    """Find the factors on scenes of other air and materials than were trained on.

    Parameters
    ----------
    bundle : ModelBundle
        Its pixel network gives `LOG_SIGMA_NAMES`, too.
    sets : sequence of TrainingSet
        One or more, of as many pixels a scene.
    progress : Progress, optional

    Raises
    ------
    TrainingError
        If a prediction is not finite.
    OperationCancelled
        If the user cancelled.
    """
    ratio = np.concatenate([told_ratios(bundle, scenes, progress) for scenes in sets])
    if not np.isfinite(ratio).all():
        raise TrainingError("errors told on held-out scenes are not finite; train longer")
    one, ninety = (quantile_by_scene(ratio, share) for share in (ONE_SIGMA, NINETY))
    return ToldErrors(one, ninety / one, len(ratio))


def with_told_errors(bundle: ModelBundle, found: ToldErrors, scenes: str) -> ModelBundle:
    """Return a bundle that tells one-sigma errors, and in words how they were found.

    Parameters
    ----------
    bundle : ModelBundle
        That the factors were found for.
    found : ToldErrors
    scenes : str
        What the scenes were, for the manifest.
    """
    pixel = bundle.pixel_network
    mean = pixel.output_mean.astype(np.float64)
    mean[[pixel.output_names.index(name) for name in LOG_SIGMA_NAMES]] += np.log(found.factor)
    pairs = zip(OUTPUT_NAMES, found.factor, strict=True)
    factors = ", ".join(f"{name} {factor:.3f}" for name, factor in pairs)
    widths = ", ".join(f"{width:.2f}" for width in found.interval_90)
    method = (
        "told by the network for each pixel (Laplace scale of the absolute error), times a factor "
        f"calibrated by scene on {scenes} from the file alone ({factors}) so that {ONE_SIGMA:.1%} "
        f"of errors lie within; the 90 % interval is {widths} times as wide"
    )
    manifest, spec = bundle.manifest, bundle.manifest.pixel
    network = replace(pixel, output_mean=mean.astype(np.float32))
    units = {value.name: value.unit for value in (*spec.inputs, *spec.outputs)}
    interval = dict(zip(OUTPUT_NAMES, found.interval_90.round(4).tolist(), strict=True))
    return replace(
        bundle,
        pixel_network=network,
        manifest=replace(
            manifest,
            pixel=NetworkSpec.of(network, units, spec.architecture),
            uncertainty=replace(manifest.uncertainty, method=method),
            extra={**manifest.extra, INTERVAL_90: interval},
        ),
    )


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
