"""Curves over time: how a training went, and how fast searches found a good network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.figures.style import (
    COLOURS,
    TEXT_SIZE,
    label,
    legend,
    make_figure,
    plain_log_scale,
    save_png,
)

_LOG_FROM = 5.0
"""Ratio of greatest to least value from which an axis is logarithmic."""

_CROSS = {"marker": "x", "markersize": 6, "markeredgewidth": 1.4}


def learning_curve(
    path: str | Path,
    columns: Mapping[str, Sequence[float]],
    *,
    units: Mapping[str, str],
    kept_epoch: int | None = None,
) -> Any:
    """Draw loss and the error of each target against the epoch, as PNG.

    Parameters
    ----------
    path : path
        To write.
    columns : mapping of str to sequence of float
        Of equal length: ``loss`` and ``val_loss``; for each target ``mae_NAME`` and
        ``val_mae_NAME``, each of which may be missing; ``epoch``, or else 1, 2, 3...
    units : mapping of str to str
        Unit of each target to draw, e.g. ``{'lst': 'K', 'lse_10': '1'}``.
    kept_epoch : int, optional
        Epoch whose weights are kept: marked in every panel.

    Returns
    -------
    matplotlib.figure.Figure
        What was drawn: the panel of the loss first, then the targets in order.

    Raises
    ------
    ParameterError
        If no epoch, neither loss, or nothing of a target is there.
    MissingDependencyError
        Without matplotlib.
    ProductWriteError
        If the file can't be written.
    """
    panels = [("loss", "Loss", "loss")]
    panels += [(f"mae_{name}", _title(name), f"MAE ({unit})") for name, unit in units.items()]
    across = len(panels) if len(panels) <= 3 else -(-len(panels) // 2)
    down = -(-len(panels) // across)
    figure, axes = make_figure(down, across, panel_mm=(80.0, 62.0))
    for (column, title, unit), panel in zip(panels, axes, strict=False):
        _epochs_panel(panel, columns, column, kept_epoch)
        label(panel, title=title, x="epoch", y=unit)
    plain_log_scale(axes[0])
    legend(figure, axes[0])
    for spare in axes[len(panels) :]:
        spare.set_visible(False)
    save_png(figure, path)
    return figure


def _title(name: str) -> str:
    """LST, LSE band 10."""
    head, _, band = name.partition("_")
    return f"{head.upper()} band {band}" if band else head.upper()


def _epochs_panel(
    axes: Any, columns: Mapping[str, Sequence[float]], column: str, kept_epoch: int | None
) -> None:
    from matplotlib.ticker import MaxNLocator

    drawn: list[float] = []
    for name, colour, text in (
        (column, COLOURS[0], "training"),
        (f"val_{column}", COLOURS[1], "validation"),
    ):
        values = np.asarray(columns.get(name, ()), dtype=float)
        if not len(values):
            continue
        epochs = columns.get("epoch") or range(1, len(values) + 1)
        axes.plot(epochs, values, color=colour, linewidth=1.4, label=text, marker=_dot(values))
        drawn += values.tolist()
    if not drawn:
        raise ParameterError(f"learning curve: no values of {column} or val_{column}")
    if _wide(drawn):
        plain_log_scale(axes)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    if kept_epoch is not None:
        axes.axvline(
            kept_epoch,
            color="#555555",
            linewidth=1.0,
            linestyle="--",
            label=f"kept (epoch {kept_epoch})",
        )


def _dot(values: NDArray[np.floating]) -> str | None:
    """Marker of a line: a single value would not be seen without."""
    return "o" if np.isfinite(values).sum() == 1 else None


def _wide(values: Sequence[float]) -> bool:
    finite = [value for value in values if math.isfinite(value)]
    return bool(finite) and min(finite) > 0 and max(finite) > _LOG_FROM * min(finite)


def best_so_far(scores: Sequence[float | None]) -> NDArray[np.float64]:
    """Lowest score up to and with each trial; NaN before the first that did not fail.

    Parameters
    ----------
    scores : sequence of float or None
        None or not finite: failed.
    """
    numbers = np.array([math.nan if s is None else s for s in scores], dtype=float)
    numbers[~np.isfinite(numbers)] = np.nan
    best: NDArray[np.float64] = np.fmin.accumulate(numbers)
    return best


def convergence(
    path: str | Path,
    scores: Mapping[str, Sequence[float | None]],
    *,
    objective: str = "validation MAE",
    title: str = "",
) -> Any:
    """Draw the best score so far of one or more searches against the trial number, as PNG.

    A dot is a trial's own score, a cross at the top a trial that failed.

    Parameters
    ----------
    path : path
        To write.
    scores : mapping of str to sequence of float or None
        Of each search (its name stands in the legend), trials in order; lower is better; None or
        not finite: failed.
    objective : str
        What a score is, with its unit, e.g. 'validation MAE (K)'.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        What was drawn, a single panel.

    Raises
    ------
    ParameterError
        If there is no trial at all.
    MissingDependencyError
        Without matplotlib.
    ProductWriteError
        If the file can't be written.
    """
    if not any(len(trials) for trials in scores.values()):
        raise ParameterError("convergence chart: no trials")
    figure, (axes,) = make_figure(panel_mm=(150.0, 95.0))
    failures = 0
    seen: list[float] = []
    for i, (name, trials) in enumerate(scores.items()):
        colour = COLOURS[i % len(COLOURS)]
        best = best_so_far(trials)
        numbers = np.arange(1, len(trials) + 1)
        own = [s if s is not None and math.isfinite(s) else math.nan for s in trials]
        axes.plot(numbers, best, color=colour, linewidth=1.6, drawstyle="steps-post", label=name)
        axes.plot(numbers, own, linestyle="none", marker="o", markersize=3.5, color=colour,
                  alpha=0.45)  # fmt: skip
        failed = numbers[np.isnan(own)]
        _crosses(axes, failed, colour, height=0.98 - 0.035 * i)
        failures += len(failed)
        seen += own
    if _wide(seen):
        plain_log_scale(axes)
    _trial_axis(axes, max(len(trials) for trials in scores.values()))
    label(axes, title=title, x="trial", y=objective)
    if failures:  # an entry without data, in no search's colour
        axes.plot([], [], linestyle="none", **_CROSS, color="#555555", label="failed trial")
    if len(scores) > 1 or failures:
        legend(figure, axes)
    save_png(figure, path)
    return figure


def _crosses(axes: Any, trials: NDArray[np.integer], colour: str, *, height: float) -> None:
    """Mark failed trials at the top, whatever the scale of scores."""
    if len(trials):
        axes.plot(
            trials, np.full(len(trials), height), transform=axes.get_xaxis_transform(),
            linestyle="none", **_CROSS, color=colour,
        )  # fmt: skip


def _trial_axis(axes: Any, trials: int) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(0.5, trials + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10))
    axes.tick_params(labelsize=TEXT_SIZE)
