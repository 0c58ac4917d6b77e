import math

import numpy as np
import pytest

from akkd_core.errors import ParameterError

pytest.importorskip("matplotlib")

from akkd_core.figures.radar import RadarPanel, build_radar, radar  # noqa: E402

SPOKES = [f"{w / 10:.1f}" for w in range(1, 10)]
LINES = {
    "LST": [0.3, 1.0, 0.6, 0.4, 0.3, 0.2, 0.2, 0.1, 0.1],
    "LSE 10": [0.2, 0.5, 1.0, math.nan, 0.4, 0.3, 0.2, 0.2, 0.2],
}


def _lines(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def test_lines_close_and_start_at_the_top():
    (axes,) = build_radar([RadarPanel("MAE", SPOKES, LINES)], spoke_name="teacher weight").axes
    lines = _lines(axes)
    np.testing.assert_array_equal(lines["LST"].get_ydata(), [*LINES["LST"], LINES["LST"][0]])
    np.testing.assert_array_equal(lines["LSE 10"].get_ydata(), [*LINES["LSE 10"], 0.2])
    np.testing.assert_allclose(lines["LST"].get_xdata()[:9], np.arange(9) * 2 * np.pi / 9)
    assert lines["LST"].get_xdata()[-1] == 0.0
    assert axes.get_theta_offset() == pytest.approx(np.pi / 2)
    assert axes.get_theta_direction() == -1
    assert [tick.get_text() for tick in axes.get_xticklabels()] == SPOKES
    assert axes.get_xlabel() == "teacher weight"
    assert axes.get_title(loc="left") == "MAE"


def test_a_series_looks_the_same_in_all_panels_and_unlike_the_others():
    first = RadarPanel("a", SPOKES, LINES)
    second = RadarPanel("b", SPOKES, {"LSE 10": LINES["LST"]})
    figure = build_radar([first, second])
    a, b = (_lines(axes) for axes in figure.axes)

    def look(line):
        return line.get_color(), line.get_marker(), line.get_linestyle()

    assert look(a["LSE 10"]) == look(b["LSE 10"])
    assert all(x != y for x, y in zip(look(a["LSE 10"]), look(a["LST"]), strict=True))
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["LST", "LSE 10"]


def test_numbers_of_the_rings_stand_where_lines_are_lowest():
    (axes,) = build_radar([RadarPanel("", SPOKES, {"LST": LINES["LST"]})]).axes
    rings = [(text.get_position(), text.get_text()) for text in axes.texts]
    assert [text for _, text in rings] == ["0.25", "0.5", "0.75", "1"]
    # between 0.8 and 0.9, both 0.1
    assert {round(place[0], 6) for place, _ in rings} == {round(7.5 * 2 * np.pi / 9, 6)}


def test_it_is_written(tmp_path):
    assert radar(tmp_path / "r.png", [RadarPanel("", SPOKES, LINES)]) is None
    assert (tmp_path / "r.png").read_bytes()[:4] == b"\x89PNG"


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ParameterError, match="2 spokes"):
        RadarPanel("MAE", ["0.1", "0.2"], {"LST": [1, 1]})
    with pytest.raises(ParameterError, match="LST has 2 values for 9 spokes"):
        RadarPanel("MAE", SPOKES, {"LST": [1, 1]})
    with pytest.raises(ParameterError, match="MAE: no finite value"):
        RadarPanel("MAE", SPOKES, {"LST": [math.nan] * 9})
    with pytest.raises(ParameterError, match="no finite value"):
        RadarPanel("", SPOKES, {})
    with pytest.raises(ParameterError, match="no panels"):
        build_radar([])
