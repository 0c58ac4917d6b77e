"""What a teacher's training is told: options and default architectures. Imports no Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

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
