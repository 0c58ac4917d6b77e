import numpy as np
import pytest

from akkd_core.errors import ParameterError

pytest.importorskip("matplotlib")

from akkd_core.figures.maps import (  # noqa: E402
    MapPanel,
    build_difference_maps,
    build_maps,
    difference_maps,
    maps,
    reduced,
)

EXTENT = (500_000.0, 509_000.0, 4_000_000.0, 4_006_000.0)


def _field(low, high, shape=(20, 30)):
    return np.linspace(low, high, shape[0] * shape[1], dtype=np.float32).reshape(shape)


def test_maps_share_one_scale():
    fine, coarse = _field(290, 310), _field(295, 320, (2, 3))
    figure = build_maps(
        [MapPanel("student", fine, EXTENT), MapPanel("MOD11A1", coarse, EXTENT)],
        quantity="LST", unit="K",
    )  # fmt: skip
    first, second, bar = figure.axes
    images = [axes.images[0] for axes in (first, second)]
    assert images[0].get_clim() == images[1].get_clim()
    low, high = images[0].get_clim()
    assert low == pytest.approx(np.percentile(fine, 1), abs=1e-3)
    assert high == pytest.approx(np.percentile(coarse, 99), abs=1e-3)
    np.testing.assert_array_equal(images[0].get_array(), fine)
    np.testing.assert_array_equal(images[1].get_array(), coarse)
    assert images[1].get_extent() == [500.0, 509.0, 4000.0, 4006.0]
    assert bar.get_ylabel() == "LST (K)"
    assert (first.get_xlabel(), first.get_ylabel()) == ("easting (km)", "northing (km)")
    assert [a.get_title(loc="left") for a in (first, second)] == ["student", "MOD11A1"]
    figure.canvas.draw()
    assert "4004" in [tick.get_text() for tick in first.get_yticklabels()]


def test_invalid_pixels_are_grey():
    data = _field(290, 310)
    data[0, :5] = np.nan
    image = build_maps([MapPanel("LST", data)], quantity="LST", unit="K").axes[0].images[0]
    assert image.get_array().mask.sum() == 5
    grey = image.cmap(np.ma.masked_invalid([np.nan]))[0]
    assert grey == pytest.approx((0.741, 0.741, 0.741, 1.0), abs=1e-2)


def test_row_0_is_at_the_top():
    axes = build_maps([MapPanel("LST", _field(290, 310))], quantity="LST", unit="K").axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("column", "row")
    assert axes.get_ylim() == (20.0, 0.0)
    north_up = build_maps([MapPanel("LST", _field(290, 310), EXTENT)], quantity="LST", unit="K")
    assert north_up.axes[0].images[0].origin == "upper"
    assert north_up.axes[0].get_ylim() == (4000.0, 4006.0)


def test_limits_of_ones_own():
    panel = MapPanel("LST", _field(290, 310))
    figure = build_maps([panel], quantity="LST", unit="K", limits=(280.0, 330.0))
    assert figure.axes[0].images[0].get_clim() == (280.0, 330.0)
    with pytest.raises(ParameterError, match="not ascending"):
        build_maps([panel], quantity="LST", unit="K", limits=(300.0, 300.0))


@pytest.mark.parametrize(
    ("limits", "extend"),
    [((280, 330), "neither"), ((295, 330), "min"), ((280, 305), "max"), ((295, 305), "both")],
)
def test_colour_bar_tells_what_lies_beyond(limits, extend):
    figure = build_maps(
        [MapPanel("LST", _field(290, 310))], quantity="LST", unit="K", limits=limits
    )
    assert figure.axes[0].images[0].colorbar.extend == extend


def test_differences_are_centred_at_zero():
    skew = MapPanel("student minus MOD11", _field(-1, 3))
    figure = build_difference_maps([skew], quantity="difference of LST", unit="K")
    image = figure.axes[0].images[0]
    low, high = image.get_clim()
    assert low == -high
    assert high == pytest.approx(np.percentile(np.abs(skew.data), 98), abs=1e-3)
    # white in the middle, red above, blue below
    middle, above, below = (image.cmap(image.norm(v)) for v in (0.0, high, low))
    assert min(middle[:3]) > 0.95
    assert above[0] > above[2] and below[2] > below[0]
    assert figure.axes[1].get_ylabel() == "difference of LST (K)"
    with pytest.raises(ParameterError, match="must be positive"):
        build_difference_maps([skew], quantity="d", unit="K", limit=0.0)


def test_no_difference_and_one_pixel_can_be_drawn():
    zero = build_difference_maps([MapPanel("x", np.zeros((3, 3)))], quantity="d", unit="K")
    assert zero.axes[0].images[0].get_clim() == (-1.0, 1.0)
    one = build_maps([MapPanel("x", np.full((1, 1), 300.0))], quantity="LST", unit="K")
    low, high = one.axes[0].images[0].get_clim()
    assert low < 300 < high


def test_large_maps_are_means_of_valid_pixels():
    data = np.arange(24.0).reshape(4, 6)
    data[0, 0] = np.nan
    data[2:, 4:] = np.nan
    found = reduced(data, 3)
    expected = [[(1 + 6 + 7) / 3, 5.5, 7.5], [15.5, 17.5, np.nan]]
    np.testing.assert_allclose(found, expected)
    assert reduced(data, 6) is data
    assert reduced(np.ones((1, 5000), np.float32), 1200).shape == (1, 1000)


def test_they_are_written(tmp_path):
    panel = MapPanel("LST", _field(-2, 2))
    assert maps(tmp_path / "m.png", [panel], quantity="LST", unit="K") is None
    assert difference_maps(tmp_path / "d.png", [panel], quantity="d", unit="K") is None
    assert {path.name for path in tmp_path.iterdir()} == {"m.png", "d.png"}


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ParameterError, match="student: no valid pixel"):
        MapPanel("student", np.full((3, 3), np.nan))
    with pytest.raises(ParameterError, match="expected rows and columns"):
        MapPanel("student", np.zeros(3))
    with pytest.raises(ParameterError, match="empty or upside down"):
        MapPanel("student", np.zeros((3, 3)), (0.0, 1.0, 1.0, 0.0))
    for build in (build_maps, build_difference_maps):
        with pytest.raises(ParameterError, match="no panels"):
            build([], quantity="LST", unit="K")
