"""Simulated images through the retrieval's whole path in memory, with cloud mask and windows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np
from numpy.typing import NDArray

from akkd_core.calibration import Calibration
from akkd_core.images import GranuleMetadata, Scene
from akkd_core.inference.retriever import Retriever
from akkd_core.inference.tile import RetrievalTile
from akkd_core.sensors import aster_tir
from akkd_core.simulation.placement import utm_grid

Array = NDArray[np.float32]

_PLACE = 40.0, 117.0
_TIME = datetime(2019, 7, 4, 3, 15, tzinfo=timezone.utc)


@dataclass(frozen=True, eq=False)
class ImageResult:
    """What was retrieved of an image.

    Parameters
    ----------
    values, sigma : ndarray of float32, (6, row, col)
        Temperature and emissivities with their one-sigma errors, K and 1; NaN where there is none.
    """

    values: Array
    sigma: Array


def image_scene(dn: NDArray[np.uint16], daytime: bool) -> Scene:
    """Scene of digital numbers, (5, row, col), with the sensor's nominal calibration."""
    metadata = GranuleMetadata(
        granule_id="simulated",
        product="AST_L1T",
        collection="003",
        acquired_at=_TIME,
        daytime=daytime,
        cloud_cover_percent=None,
        view_zenith_deg=0.0,
        radiometric_version="05.00",
        ucc=aster_tir().ucc,
        source_files=(),
    )
    return Scene.from_array(dn, utm_grid(*_PLACE, *dn.shape[1:]), metadata)


def retrieve_image(
    retriever: Retriever, dn: NDArray[np.uint16], daytime: bool, tile_size: int = 512
) -> ImageResult:
    """Retrieve an image as a granule is retrieved.

    Parameters
    ----------
    retriever : Retriever
    dn : ndarray of uint16, (5, row, col)
        By the nominal calibration.
    daytime : bool
    tile_size : int
        Pixels.
    """
    scene = image_scene(dn, daytime)
    calibration = Calibration.from_ucc(scene.metadata.ucc)
    shape = (6, *scene.grid.shape)
    values, sigma = np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32)
    for tile in retriever.tiles(scene, calibration, tile_size=tile_size):
        _lay(tile, values, sigma)
    return ImageResult(values, sigma)


def _lay(tile: RetrievalTile, values: Array, sigma: Array) -> None:
    rows, cols = tile.lst.shape
    here = np.s_[tile.row : tile.row + rows, tile.col : tile.col + cols]
    values[(0, *here)] = tile.lst
    values[(slice(1, None), *here)] = tile.lse
    if tile.lst_err is not None and tile.lse_err is not None:
        sigma[(0, *here)] = tile.lst_err
        sigma[(slice(1, None), *here)] = tile.lse_err
