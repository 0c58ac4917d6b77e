"""Table 4 of the AK-KD paper: its t values give its p values at df 29, and no other df does.

Source: Dai et al. 2025, doi 10.1016/j.aiaa.2025.03.009, Table 4 (small model 1, LST, 30 experiments
for each weight). Typed in here apart from the package, as printed.
"""

from __future__ import annotations

import math

import pytest

from akkd_core.distillation.t_test import TTest, p_value
from akkd_core.distillation.weights import Quartiles, lowest_t_weight
from akkd_core.distillation.weights_table import PAPER_REPETITIONS, PAPER_TABLE4

PRINTED = {
    "pcc": (
        (0.1, "102.426", "1.13E-38"),
        (0.2, "26.752", "5.45E-22"),
        (0.3, "5.353", "9.51E-06"),
        (0.4, "-3.323", "2.42E-03"),
        (0.5, "-14.262", "1.23E-14"),
        (0.6, "-32.6", "2.11E-24"),
        (0.7, "-51.128", "5.67E-30"),
        (0.8, "-63.371", "1.18E-32"),
        (0.9, "-111.902", "8.74E-40"),
    ),
    "mae": (
        (0.1, "66.68", "2.73E-33"),
        (0.2, "4.674", "6.28E-05"),
        (0.3, "-15.62", "1.18E-15"),
        (0.4, "-29.069", "5.33E-23"),
        (0.5, "-39.13", "1.19E-26"),
        (0.6, "-77.486", "3.59E-35"),
        (0.7, "-79.88", "1.49E-35"),
        (0.8, "-176.301", "1.68E-45"),
        (0.9, "-133.027", "5.86E-42"),
    ),
}
PAIRS = [(metric, *row) for metric, rows in PRINTED.items() for row in rows]
NOT_TO_THE_DIGIT = [("mae", 0.2)]
"""From t = 4.674 as printed p is 6.27E-05; the t before rounding may have been 4.6735."""


def _half_a_digit(printed: str) -> float:
    _, _, decimals = printed.partition(".")
    return 0.5 * 10.0 ** -len(decimals)


def test_all_18_pairs_are_there() -> None:
    assert len(PAIRS) == 18
    assert {
        (metric, weight): pair
        for metric, rows in PAPER_TABLE4.items()
        for weight, pair in rows.items()
    } == {(metric, weight): (float(t), float(p)) for metric, weight, t, p in PAIRS}
    assert PAPER_REPETITIONS == 30


def test_printed_t_give_printed_p_to_all_digits_but_for_one() -> None:
    wrong = [(m, w) for m, w, t, p in PAIRS if f"{p_value(float(t), 29):.2E}" != p]
    assert wrong == NOT_TO_THE_DIGIT


@pytest.mark.parametrize(("metric", "weight", "t", "p"), PAIRS)
def test_printed_p_is_that_of_a_t_which_rounds_to_the_printed_one(
    metric: str, weight: float, t: str, p: str
) -> None:
    half = _half_a_digit(t)
    digit = float(f"0.005E{p.partition('E')[2]}")
    least, most = p_value(abs(float(t)) + half, 29), p_value(abs(float(t)) - half, 29)
    assert least - digit <= float(p) <= most + digit


@pytest.mark.parametrize("df", [28, 30, 58])
def test_no_other_degrees_of_freedom_fit(df: int) -> None:
    # 58: the two independent samples of 30 of which the paper's text speaks
    assert not any(f"{p_value(float(t), df):.2E}" == p for _, _, t, p in PAIRS)


def test_the_formula_as_printed_would_lose_its_digits() -> None:
    from scipy import stats

    literal = [2.0 * (1.0 - stats.t.cdf(abs(float(t)), 29)) for _, _, t, _ in PAIRS]
    assert sum(value == 0.0 for value in literal) > 10
    assert min(p_value(float(t), 29) for _, _, t, _ in PAIRS) > 0


def test_lowest_t_of_table_4() -> None:
    for metric, expected in (("pcc", 0.4), ("mae", 0.2)):
        tests = {
            weight: TTest(30, 0, math.nan, math.nan, math.nan, t, p)
            for weight, (t, p) in PAPER_TABLE4[metric].items()
        }
        assert lowest_t_weight(tests) == expected


@pytest.mark.parametrize(
    ("printed", "weights"),
    [
        # twelve weights (six targets by PCC and MAE) that give the quartiles printed with Fig. 9
        ((0.275, 0.35, 0.5), (0.2, 0.2, 0.2, 0.3, 0.3, 0.3, 0.4, 0.4, 0.5, 0.5, 0.6, 0.6)),
        ((0.2, 0.3, 0.425), (0.1, 0.2, 0.2, 0.2, 0.3, 0.3, 0.3, 0.4, 0.4, 0.5, 0.5, 0.5)),
    ],
)
def test_quartiles_printed_with_figure_9_are_of_linear_interpolation(
    printed: tuple[float, ...], weights: tuple[float, ...]
) -> None:
    found = Quartiles.of(weights)
    assert (found.lower, found.median, found.upper) == pytest.approx(printed)
