"""Compression: a small pixel network that learns what a bundle's large one gives.

The scene network stays as it is, so student and teacher see the same inputs. The student is
trained under the global optimization criterion (GOC) between truth and teacher; a teacher's
outputs carry no noise, so a small network follows them with few epochs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from akkd_core.bundle.architecture import Architecture
from akkd_core.bundle.network import Network
from akkd_core.nn.fitting import build_network
from akkd_core.nn.objective import make_optimizer, rounded_error
from akkd_core.nn.options import DEFAULT_PATIENCE, refuse_unfit_student
from akkd_core.nn.teacher_samples import TeacherSamples
from akkd_core.nn.training import run_epochs
from akkd_core.progress import Progress


@dataclass(frozen=True)
class CompressionOptions:
    """How a student is trained; optimizer and learning rate are its architecture's.

    Parameters
    ----------
    targets : tuple of str
        Outputs of teacher and student.
    teacher_weight : float
        w of ``(1 - w) error(truth) + w error(teacher)``, 0-1.
    epochs : int
        Passes through the set at most.
    patience : int
        Epochs without improvement after which the run ends; 0: never.
    batch_scenes : int
        Scenes per step.
    seed : int

    Raises
    ------
    ParameterError
        If a number is out of range.
    """

    targets: tuple[str, ...]
    teacher_weight: float
    epochs: int
    patience: int = DEFAULT_PATIENCE
    batch_scenes: int = 64
    seed: int = 1

    def __post_init__(self) -> None:
        refuse_unfit_student(self.teacher_weight, self.epochs, self.patience, self.batch_scenes)


def pixel_multiply_adds(network: Network) -> int:
    """Count the multiply-adds of a pixel: the scene's share of the first layer is none of them.

    Parameters
    ----------
    network : Network
        A pixel network.
    """
    return network.multiply_adds() - network.n_scene_inputs * network.biases[0].size


def compress(
    network: Network,
    data: TeacherSamples,
    validation: TeacherSamples,
    work_dir: str | Path,
    *,
    architecture: Architecture,
    options: CompressionOptions,
    facts: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Network:
    """Train a small pixel network on a large one's outputs, or go on where a run stopped.

    Parameters
    ----------
    network : Network
        The teacher's pixel network; inputs, outputs and scaling are the student's, too.
    data, validation : TeacherSamples
        Of disjoint profiles and materials. The epoch is kept that comes nearest to its goals on
        the validation set, ``(1 - w) |truth| + w |teacher|``: by the truth alone an early epoch,
        still smooth, can pass for the best while it is far from the teacher.
    work_dir : path
        Checkpoint, kept weights and learning curve go here.
    architecture : Architecture
        Of the student.
    options : CompressionOptions
    facts : mapping, optional
        What else makes this run another one, e.g. the teacher's hash, as JSON takes it.
    progress : Progress, optional

    Returns
    -------
    Network
        With averaged weights, as `akkd_core.nn.training.train_teacher`.

    Raises
    ------
    TrainingError
        If the loss is not finite, or ``work_dir`` holds a run with other options or a damaged one.
    OperationCancelled
        If the user cancelled; run again to resume.
    """
    keras.utils.set_random_seed(options.seed)
    model = build_network(architecture, network.n_inputs, network.n_outputs)
    batches = _Batches(network, data, options)
    model.compile(
        make_optimizer(architecture, len(batches) * options.epochs),
        loss=_criterion(options.teacher_weight, network.n_outputs),
        metrics=[
            metric
            for column in range(network.n_outputs)
            for metric in _metrics(network, column, options.teacher_weight)
        ],
    )

    def from_epoch(done: int) -> _Batches:
        batches.epoch = done
        batches.on_epoch_begin()
        return batches

    run_epochs(
        model,
        from_epoch,
        _Batches(network, validation, options, shuffle=False),
        Path(work_dir),
        options=options,
        run={
            "options": asdict(options),
            "architecture": architecture.to_json(),
            "facts": dict(facts or {}),
        },
        progress=progress,
    )
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    weights = [layer.get_weights() for layer in dense]
    return replace(
        network,
        kernels=tuple(w[0] for w in weights),
        biases=tuple(w[1] for w in weights),
        activations=tuple(layer.activation.__name__ for layer in dense),
    )


class _Batches(keras.utils.PyDataset):
    """Standardised inputs, and truth and teacher side by side as targets, by scenes."""

    def __init__(
        self,
        network: Network,
        data: TeacherSamples,
        options: CompressionOptions,
        *,
        shuffle: bool = True,
    ) -> None:
        super().__init__()
        n = network.n_pixel_inputs
        self.pixel = (data.pixel - network.input_mean[:n]) / network.input_scale[:n]
        self.scene = (data.scene - network.input_mean[n:]) / network.input_scale[n:]
        base = np.stack(
            [
                np.zeros(data.pixel.shape[:2], np.float32) if c is None else data.pixel[..., c]
                for c in network.add_columns
            ],
            axis=-1,
        )
        shift = base + network.output_mean
        goals = [(values - shift) / network.output_scale for values in (data.truth, data.teacher)]
        self.goals: NDArray[np.float32] = np.concatenate(goals, axis=-1).astype(np.float32)
        self.options, self.shuffle, self.epoch = options, shuffle, 0
        self.order = np.arange(len(data))

    def __len__(self) -> int:
        return max(len(self.order) // self.options.batch_scenes, 1)

    def on_epoch_begin(self) -> None:
        """Draw the epoch's order; Keras calls it."""
        if self.shuffle:
            rng = np.random.default_rng([self.options.seed, self.epoch])
            self.order = rng.permutation(len(self.pixel))

    def on_epoch_end(self) -> None:
        """Count the epoch; Keras calls it."""
        self.epoch += 1

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        size = self.options.batch_scenes
        rows = self.order[index * size : (index + 1) * size]
        pixel, goals = self.pixel[rows], self.goals[rows]
        wide = np.repeat(self.scene[rows][:, None], pixel.shape[1], axis=1)
        x = np.concatenate([pixel, wide], axis=-1)
        return x.reshape(-1, x.shape[-1]), goals.reshape(-1, goals.shape[-1])


def _criterion(teacher_weight: float, n_out: int) -> Any:
    """GOC in standardised units, with the absolute error that the teacher was trained with.

    Eq. (9) of the AK-KD paper has squares; where truth is noisy (a scene's air is not known) they
    would pull the student from the teacher's median to the mean.
    """

    def criterion(goals: Any, student: Any) -> Any:
        fidelity = rounded_error(goals[:, :n_out] - student)
        consistency = rounded_error(goals[:, n_out:] - student)
        return (1.0 - teacher_weight) * fidelity + teacher_weight * consistency

    return criterion


def _metrics(network: Network, column: int, teacher_weight: float) -> list[Any]:
    """Mean absolute departure of an output from its goals, and of LST from the truth; its unit."""
    scale, name = float(network.output_scale[column]), network.output_names[column]

    def from_truth(goals: Any, student: Any) -> Any:
        return scale * ops.abs(goals[:, column] - student[:, column])

    def from_goals(goals: Any, student: Any) -> Any:
        teacher = goals[:, network.n_outputs + column]
        away = scale * ops.abs(teacher - student[:, column])
        return (1.0 - teacher_weight) * from_truth(goals, student) + teacher_weight * away

    found = [keras.metrics.MeanMetricWrapper(from_goals, name=f"mae_{name}")]
    if name == "lst":
        found.append(keras.metrics.MeanMetricWrapper(from_truth, name=f"truth_mae_{name}"))
    return found
