"""Density scatter of estimates against a reference, with 1:1 line, fit and a box of metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from akkd_core.errors import ParameterError
from akkd_core.figures.style import (
    colour_bar,
    label,
    legend,
    make_figure,
    save_png,
    text_box,
    with_unit,
)

SPARSE = 500
"""Points of a panel up to which their density says nothing."""

_CELLS = 220
_SMOOTHING_CELLS = 1.5
_MARGIN = 0.04
_FIT_COLOUR = "#D55E00"
_POINT_COLOUR = "#0072B2"
_PANEL_MM = (76.0, 70.0)
_SINGLE_MM = (108.0, 92.0)


class ScatterMetrics(Protocol):
    """What the box shows; `akkd_core.validation.metrics.Metrics` has it."""

    @property
    def n(self) -> int:
        """Pairs of finite values."""

    @property
    def bias(self) -> float:
        """Mean of estimate minus reference, in the quantity's unit."""

    @property
    def mae(self) -> float:
        """Mean absolute difference, in the quantity's unit."""

    @property
    def rmse(self) -> float:
        """Root mean square difference, in the quantity's unit."""

    @property
    def pcc(self) -> float:
        """Pearson correlation coefficient, -1 to 1; NaN where undefined."""


@dataclass(frozen=True)
class ScatterPanel:
    """One panel: two arrays and what was computed of them.

    Parameters
    ----------
    title : str
    reference, estimate : ndarray of float
        Of one shape and unit; pairs with a value that isn't finite are not drawn.
    metrics : ScatterMetrics
        Plain numbers for the box, perhaps of more pairs than are drawn.
    quantity : str
        For the axis labels, e.g. ``LST``.
    unit : str
        ``K``; ``1`` for emissivity.
    """

    title: str
    reference: NDArray[np.floating]
    estimate: NDArray[np.floating]
    metrics: ScatterMetrics
    quantity: str
    unit: str

    def __post_init__(self) -> None:
        if np.shape(self.reference) != np.shape(self.estimate):
            raise ParameterError(
                f"scatter of {self.title or self.quantity}: reference {np.shape(self.reference)} "
                f"and estimate {np.shape(self.estimate)} differ in shape"
            )

    def pairs(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return reference and estimate where both are finite, flat, float64.

        Raises
        ------
        ParameterError
            If there is none.
        """
        x = np.asarray(self.reference, dtype=np.float64).ravel()
        y = np.asarray(self.estimate, dtype=np.float64).ravel()
        both = np.isfinite(x) & np.isfinite(y)
        if not both.any():
            raise ParameterError(
                f"scatter of {self.title or self.quantity}: no pair of finite values to draw"
            )
        return x[both], y[both]


def density_scatter(
    path: str | Path,
    panels: Sequence[ScatterPanel],
    *,
    columns: int = 3,
    axes_names: tuple[str, str] = ("reference", "estimate"),
) -> None:
    """Write density scatters as PNG.

    Parameters
    ----------
    path : path
        To write.
    panels, columns, axes_names
        As of `build_density_scatter`.

    Raises
    ------
    ParameterError, MissingDependencyError
        As `build_density_scatter`.
    ProductWriteError
        If the file can't be written.
    """
    save_png(build_density_scatter(panels, columns=columns, axes_names=axes_names), path)


def build_density_scatter(
    panels: Sequence[ScatterPanel],
    *,
    columns: int = 3,
    axes_names: tuple[str, str] = ("reference", "estimate"),
) -> Any:
    """Draw density scatters side by side: 1:1 line, least-squares fit, metrics, colour bar.

    The colour is the density of points relative to the densest place of the panel. Of the points
    that fall into one cell of a fine raster one is drawn: no outlier gets lost, however many
    points there are. Where every panel has `SPARSE` points or fewer, as against stations, they are
    larger, of one colour, and there is no colour bar.

    Parameters
    ----------
    panels : sequence of ScatterPanel
    columns : int
        Panels in a row.
    axes_names : tuple of str
        What the reference and the estimate are, before the quantity: ``('product', 'student')``.

    Returns
    -------
    matplotlib.figure.Figure
        The panels in order, then the colour bar.

    Raises
    ------
    ParameterError
        If there is no panel, or a panel without a pair of finite values.
    MissingDependencyError
        Without matplotlib.
    """
    if not panels:
        raise ParameterError("density scatter: no panels")
    data = [panel.pairs() for panel in panels]
    across = min(columns, len(panels))
    down = -(-len(panels) // across)
    size = _SINGLE_MM if len(panels) == 1 else _PANEL_MM
    figure, axes = make_figure(down, across, panel_mm=size, title_mm=7.0)
    sparse = all(x.size <= SPARSE for x, _ in data)
    drawn: Any = None
    for panel, (x, y), place in zip(panels, data, axes, strict=False):
        drawn = _draw(place, panel, x, y, sparse=sparse)
        names = [f"{name} {panel.quantity}" for name in axes_names]
        label(place, title=panel.title, x=with_unit(names[0], panel.unit),
              y=with_unit(names[1], panel.unit))  # fmt: skip
    for spare in axes[len(panels) :]:
        spare.set_visible(False)
    legend(figure, axes[0])
    if not sparse:
        colour_bar(figure, drawn, axes[: len(panels)], "relative density of points")
    return figure


def _draw(
    axes: Any,
    panel: ScatterPanel,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    sparse: bool = False,
) -> Any:
    low, high = _limits(x, y)
    if sparse:
        # over the boxes of text: of few points each counts
        points = axes.scatter(
            x, y, color=_POINT_COLOUR, s=14.0, linewidths=0.4, edgecolors="white", zorder=6,
        )  # fmt: skip
    else:
        px, py, density = thinned(x, y, low, high)
        points = axes.scatter(
            px, py, c=density, cmap="viridis", vmin=0.0, vmax=1.0, s=4.0, linewidths=0.0,
            rasterized=True,
        )  # fmt: skip
    axes.plot([low, high], [low, high], color="#333333", linewidth=1.0, linestyle="--",
              label="1:1")  # fmt: skip
    fit = least_squares(x, y)
    if fit is not None:
        slope, intercept = fit
        ends = np.array([x.min(), x.max()])
        axes.plot(ends, slope * ends + intercept, color=_FIT_COLOUR, linewidth=1.4,
                  label="least-squares fit")  # fmt: skip
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_aspect("equal", adjustable="box")
    _same_ticks(axes)
    upper, lower = box_texts(panel, fit)
    text_box(axes, upper)
    text_box(axes, lower, lower_right=True)
    return points


def _limits(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    low = float(min(x.min(), y.min()))
    high = float(max(x.max(), y.max()))
    # a single value, or all equal: some room around it
    span = (high - low) or max(abs(high) * 0.01, 1e-3)
    return low - _MARGIN * span, high + _MARGIN * span


def thinned(
    x: NDArray[np.float64], y: NDArray[np.float64], low: float, high: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """One point of each occupied cell and the relative density there, the densest last.

    Parameters
    ----------
    x, y : ndarray of float64
        Finite, between ``low`` and ``high``, in one unit.
    low, high : float
        Of the raster of cells in both directions.

    Returns
    -------
    x, y : ndarray of float64
    density : ndarray of float64
        0-1, 1 in the densest cell; counts are smoothed before over some cells.
    """
    scale = _CELLS / (high - low)
    column = np.clip(((x - low) * scale).astype(np.int64), 0, _CELLS - 1)
    row = np.clip(((y - low) * scale).astype(np.int64), 0, _CELLS - 1)
    cell, first, count = np.unique(row * _CELLS + column, return_index=True, return_counts=True)
    counts = np.zeros(_CELLS * _CELLS)
    counts[cell] = count
    smooth = ndimage.gaussian_filter(counts.reshape(_CELLS, _CELLS), _SMOOTHING_CELLS).ravel()
    density = smooth[cell] / smooth[cell].max()
    order = np.argsort(density, kind="stable")
    return x[first][order], y[first][order], density[order]


def least_squares(
    x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[float, float] | None:
    """Slope and intercept of the least-squares line of y on x.

    None where x has no spread, and of two points, which any line goes through.

    Parameters
    ----------
    x, y : ndarray of float64
        Finite, in one unit, which is the intercept's.
    """
    dx = x - x.mean()
    moment = float(dx @ dx)
    if x.size <= 2 or moment <= (1e-9 * float(np.abs(x).max())) ** 2 * x.size:
        return None
    slope = float(dx @ (y - y.mean())) / moment
    return slope, float(y.mean()) - slope * float(x.mean())


def _same_ticks(axes: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    low, high = axes.get_xlim()
    # numbers below 1 have more digits: fewer fit side by side
    most, steps = (5, [1, 2, 2.5, 5, 10]) if high - low > 1.0 else (4, [1, 2, 5, 10])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=most, steps=steps, min_n_ticks=3))


def box_texts(panel: ScatterPanel, fit: tuple[float, float] | None) -> tuple[str, str]:
    """Texts of the two boxes, above and below the 1:1 line.

    Parameters
    ----------
    panel : ScatterPanel
    fit : tuple of float, optional
        Slope and intercept.

    Returns
    -------
    upper, lower : str
        N, bias, MAE, RMSE with the unit; PCC and the fit.
    """
    found = panel.metrics
    digits = 2 if panel.unit == "K" else 4
    unit = "" if panel.unit in ("", "1") else f" {panel.unit}"

    def number(value: float, sign: str = "") -> str:
        if not math.isfinite(value):
            return "-"
        rounded = round(value, digits) or 0.0  # no minus zero
        return f"{rounded:{sign if rounded else ''}.{digits}f}{unit}"

    upper = [
        f"N = {found.n:,}",
        f"bias = {number(found.bias, '+')}",
        f"MAE = {number(found.mae)}",
        f"RMSE = {number(found.rmse)}",
    ]
    lower = [f"PCC = {found.pcc:.3f}" if math.isfinite(found.pcc) else "PCC = -"]
    if fit is not None:
        lower += [f"slope = {fit[0]:.3f}", f"intercept = {number(fit[1])}"]
    minus = "\N{MINUS SIGN}"
    return "\n".join(upper).replace("-", minus), "\n".join(lower).replace("-", minus)
