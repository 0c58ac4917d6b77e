"""The cloud mask on simulated scenes of known cloud, and what it does for the retrieval.

Scenes are of the judging split, on whose air and materials nothing was fitted. Cloud is where the
visible optical depth is 0.3 or more, clear where it is 0; thin cloud between is counted by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.inference.cloud_classifier import cloud_classifier
from akkd_core.inference.cloud_mask import PROBABLY_CLOUDY, SNOW, WATER, CloudMask, mask_tile
from akkd_core.inference.context import make_context
from akkd_core.inference.pixel_sample import PixelSample, evenly
from akkd_core.inference.retriever import Retriever
from akkd_core.inference.scene_contexts import clear_pixels
from akkd_core.inference.surroundings import local_of_kinds
from akkd_core.inference.tile_pixels import PixelRetrieval
from akkd_core.inference.windows import Window
from akkd_core.physics.cloud_features import pixel_features, window_features
from akkd_core.physics.features import REFERENCE
from akkd_core.physics.local_features import LOCAL_NAMES
from akkd_core.physics.scene_statistics import scene_statistics
from akkd_core.progress import Progress, SilentProgress, checkpoint
from akkd_core.simulation.cloud_scenes import CloudyScene, cloud_air, draw_cloudy_scene

SHAPE = (240, 240)
"""Size of a scene, pixels of 90 m."""

HALF = 0.5
"""Cloud cover of the scenes on which retrieval is scored."""

SELECTIONS = ("perfect mask", "cloud mask", "cold screen", "no mask")
"""Which pixels make the scene's statistics."""

_COLD_MARGIN_K, _WARM_TO_COLD_K = 15.0, 60.0
_SCORED_PIXELS = 3000
_RATES = ("hit_rate", "thin_hit_rate", "false_alarm_rate")


@dataclass
class Counts:
    """Pixels of a group of scenes.

    Parameters
    ----------
    scenes, cloudy, hits, clear, false_alarms, thin, thin_hits : int
    water, snow, told, right : int
        Pixels that are water or snow and clear, those told to be it, and those told rightly.
    """

    scenes: int = 0
    cloudy: int = 0
    hits: int = 0
    clear: int = 0
    false_alarms: int = 0
    thin: int = 0
    thin_hits: int = 0
    water: int = 0
    told: int = 0
    right: int = 0

    def add(self, scene: CloudyScene, mask: CloudMask) -> None:
        """Count a scene."""
        said = mask.classes >= PROBABLY_CLOUDY
        cloudy, clear = scene.cloudy, scene.clear
        thin = ~cloudy & ~clear
        truth = np.where(scene.water_fraction > HALF, WATER, 0)
        truth = np.where(scene.snow_fraction > HALF, SNOW, truth)
        told = mask.water_snow > 0
        self.scenes += 1
        for name, part in (
            ("cloudy", cloudy), ("hits", cloudy & said), ("clear", clear),
            ("false_alarms", clear & said), ("thin", thin), ("thin_hits", thin & said),
            ("water", (truth > 0) & clear), ("told", told),
            ("right", told & (mask.water_snow == truth)),
        ):  # fmt: skip
            setattr(self, name, getattr(self, name) + int(np.count_nonzero(part)))

    @property
    def hit_rate(self) -> float:
        """Share of cloud that is found, 0-1; NaN where there is none."""
        return self.hits / self.cloudy if self.cloudy else float("nan")

    @property
    def false_alarm_rate(self) -> float:
        """Share of clear pixels that are called cloud, 0-1; NaN where there is none."""
        return self.false_alarms / self.clear if self.clear else float("nan")

    @property
    def thin_hit_rate(self) -> float:
        """Share of thin cloud that is found, 0-1; NaN where there is none."""
        return self.thin_hits / self.thin if self.thin else float("nan")


@dataclass
class CloudScores:
    """What was found.

    Parameters
    ----------
    groups : dict
        `Counts` by (what is grouped by, group, daytime).
    scene_lst_mae, scene_lse_mae : dict of str to list of float
        Of clear pixels of half-cloudy scenes, K and 1, by selection.
    """

    groups: dict[tuple[str, str, bool], Counts] = field(default_factory=dict)
    scene_lst_mae: dict[str, list[float]] = field(default_factory=dict)
    scene_lse_mae: dict[str, list[float]] = field(default_factory=dict)

    def add(self, scene: CloudyScene, mask: CloudMask) -> None:
        """Count a scene in its groups."""
        kind = "none" if not scene.kinds else scene.kinds[0]
        if len(scene.kinds) > 1:
            kind = "two layers"
        for key in (
            ("all", "all scenes", scene.daytime),
            ("cloud", kind, scene.daytime),
            ("land cover", scene.land_cover, scene.daytime),
        ):
            self.groups.setdefault(key, Counts()).add(scene, mask)

    def to_json(self) -> dict[str, Any]:
        """Plain values: counts by group, mean errors by selection, NaN as None."""
        groups = []
        for (by, group, daytime), counts in self.groups.items():
            rates = {name: getattr(counts, name) for name in _RATES}
            told = {name: None if value != value else value for name, value in rates.items()}
            groups.append({"by": by, "group": group, "daytime": daytime, **asdict(counts), **told})
        retrieval = {
            name: {
                "scenes": len(errors),
                "lst_mae_k": float(np.mean(errors)),
                "lse_mae": float(np.mean(self.scene_lse_mae[name])),
            }
            for name, errors in self.scene_lst_mae.items()
        }
        return {"mask": groups, "retrieval_of_half_cloudy_scenes": retrieval}


