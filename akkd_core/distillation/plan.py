"""What a distillation does: networks, epochs, the teacher's weight."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from akkd_core.bundle.architecture import Architecture
from akkd_core.distillation.goc import check_teacher_weight
from akkd_core.errors import ParameterError

SMALL_ARCHITECTURE = Architecture.of((64, 64, 64), learning_rate=3e-3)
"""Small models and students by default: 8,900 multiply-adds for six targets."""

TEACHER_ARCHITECTURE = Architecture.of((128, 128, 128), learning_rate=3e-3)
"""Teachers by default."""

TEACHER_INPUTS = ("pixel", "scene")
MAX_MEMBERS = 16
SCENE_DROPOUT = 0.2


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
    teacher_members : int
        Networks that the teacher is the mean of.
    teacher_inputs : {'pixel', 'scene'}
        Whether the teacher sees statistics of the scene, too.

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
    teacher_members: int = 1
    teacher_inputs: str = "pixel"

    def __post_init__(self) -> None:
        check_teacher_weight(self.teacher_weight)
        counts = (self.small_epochs, self.teacher_epochs, self.goc_epochs, self.dataset_epochs)
        if min(*counts, self.batch_size, self.block, self.most_per_scene) < 1:
            raise ParameterError("distillation: epochs, batch, block, pixels must be 1 or more")
        if not (0.0 < self.held_out_share < 1.0 and 0.0 < self.incremental_rate <= 1.0):
            raise ParameterError("distillation: held-out share or relative rate is out of range")
        if not 1 <= self.teacher_members <= MAX_MEMBERS:
            raise ParameterError(f"teacher: {self.teacher_members} members, give 1-{MAX_MEMBERS}")
        if self.teacher_inputs not in TEACHER_INPUTS:
            raise ParameterError(f"teacher's inputs {self.teacher_inputs!r}: give pixel or scene")

    @property
    def whole_epochs(self) -> int:
        """Epochs of the training that goes on, in all."""
        return self.goc_epochs + self.dataset_epochs

    @property
    def fitted_teacher(self) -> Architecture:
        """Architecture of one member; with scene inputs some dropout, unless it has its own.

        Scenes are few, and a network without dropout takes their statistics for names.
        """
        found = self.teacher_architecture
        if self.teacher_inputs == "pixel" or any(layer.dropout for layer in found.layers):
            return found
        layers = tuple(replace(layer, dropout=SCENE_DROPOUT) for layer in found.layers)
        return replace(found, layers=layers)

    def to_json(self) -> dict[str, Any]:
        """Return as a JSON object; without members and inputs of the teacher if they are usual."""
        result = asdict(self)
        if (self.teacher_members, self.teacher_inputs) == (1, "pixel"):
            # as plans were written before there were others: their results stay theirs
            del result["teacher_members"], result["teacher_inputs"]
        for name in ("small_architecture", "teacher_architecture"):
            result[name] = getattr(self, name).to_json()
        return {**result, "targets": list(self.targets)}
