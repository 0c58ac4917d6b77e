"""What was asked of the accuracy, and whether it was reached: the first table of the item."""

from __future__ import annotations

import math
from collections.abc import Iterator

from akkd_core.physics.features import OUTPUT_NAMES
from akkd_core.reproduction.accuracy_run import (
    OTHER_ENGINE,
    USUAL,
    AccuracyPlan,
    AccuracySums,
    known_name,
)
from akkd_core.reproduction.result import Cell, Column, ResultTable
from akkd_core.validation.error_summary import (
    LSE_OUTPUTS,
    ErrorSummary,
    Estimate,
    mae_difference,
    tcwv_classes,
)
from akkd_core.validation.error_tally import ErrorTally
from akkd_core.validation.judged_methods import NOTHING, PROFILE, WATER_AND_AIR

ASKED_MAE = ((NOTHING, 0.70, 0.0148), (WATER_AND_AIR, 0.64, 0.0145), (PROFILE, 0.58, 0.0142))
"""Highest LST MAE, K, and LSE MAE by what is known of the air."""

ONE_SIGMA_OVERALL, NINETY_OVERALL = (0.63, 0.73), (0.87, 0.93)
ONE_SIGMA_IN_CLASS = (0.55, 0.80)
"""Asked coverage of one sigma and of the 90 % interval."""

MOST_BIAS_K, MOST_BLUR = 0.2, 0.05

NOT_TAKEN = "not taken by this bundle"

_NUMBERS = tuple(Column(title, 4) for title in ("value", "low", "high"))
_COLUMNS = (Column("claim"), *_NUMBERS, Column("asked"), Column("reached"))

Row = tuple[Cell, ...]


def number(value: float) -> float | None:
    """Value for a table: nothing where it isn't finite."""
    return value if math.isfinite(value) else None


def interval(estimate: Estimate) -> tuple[float | None, float | None, float | None]:
    """Cells of an estimate and its 95 % interval."""
    return number(estimate.value), number(estimate.low), number(estimate.high)


def claims(plan: AccuracyPlan, sums: AccuracySums) -> ResultTable:
    """Table of the claims.

    Parameters
    ----------
    plan : AccuracyPlan
    sums : AccuracySums
    """
    tally = sums.tallies[USUAL][plan.bundle.name]
    rows = [
        *_errors(plan, sums),
        *_coverage(tally),
        *_likelihood(tally),
        _bias(tally),
        *_poor(plan, sums),
        *_edge(plan, sums),
    ]
    return ResultTable(
        "",
        "What was asked, and what was reached; low and high bound the 95 % interval by profile. "
        "Coverage, likelihood and bias are from the file alone.",
        _COLUMNS,
        tuple(rows),
    )


def _verdict(reached: bool) -> str:
    return "yes" if reached else "no"


def _at_most(name: str, estimate: Estimate, bound: float) -> Row:
    asked = f"<= {bound:g}"
    return (name, *interval(estimate), asked, _verdict(estimate.value <= bound))


def _errors(plan: AccuracyPlan, sums: AccuracySums) -> Iterator[Row]:
    plans = [(USUAL, *asked) for asked in ASKED_MAE] + [(OTHER_ENGINE, *ASKED_MAE[-1])]
    for air, known, lst, lse in plans:
        tally = sums.tallies[air].get(known_name(plan, known))
        engine = "" if air == USUAL else ", air as of another engine"
        names = (f"LST MAE, {known}{engine}, K", f"LSE MAE, {known}{engine}")
        if tally is None:
            for name, bound in zip(names, (lst, lse), strict=True):
                yield (name, None, None, None, f"<= {bound:g}", NOT_TAKEN)
            continue
        summary = ErrorSummary(tally)
        yield _at_most(names[0], summary.lst_mae(), lst)
        yield _at_most(names[1], summary.lse_mae(), lse)


def _within(name: str, estimate: Estimate, bounds: tuple[float, float]) -> Row:
    low, high = bounds
    reached = low <= estimate.value <= high
    return (name, *interval(estimate), f"{low:.2f}-{high:.2f}", _verdict(reached))


def _coverage(tally: ErrorTally) -> Iterator[Row]:
    if not tally.tells_errors:
        yield ("coverage", None, None, None, "-", "no errors are told")
        return
    summary = ErrorSummary(tally)
    for place, output in enumerate(OUTPUT_NAMES):
        yield _within(f"1 sigma holds, {output}", summary.coverage(place), ONE_SIGMA_OVERALL)
    for place, output in enumerate(OUTPUT_NAMES):
        estimate = summary.coverage(place, "in_90")
        yield _within(f"90 % interval holds, {output}", estimate, NINETY_OVERALL)
    by_class = [
        (part.coverage(place), f"{OUTPUT_NAMES[place]}, {label} kg m-2")
        for label, part in tcwv_classes(tally)
        if part.scenes
        for place in range(len(OUTPUT_NAMES))
    ]
    known = [entry for entry in by_class if math.isfinite(entry[0].value)]
    for word, choose in (("least", min), ("most", max)):
        if known:
            estimate, where = choose(known, key=lambda entry: entry[0].value)
            name = f"1 sigma holds, {word} of all classes ({where})"
            yield _within(name, estimate, ONE_SIGMA_IN_CLASS)


def _likelihood(tally: ErrorTally) -> Iterator[Row]:
    if not tally.tells_errors:
        return
    summary = ErrorSummary(tally)
    for place in (0, *LSE_OUTPUTS):
        gain = summary.likelihood(place).gain
        name = f"log likelihood gained over a constant sigma, {OUTPUT_NAMES[place]}, nats"
        yield (name, *interval(gain), "> 0", _verdict(gain.value > 0))


def _bias(tally: ErrorTally) -> Row:
    parts = [(part.bias(), label) for label, part in tcwv_classes(tally) if part.scenes]
    beyond = [(abs(bias.value) - _or_nothing(bias.standard_error), label) for bias, label in parts]
    worst, label = max(beyond)
    name = f"|mean bias| less its standard error, worst class ({label} kg m-2), K"
    return (name, number(worst), None, None, f"< {MOST_BIAS_K:g}", _verdict(worst < MOST_BIAS_K))


def _or_nothing(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def _poor(plan: AccuracyPlan, sums: AccuracySums) -> Iterator[Row]:
    for kind, tallies in sums.poor.items():
        own = tallies[plan.bundle.name]
        for name, other in tallies.items():
            if name != plan.bundle.name:
                difference = mae_difference(own, other)
                text = f"LST MAE less the single pixel's, {kind}, K"
                yield (text, *interval(difference), "<= 0", _verdict(difference.value <= 0))


def _edge(plan: AccuracyPlan, sums: AccuracySums) -> Iterator[Row]:
    response = sums.edges[plan.bundle.name].responses()[0]
    name = "LST step between the columns beside a sharp border, part of the whole step"
    bounds = (1.0 - MOST_BLUR, 1.0 + MOST_BLUR)
    yield _within(name, Estimate(response.beside), bounds)
