"""Adapt to a scene: a student of five brightness temperatures that has learnt the scene's air."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from akkd_core.bundle import (
    ModelBundle,
    Score,
    Training,
    Uncertainty,
    bundle_hash,
    bundle_path,
    load_bundle,
    make_manifest,
    save_bundle,
)
from akkd_core.calibration import Calibration
from akkd_core.distillation.scene_adapted import (
    TaughtPixels,
    adapt,
    adapted_error_table,
    fidelity,
    taught_pixels,
)
from akkd_core.errors import BundleMismatchError
from akkd_core.inference.retriever import Retriever
from akkd_core.joint.belonging import belongs_of
from akkd_core.operations.batch import group_scenes
from akkd_core.operations.distill_setup import require_training
from akkd_core.operations.known_air import AirSources, as_text, one_value, read_air
from akkd_core.operations.outputs import refuse_existing
from akkd_core.operations.spec import Outcome
from akkd_core.operations.train import read_architecture
from akkd_core.physics.features import PIXEL_ONLY_FEATURES, unit_of
from akkd_core.progress import Progress, SilentProgress, SubProgress
from akkd_core.provenance import sha256_file, training_software

if TYPE_CHECKING:
    from akkd_core.bundle import Architecture, Network
    from akkd_core.images import Scene
    from akkd_core.validation.metrics import Metrics

SAME_AIR = timedelta(hours=1)
"""Scenes within this time of the student's are of its overpass: neighbours along the swath."""

