"""Maps side by side on one scale of colours, and maps of differences around zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.figures.style import INK, colour_bar, label, make_figure, save_png, with_unit

_MISSING = "#BDBDBD"
_LARGEST = 1200
_CENTRAL_PERCENT = (1.0, 99.0)
_DIFFERENCE_PERCENT = 98.0
_PANEL_WIDTH_MM = 78.0
_SINGLE_WIDTH_MM = 110.0
_M_PER_KM = 1000.0


@dataclass(frozen=True)
class MapPanel:
    """One map.

    Parameters
    ----------
    title : str
    data : ndarray of float, (row, col)
        NaN where invalid, drawn grey. North up.
    extent_m : tuple of float, optional
        Left, right, bottom, top, m: maps of different pixel sizes then show the same ground. By
        default columns and rows are counted.
    """

    title: str
    data: NDArray[np.floating]
    extent_m: tuple[float, float, float, float] | None = None

    def __post_init__(self) -> None:
        name = self.title or "map"
        if np.ndim(self.data) != 2:
            raise ParameterError(f"{name}: shape {np.shape(self.data)}, expected rows and columns")
        if not np.isfinite(self.data).any():
            raise ParameterError(f"{name}: no valid pixel to draw")
        if self.extent_m is not None:
            left, right, bottom, top = self.extent_m
            if not (left < right and bottom < top):
                raise ParameterError(f"{name}: extent {self.extent_m} is empty or upside down")


def maps(
    path: str | Path,
    panels: Sequence[MapPanel],
    *,
    quantity: str,
    unit: str,
    columns: int = 3,
    limits: tuple[float, float] | None = None,
) -> None:
    """Write maps on one scale of colours as PNG.

    Parameters
    ----------
    path : path
        To write.
    panels, quantity, unit, columns, limits
        As of `build_maps`.

    Raises
    ------
    ParameterError, MissingDependencyError
        As `build_maps`.
    ProductWriteError
        If the file can't be written.
    """
    save_png(build_maps(panels, quantity=quantity, unit=unit, columns=columns, limits=limits), path)


def build_maps(
    panels: Sequence[MapPanel],
    *,
    quantity: str,
    unit: str,
    columns: int = 3,
    limits: tuple[float, float] | None = None,
) -> Any:
    """Draw maps side by side on one scale of colours.

    Parameters
    ----------
    panels : sequence of MapPanel
    quantity, unit : str
        For the colour bar: ``LST`` and ``K``.
    columns : int
        Panels in a row.
    limits : tuple of float, optional
        Ends of the scale, in ``unit``; by default those that hold the central 98 % of each map.

    Returns
    -------
    matplotlib.figure.Figure
        The maps in order, then the colour bar.

    Raises
    ------
    ParameterError
        If there is no panel, or the limits are not ascending.
    MissingDependencyError
        Without matplotlib.
    """
    _need(panels)
    if limits is None:
        ends = np.array([np.nanpercentile(_finite(p), _CENTRAL_PERCENT) for p in panels])
        low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
        limits = (low, high) if low < high else (low - 0.5, low + 0.5)
    if not limits[0] < limits[1]:
        raise ParameterError(f"maps: limits {limits} are not ascending")
    return _build(panels, "inferno", limits, with_unit(quantity, unit), columns)


def difference_maps(
    path: str | Path,
    panels: Sequence[MapPanel],
    *,
    quantity: str,
    unit: str,
    columns: int = 3,
    limit: float | None = None,
) -> None:
    """Write maps of differences as PNG.

    Parameters
    ----------
    path : path
        To write.
    panels, quantity, unit, columns, limit
        As of `build_difference_maps`.

    Raises
    ------
    ParameterError, MissingDependencyError
        As `build_difference_maps`.
    ProductWriteError
        If the file can't be written.
    """
    figure = build_difference_maps(
        panels, quantity=quantity, unit=unit, columns=columns, limit=limit
    )
    save_png(figure, path)


def build_difference_maps(
    panels: Sequence[MapPanel],
    *,
    quantity: str,
    unit: str,
    columns: int = 3,
    limit: float | None = None,
) -> Any:
    """Draw maps of differences on one diverging scale that is centred at zero.

    Parameters
    ----------
    panels : sequence of MapPanel
        Estimate minus reference.
    quantity, unit : str
        For the colour bar: ``LST minus MOD11`` and ``K``.
    columns : int
        Panels in a row.
    limit : float, optional
        The scale goes from minus this to this, in ``unit``; by default it holds 98 % of each map.

    Returns
    -------
    matplotlib.figure.Figure
        The maps in order, then the colour bar.

    Raises
    ------
    ParameterError
        If there is no panel, or the limit is not positive.
    MissingDependencyError
        Without matplotlib.
    """
    _need(panels)
    if limit is None:
        ends = [float(np.percentile(np.abs(_finite(p)), _DIFFERENCE_PERCENT)) for p in panels]
        limit = max(ends) or 1.0
    if not limit > 0:
        raise ParameterError(f"difference maps: limit is {limit}, must be positive")
    return _build(panels, "RdBu_r", (-limit, limit), with_unit(quantity, unit), columns)


def _need(panels: Sequence[MapPanel]) -> None:
    if not panels:
        raise ParameterError("maps: no panels")


def _finite(panel: MapPanel) -> NDArray[np.floating]:
    values: NDArray[np.floating] = panel.data[np.isfinite(panel.data)]
    return values


def _build(
    panels: Sequence[MapPanel], colours: str, limits: tuple[float, float], text: str, columns: int
) -> Any:
    across = min(columns, len(panels))
    down = -(-len(panels) // across)
    width = _SINGLE_WIDTH_MM if len(panels) == 1 else _PANEL_WIDTH_MM
    size = (width, _height_mm(panels, width))
    figure, axes = make_figure(down, across, panel_mm=size)
    drawn: Any = None
    for panel, place in zip(panels, axes, strict=False):
        drawn = _draw(place, panel, colours, limits)
    for spare in axes[len(panels) :]:
        spare.set_visible(False)
    colour_bar(figure, drawn, axes[: len(panels)], text, extend=_beyond(panels, limits))
    return figure


def _height_mm(panels: Sequence[MapPanel], width: float) -> float:
    """Height of a panel that its maps fill, so that no white stays around them."""
    shapes = []
    for panel in panels:
        rows, cols = panel.data.shape
        left, right, bottom, top = panel.extent_m or (0.0, cols, 0.0, rows)
        shapes.append((top - bottom) / (right - left))
    return min(max(18.0 + (width - 22.0) * max(shapes), 40.0), 130.0)


def _beyond(panels: Sequence[MapPanel], limits: tuple[float, float]) -> str:
    below = any(float(_finite(panel).min()) < limits[0] for panel in panels)
    above = any(float(_finite(panel).max()) > limits[1] for panel in panels)
    return {(False, False): "neither", (True, False): "min", (False, True): "max"}.get(
        (below, above), "both"
    )


def _draw(axes: Any, panel: MapPanel, colours: str, limits: tuple[float, float]) -> Any:
    import matplotlib

    scale = matplotlib.colormaps[colours].with_extremes(bad=_MISSING)
    rows, cols = panel.data.shape
    extent = panel.extent_m
    edges = (0.0, cols, rows, 0.0) if extent is None else tuple(v / _M_PER_KM for v in extent)
    drawn = axes.imshow(
        np.ma.masked_invalid(reduced(panel.data, _LARGEST)), cmap=scale, vmin=limits[0],
        vmax=limits[1], extent=edges, interpolation="nearest", origin="upper",
    )  # fmt: skip
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(INK)
    _ticks(axes, whole=extent is not None)
    names = ("column", "row") if extent is None else ("easting (km)", "northing (km)")
    label(axes, title=panel.title, x=names[0], y=names[1])
    return drawn


def _ticks(axes: Any, *, whole: bool) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
        if whole:  # no offset or power of ten: the numbers are to be found in a GIS
            axis.set_major_formatter(FuncFormatter(lambda value, _: _plain(value)))


def _plain(value: float) -> str:
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


def reduced(data: NDArray[np.floating], largest: int) -> NDArray[np.floating]:
    """Mean of valid pixels over blocks, so that neither side is longer than ``largest``.

    Parameters
    ----------
    data : ndarray of float, (row, col)
        NaN where invalid; its unit stays.
    largest : int
        Pixels. A smaller image is returned as it is; of a larger one the last rows and columns
        that fill no block are left out.
    """
    step = -(-max(data.shape) // largest)
    if step == 1:
        return data
    rows, cols = (max(side // step, 1) for side in data.shape)
    if min(data.shape) < step:
        return np.asarray(data[::step, ::step])
    mean = np.full((rows, cols), np.nan, dtype=data.dtype)
    for row in range(rows):  # one by one: a whole granule at once would need gigabytes
        blocks = data[row * step : (row + 1) * step, : cols * step].reshape(step, cols, step)
        valid = np.isfinite(blocks)
        count = valid.sum(axis=(0, 2))
        total = np.where(valid, blocks, 0.0).sum(axis=(0, 2), dtype=np.float64)
        mean[row, count > 0] = total[count > 0] / count[count > 0]
    return mean
