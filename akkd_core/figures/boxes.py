"""Box plots: median, quartiles, whiskers and every single value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.figures.style import (
    COLOURS,
    INK,
    TEXT_SIZE,
    TICK_SIZE,
    label,
    legend,
    make_figure,
    save_png,
)

Boxes = Mapping[str, Mapping[str, Sequence[float]]]
"""Values by group (on the axis) and by kind (its colour)."""

_GROUP_WIDTH = 0.8
_WHISKER_IQR = 1.5


def box_plot(
    path: str | Path,
    values: Boxes,
    *,
    y: str,
    x: str = "",
    title: str = "",
    line: tuple[str, float] | None = None,
) -> None:
    """Write box plots as PNG.

    Parameters
    ----------
    path : path
        To write.
    values, y, x, title, line
        As of `build_box_plot`.

    Raises
    ------
    ParameterError, MissingDependencyError
        As `build_box_plot`.
    ProductWriteError
        If the file can't be written.
    """
    save_png(build_box_plot(values, y=y, x=x, title=title, line=line), path)


def build_box_plot(
    values: Boxes,
    *,
    y: str,
    x: str = "",
    title: str = "",
    line: tuple[str, float] | None = None,
) -> Any:
    """Draw box plots, the median written above each.

    The box goes from quartile to quartile (linear interpolation), whiskers to the last value within
    1.5 times its height; every value is a dot, equal ones side by side.

    Parameters
    ----------
    values : mapping of str to mapping of str to sequence of float
        By group and kind: ``{'small model 1': {'PCC': [...], 'MAE': [...]}}``. What isn't finite
        is left out.
    y, x : str
        Axis labels, with units.
    title : str
    line : tuple of str and float, optional
        Name and height of a horizontal line, e.g. the weight that was chosen.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ParameterError
        If no value is finite.
    MissingDependencyError
        Without matplotlib.
    """
    kinds = list(dict.fromkeys(kind for group in values.values() for kind in group))
    finite = {
        (i, k): _finite(group[kind])
        for i, group in enumerate(values.values())
        for k, kind in enumerate(kinds)
        if kind in group
    }
    if not any(found.size for found in finite.values()):
        raise ParameterError("box plot: no finite value to draw")
    boxes = len(values) * len(kinds)
    figure, (axes,) = make_figure(panel_mm=(min(max(95.0, 30.0 + 16.0 * boxes), 240.0), 85.0))
    step = _GROUP_WIDTH / len(kinds)
    for (i, k), found in finite.items():
        if found.size:
            place = i + (k - 0.5 * (len(kinds) - 1)) * step
            _one(axes, found, place, 0.78 * step, COLOURS[k % len(COLOURS)])
    for k, kind in enumerate(kinds):
        axes.plot([], [], color=COLOURS[k % len(COLOURS)], linewidth=6, alpha=0.5, label=kind)
    if line is not None:
        axes.axhline(line[1], color=INK, linestyle="--", linewidth=1.0, label=line[0])
    axes.set_xticks(range(len(values)), list(values), fontsize=TEXT_SIZE)
    axes.set_xlim(-0.6, len(values) - 0.4)
    axes.grid(False, axis="x")
    axes.margins(y=0.18)
    label(axes, title=title, x=x, y=y)
    if len(kinds) > 1 or line is not None:
        legend(figure, axes)
    return figure


def _finite(values: Sequence[float]) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    return array[np.isfinite(array)]


def _one(axes: Any, values: NDArray[np.float64], place: float, width: float, colour: str) -> None:
    lines = {"color": INK, "linewidth": 1.0}
    axes.boxplot(
        [values], positions=[place], widths=width, whis=_WHISKER_IQR, showfliers=False,
        patch_artist=True, manage_ticks=False, whiskerprops=lines, capprops=lines,
        boxprops={"facecolor": colour, "alpha": 0.35, "edgecolor": INK, "linewidth": 1.0},
        medianprops={"color": INK, "linewidth": 2.0},
    )  # fmt: skip
    axes.plot(
        place + _aside(values, width), values, linestyle="none", marker="o", markersize=3.5,
        color=colour, markeredgecolor="white", markeredgewidth=0.4, zorder=3,
    )  # fmt: skip
    axes.annotate(
        f"median\n{np.median(values):.3g}", (place, values.max()), xytext=(0, 6),
        textcoords="offset points", ha="center", va="bottom", fontsize=TICK_SIZE, color=INK,
        linespacing=1.0, zorder=4,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.8},
    )  # fmt: skip


def _aside(values: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Sideways offsets of dots: those of nearly equal values stand beside each other."""
    offsets = np.zeros(values.size)
    span = float(np.ptp(values))
    near = np.round(values / span * 60.0) if span > 0 else np.zeros(values.size)
    for level in np.unique(near):
        (same,) = np.nonzero(near == level)
        gap = min(0.12 * width, 0.85 * width / max(same.size - 1, 1))
        offsets[same] = (np.arange(same.size) - 0.5 * (same.size - 1)) * gap
    return offsets


