"""The selection of samples in explicit steps, each with the number of pixels before and after.

QA planes; agreement with MODIS, with reanalysis and with the ground; balance over land cover
(paper, section 3). The last step, evaluation before training, is in `label_evaluation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import InputError
from akkd_core.raster.projection import from_lonlat

if TYPE_CHECKING:
    from akkd_core.operations.label_scenes import Labelled
    from akkd_core.readers.ground_lst import GroundMeasurement
    from akkd_core.readers.reference_raster import CellsUnder

LEAST_SHARE = 0.5
"""Of a cell's pixels within the scene that need a label, for the cell to be compared."""

GROUND_MINUTES = 30.0
"""Largest difference of time between a scene and a measurement."""

_MMD_STEP, _LSE_STEP, _BT_STEP_K = 0.03, 0.02, 5.0
_LST_RANGE_K = (150.0, 400.0)


@dataclass(frozen=True)
class Step:
    """One step of the selection in one scene.

    Parameters
    ----------
    name : str
    before, after : int
        Pixels.
    note : str
        What it was compared with, and how it was.
    """

    name: str
    before: int
    after: int
    note: str = ""


@dataclass(frozen=True)
class Selected:
    """Pixels that are left, and the steps that led there.

    Parameters
    ----------
    chosen : ndarray of bool, (row, col)
    steps : tuple of Step
    """

    chosen: NDArray[np.bool_]
    steps: tuple[Step, ...]

    def then(self, name: str, chosen: NDArray[np.bool_], note: str = "") -> Selected:
        """Return what a further step leaves."""
        left = self.chosen & chosen
        step = Step(name, int(self.chosen.sum()), int(left.sum()), note)
        return Selected(left, (*self.steps, step))


def select_good(labelled: Labelled, qa: str) -> Selected:
    """Select the pixels that have radiance and labels, and that QA has nothing against."""
    every = Selected(np.ones(labelled.grid.shape, dtype=bool), ())
    measured = every.then("radiance in all five bands", labelled.measured)
    both = measured.then("AST_08 and AST_05 there", labelled.present)
    fields = ", ".join(f"{name} {count}" for name, count in labelled.qa_counts.items())
    return both.then(f"QA planes ({qa})", labelled.good, f"flagged in the products: {fields}")


def agreement(
    labelled: Labelled, selected: Selected, cells: CellsUnder, name: str, limit_k: float
) -> Selected:
    """Keep the pixels of cells whose temperature the labels agree with.

    Labels are averaged over each cell's pixels; cells without a value, or with labels on fewer than
    `LEAST_SHARE` of their pixels, agree with nothing and are dropped.

    Parameters
    ----------
    labelled : Labelled
    selected : Selected
    cells : CellsUnder
        Of temperature, K.
    name : str
        Of the step.
    limit_k : float
        Largest difference.

    Raises
    ------
    InputError
        If the raster holds no temperatures in K.
    """
    low, high = _LST_RANGE_K
    known = np.where((cells.values >= low) & (cells.values <= high), cells.values, np.nan)
    if np.isfinite(cells.values[cells.values > 0]).any() and not np.isfinite(known).any():
        raise InputError(f"{cells.path}: holds no temperature in K. Give K, not counts or Celsius")
    inside = cells.cell >= 0
    size = cells.values.size
    whole = np.bincount(cells.cell[inside], minlength=size)
    used = inside & selected.chosen
    count = np.bincount(cells.cell[used], minlength=size)
    total = np.bincount(
        cells.cell[used], weights=labelled.lst[used].astype(np.float64), minlength=size
    )
    compared = (count > 0) & (count >= LEAST_SHARE * whole) & np.isfinite(known)
    difference = np.full(size, np.nan)
    difference[compared] = total[compared] / count[compared] - known[compared]
    agrees = compared & (np.abs(difference, where=compared, out=np.zeros(size)) <= limit_k)
    kept = np.zeros(inside.shape, dtype=bool)
    kept[inside] = agrees[cells.cell[inside]]
    note = f"{cells.path.name}: {int(compared.sum())} cells"
    if compared.any():
        errors = difference[compared]
        note += (
            f", labels minus it {errors.mean():+.2f} K, MAE {np.abs(errors).mean():.2f} K, "
            f"{int(agrees.sum())} within {limit_k:g} K"
        )
    return selected.then(name, kept, note)


