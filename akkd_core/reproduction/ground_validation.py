"""Fig. 16: small models and students against stations, before and after the 3-sigma rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from akkd_core.figures.palette import palette_png
from akkd_core.figures.scatter import ScatterPanel, build_density_scatter
from akkd_core.progress import Progress
from akkd_core.reproduction.items import Request
from akkd_core.reproduction.published_validation import GROUND_VALIDATION
from akkd_core.reproduction.result import Cell, Column, Content, ResultImage, ResultTable
from akkd_core.reproduction.station_like import StationsLike, stations_like
from akkd_core.reproduction.wide_scenes import SMALL, STUDENT, WideScene, wide_scenes
from akkd_core.validation.match_up import FilterStep, apply_filters
from akkd_core.validation.metrics import Metrics, metrics

PRECISION_K = 1.5
"""Theoretical precision for the 3-sigma rule: what TES promises (Gillespie et al. 1998, IEEE
Trans. Geosci. Remote Sens. 36, 1113-1126); the paper doesn't give its own."""

MAX_SLOPE_DEG, MAX_SPREAD_K = 5.0, 1.5
"""Filters, with the defaults of ``akkd validate stations``."""

_KEYS = {SMALL: "SMI", STUDENT: "KSMI"}
_MODELS = (1, 2)

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GroundComparison:
    """A model at the stations that filters left.

    Parameters
    ----------
    title, key : str
        For people, and of `GROUND_VALIDATION`.
    estimate, ground, truth : ndarray of float64, (n,)
        Retrieved, from the stations' fluxes, and true in their pixels, K.
    filters : tuple of FilterStep
    """

    title: str
    key: str
    estimate: Floats
    ground: Floats
    truth: Floats
    filters: tuple[FilterStep, ...]

    @property
    def kept(self) -> NDArray[np.bool_]:
        """What the 3-sigma rule keeps."""
        kept: NDArray[np.bool_] = np.abs(self.estimate - self.ground) <= 3.0 * PRECISION_K
        return kept

    def score(self, *, kept: bool, truth: bool = False) -> Metrics:
        """Metrics against stations or truth, of all or of those that the rule keeps."""
        chosen = self.kept if kept else np.ones(self.estimate.shape, dtype=bool)
        reference = self.truth if truth else self.ground
        return metrics(self.estimate[chosen], reference[chosen])


def compare_at_stations(
    wide: WideScene, stations: StationsLike
) -> tuple[GroundComparison, GroundComparison]:
    """Take both models' temperatures at the stations, and filter as ``akkd validate stations``.

    Both are left with the same stations: even ground is what is even by both.

    Parameters
    ----------
    wide : WideScene
    stations : StationsLike

    Returns
    -------
    small, student : GroundComparison
    """
    row, col = stations.row, stations.col
    elevation = wide.scene.elevation_m.astype(np.float64)
    down, east = np.gradient(elevation, wide.scene.grid.pixel_size_m)
    slope = np.degrees(np.arctan(np.hypot(down, east)))[row, col]
    lst = {name: wide.lst[name].astype(np.float64) for name in (SMALL, STUDENT)}
    # the window of the pixel (1, 1) is the first
    windows = np.stack(
        [
            sliding_window_view(one, (3, 3))[row - 1, col - 1].reshape(len(row), -1)
            for one in lst.values()
        ]
    )
    spread = windows.std(axis=2, ddof=1).max(axis=0)
    filters = [
        ("temperature retrieved", np.isfinite(windows[:, :, 4]).all(axis=0)),
        ("clear sky, 3 x 3 pixels", np.isfinite(windows).all(axis=(0, 2))),
        (f"slope at most {MAX_SLOPE_DEG:g} deg", slope <= MAX_SLOPE_DEG),
        (f"SD of 3 x 3 pixels at most {MAX_SPREAD_K:g} K by both models", spread <= MAX_SPREAD_K),
    ]
    left, steps = apply_filters(np.isfinite(stations.lst_k), filters)
    true, _ = wide.scene.truth()
    small, student = (
        GroundComparison(
            f"{name[0].upper()}{name[1:]} {wide.number}",
            f"{_KEYS[name]}_{wide.number}",
            one[row, col][left],
            stations.lst_k[left],
            true[row, col][left].astype(np.float64),
            steps,
        )
        for name, one in lst.items()
    )
    return small, student


