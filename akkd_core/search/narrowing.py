"""Choices of a search space as users write them: ranges and lists."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from akkd_core.errors import ParameterError

_NUMBER = r"(\d+(?:\.\d+)?)"
_RANGE = re.compile(rf"{_NUMBER}-{_NUMBER}(?::{_NUMBER})?")
_MOST = 1000


def read_numbers(text: str, name: str, step: str) -> tuple[float, ...]:
    """Read a range (``3-9``, ``32-256:32``) or a list (``32,64,128``) of numbers.

    Parameters
    ----------
    text : str
        A range includes its ends, its upper one if a step reaches it.
    name : str
        For the message.
    step : str
        Of a range that names none.

    Returns
    -------
    tuple of float
        Ascending.

    Raises
    ------
    ParameterError
        If it is neither.
    """
    compact = text.replace(" ", "")
    match = _RANGE.fullmatch(compact)
    try:
        if match is None:
            values = [Decimal(item) for item in compact.split(",")]
        else:
            low, high, by = (Decimal(item) for item in (match[1], match[2], match[3] or step))
            count = int((high - low) / by) + 1 if by > 0 else _MOST + 1
            values = [low + i * by for i in range(min(count, _MOST + 1))]
    except (InvalidOperation, ValueError):
        values = []
    sound = [value for value in values if value.is_finite() and value >= 0]
    if not values or len(sound) < len(values) or len(values) > _MOST:
        raise ParameterError(
            f"{name} {text!r}: give a range such as 3-9 or 32-256:32, or a list such as 32,64"
        )
    return tuple(float(value) for value in sorted(set(values)))


def read_integers(text: str, name: str, step: int) -> tuple[int, ...]:
    """Read a range or list of whole numbers, see `read_numbers`."""
    values = read_numbers(text, name, str(step))
    if any(value != int(value) for value in values):
        raise ParameterError(f"{name} {text!r}: give whole numbers")
    return tuple(int(value) for value in values)


def read_words(text: str, name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Read a list of words, in the order of those that are known.

    Raises
    ------
    ParameterError
        If a word isn't known.
    """
    words = {word.strip().lower() for word in text.split(",")}
    if not words <= set(known):
        raise ParameterError(f"{name} {text!r}: choose of {','.join(known)}")
    return tuple(word for word in known if word in words)
