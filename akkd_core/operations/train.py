"""Train a teacher and write it as a bundle, with its held-out errors and scores."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from akkd_core.bundle import (
    AK_KD_TRIAL3,
    Architecture,
    ModelBundle,
    Network,
    Score,
    Training,
    Uncertainty,
    bundle_hash,
    make_manifest,
    save_bundle,
)
from akkd_core.errors import MissingDependencyError, ParameterError
from akkd_core.nn.early_stopping import judge
from akkd_core.nn.learning_curve import LearningCurve
from akkd_core.nn.options import (
    DEFAULT_LEARNING_RATE,
    DEFAULT_PATIENCE,
    DEFAULT_PIXEL_ARCHITECTURE,
    TrainingOptions,
)
from akkd_core.operations.outputs import refuse_existing
from akkd_core.operations.spec import Outcome
from akkd_core.physics.features import OUTPUT_NAMES, unit_of
from akkd_core.progress import Progress, SilentProgress, SubProgress
from akkd_core.provenance import sha256_file

if TYPE_CHECKING:
    from akkd_core.nn.teacher import Teacher
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
    data: str,
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
    work_dir: str | None = None,
    seed: int = 1,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Train a teacher, find its errors on held-out scenes, and write the bundle.

    Raises
    ------
    ParameterError
        For an architecture that is none, or a bundle that exists.
    MissingDependencyError
        Without TensorFlow.
    TrainingError, OperationCancelled
        See `akkd_core.nn.training.train_teacher`.
    """
    folder = Path(output)
    refuse_existing(folder, overwrite)
    report = progress or SilentProgress()
    try:
        from akkd_core.nn import training
    except ImportError as error:
        raise MissingDependencyError(f"training needs TensorFlow ({error}). {_REMEDY}") from error
    from akkd_core.nn.teacher import TARGETS
    from akkd_core.simulation.training_set import TrainingSet

    pixel = read_architecture(architecture) if architecture else DEFAULT_PIXEL_ARCHITECTURE
    if learning_rate is not None:
        pixel = replace(pixel, learning_rate=learning_rate)
    options = TrainingOptions(
        inputs=inputs,
        targets=TARGETS if target == "joint" else (target.replace("lse", "lse_"),),
        epochs=epochs,
        patience=patience,
        batch_scenes=batch_scenes,
        seed=seed,
    )
    train_set, validation_set = TrainingSet.load(data), TrainingSet.load(validation)
    work = Path(work_dir) if work_dir else folder.with_name(folder.name + "_work")
    teacher = training.train_teacher(
        train_set,
        validation_set,
        work,
        options=options,
        pixel_architecture=pixel,
        progress=SubProgress(report, 0.0, 0.9),
    )
    course, facts_of_course = _course(work / training.CURVE_NAME, options)
    command = (
        f"akkd train {folder.name} --data {Path(data).name} --validation {Path(validation).name} "
        f"--inputs {inputs} --target {target} --epochs {epochs} --patience {patience} "
        f"--batch-scenes {batch_scenes} --learning-rate {pixel.learning_rate!r} --seed {seed}"
    ) + (f" --architecture {_file_name(architecture)}" if architecture else "")
    facts = Training(
        description=f"{len(train_set)} simulated scenes of {train_set.lst.shape[1]} pixels, "
        f"{len(set(train_set.profile.tolist()))} base profiles of air",
        command=command,
        data_sha256=sha256_file(data),
        seeds=(seed,),
    )
    bundle, lines = assemble_bundle(
        name, teacher, pixel, train_set, facts, held_out_scenes, SubProgress(report, 0.9, 1.0)
    )
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


