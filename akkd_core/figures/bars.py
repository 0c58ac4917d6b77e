"""Grouped bars with error bars: the paper's figure beside ours, variant by variant."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
    save_png,
)

_HATCHES = ("", "///", "...", "xx", "\\\\\\")
_GROUP_WIDTH = 0.8
_DIGIT_MM = 2.0
_MARGINS_MM = 25.0
_WIDTH_MM = (95.0, 240.0)


@dataclass(frozen=True)
class BarPanel:
    """One panel of grouped bars.

    Parameters
    ----------
    title : str
    y : str
        Axis label with the unit, e.g. ``MAE of LST (K)``.
    variants : sequence of str
        Groups on the axis.
    values : mapping of str to sequence of float
        Of each source (``paper``, ``ours, labels``, ``ours, truth``) by variant; NaN where there is
        none.
    errors : mapping of str to sequence of float
        Half lengths of error bars of some sources, in the values' unit, NaN for none.
    from_zero : bool
        Bars from zero; else markers, for values far from it (a PCC): a bar that doesn't start at
        zero misleads.
    digits : int
        Decimals of the numbers at bars.
    """

    title: str
    y: str
    variants: Sequence[str]
    values: Mapping[str, Sequence[float]]
    errors: Mapping[str, Sequence[float]] = field(default_factory=dict)
    from_zero: bool = True
    digits: int = 2

    def __post_init__(self) -> None:
        name = self.title or self.y
        for kind in (self.values, self.errors):
            for source, numbers in kind.items():
                if len(numbers) != len(self.variants):
                    raise ParameterError(
                        f"{name}: {source} has {len(numbers)} values for {len(self.variants)} "
                        "variants"
                    )
        if not set(self.errors) <= set(self.values):
            raise ParameterError(f"{name}: error bars of a source without values")
        if not any(math.isfinite(v) for numbers in self.values.values() for v in numbers):
            raise ParameterError(f"{name}: no finite value to draw")


def grouped_bars(path: str | Path, panels: Sequence[BarPanel], *, columns: int = 1) -> None:
    """Write grouped bar charts as PNG.

    Parameters
    ----------
    path : path
        To write.
    panels, columns
        As of `build_grouped_bars`.

    Raises
    ------
    ParameterError, MissingDependencyError
        As `build_grouped_bars`.
    ProductWriteError
        If the file can't be written.
    """
    save_png(build_grouped_bars(panels, columns=columns), path)


def build_grouped_bars(panels: Sequence[BarPanel], *, columns: int = 1) -> Any:
    """Draw grouped bar charts with one legend.

    Parameters
    ----------
    panels : sequence of BarPanel
        A source has one colour and pattern in all panels.
    columns : int
        Panels in a row.

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
        raise ParameterError("bar chart: no panels")
    across = min(columns, len(panels))
    down = -(-len(panels) // across)
    sources = list(dict.fromkeys(source for panel in panels for source in panel.values))
    wanted = max(_MARGINS_MM + len(p.variants) * len(p.values) * _slot_mm(p) for p in panels)
    width = min(max(_WIDTH_MM[0], wanted), _WIDTH_MM[1] / across)
    figure, axes = make_figure(down, across, panel_mm=(width, 68.0), title_mm=8.0)
    for panel, place in zip(panels, axes, strict=False):
        _draw(place, panel, sources, (width - _MARGINS_MM) / len(panel.variants))
        label(place, title=panel.title, y=panel.y)
    for spare in axes[len(panels) :]:
        spare.set_visible(False)
    legend(figure, _with_most(axes, panels))
    return figure


def _with_most(axes: Sequence[Any], panels: Sequence[BarPanel]) -> Any:
    counts = [len(panel.values) for panel in panels]
    return axes[counts.index(max(counts))]


def _slot_mm(panel: BarPanel) -> float:
    """Width that the number of one bar needs."""
    return (panel.digits + 2) * _DIGIT_MM / _GROUP_WIDTH


def _draw(axes: Any, panel: BarPanel, sources: Sequence[str], group_mm: float) -> None:
    shown = [source for source in sources if source in panel.values]
    step = _GROUP_WIDTH / len(shown)
    numbers = group_mm >= len(shown) * _slot_mm(panel) * 0.999
    for k, source in enumerate(shown):
        places: NDArray[np.float64] = np.arange(len(panel.variants), dtype=np.float64)
        places += (k - 0.5 * (len(shown) - 1)) * step
        values = np.array(panel.values[source], dtype=np.float64)
        errors = np.array(panel.errors.get(source, (math.nan,) * len(values)), dtype=np.float64)
        style = sources.index(source)
        if panel.from_zero:
            axes.bar(
                places, values, 0.9 * step, label=source, color=COLOURS[style % len(COLOURS)],
                alpha=0.75, edgecolor="white", linewidth=0.0,
                hatch=_HATCHES[style % len(_HATCHES)],
            )  # fmt: skip
        else:
            axes.plot(
                places, values, linestyle="none", label=source, markersize=6,
                color=COLOURS[style % len(COLOURS)], marker=MARKERS[style % len(MARKERS)],
            )  # fmt: skip
        _error_bars(axes, places, values, errors)
        _numbers(axes, places, values, errors, panel.digits if numbers else None)
    axes.set_xticks(range(len(panel.variants)), list(panel.variants), fontsize=TEXT_SIZE)
    axes.set_xlim(-0.55, len(panel.variants) - 0.45)
    axes.grid(False, axis="x")
    axes.margins(y=0.14)
    if panel.from_zero:
        axes.axhline(0.0, color=INK, linewidth=0.6)


def _error_bars(
    axes: Any,
    places: NDArray[np.float64],
    values: NDArray[np.float64],
    errors: NDArray[np.float64],
) -> None:
    there = np.isfinite(values) & np.isfinite(errors)
    if there.any():
        axes.errorbar(
            places[there], values[there], yerr=errors[there], fmt="none", ecolor=INK,
            elinewidth=1.0, capsize=2.5,
        )  # fmt: skip


def _numbers(
    axes: Any,
    places: NDArray[np.float64],
    values: NDArray[np.float64],
    errors: NDArray[np.float64],
    digits: int | None,
) -> None:
    """Write each value above its bar; where there is none, say so."""
    for place, value, error in zip(places, values, np.nan_to_num(errors), strict=True):
        if not math.isfinite(value):
            axes.annotate("n/a", (place, 0.0), xycoords=("data", "axes fraction"), xytext=(0, 3),
                          textcoords="offset points", ha="center", fontsize=TICK_SIZE,
                          color=INK)  # fmt: skip
        elif digits is not None:
            up = value >= 0
            axes.annotate(
                f"{value:.{digits}f}", (place, value + error if up else value - error),
                xytext=(0, 4 if up else -4), textcoords="offset points", ha="center",
                va="bottom" if up else "top", fontsize=TICK_SIZE, color=INK,
            )  # fmt: skip
