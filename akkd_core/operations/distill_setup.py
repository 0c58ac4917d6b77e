"""What the operations of distillation share: archive, plan, scenes, the teacher's weight."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from akkd_core.errors import InputError, MissingDependencyError, ParameterError
from akkd_core.operations.train import read_architecture
from akkd_core.physics.features import OUTPUT_NAMES

if TYPE_CHECKING:
    from akkd_core.bundle.architecture import Architecture
    from akkd_core.distillation.plan import DistillationPlan
    from akkd_core.simulation.archive import Archive

_LEARNING_RATE = 3e-3
_WEIGHTS_BYTES_MAX = 16 << 20
_REMEDY = "install the training extra: pip install 'akkd[train]'"


@dataclass(frozen=True)
class TrainingOptions:
    """Options that every operation of distillation passes on.

    Parameters
    ----------
    target : str
        ``joint``, ``each``, or one target.
    seed : int
    teacher_architecture, small_architecture : str
    teacher_epochs, small_epochs, goc_epochs, dataset_epochs : int
    most_per_scene, batch_size : int
    teacher_members : int
    teacher_inputs : {'pixel', 'scene'}
    """

    target: str = "joint"
    seed: int = 1
    teacher_architecture: str = "128,128,128"
    teacher_epochs: int = 15
    most_per_scene: int = 9216
    batch_size: int = 256
    small_architecture: str = "64,64,64"
    small_epochs: int = 40
    goc_epochs: int = 20
    dataset_epochs: int = 20
    teacher_members: int = 1
    teacher_inputs: str = "pixel"

    def plans(self) -> tuple[DistillationPlan, ...]:
        """One plan for each network's targets."""
        from akkd_core.distillation.plan import DistillationPlan
        from akkd_core.distillation.samples import target_names

        groups: list[tuple[str, ...]] = [(name,) for name in OUTPUT_NAMES]
        if self.target != "each":
            groups = [target_names(self.target)]
        return tuple(
            DistillationPlan(
                targets=targets,
                small_architecture=_architecture(self.small_architecture, targets),
                teacher_architecture=_architecture(self.teacher_architecture, targets),
                small_epochs=self.small_epochs,
                teacher_epochs=self.teacher_epochs,
                goc_epochs=self.goc_epochs,
                dataset_epochs=self.dataset_epochs,
                batch_size=self.batch_size,
                most_per_scene=self.most_per_scene,
                teacher_members=self.teacher_members,
                teacher_inputs=self.teacher_inputs,
            )
            for targets in groups
        )


def _architecture(text: str, targets: tuple[str, ...]) -> Architecture:
    name = "joint" if len(targets) > 1 else targets[0].replace("_", "")
    text = text.replace("{target}", name)
    found = read_architecture(text)
    widths_alone = text.replace(",", "").replace(" ", "").isdigit()
    return replace(found, learning_rate=_LEARNING_RATE) if widths_alone else found


def require_training() -> None:
    """Import what trains.

    Raises
    ------
    MissingDependencyError
        Without TensorFlow.
    """
    from akkd_core.nn.quiet import quiet_import

    try:
        with quiet_import():
            from akkd_core.nn import goc_training  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            f"distillation needs TensorFlow ({error}). {_REMEDY}"
        ) from error


def beside(archive: str, suffix: str) -> Path:
    """Return a folder beside an archive: its name with a suffix."""
    folder = Path(archive).absolute()
    return folder.with_name(f"{folder.name}_{suffix}")


def archive_hash(archive: Archive) -> str:
    """Return the SHA-256 of an archive's index, which holds the hashes of all its files."""
    from akkd_core.provenance import sha256_file
    from akkd_core.simulation.archive import INDEX_NAME

    return sha256_file(archive.folder / INDEX_NAME)


def choose_scenes(archive: Archive, scenes: str | None, default: int | None) -> tuple[str, ...]:
    """Names of the scenes that an option asks for.

    Parameters
    ----------
    archive : Archive
    scenes : str, optional
        Names with commas between, or a number of complex scenes.
    default : int, optional
        Number without the option; None for all.

    Raises
    ------
    InputError
        If there is no such scene, or none at all.
    """
    every = archive.names("complex")
    if scenes is None:
        chosen = every[:default]
    elif scenes.strip().isdigit():
        chosen = every[: int(scenes)]
    else:
        chosen = tuple(dict.fromkeys(name.strip() for name in scenes.split(",") if name.strip()))
        for name in chosen:
            archive.entry(name)
    if not chosen:
        raise InputError(f"{archive.folder}: no complex scene is chosen. name some with --scenes")
    return chosen


def read_weights(text: str) -> tuple[float, ...]:
    """Teacher weights with commas between, ascending.

    Raises
    ------
    ParameterError
        If one is no number of 0-1, or there is none.
    """
    from akkd_core.distillation.goc import check_teacher_weight

    try:
        found = sorted({check_teacher_weight(float(part)) for part in text.split(",")})
    except ValueError as error:
        raise ParameterError(f"weights {text!r}: give numbers such as 0.3,0.7 ({error})") from None
    return tuple(found)


@dataclass(frozen=True)
class SelectedWeight:
    """What a selection recommends.

    Parameters
    ----------
    weight : float
    scenes : tuple of str
        That it was selected on.
    """

    weight: float
    scenes: tuple[str, ...]


def read_selected(path: str) -> SelectedWeight:
    """Read the recommended weight of a selection.

    Raises
    ------
    InputError
        If the file can't be read as one.
    """
    from akkd_core.distillation.goc import check_teacher_weight

    try:
        if Path(path).stat().st_size > _WEIGHTS_BYTES_MAX:
            raise ValueError("too large")
        data: Any = json.loads(Path(path).read_text(encoding="utf-8"))
        scenes = tuple(str(name) for name in data["selected_on"])
        return SelectedWeight(check_teacher_weight(float(data["recommended"])), scenes)
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise InputError(
            f"{path}: isn't a selection of weights ({error}). give the weights.json of akkd "
            "distill select-weight"
        ) from error


def mean_of(values: Sequence[float | None]) -> float:
    """Mean of values, of which none may be missing; NaN without any."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else float("nan")
