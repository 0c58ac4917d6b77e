"""The report of a comparison as one HTML file: pictures inside, no script, nothing loaded."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from akkd_core.validation.comparison_scores import Score
from akkd_core.validation.match_up import MatchUp
from akkd_core.validation.report_tables import facts_table, filter_tables, metrics_table

_STYLE = """
:root { color: #222; background: #fff; font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica \
Neue", Arial, "Liberation Sans", sans-serif; }
body { max-width: 68rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; padding-bottom: .2rem; \
border-bottom: 1px solid #ccc; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
p, li, td, th, figcaption, code { overflow-wrap: anywhere; }
p.made { color: #555; margin: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .3rem 0 .8rem; }
caption { text-align: left; color: #555; font-size: .87rem; padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .28rem .8rem .28rem 0; \
border-bottom: 1px solid #e2e2e2; }
thead th { border-bottom: 1.5px solid #555; font-weight: 600; }
tbody th { font-weight: 500; }
table.numbers td, table.numbers thead th:not(:first-child) { text-align: right; }
table.numbers td, table.metrics thead th { white-space: nowrap; }
table.numbers th:first-child { min-width: 8.5rem; }
table.filters thead th:not(:first-child) { min-width: 8rem; max-width: 20rem; }
table.metrics { width: 100%; }
table.facts th { min-width: 8.5rem; }
.interval { display: block; color: #666; font-size: .8rem; }
tr.what th { padding-top: .7rem; font-weight: 600; border-bottom: none; }
tr.score th { padding-left: 1rem; font-weight: 400; color: #444; }
.notes { background: #fff6e0; border-left: 4px solid #d98e04; padding: .6rem 1rem; \
margin: 1.2rem 0; }
.notes ul { margin: 0; padding-left: 1.1rem; }
figure { margin: 1.2rem 0 1.8rem; break-inside: avoid; }
figure img { max-width: 100%; height: auto; display: block; }
figcaption { color: #555; font-size: .87rem; margin-top: .3rem; }
pre { background: #f4f4f4; padding: .7rem .9rem; white-space: pre-wrap; overflow-wrap: anywhere; \
font-size: .87rem; margin: .3rem 0 .8rem; }
@page { margin: 16mm 14mm; }
@media print {
  :root { font-size: 10pt; }
  body { max-width: none; padding: 0; }
  h2, h3 { break-after: avoid; }
  tr { break-inside: avoid; }
  figure img { max-height: 115mm; }
  .scroll { overflow: visible; }
  table.filters { break-inside: avoid; }
  table.metrics { font-size: 8.5pt; }
  table.numbers th:first-child { min-width: 5rem; }
  th, td { padding-right: .45rem; }
  .interval { white-space: normal; font-size: 6.8pt; }
}
"""

# even a report that was tampered with may load nothing
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Picture:
    """A chart in the report.

    Parameters
    ----------
    png : bytes
    title, caption : str
    """

    png: bytes
    title: str
    caption: str


@dataclass(frozen=True)
class ReportContent:
    """What the report says.

    Parameters
    ----------
    title : str
    made_at : str
        When, UTC.
    scores : sequence of Score
        Each match-up's own, followed by those of its subsets.
    facts : mapping of str to str
        Of the data and how they were compared.
    command : str
        That makes the report again; may be empty.
    software : mapping of str to str
        Versions by name.
    pictures : sequence of Picture
    files : mapping of str to str
        What lies beside the report: name and what it is.
    hint : str
        Why there are no charts, and how to get them; empty where there are.
    """

    title: str
    made_at: str
    scores: Sequence[Score]
    facts: Mapping[str, str]
    command: str
    software: Mapping[str, str]
    pictures: Sequence[Picture]
    files: Mapping[str, str]
    hint: str = ""

    @property
    def match_ups(self) -> list[MatchUp]:
        """Those that were scored, in order."""
        return [score.match_up for score in self.scores if not score.subset]


def report_html(content: ReportContent) -> str:
    """Write the report."""
    parts = [
        f"<h1>{escape(content.title)}</h1>",
        f'<p class="made">Made {escape(content.made_at)} by {escape(content.software["AKKD"])}</p>',
        _notes(content),
        "<h2>Agreement</h2>",
        metrics_table(content.scores),
        "<h2>Data</h2>",
        _data(content),
        "<h2>Filters</h2>",
        filter_tables(content.match_ups),
        "<h2>Charts</h2>",
        *map(_figure, content.pictures),
    ]
    if content.hint:
        parts.append(f"<p>{escape(content.hint)}</p>")
    parts += ["<h2>Files</h2>", facts_table(content.files), "<h2>Software and command</h2>"]
    if content.command:
        parts.append(f"<pre>{escape(content.command)}</pre>")
    parts.append(facts_table(content.software))
    body = "\n".join(part for part in parts if part)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="{escape(content.software["AKKD"])}">
<link rel="icon" href="data:,">
<title>{escape(content.title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def _notes(content: ReportContent) -> str:
    notes: dict[str, list[str]] = {}
    for match_up in content.match_ups:
        for note in match_up.notes:
            notes.setdefault(note, []).append(match_up.product)
    if not notes:
        return ""
    every = {m.product for m in content.match_ups}
    lines = [
        f"<li>{escape(note)}"
        + ("" if set(products) == every else f" ({escape(', '.join(dict.fromkeys(products)))})")
        + "</li>"
        for note, products in notes.items()
    ]
    return f'<div class="notes" role="note"><ul>{"".join(lines)}</ul></div>'


def _data(content: ReportContent) -> str:
    parts = [facts_table(content.facts)]
    seen: dict[str, dict[str, str]] = {}
    for match_up in content.match_ups:
        seen.setdefault(match_up.product, {}).update(match_up.facts)
    for product, facts in seen.items():
        if facts:
            shown = {_spoken(name): value for name, value in facts.items()}
            parts.append(f"<h3>{escape(product)}</h3>{facts_table(shown)}")
    return "\n".join(parts)


def _spoken(name: str) -> str:
    """Name of a fact, with spaces but in names of products as AST_08."""
    return re.sub(r"_(?!\d)", " ", name)


def _figure(picture: Picture) -> str:
    data = base64.b64encode(picture.png).decode("ascii")
    title = escape(picture.title)
    return (
        f'<figure><h3>{title}</h3><img alt="{title}" src="data:image/png;base64,{data}">'
        f"<figcaption>{escape(picture.caption)}</figcaption></figure>"
    )


def picture(path: Path, title: str, caption: str) -> Picture:
    """Chart from its file."""
    return Picture(path.read_bytes(), title, caption)
