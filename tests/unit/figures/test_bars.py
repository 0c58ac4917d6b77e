import math

import numpy as np
import pytest

from akkd_core.errors import ParameterError

pytest.importorskip("matplotlib")

from akkd_core.figures.bars import BarPanel, build_grouped_bars, grouped_bars  # noqa: E402

VARIANTS = ("small", "incremental", "student")
VALUES = {
    "paper": (1.099, math.nan, 0.731),
    "ours, labels": (0.9, 0.88, 0.84),
    "ours, truth": (1.3, 1.28, 1.18),
}
ERRORS = {"ours, truth": (0.1, math.nan, 0.2)}


def _panel(**changes):
    fields = {"title": "LST", "y": "MAE (K)", "variants": VARIANTS, "values": VALUES}
    return BarPanel(**(fields | {"errors": ERRORS} | changes))


def test_bars_have_the_values_side_by_side():
    figure = build_grouped_bars([_panel()])
    (axes,) = figure.axes
    bars = [group for group in axes.containers if hasattr(group, "patches")]
    assert [group.get_label() for group in bars] == list(VALUES)
    for group, values in zip(bars, VALUES.values(), strict=True):
        np.testing.assert_array_equal([bar.get_height() for bar in group], values)
        assert all(bar.get_y() == 0 for bar in group)
    centres = [[bar.get_x() + bar.get_width() / 2 for bar in group] for group in bars]
    np.testing.assert_allclose(np.mean(centres, axis=0), [0, 1, 2], atol=1e-9)
    assert len({bar.get_facecolor() for group in bars for bar in group}) == 3
    assert len({bar.get_hatch() for group in bars for bar in group}) == 3
    assert axes.get_ylabel() == "MAE (K)"
    assert [tick.get_text() for tick in axes.get_xticklabels()] == list(VARIANTS)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(VALUES)


def test_error_bars_where_there_are_some():
    (axes,) = build_grouped_bars([_panel()]).axes
    (bars,) = [group for group in axes.containers if not hasattr(group, "patches")]
    (stems,) = bars[2]
    spans = [(path.vertices[0, 1], path.vertices[-1, 1]) for path in stems.get_paths()]
    assert spans == [pytest.approx((1.2, 1.4)), pytest.approx((0.98, 1.38))]


def test_numbers_and_gaps_are_written():
    (axes,) = build_grouped_bars([_panel()]).axes
    written = [text.get_text() for text in axes.texts]
    assert written == ["1.10", "n/a", "0.73", "0.90", "0.88", "0.84", "1.30", "1.28", "1.18"]


def test_numbers_are_left_out_where_they_would_overlap():
    many = tuple(f"variant {i}" for i in range(14))
    values = {name: np.linspace(1, 2, 14) for name in "abc"}
    (axes,) = build_grouped_bars([_panel(variants=many, values=values, errors={})]).axes
    assert len(axes.texts) == 0


def test_values_far_from_zero_are_markers():
    (axes,) = build_grouped_bars([_panel(from_zero=False)]).axes
    assert not [group for group in axes.containers if hasattr(group, "patches")]
    lines = {line.get_label(): line for line in axes.get_lines()}
    assert lines["paper"].get_ydata().tolist()[::2] == [1.099, 0.731]
    assert len({lines[name].get_marker() for name in VALUES}) == 3
    assert axes.get_ylim()[0] > 0.5


def test_a_source_looks_the_same_in_all_panels(tmp_path):
    second = _panel(values={"ours, truth": (1.0, 2.0, 3.0)}, errors={})
    figure = build_grouped_bars([_panel(), second], columns=2)
    one, two = (
        next(g for g in axes.containers if g.get_label() == "ours, truth")[0].get_facecolor()
        for axes in figure.axes
    )
    assert one == two
    assert grouped_bars(tmp_path / "b.png", [_panel(), second]) is None
    assert (tmp_path / "b.png").exists()


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ParameterError, match="paper has 2 values for 3 variants"):
        _panel(values={"paper": (1.0, 2.0)}, errors={})
    with pytest.raises(ParameterError, match="error bars of a source without values"):
        _panel(errors={"other": (1.0, 1.0, 1.0)})
    with pytest.raises(ParameterError, match="no finite value"):
        _panel(values={"paper": (math.nan,) * 3}, errors={})
    with pytest.raises(ParameterError, match="no panels"):
        build_grouped_bars([])
