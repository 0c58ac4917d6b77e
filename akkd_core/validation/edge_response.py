"""How a retrieval follows sharp borders of fields: it must sharpen emissivity and not blur LST.

A scene of upright strips of different materials and temperatures is retrieved; its columns near
each border, averaged over the rows, are set in relation to what is retrieved far from it on both
sides. A response is 0 left of a border and 1 right of it if nothing is blurred.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import InputError
from akkd_core.physics.features import OUTPUT_NAMES
from akkd_core.simulation.atmospheres import AtmosphereTable
from akkd_core.simulation.materials import MaterialTable
from akkd_core.simulation.scenes import Atmosphere, observe
from akkd_core.simulation.surfaces import Surface, draw_surface
from akkd_core.validation.poor_scenes import NEDT_K, PoorScene

Array = NDArray[np.float64]

STRIP, STRIPS, ROWS = 24, 5, 96
"""Width and number of the strips, and their length, pixels."""

OFFSETS = np.arange(-8, 8) + 0.5
"""Distances of columns from a border, pixels."""

PLATEAU = 9, 12
"""Columns from a border, first and one past the last, that are far from it and its neighbours."""

LEAST_STEP = np.array([1.0, *(0.02,) * 5])
"""Borders with a smaller true step of an output don't count for it, K and 1."""

_COVERS = ("crops", "desert", "rock", "urban")
_WARMER_K, _TEXTURE_K = 4.0, 0.3
_ADJACENT = 7, 8  # of OFFSETS: the columns that touch the border


