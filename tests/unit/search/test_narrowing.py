"""Ranges and lists that narrow a search space."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akkd_core.errors import ParameterError
from akkd_core.operations.catalogue_search import SEARCH
from akkd_core.search.narrowing import read_integers, read_numbers, read_words
from akkd_core.search.space import SearchSpace


def test_the_command_lines_defaults_are_the_papers_space() -> None:
    text = {parameter.name: parameter.default for parameter in SEARCH.parameters}
    paper = SearchSpace()
    assert read_integers(text["layers"], "layers", 1) == paper.layers
    assert read_integers(text["units"], "units", 16) == paper.units
    assert read_words(text["activations"], "a", paper.activations) == paper.activations
    assert read_numbers(text["dropout"], "dropout", "0.1") == paper.dropout
    assert read_words(text["optimizers"], "o", paper.optimizers) == paper.optimizers
    assert read_numbers(text["learning_rates"], "r", "1") == paper.learning_rates


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("3-9", (3, 4, 5, 6, 7, 8, 9)),
        ("32-100:16", (32, 48, 64, 80, 96)),
        ("64,32, 64", (32, 64)),
        ("5", (5,)),
        ("7-7", (7,)),
    ],
)
def test_integers(text: str, values: tuple[int, ...]) -> None:
    assert read_integers(text, "units", 1) == values


def test_decimal_steps_are_exact() -> None:
    assert read_numbers("0-0.5", "dropout", "0.1") == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    assert read_numbers("1e-4,3e-4", "rates", "1") == (1e-4, 3e-4)


@pytest.mark.parametrize(
    "text", ["", "a", "3-", "-3", "9-3", "3--9", "1,,2", "nan", "inf", "1-9:0", "1-1000000", "1;2"]
)
def test_nonsense_is_named(text: str) -> None:
    with pytest.raises(ParameterError, match="layers"):
        read_integers(text, "layers", 1)


def test_halves_are_no_whole_numbers() -> None:
    with pytest.raises(ParameterError, match="whole"):
        read_integers("1-3:0.5", "layers", 1)


def test_words() -> None:
    known = ("relu", "tanh")
    assert read_words("tanh, ReLU", "activations", known) == known
    for text in ("", "sine", "relu,,tanh"):
        with pytest.raises(ParameterError, match="activations"):
            read_words(text, "activations", known)


@given(st.text(alphabet="0123456789.,-:e ", max_size=12))
def test_any_text_is_read_or_named(text: str) -> None:
    try:
        values = read_numbers(text, "units", "1")
    except ParameterError:
        return
    assert list(values) == sorted(set(values)) and len(values) <= 1000
