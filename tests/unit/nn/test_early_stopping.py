import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akkd_core.errors import TrainingError
from akkd_core.nn.early_stopping import LSE_THRESHOLD, LST_THRESHOLD_K, Verdict, judge, threshold
from akkd_core.nn.learning_curve import LearningCurve
from akkd_core.physics.features import OUTPUT_NAMES


def _judge(lst, lse=None, patience=2):
    columns = {"val_mae_lst": lst}
    if lse is not None:
        columns["val_mae_lse_12"] = lse
    return judge(columns, [name[8:] for name in columns], patience)


def test_thresholds_fit_the_target():
    assert (threshold("lst"), threshold("lse_10")) == (0.005, 0.0001)
    assert (LST_THRESHOLD_K, LSE_THRESHOLD) == (0.005, 0.0001)


@pytest.mark.parametrize(("second", "improved"), [(0.994, 2), (0.996, 1), (1.5, 1)])
def test_an_epoch_improves_by_more_than_the_threshold(second, improved):
    assert _judge([1.0, second]).improved_epoch == improved


@pytest.mark.parametrize(("second", "improved"), [(0.01985, 2), (0.01995, 1)])
def test_any_target_will_do(second, improved):
    assert _judge([1.0, 1.0], [0.02, second]).improved_epoch == improved


def test_slow_progress_adds_up():
    # 0.002 K an epoch: every third one passes the threshold
    assert _judge([1.0 - 0.002 * i for i in range(10)], patience=3) == Verdict(10, 10, False)
    assert _judge([1.0 - 0.002 * i for i in range(3)], patience=3).improved_epoch == 1


def test_the_run_ends_after_patience_epochs_without_improvement():
    errors = [1.0, 0.9, 0.9, 0.899, 0.9]
    assert [_judge(errors[:n], patience=3).stop for n in range(1, 6)] == [False] * 4 + [True]
    assert not _judge(errors * 50, patience=0).stop


def test_the_kept_epoch_has_the_lowest_error_if_only_by_little():
    assert _judge([1.0, 0.9, 0.899, 0.9]).kept_epoch == 3
    # 0.010 K worse and 0.0003 better: two thresholds lost, three won
    assert _judge([1.0, 1.010], [0.02, 0.0197]).kept_epoch == 2
    assert _judge([1.0, 1.010], [0.02, 0.0199]).kept_epoch == 1


def test_no_finite_error_is_a_clear_error():
    with pytest.raises(TrainingError, match="learning rate"):
        _judge([math.nan, math.nan])
    assert _judge([math.nan, 1.0]) == Verdict(2, 2, False)


def test_the_first_run_had_hardly_improved_when_it_ended(repo_root):
    columns = LearningCurve(repo_root / "docs" / "training" / "first_learning_curve.csv").columns()
    verdict = judge(columns, OUTPUT_NAMES, 0)
    assert verdict.kept_epoch == 38 and not verdict.stop
    kept = columns["val_mae_lst"][37]
    assert kept == pytest.approx(0.872, abs=0.0005)
    assert kept > columns["val_mae_lst"][27] - 0.011


def test_the_shipped_run_began_where_the_first_ended(repo_root):
    columns = LearningCurve(repo_root / "docs" / "training" / "learning_curve.csv").columns()
    assert judge(columns, OUTPUT_NAMES, 0).kept_epoch == 27
    assert columns["val_mae_lst"][0] < 0.872 and columns["val_mae_lst"][26] < 0.8112


@given(st.lists(st.floats(0.1, 10.0), min_size=1, max_size=40), st.integers(1, 5))
def test_a_verdict_never_looks_ahead(errors, patience):
    whole = judge({"val_mae_lst": errors}, ["lst"], patience)
    assert errors[whole.kept_epoch - 1] == min(errors)
    # the first epoch always improves, and a stop is as far from the last improvement as asked
    assert 1 <= whole.improved_epoch <= len(errors)
    assert whole.stop == (len(errors) - whole.improved_epoch >= patience)
    so_far = judge({"val_mae_lst": errors[: whole.improved_epoch]}, ["lst"], patience)
    assert so_far.improved_epoch == whole.improved_epoch and not so_far.stop
