"""Taylor diagrams: correlation, standard deviation and centred RMSE of estimates in one picture.

Taylor 2001 (J. Geophys. Res. 106, 7183-7192, doi 10.1029/2000JD900719): with the standard deviation
over the reference's as radius and the correlation as cosine of the angle, the distance from the
reference's place (1, 0) is the centred RMSE over the reference's standard deviation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.figures.style import (
    COLOURS,
    INK,
    MARKERS,
    TEXT_SIZE,
    TICK_SIZE,
    label,
    legend,
    make_figure,
    names_in_a_row,
    save_png,
)

REFERENCE = "reference"
"""Name of the reference in the legend."""

_CORRELATIONS: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
_RMSE_COLOUR = "#009E73"
_LINE_COLOUR = "#C8C8C8"
_SD_TEXT = "standard deviation / reference's (1)"
_RMSE_TEXT = "centred RMSE (1)"
_STEPS = 181


@dataclass(frozen=True)
class TaylorPoint:
    """One method.

    Parameters
    ----------
    name : str
        For the legend.
    sd_ratio : float
        Standard deviation of the estimate over the reference's.
    pcc : float
        Pearson correlation coefficient, -1 to 1.
    """

    name: str
    sd_ratio: float
    pcc: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.sd_ratio) and self.sd_ratio >= 0 and -1 <= self.pcc <= 1):
            raise ParameterError(
                f"Taylor diagram: {self.name} has standard deviation ratio {self.sd_ratio} and "
                f"PCC {self.pcc}. Leave out what is undefined"
            )

    @property
    def rmse_ratio(self) -> float:
        """Centred RMSE over the reference's standard deviation."""
        square = 1.0 + self.sd_ratio**2 - 2.0 * self.sd_ratio * self.pcc
        return math.sqrt(max(square, 0.0))

    @property
    def place(self) -> tuple[float, float]:
        """Where it lies; the reference lies at (1, 0)."""
        angle = math.acos(self.pcc)
        return self.sd_ratio * math.cos(angle), self.sd_ratio * math.sin(angle)


@dataclass(frozen=True)
class TaylorPanel:
    """One diagram.

    Parameters
    ----------
    title : str
    points : sequence of TaylorPoint
        One or more.
    """

    title: str
    points: Sequence[TaylorPoint]

    def __post_init__(self) -> None:
        if not self.points:
            raise ParameterError(f"Taylor diagram {self.title}: no points")


def taylor_diagram(
    path: str | Path, panels: Sequence[TaylorPanel], *, columns: int = 3, zoom: bool = False
) -> None:
    """Write Taylor diagrams as PNG.

    Parameters
    ----------
    path : path
        To write.
    panels, columns, zoom
        As of `build_taylor_diagram`.

    Raises
    ------
    ParameterError, MissingDependencyError
        As `build_taylor_diagram`.
    ProductWriteError
        If the file can't be written.
    """
    save_png(build_taylor_diagram(panels, columns=columns, zoom=zoom), path)