_DOMAIN_SHARE = 0.999
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def run(
    scene: str,
    output: str | None = None,
    model: str | None = None,
    tcwv: str | None = None,
    t_air: float | str | None = None,
    pixels: int = 50000,
    noise: float = 1.0,
    architecture: str = "64,64,64",
    epochs: int = 20,
    name: str | None = None,
    gain_offset: str | None = None,
    seed: int = 1,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Retrieve the scene with the teacher, train the student on it, and write its bundle.

    Raises
    ------
    ParameterError
        For an architecture that is none, or a bundle that exists.
    InputError, GranuleReadError
        If the scene can't be read, or has no valid pixel.
    BundleError
        If the teacher can't be read, or has no scene network.
    MissingDependencyError
        Without TensorFlow.
    DistillationError
        If the scene has too few clear pixels, or is outside the teacher's domain.
    TrainingError, OperationCancelled
    """
    argument = group_scenes([scene])[0]
    folder = Path(output) if output else argument.folder("student")
    refuse_existing(folder, overwrite)
    report = progress or SilentProgress()
    small = read_architecture(architecture)
    require_training()
    teacher = load_bundle(bundle_path(model or "default"))
    if teacher.scene_network is None:
        raise BundleMismatchError(
            f"bundle {teacher.name}: has no scene network, so it has nothing to adapt to a scene. "
            "give one of akkd train --inputs scene"
        )
    opened = argument.open()
    known = one_value(read_air(AirSources(as_text(tcwv), as_text(t_air)), opened).air)
    learn, held_out = taught_pixels(
        Retriever(teacher),
        opened,
        Calibration.for_scene(opened.metadata, None if gain_offset is None else Path(gain_offset)),
        ancillary=known,
        seed=seed,
        progress=SubProgress(report, 0.0, 0.3),
    )
    student = adapt(
        learn, small, pixels=pixels, epochs=epochs, noise=noise, seed=seed,
        progress=SubProgress(report, 0.3, 0.98, "student: "),
    )  # fmt: skip
    away = fidelity(student, held_out)
    used = min(pixels, len(learn))
    given = {"--tcwv": tcwv, "--t-air": t_air, "--gain-offset": gain_offset}
    command = (
        f"akkd distill adapt {Path(scene).name} --model {_file_name(model or 'default')} "
        f"--pixels {pixels} --noise {noise:g} --architecture {_file_name(architecture)} "
        f"--epochs {epochs} --seed {seed}"
    ) + "".join(f" {key} {_file_name(str(v))}" for key, v in given.items() if v is not None)
    facts = Training(
        description=f"distilled from {teacher.name} {bundle_hash(teacher)} on {used} unlabelled "
        f"pixels of {opened.metadata.granule_id}, {noise:g} times the instrument's noise on its "
        "inputs",
        command=command,
        data_sha256=sha256_file(scene) if Path(scene).is_file() else "",
        seeds=(seed,),
    )
    bundle = _bundle(
        _name(name, opened), teacher, student, small, opened, (learn, held_out), away, facts
    )
    save_bundle(bundle, folder, overwrite=overwrite)
    report.update(1.0, "done")
    return _outcome(folder, bundle, learn, held_out, used, away)


def _outcome(
    folder: Path,
    bundle: ModelBundle,
    learn: TaughtPixels,
    held_out: TaughtPixels,
    used: int,
    away: Mapping[str, Metrics],
) -> Outcome:
    cost = bundle.manifest.extra["multiply_adds_per_pixel"]
    lse = [found.mae for key, found in away.items() if key != "lst"]
    foreign = 1.0 - float(learn.in_domain.mean())
    lines = [
        f"{folder}: bundle {bundle.name} {bundle_hash(bundle)}",
        f"multiply-adds a pixel: {cost['student']} of {cost['teacher']}",
        f"learnt from {used} of {len(learn)} pixels; on {len(held_out)} held-out pixels it departs "
        f"from its teacher by {away['lst'].mae:.3f} K (bias {away['lst'].bias:+.3f} K) and, in "
        f"emissivity, {sum(lse) / len(lse):.4f} on average",
    ]
    if foreign > 0:
        lines.append(f"{100 * foreign:.1f} % of the pixels are outside the teacher's own domain")
    return Outcome(
        tuple(lines),
        {
            "bundle": str(folder),
            "multiply_adds": cost,
            "pixels": used,
            "departure": {key: found.to_json() for key, found in away.items()},
            "outside_teachers_domain": foreign,
        },
    )


def _bundle(
    name: str,
    teacher: ModelBundle,
    student: Network,
    architecture: Architecture,
    scene: Scene,
    pixels: tuple[TaughtPixels, TaughtPixels],
    away: Mapping[str, Metrics],
    facts: Training,
) -> ModelBundle:
    from akkd_core.nn.compression import pixel_multiply_adds

    learn, held_out = pixels
    where = f"held-out blocks of {scene.metadata.granule_id}, against the teacher"
    table, uncertainty = None, Uncertainty("none")
    if np.isfinite(learn.errors).all():
        table = adapted_error_table(student, learn, held_out)
        n_out, n_t, n_tau = table.sigma.shape
        uncertainty = Uncertainty(
            f"the teacher's ({teacher.manifest.uncertainty.method}) in this scene's air, and root "
            "mean square departures from the teacher on held-out pixels",
            (n_out, n_t, n_tau),
        )
    names = student.input_names + student.output_names
    manifest = make_manifest(
        name,
        pixel_network=student,
        pixel_architecture=architecture,
        units={key: unit_of(key) for key in names},
        description=f"student of {teacher.name} for one scene, pixel network on five BTs",
        training=facts,
        domain=_domain(teacher, learn),
        scores=[
            Score(f"{key} {kind} (teacher)", getattr(found, kind), unit_of(key), where)
            for key, found in away.items()
            for kind in ("mae", "bias", "rmse")
        ],
        error_table=table,
        uncertainty_method=uncertainty.method,
        software=training_software(),
        extra={
            "student_of": {"name": teacher.name, "bundle": bundle_hash(teacher)},
            "adapted_to": scene.metadata.granule_id,
            "multiply_adds_per_pixel": {
                "student": student.multiply_adds(),
                "teacher": pixel_multiply_adds(teacher.pixel_network),
            },
        },
        belongs=belongs_of(
            learn.bt, (scene.grid,), (scene.metadata.acquired_at,),
            share=_DOMAIN_SHARE, season_margin=0, period_margin=SAME_AIR,
        ),
    )  # fmt: skip
    return ModelBundle(manifest, student, error_table=table)


def _domain(teacher: ModelBundle, learn: TaughtPixels) -> dict[str, tuple[float, float]]:
    """Range of the scene's pixels inside the teacher's own domain."""
    trusted = learn.bt[learn.in_domain]
    low, high = trusted.min(axis=0), trusted.max(axis=0)
    found = {name: span for name, span in teacher.manifest.domain.items() if name == "lst"}
    for column, name in enumerate(PIXEL_ONLY_FEATURES):
        found[name] = (float(low[column]), float(high[column]))
    return found


def _name(given: str | None, scene: Scene) -> str:
    if given is not None:
        return given
    plain = _NOT_A_NAME.sub("_", scene.metadata.granule_id).lstrip("._-")
    return f"{plain[:72]}-student"


def _file_name(text: str) -> str:
    """Option's value in a command, a path without its folder."""
    return Path(text).name if "/" in text else text
