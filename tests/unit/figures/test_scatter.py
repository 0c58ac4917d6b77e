import math
from types import SimpleNamespace

import numpy as np
import pytest

from akkd_core.errors import ParameterError, ProductWriteError
from akkd_core.validation.metrics import metrics

pytest.importorskip("matplotlib")

from akkd_core.figures.scatter import (  # noqa: E402
    ScatterPanel,
    build_density_scatter,
    density_scatter,
    least_squares,
    thinned,
)


def _panel(reference, estimate, title="LST", quantity="LST", unit="K"):
    reference, estimate = np.asarray(reference, float), np.asarray(estimate, float)
    return ScatterPanel(title, reference, estimate, metrics(estimate, reference), quantity, unit)


def _case(n=5000, seed=0):
    rng = np.random.default_rng(seed)
    reference = rng.uniform(280, 320, n)
    return reference, 0.9 * reference + 31 + rng.normal(0, 0.5, n)


def _lines(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def _boxes(axes):
    return [text.get_text().replace("\N{MINUS SIGN}", "-") for text in axes.texts]


def test_boxes_show_the_metrics_and_the_fit():
    reference, estimate = _case()
    found = metrics(estimate, reference)
    figure = build_density_scatter([_panel(reference, estimate)])
    upper, lower = _boxes(figure.axes[0])
    assert upper.splitlines() == [
        "N = 5,000",
        f"bias = {found.bias:+.2f} K",
        f"MAE = {found.mae:.2f} K",
        f"RMSE = {found.rmse:.2f} K",
    ]
    slope, intercept = np.polyfit(reference, estimate, 1)
    assert lower.splitlines() == [
        f"PCC = {found.pcc:.3f}", f"slope = {slope:.3f}", f"intercept = {intercept:.2f} K",
    ]  # fmt: skip


def test_lines_and_labels():
    reference, estimate = _case()
    figure = build_density_scatter(
        [_panel(reference, estimate)], axes_names=("product", "student")
    )
    axes, bar = figure.axes
    lines = _lines(axes)
    np.testing.assert_array_equal(lines["1:1"].get_xdata(), lines["1:1"].get_ydata())
    assert axes.get_xlim() == axes.get_ylim()
    x, y = lines["least-squares fit"].get_data()
    slope, intercept = np.polyfit(reference, estimate, 1)
    assert (x.min(), x.max()) == (reference.min(), reference.max())
    np.testing.assert_allclose(y, slope * np.asarray(x) + intercept, rtol=1e-9)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("product LST (K)", "student LST (K)")
    assert bar.get_ylabel() == "relative density of points"
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["1:1", "least-squares fit"]


def test_emissivity_has_four_decimals_and_no_unit():
    figure = build_density_scatter(
        [_panel([0.9, 0.95, 0.98], [0.901, 0.949, 0.98], unit="1", quantity="LSE")]
    )
    upper, _ = _boxes(figure.axes[0])
    assert upper.splitlines()[1:3] == ["bias = 0.0000", "MAE = 0.0007"]
    assert figure.axes[0].get_xlabel() == "reference LSE (1)"


def test_six_targets_stand_in_one_figure(tmp_path):
    panels = [_panel(*_case(seed=i), title=f"panel {i}") for i in range(6)]
    figure = build_density_scatter(panels)
    assert [a.get_title(loc="left") for a in figure.axes[:6]] == [f"panel {i}" for i in range(6)]
    assert len(figure.axes) == 7
    assert density_scatter(tmp_path / "s.png", panels) is None
    assert (tmp_path / "s.png").read_bytes()[:4] == b"\x89PNG"


def test_metrics_may_be_of_more_pairs_than_are_drawn():
    given = SimpleNamespace(n=9_600_000, bias=0.1, mae=0.69, rmse=1.0, pcc=0.967)
    panel = ScatterPanel("LST", *map(np.asarray, _case()), given, "LST", "K")
    upper, lower = _boxes(build_density_scatter([panel]).axes[0])
    assert "N = 9,600,000" in upper and "MAE = 0.69 K" in upper and "PCC = 0.967" in lower


def test_thinning_loses_no_outlier_and_knows_the_densest_place():
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.normal(300, 0.5, 20_000), [281.0, 319.0]])
    y = np.concatenate([rng.normal(300, 0.5, 20_000), [318.0, 282.0]])
    px, py, density = thinned(x, y, 280.0, 320.0)
    assert {(281.0, 318.0), (319.0, 282.0)} <= set(zip(px.tolist(), py.tolist(), strict=True))
    assert px.size < 2000
    assert density.max() == 1.0 and density.min() > 0
    assert (np.diff(density) >= 0).all()
    assert abs(px[-1] - 300) < 0.5 and abs(py[-1] - 300) < 0.5
    scatter = build_density_scatter([_panel(x, y)]).axes[0].collections[0]
    assert len(scatter.get_offsets()) < 2000
    assert scatter.get_clim() == (0.0, 1.0)


