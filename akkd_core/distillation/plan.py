"""What a distillation does: networks, epochs, the teacher's weight."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from akkd_core.bundle.architecture import Architecture
from akkd_core.distillation.goc import check_teacher_weight
from akkd_core.errors import ParameterError

SMALL_ARCHITECTURE = Architecture.of((64, 64, 64), learning_rate=3e-3)
"""Small models and students by default: 8,900 multiply-adds for six targets."""

TEACHER_ARCHITECTURE = Architecture.of((128, 128, 128), learning_rate=3e-3)
"""Teachers by default."""


@dataclass(frozen=True)
class DistillationPlan:
    """How teacher, small model and student are trained.

    Parameters
    ----------
    targets : tuple of str
        Of one network.
    teacher_weight : float
        Weight of the teacher in the GOC, 0-1; the labels have the rest.
    small_architecture, teacher_architecture : Architecture
    small_epochs, teacher_epochs : int
        Of the first training.
    goc_epochs, dataset_epochs : int
        Of the training that goes on from the small model, and from there on composite labels.
    incremental_rate : float
        Learning rate of the training that goes on, relative to the first.
    batch_size : int
    block : int
        Side of the blocks in which a scene's pixels are held out.
    held_out_share : float
    most_per_scene : int
        Pixels of one scene that a teacher learns from.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    targets: tuple[str, ...]
    teacher_weight: float = 0.3
    small_architecture: Architecture = SMALL_ARCHITECTURE
    teacher_architecture: Architecture = TEACHER_ARCHITECTURE
    small_epochs: int = 40
    teacher_epochs: int = 15
    goc_epochs: int = 20
    dataset_epochs: int = 20
    incremental_rate: float = 0.3
    batch_size: int = 256
    block: int = 12
    held_out_share: float = 1 / 3
    most_per_scene: int = 9216

    def __post_init__(self) -> None:
        check_teacher_weight(self.teacher_weight)
        counts = (self.small_epochs, self.teacher_epochs, self.goc_epochs, self.dataset_epochs)
        if min(*counts, self.batch_size, self.block, self.most_per_scene) < 1:
            raise ParameterError("distillation: epochs, batch, block, pixels must be 1 or more")
        if not (0.0 < self.held_out_share < 1.0 and 0.0 < self.incremental_rate <= 1.0):
            raise ParameterError("distillation: held-out share or relative rate is out of range")

    @property
    def whole_epochs(self) -> int:
        """Epochs of the training that goes on, in all."""
        return self.goc_epochs + self.dataset_epochs

    def to_json(self) -> dict[str, Any]:
        """Return as a JSON object."""
        result = asdict(self)
        for name in ("small_architecture", "teacher_architecture"):
            result[name] = getattr(self, name).to_json()
        return {**result, "targets": list(self.targets)}
