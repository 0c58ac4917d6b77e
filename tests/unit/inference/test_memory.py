"""Freed memory goes back to the system where the C library knows how, and nowhere does it fail."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from akkd_core.inference import memory


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    memory._trim.cache_clear()
    yield
    memory._trim.cache_clear()


def test_asks_the_c_library(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(memory, "_trim", lambda: asked.append)
    memory.give_back_memory()
    assert asked == [0]
    monkeypatch.undo()
    memory.give_back_memory()


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_elsewhere_does_nothing(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert memory._trim() is None
    memory.give_back_memory()
