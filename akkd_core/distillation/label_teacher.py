"""Training of teachers on labels: one network or several, of the pixel alone or of its scene, too.

Several networks differ in their seed and in the places they see: each draws as many places as there
are, with replacement, so that about a third of them is new to it. A place's dates stay together,
since they share its surface.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.network import Network
from akkd_core.distillation.chain import predict, train_label_teacher
from akkd_core.distillation.ensemble import columns, member_names, merge
from akkd_core.distillation.plan import DistillationPlan
from akkd_core.distillation.predicted_error import ErrorTeacher, SigmaModel, fit_sigma
from akkd_core.distillation.samples import BASE, INPUTS, scene_samples
from akkd_core.distillation.scene_aware import (
    TEACHER_STATISTICS,
    bind_statistics,
    window_with_labels,
)
from akkd_core.errors import DistillationError
from akkd_core.physics.scene_statistics import scene_statistics
from akkd_core.progress import Progress, SilentProgress, SubProgress, checkpoint
from akkd_core.simulation.archive_scene import ArchiveScene

WINDOWS = 4
"""Parts of a scene, each with statistics of its own, that a scene-aware teacher learns from."""

_CHECKED_PER_WINDOW = 256


@dataclass(frozen=True, eq=False)
class LabelledWindow:
    """Labelled pixels of a scene or of a part of it.

    Parameters
    ----------
    place : hashable
        The same for all dates of a place.
    x : ndarray of float32, (n, 5)
        Brightness temperature, K.
    statistics : ndarray of float32, (75,)
        Of all pixels of that part.
    labels : ndarray of float32, (n, n_targets)
    """

    place: Hashable
    x: NDArray[np.float32]
    statistics: NDArray[np.float32]
    labels: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class LabelTeacher:
    """A trained teacher.

    Parameters
    ----------
    network : Network
        Outputs: the targets, then each member's own.
    sigma : SigmaModel, optional
        What the members' spread means; None of a single network.
    unseen : tuple of ndarray, optional
        Predicted targets and residuals against labels, both (n, n_targets), of pixels that some
        members weren't trained on, by these.
    """

    network: Network
    sigma: SigmaModel | None = None
    unseen: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    @property
    def errors(self) -> ErrorTeacher | None:
        """What tells the error of each pixel; None of a single network."""
        if self.sigma is None:
            return None
        count = len(self.sigma.floor)
        return ErrorTeacher(columns(self.network, self.network.output_names[count:]), self.sigma)


def place_of(scene: ArchiveScene) -> Hashable:
    """Where a scene lies, the same for scenes of one grid."""
    grid = scene.grid
    return grid.epsg, grid.geotransform, grid.shape


def labelled_windows(
    scenes: Iterable[ArchiveScene], plan: DistillationPlan, seed: int
) -> list[LabelledWindow]:
    """Draw what a teacher learns from: no scene gives more than its share of pixels.

    Parameters
    ----------
    scenes : iterable of ArchiveScene
    plan : DistillationPlan
        With scene inputs, parts of scenes are drawn; whole scenes else.
    seed : int

    Raises
    ------
    DistillationError
        If there is no scene or one without labels.
    """
    found = []
    for index, scene in enumerate(scenes):
        rng = np.random.default_rng([seed, index])
        measured: NDArray[np.bool_] = np.asarray(np.isfinite(scene.bt).all(axis=0))
        count = WINDOWS if plan.teacher_inputs == "scene" else 1
        share = -(-plan.most_per_scene // count)
        for _ in range(count):
            inside = measured
            if count > 1:
                inside = measured & window_with_labels(scene, measured & scene.label_valid, rng)
            pixels = scene_samples(scene, plan.targets, inside)
            chosen = rng.permutation(len(pixels))[:share]
            statistics = scene_statistics(scene.bt[:, inside].T)
            found.append(
                LabelledWindow(
                    place_of(scene), pixels.x[chosen], statistics, pixels.labels[chosen]
                )
            )
    if not found:
        raise DistillationError("no scene to learn from")
    return found


def train_teacher(
    scenes: Iterable[ArchiveScene],
    plan: DistillationPlan,
    seed: int,
    progress: Progress | None = None,
) -> LabelTeacher:
    """Train the teacher that a plan describes on the labels of many scenes.

    Parameters
    ----------
    scenes : iterable of ArchiveScene
    plan : DistillationPlan
    seed : int
    progress : Progress, optional

    Raises
    ------
    DistillationError
        If there are no labels, or too few places to leave some out.
    TrainingError, OperationCancelled
        See `akkd_core.distillation.chain.fit_labels`.
    """
    if (plan.teacher_members, plan.teacher_inputs) == (1, "pixel"):
        return LabelTeacher(train_label_teacher(scenes, plan, seed, progress))
    return train_on_windows(labelled_windows(scenes, plan, seed), plan, seed, progress)


def train_on_windows(
    windows: Sequence[LabelledWindow],
    plan: DistillationPlan,
    seed: int,
    progress: Progress | None = None,
) -> LabelTeacher:
    """As `train_teacher`, on what `labelled_windows` drew."""
    report = progress or SilentProgress()
    places = list(dict.fromkeys(window.place for window in windows))
    members = plan.teacher_members
    drawn = [_draw(places, seed, member, members) for member in range(members)]
    networks = []
    for member, own in enumerate(drawn):
        part = SubProgress(report, member / members, (member + 1) / members)
        checkpoint(part, 0.0, f"member {member + 1}")
        repeated = [w for w in windows for _ in range(own.get(w.place, 0))]
        networks.append(_fit(repeated, plan, seed + member, part))
    merged = merge(networks)
    if members == 1:
        return LabelTeacher(merged)
    predicted, spreads, residuals = _unseen(windows, networks, drawn)
    model = fit_sigma(plan.targets, spreads, residuals)
    return LabelTeacher(merged, model, (predicted, residuals))


def _draw(
    places: Sequence[Hashable], seed: int, member: int, members: int
) -> dict[Hashable, int]:
    """How often a member sees each place: once, or as drawn where there are several members."""
    if members == 1:
        return dict.fromkeys(places, 1)
    rng = np.random.default_rng([seed, member, 23])
    times = np.bincount(rng.integers(len(places), size=len(places)), minlength=len(places))
    return {place: int(n) for place, n in zip(places, times, strict=True) if n}


def _fit(
    windows: Sequence[LabelledWindow], plan: DistillationPlan, seed: int, progress: Progress
) -> Network:
    from akkd_core.nn.fitting import FitOptions, Samples
    from akkd_core.nn.goc_training import fit_plain

    names = TEACHER_STATISTICS if plan.teacher_inputs == "scene" else ()
    x = np.concatenate([w.x for w in windows])
    shared = [np.broadcast_to(w.statistics[: len(names)], (len(w.x), len(names))) for w in windows]
    labels = np.concatenate([w.labels for w in windows])
    is_lst = np.array([target == "lst" for target in plan.targets], dtype=np.float32)
    base = x[:, INPUTS.index(BASE), None] * is_lst
    network = fit_plain(
        plan.fitted_teacher,
        Samples(np.concatenate([x, np.concatenate(shared)], axis=1), labels, base),
        input_names=INPUTS + names,
        output_names=plan.targets,
        output_add=tuple(BASE if target == "lst" else None for target in plan.targets),
        options=FitOptions(plan.teacher_epochs, plan.batch_size, seed),
        progress=progress,
    )
    return replace(network, n_pixel_inputs=len(INPUTS))


def _unseen(
    windows: Sequence[LabelledWindow],
    networks: Sequence[Network],
    drawn: Sequence[dict[Hashable, int]],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Prediction, spread and residual of pixels that two members or more weren't trained on."""
    parts = []
    for window in windows:
        strangers = [
            net for net, own in zip(networks, drawn, strict=True) if window.place not in own
        ]
        if len(strangers) > 1:
            x = window.x[:_CHECKED_PER_WINDOW]
            values = np.stack(
                [predict(bind_statistics(net, window.statistics), x) for net in strangers]
            )
            mean = values.mean(axis=0)
            off = mean - window.labels[:_CHECKED_PER_WINDOW]
            parts.append((mean, values.std(axis=0, ddof=1), off))
    if not parts:
        raise DistillationError(
            f"{len(networks)} members saw every place: none is left to tell their error from. "
            "give more members or more training scenes"
        )
    mean, spreads, residuals = (np.concatenate(values) for values in zip(*parts, strict=True))
    return mean, spreads, residuals


def members_of(network: Network, targets: Sequence[str]) -> Network | None:
    """Return a network of the members' own outputs for some targets; None without any.

    Parameters
    ----------
    network : Network
        As `LabelTeacher` holds it.
    targets : sequence of str
    """
    count = sum(name.startswith(f"{targets[0]}_member_") for name in network.output_names)
    names = member_names(targets, count)
    return columns(network, names) if names else None
