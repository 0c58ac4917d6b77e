"""Train a teacher and write it as a bundle, with its held-out errors and scores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from akkd_core.bundle import (
    AK_KD_TRIAL3,
    Architecture,
    ModelBundle,
    Training,
    bundle_hash,
    bundle_path,
    load_bundle,
    save_bundle,
)
from akkd_core.errors import MissingDependencyError, ParameterError
from akkd_core.nn.early_stopping import judge
from akkd_core.nn.learning_curve import LearningCurve
from akkd_core.nn.options import (
    DEFAULT_LEARNING_RATE,
    DEFAULT_PATIENCE,
    DEFAULT_PIXEL_ARCHITECTURE,
    SurroundingsOptions,
    TrainingOptions,
)
from akkd_core.operations.outputs import refuse_existing
from akkd_core.operations.spec import Outcome
from akkd_core.operations.train_bundle import assemble_bundle
from akkd_core.physics.features import OUTPUT_NAMES, unit_of
from akkd_core.progress import Progress, SilentProgress, SubProgress
from akkd_core.provenance import sha256_files

if TYPE_CHECKING:
    from akkd_core.simulation.training_set import TrainingSet

_REMEDY = "install the training extra: pip install 'akkd[train]'"


def read_architecture(text: str) -> Architecture:
    """Architecture by name (``ak-kd-trial3``), as a list of widths, or from a JSON file.

    Parameters
    ----------
    text : str
        A name, ``256,256,256`` (relu, `DEFAULT_LEARNING_RATE`), or the path of a JSON file such as
        a search's ``best.json``.

    Raises
    ------
    ParameterError
        If it is none of them.
    """
    if text == "ak-kd-trial3":
        return AK_KD_TRIAL3
    if text.endswith(".json"):
        try:
            return Architecture.from_json(json.loads(Path(text).read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise ParameterError(f"{text}: not an architecture ({error})") from error
    try:
        widths = tuple(int(width) for width in text.split(","))
        return Architecture.of(widths, learning_rate=DEFAULT_LEARNING_RATE)
    except ValueError as error:
        raise ParameterError(
            f"architecture {text!r}: give ak-kd-trial3, widths such as 256,256,256, or a .json file"
        ) from error


def run(
    output: str,
    data: str | Sequence[str],
    validation: str,
    name: str = "akkd-teacher",
    inputs: str = "scene",
    target: str = "joint",
    architecture: str | None = None,
    epochs: int = 40,
    batch_scenes: int = 64,
    learning_rate: float | None = None,
    patience: int = DEFAULT_PATIENCE,
    held_out_scenes: int = 387,
    start: str | None = None,
    work_dir: str | None = None,
    seed: int = 1,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Train a teacher, find its errors on held-out scenes, and write the bundle.

    Raises
    ------
    ParameterError
        For an architecture that is none, a bundle that exists, or a start for other inputs.
    BundleError
        If the bundle to start with can't be read, or is of another form.
    MissingDependencyError
        Without TensorFlow.
    TrainingError, OperationCancelled
        See `akkd_core.nn.training.train_teacher`.
    """
    folder = Path(output)
    refuse_existing(folder, overwrite)
    report = progress or SilentProgress()
    if start and inputs != "surroundings":
        raise ParameterError(f"--start is for --inputs surroundings, not {inputs}; leave it out")
    begin = load_bundle(bundle_path(start)) if start else None
    try:
        from akkd_core.nn import training
    except ImportError as error:
        raise MissingDependencyError(f"training needs TensorFlow ({error}). {_REMEDY}") from error
    from akkd_core.simulation.training_set import TrainingSet

    pixel = read_architecture(architecture) if architecture else DEFAULT_PIXEL_ARCHITECTURE
    if learning_rate is not None:
        pixel = replace(pixel, learning_rate=learning_rate)
    kind = SurroundingsOptions if inputs == "surroundings" else TrainingOptions
    options = kind(
        inputs=inputs,
        targets=OUTPUT_NAMES if target == "joint" else (target.replace("lse", "lse_"),),
        epochs=epochs,
        patience=patience,
        batch_scenes=batch_scenes,
        seed=seed,
    )
    files = (data,) if isinstance(data, str) else tuple(data)
    sets = (
        TrainingSet.joined([TrainingSet.load(file) for file in files]),
        TrainingSet.load(validation),
    )
    work = Path(work_dir) if work_dir else folder.with_name(folder.name + "_work")
    command = (
        f"akkd train {folder.name} {' '.join(f'--data {Path(file).name}' for file in files)} "
        f"--validation {Path(validation).name} --name {name} "
        f"--inputs {inputs} --target {target} --epochs {epochs} --patience {patience} "
        f"--batch-scenes {batch_scenes} --learning-rate {pixel.learning_rate!r} --seed {seed}"
    )
    if architecture:
        command += f" --architecture {_file_name(architecture)}"
    if start:
        command += f" --start {Path(start).name}"
    facts = Training(
        description=f"{len(sets[0])} simulated scenes of {sets[0].lst.shape[1]} pixels, "
        f"{len(set(sets[0].profile.tolist()))} base profiles of air"
        + (f"; begun with the weights of {begin.name} {bundle_hash(begin)}" if begin else ""),
        command=command,
        data_sha256=sha256_files(files),
        seeds=(seed,),
    )
    bundle, lines = _trained(
        name, sets, work, options, pixel, facts, held_out_scenes, begin, report
    )  # fmt: skip
    course, facts_of_course = _course(work / training.CURVE_NAME, options)
    save_bundle(bundle, folder, overwrite=overwrite)
    report.update(1.0, "done")
    return Outcome(
        (f"{folder}: bundle {name} {bundle_hash(bundle)}", *course, *lines),
        {
            "bundle": str(folder),
            "keras_model": str(work / training.KERAS_NAME),
            **facts_of_course,
            "scores": [score.to_json() for score in bundle.manifest.scores],
        },
    )


