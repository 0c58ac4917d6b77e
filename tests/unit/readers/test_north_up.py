"""Resampling against the analytic place and value of every pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest

from akkd_core.grid import Grid
from akkd_core.readers.north_up import north_up_grid, resample_north_up


def rotated_grid(angle_deg: float, rows: int, cols: int) -> Grid:
    cosine, sine = (90 * f(math.radians(angle_deg)) for f in (math.cos, math.sin))
    return Grid(32750, (281279.4, cosine, sine, 9073854.5, sine, -cosine), rows, cols)


def _place(rotated: Grid, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Fractional row and col on the rotated grid of the north-up pixels' centres."""
    rows, cols = np.indices(grid.shape)
    x, y = grid.xy(rows + 0.5, cols + 0.5)  # type: ignore[arg-type]
    row, col = rotated.rowcol(x, y)
    return np.asarray(row), np.asarray(col)


@pytest.mark.parametrize("angle", [8.5, -8.2, 171.0])
def test_a_plane_stays_a_plane(angle: float) -> None:
    rotated = rotated_grid(angle, 90, 110)
    rows, cols = np.indices(rotated.shape)
    # Linear in the pixel's centre: bilinear interpolation is exact but for rounding.
    plane = 500 + 7 * rows + 11 * cols
    out, grid = resample_north_up(np.stack([plane] * 5).astype(np.uint16), rotated)
    row, col = _place(rotated, grid)
    inner = (row > 0.5) & (row < 89.5) & (col > 0.5) & (col < 109.5)
    expected = 500 + 7 * (row - 0.5) + 11 * (col - 0.5)
    assert inner.sum() > 0.9 * rotated.rows * rotated.cols
    assert np.abs(out[0] - expected)[inner].max() <= 0.5 + 1e-6
    outside = (row < 0) | (row > 90) | (col < 0) | (col > 110)
    assert (out[:, outside] == 0).all() and outside.any()
    assert (out[:, ~outside] > 0).all()


def test_grid_holds_the_whole_swath_on_whole_multiples() -> None:
    rotated = rotated_grid(8.5, 90, 110)
    grid = north_up_grid(rotated)
    assert grid.north_up and grid.pixel_size_m == 90
    assert grid.xy(0.5, 0.5)[0] % 90 == 0 and grid.xy(0.5, 0.5)[1] % 90 == 0
    for x, y in rotated.corners():
        row, col = grid.rowcol(x, y)
        assert 0 <= row <= grid.rows and 0 <= col <= grid.cols
    xs, ys = zip(*rotated.corners(), strict=True)
    assert grid.cols <= (max(xs) - min(xs)) / 90 + 2
    assert grid.rows <= (max(ys) - min(ys)) / 90 + 2


@pytest.mark.parametrize("special", [0, 1, 4095, 4096, 65535])
def test_special_counts_are_never_blended(special: int) -> None:
    rotated = rotated_grid(8.5, 60, 60)
    counts = np.full((5, 60, 60), 2000, np.uint16)
    counts[1, 20:30, 20:30] = special
    out, grid = resample_north_up(counts, rotated)
    assert set(np.unique(out[1])) <= {0, 2000, special}
    assert set(np.unique(out[0])) == {0, 2000}
    row, col = _place(rotated, grid)
    hit = (np.floor(row) >= 20) & (np.floor(row) < 30) & (np.floor(col) >= 20) & (
        np.floor(col) < 30
    )
    np.testing.assert_array_equal(out[1] == special, hit | (out[0] == special))


def test_north_up_passes_untouched() -> None:
    grid = Grid(32648, (251955.0, 90.0, 0.0, 1744605.0, 0.0, -90.0), 4, 5)
    counts = np.arange(100, dtype=np.uint16).reshape(5, 4, 5)
    out, same = resample_north_up(counts, grid)
    assert out is counts and same is grid
