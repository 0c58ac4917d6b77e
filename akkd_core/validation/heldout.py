"""Scores on held-out scenes: air and materials that nothing was trained on, truth known.

The scenes are drawn by `JUDGE_RECIPE` from the shipped judging atmospheres (129 ECMWF profiles,
each three times with a view angle and visibility of its own) and the materials of the judging
split. The acceptance figure is the mean over scenes of the scene's mean absolute error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.progress import Progress, SilentProgress, checkpoint
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.materials import materials
from akkd_core.simulation.profile_errors import shipped_told_air
from akkd_core.simulation.training_set import (
    JUDGE_RECIPE,
    SceneRecipe,
    TrainingSet,
    simulate_training_set,
)
from akkd_core.validation.methods import Method
from akkd_core.validation.metrics import Metrics, RunningMetrics

SCENES = 387
"""One scene for each judging atmosphere."""

VARIANTS = {
    "noise constant in K": replace(JUDGE_RECIPE, kelvin_noise_share=1.0),
    "surface 5 K warmer": replace(JUDGE_RECIPE, offset_shift_k=5.0),
    "surface 5 K colder": replace(JUDGE_RECIPE, offset_shift_k=-5.0),
    "optical depth off as between two engines": replace(JUDGE_RECIPE, engine_error=True),
}
"""Departures from `JUDGE_RECIPE` that a method should survive."""

TCWV_EDGES_KG_M2 = (10.0, 20.0, 30.0, 40.0)
MATERIAL_EDGES = (5, 9)

_TCWV_CLASSES = ("0-10", "10-20", "20-30", "30-40", ">40")
_MATERIAL_CLASSES = ("2-4", "5-8", "9-12")
_RESAMPLINGS = 1000


def held_out_scenes(
    count: int = SCENES,
    *,
    recipe: SceneRecipe = JUDGE_RECIPE,
    seed: int = 0,
    profiles: str = "",
    workers: int | None = None,
    progress: Progress | None = None,
) -> TrainingSet:
    """Simulate held-out scenes, their air also as profiles tell it: same seed, same bytes.

    Parameters
    ----------
    count : int
        Number of scenes; up to the number of atmospheres each is of another one.
    recipe : SceneRecipe
    seed : int
    profiles : str
        Only atmospheres whose profile's name starts so (``ecmwf52``, ``ecmwf83``).
    workers : int, optional
        Processes; default: one per core.
    progress : Progress, optional

    Raises
    ------
    ParameterError
        If there is no such profile or ``count`` isn't positive.
    OperationCancelled
        If the user cancelled.
    """
    air = shipped_atmospheres("judge")
    chosen = np.char.startswith(air.profile, profiles)
    if not chosen.any():
        raise ParameterError(f"no judging profile's name starts with {profiles!r}")
    return simulate_training_set(
        air.select(chosen),
        materials("judge"),
        count,
        recipe=recipe,
        seed=seed,
        told_air=shipped_told_air("judge").select(chosen),
        workers=workers,
        progress=progress,
    )


@dataclass(frozen=True)
class MethodScore:
    """How well a method did on a set of scenes.

    Parameters
    ----------
    method : str
    lst : Metrics
        Of all pixels of all scenes, K.
    lse : tuple of Metrics
        Of all pixels, for bands 10-14; empty if the method gives no emissivity.
    scene_lst_mae, scene_lst_bias : ndarray of float64, (scene,)
        K.
    scene_lse_mae : ndarray of float64, (scene,)
        Mean over the bands; NaN if the method gives no emissivity.
    failed_share : float
        Share of pixels without a temperature, 0-1; they are left out of all figures.
    """

    method: str
    lst: Metrics
    lse: tuple[Metrics, ...]
    scene_lst_mae: NDArray[np.float64]
    scene_lst_bias: NDArray[np.float64]
    scene_lse_mae: NDArray[np.float64]
    failed_share: float

    @property
    def lst_mae(self) -> float:
        """Mean over scenes of the scene's mean absolute LST error, K."""
        return float(np.nanmean(self.scene_lst_mae))

    @property
    def lse_mae(self) -> float:
        """Mean over scenes of the scene's mean absolute LSE error; NaN without emissivity."""
        if not self.lse:
            return float("nan")
        return float(np.nanmean(self.scene_lse_mae))

    @property
    def mean_absolute_scene_bias(self) -> float:
        """Mean over scenes of the absolute scene bias of LST, K."""
        return float(np.nanmean(np.abs(self.scene_lst_bias)))


