"""Reproduced items as Markdown and CSV; the report is rendered from the items' JSON alone."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from urllib.parse import quote

from akkd_core.reproduction.items import ITEMS, Item
from akkd_core.reproduction.preamble import DISTILLATION, INTRODUCTION, TABLES, VALIDATION
from akkd_core.reproduction.result import Cell, Column, ItemResult, ResultImage, ResultTable

_NOTHING = "-"

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
    return _escaped(str(value))


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


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
        _row([_escaped(column.title) for column in table.columns]),
        _row(["--:" if number else "---" for number in numeric]),
    ]
    for row in table.rows:
        pairs = zip(row, table.columns, strict=True)
        lines.append(_row([format_cell(value, column) for value, column in pairs]))
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def image_markdown(image: ResultImage, item: Item, folder: str = ".") -> str:
    """Chart and caption as Markdown.

    Parameters
    ----------
    image : ResultImage
    item : Item
    folder : str
        Where it lies, from the page.
    """
    name = image.file(item.id)
    way = name if folder == "." else f"{folder}/{name}"
    return f"![{item.title}]({quote(way)})\n\n*{image.caption}*"


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


def section_markdown(
    item: Item, result: ItemResult, level: int = 2, folder: str = "."
) -> str:
    """One item as Markdown.

    Parameters
    ----------
    item : Item
    result : ItemResult
        Of this item.
    level : int
        Of its heading.
    folder : str
        Where its charts lie, from the page.
    """
    software = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    content = result.content
    parts = [
        f"{'#' * level} {item.title}",
        f"Made on {result.made_at} by `{result.command}`: budget {result.budget}, seed "
        f"{result.seed}, {result.seconds:.0f} s of wall time. {software}.",
        *content.description,
        *(image_markdown(image, item, folder) for image in content.images),
        *(table_markdown(table) for table in content.tables),
    ]
    if content.notes:
        parts.append("Notes:")
        parts.append("\n".join(f"- {note}" for note in content.notes))
    return "\n\n".join(parts) + "\n"


def report_markdown(results: Sequence[ItemResult], folder: str = ".") -> str:
    """Render the whole report: the items that are there, in the registry's order.

    Parameters
    ----------
    results : sequence of ItemResult
    folder : str
        Where the items' charts lie, from the page.
    """
    by_id = {result.item: result for result in results}
    there = [item for item in ITEMS if item.id in by_id]
    parts = [INTRODUCTION]
    for kind, head in (("", TABLES), ("distilled", DISTILLATION), ("validation", VALIDATION)):
        group = [item for item in there if _kind(item) == kind]
        if group:
            parts += [head, *(section_markdown(i, by_id[i.id], 2, folder) for i in group)]
    return "\n".join(parts)


def _kind(item: Item) -> str:
    return "distilled" if item.distilled else "validation" if item.validation else ""
