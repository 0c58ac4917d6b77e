import math

import numpy as np
import pytest

from akkd_core.errors import ParameterError

pytest.importorskip("matplotlib")

from akkd_core.figures.histogram import (  # noqa: E402
    bin_count,
    build_error_histogram,
    error_histogram,
)


def _names(figure):
    return [t.get_text().replace("\N{MINUS SIGN}", "-") for t in figure.legends[0].get_texts()]


def test_parts_of_all_errors_over_common_bins():
    rng = np.random.default_rng(0)
    errors = {"small model": rng.normal(0.6, 1.6, 4000), "student": rng.normal(-0.1, 1.0, 900)}
    figure = build_error_histogram(errors, quantity="LST", unit="K", limit=3.0)
    (axes,) = figure.axes
    for patch, values in zip(axes.patches, errors.values(), strict=True):
        heights, edges, _ = patch.get_data()
        assert (edges[0], edges[-1]) == (-3.0, 3.0)
        inside = np.abs(values) <= 3.0
        assert heights.sum() == pytest.approx(100 * inside.mean())
        np.testing.assert_allclose(
            heights, 100 * np.histogram(values, edges)[0] / values.size
        )
    first, second = _names(figure)
    beyond = 100 * (np.abs(errors["small model"]) > 3).mean()
    assert first == (
        f"small model: mean {errors['small model'].mean():+.2f} K, beyond {beyond:.1f} %"
    )
    assert second.startswith(f"student: mean {errors['student'].mean():+.2f} K")
    assert axes.get_xlabel() == "error of LST (K)"
    styles = {patch.get_linestyle() for patch in axes.patches}
    assert len(styles) == 2


def test_bins_hold_99_percent_of_each():
    values = np.linspace(-2, 2, 1001)
    wide = np.linspace(-8, 8, 1001)
    figure = build_error_histogram({"a": values, "b": wide}, quantity="LST", unit="K")
    assert figure.axes[0].get_xlim()[1] == pytest.approx(7.92, abs=0.02)
    assert "beyond" not in _names(figure)[0] and "beyond 1.0 %" in _names(figure)[1]


def test_of_few_errors_none_is_left_out():
    figure = build_error_histogram({"a": [1.754, -3.756]}, quantity="LST", unit="K")
    assert "beyond" not in _names(figure)[0]
    assert figure.axes[0].patches[0].get_data()[0].sum() == pytest.approx(100.0)


def test_gaps_are_left_out_and_zero_errors_have_a_width(tmp_path):
    figure = build_error_histogram({"a": [0.0, math.nan]}, quantity="LSE", unit="1")
    assert figure.axes[0].get_xlim() == (-1.0, 1.0)
    assert _names(figure) == ["a: mean +0.0000"]
    assert figure.axes[0].patches[0].get_data()[0].sum() == pytest.approx(100.0)
    assert error_histogram(tmp_path / "h.png", {"a": [0.1]}, quantity="LST", unit="K") is None
    assert (tmp_path / "h.png").exists()


def test_nothing_to_draw_is_refused(tmp_path):
    path = tmp_path / "h.png"
    with pytest.raises(ParameterError, match="student has no finite error"):
        error_histogram(path, {"a": [1.0], "student": [math.nan]}, quantity="LST", unit="K")
    with pytest.raises(ParameterError, match="no errors"):
        error_histogram(path, {}, quantity="LST", unit="K")
    with pytest.raises(ParameterError, match="must be positive"):
        error_histogram(path, {"a": [1.0]}, quantity="LST", unit="K", limit=-1.0)
    assert list(tmp_path.iterdir()) == []


def test_few_errors_get_few_bins():
    assert [bin_count(n) for n in (1, 12, 100, 900, 10**6)] == [8, 8, 20, 60, 60]
    axes = build_error_histogram({"a": np.linspace(-1, 1, 100)}, quantity="LST", unit="K").axes[0]
    assert len(axes.patches[0].get_data().values) == 20
