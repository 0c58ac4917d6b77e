"""Scenes with the labels of a user's products: which belong together, and both on one grid."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import InputError
from akkd_core.physics.planck import brightness_temperature
from akkd_core.raster.resampling import resample, source_places

if TYPE_CHECKING:
    from akkd_core.grid import Grid
    from akkd_core.readers.aster_l2_layout import ProductFile
    from akkd_core.simulation.archive_scene import ArchiveScene

SAME_SCENE_S = 4.0
"""Times of one scene in two products differ by less; the next scene of a strip is 9 s later."""


@dataclass(frozen=True)
class Triple:
    """A scene and the products of the same seconds.

    Parameters
    ----------
    scene : str
        Path of the L1T or L1B granule.
    ast_08, ast_05 : ProductFile
    """

    scene: str
    ast_08: ProductFile
    ast_05: ProductFile

    @property
    def sources(self) -> dict[str, str]:
        """File names, for reports and to tell whether an archive is of the same files."""
        from pathlib import Path

        return {
            "scene": Path(self.scene).name,
            "AST_08": self.ast_08.path.name,
            "AST_05": self.ast_05.path.name,
        }


@dataclass(frozen=True)
class Labelled:
    """A scene and its labels on its grid.

    Parameters
    ----------
    name : str
        Of the granule, as archives allow it.
    grid : Grid
    acquired_at : datetime
        UTC.
    radiance : ndarray of float32, (5, row, col)
        W m-2 sr-1 um-1; NaN where there is none.
    lst : ndarray of float32, (row, col)
        K; NaN where there is none or QA has something against it.
    lse : ndarray of float32, (5, row, col)
    measured : ndarray of bool, (row, col)
        All bands have a brightness temperature.
    present : ndarray of bool, (row, col)
        Both products have values, whatever QA says.
    qa_counts : dict of str to int
        Pixels of both products with a value, by field of the QA plane that isn't 0.
    """

    name: str
    grid: Grid
    acquired_at: datetime
    radiance: NDArray[np.float32]
    lst: NDArray[np.float32]
    lse: NDArray[np.float32]
    measured: NDArray[np.bool_]
    present: NDArray[np.bool_]
    qa_counts: dict[str, int]

    @property
    def good(self) -> NDArray[np.bool_]:
        """Pixels with radiance and labels that QA has nothing against, bool (row, col)."""
        found: NDArray[np.bool_] = (
            self.measured & np.isfinite(self.lst) & np.isfinite(self.lse).all(axis=0)
        )
        return found

    def scene(self, kind: str, land_cover: str, chosen: NDArray[np.bool_]) -> ArchiveScene:
        """Return it as a scene of an archive, of which the chosen pixels have valid labels."""
        from akkd_core.simulation.archive_scene import ArchiveScene

        return ArchiveScene(
            name=self.name,
            kind=kind,
            grid=self.grid,
            acquired_at=self.acquired_at,
            land_cover=land_cover,
            materials=(),
            radiance=self.radiance,
            elevation_m=np.full(self.grid.shape, np.nan, dtype=np.float32),
            thin_cloud=np.zeros(self.grid.shape, dtype=np.float32),
            label_lst=self.lst,
            label_lse=self.lse,
            label_valid=chosen & self.good,
        )


def find_triple(scene: str, acquired_at: datetime, products: Sequence[ProductFile]) -> Triple:
    """Find the products of a scene by their time.

    Parameters
    ----------
    scene : str
        Path.
    acquired_at : datetime
    products : sequence of ProductFile
        Of several processings of one granule the latest is taken.

    Raises
    ------
    InputError
        If one of the two is not there.
    """
    chosen = {}
    for product in ("AST_08", "AST_05"):
        near = [p for p in products if p.product == product]
        apart = [abs((p.acquired_at - acquired_at).total_seconds()) for p in near]
        fitting = [p for p, s in zip(near, apart, strict=True) if s <= SAME_SCENE_S]
        if not fitting:
            nearest = f", the nearest is {min(apart):.0f} s away" if apart else ""
            raise InputError(
                f"{scene}: no {product} of {acquired_at:%Y-%m-%d %H:%M:%S} UTC is among the labels"
                f"{nearest}. Add it to --labels"
            )
        # names end with the time of processing
        chosen[product] = max(fitting, key=lambda p: p.path.name)
    return Triple(scene, chosen["AST_08"], chosen["AST_05"])


def acquisition_time(scene: str) -> datetime:
    """Acquisition time of a scene, UTC; raises as `akkd_core.readers.open_scene` does."""
    from akkd_core.readers import open_scene

    return open_scene(scene).metadata.acquired_at


def read_labelled(triple: Triple, qa: str, resampling: str) -> Labelled:
    """Read a scene and put its labels on its grid.

    Parameters
    ----------
    triple : Triple
    qa : {'strict', 'cloud', 'none'}
        See `readers.aster_l2_layout.QA_RULES`.
    resampling : {'bilinear', 'nearest'}
        How labels are taken from the products' rotated grids; never across what QA rejects.

    Raises
    ------
    InputError
        If the products lie elsewhere.
    GranuleReadError, MissingBandError, UnsupportedGranuleError, GridMismatchError
        If a file can't be used.
    """
    from akkd_core.calibration import to_radiance
    from akkd_core.readers import open_scene
    from akkd_core.readers.aster_l2 import open_ast_05, open_ast_08
    from akkd_core.readers.aster_l2_layout import QA_FIELDS, accepted

    scene = open_scene(triple.scene)
    radiance = to_radiance(scene).radiance_toa
    measured = np.asarray(np.isfinite(brightness_temperature(radiance)).all(axis=0))
    layers, present = [], np.ones(scene.grid.shape, dtype=bool)
    counts = {field.name: 0 for field in QA_FIELDS}
    for product in (open_ast_08(triple.ast_08.path), open_ast_05(triple.ast_05.path)):
        places = source_places(product.grid, scene.grid)
        there = np.isfinite(product.values).all(axis=0)
        whole = resample(np.where(there, product.values[:1], np.nan), places, resampling)
        if not np.isfinite(whole).any():
            raise InputError(
                f"{triple.scene}: {product.granule_id} has no value over the scene. "
                "Give the products of the same place"
            )
        present &= np.isfinite(whole[0])
        for field in QA_FIELDS:
            counts[field.name] += int(np.count_nonzero(field.of(product.quality)[there]))
        kept = there & accepted(product.quality, qa)
        values = np.where(kept, product.values, np.float32(np.nan))
        layers.append(resample(values, places, resampling))
    return Labelled(
        name=re.sub(r"[^A-Za-z0-9_.-]", "_", scene.metadata.granule_id)[:100],
        grid=scene.grid,
        acquired_at=scene.metadata.acquired_at,
        radiance=radiance,
        lst=layers[0][0],
        lse=layers[1],
        measured=measured,
        present=present,
        qa_counts=counts,
    )
