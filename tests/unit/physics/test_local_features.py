from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from akkd_core.physics.features import (
    OTHERS,
    PHYSICS_FEATURES,
    REFERENCE,
    physics_features,
    unit_of,
)
from akkd_core.physics.local_features import (
    ALIKE,
    ALIKE_BT_K,
    ALIKE_DIFFERENCE_K,
    LOCAL_NAMES,
    MARGIN,
    RADIUS,
    SAMPLE_FEATURES,
    SPATIAL_FEATURES,
    alike_bt,
    local_features,
    pooled_codes,
    pooled_names,
    sample_features,
    spatial_features,
)

COUNT = LOCAL_NAMES.index("log_alike_pixels")
TEXTURE = LOCAL_NAMES.index("log_texture_bt_13")


def differences(bt: NDArray[np.floating]) -> NDArray[np.floating]:
    return bt[list(OTHERS)] - bt[REFERENCE]


def image(rng: np.random.Generator, rows: int, cols: int) -> NDArray[np.float32]:
    return (290.0 + rng.normal(0.0, 1.0, (5, rows, cols))).astype(np.float32)


def slowly(bt: NDArray[np.float32], row: int, col: int) -> NDArray[np.float64]:
    """The definition, pixel by pixel."""
    x = np.concatenate([bt[[REFERENCE]], differences(bt)]).astype(np.float64)
    valid = np.isfinite(x).all(axis=0)
    rows, cols = valid.shape

    def window(y: int, x_: int, radius: int) -> tuple[slice, slice]:
        return (
            slice(max(y - radius, 0), min(y + radius, rows - 1) + 1),
            slice(max(x_ - radius, 0), min(x_ + radius, cols - 1) + 1),
        )

    def mean(y: int, x_: int, radius: int) -> NDArray[np.float64]:
        part = window(y, x_, radius)
        return x[(slice(None), *part)][:, valid[part]].mean(axis=1)

    here, total, count = mean(row, col, 1), np.zeros(4), 0.0
    scale = np.array([ALIKE_BT_K] + [ALIKE_DIFFERENCE_K] * 4)
    part = window(row, col, RADIUS)
    for y in range(part[0].start, part[0].stop):
        for x_ in range(part[1].start, part[1].stop):
            if valid[y, x_]:
                own = (y, x_) == (row, col)
                apart = (mean(y, x_, 1) - here) / scale
                weight = 1.0 if own else np.exp(-0.5 * (apart**2).sum())
                total += weight * x[1:, y, x_]
                count += weight
    texture = x[(slice(0, 1), *part)][:, valid[part]].std()
    return np.concatenate(
        [here[1:], total / count, mean(row, col, RADIUS)[1:], [np.log(count)]]
        + [[np.log(texture + 0.05)]]
    )


@pytest.mark.parametrize("place", [(0, 0), (6, 7), (12, 3), (4, 14)])
def test_is_what_it_says(place: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    bt = image(rng, 13, 15)
    bt[:, 5, 6] = np.nan
    bt[2, 10, 4] = np.nan
    found = local_features(bt)[(slice(None), *place)]
    assert np.allclose(found, slowly(bt, *place), atol=3e-4)


def test_even_ground() -> None:
    """Noise falls by the root of the number of pixels, and temperature plays no part in it."""
    rng = np.random.default_rng(1)
    bt = 290.0 + np.linspace(0.0, 1.0, 60)[None, None, :] + rng.normal(0.0, 0.1, (5, 60, 60))
    found = local_features(bt)[:, RADIUS:-RADIUS, RADIUS:-RADIUS]
    noise = 0.1 * np.sqrt(2.0)
    assert found[:4].std() == pytest.approx(noise / 3.0, rel=0.05)
    assert found[8:12].std() == pytest.approx(noise / 9.0, rel=0.1)
    assert found[ALIKE].std() < noise / 7.5
    assert 70.0 < np.exp(found[COUNT].mean()) <= 81.0


def test_a_border_stays_sharp() -> None:
    """Across a border of 3 K in the differences alike means don't mix, means of windows do."""
    bt = np.full((5, 40, 40), 295.0)
    bt[0, :, 20:] -= 3.0
    bt += np.random.default_rng(2).normal(0.0, 0.2, bt.shape)
    found = local_features(bt)
    for col, level in ((18, 0.0), (21, -3.0)):
        assert found[ALIKE][0, 5:-5, col].mean() == pytest.approx(level, abs=0.1)
    assert abs(found[8, 5:-5, 18].mean()) > 0.5


def test_left_out_pixels_change_nothing_else() -> None:
    rng = np.random.default_rng(4)
    bt = image(rng, 30, 30)
    bt[:, 10:14, 10:20] = np.nan
    other = bt.copy()
    other[0, 10:14, 10:20] = 150.0
    a, b = local_features(bt), local_features(other)
    assert np.isnan(a[:, 10:14, 10:20]).all() and np.isfinite(a[:, :10]).all()
    assert np.array_equal(a, b, equal_nan=True)


def test_kinds_apart_are_as_if_each_were_alone() -> None:
    rng = np.random.default_rng(9)
    bt = (290.0 + rng.normal(0.0, 0.4, (5, 20, 26))).astype(np.float32)
    bt[:, 3, 4] = np.nan
    cloud = np.zeros((20, 26), dtype=bool)
    cloud[5:12, 8:19] = cloud[0, 0] = True
    bt[:, cloud] -= 2.0
    found = local_features(bt, cloud)
    for kind in (cloud, ~cloud):
        alone = local_features(np.where(kind, bt, np.nan))
        assert np.allclose(found[:, kind], alone[:, kind], atol=1e-4, equal_nan=True)
    assert np.array_equal(local_features(bt), local_features(bt, np.ones_like(cloud)), True)


def test_a_pixel_alone_is_its_own_surroundings() -> None:
    bt = np.full((5, 9, 9), np.nan)
    bt[:, 4, 4] = [291.0, 292.0, 293.0, 290.0, 289.0]
    found = local_features(bt)[:, 4, 4]
    assert np.allclose(found[:12], np.tile([1.0, 2.0, 3.0, -1.0], 3), atol=1e-4)
    assert found[COUNT] == 0.0
    assert found[TEXTURE] == pytest.approx(np.log(0.05), abs=0.01)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 22), st.integers(1, 22), st.integers(0, 8))
