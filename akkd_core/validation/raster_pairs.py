"""Two rasters of one quantity on any two grids: the second is brought to the first's pixels."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from akkd_core.errors import InputError, ParameterError
from akkd_core.grid import Grid
from akkd_core.progress import Progress, SilentProgress, checkpoint
from akkd_core.raster import open_raster
from akkd_core.raster.projection import to_lonlat
from akkd_core.validation.bootstrap import spatial_blocks
from akkd_core.validation.match_up import ComparisonMaps, FilterStep, MatchUp, apply_filters
from akkd_core.validation.raster_places import (
    Mask,
    PlacedRaster,
    RasterChoice,
    Values,
    bring,
    cells_in_a_pixel,
    place_raster,
    stripes,
    where_it_lies,
)

RESAMPLINGS = ("auto", "mean", "bilinear", "nearest")
"""How the reference is brought to the raster's pixels: ``mean`` by exact area of overlap;
``auto`` takes it where the reference's pixels are less than half as large, else ``bilinear``."""

MOST_PAIRS = 1_000_000
"""In table and metrics; from more every n-th row and column is taken."""

_FINER = 2.0
_COARSER = 0.5
_MOST_PIXELS = 40_000_000


@dataclass(frozen=True)
class PairRules:
    """How two rasters are compared.

    Parameters
    ----------
    resampling : str
        One of `RESAMPLINGS`.
    valid_fraction : float
        Least share of a pixel's area in which a reference that is averaged has values, 0-1.
    block : int
        Side of the bootstrap's blocks, pixels.
    """

    resampling: str = "auto"
    valid_fraction: float = 0.8
    block: int = 20


def compare_rasters(
    raster: RasterChoice,
    reference: RasterChoice,
    rules: PairRules | None = None,
    progress: Progress | None = None,
) -> MatchUp:
    """Compare a raster with another, pixel by pixel of the first.

    Parameters
    ----------
    raster, reference : RasterChoice
        GeoTIFFs (or PNGs with a place) of temperature, emissivity, or another quantity of which
        both tell the same unit.
    rules : PairRules, optional
    progress : Progress, optional

    Returns
    -------
    MatchUp
        Temperatures in K; with maps of the part that overlaps.

    Raises
    ------
    InputError
        If they are of different quantities or places, a unit can't be told, a band isn't there,
        or no pixel is left.
    GranuleReadError
        If a file can't be read.
    OperationCancelled
        If the user cancelled.
    """
    chosen, report = rules or PairRules(), progress or SilentProgress()
    if chosen.resampling not in RESAMPLINGS:
        raise ParameterError(
            f"resampling {chosen.resampling!r}: choose one of {', '.join(RESAMPLINGS)}"
        )
    with ExitStack() as stack:
        ours, theirs = [
            place_raster(stack.enter_context(open_raster(one.path)), one)
            for one in (raster, reference)
        ]
        _check_pair(ours, theirs)
        ratio = cells_in_a_pixel(ours, theirs)
        how = chosen.resampling
        if how == "auto":
            how = "mean" if ratio >= _FINER else "bilinear"
        found = _Found(ours.grid)
        for row, rows in stripes(ours, max(1.0, ratio)):
            checkpoint(report, row / ours.grid.rows, f"comparing with {theirs.name}")
            part = ours.grid.window(row, 0, rows, ours.grid.cols)
            values = bring(part, ours, theirs, how)
            if values is not None:
                found.add(row, ours.read(row, 0, *part.shape), *values)
        if not found.inside.any():
            raise InputError(
                f"{theirs.name}: lies at {where_it_lies(theirs)} and doesn't overlap "
                f"{ours.name} at {where_it_lies(ours)}. Give rasters of the same place"
            )
        return _match_up(ours, theirs, found, chosen, how, ratio)


class _Found:
    """What was found for each pixel of the first raster."""

    def __init__(self, grid: Grid) -> None:
        self.estimate = np.full(grid.shape, np.nan, dtype=np.float32)
        self.values = np.full(grid.shape, np.nan, dtype=np.float32)
        self.share = np.zeros(grid.shape, dtype=np.float32)
        self.inside = np.zeros(grid.shape, dtype=np.bool_)

    def add(
        self, row: int, estimate: Values, values: Values, share: Values, inside: Mask
    ) -> None:
        part = slice(row, row + estimate.shape[0])
        self.estimate[part], self.values[part] = estimate, values
        self.share[part], self.inside[part] = share, inside


def _check_pair(ours: PlacedRaster, theirs: PlacedRaster) -> None:
    if ours.measure.shared_unit != theirs.measure.shared_unit:
        told = [
            f"{one.name} is in {one.measure.unit} "
            f"({'by its values' if one.measure.guessed else 'as told'})"
            for one in (ours, theirs)
        ]
        raise InputError(
            f"{told[0]}, {told[1]}: different quantities. Choose bands of the same one, or give "
            "the right units"
        )
    if ours.grid.rows * ours.grid.cols > _MOST_PIXELS:
        raise InputError(
            f"{ours.name}: {ours.grid.rows} x {ours.grid.cols} pixels are more than "
            f"{_MOST_PIXELS:,}. Crop it to the part to be compared"
        )