def build_taylor_diagram(
    panels: Sequence[TaylorPanel], *, columns: int = 3, zoom: bool = False
) -> Any:
    """Draw Taylor diagrams side by side, with one legend.

    Parameters
    ----------
    panels : sequence of TaylorPanel
        A method has one colour and marker in all panels.
    columns : int
        Panels in a row.
    zoom : bool
        Beside each diagram the part of it that holds the points.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ParameterError
        If there is no panel, or a PCC of 0 or less is to be zoomed on.
    MissingDependencyError
        Without matplotlib.
    """
    if not panels:
        raise ParameterError("Taylor diagram: no panels")
    views = [(panel, close) for panel in panels for close in ((False, True) if zoom else (False,))]
    across = min(columns, len(views))
    if zoom:
        across = max(across - across % 2, 2)
    down = -(-len(views) // across)
    size = (84.0, 82.0) if len(views) > 1 else (115.0, 100.0)
    if all(any(point.pcc < 0 for point in panel.points) for panel in panels):
        size = size[0], 0.68 * size[1]  # half a circle, lying
    names = list(dict.fromkeys(point.name for panel in panels for point in panel.points))
    texts = [*names, REFERENCE, _RMSE_TEXT]
    rows = -(-len(texts) // names_in_a_row(texts, across * size[0]))
    figure, axes = make_figure(down, across, panel_mm=size, title_mm=4.0 + 5.0 * rows)
    for (panel, close), place in zip(views, axes, strict=False):
        place.grid(False)
        if close:
            _zoomed(place, panel)
        else:
            _whole(place, panel)
        _points(place, panel, names)
        place.set_aspect("equal", adjustable="box")
    for spare in axes[len(views) :]:
        spare.set_visible(False)
    _name_all(axes[0], names, panels[0])
    legend(figure, axes[0], columns=len(texts))
    return figure


def _points(axes: Any, panel: TaylorPanel, names: Sequence[str]) -> None:
    for point in panel.points:
        x, y = point.place
        axes.plot([x], [y], label=point.name, zorder=5, clip_on=False, **_mark(names, point.name))


def _mark(names: Sequence[str], name: str) -> dict[str, Any]:
    i = names.index(name)
    return {
        "linestyle": "none", "marker": MARKERS[i % len(MARKERS)], "markersize": 6.5,
        "color": COLOURS[i % len(COLOURS)], "markeredgecolor": "white", "markeredgewidth": 0.6,
    }  # fmt: skip


def _name_all(axes: Any, names: Sequence[str], first: TaylorPanel) -> None:
    """Entries in the legend for methods that only other panels have, and for the arcs."""
    there = {point.name for point in first.points}
    for name in names:
        if name not in there:
            axes.plot([], [], label=name, **_mark(names, name))
    axes.plot([], [], color=_RMSE_COLOUR, linewidth=0.9, linestyle=":", label=_RMSE_TEXT)


def _whole(axes: Any, panel: TaylorPanel) -> None:
    outer = max(1.25, 1.08 * max(point.sd_ratio for point in panel.points))
    negative = any(point.pcc < 0 for point in panel.points)
    axes.spines["left"].set_visible(not negative)
    _frame(axes, outer, negative)
    _rays(axes, outer, negative)
    axes.plot([1.0], [0.0], linestyle="none", marker="*", markersize=11, color=INK,
              label=REFERENCE, clip_on=False, zorder=4)  # fmt: skip
    _rmse_arcs(axes, panel, outer, negative)
    axes.set_xlim(-outer if negative else 0.0, outer)
    axes.set_ylim(0.0, outer)
    ticks = np.arange(0.0, outer, 0.25 if outer < 1.6 else 0.5)
    across = np.concatenate([-ticks[:0:-1], ticks]) if negative else ticks
    axes.set_xticks(across, [f"{abs(tick):g}" for tick in across])
    up = ticks[:0] if negative else ticks
    axes.set_yticks(up, [f"{tick:g}" for tick in up])
    label(axes, title=panel.title, x=_SD_TEXT, title_gap=20.0)


def _frame(axes: Any, outer: float, negative: bool) -> None:
    """Arcs of equal standard deviation; the reference's is dashed."""
    span = np.linspace(0.0, math.pi if negative else math.pi / 2, _STEPS)
    for radius in np.arange(0.25, outer, 0.25):
        reference = math.isclose(radius, 1.0)
        axes.plot(
            radius * np.cos(span), radius * np.sin(span), linewidth=1.2 if reference else 0.6,
            color=INK if reference else _LINE_COLOUR, linestyle="--" if reference else "-",
        )  # fmt: skip
    axes.plot(outer * np.cos(span), outer * np.sin(span), color=INK, linewidth=0.8)


def _rays(axes: Any, outer: float, negative: bool) -> None:
    """Lines of equal correlation, with their numbers outside."""
    correlations = _CORRELATIONS
    if negative:
        correlations = tuple(-c for c in _CORRELATIONS[:0:-1]) + _CORRELATIONS
    for value in correlations:
        angle = math.acos(value)
        x, y = outer * math.cos(angle), outer * math.sin(angle)
        axes.plot([0.0, x], [0.0, y], color=_LINE_COLOUR, linewidth=0.6)
        degrees = math.degrees(angle)
        axes.text(
            1.02 * x, 1.02 * y, f"{value:g}".replace("-", "\N{MINUS SIGN}"),
            rotation=degrees if degrees <= 90 else degrees - 180, rotation_mode="anchor",
            ha="left" if degrees <= 90 else "right", va="center", fontsize=TICK_SIZE, color=INK,
        )  # fmt: skip
    place = outer * math.sqrt(0.5)
    axes.annotate(
        "PCC (1)", (place, place), xytext=(23.0, 23.0), textcoords="offset points", rotation=-45,
        ha="center", va="center", fontsize=TEXT_SIZE, color=INK,
    )  # fmt: skip


def _rmse_arcs(axes: Any, panel: TaylorPanel, outer: float, negative: bool) -> None:
    """Arcs of equal centred RMSE around the reference, within the diagram."""
    angle = np.linspace(0.0, math.pi, _STEPS)
    radii = np.arange(0.25, 1.0 + outer if negative else outer, 0.25)
    for radius in radii:
        x, y = 1.0 + radius * np.cos(angle), radius * np.sin(angle)
        inside = (np.hypot(x, y) < outer) & ((x > 0) | negative)
        axes.plot(np.where(inside, x, np.nan), y, color=_RMSE_COLOUR, linewidth=0.9,
                  linestyle=":")  # fmt: skip
        free = _free_place(x, y, panel, (np.hypot(x, y) < 0.95 * outer) & ((x > 0.06) | negative))
        if free is not None:
            axes.text(*free, f"{radius:g}", fontsize=TICK_SIZE, color=_RMSE_COLOUR, ha="center",
                      va="center", zorder=3, bbox=_WHITE)  # fmt: skip


_WHITE = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.6}


def _free_place(
    x: NDArray[np.float64], y: NDArray[np.float64], panel: TaylorPanel, allowed: NDArray[np.bool_]
) -> tuple[float, float] | None:
    """Place on an arc far from the points, rather at 125 degrees than elsewhere."""
    index = np.arange(len(x))
    degrees = 180.0 * index / (len(x) - 1)
    allowed = allowed & (degrees > 60.0) & (degrees < 165.0)
    if not allowed.any():
        return None
    places = np.array([point.place for point in panel.points])
    distance = np.min(
        np.hypot(x[:, None] - places[:, 0], y[:, None] - places[:, 1]), axis=1
    )
    # 0.13 is about a number's width; farther is not better
    score = np.minimum(distance, 0.13) - 1e-4 * np.abs(degrees - 125.0)
    best = int(np.argmax(np.where(allowed, score, -np.inf)))
    return float(x[best]), float(y[best])


def _zoomed(axes: Any, panel: TaylorPanel) -> None:
    """Draw the square that holds the points: its ticks are where the lines leave it.

    Below those of equal standard deviation, at the right those of equal correlation.
    """
    if any(point.pcc <= 0 for point in panel.points):
        raise ParameterError(
            f"Taylor diagram {panel.title}: no zoom on correlations of 0 or less. Leave it out"
        )
    places = np.array([point.place for point in panel.points])
    centre = 0.5 * (places.min(axis=0) + places.max(axis=0))
    half = max(0.62 * float(np.ptp(places, axis=0).max()), 0.02)
    left, bottom = (max(value - half, 0.0) for value in centre.tolist())
    right, top = left + 2.0 * half, bottom + 2.0 * half
    x, y = np.meshgrid(np.linspace(left, right, 200), np.linspace(bottom, top, 200))
    radii = _levels(math.hypot(left, bottom), math.hypot(right, bottom))
    rays = _levels(right / math.hypot(right, top), right / math.hypot(right, bottom))
    radius = np.hypot(x, y)
    with np.errstate(invalid="ignore"):
        correlation = x / radius
    for field, levels in ((radius, radii), (correlation, rays)):
        axes.contour(x, y, field, levels=levels, colors=_LINE_COLOUR, linewidths=0.8)
    errors = np.hypot(x - 1.0, y)
    arcs = axes.contour(
        x, y, errors, levels=_levels(float(errors.min()), float(errors.max())),
        colors=_RMSE_COLOUR, linestyles=":", linewidths=1.0,
    )  # fmt: skip
    axes.clabel(arcs, fontsize=TICK_SIZE, inline=True, fmt="%g")
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_xticks(np.sqrt(radii**2 - bottom**2), [f"{value:g}" for value in radii])
    axes.yaxis.tick_right()
    axes.yaxis.set_label_position("right")
    axes.set_yticks(right * np.tan(np.arccos(rays)), [f"{value:g}" for value in rays])
    for spine in axes.spines.values():
        spine.set_visible(True)
    label(axes, title=f"{panel.title}, zoomed", x=_SD_TEXT, y="PCC (1)")


def _levels(low: float, high: float) -> NDArray[np.float64]:
    """Round numbers between two, about four."""
    from matplotlib.ticker import MaxNLocator

    ticks = np.asarray(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]).tick_values(low, high))
    inside: NDArray[np.float64] = ticks[(ticks > low) & (ticks < high)]
    return np.round(inside, 12)
