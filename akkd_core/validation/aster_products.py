"""Products against AST_08 and AST_05 of the same seconds, pixel by pixel.

The reference is taken where the centre of a pixel of ours lies in its rotated grid, whatever the
UTM zones. It is no truth: TES recovers temperature to about 1.5 K and emissivity to about 0.015
(Gillespie et al. 1998, IEEE Trans. Geosci. Remote Sens. 36, 1113-1126).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import GridMismatchError, InputError
from akkd_core.images import TIR_BANDS
from akkd_core.inference.product_files import product_paths
from akkd_core.progress import Progress, SilentProgress, checkpoint
from akkd_core.quality import QC_NODATA, is_cloud, is_produced, qc_field
from akkd_core.raster import open_raster
from akkd_core.raster.projection import to_lonlat
from akkd_core.raster.resampling import centres, nearest, resample, source_places
from akkd_core.readers.aster_l2 import SurfaceProduct, open_surface_product
from akkd_core.readers.aster_l2_layout import ProductFile, accepted
from akkd_core.validation.bootstrap import spatial_blocks
from akkd_core.validation.match_up import ComparisonMaps, MatchUp, apply_filters
from akkd_core.validation.modis import product_labels
from akkd_core.validation.station_scenes import ProductScene, layer_notes

SAME_SCENE_S = 4.0
"""Times of one scene in two products differ by less; the next scene of a strip is 9 s later."""

QUALITIES = ("clear", "good", "produced")
"""Which pixels of ours count: produced and not flagged as cloud; of these those of mandatory QA 0;
or all that were produced."""

Mask = NDArray[np.bool_]

_LAYERS = {"AST_08": "LST", "AST_05": "LSE"}
_QA_WORDS = {
    "strict": "first QA plane is 0",
    "cloud": "no cloud nor adjacency in the QA plane",
    "none": "QA plane not asked",
}
_QUALITY_WORDS = {
    "clear": "our QC: neither cloud nor unproduced",
    "good": "our QC: good",
    "produced": "our QC: produced",
}
_NO_TRUTH = (
    "AST_08 and AST_05 are retrievals by TES from the same radiance, good to about 1.5 K and "
    "0.015: differences are of two estimates, not errors of one."
)
_TERRAIN = (
    "AST_08 and AST_05 are not corrected for terrain, as L1T is: over mountains pixels may be of "
    "different ground."
)


@dataclass(frozen=True)
class AsterRules:
    """Which pixels count, and how the reference is taken from its grid.

    Parameters
    ----------
    seconds : float
        Largest difference of acquisition times.
    qa : {"strict", "cloud", "none"}
        What the reference's QA plane must say; see `readers.aster_l2_layout.QA_RULES`.
    quality : str
        Of ours, one of `QUALITIES`.
    resampling : {"nearest", "bilinear"}
        Bilinear never across what has no value or is not accepted.
    block : int
        Side of the bootstrap's blocks, pixels.
    """

    seconds: float = SAME_SCENE_S
    qa: str = "strict"
    quality: str = "clear"
    resampling: str = "nearest"
    block: int = 20


@dataclass(frozen=True, eq=False)
class _Judged:
    """A product of ours beside the reference, and which pixels it passes."""

    scene: ProductScene
    label: str
    estimate: NDArray[np.float32]
    candidates: Mask
    filters: list[tuple[str, Mask]] = field(default_factory=list)


def compare_with_aster(
    scenes: Sequence[ProductScene],
    references: Sequence[ProductFile],
    rules: AsterRules | None = None,
    labels: Sequence[str] = (),
    progress: Progress | None = None,
) -> tuple[MatchUp, ...]:
    """Compare products with AST_08 (temperature) and AST_05 (emissivity of each band).

    Parameters
    ----------
    scenes : sequence of ProductScene
        Products of one scene (by several models) are compared on the same pixels.
    references : sequence of ProductFile
        The nearest in time is taken for each scene; of several processings the last.
    rules : AsterRules, optional
    labels : sequence of str
        What to call the products, in order; by default scene or model, whichever tells them apart.
    progress : Progress, optional

    Returns
    -------
    tuple of MatchUp
        One for LST and five for LSE of each product, as far as there are references.

    Raises
    ------
    InputError
        If a scene has no reference of its seconds or place, or no pixel is left.
    GranuleReadError, UnsupportedGranuleError, MissingBandError, GridMismatchError
        If a file can't be used.
    OperationCancelled
        If the user cancelled.
    """
    chosen, report = rules or AsterRules(), progress or SilentProgress()
    names = list(labels) or product_labels(scenes)
    if len(names) != len(scenes) or len(set(names)) != len(names):
        raise InputError(
            f"{len(names)} labels ({', '.join(names)}) for {len(scenes)} products. Give each "
            "product a label of its own, in their order"
        )
    plan: dict[tuple[str, str], list[int]] = {}
    files = {str(entry.path): entry for entry in references}
    for number, scene in enumerate(scenes):
        for entry in _references_of(scene, references, chosen):
            plan.setdefault((scene.scene_id, str(entry.path)), []).append(number)
    found: list[tuple[int, list[MatchUp]]] = []
    for done, ((_, path), numbers) in enumerate(plan.items()):
        checkpoint(report, done / len(plan), f"comparing with {files[path].path.name}")
        reference = open_surface_product(files[path].path, files[path].product)
        judged = [_judge(scenes[i], names[i], reference, chosen) for i in numbers]
        found += zip(numbers, _match_ups(judged, reference, chosen), strict=True)
    found.sort(key=lambda entry: entry[0])
    in_order = [match_up for _, match_ups in found for match_up in match_ups]
    return tuple(sorted(in_order, key=lambda match_up: match_up.quantity != "LST"))


def _references_of(
    scene: ProductScene, references: Sequence[ProductFile], rules: AsterRules
) -> list[ProductFile]:
    """Find the reference of each kind that was acquired with a scene."""

    def apart(entry: ProductFile) -> float:
        return abs((entry.acquired_at - scene.acquired_at).total_seconds())

    chosen = []
    for product in _LAYERS:
        # the latest processing comes last
        known = [entry for entry in reversed(references) if entry.product == product]
        near = min(known, key=apart, default=None)
        if near is not None and apart(near) <= rules.seconds:
            chosen.append(near)
    if not chosen:
        near = min(references, key=apart)
        raise InputError(
            f"{scene.scene_id}: was acquired at {scene.acquired_at:%Y-%m-%d %H:%M:%S} UTC, the "
            f"nearest reference {near.path.name} {apart(near):,.0f} s apart, at "
            f"{near.acquired_at:%Y-%m-%d %H:%M:%S}. Give AST_08 or AST_05 of the same scene, or "
            "more --seconds"
        )
    return chosen


def _judge(
    scene: ProductScene, label: str, reference: SurfaceProduct, rules: AsterRules
) -> _Judged:
    estimate, qc = _ours(scene, _LAYERS[reference.product])
    places = source_places(reference.grid, scene.grid)
    if not places.inside.any():
        raise InputError(
            f"{scene.scene_id}: doesn't overlap {reference.granule_id}. Give the reference of the "
            "same scene"
        )
    values = resample(reference.values, places, "nearest")
    plane = np.zeros(scene.grid.shape, dtype=np.uint8)
    row = nearest(places.row[places.inside], reference.grid.rows)
    col = nearest(places.col[places.inside], reference.grid.cols)
    plane[places.inside] = reference.quality[row, col]
    apart = abs((reference.acquired_at - scene.acquired_at).total_seconds())
    filters: list[tuple[str, Mask]] = [
        (f"acquired within {rules.seconds:g} s", np.full(plane.shape, apart <= rules.seconds)),
        (f"{reference.product} has a value", _finite(values)),
        (f"{reference.product}: {_QA_WORDS[rules.qa]}", accepted(plane, rules.qa)),
    ]
    if rules.resampling == "bilinear":
        filters.append(("so have all neighbours", _finite(_taken(reference, scene, rules))))
    if qc is not None:
        filters.append((_QUALITY_WORDS[rules.quality], _passes(qc, rules.quality)))
    candidates = _finite(estimate) & places.inside
    return _Judged(scene, label, estimate, candidates, filters)


def _finite(values: NDArray[np.float32]) -> Mask:
    """Where all bands have a value."""
    return np.asarray(np.isfinite(values).all(axis=0))


def _ours(
    scene: ProductScene, layer: str
) -> tuple[NDArray[np.float32], NDArray[np.uint16] | None]:
    """Values of a product's layer, (band, row, col), and its QC if there is one."""
    layers = product_paths(scene.scene_id, scene.folder).layers
    with open_raster(layers[layer]) as raster:
        if raster.grid != scene.grid:
            raise GridMismatchError(
                f"{layers[layer]}: lies on another grid than the product's LST. Retrieve the "
                "scene again"
            )
        values = raster.read(0, 0, *raster.shape).astype(np.float32)
    if not layers["QC"].exists():
        return values, None
    with open_raster(layers["QC"]) as raster:
        return values, raster.read(0, 0, *raster.shape)[0].astype(np.uint16)


