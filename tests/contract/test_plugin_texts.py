"""Every text that the plugin shows goes through tr(), and the translator's file holds it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from akkd_core.quality import QC_FIELDS
from tools.make_translation import PLUGIN, texts

MODULES = sorted(PLUGIN.glob("*.py"))

SHOWS = {
    "Setting", "QAction", "QgsProcessingException", "ParameterError", "QgsProcessingOutputHtml",
    "QgsProcessingOutputMultipleLayers", "QgsProcessingOutputRasterLayer",
    "QgsProcessingOutputString", "QgsProcessingParameterBoolean", "Class", "_complain", "_add",
    "_menu_button", "addAction", "addSection", "getExistingDirectory", "getOpenFileName",
    "pushCritical", "pushInfo", "pushWarning", "reportError", "setAbstract", "setText", "setTitle",
    "setToolTip", "setPlaceholderText", "setWindowTitle",
}  # fmt: skip
"""Calls whose arguments people read."""

NO_WORDS = {"AKKD"}
"""Names that are the same in every language."""


def _is_words(text: str) -> bool:
    """Tell words from ids, paths and punctuation."""
    return text not in NO_WORDS and any(c.isalpha() for c in text) and (
        " " in text or text[0].isupper()
    )


def _shown(call: ast.Call) -> Iterator[ast.expr]:
    name = getattr(call.func, "id", "") or getattr(call.func, "attr", "")
    if name in SHOWS:
        yield from (*call.args, *(keyword.value for keyword in call.keywords))


def _untranslated(tree: ast.AST) -> Iterator[str]:
    """Texts that stand in a call that shows them, as they are or as a template."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        for argument in _shown(node):
            parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
            for part in parts:
                value = getattr(part, "value", None)
                if isinstance(part, ast.Constant) and isinstance(value, str) and _is_words(value):
                    yield f"{node.lineno}: {value}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_what_people_read_is_translated(path: Path) -> None:
    assert list(_untranslated(ast.parse(path.read_text(encoding="utf-8")))) == []


def test_the_check_sees_a_text_that_is_not() -> None:
    tree = ast.parse('bar.pushWarning(MENU, "no such file")\nbar.pushWarning(MENU, tr("x y"))\n')
    assert list(_untranslated(tree)) == ["1: no such file"]
    assert list(_untranslated(ast.parse('b.setText(f"{a} of all")'))) == ["1:  of all"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_translated_texts_are_whole(path: Path) -> None:
    """A text put together before it is translated can't be looked up; a name or call can."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "tr":
            (argument,) = node.args
            assert not isinstance(argument, (ast.JoinedStr, ast.BinOp)), node.lineno
            if isinstance(argument, ast.Constant):
                assert argument.value in texts()


def test_meanings_of_quality_are_among_them() -> None:
    assert {meaning for field in QC_FIELDS for meaning in field.meanings} <= set(texts())
