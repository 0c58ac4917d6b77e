"""Figs. 14 and 15: small model and student against a product like MODIS's, and the truth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from akkd_core.figures.histogram import build_error_histogram
from akkd_core.figures.maps import MapPanel, build_difference_maps, build_maps
from akkd_core.figures.palette import palette_png
from akkd_core.figures.scatter import ScatterPanel, build_density_scatter
from akkd_core.grid import Grid
from akkd_core.physics.planck import planck_radiance, planck_temperature
from akkd_core.progress import Progress
from akkd_core.reproduction.items import Request
from akkd_core.reproduction.modis_like import ModisLike, modis_like
from akkd_core.reproduction.published_validation import CROSS_VALIDATION
from akkd_core.reproduction.result import Cell, Column, Content, ResultImage, ResultTable
from akkd_core.reproduction.wide_scenes import (
    LABELS,
    SMALL,
    STUDENT,
    WideScene,
    wide_scenes,
)
from akkd_core.validation.footprints import footprint_sums
from akkd_core.validation.metrics import Metrics, metrics

LEAST_VALID = 0.8
"""Share of a cell that has to be retrieved."""

_BAND_31_UM = 11.03
_KEYS = {SMALL: "SMI", STUDENT: "KSMI"}

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CellComparison:
    """A scene over MODIS-like cells; NaN where a filter has something against a cell.

    Parameters
    ----------
    wide : WideScene
    product : ModisLike
    reference, truth : ndarray of float64, (row, col)
        K.
    estimates : mapping of str to ndarray of float64, (row, col)
        As `WideScene.lst`, K.
    """

    wide: WideScene
    product: ModisLike
    reference: Floats
    truth: Floats
    estimates: dict[str, Floats]

    def score(self, name: str, against: str) -> Metrics:
        """Metrics of an estimate, or the product itself, against ``reference`` or ``truth``."""
        estimate = self.reference if name == "reference" else self.estimates[name]
        return metrics(estimate, self.truth if against == "truth" else self.reference)


def compare_cells(wide: WideScene, seed: int) -> CellComparison:
    """Average a scene's temperatures over the cells of a MODIS-like product.

    Cells count where quality is good and all estimates have `LEAST_VALID` of the area.

    Parameters
    ----------
    wide : WideScene
    seed : int
        Of the product's errors.
    """
    product = modis_like(wide.scene, 1000 * seed + wide.number)
    true, _ = wide.scene.truth()
    means = {
        name: cell_temperatures(lst, wide.scene.grid, product.grid)
        for name, lst in wide.lst.items()
    }
    counts = product.good.copy()
    for _, valid in means.values():
        counts &= valid >= LEAST_VALID
    truth, _ = cell_temperatures(true, wide.scene.grid, product.grid)
    reference = product.lst.astype(np.float64)
    return CellComparison(
        wide,
        product,
        np.where(counts, reference, np.nan),
        np.where(counts, truth, np.nan),
        {name: np.where(counts, lst, np.nan) for name, (lst, _) in means.items()},
    )


def cell_temperatures(
    lst: NDArray[np.floating], scene: Grid, cells: Grid
) -> tuple[Floats, Floats]:
    """Mean over cells, of emitted radiance at 11.03 um.

    Parameters
    ----------
    lst : ndarray, (row, col)
        K; NaN where there is none.
    scene, cells : Grid
        North-up, of one coordinate system.

    Returns
    -------
    lst : ndarray of float64, (row, col) of the cells
        K; NaN where there is none.
    valid_fraction : ndarray of float64, (row, col) of the cells
        0-1.
    """
    row, col = np.mgrid[: cells.rows, : cells.cols].reshape(2, -1)
    corners = np.array([(0, 0), (0, 1), (1, 1), (1, 0)])
    down, right = scene.rowcol(*cells.xy(0, 0))
    scale = cells.pixel_size_m / scene.pixel_size_m
    at_row = down + scale * (row[:, None] + corners[:, 0])
    at_col = right + scale * (col[:, None] + corners[:, 1])
    valid = np.isfinite(lst)
    radiance = planck_radiance(_BAND_31_UM, np.where(valid, lst, 300.0).astype(np.float64))
    fields = np.stack([valid.astype(np.float64), np.where(valid, radiance, 0.0)])
    area, total = footprint_sums(at_row, at_col, fields)
    mean = planck_temperature(_BAND_31_UM, np.where(area > 0, total / np.maximum(area, 1e-9), -1))
    return mean.reshape(cells.shape), (area / scale**2).reshape(cells.shape)


def _make(number: int, request: Request, progress: Progress) -> Content:
    (wide,) = wide_scenes(request, (number,), progress)
    found = compare_cells(wide, request.seed)
    headline = {
        f"{name.split()[0]}_mae_{against}_k": found.score(name, against).mae
        for name in (SMALL, STUDENT)
        for against in ("modis", "truth")
    }
    return Content(
        (_what(found), _how(found)),
        (_table(found),),
        _notes(found),
        headline,
        _images(found),
    )


fig14 = partial(_make, 1)
fig15 = partial(_make, 2)


def _what(found: CellComparison) -> str:
    wide, cells = found.wide, found.product.grid
    rows, cols = wide.scene.grid.shape
    count = int(np.isfinite(found.reference).sum())
    return (
        f"The place of small model {wide.number} ({wide.scene.name}) as a scene of {rows} x {cols} "
        f"pixels of 90 m. Small model and student learnt temperature from {wide.learnt_from:,} of "
        f"its labelled pixels, the student under the large model (w = 0.3). Over {cells.rows} x "
        f"{cells.cols} cells of 0.93 km, of which {count:,} are free of cloud and retrieved on "
        f"{LEAST_VALID:.0%} of their area; pixels are averaged in emitted radiance. The time above "
        "counts the large model and these networks where this item was the first to need them."
    )


def _how(found: CellComparison) -> str:
    return (
        "The MODIS-like product is made of the truth by other physics than the retrieval's: "
        f"emission at 11.03 um seen at {found.product.view_zenith_deg:.0f} degrees (slopes that "
        "face the sensor weigh more), a triangular point spread function, 50 m of geolocation "
        "error, an emissivity that is known half, errors left by the air (0.5 K for the scene, "
        "0.3 K smooth, 0.3 K of each cell), steps of 0.02 K. It isn't MODIS, and its errors are a "
        "choice (`akkd_core/reproduction/modis_like.py`)."
    )


def _table(found: CellComparison) -> ResultTable:
    number = found.wide.number
    columns = (
        Column("temperature of"),
        Column("paper (MODIS): PCC"), Column("ours (MODIS-like): PCC"), Column("ours (truth): PCC"),
        Column("paper (MODIS): MAE, K"), Column("ours (MODIS-like): MAE, K"),
        Column("ours (truth): MAE, K"),
        Column("ours (MODIS-like): bias, K"), Column("ours (truth): bias, K"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for name in (SMALL, STUDENT, LABELS):
        paper = CROSS_VALIDATION.get(f"{_KEYS.get(name, '')}_{number}")
        modis, truth = found.score(name, "modis"), found.score(name, "truth")
        rows.append(
            (
                f"{name} {number}" if paper else name,
                paper.pcc if paper else None, modis.pcc, truth.pcc,
                paper.mae_k if paper else None, modis.mae, truth.mae,
                modis.bias, truth.bias,
            )
        )  # fmt: skip
    own = found.score("reference", "truth")
    rows.append(
        ("MODIS-like product", None, None, own.pcc, None, None, own.mae, None, own.bias)
    )
    caption = "Temperature of cells of 1 km; paper: its section 4.4.1."
    return ResultTable("", caption, columns, tuple(rows))


def _notes(found: CellComparison) -> tuple[str, ...]:
    number = found.wide.number
    before, after = (CROSS_VALIDATION[f"{key}_{number}"].mae_k for key in ("SMI", "KSMI"))
    parts = []
    for against, title in (("modis", "the MODIS-like product"), ("truth", "the truth")):
        small, student = (found.score(name, against).mae for name in (SMALL, STUDENT))
        parts.append(f"{small:.2f} to {student:.2f} K ({_change(small, student)}) against {title}")
    own = found.score("reference", "truth")
    return (
        f"MAE from small model to student: in the paper {before} to {after} K "
        f"({_change(before, after)}); here {', '.join(parts)}.",
        f"The MODIS-like product itself is off the truth by {own.mae:.2f} K (bias {own.bias:+.2f} "
        "K). A difference between two models that is smaller than this, and a gain against it that "
        "the truth doesn't confirm, is the reference's, not the models'.",
        "The paper compares with MODIS at other pixel sizes and doesn't say how: its larger errors "
        "hold pixels of 90 m against cells of 1 km, other view times and angles, and real cloud.",
    )


def _change(before: float, after: float) -> str:
    part = 100.0 * (after / before - 1.0)
    return f"{part:+.0f} %".replace("-", "\N{MINUS SIGN}")


def _images(found: CellComparison) -> tuple[ResultImage, ...]:
    number, wide = found.wide.number, found.wide
    titles = {SMALL: f"Small model {number}", STUDENT: f"Student {number}"}
    cells, pixels = _extent(found.product.grid), _extent(wide.scene.grid)
    maps = [MapPanel("MODIS-like, 1 km", np.where(found.product.good, found.product.lst, np.nan),
                     cells)]  # fmt: skip
    maps += [MapPanel(f"{title}, 90 m", wide.lst[name], pixels) for name, title in titles.items()]
    differences = [
        MapPanel(title, found.estimates[name] - found.reference, cells)
        for name, title in titles.items()
    ]
    panels = [
        ScatterPanel(title, found.reference, found.estimates[name], found.score(name, "modis"),
                     "LST", "K")
        for name, title in titles.items()
    ]  # fmt: skip
    errors = {
        title: (found.estimates[name] - found.reference)[np.isfinite(found.reference)]
        for name, title in titles.items()
    }
    scatter = build_density_scatter(panels, columns=2, axes_names=("MODIS-like", "retrieved"))
    histogram = build_error_histogram(errors, quantity="LST", unit="K", noun="difference")
    apart = build_difference_maps(differences, quantity="LST minus MODIS-like", unit="K")
    return (
        ResultImage(
            "", "Temperature of the MODIS-like product and as retrieved, on one scale (grey: "
            "cloud).",
            palette_png(build_maps(maps, quantity="LST", unit="K")),
        ),
        ResultImage(
            "scatter", "Cells of 1 km: retrieved against the MODIS-like product.",
            palette_png(scatter),
        ),
        ResultImage("errors", "Retrieved minus MODIS-like, cells of 1 km.", palette_png(histogram)),
        ResultImage(
            "difference", "Where they differ: retrieved minus MODIS-like.",
            palette_png(apart),
        ),
    )  # fmt: skip


def _extent(grid: Grid) -> tuple[float, float, float, float]:
    left, top = grid.xy(0, 0)
    right, bottom = grid.xy(grid.rows, grid.cols)
    return left, right, bottom, top
