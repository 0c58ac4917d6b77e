"""What the surroundings of a tile's pixels tell, cloud and clear ground each by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from akkd_core.inference.cloud_mask import PROBABLY_CLOUDY, CloudMask, padded_window
from akkd_core.inference.scene_contexts import Context, SceneContexts
from akkd_core.inference.threads import default_threads
from akkd_core.inference.tile_pixels import TilePixels
from akkd_core.physics.local_features import LOCAL_NAMES, MARGIN, local_features

Array = NDArray[np.float32]

_STRIP_ROWS = 64
"""Rows at a time: what is worked on stays in the processor's cache."""


def look_around(
    tile: TilePixels, contexts: SceneContexts[Context], distance: bool, surroundings: bool
) -> tuple[CloudMask, Array | None]:
    """Cloud mask of a tile, and what its pixels' surroundings tell.

    Parameters
    ----------
    tile : TilePixels
        Read with the margin of the cloud mask, and for surroundings with so much more.
    contexts : SceneContexts
    distance : bool
        Tell the distance to cloud.
    surroundings : bool
        Tell what surroundings tell.

    Returns
    -------
    clouds : CloudMask
    local : ndarray of float32, (n, 14), or None
        Of the tile's valid pixels, see `akkd_core.physics.local_features`. Pixels that are cloudy
        or probably so are left out of the surroundings of all others, and others out of theirs.
    """
    if not surroundings:
        return contexts.mask(tile.around, tile.place, tile.window, distance), None
    place, window = tile.place, tile.window
    bottom, right = place.row + place.rows, place.col + place.cols
    wide = padded_window(window, bottom, right, MARGIN)
    clouds = contexts.mask(tile.around, place, wide, distance)
    row, col = wide.row - place.row, wide.col - place.col
    bt = tile.around[:, row : row + wide.rows, col : col + wide.cols]
    row, col = window.row - wide.row, window.col - wide.col
    inner = np.s_[row : row + window.rows, col : col + window.cols]
    local = local_of_kinds(bt, clouds.classes >= PROBABLY_CLOUDY, inner)
    return clouds.part(inner), local[:, tile.valid].T


def local_of_kinds(
    bt: Array, cloudy: NDArray[np.bool_], inner: tuple[slice, slice], threads: int | None = None
) -> Array:
    """Local features of a part of an image, of cloud and of clear ground each by itself.

    Parameters
    ----------
    bt : ndarray of float32, (5, row, col)
        Brightness temperature, K; NaN where invalid.
    cloudy : ndarray of bool, (row, col)
    inner : tuple of two slices
        The part; around it `MARGIN` pixels, unless the raster ends there.
    threads : int, optional
        By default as `default_threads` says.

    Returns
    -------
    ndarray of float32, (14, row, col)
        Of the part; NaN where invalid.
    """
    rows, cols = inner
    out = np.empty(
        (len(LOCAL_NAMES), rows.stop - rows.start, cols.stop - cols.start), dtype=np.float32
    )

    def work(start: int) -> None:
        stop = min(start + _STRIP_ROWS, rows.stop)
        first, last = max(start - MARGIN, 0), min(stop + MARGIN, bt.shape[1])
        kept = np.s_[:, start - first : stop - first, cols]
        target = out[:, start - rows.start : stop - rows.start]
        target[:] = local_features(bt[:, first:last], cloudy[first:last])[kept]

    with ThreadPoolExecutor(threads or default_threads()) as pool:
        list(pool.map(work, range(rows.start, rows.stop, _STRIP_ROWS)))
    return out
