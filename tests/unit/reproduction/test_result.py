"""Results: kept as they are, refused when damaged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from akkd_core.errors import InputError
from akkd_core.reproduction.result import Column, ItemResult, ResultImage, ResultTable


def test_kept_and_read_again(result: ItemResult, tmp_path: Path) -> None:
    path = tmp_path / "table2.json"
    result.save(path)
    assert ItemResult.load(path) == result
    assert [p.name for p in tmp_path.iterdir()] == ["table2.json"]


def test_charts_are_kept_by_name_and_may_be_missing(result: ItemResult, tmp_path: Path) -> None:
    assert ItemResult.from_json({k: v for k, v in result.to_json().items() if k != "images"})
    images = (ResultImage("", "A chart.", b"x"), ResultImage("truth", "Another.", b"y"))
    drawn = replace(result, content=replace(result.content, images=images))
    drawn.save(tmp_path / "table2.json")
    read = ItemResult.load(tmp_path / "table2.json")
    assert read == drawn != result and read.content.images[1].png == b""
    assert [i.file("fig3") for i in images] == ["fig3.png", "fig3_truth.png"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.pop("seed"),
        lambda d: d.update(format="other"),
        lambda d: d.update(extra=1),
        lambda d: d.update(seed="1"),
        lambda d: d["tables"][0]["rows"][0].append(1),
        lambda d: d["tables"][0]["rows"].append([True, 1, 1, 1]),
        lambda d: d["tables"][0]["columns"].clear(),
        lambda d: d.update(headline={"mae_k": "much"}),
        lambda d: d.update(tables=[3]),
        lambda d: d.update(images=[{"name": "", "caption": 1}]),
    ],
)
def test_damage_is_named_with_the_file(result: ItemResult, tmp_path: Path, damage) -> None:
    data = result.to_json()
    data = json.loads(json.dumps(data))
    damage(data)
    path = tmp_path / "table2.json"
    path.write_text(json.dumps(data))
    with pytest.raises(InputError, match=r"table2\.json: not a reproduced item .*overwrite"):
        ItemResult.load(path)


def test_absent_and_no_json(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a reproduced item"):
        ItemResult.load(tmp_path / "absent.json")
    (tmp_path / "x.json").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not a reproduced item"):
        ItemResult.load(tmp_path / "x.json")


def test_rows_must_fit_the_columns() -> None:
    with pytest.raises(InputError, match="differ in length"):
        ResultTable("", "T", (Column("a"),), ((1, 2),))
