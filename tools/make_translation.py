"""Makes akkd.ts: every text of the QGIS plugin that can be translated.

The catalogue's titles, labels and help, what QC values mean, and what stands in tr("...") in the
plugin's modules; so it is made when the plugin is packed (tools/package_plugin.py) and can't lag
behind. Qt Linguist reads
the file; `lrelease akkd_xx.ts` makes of a translation qgis_plugin/i18n/akkd_xx.qm, which is loaded.

usage: python tools/make_translation.py > akkd.ts
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = ROOT / "qgis_plugin"
sys.path.insert(0, str(ROOT))

from akkd_core.quality import QC_FIELDS  # noqa: E402
from qgis_plugin.environment import REMEDY  # noqa: E402
from qgis_plugin.form import all_forms  # noqa: E402

CONTEXT = "AKKD"


def _in_code(path: Path) -> Iterator[str]:
    """Texts of tr("...") calls."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "tr":
            yield from (a.value for a in node.args if isinstance(a, ast.Constant))


def _in_catalogue() -> Iterator[str]:
    for form in all_forms():
        yield from (form.group, form.operation.title, form.operation.help)
        yield form.operation.help.split("\n\n")[0]
        for field in form.fields:
            yield from (field.parameter.label, field.parameter.help)


def _in_quality() -> Iterator[str]:
    for field in QC_FIELDS:
        yield from field.meanings


def texts() -> list[str]:
    """Texts to be translated, each once, in a fixed order."""
    code = [text for path in sorted(PLUGIN.glob("*.py")) for text in _in_code(path)]
    return sorted({*code, *_in_catalogue(), *_in_quality(), REMEDY} - {""})


def translation_source() -> str:
    """Text of the .ts file."""
    messages = "".join(
        f"    <message>\n        <source>{escape(text)}</source>\n"
        '        <translation type="unfinished"></translation>\n    </message>\n'
        for text in texts()
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n'
        '<TS version="2.1" sourcelanguage="en">\n'
        f"<context>\n    <name>{CONTEXT}</name>\n{messages}</context>\n</TS>\n"
    )


if __name__ == "__main__":
    sys.stdout.write(translation_source())
