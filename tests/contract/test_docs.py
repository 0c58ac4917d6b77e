"""What is generated in the docs is up to date, and links between pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.make_qc_table import PAGE, qc_table, with_table

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def test_qc_table_matches_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == with_table(text), "run `make docs`"


def test_drift_of_the_qc_table_is_seen() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert qc_table() in text
    assert with_table(text.replace("mandatory_qa", "changed")) != text.replace(
        "mandatory_qa", "changed"
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target and ":" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_index_names_every_page() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = sorted((ROOT / "docs").rglob("*.md"))
    named = [page.relative_to(ROOT / "docs").as_posix() for page in pages if page.stem != "index"]
    assert [name for name in named if f"({name})" not in index] == []


def test_make_targets_named_in_the_docs_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    known = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {
        target
        for page in PAGES
        for target in re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8"))
    }
    assert named - known == set()
