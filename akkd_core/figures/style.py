"""The house style of charts, and their writing; what they show is the other modules' business.

matplotlib is imported when a chart is made, not before, and without pyplot: its global state (open
figures, the current backend) belongs to whoever calls this package.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np

from akkd_core.errors import MissingDependencyError
from akkd_core.raster.temporary import whole_file

DPI = 150
"""Pixels per inch of every chart."""

COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
)
"""Colours told apart with any colour vision: Okabe and Ito (2008), Color Universal Design, but for
their yellow, which is faint on white."""

TEXT_SIZE = 9.0
"""Points, of axis labels and legends."""

TICK_SIZE = 8.0
"""Points, of tick labels, and the least of any text."""

INK = "#333333"
"""Colour of text and frames."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
"""Markers told apart without colour."""

LINE_STYLES = ("-", "--", "-.", ":")
"""Line styles told apart without colour."""

_TITLE_SIZE = 10.0
_GRID = "#D5D5D5"
_MM_PER_INCH = 25.4
_GAP_INCH = 0.06
_ENTRY_MM = (12.0, 1.65)
_LINE_MM, _GAP_MM = 4.3, 3.0


def make_figure(
    rows: int = 1,
    columns: int = 1,
    *,
    panel_mm: tuple[float, float] = (110.0, 75.0),
    title_mm: float = 0.0,
    projection: str | None = None,
) -> tuple[Any, list[Any]]:
    """Make a figure of equal panels in the house style.

    Parameters
    ----------
    rows, columns : int
        Of panels.
    panel_mm : tuple of float
        Width and height of a panel with its labels, mm.
    title_mm : float
        More height, for a legend or colour bar above the panels, mm.
    projection : str, optional
        Of all panels, as matplotlib names it, e.g. 'polar'.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : list of matplotlib.axes.Axes
        Row by row.

    Raises
    ------
    MissingDependencyError
        Without matplotlib.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError as error:
        raise MissingDependencyError(
            f"charts need matplotlib ({error}). install it: pip install matplotlib, or apt "
            "install python3-matplotlib"
        ) from error
    width, height = panel_mm
    figure = Figure(
        figsize=(columns * width / _MM_PER_INCH, (rows * height + title_mm) / _MM_PER_INCH),
        dpi=DPI,
        layout=ConstrainedLayoutEngine(w_pad=_GAP_INCH, h_pad=_GAP_INCH),
        facecolor="white",
    )
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False, subplot_kw={"projection": projection})
    axes = [panel for row in grid for panel in row]
    for panel in axes:
        _dress(panel)
    return figure, axes


def _dress(axes: Any) -> None:
    axes.set_prop_cycle(color=COLOURS)
    axes.set_axisbelow(True)
    axes.grid(True, which="major", color=_GRID, linewidth=0.6)
    axes.tick_params(which="both", labelsize=TICK_SIZE, color=INK, labelcolor=INK, width=0.6)
    for side, spine in axes.spines.items():
        spine.set_linewidth(0.6)
        spine.set_color(INK)
        if side in ("top", "right"):
            spine.set_visible(False)


def label(
    axes: Any, *, title: str = "", x: str = "", y: str = "", title_gap: float = 6.0
) -> None:
    """Write a panel's title (left) and axis labels in the house's sizes.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    title, x, y : str
        Empty: none.
    title_gap : float
        Points between title and panel.
    """
    if title:
        axes.set_title(title, fontsize=_TITLE_SIZE, loc="left", color=INK, pad=title_gap)
    if x:
        axes.set_xlabel(x, fontsize=TEXT_SIZE, color=INK)
    if y:
        axes.set_ylabel(y, fontsize=TEXT_SIZE, color=INK)


def with_unit(name: str, unit: str) -> str:
    """Text of an axis label: ``LST (K)``; a quantity of dimension 1 has ``(1)``.

    Parameters
    ----------
    name : str
    unit : str
        Empty: none is shown.
    """
    return f"{name} ({unit})" if unit else name


def text_box(axes: Any, text: str, *, lower_right: bool = False) -> Any:
    """Write lines of text into the upper left corner of a panel, or into the lower right one.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    text : str
    lower_right : bool

    Returns
    -------
    matplotlib.text.Text
    """
    corner = (0.97, 0.03, "right", "bottom") if lower_right else (0.03, 0.97, "left", "top")
    x, y, across, up = corner
    return axes.text(
        x, y, text, transform=axes.transAxes, ha=across, va=up, ma="left", fontsize=TICK_SIZE,
        color=INK, linespacing=1.25, zorder=5,
        bbox={"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": _GRID,
              "alpha": 0.85, "linewidth": 0.6},
    )  # fmt: skip


def colour_bar(
    figure: Any, drawn: Any, axes: Any, text: str, *, extend: str = "neither", shrink: float = 1.0
) -> Any:
    """Add one colour bar at the right of some panels.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    drawn : matplotlib.cm.ScalarMappable
    axes : Axes or sequence of Axes
        That it belongs to.
    text : str
        What the colours are, with the unit.
    extend : {'neither', 'min', 'max', 'both'}
        Where values lie beyond the colours.
    shrink : float
        Part of the panels' height, 0-1.

    Returns
    -------
    matplotlib.colorbar.Colorbar
    """
    bar = figure.colorbar(
        drawn, ax=axes, extend=extend, shrink=shrink, pad=0.015, fraction=0.05, aspect=28
    )
    bar.set_label(text, fontsize=TEXT_SIZE, color=INK)
    bar.ax.tick_params(labelsize=TICK_SIZE, color=INK, labelcolor=INK, width=0.6)
    bar.outline.set_linewidth(0.6)
    bar.outline.set_edgecolor(INK)
    return bar


def names_in_a_row(names: Sequence[str], width_mm: float) -> int:
    """Names of a legend that fit side by side, one or more.

    Parameters
    ----------
    names : sequence of str
    width_mm : float
        Of the figure, mm.
    """
    symbol, letter = _ENTRY_MM
    longest = max((len(name) for name in names), default=0)
    return max(1, min(len(names), int(width_mm / (symbol + letter * longest))))


def legend(figure: Any, axes: Any, *, columns: int = 5) -> None:
    """Write one legend above all panels, out of the data's way.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    axes : matplotlib.axes.Axes
        Whose lines are named; they stand for those of the other panels.
    columns : int
        Names in a row at most; fewer where they would not fit the figure's width.
    """
    handles, names = axes.get_legend_handles_labels()
    width_mm = _MM_PER_INCH * figure.get_figwidth()
    letters = max(20, int((width_mm - _ENTRY_MM[0]) / _ENTRY_MM[1]))
    names = [fill(name, letters, break_long_words=False) for name in names]
    across = min(columns, names_in_a_row(names, width_mm))
    dress = {"ncols": across, "fontsize": TICK_SIZE, "frameon": False, "labelcolor": INK}
    try:
        figure.legend(handles, names, loc="outside upper right", **dress)
    except ValueError:  # matplotlib before 3.7, as in Debian 12: the room is made here
        rows = -(-len(names) // across) * max((1 + name.count("\n") for name in names), default=1)
        height_mm = _MM_PER_INCH * figure.get_figheight()
        room, foot = (_GAP_MM + _LINE_MM * rows) / height_mm, _GAP_MM / height_mm
        figure.get_layout_engine().set(rect=(0.0, foot, 1.0, 1.0 - room - foot))
        figure.legend(handles, names, loc="upper right", **dress)


def plain_log_scale(axes: Any) -> None:
    """Make the y axis logarithmic, with plain numbers (0.5, 2, 10) instead of powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_yscale("log")
    low, high = axes.get_ylim()
    # over many decades 1, 2, 5 would crowd; within one, more than those are needed
    span = high / low
    fine = np.arange(1.0, 10.0, 0.5 if span < 1.8 else 1.0)
    subs = (1.0,) if span > 1e3 else (1.0, 2.0, 5.0) if span > 8 else tuple(fine)
    axes.yaxis.set_major_locator(LogLocator(subs=subs))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def save_png(figure: Any, path: str | Path) -> None:
    """Write a figure as PNG of `DPI`, whole or not at all.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : path

    Raises
    ------
    ProductWriteError
        If it can't be written; nothing is left then.
    """
    data = png_bytes(figure)
    with whole_file(path) as temporary:
        temporary.write_bytes(data)


def png_bytes(figure: Any, dpi: int | None = None) -> bytes:
    """Return a figure as the bytes of a PNG.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    dpi : int, optional
        Pixels per inch, without it `DPI`.
    """
    stream = io.BytesIO()
    # no software version in the file: the same numbers give the same bytes
    figure.savefig(stream, format="png", dpi=dpi or DPI, metadata={"Software": None})
    return stream.getvalue()