def striped_scene(
    rng: np.random.Generator, air: AtmosphereTable, row: int, table: MaterialTable
) -> PoorScene:
    """Draw a scene of sharp upright strips, clear all over.

    Parameters
    ----------
    rng : numpy.random.Generator
    air : AtmosphereTable
    row : int
        Of ``air``.
    table : MaterialTable
    """
    atmosphere = Atmosphere.of(air, row)
    shape = (ROWS, STRIP * STRIPS)
    base = draw_surface(rng, table, (8, 8), atmosphere.air_temperature_k, n_materials=1)
    lse = np.empty((5, *shape), dtype=np.float32)
    offset = rng.normal(0.0, _TEXTURE_K, shape)
    for number in range(STRIPS):
        here = np.s_[:, number * STRIP : (number + 1) * STRIP]
        kind = draw_surface(
            rng, table, (8, 8), atmosphere.air_temperature_k, n_materials=1,
            land_cover=_COVERS[int(rng.integers(len(_COVERS)))], daytime=base.daytime,
        )  # fmt: skip
        lse[(slice(None), *here)] = kind.lse.mean(axis=(1, 2))[:, None, None]
        offset[here] += float(base.temperature_offset_k.mean()) + rng.normal(0.0, _WARMER_K)
    surface: Surface = replace(
        base,
        lse=lse,
        temperature_offset_k=offset.astype(np.float32),
        snow_fraction=np.zeros(shape, dtype=np.float32),
        water_fraction=np.zeros(shape, dtype=np.float32),
    )
    dn, lst = observe(surface, atmosphere, rng, nedt_k=NEDT_K)
    return PoorScene(
        dn, np.concatenate([lst[None], lse]), np.ones(shape, dtype=bool), base.daytime,
        str(air.profile[row]), atmosphere.tcwv_kg_m2,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class EdgeResponse:
    """Response to a step, of one output.

    Parameters
    ----------
    output : str
        Of `OUTPUT_NAMES`.
    response : ndarray of float64, (16,)
        At `OFFSETS`; 0 and 1 far left and right.
    amplitude : float
        Retrieved step far from the borders over the true one.
    borders : int
    absolute : ndarray of float64, (16,)
        Mean absolute error of the pixels at `OFFSETS`, of all borders, K or 1.
    """

    output: str
    response: Array
    amplitude: float
    borders: int
    absolute: Array

    @property
    def error_beside(self) -> float:
        """Mean absolute error in the two columns that touch the border, K or 1."""
        return float(self.absolute[list(_ADJACENT)].mean())

    @property
    def error_inside(self) -> float:
        """Mean absolute error in the columns furthest from it, three on each side, K or 1."""
        return float(np.concatenate([self.absolute[:3], self.absolute[-3:]]).mean())

    @property
    def beside(self) -> float:
        """Part of the step that is there between the two columns at the border; 1 if sharp."""
        left, right = self.response[list(_ADJACENT)].tolist()
        return float(right - left)

    @property
    def distance_10_90(self) -> float:
        """Pixels from a tenth to nine tenths of the step, by line between columns; sharp: 0.8."""
        if not np.isfinite(self.response).all():
            return math.nan
        rising = np.maximum.accumulate(self.response)
        low, high = (float(np.interp(level, rising, OFFSETS)) for level in (0.1, 0.9))
        return high - low


class EdgeTally:
    """Columns near borders, added up over scenes; steps weigh by their size."""

    def __init__(self) -> None:
        outputs = len(OUTPUT_NAMES)
        self._near = np.zeros((outputs, len(OFFSETS)))
        self._absolute = np.zeros((outputs, len(OFFSETS)))
        self._step, self._square, self._scenes = np.zeros((3, outputs))
        self._borders = np.zeros(outputs, dtype=np.int64)

    def add(self, values: NDArray[np.floating], truth: NDArray[np.floating]) -> None:
        """Add a striped scene.

        Parameters
        ----------
        values, truth : ndarray, (6, row, col)
            Retrieved and true, K and 1.
        """
        with np.errstate(invalid="ignore"):
            found = np.nanmean(np.asarray(values, dtype=np.float64), axis=1)
            apart = np.nanmean(np.abs(np.asarray(values, dtype=np.float64) - truth), axis=1)
        true = np.asarray(truth, dtype=np.float64).mean(axis=1)
        for border in range(STRIP, STRIP * STRIPS, STRIP):
            near = found[:, border - 8 : border + 8]
            error = apart[:, border - 8 : border + 8]
            told = np.isfinite(error).all(axis=1)
            self._absolute[told] += error[told]
            self._scenes[told] += 1.0
            (left, right), (true_left, true_right) = (
                (
                    line[:, border - PLATEAU[1] : border - PLATEAU[0]].mean(axis=1),
                    line[:, border + PLATEAU[0] : border + PLATEAU[1]].mean(axis=1),
                )
                for line in (found, true)
            )
            step = true_right - true_left
            used = (np.abs(step) >= LEAST_STEP) & np.isfinite(near).all(axis=1)
            # regression on the true step: noise of what is retrieved doesn't bias it
            self._near[used] += (step[:, None] * (near - left[:, None]))[used]
            self._step[used] += (step * (right - left))[used]
            self._square[used] += (step**2)[used]
            self._borders[used] += 1

    def responses(self) -> tuple[EdgeResponse, ...]:
        """Return what was found, one response for each output."""
        with np.errstate(divide="ignore", invalid="ignore"):
            response = self._near / self._step[:, None]
            amplitude = self._step / self._square
            absolute = self._absolute / self._scenes[:, None]
        return tuple(
            EdgeResponse(
                name, response[i], float(amplitude[i]), int(self._borders[i]), absolute[i]
            )
            for i, name in enumerate(OUTPUT_NAMES)
        )

    def arrays(self) -> NDArray[np.float64]:
        """Return all it holds, (6, 36), for a file."""
        columns = (self._scenes, self._step, self._square, self._borders.astype(np.float64))
        return np.column_stack([self._near, self._absolute, *columns])

    @classmethod
    def from_arrays(cls, kept: NDArray[np.float64]) -> EdgeTally:
        """Make a tally of what `arrays` gave.

        Raises
        ------
        InputError
            If it is of another shape.
        """
        if kept.shape != (len(OUTPUT_NAMES), 2 * len(OFFSETS) + 4):
            raise InputError(f"kept borders: {kept.shape}, of another version. delete their folder")
        tally = cls()
        tally._near, tally._absolute, last = (
            part.copy() for part in np.split(kept, [len(OFFSETS), 2 * len(OFFSETS)], axis=1)
        )
        tally._scenes, tally._step, tally._square = last[:, 0], last[:, 1], last[:, 2]
        tally._borders = last[:, 3].astype(np.int64)
        return tally

    def merge(self, other: EdgeTally) -> None:
        """Add another tally's borders."""
        self._near += other._near
        self._absolute += other._absolute
        self._scenes = self._scenes + other._scenes
        self._step = self._step + other._step
        self._square = self._square + other._square
        self._borders += other._borders
