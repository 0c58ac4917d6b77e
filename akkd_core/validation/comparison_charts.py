"""Charts of a comparison: which are drawn, of what, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.figures.histogram import error_histogram
from akkd_core.figures.maps import MapPanel, difference_maps, maps
from akkd_core.figures.scatter import SPARSE, ScatterPanel, density_scatter
from akkd_core.figures.series import TimedValues, time_series
from akkd_core.figures.taylor import TaylorPanel, TaylorPoint, taylor_diagram
from akkd_core.grid import Grid
from akkd_core.progress import Progress, SilentProgress, checkpoint
from akkd_core.validation.comparison_scores import (
    Score,
    family,
    file_name,
    short_reference,
)
from akkd_core.validation.difference_style import round_limit
from akkd_core.validation.match_up import ComparisonMaps, MatchUp

SPREAD = "window_sd_k"
"""Column of match-ups with a station that becomes error bars: SD of the product's window, K."""

MAX_STATIONS = 12
"""Of more stations than these no time series are drawn."""

_CLOSE_PCC = 0.9
_TITLE_LETTERS = 28
_PIECES = re.compile(r"[^_.\s]*[_.\s]+|[^_.\s]+")


@dataclass(frozen=True)
class Chart:
    """A chart that was drawn.

    Parameters
    ----------
    path : Path
        PNG.
    title, caption : str
    """

    path: Path
    title: str
    caption: str


def draw_charts(
    scores: Sequence[Score], folder: Path, progress: Progress | None = None
) -> list[Chart]:
    """Draw what the match-ups have to show.

    Parameters
    ----------
    scores : sequence of Score
    folder : Path
    progress : Progress, optional

    Raises
    ------
    MissingDependencyError
        Without matplotlib; nothing is written then.
    ProductWriteError
        If a chart can't be written.
    OperationCancelled
        If the user cancelled.
    """
    report = progress or SilentProgress()
    of_all = [score for score in scores if not score.subset]
    jobs = list(_jobs(of_all))
    charts = []
    for number, (name, title, caption, draw) in enumerate(jobs):
        checkpoint(report, number / len(jobs), f"drawing {name}")
        path = folder / f"{name}.png"
        draw(path)
        charts.append(Chart(path, title, caption))
    return charts


_Job = tuple[str, str, str, Callable[[Path], None]]


def _jobs(scores: Sequence[Score]) -> Iterator[_Job]:
    families = list(dict.fromkeys(family(score.match_up.quantity) for score in scores))
    for kind in families:
        chosen = [score for score in scores if family(score.match_up.quantity) == kind]
        match_ups = [score.match_up for score in chosen]
        yield from _map_jobs(match_ups)
        yield _scatter_job(kind, chosen)
        yield from _histogram_jobs(kind, match_ups)
        yield from _taylor_jobs(kind, chosen)
        yield from _series_jobs(kind, match_ups)


def _name(match_up: MatchUp, among: Sequence[MatchUp], *, band: bool = True) -> str:
    """Label of a match-up, as long as is needed to tell it from the others."""
    several = band and len({m.quantity for m in among}) > 1
    alone = several and len({m.product for m in among}) == 1
    parts = [] if alone else [match_up.product]
    if len({m.reference for m in among}) > 1:
        parts.append(f"against {match_up.reference}")
    if several:
        parts.append(match_up.quantity)
    return ", ".join(parts)


def _panel(match_up: MatchUp, among: Sequence[MatchUp]) -> str:
    """Label without the product: what several products share."""
    return _name(match_up, among).removeprefix(match_up.product).removeprefix(", ")


