"""Train the teacher that sees pixels' surroundings, and make a bundle of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from akkd_core.bundle import Architecture, ModelBundle, Training, make_manifest
from akkd_core.operations.train_bundle import domain_of, scores_of
from akkd_core.physics.features import unit_of
from akkd_core.progress import Progress, SubProgress
from akkd_core.provenance import training_software

if TYPE_CHECKING:
    from akkd_core.nn.options import SurroundingsOptions
    from akkd_core.nn.surroundings_teacher import SurroundingsTeacher
    from akkd_core.simulation.training_set import TrainingSet


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
    """Train, bundle, and calibrate the errors told.

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
    bundle = bundle_of(
        name, teacher, sets[0], pixel_architecture=pixel_architecture,
        description="teacher that sees pixels' surroundings and refines its air by a sample",
        facts=facts,
    )  # fmt: skip
    return judged_by_itself(bundle, sets[1], held_out, SubProgress(progress, 0.9, 1.0))


def bundle_of(
    name: str,
    trained: SurroundingsTeacher,
    train_set: TrainingSet,
    *,
    pixel_architecture: Architecture,
    description: str,
    facts: Training,
    extra: Mapping[str, Any] | None = None,
) -> ModelBundle:
    """Bundle what was trained; the errors that it tells are not yet calibrated.

    Parameters
    ----------
    name : str
        Of the bundle.
    trained : SurroundingsTeacher
        Or a student of the same form.
    train_set : TrainingSet
        What it was trained on: gives the domain of validity.
    pixel_architecture : Architecture
    description : str
    facts : Training
    extra : mapping, optional
        Further facts for the manifest.
    """
    from akkd_core.nn.surroundings_teacher import export_surroundings

    made = export_surroundings(trained)
    networks = {
        f"{part}_network": getattr(made, part)
        for part in ("pixel", "scene", "sample", "refinement")
    }
    names = {n for net in networks.values() for n in (*net.input_names, *net.output_names)}
    manifest = make_manifest(
        name,
        **networks,
        pixel_architecture=pixel_architecture,
        units={n: unit_of(n) for n in sorted(names)},
        description=description,
        training=facts,
        domain=domain_of(train_set),
        software=training_software(),
        extra=dict(extra or {}),
    )
    return ModelBundle(manifest, **networks)


def judged_by_itself(
    bare: ModelBundle, validation: TrainingSet, held_out: int, progress: Progress
) -> tuple[ModelBundle, tuple[str, ...]]:
    """Calibrate the errors that a bundle tells itself, check them, and give it its scores.

    They are calibrated on held-out scenes of ecmwf52 air, in half of them with optical depths off
    as between two engines, and checked on ecmwf83 air; without held-out scenes on the validation
    set.

    Parameters
    ----------
    bare : ModelBundle
        Its pixel network gives `LOG_SIGMA_NAMES`, too.
    validation : TrainingSet
    held_out : int
        Number of scenes; 0 for no scores.
    progress : Progress

    Returns
    -------
    bundle : ModelBundle
    lines : tuple of str
        Scores in words.
    """
    from akkd_core.validation.heldout import held_out_scenes
    from akkd_core.validation.told_errors import calibrate_told, told_coverage, with_told_errors

    if held_out == 0:
        told = calibrate_told(bare, [validation], progress)
        return with_told_errors(bare, told, f"{len(validation)} validation scenes"), ()
    sets = _scenes_to_calibrate(max(held_out // 3, 2), SubProgress(progress, 0.0, 0.2))
    told = calibrate_told(bare, sets, SubProgress(progress, 0.2, 0.3))
    words = (
        f"{told.scenes} held-out scenes (ecmwf52 air, judging materials, optical depths of half of "
        "them off as between two engines)"
    )
    bundle = with_told_errors(bare, told, words)
    scores = scores_of(bundle, held_out, SubProgress(progress, 0.3, 0.7))
    checked_on = held_out_scenes(
        max(held_out - told.scenes, 1),
        profiles="ecmwf83",
        seed=3,
        progress=SubProgress(progress, 0.7, 0.9),
    )
    covered = told_coverage(bundle, checked_on, SubProgress(progress, 0.9, 1.0))
    method = (
        f"{bundle.manifest.uncertainty.method}; on ecmwf83 air {covered[0].one_sigma:.2f} of LST "
        "errors lie within one sigma"
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


def _scenes_to_calibrate(count: int, progress: Progress) -> tuple[TrainingSet, TrainingSet]:
    """Held-out scenes of ecmwf52 air, the second half as another engine might give it."""
    from akkd_core.validation.heldout import VARIANTS, held_out_scenes

    other = VARIANTS["optical depth off as between two engines"]
    half = count // 2
    return (
        held_out_scenes(
            count - half, profiles="ecmwf52", seed=1, progress=SubProgress(progress, 0.0, 0.5)
        ),
        held_out_scenes(
            half, recipe=other, profiles="ecmwf52", seed=2, progress=SubProgress(progress, 0.5, 1.0)
        ),
    )
