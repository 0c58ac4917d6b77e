"""Write the table of the QC layer into docs/products.md from akkd_core.quality.

``python tools/make_qc_table.py`` rewrites the part between the two markers;
tests/contract/test_docs.py fails when the page and the code differ.
"""

from __future__ import annotations

from pathlib import Path

from akkd_core.quality import QC_FIELDS, QC_NODATA

PAGE = Path(__file__).resolve().parents[1] / "docs" / "products.md"
BEGIN = "<!-- QC table: made by tools/make_qc_table.py, do not edit -->"
END = "<!-- end of QC table -->"


def qc_table() -> str:
    """Markdown table of the QC layer, one row per field."""
    rows = ["| bits | field | value: meaning |", "|---|---|---|"]
    for field in QC_FIELDS:
        one_bit = field.first_bit == field.last_bit
        bits = str(field.first_bit) if one_bit else f"{field.first_bit}-{field.last_bit}"
        width = field.last_bit - field.first_bit + 1
        meanings = "<br>".join(
            f"`{value:0{width}b}`: {meaning}" for value, meaning in enumerate(field.meanings)
        )
        rows.append(f"| {bits} | `{field.name}` | {meanings} |")
    rows.append(f"| all | | `{QC_NODATA}`: outside the scene |")
    return "\n".join(rows)


def with_table(page: str) -> str:
    """Text of a page with the table between the markers renewed.

    Raises
    ------
    ValueError
        If the markers aren't there, once each and in order.
    """
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no markers for the QC table: {BEGIN} ... {END}")
    return f"{head}{BEGIN}\n{qc_table()}\n{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
