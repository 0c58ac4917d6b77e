"""Radar charts: one line a series over the same spokes, e.g. utility by weight of each target."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.figures.style import (
    COLOURS,
    INK,
    LINE_STYLES,
    MARKERS,
    TICK_SIZE,
    label,
    legend,
    make_figure,
    save_png,
)

_LEAST_SPOKES = 3


@dataclass(frozen=True)
class RadarPanel:
    """One radar chart.

    Parameters
    ----------
    title : str
    spokes : sequence of str
        At least three, clockwise from the top.
    lines : mapping of str to sequence of float
        Values (0-1) of each series on the spokes; NaN leaves a gap.
    """

    title: str
    spokes: Sequence[str]
    lines: Mapping[str, Sequence[float]]

    def __post_init__(self) -> None:
        name = self.title or "radar chart"
        if len(self.spokes) < _LEAST_SPOKES:
            raise ParameterError(f"{name}: {len(self.spokes)} spokes, need three or more")
        for line, values in self.lines.items():
            if len(values) != len(self.spokes):
                raise ParameterError(
                    f"{name}: {line} has {len(values)} values for {len(self.spokes)} spokes"
                )
        if not any(math.isfinite(v) for values in self.lines.values() for v in values):
            raise ParameterError(f"{name}: no finite value to draw")


def radar(path: str | Path, panels: Sequence[RadarPanel], *, columns: int = 2,
          spoke_name: str = "") -> None:  # fmt: skip
    """Write radar charts as PNG.

    Parameters
    ----------
    path : path
        To write.
    panels, columns, spoke_name
        As of `build_radar`.

    Raises
    ------
    ParameterError, MissingDependencyError
        As `build_radar`.
    ProductWriteError
        If the file can't be written.
    """
    save_png(build_radar(panels, columns=columns, spoke_name=spoke_name), path)


def build_radar(panels: Sequence[RadarPanel], *, columns: int = 2, spoke_name: str = "") -> Any:
    """Draw radar charts side by side, with one legend.

    Parameters
    ----------
    panels : sequence of RadarPanel
        Series of one name have one colour, marker and line style in all panels.
    columns : int
        Panels in a row.
    spoke_name : str
        What the spokes are, e.g. ``teacher weight``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ParameterError
        If there is no panel.
    MissingDependencyError
        Without matplotlib.
    """
    if not panels:
        raise ParameterError("radar chart: no panels")
    across = min(columns, len(panels))
    down = -(-len(panels) // across)
    figure, axes = make_figure(
        down, across, panel_mm=(86.0, 84.0), title_mm=12.0, projection="polar"
    )
    names = list(dict.fromkeys(name for panel in panels for name in panel.lines))
    top = max(v for p in panels for line in p.lines.values() for v in line if math.isfinite(v))
    for panel, place in zip(panels, axes, strict=False):
        _draw(place, panel, names, 1.0 if top <= 1.0 else top)
        label(place, title=panel.title, x=spoke_name)
    for spare in axes[len(panels) :]:
        spare.set_visible(False)
    legend(figure, axes[0], columns=9)
    return figure


def _draw(axes: Any, panel: RadarPanel, names: Sequence[str], top: float) -> None:
    count = len(panel.spokes)
    angles = np.linspace(0.0, 2.0 * np.pi, count, endpoint=False)
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    for i, name in enumerate(names):
        values = np.asarray(panel.lines.get(name, (math.nan,) * count), dtype=float)
        axes.plot(
            np.append(angles, angles[0]), np.append(values, values[0]), label=name,
            color=COLOURS[i % len(COLOURS)], marker=MARKERS[i % len(MARKERS)], markersize=3.5,
            linestyle=LINE_STYLES[i % len(LINE_STYLES)], linewidth=1.3,
        )  # fmt: skip
    axes.set_ylim(0.0, 1.02 * top)
    axes.set_xticks(angles, list(panel.spokes), fontsize=TICK_SIZE)
    rings = np.linspace(0.25, 1.0, 4) * top
    axes.set_rgrids(rings, [""] * len(rings))
    angle = _emptiest(panel, angles)
    for ring in rings:
        axes.text(
            angle, ring, f"{ring:g}", fontsize=TICK_SIZE, color=INK, ha="center", va="center",
            zorder=4, bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.8},
        )  # fmt: skip
    axes.tick_params(axis="x", pad=0)


def _emptiest(panel: RadarPanel, angles: NDArray[np.float64]) -> float:
    """Angle midway between the two spokes where the lines stay lowest: for the rings' numbers."""
    drawn = np.array([line for line in panel.lines.values()], dtype=np.float64)
    highest = np.nan_to_num(drawn).max(axis=0)
    between = highest + np.roll(highest, -1)
    return float(angles[int(np.argmin(between))] + np.pi / len(angles))
