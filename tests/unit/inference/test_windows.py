import numpy as np
import pytest

from akkd_core.grid import Grid
from akkd_core.inference.windows import axis_weights, statistics_windows


def _grid(rows, cols):
    return Grid(32650, (0.0, 90.0, 0.0, 0.0, 0.0, -90.0), rows, cols)


def test_an_l1t_granule_is_one_scene():
    windows = statistics_windows(_grid(825, 933))
    assert len(windows) == len(windows[0]) == 1
    assert (windows[0][0].rows, windows[0][0].cols) == (825, 933)


@pytest.mark.parametrize("shape", [(3000, 4000), (1200, 500), (1112, 1112)])
def test_windows_of_a_mosaic_are_at_most_60_km_and_cover_it(shape):
    windows = [w for line in statistics_windows(_grid(*shape)) for w in line]
    seen = np.zeros(shape, dtype=int)
    for w in windows:
        assert w.rows * 90 <= 60_000 and w.cols * 90 <= 60_000
        assert w.row >= 0 and w.col >= 0
        seen[w.row : w.row + w.rows, w.col : w.col + w.cols] += 1
    assert seen.min() >= 1
    # neighbours overlap by half, so the middle is seen from several windows
    assert seen.max() >= 2


def test_weights_are_a_partition_and_continuous():
    starts, size = [0, 300, 600], 600
    weights = axis_weights(starts, size, 0, 1200)
    assert np.allclose(weights.sum(axis=0), 1.0, atol=1e-6)
    assert np.abs(np.diff(weights, axis=1)).max() < 1 / 250
    assert weights[0, 0] == 1.0 and weights[2, -1] == 1.0
    assert np.allclose(weights[1, 599:601], 1.0, atol=0.01)


def test_weights_of_a_part_are_the_part_of_the_weights():
    whole = axis_weights([0, 333, 667], 666, 0, 1333)
    assert np.array_equal(axis_weights([0, 333, 667], 666, 400, 200), whole[:, 400:600])
