"""Scores of match-ups with intervals, of all pairs and of each subset; as text and as JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from akkd_core.progress import Progress, SilentProgress, checkpoint
from akkd_core.validation.bootstrap import INTERVAL_METRICS, bootstrap_intervals
from akkd_core.validation.match_up import FilterStep, MatchUp
from akkd_core.validation.metrics import Metrics

LEVEL = 0.95
"""Of the intervals."""

DRAWS = 1000
"""Resamplings of the bootstrap."""

METRIC_NAMES = {
    "n": "N",
    "bias": "bias",
    "mae": "MAE",
    "rmse": "RMSE",
    "ubrmse": "ubRMSE",
    "robust_sd": "robust SD",
    "pcc": "PCC",
    "r2": "R2",
}
"""Metrics as tables name them."""

_PRODUCT = re.compile(r"M[OY]D\d\d\w*|AST_\d\d[A-Z]*", re.IGNORECASE)
_UNSAFE = re.compile(r"[^0-9A-Za-z_-]+")
_NAME_LENGTH = 80


@dataclass(frozen=True)
class Score:
    """How near a product is to a reference.

    Parameters
    ----------
    match_up : MatchUp
    subset : str
        Empty for all pairs.
    metrics : Metrics
    intervals : mapping of str to (float, float)
        Of `LEVEL`, by name of `INTERVAL_METRICS`; NaN where there is none.
    """

    match_up: MatchUp
    subset: str
    metrics: Metrics
    intervals: Mapping[str, tuple[float, float]]

    @property
    def clusters(self) -> int:
        """Number of blocks that the intervals come from."""
        chosen = self.match_up.cluster
        if self.subset:
            chosen = chosen[self.match_up.subsets[self.subset]]
        return len(set(chosen.tolist()))

    def to_json(self) -> dict[str, Any]:
        """Return as a JSON object, null where undefined."""
        intervals = {
            name: list(pair) if all(map(math.isfinite, pair)) else None
            for name, pair in self.intervals.items()
        }
        return {
            "metrics": self.metrics.to_json(),
            "intervals": intervals,
            "clusters": self.clusters,
        }


def score_match_ups(
    match_ups: Sequence[MatchUp], *, seed: int = 0, progress: Progress | None = None
) -> tuple[Score, ...]:
    """Score match-ups, each with its subsets after it.

    Parameters
    ----------
    match_ups : sequence of MatchUp
    seed : int
        Of the bootstrap.
    progress : Progress, optional

    Raises
    ------
    OperationCancelled
        If the user cancelled.
    """
    report = progress or SilentProgress()
    scores = []
    for number, match_up in enumerate(match_ups):
        checkpoint(report, number / len(match_ups), f"scoring {match_up.product}")
        for subset in ("", *match_up.subsets):
            name = subset or None
            intervals = bootstrap_intervals(
                match_up, subset=name, draws=DRAWS, seed=seed, level=LEVEL
            )
            scores.append(Score(match_up, subset, match_up.metrics(name), intervals))
    return tuple(scores)


def number(name: str, value: float, unit: str) -> str:
    """Write a metric as tables do: with as many digits as mean something.

    Parameters
    ----------
    name : str
        Of `METRIC_NAMES`.
    value : float
        NaN becomes a dash.
    unit : str
        Of the quantity.
    """
    if name == "n":
        return f"{int(value):,}"
    if not math.isfinite(value):
        return "-"
    digits = 3 if name in ("pcc", "r2") else 2 if unit == "K" else 4
    rounded = round(value, digits) or 0.0  # no minus zero
    sign = "+" if name == "bias" and rounded else ""
    return f"{rounded:{sign}.{digits}f}"


def interval(name: str, bounds: tuple[float, float], unit: str) -> str:
    """Write an interval as tables do, empty where there is none."""
    if not all(map(math.isfinite, bounds)):
        return ""
    return f"[{', '.join(number(name, value, unit) for value in bounds)}]"


def text_table(scores: Sequence[Score]) -> str:
    """Return scores as lines of text: what was compared, what the filters left, the metrics."""
    lines: list[str] = []
    told: tuple[FilterStep, ...] = ()
    for score in scores:
        found = score.match_up
        if not score.subset:
            lines.append(f"{found.product} against {found.reference}, {with_unit(found)}")
            if found.filters != told:
                lines += [f"  {s.name}: {s.before:,} to {s.after:,}" for s in found.filters]
            told = found.filters
        else:
            lines.append(f"  {score.subset}:")
        lines += ["  " + "  ".join(_cells(score, names)) for names in _TEXT_ROWS]
    notes = dict.fromkeys(note for score in scores for note in score.match_up.notes)
    return "\n".join([*lines, *(f"note: {note}" for note in notes)])


_TEXT_ROWS = (("n", "bias", "mae", "rmse"), ("ubrmse", "robust_sd", "pcc", "r2"))


def _cells(score: Score, names: Sequence[str]) -> list[str]:
    unit = score.match_up.unit
    cells = []
    for name in names:
        text = f"{METRIC_NAMES[name]} {number(name, getattr(score.metrics, name), unit)}"
        if name in INTERVAL_METRICS:
            text += f" {interval(name, score.intervals[name], unit)}"
        cells.append(text.rstrip() if name == names[-1] else f"{text.rstrip():<34}")
    return cells


def with_unit(match_up: MatchUp) -> str:
    """Quantity with its unit: ``LST (K)``, ``Emis13``."""
    return f"{match_up.quantity} ({match_up.unit})" if match_up.unit else match_up.quantity


def family(quantity: str) -> str:
    """Name what a quantity is charted and stored with: bands of emissivity are one, ``LSE``."""
    return "LSE" if quantity.startswith("Emis") else quantity


def short_reference(reference: str) -> str:
    """Name of a reference's product, ``MOD11A1`` or ``AST_08``; of others the name's beginning."""
    match = _PRODUCT.match(reference)
    return match.group() if match else reference[:40]


def file_name(text: str) -> str:
    """Make a label fit for a file's name on any system."""
    return _UNSAFE.sub("_", text).strip("_-")[:_NAME_LENGTH] or "unnamed"


def scores_to_json(scores: Sequence[Score]) -> list[dict[str, Any]]:
    """Return scores as JSON: one object a match-up, with its subsets inside."""
    found: list[dict[str, Any]] = []
    for score in scores:
        if score.subset:
            found[-1]["subsets"][score.subset] = score.to_json()
            continue
        m = score.match_up
        found.append(
            {
                "product": m.product,
                "reference": m.reference,
                "quantity": m.quantity,
                "unit": m.unit,
                "facts": dict(m.facts),
                "filters": [
                    {"name": s.name, "before": s.before, "after": s.after} for s in m.filters
                ],
                "notes": list(m.notes),
                **score.to_json(),
                "subsets": {},
            }
        )
    return found
