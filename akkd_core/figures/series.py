"""Time series at a place: estimates of satellites over the reference of a station."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
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
    label,
    legend,
    make_figure,
    save_png,
    with_unit,
)

_HALF_DAY = timedelta(hours=12)


@dataclass(frozen=True)
class TimedValues:
    """Values at times.

    Parameters
    ----------
    times : sequence of datetime
        Aware; drawn in UTC.
    values : sequence of float
        As many; what isn't finite leaves a gap.
    spread : sequence of float, optional
        Half lengths of error bars, e.g. the standard deviation in the window, in the values' unit.

    Raises
    ------
    ParameterError
        If lengths differ, a time has no zone, or no value is finite.
    """

    times: Sequence[datetime]
    values: Sequence[float]
    spread: Sequence[float] | None = None

    def __post_init__(self) -> None:
        lengths = {len(self.times), len(self.values), len(self.spread or self.values)}
        if len(lengths) != 1:
            raise ParameterError("time series: times, values and spread differ in length")
        if any(time.tzinfo is None for time in self.times):
            raise ParameterError("time series: a time without a time zone")
        if not np.isfinite(np.asarray(self.values, dtype=np.float64)).any():
            raise ParameterError("time series: no finite value to draw")

    def utc(self) -> list[datetime]:
        """Return the times in UTC."""
        return [time.astimezone(timezone.utc) for time in self.times]

    def array(self) -> NDArray[np.float64]:
        """Return the values as float64, in their unit."""
        return np.asarray(self.values, dtype=np.float64)


def time_series(
    path: str | Path,
    reference: TimedValues,
    estimates: Mapping[str, TimedValues],
    *,
    quantity: str,
    unit: str,
    reference_name: str = "station",
    title: str = "",
    joined: bool = True,
) -> None:
    """Write a time series as PNG.

    Parameters
    ----------
    path : path
        To write.
    reference, estimates, quantity, unit, reference_name, title, joined
        As of `build_time_series`.

    Raises
    ------
    ParameterError, MissingDependencyError
        As `build_time_series`.
    ProductWriteError
        If the file can't be written.
    """
    figure = build_time_series(
        reference, estimates, quantity=quantity, unit=unit, reference_name=reference_name,
        title=title, joined=joined,
    )  # fmt: skip
    save_png(figure, path)


def build_time_series(
    reference: TimedValues,
    estimates: Mapping[str, TimedValues],
    *,
    quantity: str,
    unit: str,
    reference_name: str = "station",
    title: str = "",
    joined: bool = True,
) -> Any:
    """Draw the reference as a line or circles and the estimates as markers over it.

    Parameters
    ----------
    reference : TimedValues
    estimates : mapping of str to TimedValues
        By product.
    quantity, unit : str
        For the axis: ``LST`` and ``K``.
    reference_name : str
        For the legend.
    title : str
        E.g. the station's name and place.
    joined : bool
        Whether the reference is a line; without, circles: its values are too far apart for one.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    MissingDependencyError
        Without matplotlib.
    """
    figure, (axes,) = make_figure(panel_mm=(170.0, 78.0), title_mm=4.0)
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    alone = not joined or np.isfinite(reference.array()).sum() == 1
    axes.plot(
        reference.utc(), reference.array(), color=INK, linewidth=1.2, label=reference_name,
        linestyle="-" if joined else "none", marker="o" if alone else None,
        markersize=4 if joined else 9, markerfacecolor=INK if joined else "none",
    )  # fmt: skip
    for i, (name, series) in enumerate(estimates.items()):
        colour = COLOURS[i % len(COLOURS)]
        axes.errorbar(
            series.utc(), series.array(), yerr=series.spread, linestyle="none", color=colour,
            marker=MARKERS[i % len(MARKERS)], markersize=6.5, markeredgecolor="white",
            markeredgewidth=0.6, ecolor=colour, elinewidth=1.0, capsize=2.5, label=name, zorder=4,
        )  # fmt: skip
    moments = {time for series in (reference, *estimates.values()) for time in series.utc()}
    if len(moments) == 1:
        # a day around it; matplotlib's own margin is years
        (moment,) = moments
        axes.set_xlim(moment - _HALF_DAY, moment + _HALF_DAY)
    locator = AutoDateLocator(minticks=4, maxticks=9, tz=timezone.utc)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=timezone.utc))
    axes.xaxis.get_offset_text().set_fontsize(TEXT_SIZE)
    label(axes, title=title, x="time (UTC)", y=with_unit(quantity, unit))
    legend(figure, axes)
    return figure
