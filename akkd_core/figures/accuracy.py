"""Charts of errors that a product states, and of how it follows sharp borders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from akkd_core.errors import ParameterError
from akkd_core.figures.style import (
    COLOURS,
    INK,
    LINE_STYLES,
    MARKERS,
    label,
    legend,
    make_figure,
    with_unit,
)

Curve = tuple[Sequence[float], Sequence[float]]
"""Values on the horizontal and on the vertical axis."""


@dataclass(frozen=True)
class ReliabilityPanel:
    """One quantity.

    Parameters
    ----------
    title : str
    unit : str
    curves : mapping of str to Curve
        True against predicted error, both above 0, by name.
    """

    title: str
    unit: str
    curves: Mapping[str, Curve]


def build_reliability(panels: Sequence[ReliabilityPanel], *, columns: int = 3) -> Any:
    """Draw true against predicted errors; on the grey line they are equal.

    Parameters
    ----------
    panels : sequence of ReliabilityPanel
    columns : int

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ParameterError
        If there is nothing to draw.
    MissingDependencyError
        Without matplotlib.
    """
    if not any(len(x) for panel in panels for x, _ in panel.curves.values()):
        raise ParameterError("reliability chart: no errors")
    across = min(columns, len(panels))
    figure, axes = make_figure(-(-len(panels) // across), across, panel_mm=(68.0, 62.0))
    for panel, place in zip(panels, axes, strict=False):
        drawn = [0.0]
        for number, (name, (x, y)) in enumerate(panel.curves.items()):
            drawn += [*x, *y]
            place.plot(
                x, y, color=COLOURS[number % len(COLOURS)], linewidth=1.3, label=name,
                marker=MARKERS[number % len(MARKERS)], markersize=4,
            )  # fmt: skip
        top = 1.08 * max(drawn)
        place.plot([0.0, top], [0.0, top], color="#999999", linewidth=1.0, zorder=1)
        place.set_xlim(0.0, top)
        place.set_ylim(0.0, top)
        place.set_aspect("equal")
        label(
            place,
            title=panel.title,
            x=with_unit("predicted error", panel.unit),
            y=with_unit("true error", panel.unit),
        )
    for spare in axes[len(panels) :]:
        spare.set_visible(False)
    legend(figure, axes[0])
    return figure


def build_edge_response(
    offsets: Sequence[float], panels: Mapping[str, Mapping[str, Sequence[float]]]
) -> Any:
    """Draw the response to a step against the distance from it.

    Parameters
    ----------
    offsets : sequence of float
        Distances, pixels.
    panels : mapping of str to mapping of str to sequence of float
        Of each quantity the responses by name, 0 left of the step to 1 right of it.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ParameterError
        If there is nothing to draw.
    MissingDependencyError
        Without matplotlib.
    """
    if not any(panels.values()):
        raise ParameterError("chart of edge responses: no responses")
    across = min(3, len(panels))
    figure, axes = make_figure(-(-len(panels) // across), across, panel_mm=(68.0, 55.0))
    truth = (np.asarray(offsets) > 0).astype(float)
    for (title, curves), place in zip(panels.items(), axes, strict=False):
        place.plot(offsets, truth, color=INK, linewidth=2.6, alpha=0.35, label="truth")
        for number, (name, values) in enumerate(curves.items()):
            place.plot(
                offsets, values, color=COLOURS[number % len(COLOURS)], linewidth=1.2, label=name,
                linestyle=LINE_STYLES[number % len(LINE_STYLES)],
                marker=MARKERS[number % len(MARKERS)], markersize=3.5,
            )  # fmt: skip
        place.set_ylim(-0.25, 1.25)
        label(place, title=title, x="distance from border (pixels)", y="part of the step")
    for spare in axes[len(panels) :]:
        spare.set_visible(False)
    legend(figure, axes[0])
    return figure
