"""Compress a bundle: a student with a small pixel network, with its own errors and scores."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from akkd_core.bundle import (
    Architecture,
    ModelBundle,
    Network,
    Training,
    bundle_hash,
    bundle_path,
    load_bundle,
    make_manifest,
    save_bundle,
)
from akkd_core.errors import MissingDependencyError
from akkd_core.inference.context import STATISTICS_LIMIT_SD
from akkd_core.nn.early_stopping import judge
from akkd_core.nn.learning_curve import LearningCurve
from akkd_core.nn.options import DEFAULT_PATIENCE, TrainingOptions
from akkd_core.nn.teacher_samples import TeacherSamples, label
from akkd_core.operations.outputs import refuse_existing
from akkd_core.operations.spec import Outcome
from akkd_core.operations.train import read_architecture
from akkd_core.operations.train_bundle import domain_of, judged_bundle, training_software
from akkd_core.physics.features import unit_of
from akkd_core.progress import Progress, SilentProgress, SubProgress
from akkd_core.provenance import sha256_file
from akkd_core.simulation.training_set import TrainingSet

if TYPE_CHECKING:
    from akkd_core.nn.compression import CompressionOptions

_REMEDY = "install the training extra: pip install 'akkd[train]'"


def run(
    bundle: str,
    output: str,
    data: str,
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
        from akkd_core.nn import compression
    except ImportError as error:
        raise MissingDependencyError(f"training needs TensorFlow ({error}). {_REMEDY}") from error

    small = read_architecture(architecture)
    if learning_rate is not None:
        small = replace(small, learning_rate=learning_rate)
    source = bundle_path(bundle)
    teacher = load_bundle(source)
    options = compression.CompressionOptions(
        targets=teacher.pixel_network.output_names,
        teacher_weight=teacher_weight,
        epochs=epochs,
        patience=patience,
        batch_scenes=batch_scenes,
        seed=seed,
    )
    train_set, validation_set = TrainingSet.load(data), TrainingSet.load(validation)
    work = Path(work_dir) if work_dir else folder.with_name(folder.name + "_work")
    digest = bundle_hash(teacher)
    student = compression.compress(
        teacher.pixel_network,
        _labelled(teacher, train_set, seed, SubProgress(report, 0.0, 0.1)),
        _labelled(teacher, validation_set, seed, SubProgress(report, 0.1, 0.12)),
        work,
        architecture=small,
        options=options,
        facts={"teacher": digest, "data": sha256_file(data)},
        progress=SubProgress(report, 0.12, 0.9),
    )
    course = _course(work, options)
    multiply_adds = {
        "student": compression.pixel_multiply_adds(student),
        "student_all_inputs": student.multiply_adds(),
        "teacher": compression.pixel_multiply_adds(teacher.pixel_network),
        "teacher_all_inputs": teacher.pixel_network.multiply_adds(),
    }
    command = (
        f"akkd distill compress {bundle if bundle == 'default' else Path(bundle).name} "
        f"{folder.name} --data {Path(data).name} "
        f"--validation {Path(validation).name} --name {name} --architecture {_word(architecture)} "
        f"--teacher-weight {teacher_weight:g} --epochs {epochs} --patience {patience} "
        f"--batch-scenes {batch_scenes} --learning-rate {small.learning_rate!r} --seed {seed}"
    )
    facts = Training(
        description=f"pixel network distilled from {teacher.name} {digest} (teacher's weight "
        f"{teacher_weight:g}) on {len(train_set)} simulated scenes of {train_set.lst.shape[1]} "
        "pixels; scene network as the teacher's",
        command=command,
        data_sha256=sha256_file(data),
        seeds=(seed,),
    )
    compressed = _bundle(name, teacher, student, small, train_set, facts, options, multiply_adds)
    judged, scores = judged_bundle(
        compressed, held_out_scenes, SubProgress(report, 0.9, 1.0)
    )
    save_bundle(judged, folder, overwrite=overwrite)
    report.update(1.0, "done")
    cost = (
        f"multiply-adds a pixel: {multiply_adds['student']} of {multiply_adds['teacher']} "
        f"({multiply_adds['student_all_inputs']} of {multiply_adds['teacher_all_inputs']} with the "
        "scene's inputs, which cost once a scene)"
    )
    return Outcome(
        (f"{folder}: bundle {name} {bundle_hash(judged)}", cost, *course, *scores),
        {
            "bundle": str(folder),
            "teacher": digest,
            "multiply_adds": multiply_adds,
            "scores": [score.to_json() for score in judged.manifest.scores],
        },
    )


def _word(architecture: str) -> str:
    """Architecture as a command's option, a file without its folder."""
    return Path(architecture).name if architecture.endswith(".json") else architecture


def _labelled(
    teacher: ModelBundle, data: TrainingSet, seed: int, progress: Progress
) -> TeacherSamples:
    """Teacher's labels, water vapour and air temperature known for a share of the scenes."""
    from akkd_core.nn.batches import draw_scene_inputs

    rng = np.random.default_rng([seed, 12])
    raw = draw_scene_inputs(data, np.arange(len(data)), TrainingOptions(), rng)
    return label(teacher, data, raw, limit_sd=STATISTICS_LIMIT_SD, progress=progress)


def _course(work: Path, options: CompressionOptions) -> tuple[str, ...]:
    """Tell in words how the training went."""
    from akkd_core.nn.training import CURVE_NAME

    columns = LearningCurve(work / CURVE_NAME).columns()
    kept = judge(columns, options.targets, options.patience).kept_epoch
    away = ", ".join(
        f"{name} {columns[f'val_mae_{name}'][kept - 1]:.3g} {unit_of(name)}".removesuffix(" 1")
        for name in options.targets
    )
    truth = columns.get("val_truth_mae_lst")
    beside = f"; lst {truth[kept - 1]:.4g} K from the truth" if truth else ""
    return (
        f"kept epoch {kept} of {len(columns['epoch'])}; mean departure from the goals on the "
        f"validation set: {away}{beside}",
        f"learning curve: {work / CURVE_NAME}",
    )


def _bundle(
    name: str,
    teacher: ModelBundle,
    student: Network,
    architecture: Architecture,
    train_set: TrainingSet,
    facts: Training,
    options: CompressionOptions,
    multiply_adds: dict[str, int],
) -> ModelBundle:
    """Bundle of a student and its teacher's scene network, without errors and scores."""
    scene = teacher.scene_network
    names = {n for network in (student, scene) if network is not None
             for n in (*network.input_names, *network.output_names)}  # fmt: skip
    spec = teacher.manifest.scene
    extra: dict[str, Any] = {
        "student_of": {"name": teacher.name, "bundle": bundle_hash(teacher)},
        "compression": asdict(options),
        "multiply_adds_per_pixel": multiply_adds,
    }
    manifest = make_manifest(
        name,
        pixel_network=student,
        scene_network=scene,
        pixel_architecture=architecture,
        scene_architecture=None if spec is None else spec.architecture,
        units={n: unit_of(n) for n in names},
        description=f"student of {teacher.name} with a small pixel network",
        training=facts,
        domain=domain_of(train_set),
        software=training_software(),
        extra={**extra, "compression": {**asdict(options), "targets": list(options.targets)}},
    )
    return ModelBundle(manifest, student, scene)
