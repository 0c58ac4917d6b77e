"""Products against MODIS's temperature, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import InputError
from akkd_core.progress import Progress, SilentProgress, checkpoint
from akkd_core.readers.modis_lst import ModisLst, solar_hours
from akkd_core.readers.modis_places import GridPlaces
from akkd_core.validation.bootstrap import spatial_blocks
from akkd_core.validation.match_up import MatchUp, apply_filters
from akkd_core.validation.modis_cells import CellMeans, ModisCells, cell_means, scene_border
from akkd_core.validation.modis_maps import comparison_maps
from akkd_core.validation.modis_notes import file_notes, no_filter_note, part_note
from akkd_core.validation.modis_table import kinds_of_ground, table_columns
from akkd_core.validation.station_scenes import ProductScene, layer_notes

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ModisRules:
    """Which cells count, and how a scene is averaged over them.

    Parameters
    ----------
    valid_fraction : float
        Least share of a cell's area that the scene must have, 0-1.
    minutes : float
        Largest difference of view times.
    view_zenith_deg : float
        Largest one of MODIS.
    quality : {"good", "produced"}
        Bits 0-1 of MODIS's QC: 0, or 0 and 1.
    plain_mean : bool
        Average temperature, not emitted radiance.
    block : int
        Side of the bootstrap's blocks, cells.
    aqua, other_date : bool
        Whether Aqua's products and other days are taken.
    """

    valid_fraction: float = 0.8
    minutes: float = 30.0
    view_zenith_deg: float = 15.0
    quality: str = "good"
    plain_mean: bool = False
    block: int = 5
    aqua: bool = False
    other_date: bool = False


@dataclass(frozen=True, eq=False)
class _Judged:
    """One product over the cells, and which cells it passes."""

    scene: ProductScene
    label: str
    means: CellMeans
    filters: list[tuple[str, Mask]] = field(default_factory=list)


def compare_with_modis(
    scenes: Sequence[ProductScene],
    reference: ModisLst,
    rules: ModisRules | None = None,
    labels: Sequence[str] = (),
    progress: Progress | None = None,
) -> tuple[MatchUp, ...]:
    """Compare products with a file of MODIS temperatures.

    Parameters
    ----------
    scenes : sequence of ProductScene
        Products of one scene (by several models) are compared on the same cells.
    reference : ModisLst
    rules : ModisRules, optional
    labels : sequence of str
        What to call the products, in order; by default scene or model, whichever tells them apart.
    progress : Progress, optional

    Returns
    -------
    tuple of MatchUp
        One per product, in order.

    Raises
    ------
    InputError
        If product and reference don't overlap, are of other days, or no cell is left; or if the
        reference is Aqua's.
    GranuleReadError, GridMismatchError
        If a product can't be read.
    OperationCancelled
        If the user cancelled.
    """
    chosen, report = rules or ModisRules(), progress or SilentProgress()
    names = list(labels) or product_labels(scenes)
    if len(names) != len(scenes) or len(set(names)) != len(names):
        raise InputError(
            f"{len(names)} labels ({', '.join(names)}) for {len(scenes)} products. Give each "
            "product a label of its own, in their order"
        )
    _check_reference(reference, chosen)
    found: dict[int, MatchUp] = {}
    by_scene: dict[tuple[str, Any], list[int]] = {}
    for number, scene in enumerate(scenes):
        by_scene.setdefault((scene.scene_id, scene.acquired_at), []).append(number)
    done = 0
    for numbers in by_scene.values():
        cells: ModisCells | None = None
        judged = []
        for number in numbers:
            scene = scenes[number]
            checkpoint(report, done / len(scenes), f"comparing {names[number]}")
            cells = cells or _cells_under(scene, reference, chosen)
            means = cell_means(scene, *cells.outline, plain_mean=chosen.plain_mean)
            if not means.touched.any():
                raise _elsewhere(scene, reference)
            filters = _filters(cells, means, chosen)
            judged.append(_Judged(scene, names[number], means, filters))
            done += 1
        assert cells is not None
        for number, match_up in zip(
            numbers, _match_ups(judged, cells, reference, chosen), strict=True
        ):
            found[number] = match_up
    return tuple(found[number] for number in range(len(scenes)))


def product_labels(scenes: Sequence[ProductScene]) -> list[str]:
    """Names that tell products apart: by scene, by model, by both, or by folder, too."""
    ways = (
        [scene.scene_id for scene in scenes],
        [scene.label for scene in scenes],
        [f"{scene.scene_id} {scene.label}" for scene in scenes],
        [f"{scene.scene_id} {scene.label} in {scene.folder.name}" for scene in scenes],
        [f"{scene.scene_id} {scene.label} in {scene.folder}" for scene in scenes],
    )
    return next((names for names in ways if len(set(names)) == len(names)), ways[-1])


def _check_reference(reference: ModisLst, rules: ModisRules) -> None:
    if reference.aqua and not rules.aqua:
        raise InputError(
            f"{reference.source}: {reference.product} is Aqua's, which passes some three hours "
            "from Terra and ASTER. Give Terra's MOD product, or --aqua"
        )


def _cells_under(scene: ProductScene, reference: ModisLst, rules: ModisRules) -> ModisCells:
    """Cells that a scene may touch, of the layer seen nearest to it."""
    day = scene.acquired_at.date()
    if reference.covers(day) is False and not rules.other_date:
        ends = "" if reference.ends in (None, reference.begins) else f" to {reference.ends}"
        span = f"{reference.begins}{ends}"
        raise InputError(
            f"{reference.source}: is of {span}, the scene {scene.scene_id} of {day} (UTC). Give "
            "MODIS of the scene's day, or --other-date"
        )
    lon, lat = scene_border(scene.grid)
    rows, cols = reference.places.candidates(lon, lat)
    if not rows.size:
        raise _elsewhere(scene, reference)
    centre_lon, centre_lat = reference.places.centres(rows, cols)
    solar = solar_hours(scene.acquired_at, centre_lon)
    layer = reference.layer_at(float(solar[solar.size // 2]), (rows, cols))
    apart = None
    if layer.solar_hour is not None:
        seen = layer.solar_hour[rows, cols]
        apart = reference.minutes_from(scene.acquired_at, seen, centre_lon)
    outline = reference.places.outlines(rows, cols)
    return ModisCells(rows, cols, centre_lon, centre_lat, outline, layer, apart)


def _elsewhere(scene: ProductScene, reference: ModisLst) -> InputError:
    lon, lat = scene_border(scene.grid)
    return InputError(
        f"{reference.source}: doesn't overlap the scene {scene.scene_id} (latitude "
        f"{lat.min():.2f} to {lat.max():.2f}, longitude {lon.min():.2f} to {lon.max():.2f}). Give "
        "the tile or granule over the scene"
    )


def _filters(cells: ModisCells, means: CellMeans, rules: ModisRules) -> list[tuple[str, Mask]]:
    """Name each filter that the file lets be applied, and the cells that pass it."""
    layer = cells.layer
    filters = [("MODIS has a temperature", np.isfinite(cells.of(layer.lst)))]
    if layer.quality is not None:
        good = rules.quality == "good"
        passed = layer.quality.good if good else layer.quality.produced
        name = "good MODIS quality (QC bits 0-1 are 00)" if good else "MODIS quality good or other"
        filters.append((name, cells.of(passed)))
    if cells.minutes_apart is not None:
        near = cells.minutes_apart <= rules.minutes + 1e-6
        filters.append((f"view time within {rules.minutes:g} min of the scene", near))
    if layer.view_zenith_deg is not None:
        steep = cells.of(layer.view_zenith_deg) <= rules.view_zenith_deg
        filters.append((f"MODIS view zenith within {rules.view_zenith_deg:g} deg", steep))
    share = (means.valid_fraction >= rules.valid_fraction - 1e-9) & np.isfinite(means.lst)
    filters.append((f"scene valid over {100 * rules.valid_fraction:g} % of the cell", share))
    return filters


def _match_ups(
    judged: Sequence[_Judged], cells: ModisCells, reference: ModisLst, rules: ModisRules
) -> list[MatchUp]:
    """Match-ups of products of one scene, on the cells that all of them pass."""
    common = np.ones(cells.rows.shape, dtype=np.bool_)
    for one in judged:
        common &= apply_filters(one.means.touched, one.filters)[0]
    # of all products, so that kinds of ground are the same cells for each
    emissivity_12 = np.mean([one.means.emissivity_12 for one in judged], axis=0)
    notes = [*file_notes(reference), *no_filter_note(cells.layer, reference)]
    # the cells of a swath overlap
    if isinstance(reference.places, GridPlaces):
        notes += part_note(judged[0].means.scene_share)
    result = []
    for one in judged:
        filters = list(one.filters)
        if len(judged) > 1:
            filters.append((f"in all {len(judged)} products", common))
        left, steps = apply_filters(one.means.touched, filters)
        chosen = np.flatnonzero(left)
        values = cells.of(cells.layer.lst)[chosen].astype(np.float64)
        result.append(
            MatchUp(
                product=one.label,
                reference=reference.name,
                quantity="LST",
                unit="K",
                estimate=one.means.lst[chosen],
                values=values,
                cluster=spatial_blocks(cells.rows[chosen], cells.cols[chosen], rules.block),
                columns=table_columns(cells, one.means, reference, chosen),
                filters=steps,
                maps=comparison_maps(
                    reference.places, one.scene.grid, cells.rows[chosen], cells.cols[chosen],
                    one.means.lst[chosen], values,
                ) if chosen.size else None,
                subsets=kinds_of_ground(emissivity_12[chosen]),
                notes=(*notes, *layer_notes(one.scene)),
                facts={
                    "acquired_at": one.scene.acquired_at.isoformat().replace("+00:00", "Z"),
                    "model": one.scene.label,
                    "MODIS layer": cells.layer.half or "the only one",
                    "files": f"{one.scene.scene_id}, {reference.file_names}",
                },
            )  # fmt: skip
        )
    return result
