"""A made-up result to render and to keep."""

from __future__ import annotations

import pytest

from akkd_core.reproduction.result import Column, Content, ItemResult, ResultTable


def made_up(item: str = "table2", mae: float = 0.51234) -> ItemResult:
    """Result with two tables, text, numbers and holes."""
    main = ResultTable(
        "",
        "Figures:",
        (Column("bands"), Column("MAE, K"), Column("PCC", 4), Column("count")),
        (("10-11", mae, 0.99876, 7), ("a|b", None, 1.0, 12)),
    )
    other = ResultTable("means", "Means:", (Column("n"),), ((1,), (2,)))
    content = Content(("What was done.",), (main, other), ("Odd.",), {"mae_k": mae})
    return ItemResult(
        item=item,
        made_at="2025-01-31 12:00 UTC",
        command=f"akkd reproduce {item}",
        budget="small",
        seed=1,
        rte="full",
        seconds=12.5,
        versions={"AKKD": "0.1.0"},
        content=content,
    )


@pytest.fixture
def result() -> ItemResult:
    return made_up()
