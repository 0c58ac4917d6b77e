import math

import numpy as np
import pytest

from akkd_core.errors import ParameterError

pytest.importorskip("matplotlib")

from akkd_core.figures.boxes import box_plot, build_box_plot  # noqa: E402

WEIGHTS = [0.2, 0.2, 0.2, 0.3, 0.3, 0.3, 0.4, 0.4, 0.5, 0.5, 0.6, 0.6]
VALUES = {
    "small model 1": {"PCC": WEIGHTS, "MAE": [0.1, 0.2, 0.3]},
    "small model 2": {"PCC": [0.3, math.nan, 0.5]},
}


def _medians(axes):
    return {
        round(float(np.mean(line.get_xdata())), 3): line.get_ydata()[0]
        for line in axes.get_lines()
        if line.get_linewidth() == 2.0
    }


def test_median_quartiles_and_every_value():
    (axes,) = build_box_plot(VALUES, y="teacher weight (1)").axes
    # two kinds a group: 0.2 left and right of it
    assert _medians(axes) == pytest.approx({-0.2: 0.35, 0.2: 0.2, 0.8: 0.4})
    box = axes.patches[0].get_path().vertices[:, 1]
    assert (box.min(), box.max()) == pytest.approx((0.275, 0.5))
    dots = [line for line in axes.get_lines() if line.get_marker() == "o"]
    assert [sorted(line.get_ydata()) for line in dots] == [WEIGHTS, [0.1, 0.2, 0.3], [0.3, 0.5]]
    written = [text.get_text() for text in axes.texts]
    assert written == ["median\n0.35", "median\n0.2", "median\n0.4"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == list(VALUES)
    assert axes.get_ylabel() == "teacher weight (1)"


def test_equal_values_stand_side_by_side_within_the_box():
    (axes,) = build_box_plot({"a": {"k": [0.2] * 6 + [0.5]}}, y="w").axes
    (dots,) = [line for line in axes.get_lines() if line.get_marker() == "o"]
    x = np.asarray(dots.get_xdata())
    assert len(set(np.round(x[:6], 6))) == 6
    assert np.abs(x).max() < 0.4 and x[6] == 0.0


def test_line_and_legend(tmp_path):
    figure = build_box_plot(VALUES, y="w", line=("paper: 0.3", 0.3))
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["PCC", "MAE", "paper: 0.3"]
    (line,) = [ln for ln in figure.axes[0].get_lines() if ln.get_label() == "paper: 0.3"]
    assert set(line.get_ydata()) == {0.3}
    assert build_box_plot({"a": {"k": [1.0, 2.0]}}, y="w").legends == []
    assert box_plot(tmp_path / "b.png", VALUES, y="w") is None
    assert (tmp_path / "b.png").exists()


def test_one_value_is_seen():
    (axes,) = build_box_plot({"a": {"k": [0.3]}}, y="w").axes
    assert _medians(axes) == pytest.approx({0.0: 0.3})


@pytest.mark.parametrize("values", [{}, {"a": {}}, {"a": {"k": []}}, {"a": {"k": [math.nan]}}])
def test_nothing_to_draw_is_refused(tmp_path, values):
    with pytest.raises(ParameterError, match="no finite value"):
        box_plot(tmp_path / "b.png", values, y="w")
    assert list(tmp_path.iterdir()) == []
