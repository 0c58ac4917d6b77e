"""Every step of the distillation of a scene, scored: what each of them gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from akkd_core.bundle.network import Network
from akkd_core.distillation.chain import distil_small, go_on, predict, train_small
from akkd_core.distillation.mixing import mix
from akkd_core.distillation.plan import DistillationPlan
from akkd_core.distillation.predicted_error import ErrorTeacher, judge_sigma
from akkd_core.distillation.samples import HeldOut, split_scene
from akkd_core.distillation.scene_aware import bind
from akkd_core.distillation.scoring import Scores, score_labels, score_network
from akkd_core.progress import Progress, SilentProgress, SubProgress
from akkd_core.simulation.archive_scene import ArchiveScene

LABELS, TEACHER, SMALL, INCREMENTAL = "labels", "teacher", "small", "incremental"

KNOWN_AIR = "ceiling"
"""A small model trained on labels made with the true air: more than any teacher could give."""


def variant(step: str, teacher_weight: float) -> str:
    """Name of a step that a teacher's weight belongs to, e.g. ``goc 0.3``."""
    return f"{step} {teacher_weight:g}"


def variants(weights: Sequence[float]) -> tuple[str, ...]:
    """All that is scored, in the order of the chain; the labels themselves first."""
    steps = [variant(step, weight) for step in ("goc", "student") for weight in weights]
    return (LABELS, TEACHER, SMALL, INCREMENTAL, *steps)


def ablate_scene(
    scene: ArchiveScene,
    teacher: Network,
    plan: DistillationPlan,
    weights: Sequence[float],
    seed: int,
    progress: Progress | None = None,
    errors: ErrorTeacher | None = None,
    known_air: ArchiveScene | None = None,
) -> dict[str, Any]:
    """Distil a scene with several teacher weights and score every step on held-out blocks.

    Incremental learning and the GOC go on from one small model for as many epochs.

    Parameters
    ----------
    scene : ArchiveScene
    teacher : Network
        Of the plan's targets, trained on other scenes; it may see statistics of the scene.
    plan : DistillationPlan
        Its own weight is not used.
    weights : sequence of float
        Teacher weights, 0-1.
    seed : int
        Of the held-out blocks and of all training.
    progress : Progress, optional
    errors : ErrorTeacher, optional
        What tells the error of pixels, of the same inputs as the teacher.
    known_air : ArchiveScene, optional
        The scene with labels of the true air, see `akkd_core.distillation.ceiling`.

    Returns
    -------
    dict
        ``scores`` by variant (see `variants`) and target; ``mixing`` by target, of the labels' and
        the small model's errors with the teacher's, where the truth is known; with ``errors``
        also ``told`` by variant and target, predicted errors beside true ones.

    Raises
    ------
    DistillationError, TrainingError, OperationCancelled
    """
    report = progress or SilentProgress()
    teacher = bind(teacher, scene)
    learn, held_out = split_scene(
        scene, plan.targets, block=plan.block, share=plan.held_out_share, seed=seed
    )
    taught = predict(teacher, learn.x)
    small = train_small(learn, plan, seed, SubProgress(report, 0.0, 0.25, "small model: "))
    networks = {TEACHER: teacher, SMALL: small}
    networks[INCREMENTAL] = go_on(
        small, learn, learn.labels, taught, 0.0, plan.whole_epochs, plan, seed,
        SubProgress(report, 0.25, 0.4, "incremental: "),
    )  # fmt: skip
    for number, weight in enumerate(weights):
        part = 0.6 / len(weights)
        within = SubProgress(
            report, 0.4 + part * number, 0.4 + part * (number + 1), f"weight {weight:g}: "
        )
        steps = distil_small(
            small, learn, taught, replace(plan, teacher_weight=weight), seed, within
        )
        networks |= {variant(step, weight): network for step, network in steps.items()}
    found = {
        "scores": _scores(networks, held_out, weights),
        "mixing": _mixing(teacher, small, held_out),
    }
    if known_air is not None:
        own, _ = split_scene(
            known_air, plan.targets, block=plan.block, share=plan.held_out_share, seed=seed
        )
        best = train_small(own, plan, seed)
        found["scores"][KNOWN_AIR] = score_network(best, held_out)
        for target, mixing in _mixing(best, small, held_out).items():
            found["mixing"][target][KNOWN_AIR] = mixing[SMALL]
    if errors is not None and held_out.samples.truth is not None:
        bound = ErrorTeacher(bind(errors.members, scene), errors.model)
        found["told"] = _told(bound, networks, held_out, weights)
    return found


def _told(
    errors: ErrorTeacher,
    networks: Mapping[str, Network],
    held_out: HeldOut,
    weights: Sequence[float],
) -> dict[str, Any]:
    """Predicted errors beside those of teacher and students."""
    samples = held_out.samples
    sigma, truth = errors.sigma(samples.x), samples.truth
    assert truth is not None
    names = (TEACHER, *(variant("student", weight) for weight in weights))
    found: dict[str, Any] = {}
    for name in names:
        off = predict(networks[name], samples.x) - truth
        found[name] = {
            target: judge_sigma(sigma[:, column], off[:, column])
            for column, target in enumerate(samples.targets)
        }
    return found


def _scores(
    networks: Mapping[str, Network], held_out: HeldOut, weights: Sequence[float]
) -> dict[str, Scores]:
    found: dict[str, Scores] = {LABELS: score_labels(held_out)}
    for name in variants(weights)[1:]:
        found[name] = score_network(networks[name], held_out)
    return found


def _mixing(teacher: Network, small: Network, held_out: HeldOut) -> dict[str, Any]:
    samples = held_out.samples
    if samples.truth is None:
        return {}
    errors = {
        LABELS: samples.labels - samples.truth,
        SMALL: predict(small, samples.x) - samples.truth,
    }
    taught = predict(teacher, samples.x) - samples.truth
    return {
        target: {
            own: mix(error[:, column], taught[:, column]).to_json()
            for own, error in errors.items()
        }
        for column, target in enumerate(samples.targets)
    }
