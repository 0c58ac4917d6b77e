import math
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from akkd_core.errors import ParameterError

pytest.importorskip("matplotlib")

from matplotlib.dates import num2date  # noqa: E402

from akkd_core.figures.series import TimedValues, build_time_series, time_series  # noqa: E402

START = datetime(2020, 7, 1, tzinfo=timezone.utc)
TIMES = [START + timedelta(hours=i) for i in range(6)]
STATION = TimedValues(TIMES, [290, 292, math.nan, 298, 300, 299])


def test_reference_is_a_line_with_gaps_and_estimates_are_markers():
    estimate = TimedValues([TIMES[1], TIMES[4]], [293.0, 299.0], [0.5, 1.0])
    figure = build_time_series(STATION, {"student": estimate}, quantity="LST", unit="K")
    (axes,) = figure.axes
    line = next(ln for ln in axes.get_lines() if ln.get_label() == "station")
    np.testing.assert_array_equal(line.get_ydata(), STATION.values)
    (bars,) = axes.containers
    markers, _, (stems,) = bars
    assert markers.get_ydata().tolist() == [293.0, 299.0]
    assert markers.get_linestyle() == "None"
    spans = [np.ptp(path.vertices[:, 1]) for path in stems.get_paths()]
    assert spans == pytest.approx([1.0, 2.0])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time (UTC)", "LST (K)")
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["station", "student"]


def test_times_of_other_zones_are_drawn_in_utc():
    colorado = timezone(timedelta(hours=-7))
    local = TimedValues([time.astimezone(colorado) for time in TIMES], STATION.values)
    (axes,) = build_time_series(local, {}, quantity="LST", unit="K").axes
    drawn = [num2date(x) for x in axes.get_lines()[0].get_xdata(orig=False)]
    assert drawn[0].replace(microsecond=0) == START
    assert local.utc() == TIMES


def test_a_single_value_is_seen(tmp_path):
    one = TimedValues([START], [300.0])
    (axes,) = build_time_series(one, {"student": one}, quantity="LST", unit="K").axes
    assert axes.get_lines()[0].get_marker() == "o"
    assert np.diff(axes.get_xlim()) == pytest.approx(1.0)
    assert time_series(tmp_path / "t.png", one, {}, quantity="LST", unit="K") is None
    assert (tmp_path / "t.png").exists()


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ParameterError, match="no finite value"):
        TimedValues(TIMES[:2], [math.nan, math.nan])
    with pytest.raises(ParameterError, match="no finite value"):
        TimedValues([], [])
    with pytest.raises(ParameterError, match="differ in length"):
        TimedValues(TIMES[:2], [300.0])
    with pytest.raises(ParameterError, match="differ in length"):
        TimedValues(TIMES[:2], [300.0, 301.0], [1.0])
    with pytest.raises(ParameterError, match="without a time zone"):
        TimedValues([datetime(2020, 7, 1)], [300.0])
