"""The chain of AK-KD on labelled scenes: teacher, small model, student.

Networks see labels alone, as a product gives them; the truth of simulated scenes never gets here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.architecture import Architecture
from akkd_core.bundle.network import Network
from akkd_core.distillation.goc import composite_label
from akkd_core.distillation.plan import DistillationPlan
from akkd_core.distillation.predicted_error import with_error_outputs
from akkd_core.distillation.samples import INPUTS, PixelSamples, pooled_samples
from akkd_core.inference.numpy_predictor import NumpyPredictor
from akkd_core.progress import Progress, SilentProgress, SubProgress
from akkd_core.simulation.archive_scene import ArchiveScene

VARIANTS = ("teacher", "small", "incremental", "goc", "student")
"""In the order of the chain: the teacher on the scene; the small model; it trained on without a
teacher; it trained on under the GOC; that with dataset distillation on top, the student."""


def predict(network: Network, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Predict a network's targets from raw inputs, float32 (n, n_out).

    Parameters
    ----------
    network : Network
    x : ndarray of float32, (n, 5)
    """
    return NumpyPredictor(network).predict(x)


def fit_labels(
    samples: PixelSamples,
    architecture: Architecture,
    epochs: int,
    plan: DistillationPlan,
    seed: int,
    progress: Progress | None = None,
) -> Network:
    """Train a network on labels.

    Parameters
    ----------
    samples : PixelSamples
    architecture : Architecture
    epochs : int
    plan : DistillationPlan
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

    return fit_plain(
        architecture,
        Samples(samples.x, samples.labels, samples.base),
        input_names=INPUTS,
        output_names=samples.targets,
        output_add=samples.output_add,
        options=FitOptions(epochs, plan.batch_size, seed),
        progress=progress,
    )


def train_label_teacher(
    scenes: Iterable[ArchiveScene],
    plan: DistillationPlan,
    seed: int,
    progress: Progress | None = None,
) -> Network:
    """Train the teacher on the labels of many scenes.

    Parameters
    ----------
    scenes : iterable of ArchiveScene
    plan : DistillationPlan
    seed : int
    progress : Progress, optional

    Raises
    ------
    DistillationError
        If there are no labels.
    TrainingError, OperationCancelled
        See `fit_labels`.
    """
    samples = pooled_samples(
        scenes, plan.targets, most_per_scene=plan.most_per_scene, seed=seed
    )
    return fit_labels(
        samples, plan.teacher_architecture, plan.teacher_epochs, plan, seed, progress
    )


def go_on(
    network: Network,
    samples: PixelSamples,
    labels: NDArray[np.float32],
    taught: NDArray[np.float32],
    teacher_weight: float,
    epochs: int,
    plan: DistillationPlan,
    seed: int,
    progress: Progress | None = None,
) -> Network:
    """Train a small model further under the GOC.

    Parameters
    ----------
    network : Network
    samples : PixelSamples
        For their inputs.
    labels, taught : ndarray of float32, (n, n_targets)
        Labels, original or composite, and the teacher's predictions.
    teacher_weight : float
    epochs : int
    plan : DistillationPlan
    seed : int
    progress : Progress, optional

    Raises
    ------
    TrainingError, OperationCancelled
        See `fit_labels`.
    """
    from akkd_core.nn.fitting import FitOptions
    from akkd_core.nn.goc_training import train_goc

    small = plan.small_architecture
    slower = replace(small, learning_rate=small.learning_rate * plan.incremental_rate)
    return train_goc(
        network,
        slower,
        samples.x,
        labels,
        taught,
        teacher_weight,
        options=FitOptions(epochs, plan.batch_size, seed),
        progress=progress,
    )


def train_small(
    samples: PixelSamples,
    plan: DistillationPlan,
    seed: int,
    progress: Progress | None = None,
) -> Network:
    """Train the small model of a scene on its labels; parameters and errors as `fit_labels`."""
    return fit_labels(
        samples, plan.small_architecture, plan.small_epochs, plan, seed, progress
    )


def distil_small(
    small: Network,
    samples: PixelSamples,
    taught: NDArray[np.float32],
    plan: DistillationPlan,
    seed: int,
    progress: Progress | None = None,
    sigma: NDArray[np.float32] | None = None,
) -> dict[str, Network]:
    """Go on from a small model: under the GOC, and with dataset distillation on top.

    Both are trained for as many epochs in all, so that longer training is not taken for
    distillation.

    Parameters
    ----------
    small : Network
    samples : PixelSamples
        Pixels to learn from: none that is held out.
    taught : ndarray of float32, (n, n_targets)
        What the teacher predicts there.
    plan : DistillationPlan
    seed : int
    progress : Progress, optional
    sigma : ndarray of float32, (n, n_targets), optional
        Errors that the teacher expects there, each target's unit, above 0: the student learns
        their logarithms beside the targets.

    Returns
    -------
    dict of str to Network
        ``goc`` and ``student``.

    Raises
    ------
    TrainingError, OperationCancelled
        See `fit_labels`.
    """
    report = progress or SilentProgress()
    labels, weight = samples.labels, plan.teacher_weight
    if sigma is not None:
        # no label says how far it is off: for these outputs the teacher's word stands in both terms
        told = np.log(sigma)
        small = with_error_outputs(small, told)
        labels, taught = (np.concatenate([y, told], axis=1) for y in (labels, taught))

    def further(
        start: Network, own: NDArray[np.float32], epochs: int, part: tuple[float, float]
    ) -> Network:
        within = SubProgress(report, *part)
        return go_on(start, samples, own, taught, weight, epochs, plan, seed, within)

    under_goc = further(small, labels, plan.whole_epochs, (0.0, 0.5))
    composite = composite_label(labels, taught, weight).astype(np.float32)
    halfway = further(small, labels, plan.goc_epochs, (0.5, 0.75))
    student = further(halfway, composite, plan.dataset_epochs, (0.75, 1.0))
    return {"goc": under_goc, "student": student}


def distil(
    samples: PixelSamples,
    teacher: Network,
    plan: DistillationPlan,
    seed: int,
    progress: Progress | None = None,
    sigma: NDArray[np.float32] | None = None,
) -> dict[str, Network]:
    """Train small model and student on a scene's labels, with every step between, for comparison.

    Parameters
    ----------
    samples : PixelSamples
        Pixels to learn from: none that is held out.
    teacher : Network
        Of the pixel's inputs alone; see `akkd_core.distillation.scene_aware.bind`.
    plan : DistillationPlan
    seed : int
    progress : Progress, optional
    sigma : ndarray of float32, (n, n_targets), optional
        See `distil_small`.

    Returns
    -------
    dict of str to Network
        By `VARIANTS`.

    Raises
    ------
    TrainingError, OperationCancelled
        See `fit_labels`.
    """
    report = progress or SilentProgress()
    taught = predict(teacher, samples.x)
    small = train_small(samples, plan, seed, SubProgress(report, 0.0, 0.4, "small model: "))
    incremental = go_on(
        small, samples, samples.labels, taught, 0.0, plan.whole_epochs, plan, seed,
        SubProgress(report, 0.4, 0.6, "incremental: "),
    )  # fmt: skip
    further = distil_small(
        small, samples, taught, plan, seed, SubProgress(report, 0.6, 1.0, "student: "), sigma
    )
    return {"teacher": teacher, "small": small, "incremental": incremental, **further}