def _passes(qc: NDArray[np.uint16], quality: str) -> Mask:
    produced: Mask = is_produced(qc) & (qc != QC_NODATA)
    if quality == "produced":
        return produced
    clear: Mask = produced & ~is_cloud(qc)
    return clear if quality == "clear" else clear & (qc_field("mandatory_qa").decode(qc) == 0)


def _taken(
    reference: SurfaceProduct, scene: ProductScene, rules: AsterRules
) -> NDArray[np.float32]:
    """Take the reference to the scene's grid, (band, row, col); NaN where it isn't accepted."""
    kept = np.where(accepted(reference.quality, rules.qa), reference.values, np.float32(np.nan))
    return resample(kept, source_places(reference.grid, scene.grid), rules.resampling)


def _match_ups(
    judged: Sequence[_Judged], reference: SurfaceProduct, rules: AsterRules
) -> list[list[MatchUp]]:
    """Match-ups of each product of one scene, on the pixels that all of them pass."""
    passed = [apply_filters(one.candidates, one.filters)[0] for one in judged]
    result = []
    for one in judged:
        filters = list(one.filters)
        if len(judged) > 1:
            same = [p for p, other in zip(passed, judged, strict=True)
                    if other.scene.grid == one.scene.grid]  # fmt: skip
            filters.append((f"in all {len(same)} products", np.logical_and.reduce(same)))
        left, steps = apply_filters(one.candidates, filters)
        values = _taken(reference, one.scene, rules)
        row, col = np.nonzero(left)
        common: dict[str, Any] = {
            "product": one.label,
            "reference": _name(reference),
            "cluster": spatial_blocks(row, col, rules.block),
            "columns": _columns(one.scene, left),
            "filters": steps,
            "notes": (_NO_TRUTH, _TERRAIN, *layer_notes(one.scene)),
            "facts": {
                "scene": one.scene.scene_id,
                "acquired_at": _time(one.scene.acquired_at),
                "model": one.scene.label,
                f"{reference.product}_acquired_at": _time(reference.acquired_at),
                f"{reference.product}_files": ", ".join(_file_names(reference)),
            },
        }
        bands = ["LST"] if reference.product == "AST_08" else [f"Emis{b}" for b in TIR_BANDS]
        result.append(
            [
                MatchUp(
                    quantity=name,
                    unit="K" if name == "LST" else "",
                    estimate=one.estimate[band][left].astype(np.float64),
                    values=values[band][left].astype(np.float64),
                    maps=ComparisonMaps(
                        one.scene.grid, None, np.where(left, one.estimate[band], np.nan),
                        np.where(left, values[band], np.nan),
                    ),
                    **common,
                )
                for band, name in enumerate(bands)
            ]
        )  # fmt: skip
    return result


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _name(reference: SurfaceProduct) -> str:
    name, product = reference.granule_id, reference.product
    return name if name.upper().startswith(product) else f"{product} {name}"


def _file_names(reference: SurfaceProduct) -> list[str]:
    return [path.replace("\\", "/").rsplit("/", 1)[-1] for path in reference.source_files]


def _columns(scene: ProductScene, left: Mask) -> dict[str, NDArray[Any]]:
    row, col = np.nonzero(left)
    x, y = centres(scene.grid)
    lon, lat = to_lonlat(scene.grid.epsg, x[left], y[left])
    return {"row": row, "col": col, "lon": np.round(lon, 6), "lat": np.round(lat, 6)}