def test_a_tile_with_its_margin_is_the_image(seed: int, rows: int, cols: int, top: int) -> None:
    """What lies further away than the radius plus that of the guide plays no part."""
    bt = image(np.random.default_rng(seed), rows + 2 * MARGIN + top, cols + 2 * MARGIN)
    whole = local_features(bt)
    part = local_features(bt[:, top : top + rows + 2 * MARGIN])
    inner = np.s_[:, MARGIN : MARGIN + rows, MARGIN:-MARGIN]
    assert np.allclose(part[inner], whole[:, top:][inner], atol=2e-3)


def test_features_under_an_atmosphere() -> None:
    rng = np.random.default_rng(5)
    bt = 290.0 + rng.normal(0.0, 2.0, (7, 5))
    local = rng.normal(0.0, 1.0, (7, len(LOCAL_NAMES)))
    air = [np.array(v) for v in ([0.6, 0.7, 0.8, 0.85, 0.84], [1.7] * 5, [2.5] * 5)]
    found = spatial_features(bt, local, *air)
    assert found.shape == (7, len(SPATIAL_FEATURES)) == (7, 35)
    own = physics_features(bt, *air)
    assert np.array_equal(found[:, : len(PHYSICS_FEATURES)], own)
    smooth = alike_bt(bt, local)
    assert np.array_equal(smooth[:, REFERENCE], bt[:, REFERENCE])
    assert np.allclose(smooth[:, 0] - smooth[:, REFERENCE], local[:, 4])
    column = SPATIAL_FEATURES.index("alike_ground_bt_10_minus_13")
    expected = physics_features(smooth, *air)[:, PHYSICS_FEATURES.index("ground_bt_10_minus_13")]
    assert np.array_equal(found[:, column], expected)
    assert np.array_equal(found[:, -len(LOCAL_NAMES) :], local)


def test_features_of_a_sample_are_those_of_alike_neighbours() -> None:
    rng = np.random.default_rng(6)
    bt = 290.0 + rng.normal(0.0, 2.0, (7, 5))
    local = rng.normal(0.0, 1.0, (7, len(LOCAL_NAMES)))
    air = [np.array(v) for v in ([0.6, 0.7, 0.8, 0.85, 0.84], [1.7] * 5, [2.5] * 5)]
    found = sample_features(bt, local, *air)
    assert np.array_equal(found, physics_features(alike_bt(bt, local), *air))
    assert SAMPLE_FEATURES[0] == "alike_bt_13" and len(SAMPLE_FEATURES) == found.shape[1] == 16
    units = [unit_of(name) for name in SAMPLE_FEATURES]
    assert units == ["K"] * 11 + ["1"] * 5


def test_a_pooled_sample_has_no_order() -> None:
    codes = np.random.default_rng(7).normal(2.0, 0.5, (3, 100, 4))
    found = pooled_codes(codes)
    assert found.shape == (3, 8)
    assert np.allclose(found[:, :4], codes.mean(axis=1))
    assert np.allclose(found[:, 4:], np.sqrt(codes.var(axis=1) + 1e-4))
    assert np.allclose(pooled_codes(codes[:, ::-1]), found)
    names = pooled_names(("code_0", "code_1"))
    assert names == ("mean_code_0", "mean_code_1", "spread_code_0", "spread_code_1")
    assert {unit_of(name) for name in names} == {"1"}
