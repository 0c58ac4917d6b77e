"""The teacher of distillation, trained on labels: as a bundle, kept or made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

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
    from akkd_core.distillation.predicted_error import ErrorTeacher
    from akkd_core.simulation.archive import Archive
    from akkd_core.simulation.archive_scene import ArchiveScene

ROLE = "distillation_role"
"""Member of a bundle's further facts that says what it is in a distillation."""

SIGMA = "error_by_spread"
"""Member of a teacher's further facts: what its members' spread means."""

_USUAL = {"members": 1, "inputs": "pixel"}
_LST_CLASSES = 8


@dataclass(frozen=True)
class Teacher:
    """A teacher for some targets.

    Parameters
    ----------
    network : Network
        May have scene inputs: `of_scene` makes it one of five BTs.
    bundle : str
        Hash of its bundle.
    folder : Path
    trained : bool
        Just now.
    errors : ErrorTeacher, optional
        What tells the error of each pixel, of the same inputs; None without several members.
    """

    network: Network
    bundle: str
    folder: Path
    trained: bool = False
    errors: ErrorTeacher | None = None

    def of_scene(self, scene: ArchiveScene) -> tuple[Network, ErrorTeacher | None]:
        """Return network and error teacher for one scene, of five BTs alone."""
        from akkd_core.distillation.predicted_error import ErrorTeacher
        from akkd_core.distillation.scene_aware import bind

        errors = self.errors
        if errors is not None:
            errors = ErrorTeacher(bind(errors.members, scene), errors.model)
        return bind(self.network, scene), errors


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
    teacher_members: int = 1,
    teacher_inputs: str = "pixel",
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
        target, seed, teacher_architecture, teacher_epochs, most_per_scene, batch_size,
        teacher_members=teacher_members, teacher_inputs=teacher_inputs,
    )  # fmt: skip
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
    from akkd_core.bundle import bundle_path, load_bundle

    place = bundle_path(given)
    bundle = load_bundle(place)
    if bundle.manifest.extra.get(ROLE) != "teacher":
        raise ParameterError(
            f"{given}: isn't a teacher that was trained on labels. make one with akkd distill "
            "teacher"
        )
    return {
        plan.targets: _teacher(bundle, plan.targets, place) for plan in options.plans()
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
    from akkd_core.bundle import load_bundle, save_bundle

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
        "members": plan.teacher_members,
        "inputs": plan.teacher_inputs,
    }
    trained = overwrite or not (folder.is_dir() and any(folder.iterdir()))
    if trained:
        save_bundle(
            _train(archive, plan, options.seed, facts, progress), folder, overwrite=overwrite
        )
    bundle = load_bundle(folder)
    extra = bundle.manifest.extra
    if {name: extra.get(name, _USUAL.get(name)) for name in facts} != facts:
        raise ParameterError(
            f"{folder}: holds a bundle that isn't this archive's teacher, or one trained with "
            "other options. give --teacher, move it away, or akkd distill teacher --overwrite"
        )
    return _teacher(bundle, plan.targets, folder, trained)


def _train(
    archive: Archive,
    plan: DistillationPlan,
    seed: int,
    facts: Mapping[str, Any],
    progress: Progress,
) -> ModelBundle:
    from akkd_core.distillation.label_bundle import error_table, label_bundle
    from akkd_core.distillation.label_teacher import train_teacher

    require_training()
    trained = train_teacher(archive.scenes("training"), plan, seed, progress)
    options, extra, table = "", dict(facts), None
    if trained.sigma is not None and trained.unseen is not None:
        extra[SIGMA] = trained.sigma.to_json()
        predicted, residuals = trained.unseen
        times = len(trained.network.output_names) // len(plan.targets)
        table = error_table(
            plan.targets, predicted, np.tile(residuals, times), classes=_LST_CLASSES
        )
        options += f" --teacher-members {plan.teacher_members}"
    sees = "five BTs"
    if plan.teacher_inputs == "scene":
        sees += " and five statistics of the scene"
        options += " --teacher-inputs scene"
    several = plan.teacher_members > 1
    return label_bundle(
        "akkd-label-teacher",
        trained.network,
        None if several else plan.fitted_teacher,
        description=f"teacher on product labels, pixel network on {sees}"
        + (f", mean of {plan.teacher_members}" if several else ""),
        trained_on=f"labels of {facts['scenes']} training scenes of an archive",
        archive_sha256=facts["archive_sha256"],
        command=f"akkd distill teacher{options}",
        seed=seed,
        extra=extra,
        table=table,
        error_method="none" if table is None else "rms residual against labels of scenes that two "
        "or more members never saw, by temperature",
    )


def _teacher(
    bundle: ModelBundle, targets: tuple[str, ...], folder: Path, trained: bool = False
) -> Teacher:
    """Take what a plan needs from a bundle."""
    from akkd_core.bundle import bundle_hash
    from akkd_core.distillation.ensemble import columns
    from akkd_core.distillation.label_teacher import members_of
    from akkd_core.distillation.predicted_error import ErrorTeacher, SigmaModel
    from akkd_core.distillation.samples import INPUTS

    network = bundle.pixel_network
    missing = set(targets) - set(network.output_names)
    if missing or network.pixel_input_names != INPUTS:
        lacks = f"has no output {', '.join(sorted(missing))}" if missing else "takes other inputs"
        raise ParameterError(
            f"{folder}: {lacks}. train a teacher with --target "
            f"{'joint' if targets == OUTPUT_NAMES else 'each'}"
        )
    errors, members = None, members_of(network, targets)
    if members is not None and SIGMA in bundle.manifest.extra:
        model = SigmaModel.from_json(bundle.manifest.extra[SIGMA])
        every = list(bundle.manifest.extra["targets"])
        chosen = [every.index(target) for target in targets]
        errors = ErrorTeacher(
            members,
            SigmaModel(*(tuple(v[c] for c in chosen) for v in (model.floor, model.factor))),
        )
    return Teacher(columns(network, targets), bundle_hash(bundle), folder, trained, errors)
