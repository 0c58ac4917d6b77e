import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from akkd_core.distillation.t_test import (
    normalised_utilities,
    one_sample_t,
    p_value,
    utility,
)
from akkd_core.errors import ParameterError


def test_t_by_hand():
    # mean 2, sample sd 1, n 3: t = (2 - 1) / (1 / sqrt 3)
    found = one_sample_t([1.0, 2.0, 3.0], before=1.0)
    assert (found.n, found.df, found.failed) == (3, 2, 0)
    assert (found.mean, found.sd) == (2.0, 1.0)
    assert found.t == pytest.approx(math.sqrt(3.0))
    # df 2 has a closed form: F(t) = 1/2 + t / (2 sqrt(2 + t^2))
    assert found.p == pytest.approx(1.0 - math.sqrt(3.0) / math.sqrt(5.0))
    assert not found.no_spread


@given(st.lists(st.floats(0.5, 1.5), min_size=3, max_size=30), st.floats(0.5, 1.5))
def test_same_as_scipys_own_test(scores, before):
    found = one_sample_t(scores, before)
    if np.ptp(scores) > 1e-6:
        expected = stats.ttest_1samp(scores, before)
        assert found.t == pytest.approx(float(expected.statistic), rel=1e-6, abs=1e-9)
        assert found.p == pytest.approx(float(expected.pvalue), rel=1e-6, abs=1e-300)


def test_failed_repetitions_are_left_out_and_counted():
    found = one_sample_t([1.0, math.nan, 2.0, math.inf, 3.0], before=1.0)
    assert (found.n, found.failed, found.df) == (3, 2, 2)
    assert found.t == pytest.approx(math.sqrt(3.0))


@pytest.mark.parametrize(
    ("scores", "n", "mean"), [([], 0, math.nan), ([math.nan], 0, math.nan), ([0.7], 1, 0.7)]
)
def test_less_than_two_scores_have_no_t(scores, n, mean):
    found = one_sample_t(scores, before=0.5)
    assert (found.n, found.df) == (n, 0)
    assert found.mean == pytest.approx(mean, nan_ok=True)
    assert math.isnan(found.t) and math.isnan(found.p) and math.isnan(found.sd)
    assert math.isnan(utility(found.t))
    assert not found.no_spread


def test_no_spread():
    # 0.1 + 0.2 is not 0.3, but rounding is no spread
    equal = [0.3, 0.1 + 0.2, 0.3]
    above, below = one_sample_t(equal, before=0.2), one_sample_t(equal, before=0.4)
    same = one_sample_t(equal, before=0.3)
    assert (above.t, above.p, utility(above.t)) == (math.inf, 0.0, 0.0)
    assert (below.t, below.p, utility(below.t)) == (-math.inf, 0.0, 0.0)
    assert (same.t, same.p, utility(same.t)) == (0.0, 1.0, 1.0)
    assert above.no_spread and below.no_spread and same.no_spread


def test_small_spread_is_a_spread():
    found = one_sample_t([300.0, 300.0 + 1e-9], before=300.0)
    assert math.isfinite(found.t) and found.sd > 0


def test_what_cannot_be_tested_is_refused():
    with pytest.raises(ParameterError, match="Score the small model first"):
        one_sample_t([1.0, 2.0], before=math.nan)
    with pytest.raises(ParameterError, match="one dimension"):
        one_sample_t([[1.0, 2.0]], before=1.0)


def test_p_of_no_degrees_of_freedom():
    assert math.isnan(p_value(2.0, 0)) and math.isnan(p_value(math.nan, 5))
    assert p_value(0.0, 5) == 1.0
    assert p_value(math.inf, 5) == 0.0
    assert p_value(-2.0, 5) == p_value(2.0, 5)


def test_utility():
    assert utility(0.0) == 1.0
    # |t| = e^2 - e gives ln(e^2)
    assert utility(math.e**2 - math.e) == pytest.approx(0.5)
    assert utility(-(math.e**2 - math.e)) == pytest.approx(0.5)
    assert utility(5.353) == pytest.approx(1.0 / 2.08831, abs=1e-5)
    assert utility(math.inf) == utility(-math.inf) == 0.0


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_utility_falls_with_distance_from_no_change(a, b):
    low, high = sorted((a, b))
    assert 0 < utility(high) <= utility(low) <= 1


def test_normalised_utilities_keep_ratios():
    assert normalised_utilities([0.2, 0.4, 0.1]) == pytest.approx((0.5, 1.0, 0.25))
    first, second, third = normalised_utilities([0.2, math.nan, 0.1])
    assert (first, third) == (1.0, 0.5) and math.isnan(second)
    assert normalised_utilities([0.0, 0.0]) == (0.0, 0.0)
    assert normalised_utilities([]) == ()
