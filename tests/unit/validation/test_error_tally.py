"""Coverage, likelihood, bias and reliability of errors whose distribution is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from akkd_core.errors import InputError
from akkd_core.validation.error_summary import (
    TCWV_CLASSES,
    ErrorSummary,
    cover_classes,
    mae_difference,
    ratio_by_profile,
    reliability,
    tcwv_classes,
)
from akkd_core.validation.error_tally import ErrorTally

SCENES, PIXELS = 60, 2000
NORMAL_NLL = 0.5 * math.log(2.0 * math.pi) + 0.5


def told(
    *, bias: float = 0.0, confident: float = 1.0, constant: bool = False, interval: float = 0.0
) -> ErrorTally:
    """Errors of the stated sigma times ``confident``, plus a bias; sigma varies by a factor 8."""
    rng = np.random.default_rng(3)
    tally = ErrorTally(np.full(6, interval)) if interval else ErrorTally()
    unit = np.array([1.0, *(0.02,) * 5])
    for scene in range(SCENES):
        spread = np.ones(PIXELS) if constant else np.exp(rng.uniform(-1.0, 1.0, PIXELS))
        sigma = spread[:, None] * unit
        truth = np.full((PIXELS, 6), 0.9)
        values = truth + confident * sigma * rng.standard_normal((PIXELS, 6)) + bias * unit
        tally.add(
            values, truth, sigma, profile=f"air {scene % 12}", tcwv_kg_m2=float(scene % 5) * 10 + 5
        )
    return tally


@pytest.fixture(scope="module")
def right() -> ErrorTally:
    return told()


def test_errors_of_the_stated_sigma_are_covered_as_they_should(right: ErrorTally) -> None:
    summary = ErrorSummary(right)
    for output in range(6):
        assert summary.coverage(output).value == pytest.approx(0.6827, abs=0.005)
        assert summary.coverage(output, "in_90").value == pytest.approx(0.90, abs=0.004)
    whole = summary.coverage(0)
    assert whole.low < 0.6827 < whole.high and whole.high - whole.low < 0.02
    for _, part in tcwv_classes(right):
        assert part.scenes == SCENES // 5
        assert part.coverage(3).value == pytest.approx(0.683, abs=0.01)


def test_likelihood_is_the_normal_one_and_beats_a_constant(right: ErrorTally) -> None:
    found = ErrorSummary(right).likelihood(0)
    # sigma is exp(u), u uniform in -1..1: mean of its logarithm 0, of its square sinh(2) / 2
    assert found.told.value == pytest.approx(NORMAL_NLL, abs=0.01)
    variance = math.sinh(2.0) / 2.0
    assert found.constant_sigma == pytest.approx(math.sqrt(variance), rel=0.01)
    assert found.constant == pytest.approx(NORMAL_NLL + 0.5 * math.log(variance), abs=0.01)
    assert found.gain.value == pytest.approx(0.5 * math.log(variance), abs=0.01)
    assert found.gain.low > 0
    even = ErrorSummary(told(constant=True)).likelihood(1)
    assert even.gain.value == pytest.approx(0.0, abs=1e-4)
    assert even.told.value == pytest.approx(NORMAL_NLL + math.log(0.02), abs=0.01)


def test_too_confident_errors_show() -> None:
    summary = ErrorSummary(told(confident=2.0))
    assert summary.coverage(0).value == pytest.approx(0.3829, abs=0.005)
    assert summary.likelihood(0).told.value == pytest.approx(NORMAL_NLL + 1.5, abs=0.03)
    rows = reliability(told(confident=2.0), 0)
    assert all(row.rms / row.sigma == pytest.approx(2.0, rel=0.03) for row in rows)


def test_a_bias_shows() -> None:
    tally = told(bias=0.4)
    summary = ErrorSummary(tally)
    assert summary.bias().value == pytest.approx(0.4, abs=0.01)
    assert summary.bias(2).value == pytest.approx(0.008, abs=2e-4)
    assert summary.bias().low < 0.4 < summary.bias().high
    assert summary.mean_absolute_scene_bias() == pytest.approx(0.4, abs=0.01)
    assert mae_difference(tally, told()).value > 0.05


def test_mean_errors_are_means_over_scenes() -> None:
    tally = ErrorTally()
    for scene, error in enumerate((1.0, -3.0)):
        count = 10 * (scene + 1)
        truth = np.full((count, 6), 0.5)
        tally.add(truth + error, truth, None, profile="a", tcwv_kg_m2=1.0)
    summary = ErrorSummary(tally)
    assert summary.lst_mae().value == pytest.approx(2.0)
    assert summary.lse_mae().value == pytest.approx(2.0)
    assert summary.bias().value == pytest.approx(-1.0)
    assert math.isnan(summary.lst_mae().low)  # one profile: nothing to resample
    assert not tally.tells_errors and math.isnan(summary.coverage(0).value)


def test_the_stated_interval_counts() -> None:
    summary = ErrorSummary(told(interval=1.0))
    assert summary.coverage(0, "in_90").value == summary.coverage(0).value


def test_reliability_lies_on_the_diagonal(right: ErrorTally) -> None:
    for output, unit in ((0, 1.0), (4, 0.02)):
        rows = reliability(right, output)
        assert 7 <= len(rows) <= 10
        assert sum(row.share for row in rows) == pytest.approx(1.0)
        assert rows[0].sigma == pytest.approx(0.41 * unit, rel=0.1)
        for row in rows:
            assert row.rms == pytest.approx(row.sigma, rel=0.05)
            assert row.quantile_68 == pytest.approx(row.sigma, rel=0.05)


def test_what_is_not_finite_is_left_out() -> None:
    truth = np.zeros((4, 6))
    values = truth + np.array([1.0, np.nan, 3.0, 5.0])[:, None]
    sigma = np.full((4, 6), 2.0)
    sigma[2] = np.nan
    sigma[3] = 0.0
    tally = ErrorTally()
    tally.add(values, truth, sigma, profile="a", tcwv_kg_m2=1.0)
    tally.add(np.full((4, 6), np.nan), truth, sigma, profile="b", tcwv_kg_m2=1.0)
    summary = ErrorSummary(tally)
    assert summary.lst_mae().value == pytest.approx(3.0)
    assert tally.moment("told")[:, 0].tolist() == [1.0, 0.0]
    assert summary.coverage(0).value == 1.0
    assert summary.retrieved_share(4) == pytest.approx(3 / 8)


def test_parts_together_are_the_whole_and_files_keep_them(right: ErrorTally) -> None:
    first, second = told(bias=0.1), told(bias=0.1)
    second.merge(ErrorTally.from_arrays(right.arrays()))
    assert len(second) == 2 * SCENES
    both = 0.5 * (ErrorSummary(first).lst_mae().value + ErrorSummary(right).lst_mae().value)
    assert ErrorSummary(second).lst_mae().value == pytest.approx(both)
    assert np.array_equal(second.histogram, first.histogram + right.histogram)
    again = ErrorTally.from_arrays(right.arrays())
    for name, values in right.arrays().items():
        assert np.array_equal(values, again.arrays()[name])
    # what is kept doesn't grow with the pixels
    assert sum(part.nbytes for part in right.arrays().values()) < 4_000_000
    arrays = right.arrays()
    del arrays["tcwv"]
    with pytest.raises(InputError, match="tcwv"):
        ErrorTally.from_arrays(arrays)
    with pytest.raises(InputError, match="form"):
        ErrorTally.from_arrays(right.arrays() | {"moments": np.zeros((1, 6, 3))})


def test_interval_is_by_profile() -> None:
    rng = np.random.default_rng(0)
    level = rng.normal(size=40)
    profile = np.repeat([f"p{i}" for i in range(40)], 50)
    values = np.repeat(level, 50) + 0.01 * rng.normal(size=2000)
    found = ratio_by_profile(values, np.ones(2000), profile)
    assert found.standard_error == pytest.approx(level.std() / math.sqrt(40), rel=0.15)
    alone = ratio_by_profile(values, np.ones(2000), np.arange(2000).astype(str))
    assert alone.standard_error < 0.3 * found.standard_error
    assert found == ratio_by_profile(values, np.ones(2000), profile)


def test_land_covers_are_told_apart_and_kept() -> None:
    tally, zero = ErrorTally(), np.zeros((2, 6))
    for cover, error in (("snow", 3.0), ("", 9.0), ("crops", 1.0), ("snow", 5.0)):
        tally.add(zero + error, zero, None, profile="a", tcwv_kg_m2=1.0, land_cover=cover)
    again = ErrorTally.from_arrays(tally.arrays())
    again.merge(tally)
    for of, times in ((tally, 1), (again, 2)):
        found = cover_classes(of)
        assert [(name, part.scenes) for name, part in found] == [
            ("crops", times), ("snow", 2 * times),
        ]  # fmt: skip
        assert [part.lst_mae().value for _, part in found] == [1.0, 4.0]


def test_classes_are_by_water_vapour() -> None:
    tally = ErrorTally()
    for tcwv in (0.5, 10.0, 19.9, 35.0, 80.0):
        tally.add(np.zeros((2, 6)), np.zeros((2, 6)), None, profile="a", tcwv_kg_m2=tcwv)
    counts = {label: part.scenes for label, part in tcwv_classes(tally)}
    assert counts == dict(zip(TCWV_CLASSES, (1, 2, 0, 1, 1), strict=True))
