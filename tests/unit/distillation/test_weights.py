import math

import numpy as np
import pytest

from akkd_core.distillation.weights import (
    Quartiles,
    RepeatedScores,
    lowest_t_weight,
    select_weight,
)
from akkd_core.errors import DistillationError, ParameterError

WEIGHTS = (0.1, 0.2, 0.3, 0.4)
SPREAD = np.array([-0.001, 0.0, 0.001])


def _scores(target, metric, before, means, weights=WEIGHTS):
    by_weight = {w: tuple(mean + SPREAD) for w, mean in zip(weights, means, strict=True)}
    return RepeatedScores(target, metric, before, by_weight)


def _case():
    """PCC least changed at 0.3 and 0.4, MAE at 0.2 and 0.3; least error at 0.1 and 0.2."""
    return [
        _scores("lst", "pcc", 0.950, (0.980, 0.970, 0.951, 0.930)),
        _scores("lst", "mae", 1.000, (0.800, 0.990, 1.200, 1.300)),
        _scores("lse_10", "pcc", 0.800, (0.900, 0.880, 0.830, 0.790)),
        _scores("lse_10", "mae", 0.100, (0.050, 0.040, 0.095, 0.120)),
    ]


def test_choice_of_each_series():
    selection = select_weight(_case())
    assert [one.lowest_t_weight for one in selection.series] == [0.3, 0.2, 0.4, 0.3]
    assert [one.best_mean_weight for one in selection.series] == [0.1, 0.1, 0.1, 0.2]
    assert selection.targets == ("lst", "lse_10")
    assert selection.weights == WEIGHTS


def test_choice_over_targets_and_metrics():
    selection = select_weight(_case())
    assert selection.quartiles.n == 4
    assert selection.quartiles.median == pytest.approx(0.3)
    assert selection.quartiles.lower == pytest.approx(0.275)
    assert selection.quartiles.upper == pytest.approx(0.325)
    assert selection.lowest_t_weight == 0.3
    expected = [(0.8 + 0.5) / 2, (0.99 + 0.4) / 2, (1.2 + 0.95) / 2, (1.3 + 1.2) / 2]
    assert list(selection.relative_errors.values()) == pytest.approx(expected)
    assert selection.least_error_weight == 0.1
    assert selection.recommended == 0.1


def test_lowest_t_is_kept_where_it_has_the_least_error():
    selection = select_weight([_scores("lst", "mae", 1.0, (1.4, 1.3, 1.01, 1.2))])
    assert selection.lowest_t_weight == selection.least_error_weight == 0.3
    assert selection.recommended == 0.3


def test_sign_of_an_improvement():
    selection = select_weight(_case())
    pcc, mae = selection.find("lst", "pcc"), selection.find("lst", "mae")
    assert pcc.tests[0.1].t > 0 and pcc.improvement_t(0.1) == pcc.tests[0.1].t
    # an error that falls is an improvement, as in Table 4
    assert mae.tests[0.1].t < 0 and mae.improvement_t(0.1) == -mae.tests[0.1].t
    assert mae.improvement_t(0.4) < 0
    assert selection.find("lse_14", "mae") is None


def test_a_median_between_two_weights_gives_the_lower():
    # lowest |t| at 0.3 and 0.4: the median 0.35 is no tried weight, like the paper's
    scores = [
        _scores("lst", "pcc", 0.9, (0.99, 0.98, 0.901, 0.85)),
        _scores("lst", "mae", 1.0, (0.5, 0.6, 0.8, 1.01)),
    ]
    selection = select_weight(scores)
    assert selection.quartiles.median == pytest.approx(0.35)
    assert selection.lowest_t_weight == 0.3


def test_the_order_of_weights_does_not_matter():
    forward = select_weight(_case())
    backward = select_weight(
        [
            RepeatedScores(s.target, s.metric, s.before, dict(reversed(s.by_weight.items())))
            for s in _case()
        ]
    )
    assert backward == forward


def test_equal_t_give_the_lower_weight():
    selection = select_weight([_scores("lst", "mae", 1.0, (1.5, 1.0, 1.0, 1.5))])
    assert selection.lowest_t_weight == selection.least_error_weight == 0.2


def test_a_weight_whose_runs_failed_is_not_chosen():
    scores = _scores("lst", "mae", 1.0, (0.8, 1.01, 1.2, 1.3))
    by_weight = dict(scores.by_weight) | {0.1: (math.nan,) * 3, 0.2: (1.01, math.nan, math.nan)}
    selection = select_weight([RepeatedScores("lst", "mae", 1.0, by_weight)])
    assert selection.lowest_t_weight == 0.3
    assert math.isnan(selection.relative_errors[0.1])
    assert selection.least_error_weight == 0.2


def test_weights_without_spread():
    by_weight = {0.1: (0.8, 0.8), 0.2: (0.9, 0.91), 0.3: (1.2, 1.2)}
    selection = select_weight([RepeatedScores("lst", "mae", 1.0, by_weight)])
    assert selection.series[0].utilities()[0] == 0.0
    assert selection.lowest_t_weight == 0.2
    assert selection.recommended == 0.1


@pytest.mark.parametrize("scores", [(1.0,), (0.5, 0.5), (math.nan, math.nan)])
def test_nothing_to_choose_from(scores):
    series = RepeatedScores("lst", "mae", 0.9, {w: scores for w in WEIGHTS})
    with pytest.raises(DistillationError, match="repetitions"):
        select_weight([series])
    assert lowest_t_weight({}) is None


def test_no_finite_error():
    pcc = _scores("lst", "pcc", 0.9, (0.99, 0.98, 0.97, 0.96))
    mae = RepeatedScores("lst", "mae", 1.0, {w: (math.nan,) * 3 for w in WEIGHTS})
    with pytest.raises(DistillationError, match="no weight has a finite held-out MAE"):
        select_weight([pcc, mae])


def test_bad_input_is_refused():
    pcc, mae = _case()[:2]
    with pytest.raises(ParameterError, match="no scores"):
        select_weight([])
    with pytest.raises(ParameterError, match="come twice"):
        select_weight([mae, mae])
    with pytest.raises(ParameterError, match="no MAE"):
        select_weight([pcc])
    with pytest.raises(ParameterError, match="other weights"):
        select_weight([mae, _scores("lst", "pcc", 0.9, (0.9, 0.9), weights=(0.1, 0.2))])
    with pytest.raises(ParameterError, match="must be positive"):
        select_weight([_scores("lst", "mae", 0.0, (0.1,) * 4)])
    with pytest.raises(ParameterError, match="metric 'r2'"):
        RepeatedScores("lst", "r2", 1.0, {0.1: (1.0,)})
    with pytest.raises(ParameterError, match="Score the small model first"):
        RepeatedScores("lst", "mae", math.nan, {0.1: (1.0,)})
    with pytest.raises(ParameterError, match="no scores of any"):
        RepeatedScores("lst", "mae", 1.0, {})
    with pytest.raises(ParameterError, match="from 0 to 1"):
        RepeatedScores("lst", "mae", 1.0, {1.1: (1.0,)})


def test_quartiles():
    assert Quartiles.of([0.3]) == Quartiles(1, 0.3, 0.3, 0.3)
    with pytest.raises(DistillationError, match="two or more repetitions"):
        Quartiles.of([])
