"""No module grows past the ceiling."""

from __future__ import annotations

from pathlib import Path

CEILING = 400


def test_no_module_is_longer_than_the_ceiling(repo_root: Path) -> None:
    modules = [
        path
        for folder in ("akkd_core", "cli", "qgis_plugin", "tools", "benchmarks")
        for path in (repo_root / folder).rglob("*.py")
    ]
    assert modules
    lines = {path.relative_to(repo_root): len(path.read_text().splitlines()) for path in modules}
    assert {path: count for path, count in lines.items() if count > CEILING} == {}