def ground_agreement(
    labelled: Labelled, selected: Selected, ground: Sequence[GroundMeasurement], limit_k: float
) -> Selected:
    """Keep a scene if its labels agree with the stations in it; one without stations is kept.

    Parameters
    ----------
    labelled : Labelled
    selected : Selected
    ground : sequence of GroundMeasurement
    limit_k : float
        Largest mean absolute difference over stations.
    """
    differences = []
    for near in _nearest_in_time(ground, labelled.acquired_at):
        x, y = from_lonlat(labelled.grid.epsg, near.longitude, near.latitude)
        row, col = (int(np.floor(v)) for v in labelled.grid.rowcol(float(x), float(y)))
        inside = 0 <= row < labelled.grid.rows and 0 <= col < labelled.grid.cols
        if inside and selected.chosen[row, col]:
            differences.append(float(labelled.lst[row, col]) - near.lst_k)
    every = np.ones(selected.chosen.shape, dtype=bool)
    if not differences:
        return selected.then("ground", every, "no station with a selected label: nothing asked")
    errors = np.asarray(differences)
    mae = float(np.abs(errors).mean())
    note = f"{errors.size} stations, labels minus them {errors.mean():+.2f} K, MAE {mae:.2f} K"
    return selected.then("ground", every if mae <= limit_k else ~every, note)


def _nearest_in_time(
    ground: Sequence[GroundMeasurement], when: datetime
) -> list[GroundMeasurement]:
    """Return each station's measurement nearest to a time, if near enough."""
    best: dict[str, tuple[float, GroundMeasurement]] = {}
    for one in ground:
        apart = abs((one.time - when).total_seconds()) / 60.0
        if apart <= GROUND_MINUTES and apart < best.get(one.station, (np.inf, one))[0]:
            best[one.station] = apart, one
    return [one for _, one in best.values()]


def clusters(labelled: Labelled) -> NDArray[np.int32]:
    """Classes of pixels where no land cover is given, int32 (row, col); -1 without labels.

    Cells of contrast of emissivity (largest minus smallest of the five bands, in steps of 0.03),
    mean emissivity (0.02) and brightness temperature of band 13 (5 K): what ground and air make
    alike lies in one cell.
    """
    good = labelled.good
    lse = labelled.lse[:, good].astype(np.float64)
    from akkd_core.physics.planck import brightness_temperature

    bt13 = brightness_temperature(labelled.radiance)[3][good]
    key = np.stack(
        [
            np.floor(np.ptp(lse, axis=0) / _MMD_STEP),
            np.floor(lse.mean(axis=0) / _LSE_STEP),
            np.floor(bt13 / _BT_STEP_K),
        ]
    ).astype(np.int64)
    found = np.full(good.shape, -1, dtype=np.int32)
    found[good] = (key[0] * 64 + key[1]) * 128 + key[2]
    return found


def land_cover(cells: CellsUnder) -> NDArray[np.int32]:
    """Land cover of pixels, int32 (row, col); -1 where the raster has none."""
    values = cells.of_pixels()
    return np.where(np.isfinite(values), np.nan_to_num(values), -1).astype(np.int32)


def balance(
    selected: Selected, classes: NDArray[np.int32], most: int, name: str, seed: int
) -> Selected:
    """Keep at most so many pixels of each class, drawn at random; those of no class go.

    Parameters
    ----------
    selected : Selected
    classes : ndarray of int32, (row, col)
        -1 for none.
    most : int
        Of one class in one scene.
    name : str
        What the classes are.
    seed : int
    """
    rng = np.random.default_rng([seed, 11])
    kept = np.zeros(classes.shape, dtype=bool)
    flat = np.flatnonzero(selected.chosen & (classes >= 0))
    of = classes.ravel()[flat]
    found = np.unique(of)
    capped = 0
    for value in found:
        members = flat[of == value]
        if members.size > most:
            capped += 1
            members = rng.permutation(members)[:most]
        kept.ravel()[members] = True
    return selected.then(
        f"balance over {name}", kept, f"{found.size} classes, {capped} of more than {most} pixels"
    )


def main_class(selected: Selected, classes: NDArray[np.int32]) -> int | None:
    """Return the class of most of the selected pixels, or None.

    Parameters
    ----------
    selected : Selected
    classes : ndarray of int32, (row, col)
        -1 for none.
    """
    of = classes[selected.chosen & (classes >= 0)]
    if not of.size:
        return None
    values, counts = np.unique(of, return_counts=True)
    return int(values[np.argmax(counts)])
