"""A weight selection in the form of the paper's Table 4: text, Markdown, CSV, JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from akkd_core.distillation.t_test import TTest, normalised_utilities
from akkd_core.distillation.weights import Series, WeightSelection

PAPER_REPETITIONS = 30
"""Repetitions behind each t of Table 4; its p values are those of df 29."""

PAPER_TARGET = "lst"
"""Target of Table 4: temperature, of the paper's small model 1."""

PAPER_TABLE4: Mapping[str, Mapping[float, tuple[float, float]]] = {
    "pcc": {
        0.1: (102.426, 1.13e-38),
        0.2: (26.752, 5.45e-22),
        0.3: (5.353, 9.51e-06),
        0.4: (-3.323, 2.42e-03),
        0.5: (-14.262, 1.23e-14),
        0.6: (-32.6, 2.11e-24),
        0.7: (-51.128, 5.67e-30),
        0.8: (-63.371, 1.18e-32),
        0.9: (-111.902, 8.74e-40),
    },
    "mae": {
        0.1: (66.68, 2.73e-33),
        0.2: (4.674, 6.28e-05),
        0.3: (-15.62, 1.18e-15),
        0.4: (-29.069, 5.33e-23),
        0.5: (-39.13, 1.19e-26),
        0.6: (-77.486, 3.59e-35),
        0.7: (-79.88, 1.49e-35),
        0.8: (-176.301, 1.68e-45),
        0.9: (-133.027, 5.86e-42),
    },
}
"""Table 4 of Dai et al. 2025 (doi 10.1016/j.aiaa.2025.03.009): t and p by metric and alpha, read as
the teacher's weight."""

_METRICS = ("pcc", "mae")
_NOTHING = "-"
_SAME_WEIGHT = 1e-9

Row = tuple[str, ...]


def table_rows(selection: WeightSelection, target: str, *, paper: bool = False) -> list[Row]:
    """Head and rows of one target's table: weight, then t and p by PCC and by MAE.

    A t is positive where the scores got better, of either metric, as in Table 4.

    Parameters
    ----------
    selection : WeightSelection
    target : str
        One of the selection's.
    paper : bool
        The paper's t and p before ours: they are of LST and its small model 1.
    """
    series = [(metric, selection.find(target, metric)) for metric in _METRICS]
    shown = [(metric, one) for metric, one in series if one is not None]
    sources = ("paper", "ours") if paper else ("",)
    head = ["teacher weight"]
    for metric, _ in shown:
        for source in sources:
            head += [f"{source} {metric.upper()} {what}".strip() for what in ("t", "p")]
    rows = [tuple(head)]
    for weight in selection.weights:
        cells = [f"{weight:g}"]
        for metric, one in shown:
            if paper:
                cells += _paper_cells(metric, weight)
            cells += [_t_text(one.improvement_t(weight)), _p_text(one.tests[weight].p)]
        rows.append(tuple(cells))
    return rows


def _paper_cells(metric: str, weight: float) -> list[str]:
    for printed, (t, p) in PAPER_TABLE4[metric].items():
        if abs(printed - weight) < _SAME_WEIGHT:
            return [_t_text(t), _p_text(p)]
    return [_NOTHING, _NOTHING]


def _t_text(t: float) -> str:
    return _NOTHING if math.isnan(t) else f"{t:.3f}"


def _p_text(p: float) -> str:
    return _NOTHING if math.isnan(p) else f"{p:.2E}"


def notes(selection: WeightSelection) -> list[str]:
    """Sentences on the choice, and on what a reader of the table should know."""
    q, errors = selection.quartiles, selection.relative_errors
    least, lowest = selection.least_error_weight, selection.lowest_t_weight
    written = [
        f"Lowest |t| (the weight that changes the scores least, the paper's rule): median "
        f"{q.median:.3g}, quartiles {q.lower:.3g}-{q.upper:.3g} over {q.n} targets and metrics; "
        f"weight {lowest:g}, held-out MAE {_percent(errors[lowest])} of the one before.",
        f"Least held-out error: weight {least:g}, held-out MAE {_percent(errors[least])} of the "
        "one before, mean over targets.",
        f"Weight to use: {selection.recommended:g}.",
    ]
    tests = [test for one in selection.series for test in one.tests.values()]
    failed = sum(test.failed for test in tests)
    if failed:
        written.append(f"Scores that were not finite and are left out: {failed}.")
    undefined = sum(test.n < 2 for test in tests)
    if undefined:
        written.append(f"Tests of less than two scores, without t: {undefined} of {len(tests)}.")
    flat = sum(test.no_spread for test in tests)
    if flat:
        written.append(
            f"Tests without spread (all repetitions equal), so of t 0 or infinite: {flat} of "
            f"{len(tests)}. Look whether each repetition has a seed of its own."
        )
    return written


def _percent(ratio: float) -> str:
    return "unknown" if math.isnan(ratio) else f"{100.0 * ratio:.1f} %"


