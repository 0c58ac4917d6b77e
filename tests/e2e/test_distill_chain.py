"""The documented chain at its smallest: from an archive to products of a joint model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.builders.command import akkd

pytest.importorskip("keras", reason="needs the training extra")
pytest.importorskip("pyhdf", reason="retrieves a granule")


@pytest.mark.slow
def test_chain(tmp_path: Path) -> None:
    words = ("distill", "chain", tmp_path / "all", "--training-scenes", "3", "--repetitions", "2")
    small = ("--pixels-per-side", "32", "--progress", "json")
    done = akkd(*words, *small)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    result = json.loads(done.stdout.splitlines()[-1])["data"]
    assert 0.1 <= result["recommended_weight"] <= 0.9 and len(result["students"]) == 2
    products = {path.name for path in Path(result["products"]).iterdir()}
    assert {"granule_LST.tif", "granule_LSE.tif", "granule_MODEL.tif"} <= products
    trials = (tmp_path / "all" / "archive_weight" / "trials.jsonl").read_text()
    again = akkd(*words, *small)
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "all" / "archive_weight" / "trials.jsonl").read_text() == trials