def _wrapped(text: str) -> str:
    """Break a label into lines; the names of granules at their underscores and points."""
    lines = [""]
    for piece in _PIECES.findall(text):
        if lines[-1] and len((lines[-1] + piece).rstrip()) > _TITLE_LETTERS:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def _map_jobs(match_ups: Sequence[MatchUp]) -> Iterator[_Job]:
    groups: dict[tuple[Any, ...], list[tuple[MatchUp, ComparisonMaps]]] = {}
    for m in match_ups:
        if m.maps is not None and np.isfinite(m.maps.difference).any():
            key = (m.quantity, m.reference, m.maps.grid)
            groups.setdefault(key, []).append((m, m.maps))
    used: dict[str, int] = {}
    for (quantity, reference, grid), group in groups.items():
        used[quantity] = used.get(quantity, 0) + 1
        tail = quantity if used[quantity] == 1 else f"{quantity}_{used[quantity]}"
        rows, cols = _window([m for _, m in group])
        extent, part = _extent(grid, rows, cols), (rows, cols)
        there = group[0][1].reference.copy()
        for _, other in group[1:]:
            there = np.where(np.isnan(there), other.reference, there)
        unit = group[0][0].unit or "1"
        values = [MapPanel(_wrapped(reference), there[part], extent)]
        values += [MapPanel(_wrapped(m.product), ours.estimate[part], extent) for m, ours in group]
        differences = [
            MapPanel(_wrapped(m.product), ours.difference[part], extent) for m, ours in group
        ]
        limit = round_limit(np.concatenate([d.data.ravel() for d in differences]))
        short = short_reference(reference)
        yield (
            f"maps_{tail}", f"{quantity} of {short} and of the product{_s(group)}",
            f"One scale of colours; grey: no match-up. Reference: {reference}.",
            _MapDrawing(values, quantity, unit, None),
        )  # fmt: skip
        yield (
            f"difference_{tail}", f"{quantity} difference: product minus {short}",
            "Blue: the product is lower than the reference; red: higher; grey: no match-up.",
            _MapDrawing(differences, f"{quantity} minus {short}", unit, limit),
        )  # fmt: skip


@dataclass(frozen=True)
class _MapDrawing:
    panels: Sequence[MapPanel]
    quantity: str
    unit: str
    limit: float | None

    def __call__(self, path: Path) -> None:
        columns = 2 if len(self.panels) in (2, 4) else 3
        if self.limit is None:
            maps(path, self.panels, quantity=self.quantity, unit=self.unit, columns=columns)
            return
        difference_maps(
            path, self.panels, quantity=self.quantity, unit=self.unit, columns=columns,
            limit=self.limit,
        )  # fmt: skip


def _s(items: Collection[Any]) -> str:
    return "s" if len(items) > 1 else ""


def _window(group: Sequence[ComparisonMaps]) -> tuple[slice, slice]:
    """Part of the grid that holds all values: a scene in a tile would be a speck."""
    valid = np.zeros(group[0].grid.shape, dtype=bool)
    for one in group:
        valid |= np.isfinite(one.difference)
    rows, cols = np.flatnonzero(valid.any(axis=1)), np.flatnonzero(valid.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(cols[0]), int(cols[-1]) + 1)


def _extent(grid: Grid, rows: slice, cols: slice) -> tuple[float, float, float, float] | None:
    # of degrees there are no kilometres
    if not grid.north_up or max(abs(place) for corner in grid.corners() for place in corner) <= 360:
        return None
    down, along = rows.indices(grid.rows), cols.indices(grid.cols)
    (left, top), (right, bottom) = grid.xy(down[0], along[0]), grid.xy(down[1], along[1])
    return left, right, bottom, top


def _scatter_job(kind: str, scores: Sequence[Score]) -> _Job:
    match_ups = [score.match_up for score in scores]
    panels = [
        ScatterPanel(
            _wrapped(_name(s.match_up, match_ups)), s.match_up.values, s.match_up.estimate,
            s.metrics, s.match_up.quantity, s.match_up.unit or "1",
        )
        for s in scores
    ]  # fmt: skip
    references = {short_reference(m.reference) for m in match_ups}
    names = (references.pop() if len(references) == 1 else "reference", "product")
    columns = 2 if len(panels) in (2, 4) else 3
    many = any(m.estimate.size > SPARSE for m in match_ups)
    density = "Colour: relative density of match-ups. " if many else ""

    def draw(path: Path) -> None:
        density_scatter(path, panels, columns=columns, axes_names=names)

    return (
        f"scatter_{kind}", f"{kind}: product{_s({m.product for m in match_ups})} against reference",
        f"{density}Dashed: 1:1; line: least-squares fit.", draw,
    )  # fmt: skip


def _histogram_jobs(kind: str, match_ups: Sequence[MatchUp]) -> Iterator[_Job]:
    """One for all products; of several bands one a product."""
    by_product: dict[str, list[MatchUp]] = {}
    several = len({m.quantity for m in match_ups}) > 1
    for m in match_ups:
        by_product.setdefault(_name(m, match_ups, band=False) if several else "", []).append(m)
    for number, (product, group) in enumerate(by_product.items()):
        errors = {
            m.quantity if several else _name(m, match_ups): m.difference for m in group
        }
        tail = kind if number == 0 else f"{kind}_{number + 1}"
        title = f"{kind}: histogram of differences" + (f", {product}" if product else "")
        yield (
            f"histogram_{tail}", title, "Product minus reference; same bins for all lines.",
            _HistogramDrawing(errors, kind, group[0].unit or "1"),
        )  # fmt: skip


