"""Figs. 14-16: the small models' places as scenes wide enough to be compared with 1 km cells.

The shared distillation's scenes are a few kilometres wide in the small budget: a handful of
cells. Here the same places, in the same air, are drawn wide; small model and student are made on
them in the same way, from as many pixels, under the large model of the shared distillation. They
retrieve temperature alone, as those sections of the paper do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle import Network
from akkd_core.distillation.chain import distil_small, predict, train_small
from akkd_core.distillation.plan import DistillationPlan
from akkd_core.distillation.samples import PixelSamples, split_scene, take
from akkd_core.progress import Progress, SubProgress
from akkd_core.reproduction.distillation_run import LargeModel, shared_large_model
from akkd_core.reproduction.items import Request
from akkd_core.reproduction.published import CHOSEN_WEIGHT
from akkd_core.simulation.archive_places import archive_places
from akkd_core.simulation.archive_recipe import simulate_archive_scene
from akkd_core.simulation.archive_scene import ArchiveScene

LST = "lst"
SMALL, STUDENT, LABELS = "small model", "student", "product labels"
"""Whose temperatures are compared."""

WIDE_SIDE = 384
"""Pixels per side: 35 km, 35 x 35 cells. A larger archive's own size is taken."""


@dataclass(frozen=True, eq=False)
class WideScene:
    """A small model's place, and what is retrieved there.

    Parameters
    ----------
    number : int
        Of the small model, 1 or 2.
    scene : ArchiveScene
    lst : mapping of str to ndarray of float32, (row, col)
        Temperature by `SMALL`, `STUDENT`, `LABELS`, K; NaN where quality has something against
        the pixel.
    learnt_from : int
        Labelled pixels that small model and student were trained on.
    """

    number: int
    scene: ArchiveScene
    lst: Mapping[str, NDArray[np.float32]]
    learnt_from: int


def wide_scenes(
    request: Request, numbers: tuple[int, ...], progress: Progress
) -> tuple[WideScene, ...]:
    """Make scenes of small models, with their retrievals; networks that were made are kept.

    Parameters
    ----------
    request : Request
    numbers : tuple of int
        Of the small models, 1 and 2.
    progress : Progress

    Raises
    ------
    ParameterError
        Without a folder to keep the networks in, or if they were made otherwise.
    ImportError
        Without TensorFlow.
    DistillationError, TrainingError, ProductWriteError, OperationCancelled
    """
    large = shared_large_model(request, LST, SubProgress(progress, 0.0, 0.6, "large model: "))
    edges = np.linspace(0.6, 1.0, len(numbers) + 1).tolist()
    found = []
    for number, span in zip(numbers, zip(edges[:-1], edges[1:], strict=True), strict=True):
        part = SubProgress(progress, *span, f"scene {number}: ")
        found.append(_wide_scene(number, large, request, part))
    return tuple(found)


def _wide_scene(number: int, large: LargeModel, request: Request, progress: Progress) -> WideScene:
    size = large.size
    side = max(WIDE_SIDE, size.pixels_per_side)
    place = archive_places("complex")[number - 1]
    scene = simulate_archive_scene(place, replace(size.recipe, pixels_per_side=side))
    plan = replace(large.plan, teacher_weight=CHOSEN_WEIGHT)
    learn, _ = split_scene(
        scene, plan.targets, block=plan.block, share=plan.held_out_share, seed=request.seed
    )
    most = round(size.pixels_per_side**2 * (1.0 - plan.held_out_share))
    rows = np.random.default_rng([request.seed, 41, number]).permutation(len(learn))[:most]
    learn = take(learn, rows)
    small, student = _networks(scene, side, learn, plan, large, request.seed, progress)
    usable = scene.label_valid & np.isfinite(scene.bt).all(axis=0)
    column = plan.targets.index(LST)
    lst = {
        SMALL: _retrieve(small, scene, usable, column),
        STUDENT: _retrieve(student, scene, usable, column),
        LABELS: np.where(usable, scene.label_lst, np.float32(np.nan)),
    }
    return WideScene(number, scene, lst, len(learn))


def _networks(
    scene: ArchiveScene,
    side: int,
    learn: PixelSamples,
    plan: DistillationPlan,
    large: LargeModel,
    seed: int,
    progress: Progress,
) -> tuple[Network, Network]:
    facts = {"scene": scene.name, "side": side, "pixels": len(learn), "plan": plan.to_json()}
    small = large.networks.get(
        f"{scene.name}-wide-small",
        plan.small_architecture,
        facts,
        lambda: train_small(learn, plan, seed, SubProgress(progress, 0.0, 0.4, "small model: ")),
    )
    student = large.networks.get(
        f"{scene.name}-wide-student",
        plan.small_architecture,
        facts,
        lambda: distil_small(
            small, learn, predict(large.network, learn.x), plan, seed,
            SubProgress(progress, 0.4, 1.0, "student: "),
        )["student"],
    )  # fmt: skip
    return small, student


def _retrieve(
    network: Network, scene: ArchiveScene, usable: NDArray[np.bool_], column: int
) -> NDArray[np.float32]:
    found = np.full(scene.grid.shape, np.nan, dtype=np.float32)
    found[usable] = predict(network, scene.bt[:, usable].T.copy())[:, column]
    return found
