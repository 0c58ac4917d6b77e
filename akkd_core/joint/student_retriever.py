"""Retrieval with a student alone: what it doesn't belong to counts as outside its domain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle import ModelBundle
from akkd_core.bundle.belongs import Belongs
from akkd_core.errors import BundleMismatchError
from akkd_core.images import Scene
from akkd_core.inference.retriever import Retriever
from akkd_core.inference.tile_pixels import TilePixels
from akkd_core.inference.windows import Window
from akkd_core.joint.footprints import pixel_lonlat
from akkd_core.joint.selection import Rule, claims_of, footprint_share, in_season

_RULE = Rule(blend_m=0.0)
"""A pixel belongs to a student that claims anything of it in a joint model without blending."""


class StudentRetriever(Retriever):
    """A bundle that says where it belongs, ready to retrieve scenes.

    Parameters
    ----------
    bundle : ModelBundle
    runtime, device : str
        As of `Retriever`.

    Raises
    ------
    BundleMismatchError
        As `Retriever`, and if the bundle doesn't say where it belongs.
    MissingDependencyError
        If the runtime is not installed.
    """

    def __init__(self, bundle: ModelBundle, runtime: str = "auto", device: str = "auto") -> None:
        super().__init__(bundle, runtime, device)
        if bundle.manifest.belongs is None:
            raise BundleMismatchError(f"bundle {bundle.name}: doesn't say where it belongs")
        self._belongs: Belongs = bundle.manifest.belongs

    def belonging(self, scene: Scene, window: Window, tile: TilePixels) -> NDArray[np.bool_]:
        """Whether time, place and temperatures of a tile's valid pixels are the student's.

        Parameters
        ----------
        scene : Scene
        window : Window
        tile : TilePixels
        """
        if not in_season(self._belongs, scene.metadata.acquired_at):
            return np.zeros(len(tile.bt), dtype=bool)
        lonlat = pixel_lonlat(scene.grid, window.row, window.col, window.rows, window.cols)
        place = footprint_share(self._belongs, lonlat, _RULE)[tile.valid]
        claim, _ = claims_of(self._belongs, tile.bt, place, _RULE)
        result: NDArray[np.bool_] = claim > 0
        return result
