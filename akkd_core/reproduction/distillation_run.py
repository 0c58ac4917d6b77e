"""The one distillation behind Table 4 and Figs. 3-13: made once, kept, read by every item.

Teacher, small models and students see labels alone. Scores come from held-out pixels with their
original labels and their truth (`HeldOut`): composite labels never get here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle import Network
from akkd_core.distillation.chain import distil_small, predict, train_label_teacher, train_small
from akkd_core.distillation.plan import DistillationPlan
from akkd_core.distillation.records import RecordFile
from akkd_core.distillation.samples import (
    HeldOut,
    PixelSamples,
    held_out_blocks,
    pooled_samples,
    split_scene,
)
from akkd_core.distillation.weight_trials import (
    TrialPart,
    named_after_scene,
    repeated_scores,
    run_trials,
)
from akkd_core.distillation.weights import WeightSelection, select_weight
from akkd_core.errors import ParameterError
from akkd_core.nn.quiet import quiet_import
from akkd_core.physics.features import OUTPUT_NAMES
from akkd_core.progress import Progress, SubProgress
from akkd_core.provenance import sha256_file
from akkd_core.reproduction.items import Request
from akkd_core.reproduction.kept_networks import KeptNetworks
from akkd_core.reproduction.published import CHOSEN_WEIGHT
from akkd_core.reproduction.run_clock import timed
from akkd_core.reproduction.run_size import MODELS, SIZES, RunSize
from akkd_core.simulation.archive import INDEX_NAME, Archive
from akkd_core.simulation.archive_scene import ArchiveScene
from akkd_core.simulation.archive_writing import simulate_archive

READINGS = (CHOSEN_WEIGHT, 0.7)
"""Teacher weights that the paper's alpha of 0.3 may mean."""


def student_key(model: int, weight: float) -> str:
    """Name of a student: the paper's for the weight that it chose, else with the weight."""
    name = f"KSMI_{model}"
    return name if weight == CHOSEN_WEIGHT else f"{name} w={weight:g}"


@dataclass(frozen=True)
class Evaluation:
    """Predictions of a model where nothing was trained.

    Parameters
    ----------
    held_out : HeldOut
        Of all targets.
    estimate : ndarray of float32, (n, 6)
    """

    held_out: HeldOut
    estimate: NDArray[np.float32]


@dataclass(frozen=True)
class DistillationRun:
    """What items read.

    Parameters
    ----------
    size : RunSize
    seed : int
    scenes : tuple of str
        Of small models 1 and 2.
    learnt_from : mapping of str to int
        Pixels that ``large``, ``1`` and ``2`` were trained on.
    evaluations : mapping of str to Evaluation
        By the names of Fig. 13, and by `student_key`.
    trials : sequence of dict
        See `akkd_core.distillation.weight_trials`.
    cpu_seconds : float
        That making it took.
    """

    size: RunSize
    seed: int
    scenes: tuple[str, ...]
    learnt_from: Mapping[str, int]
    evaluations: Mapping[str, Evaluation]
    trials: Sequence[Mapping[str, Any]]
    cpu_seconds: float = 0.0

    def selection(self, model: int, reference: str = "labels") -> WeightSelection:
        """Weights of one small model, by scores against labels, or for comparison the truth."""
        return select_weight(repeated_scores(self.trials, self.scenes[model - 1], reference))

    @property
    def selected_weight(self) -> float:
        """Weight that both small models recommend, by held-out labels."""
        return _overall(self.trials, self.scenes).recommended

    @property
    def student_weights(self) -> tuple[float, ...]:
        """Teacher weights of the students."""
        return tuple(sorted({*READINGS, self.selected_weight}))


def _overall(trials: Sequence[Mapping[str, Any]], scenes: Sequence[str]) -> WeightSelection:
    return select_weight(
        [
            one
            for name in scenes
            for one in named_after_scene(repeated_scores(trials, name), name)
        ]
    )


def shared_run(request: Request, progress: Progress) -> DistillationRun:
    """Make what is missing of a request's distillation, and read it.

    Raises
    ------
    ParameterError
        Without a folder to keep it in, or if it was made otherwise.
    ImportError
        Without TensorFlow.
    DistillationError, TrainingError, ProductWriteError, OperationCancelled
    """
    maker = _maker(request)
    run, seconds = timed(maker.folder / "time.json", lambda: maker.run(progress))
    return replace(run, cpu_seconds=seconds)


