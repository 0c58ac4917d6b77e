import struct
import sys

import pytest

from akkd_core.errors import MissingDependencyError, ProductWriteError

pytest.importorskip("matplotlib")

from akkd_core.figures.style import (  # noqa: E402
    COLOURS,
    DPI,
    label,
    legend,
    make_figure,
    names_in_a_row,
    plain_log_scale,
    save_png,
    with_unit,
)


def _size(path):
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:24])


def test_a_saved_figure_is_a_png_of_the_asked_size(tmp_path):
    figure, axes = make_figure(2, 3, panel_mm=(50.8, 25.4))
    assert len(axes) == 6
    save_png(figure, tmp_path / "a.png")
    assert _size(tmp_path / "a.png") == (3 * 2 * DPI, 2 * DPI)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_the_same_figure_gives_the_same_bytes(tmp_path):
    for name in ("a.png", "b.png"):
        figure, (axes,) = make_figure()
        axes.plot([1, 2], [3, 4])
        save_png(figure, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_chart_that_cannot_be_written_leaves_nothing(tmp_path):
    figure, _ = make_figure()
    with pytest.raises(ProductWriteError, match="can't be written"):
        save_png(figure, tmp_path / "no_such_folder" / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_house_style():
    figure, (axes,) = make_figure()
    lines = [axes.plot([0, 1], [i, i], label=f"line {i}")[0] for i in range(len(COLOURS))]
    assert [line.get_color() for line in lines] == list(COLOURS)
    label(axes, title="LST", x="epoch", y="MAE (K)")
    legend(figure, axes)
    assert (axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()) == (
        "LST", "epoch", "MAE (K)",
    )  # fmt: skip
    written = [text.get_text() for text in figure.legends[0].get_texts()]
    assert written == [f"line {i}" for i in range(len(COLOURS))]
    assert min(text.get_fontsize() for text in figure.legends[0].get_texts()) >= 8
    assert not axes.spines["top"].get_visible() and axes.spines["left"].get_visible()


@pytest.mark.parametrize(
    ("limits", "expected"),
    [((0.4, 0.7), "0.5"), ((0.3, 9.0), "2"), ((1e-4, 1e2), "0.01")],
)
def test_log_axis_has_plain_numbers(limits, expected):
    figure, (axes,) = make_figure()
    axes.plot([0, 1], limits)
    plain_log_scale(axes)
    figure.canvas.draw()
    written = [tick.get_text() for tick in axes.get_yticklabels()]
    assert axes.get_yscale() == "log"
    assert expected in written
    assert all("$" not in text for text in written)


def test_a_legend_stays_within_the_figure():
    assert names_in_a_row(["a", "b", "c"], 200.0) == 3
    assert names_in_a_row(["small model, trained incrementally", "b", "c"], 150.0) == 2
    assert names_in_a_row(["x" * 200, "b"], 100.0) == 1
    figure, (axes,) = make_figure(panel_mm=(80.0, 60.0))
    for i in range(4):
        axes.plot([0, 1], [i, i], label=f"a rather long name, number {i}")
    legend(figure, axes)
    figure.canvas.draw()
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.width


def test_units_stand_in_brackets():
    assert (with_unit("LST", "K"), with_unit("variant", "")) == ("LST (K)", "variant")


def test_other_projections_take_the_style():
    figure, (axes,) = make_figure(projection="polar")
    assert axes.name == "polar"
    figure.canvas.draw()


def test_pyplot_stays_out():
    make_figure()
    import matplotlib

    assert "matplotlib.pyplot" not in sys.modules or not matplotlib.pyplot.get_fignums()


def test_without_matplotlib_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingDependencyError, match="pip install matplotlib"):
        make_figure()