def test_pairs_with_a_gap_are_not_drawn():
    figure = build_density_scatter([_panel([300, np.nan, 310, 305], [301, 302, np.nan, 304])])
    drawn = figure.axes[0].collections[0].get_offsets()
    assert sorted(map(tuple, drawn.tolist())) == [(300, 301), (305, 304)]


def test_one_pair_is_drawn_without_fit():
    figure = build_density_scatter([_panel([300.0], [301.0])])
    axes = figure.axes[0]
    assert axes.collections[0].get_offsets().tolist() == [[300.0, 301.0]]
    assert list(_lines(axes)) == ["1:1"]
    _, lower = _boxes(axes)
    assert lower == "PCC = -"


def test_two_pairs_have_no_fit():
    assert least_squares(np.array([300.0, 301.0]), np.array([303.0, 299.0])) is None
    assert least_squares(np.arange(3.0), np.arange(3.0)) == pytest.approx((1.0, 0.0))


def test_a_reference_without_spread_has_no_fit():
    assert least_squares(np.full(5, 300.0), np.arange(5.0)) is None
    assert least_squares(np.array([1.0]), np.array([1.0])) is None
    assert least_squares(np.arange(3.0), 2 * np.arange(3.0) + 1) == pytest.approx((2.0, 1.0))
    axes = build_density_scatter([_panel([300.0] * 4, [300.0] * 4)]).axes[0]
    low, high = axes.get_xlim()
    assert low < 300 < high


def test_nothing_to_draw_is_refused(tmp_path):
    empty = _panel([math.nan, 300.0], [300.0, math.nan], title="student")
    with pytest.raises(ParameterError, match="student: no pair of finite values"):
        density_scatter(tmp_path / "s.png", [empty])
    with pytest.raises(ParameterError, match="no panels"):
        density_scatter(tmp_path / "s.png", [])
    with pytest.raises(ParameterError, match="differ in shape"):
        ScatterPanel("LST", np.zeros(3), np.zeros(2), metrics([1.0], [1.0]), "LST", "K")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ProductWriteError, match="can't be written"):
        density_scatter(tmp_path / "no" / "s.png", [_panel([300.0], [301.0])])


def test_few_points_are_plain_dots_without_a_scale_of_density():
    few = build_density_scatter([_panel(np.arange(500.0), np.arange(500.0))])
    many = build_density_scatter([_panel(np.arange(501.0), np.arange(501.0))])
    assert len(few.axes) == 1 and len(many.axes) == 2
    assert few.axes[0].collections[0].get_array() is None
    assert few.axes[0].collections[0].get_offsets().shape == (500, 2)
    assert few.axes[0].collections[0].get_sizes()[0] > 10
    mixed = build_density_scatter([_panel(*_case()), _panel([300.0], [301.0])])
    assert len(mixed.axes) == 3
