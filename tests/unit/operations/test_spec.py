"""Declarations that contradict themselves are refused; values are checked with the remedy."""

from __future__ import annotations

from typing import Any

import pytest

from akkd_core.errors import ParameterError
from akkd_core.operations.spec import Operation, Parameter, ParamKind


def parameter(**changes: Any) -> Parameter:
    facts: dict[str, Any] = {
        "name": "size", "kind": ParamKind.INTEGER, "label": "Size", "help": "How large.",
        "default": 5, "minimum": 1, "maximum": 9,
    }  # fmt: skip
    return Parameter(**{**facts, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Big Size"},
        {"help": "no full stop"},
        {"label": ""},
        {"default": 10},
        {"choices": ("a",)},
        {"kind": ParamKind.CHOICE},
        {"kind": ParamKind.TEXT},
        {"required": True},
    ],
)
def test_contradictions(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        parameter(**changes)


def test_bounds_in_words() -> None:
    assert parameter().bounds == "1-9"
    assert parameter(maximum=None).bounds == ">= 1"
    assert parameter(minimum=None).bounds == "<= 9"
    assert parameter(minimum=None, maximum=None).bounds == ""


def test_values() -> None:
    operation = Operation(
        "x", "X", "Group", "Help.", (parameter(unit="m"),), "akkd_core.operations.info:run"
    )
    operation.check(size=1)
    operation.check(size=None)
    for bad in (0, 10, float("nan")):
        with pytest.raises(ParameterError, match="give 1-9 m"):
            operation.check(size=bad)
    assert operation.load_runner().__name__ == "run"


def test_operations_are_checked() -> None:
    with pytest.raises(ValueError, match="must differ"):
        Operation("x", "X", "G", "H.", (parameter(), parameter()), "akkd_core.a:run")
    with pytest.raises(ValueError, match="module:function"):
        Operation("x", "X", "G", "H.", (), "os:system()")
