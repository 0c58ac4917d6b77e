"""Charts of stated errors and of sharp borders show what they are given."""

from __future__ import annotations

import pytest

from akkd_core.errors import ParameterError

pytest.importorskip("matplotlib")

from akkd_core.figures.accuracy import (  # noqa: E402
    ReliabilityPanel,
    build_edge_response,
    build_reliability,
)


def test_reliability_has_a_diagonal_and_equal_axes() -> None:
    curves = {"RMS error": ([0.5, 1.0], [0.4, 1.2]), "68 %": ([0.5, 1.0], [0.45, 1.0])}
    figure = build_reliability([ReliabilityPanel("LST", "K", curves)] * 4)
    used = [axes for axes in figure.axes if axes.get_visible()]
    assert len(used) == 4 and len(figure.axes) == 6
    lines = used[0].get_lines()
    assert lines[0].get_ydata().tolist() == [0.4, 1.2]
    assert lines[2].get_xdata().tolist() == lines[2].get_ydata().tolist()
    assert used[0].get_xlim() == used[0].get_ylim() == (0.0, pytest.approx(1.2 * 1.08))
    assert used[0].get_xlabel() == "predicted error (K)"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["RMS error", "68 %"]


def test_edge_response_stands_over_the_truth() -> None:
    figure = build_edge_response(
        [-1.5, -0.5, 0.5, 1.5], {"LST": {"a": [0, 0.25, 0.75, 1], "b": [0, 0, 1, 1]}}
    )
    lines = figure.axes[0].get_lines()
    assert lines[0].get_ydata().tolist() == [0, 0, 1, 1] and lines[0].get_label() == "truth"
    assert list(lines[1].get_ydata()) == [0, 0.25, 0.75, 1]


def test_nothing_to_draw() -> None:
    with pytest.raises(ParameterError, match="no errors"):
        build_reliability([ReliabilityPanel("LST", "K", {"a": ([], [])})])
    with pytest.raises(ParameterError, match="no responses"):
        build_edge_response([0.5], {"LST": {}})