def assemble_bundle(
    name: str,
    teacher: Teacher,
    pixel_architecture: Architecture,
    train_set: TrainingSet,
    facts: Training,
    held_out: int,
    progress: Progress,
) -> tuple[ModelBundle, tuple[str, ...]]:
    """Bundle of a trained teacher, with its error table and scores from held-out scenes.

    Parameters
    ----------
    name : str
    teacher : Teacher
    pixel_architecture : Architecture
    train_set : TrainingSet
        What it was trained on: gives the domain of validity.
    facts : Training
    held_out : int
        Held-out scenes for errors and scores; 0 for none of either.
    progress : Progress

    Returns
    -------
    bundle : ModelBundle
    lines : tuple of str
        Scores in words.
    """
    from akkd_core.nn.teacher import export_networks

    scene, pixel = export_networks(teacher)
    manifest = make_manifest(
        name,
        pixel_network=pixel,
        scene_network=scene,
        pixel_architecture=pixel_architecture,
        units={n: unit_of(n) for network in (scene, pixel) if network for n in _names(network)},
        description="scene-aware teacher" if scene else "pixel network on five BTs",
        training=facts,
        domain=domain_of(train_set),
        software=training_software(),
    )
    return judged_bundle(ModelBundle(manifest, pixel, scene), held_out, progress)


def judged_bundle(
    bare: ModelBundle, held_out: int, progress: Progress
) -> tuple[ModelBundle, tuple[str, ...]]:
    """Give a bundle its error table and scores from held-out scenes.

    Parameters
    ----------
    bare : ModelBundle
        Without either.
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
        return bare, ()
    from akkd_core.validation.error_calibration import coverage, error_table
    from akkd_core.validation.heldout import held_out_scenes

    part = max(held_out // 3, 1)
    made_from = held_out_scenes(
        part, profiles="ecmwf52", seed=1, progress=SubProgress(progress, 0.0, 0.2)
    )
    table = error_table(bare, made_from)
    checked_on = held_out_scenes(
        max(held_out - part, 1),
        profiles="ecmwf83",
        seed=2,
        progress=SubProgress(progress, 0.2, 0.5),
    )
    covered = coverage(table, bare, checked_on)
    scores = _scores(bare, held_out, SubProgress(progress, 0.5, 1.0))
    method = (
        f"root mean square residuals on {len(made_from)} held-out scenes (ecmwf52 air, judging "
        "materials) by retrieved temperature and band 13 transmittance; on ecmwf83 air "
        f"{covered[0].one_sigma:.2f} of LST errors lie within it"
    )
    n_out, n_t, n_tau = table.sigma.shape
    uncertainty = Uncertainty(method, (n_out, n_t, n_tau))
    scored = replace(bare.manifest, scores=scores, uncertainty=uncertainty)
    lines = tuple(f"{s.name}: {s.value:.4f} {s.unit} ({s.measured_on})" for s in scores)
    return ModelBundle(scored, bare.pixel_network, bare.scene_network, table), lines


def _names(network: Network) -> tuple[str, ...]:
    return network.input_names + network.output_names


def _scores(bundle: ModelBundle, count: int, progress: Progress) -> tuple[Score, ...]:
    from akkd_core.validation.heldout import held_out_scenes, score_method
    from akkd_core.validation.methods import BundleMethod

    if set(OUTPUT_NAMES) - set(bundle.pixel_network.output_names):
        return ()
    scenes = held_out_scenes(count, seed=0, progress=progress)
    found = score_method(BundleMethod(bundle), scenes)
    where = f"simulation: {count} scenes of held-out air and materials, NEdT 0.3 K, file alone"
    return (
        Score("lst mae", found.lst_mae, "K", where),
        Score("lse mae", found.lse_mae, "1", where),
        Score("lst bias", found.lst.bias, "K", where),
        Score("lst rmse", found.lst.rmse, "K", where),
        Score("lst mean absolute scene bias", found.mean_absolute_scene_bias, "K", where),
    )


def domain_of(train_set: TrainingSet) -> dict[str, tuple[float, float]]:
    """Range of the training set's temperatures, but for a thousandth at either end."""
    import numpy as np

    named = {f"bt_{band}": train_set.bt[..., i] for i, band in enumerate(range(10, 15))}
    named["lst"] = train_set.lst
    ranges = {}
    for name, values in named.items():
        low, high = np.quantile(values, (0.001, 0.999))
        ranges[name] = (round(float(low), 1), round(float(high), 1))
    return ranges


def training_software() -> dict[str, str]:
    """Return the versions of what trains, by package."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for package in ("keras", "tensorflow-cpu", "tensorflow"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