def _match_up(
    ours: PlacedRaster, theirs: PlacedRaster, found: _Found, rules: PairRules, how: str,
    ratio: float,
) -> MatchUp:  # fmt: skip
    filters = [("reference has a value", np.isfinite(found.values))]
    if how == "mean":
        name = f"reference valid over {100 * rules.valid_fraction:g} % of the pixel"
        filters.append((name, found.share >= rules.valid_fraction - 1e-6))
    left, steps = apply_filters(np.isfinite(found.estimate) & found.inside, filters)
    step = max(1, int(np.ceil(np.sqrt(left.sum() / MOST_PAIRS))))
    row, col = (place * step for place in np.nonzero(left[::step, ::step]))
    if step > 1:
        name = f"one in {step} rows and columns, for table and metrics"
        steps += (FilterStep(name, int(left.sum()), row.size),)
    x0, a, b, y0, d, e = ours.grid.geotransform
    down, along = row + 0.5, col + 0.5
    lon, lat = to_lonlat(ours.crs, x0 + a * along + b * down, y0 + d * along + e * down)
    product, reference = _labels(ours, theirs)
    return MatchUp(
        product=product,
        reference=reference,
        quantity=_quantity(ours),
        unit=ours.measure.shared_unit,
        estimate=found.estimate[row, col].astype(np.float64),
        values=found.values[row, col].astype(np.float64),
        cluster=spatial_blocks(row, col, rules.block),
        columns={"row": row, "col": col, "lon": lon.round(6), "lat": lat.round(6)},
        filters=steps,
        maps=_maps(ours, found, left),
        notes=_notes(ours, theirs, ratio),
        facts={
            "raster": _told(ours),
            "reference_raster": _told(theirs),
            "resampling": _HOW[how],
            "reference_pixels_in_a_pixel": f"{ratio:.3g}",
        },
    )


_HOW = {
    "mean": "mean of the reference over each pixel, by exact area of overlap",
    "bilinear": "bilinear between the reference's four pixels around each pixel's centre",
    "nearest": "the reference's pixel that holds each pixel's centre",
}


def _maps(ours: PlacedRaster, found: _Found, left: Mask) -> ComparisonMaps:
    """Both rasters where they overlap; around it there is nothing to be seen."""
    rows, cols = np.flatnonzero(found.inside.any(axis=1)), np.flatnonzero(found.inside.any(axis=0))
    row, col = int(rows[0]), int(cols[0])
    part = slice(row, int(rows[-1]) + 1), slice(col, int(cols[-1]) + 1)
    estimate, values = (
        np.where(left[part], layer[part], np.float32(np.nan))
        for layer in (found.estimate, found.values)
    )
    grid = ours.grid.window(row, col, *estimate.shape)
    return ComparisonMaps(grid, ours.crs if isinstance(ours.crs, str) else None, estimate, values)


def _labels(ours: PlacedRaster, theirs: PlacedRaster) -> tuple[str, str]:
    paths = [Path(one.reader.path).resolve() for one in (ours, theirs)]
    first, second = (path.stem for path in paths)
    if first == second:
        first, second = (f"{path.parent.name} {path.stem}" for path in paths)
    if first == second:
        second = f"{second} band {theirs.band}"
    return first, second


def _quantity(side: PlacedRaster) -> str:
    if side.measure.shared_unit == "K":
        return "BT" if re.search(r"bt|brightness", side.title, re.IGNORECASE) else "LST"
    if side.measure.unit == "1":
        band = re.search(r"emis\D*(\d+)", side.title, re.IGNORECASE)
        return f"Emis{band[1]}" if band else "Emis"
    return re.sub(r"\W+", "_", side.title).strip("_")[:40] or "value"


def _told(side: PlacedRaster) -> str:
    title = f" ({side.title})" if side.title else ""
    scale = "" if side.measure.scale == 1 else f", stored values times {side.measure.scale:g}"
    return f"{side.name}, band {side.band}{title}, in {side.measure.unit}{scale}"


def _notes(ours: PlacedRaster, theirs: PlacedRaster, ratio: float) -> tuple[str, ...]:
    notes = ["The reference is another raster, not truth: differences are of two estimates."]
    for one in (ours, theirs):
        if one.measure.guessed:
            notes.append(f"{one.name} tells no unit; its values fit {one.measure.unit}.")
    times = [one.reader.tags.get("ACQUIRED_AT", "") for one in (ours, theirs)]
    if all(times) and times[0] != times[1]:
        notes.append(f"They were acquired at different times: {times[0]} and {times[1]}.")
    if ratio < _COARSER:
        notes.append(
            f"The reference's pixels are {1 / ratio:.3g} times as large: detail within them counts "
            "as difference. Give the coarser raster first to average the finer over its pixels."
        )
    return tuple(notes)
