"""Tables of the report: metrics with intervals, filters with counts, facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from akkd_core.validation.comparison_scores import (
    DRAWS,
    LEVEL,
    METRIC_NAMES,
    Score,
    interval,
    number,
    with_unit,
)
from akkd_core.validation.match_up import MatchUp

_ENOUGH_BLOCKS = 20
"""A percentile interval of nominally 95 % over k blocks with normal means covers the bias with the
probability that Student's t of k - 1 degrees is within 1.96 sqrt((k - 1) / k): 0.85 with 5 blocks,
0.90 with 10, 0.93 with 20."""


def _label(match_up: MatchUp, among: Sequence[MatchUp]) -> str:
    text = f"{match_up.product}, {with_unit(match_up)}"
    if len({m.reference for m in among}) > 1:
        text += f", against {match_up.reference}"
    return text


def _labels(same: Sequence[MatchUp], among: Sequence[MatchUp]) -> str:
    """Label of match-ups that differ in quantity alone, as the bands of emissivity."""
    label = _label(same[0], among)
    if len(same) == 1:
        return label
    first, last = same[0].quantity, same[-1].quantity
    return label.replace(f", {with_unit(same[0])}", f", {first} to {last}", 1)


def metrics_table(scores: Sequence[Score]) -> str:
    """Table of the scores, HTML."""
    match_ups = [score.match_up for score in scores]
    head = "".join(
        f'<th scope="col">{name.replace("R2", "R<sup>2</sup>")}</th>'
        for name in METRIC_NAMES.values()
    )
    rows = []
    for score in scores:
        if not score.subset:
            name = escape(_label(score.match_up, match_ups))
            rows.append(f'<tr class="what"><th colspan="{len(METRIC_NAMES) + 1}">{name}</th></tr>')
        name = escape(score.subset or "all match-ups")
        rows.append(f'<tr class="score"><th scope="row">{name}</th>{_cells(score)}</tr>')
    bounded = [s for s in scores if interval("bias", s.intervals["bias"], s.match_up.unit)]
    blocks = sorted({score.clusters for score in scores})
    span = f"{blocks[0]:,}" if len(blocks) == 1 else f"{blocks[0]:,} to {blocks[-1]:,}"
    about = (
        f"In brackets: {LEVEL:.0%} interval by resampling {span} blocks of neighbouring match-ups "
        f"{DRAWS:,} times.{_few(bounded)}" if bounded
        else "Too few blocks of match-ups for intervals."
    )  # fmt: skip
    against = {m.reference for m in match_ups}
    what = f"Product minus {against.pop()}. " if len(against) == 1 else "Product minus reference. "
    return (
        f'<div class="scroll"><table class="numbers metrics"><caption>{escape(what + about)}'
        f'</caption><thead><tr><th scope="col">Comparison</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>{_DEFINITIONS}"
    )


def _few(scores: Sequence[Score]) -> str:
    """Tell of intervals that are too narrow as blocks are few."""
    fewest = min(score.clusters for score in scores)
    return "" if fewest >= _ENOUGH_BLOCKS else f" Those of {fewest} blocks are somewhat too narrow."


_DEFINITIONS = (
    "<p>ubRMSE: RMSE without the bias. Robust SD: 1.4826 times the median absolute deviation from "
    "the median difference. PCC: Pearson correlation coefficient. R<sup>2</sup>: 1 minus squared "
    "differences over the reference\N{RIGHT SINGLE QUOTATION MARK}s variance.</p>"
)


def _cells(score: Score) -> str:
    unit = score.match_up.unit
    cells = []
    for name in METRIC_NAMES:
        text = number(name, getattr(score.metrics, name), unit)
        bounds = interval(name, score.intervals.get(name, (float("nan"),) * 2), unit)
        small = f'<span class="interval">{_minus(bounds)}</span>' if bounds else ""
        cells.append(f"<td>{_minus(text)}{small}</td>")
    return "".join(cells)


def _minus(text: str) -> str:
    return escape(text).replace("-", "\N{MINUS SIGN}" if text != "-" else "\N{EN DASH}")


def filter_tables(match_ups: Sequence[MatchUp]) -> str:
    """Tables of every match-up's filters, HTML; match-ups with the same steps share one."""
    alike: dict[tuple[Any, ...], list[MatchUp]] = {}
    for match_up in match_ups:
        key = (match_up.product, match_up.reference, match_up.filters)
        alike.setdefault(key, []).append(match_up)
    columns = {id(same[0]): _labels(same, match_ups) for same in alike.values()}
    groups: dict[tuple[str, ...], list[MatchUp]] = {}
    for one, *_ in alike.values():
        groups.setdefault(tuple(step.name for step in one.filters), []).append(one)
    tables = []
    for names, group in groups.items():
        if not names:
            continue
        head = "".join(f'<th scope="col">{escape(columns[id(m)])}</th>' for m in group)
        first = "".join(f"<td>{m.filters[0].before:,}</td>" for m in group)
        rows = [f'<tr><th scope="row">candidates</th>{first}</tr>']
        for index, name in enumerate(names):
            left = "".join(_left(m, index) for m in group)
            rows.append(f'<tr><th scope="row">{escape(name)}</th>{left}</tr>')
        tables.append(
            '<div class="scroll"><table class="numbers filters"><caption>Match-ups left after each '
            "filter, in order, and how many it took</caption><thead><tr>"
            f'<th scope="col">Filter</th>{head}'
            f"</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        )
    return "\n".join(tables) or "<p>None.</p>"


def _left(match_up: MatchUp, index: int) -> str:
    step = match_up.filters[index]
    taken = step.before - step.after
    small = f"\N{MINUS SIGN}{taken:,}" if taken else "0"
    return f'<td>{step.after:,}<span class="interval">{small}</span></td>'


def facts_table(values: Mapping[str, str]) -> str:
    """Table of names and texts, HTML; empty where there are none."""
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(str(value))}</td></tr>'
        for name, value in values.items()
    )
    return f'<table class="facts"><tbody>{rows}</tbody></table>' if rows else ""
