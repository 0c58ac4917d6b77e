"""Reproduced items as Markdown and CSV; the report is rendered from the items' JSON alone."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

from akkd_core.reproduction.items import ITEMS, Item
from akkd_core.reproduction.published import SOURCE
from akkd_core.reproduction.result import Cell, Column, ItemResult, ResultTable

HEADING = "# The paper's tables made anew"
"""First line of the report, by which it is known."""

_NOTHING = "-"

_HEAD = f"""\
{HEADING}

Made by `akkd reproduce`; what each section was made with stands in its first lines. Don't edit:
the page is rendered from the JSON files of the items.

The paper: {SOURCE}.

Its section 4.1 tells the bands, the steps of temperature and that the samples were simulated; it
tells neither the air nor the materials nor the noise, neither batches nor learning rates. So the
figures of both sides are of like experiments, not of the same one.

The setting here: AFGL mid-latitude summer, its water vapour scaled to 5, 10, ... 40 kg m-2
(LOWTRAN7, nadir, rural aerosol of 23 km); surfaces of 270-320 K at a step of 4 or 1 K; 60 natural
materials of the shipped library; no noise; a random split of 80/20. Every test pixel has its air
and its material among the training pixels, so the tables tell how well a network interpolates,
not how well it retrieves: for that see the second table under Table 3, and `docs/accuracy.md` for
the network that AKKD ships.

Samples come from the full radiative transfer equation. The paper's eq. (1) puts one air
temperature in place of path and sky radiance, which leaves out part of what has to be solved; in
this setting its brightness temperatures differ by 0.4-1.5 K (rms by band). `--rte paper` takes it.
"""


def format_cell(value: Cell, column: Column) -> str:
    """Text of a cell in the report: numbers with the column's decimals.

    Parameters
    ----------
    value : str, int, float or None
    column : Column
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return _NOTHING
    if isinstance(value, float):
        return f"{value:.{column.digits}f}"
    return str(value).replace("|", "\\|")


def table_markdown(table: ResultTable) -> str:
    """Caption and table as Markdown.

    Parameters
    ----------
    table : ResultTable
    """
    numeric = [
        all(not isinstance(row[i], str) for row in table.rows) for i in range(len(table.columns))
    ]
    lines = [
        table.caption,
        "",
        _row([column.title for column in table.columns]),
        _row(["--:" if number else "---" for number in numeric]),
    ]
    for row in table.rows:
        pairs = zip(row, table.columns, strict=True)
        lines.append(_row([format_cell(value, column) for value, column in pairs]))
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def table_csv(table: ResultTable) -> str:
    """Table as CSV, numbers with all digits, nothing where there is none.

    Parameters
    ----------
    table : ResultTable
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.title for column in table.columns])
    writer.writerows([["" if cell is None else cell for cell in row] for row in table.rows])
    return stream.getvalue()


def section_markdown(item: Item, result: ItemResult, level: int = 2) -> str:
    """One item as Markdown.

    Parameters
    ----------
    item : Item
    result : ItemResult
        Of this item.
    level : int
        Of its heading.
    """
    software = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    content = result.content
    parts = [
        f"{'#' * level} {item.title}",
        f"Made on {result.made_at} by `{result.command}`: budget {result.budget}, seed "
        f"{result.seed}, {result.seconds:.0f} s of wall time. {software}.",
        *content.description,
        *(table_markdown(table) for table in content.tables),
    ]
    if content.notes:
        parts.append("Notes:")
        parts.append("\n".join(f"- {note}" for note in content.notes))
    return "\n\n".join(parts) + "\n"


def report_markdown(results: Sequence[ItemResult]) -> str:
    """Render the whole report: the items that are there, in the registry's order.

    Parameters
    ----------
    results : sequence of ItemResult
    """
    by_id = {result.item: result for result in results}
    sections = [section_markdown(item, by_id[item.id]) for item in ITEMS if item.id in by_id]
    return "\n".join([_HEAD, *sections])
