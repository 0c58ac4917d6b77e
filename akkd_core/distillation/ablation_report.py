"""An ablation as text, Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from akkd_core.distillation.ablation import KNOWN_AIR, LABELS, SMALL
from akkd_core.distillation.ablation_summary import (
    LEVEL,
    QUANTITIES,
    Entry,
    Interval,
    Rows,
    Told,
    entries,
    mixing_summary,
    told,
)
from akkd_core.distillation.mixing import MixingSummary
from akkd_core.distillation.scoring import KINDS, REFERENCES

_HEAD = ("variant", "MAE", "95 %", "gain over small, %", "95 %", "better on", "|bias|", "PCC")
_DIGITS = {"lst": 3, "lse": 5}
_NAMES = {"lst": "LST, K", "lse": "emissivity, mean of the bands"}
_AGAINST = {"labels": "held-out labels", "truth": "truth"}


@dataclass(frozen=True)
class AblationReport:
    """What an ablation says.

    Parameters
    ----------
    entries : tuple of Entry
        Over all scenes.
    unselected : tuple of Entry
        Without the scenes that the teacher's weight was selected on; empty if there are none.
    left_out : tuple of str
        These scenes.
    mixing : mapping of (str, str) to MixingSummary
        By quantity and what is mixed with the teacher.
    seeds : int
    told : tuple of Told
        Predicted errors beside true ones; empty where the teacher tells none.
    """

    entries: tuple[Entry, ...]
    unselected: tuple[Entry, ...]
    left_out: tuple[str, ...]
    mixing: Mapping[tuple[str, str], MixingSummary]
    seeds: int
    told: tuple[Told, ...] = ()


def make_report(rows: Rows, selected_on: Sequence[str] = ()) -> AblationReport:
    """Summarise the results of an ablation.

    Parameters
    ----------
    rows : sequence of dict
    selected_on : sequence of str
        Scenes that the teacher's weight was selected on.

    Raises
    ------
    ParameterError
        If there are no results.
    """
    scenes = {row["scene"] for row in rows}
    left_out = tuple(name for name in selected_on if name in scenes)
    mixing = {
        (quantity, own): found
        for quantity in QUANTITIES
        for own in (LABELS, SMALL, KNOWN_AIR)
        if (found := mixing_summary(rows, quantity, own)) is not None
    }
    return AblationReport(
        entries(rows),
        entries(rows, left_out) if left_out and scenes - set(left_out) else (),
        left_out,
        mixing,
        len({row["seed"] for row in rows}),
        told(rows),
    )


def to_text(report: AblationReport) -> str:
    """Render tables and sentences as plain text."""
    return _render(report, _aligned, "")


def to_markdown(report: AblationReport) -> str:
    """Render tables and sentences as Markdown."""
    return _render(report, _piped, "- ")


def _render(report: AblationReport, table: Any, bullet: str) -> str:
    parts = []
    for title, group in (("", report.entries), (_without(report), report.unselected)):
        for quantity in QUANTITIES:
            for reference in REFERENCES:
                chosen = [
                    e for e in group if (e.quantity, e.reference) == (quantity, reference)
                ]
                if chosen:
                    head = (
                        f"{_NAMES[quantity]}, against {_AGAINST[reference]}, mean over "
                        f"{chosen[0].scenes} scenes and {report.seeds} seeds{title}:"
                    )
                    parts += [head, table([_HEAD, *map(_row, chosen)])]
    parts.append("\n".join(bullet + line for line in explain(report)))
    return "\n\n".join(parts) + "\n"


def _without(report: AblationReport) -> str:
    return f", without {', '.join(report.left_out)}, that the weight was selected on"


def explain(report: AblationReport) -> list[str]:
    """Sentences on why the gain is what it is, from the errors against the truth."""
    lines = []
    for (quantity, own), m in report.mixing.items():
        digits, unit = _DIGITS[quantity], " K" if quantity == "lst" else ""
        least = 100.0 * (m.own_mae - m.common_mae) / m.own_mae
        each = 100.0 * (m.own_mae - m.own_weight_mae) / m.own_mae
        name = "labels" if own == LABELS else "small models"
        other = "that of models of the true air's labels" if own == KNOWN_AIR else "the teacher's"
        lines.append(
            f"{_NAMES[quantity].split(',')[0]} of {name} mixed with {other}: MAE "
            f"{m.own_mae:.{digits}f}{unit} and {m.teacher_mae:.{digits}f}{unit}; scene biases "
            f"spread by {m.own_bias_sd:.{digits}f} and {m.teacher_bias_sd:.{digits}f}{unit}, "
            f"correlation {_signed(m.bias_correlation)} over scenes, "
            f"{m.pixel_correlation:+.2f} over pixels. The best common teacher weight "
            f"{m.common_weight:g} (known from the truth alone) would gain "
            f"{least:.1f} %, a weight of its own for every scene {each:.1f} %."
        )
    if lines:
        lines.append(
            "A student learns (1 - w) small(x) + w teacher(x), w the teacher's weight: the mixture "
            "with small models tells about what it can gain at best."
        )
    for one in report.told:
        digits, unit = _DIGITS[one.quantity], " K" if one.quantity == "lst" else ""
        lines.append(
            f"{_NAMES[one.quantity].split(',')[0]} of {one.variant}: predicted one-sigma error "
            f"{one.sigma:.{digits}f}{unit}, mean absolute error {one.mae:.{digits}f}{unit}; "
            f"correlation {_signed(one.within_scenes)} over a scene's pixels, "
            f"{_signed(one.over_scenes)} over scenes; "
            f"{100 * one.covered:.0f} % of errors within one sigma."
        )
    return lines


def _signed(value: float) -> str:
    """Correlation in words; undefined where something doesn't vary, or with few scenes."""
    return f"{value:+.2f}" if math.isfinite(value) else "undefined"


