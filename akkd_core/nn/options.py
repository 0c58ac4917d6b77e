"""What a teacher's training is told: options and default architectures. Imports no Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from akkd_core.bundle.architecture import Architecture, Layer
from akkd_core.errors import ParameterError
from akkd_core.physics.features import OUTPUT_NAMES

DEFAULT_LEARNING_RATE = 2e-3
"""Of architectures that don't name one: the default's, and those given as widths."""

DEFAULT_PIXEL_ARCHITECTURE = Architecture.of(
    (256, 256, 256), "relu", learning_rate=DEFAULT_LEARNING_RATE
)
DEFAULT_SCENE_ARCHITECTURE = Architecture(
    tuple(Layer(n, "relu", p) for n, p in ((384, 0.1), (256, 0.0), (128, 0.0)))
)

DEFAULT_SAMPLE_ARCHITECTURE = Architecture.of((64, 64), "relu")
DEFAULT_REFINEMENT_ARCHITECTURE = Architecture.of((128, 128), "relu")


@dataclass(frozen=True)
class SurroundingsArchitectures:
    """Hidden layers of the four networks of a model that sees pixels' surroundings.

    Parameters
    ----------
    pixel : Architecture
        Its optimizer and learning rate are those of the whole model.
    scene, sample, refinement : Architecture
        Only their layers count.
    """

    pixel: Architecture = DEFAULT_PIXEL_ARCHITECTURE
    scene: Architecture = DEFAULT_SCENE_ARCHITECTURE
    sample: Architecture = DEFAULT_SAMPLE_ARCHITECTURE
    refinement: Architecture = DEFAULT_REFINEMENT_ARCHITECTURE

    def to_json(self) -> dict[str, Any]:
        """Return the four architectures as JSON objects, by network."""
        return {name: architecture.to_json() for name, architecture in vars(self).items()}


DEFAULT_ARCHITECTURES = SurroundingsArchitectures()
COMPACT_ARCHITECTURES = SurroundingsArchitectures(
    pixel=Architecture.of((64, 56, 48), "relu", learning_rate=DEFAULT_LEARNING_RATE),
    scene=Architecture.of((128, 64), "relu"),
    sample=Architecture.of((32, 32), "relu"),
    refinement=Architecture.of((64,), "relu"),
)
"""Of a student: a sixteenth of the teacher's multiply-adds a pixel, a seventh a scene."""

DEFAULT_PATIENCE = 10
"""Epochs without improvement after which a run ends."""


class EpochOptions(Protocol):
    """What epochs that can be interrupted and ended early need to know."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the outputs."""

    @property
    def epochs(self) -> int:
        """Passes through the set at most."""

    @property
    def patience(self) -> int:
        """Epochs without improvement after which the run ends; 0: never."""

    @property
    def seed(self) -> int:
        """Of everything that is drawn."""


@dataclass(frozen=True)
class TrainingOptions:
    """How a teacher is trained; optimizer and learning rate are its pixel architecture's.

    Parameters
    ----------
    inputs : {'scene', 'pixel'}
        Scene-aware, or the paper's five brightness temperatures alone.
    targets : tuple of str
        Of `akkd_core.physics.features.OUTPUT_NAMES`.
    epochs : int
        Passes through the set at most.
    patience : int
        Epochs without improvement after which the run ends; 0: never.
    batch_scenes : int
        Scenes per step.
    atmosphere_weight : float
        Weight of the auxiliary loss.
    known_share : float
        Share of scenes whose water vapour is given, and of those whose air temperature is, 0-1.
    tcwv_error : float
        Relative standard error of given water vapour.
    air_temperature_error_k : float
        Standard error of given air temperature, K.
    vector_size : int
    seed : int

    Raises
    ------
    ParameterError
        If a target is none, or patience is negative.
    """

    inputs: str = "scene"
    targets: tuple[str, ...] = OUTPUT_NAMES
    epochs: int = 40
    patience: int = DEFAULT_PATIENCE
    batch_scenes: int = 64
    atmosphere_weight: float = 1.0
    known_share: float = 0.35
    tcwv_error: float = 0.10
    air_temperature_error_k: float = 2.0
    vector_size: int = 16
    seed: int = 1

    def __post_init__(self) -> None:
        if not self.targets or set(self.targets) - set(OUTPUT_NAMES):
            raise ParameterError(f"targets {self.targets}: choose of {', '.join(OUTPUT_NAMES)}")
        if self.patience < 0:
            raise ParameterError(f"patience {self.patience}: give 0 (never) or more epochs")


@dataclass(frozen=True)
class SurroundingsOptions(TrainingOptions):
    """How a teacher is trained that sees pixels' surroundings and refines its air.

    Parameters
    ----------
    profile_share : float
        Share of scenes whose profile is given, where the set has it, 0-1.
    loss_pixels : int
        Pixels of a scene in a step's loss.
    sample_pixels : tuple of int
        Sizes of the sample by which the air is refined; a step takes one of them.
    first_guess_weight : float
        Weight of the error of the atmosphere found before the sample was looked at.
    error_weight : float
        Weight of the heads that tell each output's error.
    first_vector_size : int
        Length of the scene vector that goes into the refinement; `vector_size` comes out.
    limit_sd : float
        The scene network's inputs are held within so many SD of their mean, as at retrieval.
    """

    inputs: str = "surroundings"
    profile_share: float = 0.65
    loss_pixels: int = 32
    sample_pixels: tuple[int, ...] = (64, 128, 192)
    first_guess_weight: float = 0.5
    error_weight: float = 0.1
    first_vector_size: int = 32
    limit_sd: float = 6.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.targets != OUTPUT_NAMES:
            raise ParameterError(
                "a network that sees surroundings is trained for all targets together "
                "(--target joint)"
            )
        if self.loss_pixels < 1 or not self.sample_pixels or min(self.sample_pixels) < 1:
            raise ParameterError("loss and sample need one pixel or more")


def refuse_unfit_student(
    teacher_weight: float, epochs: int, patience: int, batch_scenes: int
) -> None:
    """Raise ParameterError if a student can't be trained with these numbers."""
    if not 0.0 <= teacher_weight <= 1.0:
        raise ParameterError(f"teacher weight {teacher_weight:g}: give 0-1")
    if epochs < 1 or patience < 0 or batch_scenes < 1:
        raise ParameterError(
            f"{epochs} epochs, patience {patience}, {batch_scenes} scenes a step: give at least "
            "1, 0 and 1"
        )


@dataclass(frozen=True)
class SurroundingsStudentOptions(SurroundingsOptions):
    """How a student is trained that sees pixels' surroundings, on scenes that its teacher sees.

    Parameters
    ----------
    teacher_weight : float
        w of ``(1 - w) error(truth) + w error(teacher)``, 0-1.

    Raises
    ------
    ParameterError
        If a number is out of range.
    """

    teacher_weight: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_unfit_student(self.teacher_weight, self.epochs, self.patience, self.batch_scenes)