def fig16(request: Request, progress: Progress) -> Content:
    """Make Fig. 16: small models and students at stations."""
    found: list[GroundComparison] = []
    for wide in wide_scenes(request, _MODELS, progress):
        stations = stations_like(wide.scene, 1000 * request.seed + wide.number)
        found += compare_at_stations(wide, stations)
    return Content(
        (_what(found), _how()),
        (_table(found), _filter_table(found)),
        _notes(found),
        {
            f"{one.key.lower()}_mae_{what}_k": one.score(kept=True, truth=what == "truth").mae
            for one in found
            for what in ("stations", "truth")
        },
        (
            ResultImage("", "After the 3-sigma rule, as in the paper.", _draw(found, kept=True)),
            ResultImage("all", "Before it: all match-ups.", _draw(found, kept=False)),
        ),
    )


def _what(found: list[GroundComparison]) -> str:
    first, second = (one.estimate.size for one in found[::2])
    return (
        "The scenes and models of Figs. 14 and 15 at stations in random pixels; those on level, "
        f"even ground under clear sky are left ({first} in the first scene, {second} in the "
        f"second). Of these the 3-sigma rule drops what is further than 3 x {PRECISION_K:g} K "
        "from the station; its metrics stand beside those of all."
    )


def _how() -> str:
    return (
        "A station measures longwave fluxes: what its spot emits and reflects of Prata's (1996) "
        "clear sky, each with 3 W m-2 of error; the spot is off its pixel by 0.7 K, and the "
        "broadband emissivity that turns fluxes into temperature is off by 0.01 (1 sigma each; "
        "`akkd_core/reproduction/station_like.py`)."
    )


def _table(found: list[GroundComparison]) -> ResultTable:
    columns = (
        Column("model"),
        Column("paper (ground): PCC"), Column("ours (stations): PCC"), Column("ours (truth): PCC"),
        Column("paper (ground): MAE, K"), Column("ours (stations): MAE, K"),
        Column("ours (truth): MAE, K"),
        Column("N before"), Column("N after"), Column("MAE before, K"), Column("PCC before"),
        Column("bias (stations), K"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        paper = GROUND_VALIDATION[one.key]
        before, after = one.score(kept=False), one.score(kept=True)
        truth = one.score(kept=True, truth=True)
        rows.append(
            (one.title, paper.pcc, after.pcc, truth.pcc, paper.mae_k, after.mae, truth.mae,
             before.n, after.n, before.mae, before.pcc, after.bias)
        )  # fmt: skip
    caption = (
        "Temperature at stations; paper: its section 4.4.2. Ours after the 3-sigma rule where not "
        "said otherwise."
    )
    return ResultTable("", caption, columns, tuple(rows))


def _filter_table(found: list[GroundComparison]) -> ResultTable:
    scenes = found[::2]
    columns = (Column("left after"), *(Column(f"scene {n}") for n in _MODELS))
    rows: list[tuple[Cell, ...]] = [("places drawn", *(one.filters[0].before for one in scenes))]
    for number, step in enumerate(found[0].filters):
        rows.append((step.name, *(one.filters[number].after for one in scenes)))
    return ResultTable("filters", "Stations that each filter left.", columns, tuple(rows))


def _notes(found: list[GroundComparison]) -> tuple[str, ...]:
    notes = []
    for small, student in zip(found[::2], found[1::2], strict=True):
        paper = [GROUND_VALIDATION[one.key].mae_k for one in (small, student)]
        ours = [one.score(kept=True).mae for one in (small, student)]
        true = [one.score(kept=True, truth=True).mae for one in (small, student)]
        notes.append(
            f"{small.title} to {student.title.lower()}: MAE in the paper {paper[0]} to {paper[1]} "
            f"K; here {ours[0]:.2f} to {ours[1]:.2f} K against stations, {true[0]:.2f} to "
            f"{true[1]:.2f} K against the truth of the same pixels."
        )
    dropped = [int((~one.kept).sum()) for one in found]
    notes.append(
        f"The 3-sigma rule drops {', '.join(map(str, dropped))} match-ups. It asks the difference "
        "that is judged: a model that is off by more than the rule's limit everywhere would be "
        "left with few match-ups and a good score. So the numbers before it belong beside those "
        "after it; the paper gives the latter alone."
    )
    return tuple(notes)


def _draw(found: list[GroundComparison], *, kept: bool) -> bytes:
    panels = []
    for one in found:
        chosen = one.kept if kept else np.ones(one.estimate.shape, dtype=bool)
        panels.append(
            ScatterPanel(
                one.title, one.ground[chosen], one.estimate[chosen], one.score(kept=kept), "LST",
                "K",
            )
        )  # fmt: skip
    names = ("station", "retrieved")
    return palette_png(build_density_scatter(panels, columns=2, axes_names=names))