def _row(entry: Entry) -> tuple[str, ...]:
    digits = _DIGITS[entry.quantity]
    gain = entry.gain
    same = entry.variant == SMALL
    return (
        entry.variant,
        f"{entry.mae.value:.{digits}f}",
        _span(entry.mae, digits),
        "-" if same else f"{gain.value:+.1f}",
        "-" if same else _span(gain, 1),
        "-" if same else f"{entry.better_scenes} of {entry.scenes}",
        f"{entry.absolute_bias:.{digits}f}",
        f"{entry.pcc:.3f}",
    )


def _span(interval: Interval, digits: int) -> str:
    if interval.low != interval.low:
        return "-"
    return f"{interval.low:.{digits}f} to {interval.high:.{digits}f}"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def _piped(rows: Sequence[Sequence[str]]) -> str:
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "| --- |" + " --: |" * (len(rows[0]) - 1), *body])


def to_csv(rows: Rows) -> str:
    """Render every score of every scene and seed, one line each; empty where undefined."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["scene", "seed", "variant", "target", "against", *KINDS])
    for row in rows:
        for name, by_target in row["scores"].items():
            for target, by_reference in by_target.items():
                for reference, scores in by_reference.items():
                    values = ["" if scores[kind] is None else scores[kind] for kind in KINDS]
                    writer.writerow(
                        [row["scene"], row["seed"], name, target, reference, *values]
                    )
    return stream.getvalue()


def to_json(report: AblationReport) -> dict[str, Any]:
    """Return the summary as a JSON object."""
    return {
        "level": LEVEL,
        "seeds": report.seeds,
        "scores": [entry.to_json() for entry in report.entries],
        "without_selection_scenes": {
            "left_out": list(report.left_out),
            "scores": [entry.to_json() for entry in report.unselected],
        },
        "mixing": [
            {"quantity": quantity, "own": own, **found.to_json()}
            for (quantity, own), found in report.mixing.items()
        ],
        "predicted_errors": [one.to_json() for one in report.told],
        "notes": explain(report),
    }


def to_json_text(report: AblationReport, facts: Mapping[str, Any]) -> str:
    """Render the summary as JSON text, with further facts before it."""
    return json.dumps({**facts, **to_json(report)}, indent=1, allow_nan=False) + "\n"
