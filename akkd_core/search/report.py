"""The trials of a search as a table like the paper's Table 1: text, CSV, Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from akkd_core.bundle.architecture import Architecture
from akkd_core.search.trials import DONE, SearchRecord, Trial

_BEST = "*"
_FOOTNOTE = "best; seconds: of proposing and training"


def unit_of(target: str) -> str:
    """Return the unit of a target: K for temperature, 1 for emissivity."""
    return "K" if target == "lst" else "1"


def layers_text(architecture: Architecture) -> str:
    """Hidden layers in a line, e.g. ``32 tanh, 720 relu 0.1``; the last number is its dropout.

    Parameters
    ----------
    architecture : Architecture
    """
    return ", ".join(
        f"{layer.units} {layer.activation}" + (f" {layer.dropout:g}" if layer.dropout else "")
        for layer in architecture.layers
    )


def describe(record: SearchRecord) -> str:
    """Say in a line how the trials were run, and what was capped.

    Parameters
    ----------
    record : SearchRecord
    """
    options = record.options
    most = options.get("max_parameters")
    return (
        f"{options['tuner']} tuner, trials of {options['epochs']} epochs on {options['samples']} "
        f"pixels at most, seed {options['seed']}"
    ) + (f", networks of at most {most} parameters" if most else "")


def rows_of(record: SearchRecord) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Columns and rows for people: a trial a row, the best one marked, scores rounded.

    Parameters
    ----------
    record : SearchRecord

    Returns
    -------
    columns : tuple of str
    rows : list of tuple of str
        A failed trial has its reason where the others have their layers' place, after them.
    """
    groups = _groups(record.targets)
    columns = ["trial"]
    if len(record.targets) > 1:
        columns.append("objective")
    for name, places in groups:
        unit = unit_of(record.targets[places[0]])
        columns += [f"MAE {name}" + (f" ({unit})" if unit != "1" else ""), f"PCC {name}"]
    columns += ["parameters", "seconds", "optimizer", "rate", "layers (units, activation, dropout)"]
    best = record.best
    return tuple(columns), [_row(trial, record, groups, trial == best) for trial in record.trials]


def _groups(targets: Sequence[str]) -> list[tuple[str, tuple[int, ...]]]:
    """Targets shown together: the bands' emissivities of a joint search as their mean."""
    bands = tuple(i for i, name in enumerate(targets) if name.startswith("lse_"))
    if len(bands) < 2:
        return [(name, (i,)) for i, name in enumerate(targets)]
    alone = [(name, (i,)) for i, name in enumerate(targets) if i not in bands]
    return [*alone, ("lse, mean", bands)]


def _row(
    trial: Trial, record: SearchRecord, groups: list[tuple[str, tuple[int, ...]]], best: bool
) -> tuple[str, ...]:
    cells = [f"{trial.number}{_BEST}" if best else str(trial.number)]
    if len(record.targets) > 1:
        cells.append("" if trial.objective is None else f"{trial.objective:.4f}")
    for _, places in groups:
        cells += [_mean(trial.mae, places, 4), _mean(trial.pcc, places, 4)]
    failed = "" if trial.status == DONE else f" [failed: {trial.reason}]"
    cells += [
        str(trial.parameters),
        f"{trial.seconds:.1f}",
        trial.architecture.optimizer,
        f"{trial.architecture.learning_rate:g}",
        layers_text(trial.architecture) + failed,
    ]
    return tuple(cells)


def _mean(values: Sequence[float | None], places: tuple[int, ...], digits: int) -> str:
    found = [values[i] for i in places if i < len(values)]
    numbers = [value for value in found if value is not None]
    return f"{sum(numbers) / len(numbers):.{digits}f}" if numbers else "-"


def as_text(record: SearchRecord) -> str:
    """Return the table with aligned columns; ends with a line on what is marked.

    Parameters
    ----------
    record : SearchRecord
    """
    columns, rows = rows_of(record)
    widths = [max(len(row[i]) for row in (columns, *rows)) for i in range(len(columns))]
    text_from = columns.index("optimizer")
    lines = [describe(record), ""]
    for row in (columns, *rows):
        cells = [
            cell.ljust(width) if i >= text_from else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join([*lines, "", f"{_BEST} {_FOOTNOTE}", ""])


def as_markdown(record: SearchRecord) -> str:
    """Return the table as Markdown.

    Parameters
    ----------
    record : SearchRecord
    """
    columns, rows = rows_of(record)
    text_from = columns.index("optimizer")
    rule = ["---" if i >= text_from else "---:" for i in range(len(columns))]
    escaped = [[cell.replace("|", "\\|").replace("*", "\\*") for cell in row] for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in (columns, rule, *escaped)]
    return "\n".join([describe(record), "", *lines, "", f"\\{_BEST} {_FOOTNOTE}", ""])


def as_csv(record: SearchRecord) -> str:
    """Return the table as CSV, unrounded, a column for each thing that was varied or measured.

    Parameters
    ----------
    record : SearchRecord
    """
    depth = max((len(trial.architecture.layers) for trial in record.trials), default=0)
    handle = io.StringIO()
    writer = csv.writer(handle, lineterminator="\n")
    head = ["trial", "status", "objective"]
    head += [f"{score}_{target}" for score in ("mae", "pcc") for target in record.targets]
    head += ["parameters", "seconds_training", "seconds_proposing", "optimizer", "learning_rate"]
    head.append("layers")
    for i in range(1, depth + 1):
        head += [f"layer_{i}_units", f"layer_{i}_activation", f"layer_{i}_dropout"]
    writer.writerow([*head, "reason"])
    for trial in record.trials:
        writer.writerow(_csv_row(trial, len(record.targets), depth))
    return handle.getvalue()


def _csv_row(trial: Trial, targets: int, depth: int) -> list[object]:
    row: list[object] = [trial.number, trial.status, _cell(trial.objective)]
    for values in (trial.mae, trial.pcc):
        row += [_cell(value) for value in values] or [""] * targets
    architecture = trial.architecture
    row += [trial.parameters, trial.seconds_training, trial.seconds_proposing]
    row += [architecture.optimizer, f"{architecture.learning_rate:g}", len(architecture.layers)]
    for i in range(depth):
        if i < len(architecture.layers):
            layer = architecture.layers[i]
            row += [layer.units, layer.activation, layer.dropout]
        else:
            row += ["", "", ""]
    return [*row, trial.reason]


def _cell(value: float | None) -> str:
    return "" if value is None else repr(value)