def score_method(
    method: Method, scenes: TrainingSet, progress: Progress | None = None
) -> MethodScore:
    """Score a method on scenes.

    Parameters
    ----------
    method : Method
    scenes : TrainingSet
    progress : Progress, optional

    Raises
    ------
    OperationCancelled
        If the user cancelled.
    """
    report = progress or SilentProgress()
    lst, bands = RunningMetrics(), [RunningMetrics(1.0) for _ in range(5)]
    by_scene = np.full((3, len(scenes)), np.nan)
    for index in range(len(scenes)):
        checkpoint(report, index / len(scenes), method.name)
        temperature, emissivity = method.retrieve(scenes, index)
        error = lst.add(temperature, scenes.lst[index])
        if not error.size:
            continue
        by_scene[:2, index] = np.abs(error).mean(), error.mean()
        if emissivity is not None:
            found = [
                running.add(emissivity[:, band], scenes.lse[index][:, band])
                for band, running in enumerate(bands)
            ]
            by_scene[2, index] = np.mean([np.abs(part).mean() for part in found])
    total = lst.result()
    return MethodScore(
        method.name,
        total,
        tuple(band.result() for band in bands) if np.isfinite(by_scene[2]).any() else (),
        by_scene[0],
        by_scene[1],
        by_scene[2],
        1.0 - total.n / scenes.lst.size,
    )


def bootstrap_standard_error(
    values: NDArray[np.float64], profile: NDArray[np.str_], seed: int = 0
) -> float:
    """Return the standard error of a mean over scenes, by resampling profiles.

    Scenes of one profile aren't independent, so whole profiles are drawn with replacement.

    Parameters
    ----------
    values : ndarray of float64, (scene,)
        Any unit; NaN is left out.
    profile : ndarray of str, (scene,)
    seed : int
    """
    usable = np.isfinite(values)
    if not usable.any():
        return float("nan")
    names, label = np.unique(profile[usable], return_inverse=True)
    count = np.bincount(label, minlength=len(names)).astype(np.float64)
    total = np.bincount(label, weights=values[usable], minlength=len(names))
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(len(names), np.full(len(names), 1.0 / len(names)), _RESAMPLINGS)
    return float(((draws @ total) / (draws @ count)).std(ddof=1))


@dataclass(frozen=True)
class ClassScore:
    """A method on the scenes of one class.

    Parameters
    ----------
    kind, label : str
        What is classed (``water vapour, kg m-2``) and the class (``10-20``).
    scenes : int
    lst_mae, lse_mae, lst_bias : float
        Means over the class's scenes, K and 1; NaN where there is none.
    """

    kind: str
    label: str
    scenes: int
    lst_mae: float
    lse_mae: float
    lst_bias: float


def score_by_class(score: MethodScore, scenes: TrainingSet) -> tuple[ClassScore, ...]:
    """Split a method's score by water vapour, number of materials and land cover."""
    tcwv = np.digitize(scenes.tcwv_kg_m2, TCWV_EDGES_KG_M2)
    count = np.digitize(scenes.n_materials, MATERIAL_EDGES)
    covers = sorted(set(scenes.land_cover.tolist()))
    plan: list[tuple[str, Sequence[str], NDArray[np.intp]]] = [
        ("water vapour, kg m-2", _TCWV_CLASSES, tcwv),
        ("materials", _MATERIAL_CLASSES, count),
        ("land cover", covers, np.searchsorted(covers, scenes.land_cover)),
    ]
    found = []
    for kind, labels, label_of in plan:
        for number, label in enumerate(labels):
            here = label_of == number
            found.append(
                ClassScore(
                    kind,
                    label,
                    int(here.sum()),
                    _mean(score.scene_lst_mae[here]),
                    _mean(score.scene_lse_mae[here]),
                    _mean(score.scene_lst_bias[here]),
                )
            )
    return tuple(found)


def _mean(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else float("nan")
