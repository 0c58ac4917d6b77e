"""Compress a bundle: a student with small networks, with its own errors and scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from akkd_core.bundle import (
    ModelBundle,
    Training,
    bundle_hash,
    bundle_path,
    load_bundle,
    save_bundle,
)
from akkd_core.errors import MissingDependencyError
from akkd_core.nn.early_stopping import judge
from akkd_core.nn.learning_curve import LearningCurve
from akkd_core.nn.options import DEFAULT_PATIENCE
from akkd_core.operations.outputs import refuse_existing
from akkd_core.operations.spec import Outcome
from akkd_core.operations.train import read_architecture
from akkd_core.physics.features import OUTPUT_NAMES, unit_of
from akkd_core.progress import Progress, SilentProgress, SubProgress
from akkd_core.provenance import sha256_files
from akkd_core.simulation.training_set import TrainingSet

_REMEDY = "install the training extra: pip install 'akkd[train]'"


def run(
    bundle: str,
    output: str,
    data: str | Sequence[str],
    validation: str,
    name: str = "akkd-compact",
    architecture: str = "64,56,48",
    teacher_weight: float = 1.0,
    epochs: int = 8,
    patience: int = DEFAULT_PATIENCE,
    batch_scenes: int = 64,
    learning_rate: float | None = None,
    held_out_scenes: int = 387,
    work_dir: str | None = None,
    seed: int = 1,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Train the student, find its errors on held-out scenes, and write the bundle.

    Raises
    ------
    ParameterError
        For an architecture that is none, or a bundle that exists.
    BundleError
        If the bundle can't be read, or has no scene network.
    MissingDependencyError
        Without TensorFlow.
    TrainingError, OperationCancelled
        See `akkd_core.nn.compression.compress`.
    """
    folder = Path(output)
    refuse_existing(folder, overwrite)
    report = progress or SilentProgress()
    try:
        from akkd_core.nn import compression  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(f"training needs TensorFlow ({error}). {_REMEDY}") from error
    from akkd_core.operations.compress_bundle import (
        CompressionJob,
        compress_pixels,
        compress_surroundings,
    )

    small = read_architecture(architecture)
    if learning_rate is not None:
        small = replace(small, learning_rate=learning_rate)
    teacher = load_bundle(bundle_path(bundle))
    refined = teacher.refinement_network is not None
    files = (data,) if isinstance(data, str) else tuple(data)
    train_set = TrainingSet.joined([TrainingSet.load(file) for file in files])
    work = Path(work_dir) if work_dir else folder.with_name(folder.name + "_work")
    digest = bundle_hash(teacher)
    command = (
        f"akkd distill compress {bundle if bundle == 'default' else Path(bundle).name} "
        f"{folder.name} {' '.join(f'--data {Path(file).name}' for file in files)} "
        f"--validation {Path(validation).name} --name {name} --architecture {_word(architecture)} "
        f"--teacher-weight {teacher_weight:g} --epochs {epochs} --patience {patience} "
        f"--batch-scenes {batch_scenes} --learning-rate {small.learning_rate!r} --seed {seed}"
    )
    job = CompressionJob(
        name,
        teacher,
        (train_set, TrainingSet.load(validation)),
        work,
        small,
        options={
            "teacher_weight": teacher_weight,
            "epochs": epochs,
            "patience": patience,
            "batch_scenes": batch_scenes,
            "seed": seed,
        },
        facts=Training(
            description=f"{'four networks' if refined else 'pixel network'} distilled from "
            f"{teacher.name} {digest} (teacher's weight {teacher_weight:g}) on {len(train_set)} "
            f"simulated scenes of {train_set.lst.shape[1]} pixels"
            + ("" if refined else "; scene network as the teacher's"),
            command=command,
            data_sha256=sha256_files(files),
            seeds=(seed,),
        ),
        held_out=held_out_scenes,
    )
    compress = compress_surroundings if refined else compress_pixels
    made, scores = compress(job, SubProgress(report, 0.0, 1.0))
    save_bundle(made, folder, overwrite=overwrite)
    report.update(1.0, "done")
    multiply_adds = made.manifest.extra["multiply_adds_per_pixel"]
    targets = OUTPUT_NAMES if refined else made.pixel_network.output_names
    return Outcome(
        (
            f"{folder}: bundle {name} {bundle_hash(made)}",
            *_cost(teacher, made),
            *_course(work, targets, patience),
            *scores,
        ),
        {
            "bundle": str(folder),
            "teacher": digest,
            "multiply_adds": multiply_adds,
            "scores": [score.to_json() for score in made.manifest.scores],
        },
    )


def _cost(teacher: ModelBundle, student: ModelBundle) -> tuple[str, ...]:
    """Tell in words what a pixel costs, and what a scene where that has changed, too."""
    counts = student.manifest.extra["multiply_adds_per_pixel"]
    line = (
        f"multiply-adds a pixel: {counts['student']} of {counts['teacher']} "
        f"({counts['student_all_inputs']} of {counts['teacher_all_inputs']} with the "
        "scene's inputs, which cost once a scene)"
    )
    if student.refinement_network is None:
        return (line,)
    pairs = {
        part: (network, teacher.networks()[part]) for part, network in student.networks().items()
    }
    others = [
        f"{part} network {small.multiply_adds()} of {large.multiply_adds()}"
        for part, (small, large) in pairs.items()
        if part != "pixel" and small is not None and large is not None
    ]
    return line, f"multiply-adds of the others: {', '.join(others)}"


def _word(architecture: str) -> str:
    """Architecture as a command's option, a file without its folder."""
    return Path(architecture).name if architecture.endswith(".json") else architecture


def _course(work: Path, targets: Sequence[str], patience: int) -> tuple[str, ...]:
    """Tell in words how the training went."""
    from akkd_core.nn.training import CURVE_NAME

    columns = LearningCurve(work / CURVE_NAME).columns()
    kept = judge(columns, targets, patience).kept_epoch
    away = ", ".join(
        f"{name} {columns[f'val_mae_{name}'][kept - 1]:.3g} {unit_of(name)}".removesuffix(" 1")
        for name in targets
    )
    truth = columns.get("val_truth_mae_lst")
    beside = f"; lst {truth[kept - 1]:.4g} K from the truth" if truth else ""
    return (
        f"kept epoch {kept} of {len(columns['epoch'])}; mean departure from the goals on the "
        f"validation set: {away}{beside}",
        f"learning curve: {work / CURVE_NAME}",
    )