@dataclass(frozen=True)
class LargeModel:
    """The large model of one target.

    Parameters
    ----------
    size : RunSize
        Of the distillation that it belongs to.
    network : Network
    plan : DistillationPlan
        That it was trained by.
    networks : KeptNetworks
        Where it is kept, for what is made with it.
    """

    size: RunSize
    network: Network
    plan: DistillationPlan
    networks: KeptNetworks


def shared_large_model(request: Request, target: str, progress: Progress) -> LargeModel:
    """Make the archive and a target's large model if they are missing, nothing else, and read it.

    Parameters
    ----------
    request : Request
    target : str
    progress : Progress

    Raises
    ------
    ParameterError, ImportError, DistillationError, TrainingError, ProductWriteError
        As `shared_run`.
    OperationCancelled
    """
    return _maker(request).large_model(target, progress)


def _maker(request: Request) -> _Maker:
    if request.folder is None:
        raise ParameterError("the distillation of several items needs a folder to be kept in")
    folder = request.folder / "distillation" / f"{request.budget}-seed{request.seed}"
    return _Maker(folder, SIZES[request.budget], request.seed)


class _Maker:
    """Makes a run step by step; what is there is kept."""

    def __init__(self, folder: Path, size: RunSize, seed: int) -> None:
        self.folder, self._size, self._seed = folder, size, seed

    def large_model(self, target: str, progress: Progress) -> LargeModel:
        with quiet_import():
            from akkd_core.nn import goc_training  # noqa: F401
        archive = self._archive(SubProgress(progress, 0.0, 0.1, "archive: "))
        networks = self._networks(archive)
        plan = next(plan for plan in self._size.plans if target in plan.targets)
        network = self._teacher(archive, networks, plan, SubProgress(progress, 0.1, 1.0))
        return LargeModel(self._size, network, plan, networks)

    def _networks(self, archive: Archive) -> KeptNetworks:
        return KeptNetworks(
            self.folder / "networks", sha256_file(archive.folder / INDEX_NAME), self._seed
        )

    def run(self, progress: Progress) -> DistillationRun:
        with quiet_import():
            from akkd_core.nn import goc_training  # noqa: F401
        size = self._size
        archive = self._archive(SubProgress(progress, 0.0, 0.02, "archive: "))
        networks = self._networks(archive)
        teacher = [
            self._teacher(archive, networks, plan, SubProgress(progress, *span, "teacher: "))
            for plan, span in zip(size.plans, _spans(0.02, 0.2, len(size.plans)), strict=True)
        ]
        scenes = archive.names("complex")[: len(MODELS)]
        starts = [self._start(archive.scene(name), networks, teacher) for name in scenes]
        record = self._trials(scenes, starts, networks, SubProgress(progress, 0.2, 0.9, "weight: "))
        weights = sorted({*READINGS, _overall(record.rows, scenes).recommended})
        large, used = self._large(archive)
        evaluations = {"LMI": Evaluation(large, _predict(size.plans, teacher, large))}
        learnt = {"large": used}
        for number, parts in zip(MODELS, starts, strict=True):
            learnt[str(number)] = len(parts[0].learn)
            held_out = _held_out(parts)
            by_key = {f"SMI_{number}": [part.small for part in parts], f"LMIS_{number}": teacher}
            for weight in weights:
                by_key[student_key(number, weight)] = [
                    self._student(networks, scenes[number - 1], part, weight) for part in parts
                ]
            evaluations |= {
                key: Evaluation(held_out, _predict(size.plans, found, held_out))
                for key, found in by_key.items()
            }
        progress.update(1.0)
        return DistillationRun(size, self._seed, scenes, learnt, evaluations, record.rows)

    def _archive(self, progress: Progress) -> Archive:
        return simulate_archive(self.folder / "archive", self._size.recipe, progress=progress)

    def _blocks(self, number: int, scene: ArchiveScene) -> NDArray[np.bool_]:
        plan = self._size.plans[0]
        return held_out_blocks(
            scene.grid.shape, block=plan.block, share=plan.held_out_share,
            seed=1000 * (self._seed + 1) + number,
        )  # fmt: skip

    def _training(self, archive: Archive, *, held_out: bool) -> Iterator[ArchiveScene]:
        """Training scenes with labels where they are held out, or elsewhere."""
        for number, scene in enumerate(archive.scenes("training")):
            blocks = self._blocks(number, scene)
            yield replace(scene, label_valid=scene.label_valid & (blocks == held_out))

    def _teacher(
        self, archive: Archive, networks: KeptNetworks, plan: DistillationPlan, progress: Progress
    ) -> Network:
        return networks.get(
            f"teacher{_suffix(plan)}",
            plan.teacher_architecture,
            _facts(plan, "goc_epochs", "dataset_epochs", "small_epochs", "small_architecture"),
            lambda: train_label_teacher(
                self._training(archive, held_out=False), plan, self._seed, progress
            ),
        )

    def _large(self, archive: Archive) -> tuple[HeldOut, int]:
        """Pixels to score the large model on, and how many it was trained on."""
        samples = pooled_samples(
            self._training(archive, held_out=True),
            OUTPUT_NAMES,
            most_per_scene=self._size.most_scored,
            seed=self._seed,
        )
        most = self._size.plans[0].most_per_scene
        used = sum(
            min(int(scene.label_valid.sum()), most)
            for scene in self._training(archive, held_out=False)
        )
        return HeldOut(samples), used

    def _start(
        self, scene: ArchiveScene, networks: KeptNetworks, teacher: Sequence[Network]
    ) -> list[TrialPart]:
        """Small models of a scene, and what they go on with."""
        parts = []
        for plan, network in zip(self._size.plans, teacher, strict=True):
            learn, held_out = split_scene(
                scene, plan.targets, block=plan.block, share=plan.held_out_share, seed=self._seed
            )

            def make(learn: PixelSamples = learn, plan: DistillationPlan = plan) -> Network:
                return train_small(learn, plan, self._seed)

            small = networks.get(
                f"{scene.name}-small{_suffix(plan)}",
                plan.small_architecture,
                {"scene": scene.name, **_facts(plan, "goc_epochs", "dataset_epochs")},
                make,
            )
            parts.append(TrialPart(small, learn, predict(network, learn.x), held_out, plan))
        return parts

    def _trials(
        self,
        scenes: Sequence[str],
        starts: Sequence[list[TrialPart]],
        networks: KeptNetworks,
        progress: Progress,
    ) -> RecordFile:
        header = {
            "what": "akkd reproduce",
            "archive_sha256": networks.archive_sha256,
            "plans": [_facts(plan, "dataset_epochs") for plan in self._size.plans],
            "weights": list(self._size.weights),
            "seed": self._seed,
        }
        record = RecordFile(self.folder / "trials.jsonl", header)
        spans = _spans(0.0, 1.0, len(scenes))
        for name, parts, span in zip(scenes, starts, spans, strict=True):
            run_trials(
                record, name, lambda parts=parts: parts,  # type: ignore[misc]
                self._size.weights, self._size.repetitions, self._seed,
                SubProgress(progress, *span, f"{name}: "),
            )  # fmt: skip
        return record

    def _student(
        self, networks: KeptNetworks, scene: str, part: TrialPart, weight: float
    ) -> Network:
        plan = replace(part.plan, teacher_weight=weight)
        return networks.get(
            f"{scene}-student{_suffix(plan)}-{weight:g}",
            plan.small_architecture,
            {"scene": scene, **_facts(plan), "teacher_weight": weight},
            lambda: distil_small(part.small, part.learn, part.taught, plan, self._seed)["student"],
        )


