"""Tables 1-3 for real, but with few networks of few epochs: that what is fitted is what is told."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras", reason="needs the train extra")

from akkd_core.bundle.architecture import Architecture  # noqa: E402
from akkd_core.errors import OperationCancelled, SearchAborted  # noqa: E402
from akkd_core.nn.fitting import Fit  # noqa: E402
from akkd_core.progress import SilentProgress  # noqa: E402
from akkd_core.reproduction import architectures, table1, table2, table3  # noqa: E402
from akkd_core.reproduction.architectures import SearchPlan, best_trial, find_and_fit  # noqa: E402
from akkd_core.reproduction.fits import (  # noqa: E402
    Training,
    band_samples,
    by_band_count,
    fit_lst,
    score_lst,
    split_samples,
)
from akkd_core.reproduction.items import Request  # noqa: E402
from akkd_core.reproduction.published import ALL_BANDS, TABLE2, TABLE3  # noqa: E402
from akkd_core.search.trials import Trial  # noqa: E402

TINY = Architecture.of((16,), "tanh", learning_rate=0.02)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(architectures, "TRIAL3", TINY)


class Cancelling(SilentProgress):
    """Cancels when asked for the n-th time."""

    def __init__(self, after: int) -> None:
        self.left = after

    def cancelled(self) -> bool:
        self.left -= 1
        return self.left < 0


class Recording(SilentProgress):
    def __init__(self) -> None:
        self.fractions: list[float] = []

    def update(self, fraction: float, message: str = "") -> None:
        self.fractions.append(fraction)


def test_columns_of_the_bands() -> None:
    train, _ = split_samples(25, 1, "full")
    samples = band_samples(train, (11, 14))
    np.testing.assert_array_equal(samples.x, train.bt[:, [1, 4]])
    np.testing.assert_array_equal(samples.y[:, 0], train.lst)


def test_epochs_of_steps() -> None:
    assert Training.of_steps(12_000, 256, 19_584) == Training(156, 256)
    assert Training.of_steps(12_000, 256, 4_992) == Training(600, 256)
    assert Training.of_steps(1, 256, 19_584).epochs == 1


def test_means_by_number_of_bands() -> None:
    assert by_band_count({(10,): 1.0, (11,): 3.0, (10, 11): 5.0}) == {1: 2.0, 2: 5.0}


@pytest.mark.usefixtures("tiny")
def test_table_2(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {bands: TABLE2[bands] for bands in ((14,), (10,), (13, 14), ALL_BANDS)}
    monkeypatch.setattr(table2, "TABLE2", few)
    monkeypatch.setattr(table2, "TRAINING", Training(4, 256))
    progress = Recording()
    content = table2.make(Request(seed=2), progress)
    main, means = content.tables
    assert [row[0] for row in main.rows] == ["14", "10", "13-14", "10-11-12-13-14"]
    assert [row[1] for row in main.rows] == [2.943, 3.520, 2.032, 0.478]
    assert [row[5] for row in main.rows][-1] == pytest.approx(3.756, abs=1e-3)
    ours = [float(row[2]) for row in main.rows]
    assert all(0.5 < mae < 12 for mae in ours) and all(row[6] > row[2] for row in main.rows)
    assert [row[:2] for row in means.rows] == [(1, 2), (2, 1), (5, 1)]
    assert means.rows[0][2:4] == (pytest.approx((2.943 + 3.520) / 2), np.mean(ours[:2]))
    assert content.headline["five_bands_mae_k"] == ours[-1]
    # the same once more by hand
    train, test = split_samples(4, 2, "full")
    again = fit_lst((14,), train, test, Training(4, 256), 2, architecture=TINY)
    assert again.mae[0] == pytest.approx(ours[0], rel=1e-4)
    assert any("0.9992" in note and "3.76 K" in note for note in content.notes)
    assert progress.fractions == sorted(progress.fractions)


@pytest.mark.usefixtures("tiny")
def test_table_3(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {key: TABLE3[key] for key in ((ALL_BANDS, 4), (ALL_BANDS, 1))}
    monkeypatch.setattr(table3, "TABLE3", few)
    monkeypatch.setattr(table3, "EPOCHS", 2)
    monkeypatch.setattr(table3, "UNSEEN", 2000)
    content = table3.make(Request(), SilentProgress())
    main, outside = content.tables
    # at 4 K for the same epochs and for the same steps of the optimizer, then at 1 K
    assert [row[:6] for row in main.rows] == [
        ("10-11-12-13-14", 4, 4992, 2, 40, 0.478),
        ("10-11-12-13-14", 4, 4992, 8, 160, 0.478),
        ("10-11-12-13-14", 1, 19584, 2, 154, 0.348),
    ]
    assert main.rows[0][6] > main.rows[1][6]
    assert all(row[7] == pytest.approx(row[6], rel=0.2) and row[7] != row[6] for row in main.rows)
    (trend, *_) = content.notes
    assert all(f"{mae:.3f} K" in trend for mae in (main.rows[0][6], main.rows[1][7]))
    helps = "not the samples" in trend
    assert helps == (main.rows[1][7] <= main.rows[2][7])
    labels, counts, maes = zip(*(row[:3] for row in outside.rows), strict=True)
    assert [("NEdT" in label, "unseen" in label) for label in labels[:4]] == [
        (False, False), (True, False), (False, True), (True, True),
    ]  # fmt: skip
    assert counts[:4] == (4896, 4896, 2000, 2000) and 0 < counts[4] < 2000
    # the network is the table's own, and unseen air is worse for it
    assert maes[0] == pytest.approx(main.rows[2][6], rel=1e-4)
    assert content.headline["five_bands_step1_mae_k"] == main.rows[2][6]
    assert content.headline["unseen_mae_k"] == maes[2] > maes[0]
    assert outside.rows[0][2:4] != outside.rows[1][2:4]


def test_table_1(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("autokeras", reason="needs the train extra")
    monkeypatch.setitem(
        table1.PLANS, "small", table1.Plan(4, SearchPlan(3, 1, 1024, max_parameters=20_000))
    )
    seen = []

    def fit(bands, train, test, training, seed, *, architecture, progress):  # type: ignore[no-untyped-def]
        seen.append((bands, len(train.lst), training, architecture))
        mae = 1.0 + 0.1 * ((len(seen) * 3) % 8)
        return Fit(None, (mae,), (0.99,), (2 * mae,), (0.0,), 1.0)  # type: ignore[arg-type]

    monkeypatch.setattr(table1, "fit_lst", fit)
    content = table1.make(Request(), SilentProgress())
    ours, paper = content.tables
    assert len(ours.rows) == 3 and [row[0] for row in ours.rows] == [1, 2, 3]
    assert all(row[4] <= 20_000 and 0.5 < row[6] < 100 for row in ours.rows)
    assert content.headline["best_mae_k"] == min(row[6] for row in ours.rows)
    assert [item[:3] for item in seen] == [(ALL_BANDS, 4992, Training(1, 1024))] * 8
    assert [row[7] for row in paper.rows] == [
        0.679, 0.668, 0.668, 0.976, 0.693, 0.687, 0.676, 0.661,
    ]  # fmt: skip
    assert [row[5] for row in paper.rows] == [
        "dropout 0.25", "no", "no", "no", "dropout 0.25", "no", "769 units", "no",
    ]  # fmt: skip
    # parameters of trial 3, counted by hand
    widths = (5, 32, 32, 720, 32, 32, 752, 32, 1)
    assert paper.rows[2][4] == sum((a + 1) * b for a, b in zip(widths, widths[1:], strict=False))
    # made-up MAE: trial 8 is best with 1.0 K, trial 3 second
    (first, *_) = content.notes
    assert "trial 8 is best with 1.000 K" in first and "number 2 of eight" in first


def test_eight_best_trials_are_shown_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = [_trial(n, mae) for n, mae in enumerate((9, 1, 8, 2, 7, 3, None, 6, 4, 5), 1)]
    table = table1._ours(trials)
    assert [row[0] for row in table.rows] == [2, 3, 4, 5, 6, 8, 9, 10]
    assert "best 8 of 10 trials (1 failed)" in table.caption


def _trial(number: int, mae: float | None, units: int = 32) -> Trial:
    architecture = Architecture.of((units,) * 3)
    if mae is None:
        return Trial(number, architecture, "failed", 10, reason="NaN")
    return Trial(number, architecture, "done", 10, "", float(mae), (float(mae),), (0.9,))


def test_the_papers_budget_fits_the_best_of_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = split_samples(25, 1, "full")
    given = []

    def search(bands, fitted, scored, plan, seed, progress):  # type: ignore[no-untyped-def]
        given.append((bands, len(fitted), len(scored), plan))
        known = {row.tobytes() for row in train.bt}
        assert {row.tobytes() for row in scored.bt} <= known
        return (_trial(1, 2.0, 32), _trial(2, 1.0, 48), _trial(3, None))

    monkeypatch.setattr(architectures, "search_lst", search)
    fit = find_and_fit(
        (10, 13), train, test, Training(1, 256), Request(budget="paper"), SilentProgress()
    )
    assert given == [((10, 13), round(0.8 * len(train)), len(train) - round(0.8 * len(train)),
                      architectures.PAPER_SEARCH)]  # fmt: skip
    assert [kernel.shape[1] for kernel in fit.network.kernels] == [48, 48, 48, 1]
    assert (architectures.PAPER_SEARCH.trials, architectures.PAPER_SEARCH.epochs) == (30, 30)
    assert score_lst(fit.network, (10, 13), test).mae == pytest.approx(fit.mae[0], rel=1e-4)


def test_no_trial_is_the_best_of_failures() -> None:
    assert best_trial((_trial(1, 2.0), _trial(2, 1.0), _trial(3, None))).number == 2
    with pytest.raises(SearchAborted, match="all trials failed .NaN"):
        best_trial((_trial(1, None),))


@pytest.mark.usefixtures("tiny")
def test_cancelled_in_the_midst() -> None:
    with pytest.raises(OperationCancelled):
        table2.make(Request(), Cancelling(after=30))
