"""The report opens offline in a browser: no request, no complaint, every picture there."""

from __future__ import annotations

from pathlib import Path

import pytest

from akkd_core.validation.comparison_report import write_report
from tests.builders import comparisons
from tests.builders.browser import chromium, look_at

pytestmark = pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")

_PICTURES = "Array.from(document.images, i => [i.complete, i.naturalWidth, i.clientWidth])"
_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_COLUMNS = (
    "Array.from(document.querySelectorAll('table.numbers th:first-child'), t => t.clientWidth)"
)
_HEADINGS = "Array.from(document.querySelectorAll('h2'), h => h.textContent)"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("matplotlib")
    folder = tmp_path_factory.mktemp("seen")
    match_ups = [
        comparisons.lst("AST_L1T_00311012019105555_20191102110410_12345", 0.5, notes=("Dry.",)),
        comparisons.lse("AST_L1T_00311012019105555_20191102110410_12345"),
        comparisons.lst("student", -0.3, 1.4, seed=1, reference=f"{comparisons.REFERENCE}.2"),
    ]
    written = write_report(
        match_ups, folder / "report", title="LST against MOD11A1", facts={"Reference": "MOD11A1"}
    )
    return written.folder / "report.html"


def test_it_opens_without_network_and_without_complaint(report: Path, tmp_path: Path) -> None:
    seen = look_at(report, tmp_path, _PICTURES, _OVERFLOW, _HEADINGS, _COLUMNS)
    asked = [url for url in seen.requests if not url.startswith("data:")]
    assert asked == [report.as_uri()]
    assert seen.complaints == []
    pictures, overflow, headings, columns = seen.results
    assert len(pictures) == 10
    assert all(complete and own > 300 and 0 < shown <= own for complete, own, shown in pictures)
    assert overflow <= 0 and min(columns) > 120
    assert headings == [
        "Agreement", "Data", "Filters", "Charts", "Files", "Software and command"
    ]  # fmt: skip
    assert seen.screenshot.startswith(b"\x89PNG") and len(seen.screenshot) > 50_000


def test_on_paper_no_column_is_cut_off(report: Path, tmp_path: Path) -> None:
    """A4 less margins is 688 CSS pixels wide."""
    script = (
        "Array.from(document.querySelectorAll('table'), t => [t.getBoundingClientRect().right, "
        "getComputedStyle(t.parentElement).overflowX])"
    )
    seen = look_at(report, tmp_path, script, width=688, media="print")
    (tables,) = seen.results
    assert len(tables) > 5
    assert max(right for right, _ in tables) <= 688
    assert {overflow for _, overflow in tables} == {"visible"}


def test_a_page_that_asks_for_something_is_caught(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<img src='https://example.org/a.png'><script>nothing.there</script>")
    seen = look_at(page, tmp_path / "profile")
    assert "https://example.org/a.png" in seen.requests
    assert any("nothing is not defined" in line for line in seen.complaints)
