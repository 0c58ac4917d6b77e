"""The two kinds of compression: of the pixel network alone, or of all four of a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from akkd_core.bundle import (
    Architecture,
    ModelBundle,
    Network,
    Training,
    bundle_hash,
    make_manifest,
)
from akkd_core.inference.context import STATISTICS_LIMIT_SD
from akkd_core.nn.options import (
    COMPACT_ARCHITECTURES,
    SurroundingsStudentOptions,
    TrainingOptions,
)
from akkd_core.nn.teacher_samples import TeacherSamples, label
from akkd_core.operations.train_bundle import domain_of, judged_bundle
from akkd_core.operations.train_surroundings import bundle_of, judged_by_itself
from akkd_core.physics.features import unit_of
from akkd_core.progress import Progress, SubProgress
from akkd_core.provenance import training_software
from akkd_core.simulation.training_set import TrainingSet

if TYPE_CHECKING:
    from akkd_core.nn.compression import CompressionOptions

Compressed = tuple[ModelBundle, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class CompressionJob:
    """What is to be compressed, and how.

    Parameters
    ----------
    name : str
        Of the student.
    teacher : ModelBundle
    sets : (TrainingSet, TrainingSet)
        To train and to validate on.
    work : path
        Work folder of the run.
    architecture : Architecture
        Of the student's pixel network.
    options : mapping
        ``teacher_weight``, ``epochs``, ``patience``, ``batch_scenes`` and ``seed``.
    facts : Training
    held_out : int
        Held-out scenes for scores; 0 for none.
    """

    name: str
    teacher: ModelBundle
    sets: tuple[TrainingSet, TrainingSet]
    work: Path
    architecture: Architecture
    options: Mapping[str, Any]
    facts: Training
    held_out: int

    def run(self) -> dict[str, Any]:
        """Return what makes the training another one, besides options and architectures."""
        return {"teacher": bundle_hash(self.teacher), "data": self.facts.data_sha256}


def compress_pixels(job: CompressionJob, progress: Progress) -> Compressed:
    """Distil the pixel network; the scene network stays as it is.

    Parameters
    ----------
    job : CompressionJob
    progress : Progress

    Returns
    -------
    bundle : ModelBundle
        With an error table, scores, and facts on the compression in ``extra``.
    lines : tuple of str
        Scores in words.

    Raises
    ------
    BundleMismatchError
        If the bundle has no scene network, or other inputs or outputs than this software makes.
    TrainingError, OperationCancelled
        See `akkd_core.nn.compression.compress`.
    """
    from akkd_core.nn import compression

    teacher, seed = job.teacher, job.options["seed"]
    options = compression.CompressionOptions(
        targets=teacher.pixel_network.output_names, **job.options
    )
    train_set, validation_set = job.sets
    student = compression.compress(
        teacher.pixel_network,
        _labelled(teacher, train_set, seed, SubProgress(progress, 0.0, 0.1)),
        _labelled(teacher, validation_set, seed, SubProgress(progress, 0.1, 0.12)),
        job.work,
        architecture=job.architecture,
        options=options,
        facts=job.run(),
        progress=SubProgress(progress, 0.12, 0.9),
    )
    scene, spec = teacher.scene_network, teacher.manifest.scene
    names = {n for network in (student, scene) if network is not None
             for n in (*network.input_names, *network.output_names)}  # fmt: skip
    manifest = make_manifest(
        job.name,
        pixel_network=student,
        scene_network=scene,
        pixel_architecture=job.architecture,
        scene_architecture=None if spec is None else spec.architecture,
        units={n: unit_of(n) for n in names},
        description=f"student of {teacher.name} with a small pixel network",
        training=job.facts,
        domain=domain_of(train_set),
        software=training_software(),
        extra=_extra(teacher, student, options),
    )
    bundle = ModelBundle(manifest, student, scene)
    return judged_bundle(bundle, job.held_out, SubProgress(progress, 0.9, 1.0))


def _labelled(
    teacher: ModelBundle, data: TrainingSet, seed: int, progress: Progress
) -> TeacherSamples:
    """Teacher's labels, water vapour and air temperature known for a share of the scenes."""
    from akkd_core.nn.batches import draw_scene_inputs

    rng = np.random.default_rng([seed, 12])
    raw = draw_scene_inputs(data, np.arange(len(data)), TrainingOptions(), rng)
    return label(teacher, data, raw, limit_sd=STATISTICS_LIMIT_SD, progress=progress)


def compress_surroundings(job: CompressionJob, progress: Progress) -> Compressed:
    """Distil all four networks of a bundle that sees pixels' surroundings.

    Parameters
    ----------
    job : CompressionJob
        The networks but the pixel network become those of `COMPACT_ARCHITECTURES`.
    progress : Progress

    Returns
    -------
    bundle : ModelBundle
        It tells its errors itself, calibrated; with scores, and facts on the compression in
        ``extra``.
    lines : tuple of str
        Scores in words.

    Raises
    ------
    BundleMismatchError
        If the teacher's networks are not of the form that this version writes.
    TrainingError, OperationCancelled
        See `akkd_core.nn.surroundings_student`.
    """
    from akkd_core.nn.surroundings_restore import restore_surroundings
    from akkd_core.nn.surroundings_student import train_surroundings_student

    options = SurroundingsStudentOptions(**job.options)
    student = train_surroundings_student(
        restore_surroundings(job.teacher),
        *job.sets,
        job.work,
        options=options,
        architectures=replace(COMPACT_ARCHITECTURES, pixel=job.architecture),
        facts=job.run(),
        progress=SubProgress(progress, 0.0, 0.9),
    )
    bundle = bundle_of(
        job.name,
        student,
        job.sets[0],
        pixel_architecture=job.architecture,
        description=f"student of {job.teacher.name} with four small networks",
        facts=job.facts,
    )
    extra = {**bundle.manifest.extra, **_extra(job.teacher, bundle.pixel_network, options)}
    bundle = replace(bundle, manifest=replace(bundle.manifest, extra=extra))
    return judged_by_itself(bundle, job.sets[1], job.held_out, SubProgress(progress, 0.9, 1.0))


def _extra(
    teacher: ModelBundle,
    student: Network,
    options: CompressionOptions | SurroundingsStudentOptions,
) -> dict[str, Any]:
    """Facts of a student's manifest."""
    from akkd_core.nn.compression import pixel_multiply_adds

    told = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(options).items()}
    large = teacher.pixel_network
    return {
        "student_of": {"name": teacher.name, "bundle": bundle_hash(teacher)},
        "compression": told,
        "multiply_adds_per_pixel": {
            "student": pixel_multiply_adds(student),
            "student_all_inputs": student.multiply_adds(),
            "teacher": pixel_multiply_adds(large),
            "teacher_all_inputs": large.multiply_adds(),
        },
    }
