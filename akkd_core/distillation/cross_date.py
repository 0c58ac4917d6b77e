"""The teacher's weight from labels alone, where places are seen on several dates.

Held-out labels of one scene share the error of the air that their maker believed in: a student that
repeats it scores well. On another date the maker is wrong about another air, but the surface is the
same. So labels of emissivity of other dates judge a scene's own labels and its teacher fairly: what
they err by goes with neither. With a the error of a scene's own labels, b that of a teacher that
never saw the place, and r the other dates' labels,

    w = E[(y - r)(y - t)] / E[(y - t)**2] = (E[a**2] - E[a b]) / E[(a - b)**2]

makes the mixture ``(1 - w) y + w t`` best in mean square, whatever the noise of r. Means of blocks
are compared, since noise of single pixels is what a small model smooths away without a teacher.

Temperature differs from date to date and can't be judged so; the weight of emissivity serves for
it, both being errors about the same air. What all labels have in common (TES's own error) is seen
by neither.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.network import Network
from akkd_core.distillation.chain import predict
from akkd_core.distillation.ensemble import columns
from akkd_core.distillation.label_teacher import (
    LabelledWindow,
    labelled_windows,
    place_of,
    train_on_windows,
)
from akkd_core.distillation.mixing import best_weight, mix
from akkd_core.distillation.plan import DistillationPlan
from akkd_core.distillation.samples import scene_samples
from akkd_core.distillation.scene_aware import bind
from akkd_core.errors import DistillationError
from akkd_core.physics.features import OUTPUT_NAMES
from akkd_core.progress import Progress, SilentProgress, SubProgress, checkpoint
from akkd_core.simulation.archive_scene import ArchiveScene

FOLDS = 3
"""Teachers, each trained without a share of the places."""

LEVEL = 0.95

_RESAMPLES = 2000
_LSE = OUTPUT_NAMES[1:]
_CHECKED = 1500

Array = NDArray[np.float64]
Row = dict[str, Any]


def fold_of(places: Sequence[Hashable], folds: int, seed: int) -> dict[Hashable, int]:
    """Deal places out to folds of about equal size."""
    order = np.random.default_rng([seed, 3]).permutation(len(places))
    return {places[place]: number % folds for number, place in enumerate(order)}


class CrossDate:
    """Left-out places of an archive, and teachers that never saw them.

    Parameters
    ----------
    scenes : callable
        Gives the training scenes; called more than once.
    plan : DistillationPlan
        Of all six targets.
    seed : int

    Raises
    ------
    DistillationError
        If no place is seen on two dates, or there are too few places.
    """

    def __init__(
        self, scenes: Callable[[], Iterable[ArchiveScene]], plan: DistillationPlan, seed: int
    ) -> None:
        self._scenes, self._plan, self._seed = scenes, plan, seed
        self._windows: list[LabelledWindow] = labelled_windows(scenes(), plan, seed)
        self._sums: dict[Hashable, tuple[Array, Array]] = {}
        dates: dict[Hashable, int] = {}
        for scene in scenes():
            place = place_of(scene)
            dates[place] = dates.get(place, 0) + 1
            values, valid = _emissivity(scene)
            total, count = self._sums.get(place, (np.zeros(values.shape), np.zeros(valid.shape)))
            self._sums[place] = total + values, count + valid
        if len(dates) < FOLDS or max(dates.values()) < 2:
            raise DistillationError(
                f"{len(dates)} places on at most {max(dates.values())} dates: the weight can't be "
                "judged by other dates. make more with akkd simulate archive --dates"
            )
        self.folds = fold_of(list(dates), FOLDS, seed)

    def fold(self, number: int, progress: Progress | None = None) -> list[Row]:
        """Train one fold's teacher and compare it on the places that it didn't see.

        Parameters
        ----------
        number : int
            0 to `FOLDS` - 1.
        progress : Progress, optional

        Returns
        -------
        list of dict
            For each left-out scene with other dates: ``scene``, ``place``; ``dates`` by emissivity,
            mixtures of its labels and the teacher judged by the other dates; ``labels``, the
            teacher's MAE against its labels by target; ``truth`` by target, mixtures judged by the
            truth, empty where it is unknown.

        Raises
        ------
        TrainingError, OperationCancelled
        """
        report = progress or SilentProgress()
        kept = [w for w in self._windows if self.folds[w.place] != number]
        trained = train_on_windows(kept, self._plan, self._seed, SubProgress(report, 0.0, 0.9))
        network = columns(trained.network, self._plan.targets)
        found = []
        for scene in self._scenes():
            if self.folds[place_of(scene)] == number:
                checkpoint(report, 0.9, scene.name)
                row = self._compare(scene, bind(network, scene))
                if row is not None:
                    found.append(row)
        return found

    def _compare(self, scene: ArchiveScene, network: Network) -> Row | None:
        place = place_of(scene)
        own, valid = _emissivity(scene)
        total, count = self._sums[place]
        others = count - valid
        usable = (valid > 0) & (others > 0) & np.isfinite(scene.bt).all(axis=0)
        if not usable.any():
            return None
        reference = (total - own)[:, usable] / others[usable]
        x = scene.bt[:, usable].T.copy()
        taught = predict(network, x)
        size = self._plan.block
        block = _blocks(scene.grid.shape, size)[usable]
        dates = {}
        for band, name in enumerate(_LSE):
            column = taught[:, self._plan.targets.index(name)]
            dates[name] = mix(
                _means(own[band, usable] - reference[band], block),
                _means(column - reference[band], block),
            ).to_json()
        pixels = scene_samples(scene, self._plan.targets)
        rows = np.random.default_rng([self._seed, 7]).permutation(len(pixels))[:_CHECKED]
        predicted = predict(network, pixels.x[rows])
        off = np.abs(predicted - pixels.labels[rows]).mean(axis=0)
        truth = {}
        if pixels.truth is not None:
            own_off = pixels.labels[rows] - pixels.truth[rows]
            taught_off = predicted - pixels.truth[rows]
            truth = {
                name: mix(own_off[:, i], taught_off[:, i]).to_json()
                for i, name in enumerate(self._plan.targets)
            }
        return {
            "scene": scene.name,
            "place": list(self.folds).index(place),
            "dates": dates,
            "labels": dict(zip(self._plan.targets, off.tolist(), strict=True)),
            "truth": truth,
        }


def _emissivity(scene: ArchiveScene) -> tuple[Array, Array]:
    """Labels, (5, row, col), 0 where invalid, and 1 where valid, (row, col)."""
    valid = scene.label_valid
    return np.where(valid, scene.label_lse, 0.0).astype(np.float64), valid.astype(np.float64)


def _blocks(shape: tuple[int, int], size: int) -> NDArray[np.intp]:
    rows, cols = np.indices(shape) // size
    found: NDArray[np.intp] = rows * (int(cols.max()) + 1) + cols
    return found


def _means(values: NDArray[np.floating], block: NDArray[np.intp]) -> Array:
    count = np.bincount(block)
    sums = np.bincount(block, weights=values.astype(np.float64))
    means: Array = sums[count > 0] / count[count > 0]
    return means


def mixing_weight(rows: Sequence[Row]) -> float:
    """Weight of the teacher in the mixture that other dates judge best, 0-1."""
    squares = np.array([_squares(row) for row in rows]).mean(axis=0)
    return best_weight(*squares)


def weight_interval(rows: Sequence[Row], seed: int = 0) -> tuple[float, float]:
    """Bootstrap interval of 95 % of `mixing_weight` over places."""
    places = sorted({row["place"] for row in rows})
    sums = np.array(
        [np.sum([_squares(row) for row in rows if row["place"] == p], axis=0) for p in places]
    )
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(places), size=(_RESAMPLES, len(places)))
    weights = [best_weight(*total) for total in sums[drawn].sum(axis=1)]
    low, high = np.quantile(weights, (0.5 - LEVEL / 2, 0.5 + LEVEL / 2))
    return float(low), float(high)


def _squares(row: Row) -> Array:
    names = ("own_square", "teacher_square", "product")
    found: Array = np.mean(
        [[one[name] for name in names] for one in row["dates"].values()], axis=0
    )
    return found


def mean_truth(rows: Sequence[Row], quantity: str) -> Array | None:
    """MAE against the truth of mixtures at each weight of `GRID`, mean over scenes, float64.

    Parameters
    ----------
    rows : sequence of dict
    quantity : {'lst', 'lse'}
        K, or 1 as the mean over bands.

    Returns
    -------
    ndarray of float64, (21,), or None
        None where no truth is known.
    """
    known = [row["truth"] for row in rows if row["truth"]]
    if not known:
        return None
    found: Array = np.mean(
        [
            np.mean([one["mae"] for t, one in truth.items() if t.split("_")[0] == quantity], axis=0)
            for truth in known
        ],
        axis=0,
    )
    return found


def mean_labels(rows: Sequence[Row], quantity: str) -> float:
    """Return the teachers' MAE against labels of places that they didn't see."""
    return float(
        np.mean([v for row in rows for t, v in row["labels"].items() if t.startswith(quantity)])
    )


def teacher_weight_of(mixing: float) -> float:
    """Teacher's weight whose student gives a mixture its weight.

    The student goes on from the GOC on composite labels, so that the labels keep ``(1 - w)**2``.

    Parameters
    ----------
    mixing : float
        Of the teacher, 0-1.
    """
    return 1.0 - float(np.sqrt(1.0 - mixing))


def scene_biases(rows: Sequence[Mapping[str, Any]]) -> tuple[float, float, float]:
    """Spread of scene biases in emissivity by other dates: labels', teachers', correlation.

    The correlation is 0 where one of them has no bias.
    """
    pairs = np.array(
        [
            [[one["own_bias"], one["teacher_bias"]] for one in row["dates"].values()]
            for row in rows
        ]
    ).reshape(-1, 2)
    own, taught = np.sqrt((pairs**2).mean(axis=0))
    together = float((pairs[:, 0] * pairs[:, 1]).mean())
    size = float(own * taught)
    return float(own), float(taught), together / size if size > 0 else 0.0
