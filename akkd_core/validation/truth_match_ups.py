"""A product and the truth of a simulated granule as match-ups, for the report with pictures."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core.inference.product import product_paths
from akkd_core.raster import RasterReader, open_raster
from akkd_core.raster.projection import to_lonlat
from akkd_core.validation.bootstrap import spatial_blocks
from akkd_core.validation.match_up import ComparisonMaps, FilterStep, MatchUp
from akkd_core.validation.truth import TRUTH_BANDS, check_grid, find_scene_id, truth_order

MOST_PIXELS = 100_000
"""Of each quantity in the table of match-ups; from more every n-th row and column is taken."""

_BLOCK = 32


def truth_match_ups(product: str | Path, truth: str | Path) -> tuple[MatchUp, ...]:
    """Pair a product's temperature and emissivities with the truth, pixel by pixel.

    The maps of temperature are whole; the pairs are a regular lattice of at most `MOST_PIXELS`.

    Parameters
    ----------
    product : path
        Its folder, or its ``G_LST.tif``.
    truth : path
        As of `akkd_core.validation.truth.compare_with_truth`.

    Returns
    -------
    tuple of MatchUp
        LST, then Emis10 to Emis14.

    Raises
    ------
    InputError
        If there is no such product, the truth has other bands, or they share no pixel.
    GridMismatchError
        If product and truth don't share a grid.
    GranuleReadError
        If a file can't be read.
    """
    scene_id, folder = find_scene_id(product)
    layers = product_paths(scene_id, folder).layers
    with ExitStack() as stack:
        reference = stack.enter_context(open_raster(truth))
        order = truth_order(reference)
        values = [stack.enter_context(open_raster(layers[name])) for name in ("LST", "LSE")]
        for raster in values:
            check_grid(raster, reference)
        found = np.concatenate([raster.read(0, 0, *raster.shape) for raster in values])
        true = reference.read(0, 0, *reference.shape, bands=order)
        facts = _facts(values[0])
        grid = reference.grid
    assert grid is not None  # or the grids would not agree
    row, col, steps = _lattice(np.isfinite(found).all(axis=0), np.isfinite(true).all(axis=0))
    lon, lat = to_lonlat(grid.epsg, *_centres(grid.geotransform, row, col))
    columns = {"row": row, "col": col, "lon": lon.round(6), "lat": lat.round(6)}
    return tuple(
        MatchUp(
            product=scene_id,
            reference="truth",
            quantity=name,
            unit="K" if name == "LST" else "",
            estimate=found[band][row, col].astype(np.float64),
            values=true[band][row, col].astype(np.float64),
            cluster=spatial_blocks(row, col, _BLOCK),
            columns=columns,
            filters=steps,
            maps=ComparisonMaps(grid, None, found[0], true[0]) if name == "LST" else None,
            facts=facts,
        )
        for band, name in enumerate(TRUTH_BANDS)
    )


def _lattice(
    retrieved: NDArray[np.bool_], known: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.intp], tuple[FilterStep, ...]]:
    both = retrieved & known
    step = max(1, int(np.ceil(np.sqrt(both.sum() / MOST_PIXELS))))
    taken = both[::step, ::step]
    row, col = (place * step for place in np.nonzero(taken))
    steps = [
        FilterStep("truth known", known.size, int(known.sum())),
        FilterStep("retrieved", int(known.sum()), int(both.sum())),
    ]
    if step > 1:
        name = f"one in {step} rows and columns, for the table"
        steps.append(FilterStep(name, int(both.sum()), row.size))
    return row, col, tuple(steps)


def _centres(
    geotransform: tuple[float, ...], row: NDArray[np.intp], col: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x0, a, b, y0, d, e = geotransform
    return x0 + a * (col + 0.5) + b * (row + 0.5), y0 + d * (col + 0.5) + e * (row + 0.5)


def _facts(raster: RasterReader) -> dict[str, str]:
    """Return what the product's tags tell of its origin."""
    known = {"acquired_at": "ACQUIRED_AT", "model": "MODEL", "method": "METHOD"}
    return {name: raster.tags[tag] for name, tag in known.items() if tag in raster.tags}
