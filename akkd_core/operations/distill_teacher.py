"""The teacher of distillation, trained on labels: as a bundle, kept or made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from akkd_core.errors import ParameterError
from akkd_core.operations.distill_setup import (
    TrainingOptions,
    archive_hash,
    beside,
    require_training,
)
from akkd_core.operations.spec import Outcome
from akkd_core.physics.features import OUTPUT_NAMES
from akkd_core.progress import Progress, SilentProgress, SubProgress

if TYPE_CHECKING:
    from akkd_core.bundle import ModelBundle, Network
    from akkd_core.distillation.plan import DistillationPlan
    from akkd_core.simulation.archive import Archive

ROLE = "distillation_role"
"""Member of a bundle's further facts that says what it is in a distillation."""


@dataclass(frozen=True)
class Teacher:
    """A teacher for some targets.

    Parameters
    ----------
    network : Network
    bundle : str
        Hash of its bundle.
    folder : Path
    trained : bool
        Just now.
    """

    network: Network
    bundle: str
    folder: Path
    trained: bool = False


def run(
    archive: str,
    output: str | None = None,
    target: str = "joint",
    teacher_architecture: str = "128,128,128",
    teacher_epochs: int = 15,
    most_per_scene: int = 9216,
    batch_size: int = 256,
    seed: int = 1,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Train the teacher, or tell that it is there.

    Raises
    ------
    ParameterError
        If another bundle is there.
    MissingDependencyError
        Without TensorFlow.
    DistillationError, TrainingError, OperationCancelled
    """
    from akkd_core.simulation.archive import load_archive

    loaded = load_archive(archive)
    options = TrainingOptions(
        target, seed, teacher_architecture, teacher_epochs, most_per_scene, batch_size
    )
    folder = Path(output) if output else beside(archive, "teacher")
    found = kept_teachers(loaded, folder, options, progress or SilentProgress(), overwrite)
    lines = [
        f"{teacher.folder}: {'trained' if teacher.trained else 'is there already'}, bundle "
        f"{teacher.bundle}, targets {', '.join(targets)}"
        for targets, teacher in found.items()
    ]
    return Outcome(
        tuple(lines), {"bundles": [str(teacher.folder) for teacher in found.values()]}
    )


def find_teachers(
    archive: Archive, given: str | None, options: TrainingOptions, progress: Progress
) -> dict[tuple[str, ...], Teacher]:
    """Return the teacher of each plan's targets: the one given, else that beside the archive.

    Raises
    ------
    ParameterError
        If it isn't a teacher on labels, or lacks a target.
    BundleError
        If it can't be read.
    """
    if given is None:
        folder = beside(str(archive.folder), "teacher")
        return kept_teachers(archive, folder, options, progress)
    from akkd_core.bundle import bundle_hash, load_bundle

    bundle = load_bundle(given)
    if bundle.manifest.extra.get(ROLE) != "teacher":
        raise ParameterError(
            f"{given}: isn't a teacher that was trained on labels. make one with akkd distill "
            "teacher"
        )
    return {
        plan.targets: Teacher(_columns(bundle, plan.targets), bundle_hash(bundle), Path(given))
        for plan in options.plans()
    }


def kept_teachers(
    archive: Archive,
    folder: Path,
    options: TrainingOptions,
    progress: Progress,
    overwrite: bool = False,
) -> dict[tuple[str, ...], Teacher]:
    """Return teachers from their folders, trained first where they are missing.

    Raises
    ------
    ParameterError
        If a folder holds another bundle.
    DistillationError, TrainingError, OperationCancelled
    """
    plans = options.plans()
    found = {}
    for number, plan in enumerate(plans):
        own = folder if len(plan.targets) > 1 else _of_target(folder, plan.targets[0])
        part = SubProgress(progress, number / len(plans), (number + 1) / len(plans), "teacher: ")
        found[plan.targets] = _kept(archive, own, plan, options, part, overwrite)
    return found


def _of_target(folder: Path, target: str) -> Path:
    return folder.with_name(f"{folder.name}_{target.replace('_', '')}")


def _kept(
    archive: Archive,
    folder: Path,
    plan: DistillationPlan,
    options: TrainingOptions,
    progress: Progress,
    overwrite: bool,
) -> Teacher:
    from akkd_core.bundle import bundle_hash, load_bundle, save_bundle

    facts = {
        ROLE: "teacher",
        "archive_sha256": archive_hash(archive),
        "scenes": len(archive.names("training")),
        "targets": list(plan.targets),
        "architecture": plan.teacher_architecture.to_json(),
        "epochs": plan.teacher_epochs,
        "batch_size": plan.batch_size,
        "most_per_scene": plan.most_per_scene,
        "seed": options.seed,
    }
    trained = overwrite or not (folder.is_dir() and any(folder.iterdir()))
    if trained:
        save_bundle(
            _train(archive, plan, options.seed, facts, progress), folder, overwrite=overwrite
        )
    bundle = load_bundle(folder)
    if {name: bundle.manifest.extra.get(name) for name in facts} != facts:
        raise ParameterError(
            f"{folder}: holds a bundle that isn't this archive's teacher, or one trained with "
            "other options. give --teacher, move it away, or akkd distill teacher --overwrite"
        )
    return Teacher(_columns(bundle, plan.targets), bundle_hash(bundle), folder, trained)


def _train(
    archive: Archive,
    plan: DistillationPlan,
    seed: int,
    facts: Mapping[str, Any],
    progress: Progress,
) -> ModelBundle:
    from akkd_core.distillation.chain import train_label_teacher
    from akkd_core.distillation.label_bundle import label_bundle

    require_training()
    network = train_label_teacher(archive.scenes("training"), plan, seed, progress)
    return label_bundle(
        "akkd-label-teacher",
        network,
        plan.teacher_architecture,
        description="teacher on product labels, pixel network on five BTs",
        trained_on=f"labels of {facts['scenes']} training scenes of an archive",
        archive_sha256=facts["archive_sha256"],
        command="akkd distill teacher",
        seed=seed,
        extra=facts,
    )


def _columns(bundle: ModelBundle, targets: tuple[str, ...]) -> Network:
    """Network of some of a bundle's outputs."""
    from akkd_core.distillation.samples import INPUTS

    network = bundle.pixel_network
    missing = set(targets) - set(network.output_names)
    if missing or network.input_names != INPUTS:
        raise ParameterError(
            f"bundle {bundle.name}: has not {', '.join(sorted(missing)) or 'the five BTs alone'}. "
            f"train a teacher with --target {'joint' if targets == OUTPUT_NAMES else 'each'}"
        )
    columns = [network.output_names.index(target) for target in targets]
    return replace(
        network,
        kernels=(*network.kernels[:-1], network.kernels[-1][:, columns]),
        biases=(*network.biases[:-1], network.biases[-1][columns]),
        output_names=targets,
        output_mean=network.output_mean[columns],
        output_scale=network.output_scale[columns],
        output_add=tuple(network.output_add[column] for column in columns),
    )
