"""Train the teacher that sees pixels' surroundings, and make a bundle of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from akkd_core.bundle import Architecture, ModelBundle, Training, make_manifest
from akkd_core.operations.train_bundle import domain_of, scores_of
from akkd_core.physics.features import OUTPUT_NAMES, unit_of
from akkd_core.progress import Progress, SubProgress
from akkd_core.provenance import training_software

if TYPE_CHECKING:
    from akkd_core.nn.options import SurroundingsOptions
    from akkd_core.nn.surroundings_teacher import SurroundingsTeacher
    from akkd_core.simulation.training_set import TrainingSet

INTERVAL_90 = "interval_90"
"""Fact of a manifest: half the width of the 90 % interval over the one-sigma error, by output."""


def train_surroundings(
    name: str,
    sets: tuple[TrainingSet, TrainingSet],
    work: Path,
    *,
    options: SurroundingsOptions,
    pixel_architecture: Architecture,
    facts: Training,
    held_out: int,
    start: ModelBundle | None,
    progress: Progress,
) -> tuple[ModelBundle, tuple[str, ...]]:
    """Train, calibrate the errors told on the validation set, and bundle.

    Parameters
    ----------
    name : str
        Of the bundle.
    sets : (TrainingSet, TrainingSet)
        To train and to validate on.
    work : path
        Work folder of the run.
    options : SurroundingsOptions
    pixel_architecture : Architecture
    facts : Training
    held_out : int
        Held-out scenes for scores; 0 for none.
    start : ModelBundle or None
        With whose weights the training begins.
    progress : Progress

    Returns
    -------
    bundle : ModelBundle
    lines : tuple of str
        Scores in words.

    Raises
    ------
    TrainingError, OperationCancelled, BundleMismatchError
        See `akkd_core.nn.surroundings_training`.
    """
    from akkd_core.nn.options import SurroundingsArchitectures
    from akkd_core.nn.surroundings_training import train_surroundings_teacher

    teacher = train_surroundings_teacher(
        *sets, work, options=options,
        architectures=SurroundingsArchitectures(pixel_architecture),
        start=start, progress=SubProgress(progress, 0.0, 0.9),
    )  # fmt: skip
    bundle = calibrated_bundle(
        name, teacher, sets, options=options, pixel_architecture=pixel_architecture,
        description="teacher that sees pixels' surroundings and refines its air by a sample",
        facts=facts,
    )  # fmt: skip
    return judged_by_itself(bundle, held_out, SubProgress(progress, 0.9, 1.0))


def calibrated_bundle(
    name: str,
    trained: SurroundingsTeacher,
    sets: tuple[TrainingSet, TrainingSet],
    *,
    options: SurroundingsOptions,
    pixel_architecture: Architecture,
    description: str,
    facts: Training,
    extra: Mapping[str, Any] | None = None,
) -> ModelBundle:
    """Calibrate the errors that a model tells on the validation set, and bundle it.

    Parameters
    ----------
    name : str
        Of the bundle.
    trained : SurroundingsTeacher
        Or a student of the same form.
    sets : (TrainingSet, TrainingSet)
        That it was trained and validated on.
    options : SurroundingsOptions
    pixel_architecture : Architecture
    description : str
    facts : Training
    extra : mapping, optional
        Further facts for the manifest.

    Raises
    ------
    TrainingError
        See `akkd_core.nn.error_heads.calibrate_heads`.
    """
    from akkd_core.nn.error_heads import calibrate_heads
    from akkd_core.nn.surroundings_teacher import export_surroundings

    told = calibrate_heads(trained, sets[1], options)
    made = export_surroundings(trained, told.sigma_factor)
    networks = {
        f"{part}_network": getattr(made, part)
        for part in ("pixel", "scene", "sample", "refinement")
    }
    names = {n for net in networks.values() for n in (*net.input_names, *net.output_names)}
    widths = dict(zip(OUTPUT_NAMES, (round(float(w), 4) for w in told.interval_90), strict=True))
    manifest = make_manifest(
        name,
        **networks,
        pixel_architecture=pixel_architecture,
        units={n: unit_of(n) for n in sorted(names)},
        description=description,
        training=facts,
        domain=domain_of(sets[0]),
        uncertainty_method=told.method(),
        software=training_software(),
        extra={INTERVAL_90: widths, **(extra or {})},
    )
    return ModelBundle(manifest, **networks)


def judged_by_itself(
    bundle: ModelBundle, held_out: int, progress: Progress
) -> tuple[ModelBundle, tuple[str, ...]]:
    """Give a bundle its scores from held-out scenes, and check the errors that it tells itself.

    Parameters
    ----------
    bundle : ModelBundle
        Its pixel network gives `LOG_SIGMA_NAMES`, too.
    held_out : int
        Number of scenes; 0 leaves it as it is.
    progress : Progress

    Returns
    -------
    bundle : ModelBundle
    lines : tuple of str
        Scores in words.
    """
    if held_out == 0:
        return bundle, ()
    from akkd_core.validation.error_calibration import told_coverage
    from akkd_core.validation.heldout import held_out_scenes

    scores = scores_of(bundle, held_out, SubProgress(progress, 0.0, 0.7))
    scenes = held_out_scenes(held_out, seed=0, progress=SubProgress(progress, 0.7, 0.9))
    covered = told_coverage(bundle, scenes, SubProgress(progress, 0.9, 1.0))
    method = (
        f"{bundle.manifest.uncertainty.method}; on {held_out} held-out scenes (judging air and "
        f"materials) {covered[0].one_sigma:.2f} of LST errors lie within one sigma"
    )
    uncertainty = replace(bundle.manifest.uncertainty, method=method)
    lines = [f"{s.name}: {s.value:.4f} {s.unit} ({s.measured_on})" for s in scores]
    lines += [
        f"{c.name}: {c.one_sigma:.3f} of errors within the error told, {c.two_sigma:.3f} within two"
        for c in covered
    ]
    return replace(
        bundle, manifest=replace(bundle.manifest, scores=scores, uncertainty=uncertainty)
    ), tuple(lines)
