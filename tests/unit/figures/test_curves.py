import math
import struct

import numpy as np
import pytest

from akkd_core.errors import ParameterError

pytest.importorskip("matplotlib")

from akkd_core.figures.curves import best_so_far, convergence, learning_curve  # noqa: E402

COLUMNS = {
    "epoch": [1, 2, 3, 4],
    "loss": [0.9, 0.7, 0.6, 0.55],
    "val_loss": [0.95, 0.8, 0.7, 0.75],
    "mae_lst": [9.0, 2.0, 1.0, 0.9],
    "val_mae_lst": [10.0, 2.5, 1.2, 1.3],
    "mae_lse_10": [0.020, 0.018, 0.017, 0.016],
    "val_mae_lse_10": [0.021, 0.019, 0.018, 0.0185],
}
UNITS = {"lst": "K", "lse_10": "1"}


def _png_size(path):
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:24])


def _lines(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def test_learning_curve_shows_loss_and_each_target(tmp_path):
    figure = learning_curve(tmp_path / "c.png", COLUMNS, units=UNITS, kept_epoch=3)
    width, height = _png_size(tmp_path / "c.png")
    assert (width, height) == pytest.approx((3 * 80 / 25.4 * 150, 62 / 25.4 * 150), abs=1)
    loss, lst, lse = figure.axes
    for axes, column in ((loss, "loss"), (lst, "mae_lst"), (lse, "mae_lse_10")):
        lines = _lines(axes)
        assert lines["training"].get_xdata().tolist() == [1, 2, 3, 4]
        assert lines["training"].get_ydata().tolist() == COLUMNS[column]
        assert lines["validation"].get_ydata().tolist() == COLUMNS[f"val_{column}"]
        assert set(lines["kept (epoch 3)"].get_xdata()) == {3}
    assert loss.get_yscale() == "log"
    assert (lst.get_ylabel(), lse.get_ylabel()) == ("MAE (K)", "MAE (1)")
    assert [a.get_title(loc="left") for a in figure.axes] == ["Loss", "LST", "LSE band 10"]


def test_an_error_that_falls_far_is_on_a_logarithmic_axis(tmp_path):
    _, lst, lse = learning_curve(tmp_path / "c.png", COLUMNS, units=UNITS).axes
    assert (lst.get_yscale(), lse.get_yscale()) == ("log", "linear")


def test_validation_alone_and_no_epoch_column_will_do(tmp_path):
    columns = {"val_loss": [0.5, 0.4], "val_mae_lst": [1.0, 0.9]}
    figure = learning_curve(tmp_path / "c.png", columns, units={"lst": "K"})
    assert list(_lines(figure.axes[1])) == ["validation"]
    assert list(_lines(figure.axes[1])["validation"].get_xdata()) == [1, 2]


def test_a_single_epoch_is_seen(tmp_path):
    columns = {name: values[:1] for name, values in COLUMNS.items()}
    figure = learning_curve(tmp_path / "c.png", columns, units=UNITS)
    assert _lines(figure.axes[0])["training"].get_marker() == "o"


def test_seven_panels_stand_in_two_rows(tmp_path):
    units = {"lst": "K", **{f"lse_{band}": "1" for band in range(10, 15)}}
    columns = {f"val_mae_{name}": [2.0, 1.0] for name in units} | {"loss": [1.0, 0.5]}
    figure = learning_curve(tmp_path / "c.png", columns, units=units)
    visible = [axes for axes in figure.axes if axes.get_visible()]
    assert len(visible) == 7
    assert len({round(axes.get_position().y0, 2) for axes in visible}) == 2


@pytest.mark.parametrize("columns", [{}, {"loss": [1.0]}, {"loss": [], "val_mae_lst": [1.0]}])
def test_a_learning_curve_without_its_columns_is_refused(tmp_path, columns):
    with pytest.raises(ParameterError, match="no values"):
        learning_curve(tmp_path / "c.png", columns, units={"lst": "K"})
    assert list(tmp_path.iterdir()) == []


def test_best_so_far_skips_failed_trials():
    best = best_so_far([None, 3.0, math.nan, 4.0, 2.0, math.inf, 2.5])
    np.testing.assert_array_equal(best, [np.nan, 3.0, 3.0, 3.0, 2.0, 2.0, 2.0])
    assert best_so_far([]).shape == (0,)


def test_convergence_of_two_searches(tmp_path):
    scores = {"edit-distance": [0.9, None, 0.5, 0.6], "random": [0.8, 0.7, math.nan]}
    figure = convergence(tmp_path / "v.png", scores, objective="validation MAE (K)")
    assert _png_size(tmp_path / "v.png") == pytest.approx(
        (150 / 25.4 * 150, 95 / 25.4 * 150), abs=1
    )
    (axes,) = figure.axes
    lines = _lines(axes)
    assert lines["edit-distance"].get_ydata().tolist() == [0.9, 0.9, 0.5, 0.5]
    assert lines["random"].get_ydata().tolist() == [0.8, 0.7, 0.7]
    assert lines["random"].get_xdata().tolist() == [1, 2, 3]
    assert axes.get_ylabel() == "validation MAE (K)"
    crosses = [
        line for line in axes.get_lines() if line.get_marker() == "x" and len(line.get_xdata())
    ]
    assert [line.get_xdata().tolist() for line in crosses] == [[2], [3]]
    # at the top of the panel, whatever the scores
    assert all(0.9 < line.get_ydata()[0] <= 1 for line in crosses)
    assert [line.get_color() for line in crosses] == [
        lines["edit-distance"].get_color(), lines["random"].get_color(),
    ]  # fmt: skip
    dots = [line for line in axes.get_lines() if line.get_marker() == "o"]
    np.testing.assert_array_equal(dots[0].get_ydata(), [0.9, np.nan, 0.5, 0.6])
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["edit-distance", "random", "failed trial"]


def test_one_search_without_failures_needs_no_legend(tmp_path):
    figure = convergence(tmp_path / "v.png", {"random": [0.8, 0.7]}, title="Trials")
    assert figure.legends == []
    assert figure.axes[0].get_title(loc="left") == "Trials"


def test_scores_far_apart_are_on_a_logarithmic_axis(tmp_path):
    assert convergence(tmp_path / "a.png", {"r": [20.0, 0.4]}).axes[0].get_yscale() == "log"
    assert convergence(tmp_path / "b.png", {"r": [0.5, 0.4]}).axes[0].get_yscale() == "linear"


def test_a_search_whose_trials_all_failed_can_be_drawn(tmp_path):
    figure = convergence(tmp_path / "v.png", {"random": [None, None]})
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["random", "failed trial"]


def test_no_trials_no_chart(tmp_path):
    with pytest.raises(ParameterError, match="no trials"):
        convergence(tmp_path / "v.png", {"random": []})