def _tables(
    selection: WeightSelection, paper: bool, render: Callable[[Sequence[Row]], str]
) -> list[tuple[str, str]]:
    return [
        (target, render(table_rows(selection, target, paper=paper and target == PAPER_TARGET)))
        for target in selection.targets
    ]


def to_text(selection: WeightSelection, *, paper: bool = False) -> str:
    """Render tables and notes as plain text, columns aligned.

    Parameters
    ----------
    selection : WeightSelection
    paper : bool
        The paper's values beside ours, in the table of LST.
    """
    parts = [f"{target}\n{table}" for target, table in _tables(selection, paper, _aligned)]
    return "\n\n".join([*parts, "\n".join(notes(selection))]) + "\n"


def _aligned(rows: Sequence[Row]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )


def to_markdown(selection: WeightSelection, *, paper: bool = False) -> str:
    """Render tables and notes as Markdown.

    Parameters
    ----------
    selection : WeightSelection
    paper : bool
        The paper's values beside ours, in the table of LST.
    """
    parts = [f"{target}:\n\n{table}" for target, table in _tables(selection, paper, _piped)]
    return "\n\n".join([*parts, "\n".join(f"- {note}" for note in notes(selection))]) + "\n"


def _piped(rows: Sequence[Row]) -> str:
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, f"|{' --: |' * len(rows[0])}", *body])


_COLUMNS = (
    "target", "metric", "teacher_weight", "n", "failed", "before", "mean", "sd", "df", "t",
    "improvement_t", "p", "utility", "normalised_utility",
)  # fmt: skip


def to_csv(selection: WeightSelection, *, paper: bool = False) -> str:
    """Render as CSV, one line a target, metric and weight, with all digits; empty: undefined.

    ``t`` is that of eq. (10), positive where the mean lies above the score before;
    ``improvement_t`` is positive where the scores got better, as Table 4's (``paper_t``) is.

    Parameters
    ----------
    selection : WeightSelection
    paper : bool
        Columns ``paper_t`` and ``paper_p``, filled for LST.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*_COLUMNS, *(("paper_t", "paper_p") if paper else ())])
    for one in selection.series:
        for entry in _entries(one):
            row = [entry[name] for name in _COLUMNS]
            if paper:
                row += _paper_numbers(one, entry["teacher_weight"])
            writer.writerow(["" if cell is None else cell for cell in row])
    return stream.getvalue()


def _paper_numbers(one: Series, weight: float) -> list[float | None]:
    if one.target == PAPER_TARGET:
        for printed, (t, p) in PAPER_TABLE4[one.metric].items():
            if abs(printed - weight) < _SAME_WEIGHT:
                return [t, p]
    return [None, None]


def _entries(one: Series) -> list[dict[str, Any]]:
    utilities = one.utilities()
    relative = normalised_utilities(utilities)
    return [
        {
            "target": one.target,
            "metric": one.metric,
            "teacher_weight": weight,
            **_test_json(test),
            "improvement_t": _number(one.improvement_t(weight)),
            "utility": _number(value),
            "normalised_utility": _number(share),
        }
        for (weight, test), value, share in zip(
            one.tests.items(), utilities, relative, strict=True
        )
    ]


def _test_json(test: TTest) -> dict[str, float | str | None]:
    names = ("n", "failed", "before", "mean", "sd", "df", "t", "p")
    return {name: _number(getattr(test, name)) for name in names}


def _number(value: float) -> float | str | None:
    """Turn a number into what JSON and CSV can hold: infinity as text, NaN as nothing."""
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else ("inf" if value > 0 else "-inf")


def to_json(selection: WeightSelection, *, paper: bool = False) -> str:
    """Render all numbers as JSON; null where undefined, "inf" and "-inf" where infinite.

    Parameters
    ----------
    selection : WeightSelection
    paper : bool
        Table 4's t and p beside those of LST.
    """
    tests = []
    for one in selection.series:
        for entry in _entries(one):
            if paper and one.target == PAPER_TARGET:
                t, p = _paper_numbers(one, entry["teacher_weight"])
                entry |= {"paper_t": t, "paper_p": p}
            tests.append(entry)
    q = selection.quartiles
    document = {
        "weights": list(selection.weights),
        "lowest_t": {
            "weight": selection.lowest_t_weight,
            "median": q.median,
            "lower_quartile": q.lower,
            "upper_quartile": q.upper,
            "series": [
                {"target": s.target, "metric": s.metric, "weight": s.lowest_t_weight}
                for s in selection.series
            ],
        },
        "least_error": {
            "weight": selection.least_error_weight,
            "relative_mae": [
                {"teacher_weight": weight, "value": _number(error)}
                for weight, error in selection.relative_errors.items()
            ],
        },
        "recommended": selection.recommended,
        "notes": notes(selection),
        "tests": tests,
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"
