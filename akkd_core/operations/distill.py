"""Distil students of single scenes and write their bundles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from akkd_core.errors import ParameterError
from akkd_core.operations.distill_setup import (
    TrainingOptions,
    archive_hash,
    beside,
    choose_scenes,
    mean_of,
    read_selected,
    require_training,
)
from akkd_core.operations.distill_teacher import ROLE, Teacher, find_teachers
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, SilentProgress, SubProgress, checkpoint

if TYPE_CHECKING:
    from akkd_core.bundle import ModelBundle, Network
    from akkd_core.distillation.plan import DistillationPlan
    from akkd_core.distillation.samples import HeldOut, PixelSamples
    from akkd_core.distillation.scoring import Scores
    from akkd_core.simulation.archive import Archive
    from akkd_core.simulation.archive_scene import ArchiveScene

DEFAULT_WEIGHT = 0.3
"""The paper's choice, as its section 2.3.1 and Table 4 read it."""

_SCORES = "scores_by_network"
_LACKS = "without what all labels err by alike"


@dataclass(frozen=True)
class _Job:
    """What is distilled, and where to."""

    archive: Archive
    folder: Path
    seed: int
    keep_small: bool
    overwrite: bool


def run(
    archive: str,
    output: str | None = None,
    scenes: str | None = None,
    target: str = "joint",
    teacher: str | None = None,
    teacher_weight: float | None = None,
    weight_from: str | None = None,
    keep_small: bool = False,
    small_architecture: str = "64,64,64",
    small_epochs: int = 40,
    goc_epochs: int = 20,
    dataset_epochs: int = 20,
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
    """Distil students; whole ones that are there are kept.

    Raises
    ------
    ParameterError
        For options that contradict each other, or a bundle made otherwise.
    InputError, GranuleReadError
        If the archive can't be used.
    MissingDependencyError
        Without TensorFlow.
    DistillationError, TrainingError, OperationCancelled
    """
    from akkd_core.simulation.archive import load_archive

    loaded = load_archive(archive)
    report = progress or SilentProgress()
    weight = _weight(teacher_weight, weight_from)
    options = TrainingOptions(
        target, seed, teacher_architecture, teacher_epochs, most_per_scene, batch_size,
        small_architecture, small_epochs, goc_epochs, dataset_epochs,
        teacher_members, teacher_inputs,
    )  # fmt: skip
    names = choose_scenes(loaded, scenes, None)
    folder = Path(output) if output else beside(archive, "students")
    job = _Job(loaded, folder, seed, keep_small, overwrite)
    require_training()
    teachers = find_teachers(loaded, teacher, options, SubProgress(report, 0.0, 0.2))
    plans = [replace(plan, teacher_weight=weight) for plan in options.plans()]
    found: dict[str, dict[str, Scores]] = {}
    written: list[str] = []
    for number, name in enumerate(names):
        span = (0.2 + 0.8 * number / len(names), 0.2 + 0.8 * (number + 1) / len(names))
        within = SubProgress(report, *span, f"{name}: ")
        found[name] = {}
        for plan in plans:
            own = _bundle_path(job, name, plan)
            scores = _one(job, own, name, plan, teachers[plan.targets], within)
            for network, by_target in scores.items():
                found[name].setdefault(network, {})
                found[name][network] = {**found[name][network], **by_target}
            written.append(str(own))
    report.update(1.0, "done")
    lines = (
        f"teacher's weight {weight:g}: the labels keep {1 - weight:g} under the GOC, "
        f"{(1 - weight) ** 2:.3g} in the student",
        *_table(found),
        f"{folder}: {len(written)} students",
    )
    return Outcome(lines, {"students": written, "teacher_weight": weight, "scores": found})


def _weight(given: float | None, weight_from: str | None) -> float:
    if given is not None and weight_from is not None:
        raise ParameterError("--teacher-weight and --weight-from both give the weight: keep one")
    if weight_from is not None:
        return read_selected(weight_from).weight
    return DEFAULT_WEIGHT if given is None else given


def _bundle_path(job: _Job, scene: str, plan: DistillationPlan) -> Path:
    suffix = "" if len(plan.targets) > 1 else f"_{plan.targets[0].replace('_', '')}"
    return job.folder / f"{scene}{suffix}"


def _one(
    job: _Job,
    folder: Path,
    name: str,
    plan: DistillationPlan,
    teacher: Teacher,
    progress: Progress,
) -> Mapping[str, Scores]:
    """Distil one scene, unless its bundles are there; return the scores of its networks."""
    from akkd_core.bundle import load_bundle

    checkpoint(progress, 0.0)
    facts = {
        ROLE: "student",
        "scene": name,
        "archive_sha256": archive_hash(job.archive),
        "teacher_bundle": teacher.bundle,
        "plan": plan.to_json(),
        "seed": job.seed,
    }
    small = folder.with_name(f"{folder.name}_small")
    wanted = {"student": folder, **({"small": small} if job.keep_small else {})}
    kept: Mapping[str, Scores] | None = None
    if not job.overwrite:
        for role, path in wanted.items():
            if path.is_dir():
                extra, own = load_bundle(path).manifest.extra, {**facts, ROLE: role}
                if {key: extra.get(key) for key in own} != own:
                    raise ParameterError(
                        f"{path}: holds a bundle made otherwise. choose another folder or "
                        "--overwrite"
                    )
                kept = extra[_SCORES]
    if kept is not None and all(path.is_dir() for path in wanted.values()):
        return kept
    return _distil(job, folder, small, plan, teacher, facts, progress)


def _distil(
    job: _Job,
    folder: Path,
    small: Path,
    plan: DistillationPlan,
    teacher: Teacher,
    facts: Mapping[str, Any],
    progress: Progress,
) -> Mapping[str, Scores]:
    from akkd_core.bundle import save_bundle
    from akkd_core.distillation.chain import distil
    from akkd_core.distillation.samples import split_scene
    from akkd_core.distillation.scoring import score_labels, score_network

    scene = job.archive.scene(facts["scene"])
    learn, held_out = split_scene(
        scene, plan.targets, block=plan.block, share=plan.held_out_share, seed=job.seed
    )
    taught, errors = teacher.of_scene(scene)
    sigma = None if errors is None else errors.sigma(learn.x)
    networks = distil(learn, taught, plan, job.seed, progress, sigma)
    scores = {"labels": score_labels(held_out)}
    for step in ("teacher", "small", "student"):
        scores[step] = score_network(networks[step], held_out)
    parts = [(folder, "student", networks["student"])]
    if job.keep_small:
        parts.insert(0, (small, "small", networks["small"]))
    for target, role, network in parts:
        bundle = _bundle(
            role, network, plan, scene, (learn, held_out), scores[role],
            {**facts, ROLE: role, _SCORES: scores}, job.seed, taught,
        )  # fmt: skip
        replaced = target.is_dir()
        save_bundle(bundle, target, overwrite=job.overwrite or replaced)
    return scores


def _bundle(
    role: str,
    network: Network,
    plan: DistillationPlan,
    scene: ArchiveScene,
    pixels: tuple[PixelSamples, HeldOut],
    scores: Scores,
    extra: Mapping[str, Any],
    seed: int,
    teacher: Network,
) -> ModelBundle:
    from akkd_core.distillation.chain import predict
    from akkd_core.distillation.label_bundle import error_table, label_bundle, manifest_scores
    from akkd_core.joint.belonging import belongs_of

    learn, held_out = pixels[0], pixels[1].samples
    table, method = None, f"output of the network: what the members' spread stands for, {_LACKS}"
    if len(network.output_names) == len(plan.targets):
        own = predict(network, held_out.x)
        off = (own - held_out.labels, predict(teacher, held_out.x) - held_out.labels)
        table = error_table(plan.targets, own, np.hypot(*off))
        method = (
            "rms difference from labels on held-out blocks, its own and its teacher's together, "
            f"by temperature, {_LACKS}"
        )
    what = "small model on product labels" if role == "small" else "student of a label teacher"
    return label_bundle(
        f"{scene.name}-{role}"[:80],
        network,
        plan.small_architecture,
        description=f"{what}, pixel network on five BTs",
        trained_on=f"{len(learn)} labelled pixels of {scene.name}; {len(pixels[1])} held out",
        archive_sha256=extra["archive_sha256"],
        command=f"akkd distill --scenes {scene.name} --teacher-weight {plan.teacher_weight:g}",
        seed=seed,
        extra=extra,
        bt=learn.x,
        scores=manifest_scores(scores, scene.name),
        belongs=belongs_of(learn.x, (scene.grid,), (scene.acquired_at,)),
        table=table,
        error_method=method,
    )


def _table(found: Mapping[str, Mapping[str, Scores]]) -> tuple[str, ...]:
    """MAE on held-out blocks, against labels and truth, as lines."""
    width = max(len(name) for name in found)
    quantities = [("lst", "LST", "K", 3), ("lse", "LSE", "", 4)]
    lines = ["MAE on held-out blocks, against labels / truth:"]
    for scene, networks in found.items():
        for network, by_target in networks.items():
            parts = []
            for prefix, title, unit, digits in quantities:
                chosen = [by_target[t] for t in by_target if t.split("_")[0] == prefix]
                if chosen:
                    values = " / ".join(
                        _mae(chosen, reference, digits) for reference in ("labels", "truth")
                    )
                    parts.append(f"{title} {values} {unit}".rstrip())
            if parts:
                lines.append(f"  {scene:<{width}}  {network:<8} {'   '.join(parts)}")
    return tuple(lines)


def _mae(chosen: Sequence[Mapping[str, Any]], reference: str, digits: int) -> str:
    values = [scores[reference]["mae"] for scores in chosen if reference in scores]
    return f"{mean_of(values):.{digits}f}" if values else "-"