def _facts(plan: DistillationPlan, *without: str) -> dict[str, Any]:
    """Return a plan but for what doesn't count."""
    left_out = {"teacher_weight", *without}
    return {name: value for name, value in plan.to_json().items() if name not in left_out}


def _suffix(plan: DistillationPlan) -> str:
    if plan.targets == OUTPUT_NAMES:
        return ""
    return "".join(f"-{target.replace('_', '')}" for target in plan.targets)


def _spans(start: float, end: float, count: int) -> list[tuple[float, float]]:
    edges = np.linspace(start, end, count + 1).tolist()
    return list(zip(edges[:-1], edges[1:], strict=True))


def _held_out(parts: Sequence[TrialPart]) -> HeldOut:
    """Pixels held out, with the columns of all networks' targets; the pixels are the same."""
    found = [part.held_out.samples for part in parts]
    columns = [target for samples in found for target in samples.targets]
    order = [columns.index(target) for target in OUTPUT_NAMES]
    truths = [samples.truth for samples in found if samples.truth is not None]
    labels = np.concatenate([samples.labels for samples in found], axis=1)[:, order]
    truth = np.concatenate(truths, axis=1)[:, order] if len(truths) == len(found) else None
    return HeldOut(PixelSamples(OUTPUT_NAMES, found[0].x, labels, truth))


def _predict(
    plans: Sequence[DistillationPlan], networks: Sequence[Network], held_out: HeldOut
) -> NDArray[np.float32]:
    columns = [target for plan in plans for target in plan.targets]
    order = [columns.index(target) for target in OUTPUT_NAMES]
    found = [predict(network, held_out.samples.x) for network in networks]
    together: NDArray[np.float32] = np.concatenate(found, axis=1)[:, order]
    return together
