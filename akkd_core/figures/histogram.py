"""Histograms of errors, one line a product."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from akkd_core.errors import ParameterError
from akkd_core.figures.style import (
    COLOURS,
    INK,
    LINE_STYLES,
    label,
    legend,
    make_figure,
    save_png,
    with_unit,
)

_CENTRAL_PERCENT = 99.0
_BINS, _FEWEST_BINS = 60, 8


def error_histogram(
    path: str | Path,
    errors: Mapping[str, ArrayLike],
    *,
    quantity: str,
    unit: str,
    title: str = "",
    limit: float | None = None,
    noun: str = "error",
) -> None:
    """Write a histogram of errors as PNG.

    Parameters
    ----------
    path : path
        To write.
    errors, quantity, unit, title, limit, noun
        As of `build_error_histogram`.

    Raises
    ------
    ParameterError, MissingDependencyError
        As `build_error_histogram`.
    ProductWriteError
        If the file can't be written.
    """
    figure = build_error_histogram(
        errors, quantity=quantity, unit=unit, title=title, limit=limit, noun=noun
    )
    save_png(figure, path)


def build_error_histogram(
    errors: Mapping[str, ArrayLike],
    *,
    quantity: str,
    unit: str,
    title: str = "",
    limit: float | None = None,
    noun: str = "error",
) -> Any:
    """Draw histograms of errors over the same bins, around zero.

    The height is the part of all errors that falls into a bin, so products of different numbers of
    pixels compare. The legend tells the mean error, marked at the foot, and what lies outside.

    Parameters
    ----------
    errors : mapping of str to array_like
        Estimate minus reference of each product, float, in one unit; what isn't finite is left out.
    quantity, unit : str
        For the axis: ``LST`` and ``K``.
    title : str
    limit : float, optional
        Bins within plus or minus this, in ``unit``; by default so that 99 % of the errors of every
        product lie inside.
    noun : str
        What the values are; ``difference`` where the reference isn't the truth.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ParameterError
        If a product has no finite error, or the limit isn't positive.
    MissingDependencyError
        Without matplotlib.
    """
    finite = {name: _finite(name, values) for name, values in errors.items()}
    if not finite:
        raise ParameterError("error histogram: no errors")
    if limit is not None and not limit > 0:
        raise ParameterError(f"error histogram: limit is {limit}, must be positive")
    # of fewer than a hundred errors none is left out
    edge = limit or max(
        float(np.percentile(np.abs(values), _CENTRAL_PERCENT, method="higher"))
        for values in finite.values()
    )
    digits = 2 if unit == "K" else 4
    edges = np.linspace(-1.0, 1.0, bin_count(min(map(len, finite.values()))) + 1) * (edge or 1.0)
    figure, (axes,) = make_figure(panel_mm=(120.0, 80.0), title_mm=5.0 * len(finite))
    for i, (name, values) in enumerate(finite.items()):
        counts, _ = np.histogram(values, edges)
        outside = 100.0 * (values.size - counts.sum()) / values.size
        text = f"{name}: mean " + f"{values.mean():+.{digits}f}".replace("-", "\N{MINUS SIGN}")
        text += f" {unit}" if unit not in ("", "1") else ""
        text += f", beyond {outside:.1f} %" if outside > 0 else ""
        colour = COLOURS[i % len(COLOURS)]
        axes.stairs(
            100.0 * counts / values.size, edges, label=text, color=colour, linewidth=1.5,
            linestyle=LINE_STYLES[i % len(LINE_STYLES)], fill=False,
        )  # fmt: skip
        axes.axvline(values.mean(), ymax=0.05, color=colour, linewidth=2.5)
    axes.axvline(0.0, color=INK, linewidth=0.8)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(bottom=0.0)
    label(axes, title=title, x=with_unit(f"{noun} of {quantity}", unit),
          y=f"part of all {noun}s in a bin (%)")  # fmt: skip
    legend(figure, axes)
    return figure


def bin_count(errors: int) -> int:
    """Return a number of bins that so many errors fill; even, so that zero is an edge."""
    return min(max(2 * round(math.sqrt(errors)), _FEWEST_BINS), _BINS)


def _finite(name: str, values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64).ravel()
    array = array[np.isfinite(array)]
    if not array.size:
        raise ParameterError(f"error histogram: {name} has no finite error")
    return array