def _trained(
    name: str,
    sets: tuple[TrainingSet, TrainingSet],
    work: Path,
    options: TrainingOptions,
    pixel: Architecture,
    facts: Training,
    held_out: int,
    start: ModelBundle | None,
    progress: Progress,
) -> tuple[ModelBundle, tuple[str, ...]]:
    """Train what the options are of, and tell its bundle and scores in words."""
    if isinstance(options, SurroundingsOptions):
        from akkd_core.operations.train_surroundings import train_surroundings

        return train_surroundings(
            name, sets, work, options=options, pixel_architecture=pixel, facts=facts,
            held_out=held_out, start=start, progress=progress,
        )  # fmt: skip
    from akkd_core.nn.training import train_teacher

    teacher = train_teacher(
        *sets,
        work,
        options=options,
        pixel_architecture=pixel,
        progress=SubProgress(progress, 0.0, 0.9),
    )
    last = SubProgress(progress, 0.9, 1.0)
    return assemble_bundle(name, teacher, pixel, sets[0], facts, held_out, last)


def _file_name(architecture: str) -> str:
    """Architecture as a command's option, a file without its folder."""
    return Path(architecture).name if architecture.endswith(".json") else architecture


def _course(curve: Path, options: TrainingOptions) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Draw the learning curve and tell in words how the training went."""
    columns = LearningCurve(curve).columns()
    verdict = judge(columns, options.targets, options.patience)
    done = len(columns["epoch"])
    why = f", ended after {options.patience} without improvement" if verdict.stop else ""
    kept = {name: columns[f"val_mae_{name}"][verdict.kept_epoch - 1] for name in options.targets}
    errors = ", ".join(f"{n} {mae:.4g} {unit_of(n)}".removesuffix(" 1") for n, mae in kept.items())
    lines = [
        f"kept epoch {verdict.kept_epoch} of {done}{why}; validation MAE: {errors}",
        f"learning curve: {curve}",
    ]
    facts = {"epochs": done, "kept_epoch": verdict.kept_epoch, "learning_curve": str(curve)}
    chart = curve.with_suffix(".png")
    try:
        from akkd_core.figures.curves import learning_curve

        units = {name: unit_of(name) for name in options.targets}
        learning_curve(chart, columns, units=units, kept_epoch=verdict.kept_epoch)
    except MissingDependencyError as error:
        lines.append(f"no chart of it: {error}")
    else:
        lines[-1] += f" and {chart.name}"
        facts["chart"] = str(chart)
    return tuple(lines), facts