@dataclass(frozen=True)
class _HistogramDrawing:
    errors: Mapping[str, NDArray[np.float64]]
    quantity: str
    unit: str

    def __call__(self, path: Path) -> None:
        error_histogram(
            path, self.errors, quantity=self.quantity, unit=self.unit, noun="difference"
        )


def _taylor_jobs(kind: str, scores: Sequence[Score]) -> Iterator[_Job]:
    """Where two products or more stand beside the same reference."""
    match_ups = [score.match_up for score in scores]
    panels: dict[str, list[TaylorPoint]] = {}
    for score in scores:
        m = score.match_up
        spread = float(m.values.std())
        if spread > 0 and np.isfinite(score.metrics.pcc):
            title = _panel(m, match_ups) or kind
            pcc = float(np.clip(score.metrics.pcc, -1.0, 1.0))
            point = TaylorPoint(m.product, float(m.estimate.std()) / spread, pcc)
            panels.setdefault(title, []).append(point)
    shown = [TaylorPanel(_wrapped(title), points) for title, points in panels.items()]
    if max((len(panel.points) for panel in shown), default=0) < 2:
        return
    close = all(point.pcc > _CLOSE_PCC for panel in shown for point in panel.points)

    def draw(path: Path) -> None:
        taylor_diagram(path, shown, columns=2, zoom=close)

    yield (
        f"taylor_{kind}", f"{kind}: Taylor diagram",
        "Radius: standard deviation over the reference's; angle: correlation; distance from the "
        "star: centred RMSE over the reference's standard deviation (Taylor 2001).", draw,
    )  # fmt: skip


def _series_jobs(kind: str, match_ups: Sequence[MatchUp]) -> Iterator[_Job]:
    timed = [m for m in match_ups if m.times is not None]
    stations = list(dict.fromkeys(name for m in timed for name in _stations(m)))
    if len(stations) > MAX_STATIONS:
        return
    for station in stations:
        chosen = [(m, _stations(m) == station) for m in timed]
        chosen = [(m, at) for m, at in chosen if at.any()]
        title = f"{kind} at {station}" if station else f"{kind} over time"
        yield (
            f"series_{kind}_{file_name(station)}" if station else f"series_{kind}", title,
            "Circles: reference; others: product, with the window's spread where it is known.",
            _SeriesDrawing(chosen, station, kind),
        )  # fmt: skip


def _stations(match_up: MatchUp) -> NDArray[np.str_]:
    column = match_up.columns.get("station")
    if column is None:
        return np.full(match_up.estimate.size, "", dtype=np.str_)
    return np.asarray(column).astype(np.str_)


@dataclass(frozen=True)
class _SeriesDrawing:
    chosen: Sequence[tuple[MatchUp, NDArray[np.bool_]]]
    station: str
    quantity: str

    def __call__(self, path: Path) -> None:
        known: dict[datetime, float] = {}
        estimates = {}
        match_ups = [m for m, _ in self.chosen]
        for m, at in self.chosen:
            times = _datetimes(m, at)
            known |= dict(zip(times, m.values[at].tolist(), strict=True))
            spread = m.columns.get(SPREAD)
            bars = None if spread is None else np.nan_to_num(spread[at].astype(float)).tolist()
            estimates[_name(m, match_ups)] = TimedValues(times, m.estimate[at].tolist(), bars)
        order = sorted(known)
        time_series(
            path, TimedValues(order, [known[time] for time in order]), estimates,
            quantity=self.quantity, unit=match_ups[0].unit or "1", title=self.station,
            reference_name="station" if self.station
            else short_reference(match_ups[0].reference), joined=False,
        )  # fmt: skip


def _datetimes(match_up: MatchUp, at: NDArray[np.bool_]) -> list[datetime]:
    assert match_up.times is not None
    seconds = match_up.times[at].astype("datetime64[s]").astype(np.int64)
    return [datetime.fromtimestamp(value, tz=timezone.utc) for value in seconds.tolist()]