def mask_scene(scene: CloudyScene, air_known: bool = False) -> CloudMask:
    """Mask of a whole scene, as retrieval makes it.

    Parameters
    ----------
    scene : CloudyScene
    air_known : bool
        Tell the mask the air temperature.
    """
    return _mask(scene, air_known)[0]


def _mask(scene: CloudyScene, air_known: bool) -> tuple[CloudMask, NDArray[np.bool_]]:
    """Mask, and which of the pixels, row by row, make the scene's statistics."""
    features, valid = pixel_features(scene.bt)
    chosen = np.ascontiguousarray(features[:, valid])
    air = scene.atmosphere.air_temperature_k if air_known else None
    known = window_features(chosen, scene.daytime, air)
    place = Window(0, 0, *valid.shape)
    mask = mask_tile(scene.bt, place, place, [(np.ones(valid.shape, np.float32), known)], 90.0)
    return mask, clear_pixels(cloud_classifier().logits(chosen, known)[0])


def cold_screen(bt_13: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return pixels that are no cold outliers of their scene: what AKKD had before the mask.

    Parameters
    ----------
    bt_13 : ndarray, (n,)
        K.
    """
    median = float(np.median(bt_13))
    spread = 1.4826 * float(np.median(np.abs(bt_13 - median)))
    warm = float(np.percentile(bt_13, 95.0))
    limit = max(median - max(_COLD_MARGIN_K, 4.0 * spread), warm - _WARM_TO_COLD_K)
    kept: NDArray[np.bool_] = bt_13 >= limit
    return kept


def judged_scenes(count: int, seed: int, cover: float | None = None) -> Iterator[CloudyScene]:
    """Scenes of the judging split.

    Parameters
    ----------
    count, seed : int
    cover : float, optional
        See `draw_cloudy_scene`.
    """
    air, table = cloud_air("judge")
    for number in range(count):
        yield draw_cloudy_scene(
            np.random.default_rng([seed, number]), air, table, SHAPE, cover=cover
        )


def score_clouds(
    retriever: Retriever | None,
    count: int,
    *,
    seed: int = 0,
    air_known: bool = False,
    progress: Progress | None = None,
) -> CloudScores:
    """Score the mask, and a bundle on half-cloudy scenes.

    Parameters
    ----------
    retriever : Retriever or None
        None: only the mask.
    count : int
        Scenes of drawn cover, and as many again that are half under cloud.
    seed : int
    air_known : bool
        Tell the mask the air temperature.
    progress : Progress, optional

    Raises
    ------
    OperationCancelled
        If the user cancelled.
    """
    report = progress or SilentProgress()
    scores = CloudScores()
    share = 1.0 if retriever is None else 0.5
    for number, scene in enumerate(judged_scenes(count, seed)):
        checkpoint(report, share * number / count, "cloud mask")
        scores.add(scene, mask_scene(scene, air_known))
    if retriever is not None:
        for number, scene in enumerate(judged_scenes(count, seed + 1, HALF)):
            checkpoint(report, 0.5 + 0.5 * number / count, "half-cloudy scenes")
            _score_retrieval(scores, retriever, scene, air_known)
    report.update(1.0, "scored")
    return scores


def _score_retrieval(
    scores: CloudScores, retriever: Retriever, scene: CloudyScene, air_known: bool
) -> None:
    """Errors of a scene's clear pixels, by which pixels made its statistics."""
    bt = scene.bt.reshape(5, -1).T
    _, chosen = _mask(scene, air_known)
    selections = {
        "perfect mask": scene.clear.ravel(),
        "cloud mask": chosen,
        "cold screen": cold_screen(bt[:, REFERENCE]),
        "no mask": np.ones(len(bt), dtype=bool),
    }
    clear = np.flatnonzero(scene.clear)
    if len(clear) < _SCORED_PIXELS // 10:
        return
    clear = clear[:: max(len(clear) // _SCORED_PIXELS, 1)]
    lst, lse = scene.lst.ravel()[clear], scene.lse.reshape(5, -1).T[clear]
    for name, selection in selections.items():
        found = _retrieved(retriever, scene.bt, selection, clear)
        error = np.abs(found.values - np.column_stack([lst, lse]))
        scores.scene_lst_mae.setdefault(name, []).append(float(error[:, 0].mean()))
        scores.scene_lse_mae.setdefault(name, []).append(float(error[:, 1:].mean()))


def _retrieved(
    retriever: Retriever,
    image: NDArray[np.float32],
    selection: NDArray[np.bool_],
    pixels: NDArray[np.intp],
) -> PixelRetrieval:
    """Retrieve pixels of an image of which some, mask (n,), make statistics and sample."""
    bt = image.reshape(5, -1).T
    around = cache(lambda: _surroundings(image, selection))

    def sample() -> PixelSample:
        chosen = np.flatnonzero(selection)
        chosen = chosen[evenly(len(chosen))]
        return PixelSample(bt[chosen], around()[chosen])

    context = make_context(retriever.bundle, scene_statistics(bt[selection]), sample=sample)
    local = around()[pixels] if retriever.sees_surroundings else None
    return retriever.pixels(bt[pixels], [(np.ones(len(pixels), np.float32), context)], local)


def _surroundings(
    image: NDArray[np.float32], selection: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Local features of all pixels, (n, 14), of those selected and the others each by itself."""
    rows, cols = image.shape[1:]
    hidden = ~selection.reshape(rows, cols)
    return local_of_kinds(image, hidden, np.s_[0:rows, 0:cols]).reshape(len(LOCAL_NAMES), -1).T
