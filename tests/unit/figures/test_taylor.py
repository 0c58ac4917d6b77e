import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from akkd_core.errors import ParameterError
from akkd_core.validation.metrics import metrics

pytest.importorskip("matplotlib")

from akkd_core.figures.taylor import (  # noqa: E402
    TaylorPanel,
    TaylorPoint,
    build_taylor_diagram,
    taylor_diagram,
)

POINTS = (TaylorPoint("small", 0.95, 0.95), TaylorPoint("student", 0.98, 0.984))


def _lines(axes):
    return {line.get_label(): line for line in axes.get_lines()}


@given(st.floats(0, 3), st.floats(-1, 1))
def test_distance_from_the_reference_is_the_centred_rmse(sd_ratio, pcc):
    point = TaylorPoint("a", sd_ratio, pcc)
    x, y = point.place
    assert math.hypot(x - 1.0, y) == pytest.approx(point.rmse_ratio, abs=1e-7)
    assert math.hypot(x, y) == pytest.approx(sd_ratio)
    assert y >= 0


def test_against_metrics_of_real_arrays():
    rng = np.random.default_rng(0)
    reference = rng.normal(300, 8, 4000)
    estimate = 0.9 * reference + rng.normal(33, 2, 4000)
    found = metrics(estimate, reference)
    point = TaylorPoint("a", estimate.std() / reference.std(), found.pcc)
    assert point.rmse_ratio * reference.std() == pytest.approx(found.ubrmse, rel=1e-9)


def test_points_and_reference_lie_where_they_should():
    figure = build_taylor_diagram([TaylorPanel("LST", POINTS)])
    lines = _lines(figure.axes[0])
    assert lines["reference"].get_xydata().tolist() == [[1.0, 0.0]]
    for point in POINTS:
        np.testing.assert_allclose(lines[point.name].get_xydata(), [point.place])
    assert lines["small"].get_marker() != lines["student"].get_marker()
    assert figure.axes[0].get_aspect() == 1.0
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["reference", "small", "student", "centred RMSE (1)"]
    assert figure.axes[0].get_xlabel() == "standard deviation / reference's (1)"


def test_arcs_of_centred_rmse_are_numbered():
    (axes,) = build_taylor_diagram([TaylorPanel("LST", POINTS)]).axes
    green = [text for text in axes.texts if text.get_color() == "#009E73"]
    assert [text.get_text() for text in green] == ["0.25", "0.5", "0.75", "1"]
    for text in green:
        x, y = text.get_position()
        assert math.hypot(x - 1.0, y) == pytest.approx(float(text.get_text()))
        # not on a point
        assert min(math.hypot(x - p.place[0], y - p.place[1]) for p in POINTS) > 0.1


def test_a_negative_correlation_opens_the_other_half():
    (axes,) = build_taylor_diagram([TaylorPanel("x", (TaylorPoint("bad", 1.4, -0.3),))]).axes
    assert axes.get_xlim()[0] < -1.4
    assert "\N{MINUS SIGN}0.9" in [text.get_text() for text in axes.texts]
    assert build_taylor_diagram([TaylorPanel("x", POINTS)]).axes[0].get_xlim()[0] == 0.0


def test_ticks_of_the_zoom_are_where_its_lines_leave_it(tmp_path):
    figure = build_taylor_diagram([TaylorPanel("LST", POINTS)], zoom=True)
    whole, close = figure.axes
    left, right = close.get_xlim()
    bottom, top = close.get_ylim()
    assert right - left == pytest.approx(top - bottom)
    for point in POINTS:
        x, y = point.place
        assert left < x < right and bottom < y < top
        np.testing.assert_allclose(_lines(close)[point.name].get_xydata(), [point.place])
    radii = [float(tick.get_text()) for tick in close.get_xticklabels()]
    rays = [float(tick.get_text()) for tick in close.get_yticklabels()]
    assert len(radii) >= 2 and len(rays) >= 2
    np.testing.assert_allclose(np.hypot(close.get_xticks(), bottom), radii)
    np.testing.assert_allclose(right / np.hypot(right, close.get_yticks()), rays)
    assert close.get_ylabel() == "PCC (1)"
    assert taylor_diagram(tmp_path / "t.png", [TaylorPanel("LST", POINTS)], zoom=True) is None
    assert (tmp_path / "t.png").exists()


def test_a_single_point_can_be_zoomed_on():
    figure = build_taylor_diagram([TaylorPanel("LST", POINTS[:1])], zoom=True)
    figure.canvas.draw()


def test_methods_of_other_panels_are_in_the_legend():
    other = TaylorPanel("LSE", (TaylorPoint("teacher", 1.0, 0.9),))
    figure = build_taylor_diagram([TaylorPanel("LST", POINTS), other])
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert set(names) == {"reference", "small", "student", "teacher", "centred RMSE (1)"}


@pytest.mark.parametrize(
    ("sd_ratio", "pcc"), [(math.nan, 0.9), (1.0, math.nan), (-0.1, 0.9), (1.0, 1.1)]
)
def test_undefined_points_are_refused(sd_ratio, pcc):
    with pytest.raises(ParameterError, match="student has"):
        TaylorPoint("student", sd_ratio, pcc)


def test_nothing_to_draw_is_refused():
    with pytest.raises(ParameterError, match="LST: no points"):
        TaylorPanel("LST", ())
    with pytest.raises(ParameterError, match="no panels"):
        build_taylor_diagram([])
    with pytest.raises(ParameterError, match="no zoom"):
        build_taylor_diagram([TaylorPanel("x", (TaylorPoint("a", 1.0, -0.3),))], zoom=True)
