"""Reading JSON of unknown origin: bounded, without duplicates, NaN or surprises."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, TypeVar

from akkd_core.errors import BundleIntegrityError

MAX_DEPTH = 32
MAX_TEXT = 20_000
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
"""Of all times: UTC, whole seconds."""
_MAX_DIGITS = 400

T = TypeVar("T")


def parse(data: bytes, what: str) -> dict[str, Any]:
    """Parse a JSON object.

    Parameters
    ----------
    data : bytes
        UTF-8; the caller bounds its length.
    what : str
        Name for the message.

    Raises
    ------
    BundleIntegrityError
        If it isn't an object, isn't valid, nests too deep, repeats a key or holds a number that
        isn't finite.
    """
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_finite,
            parse_constant=_refuse_constant,
        )
        _check_depth(value)
    except (ValueError, RecursionError) as error:
        raise BundleIntegrityError(f"{what}: not valid JSON ({error})") from None
    if not isinstance(value, dict):
        raise BundleIntegrityError(f"{what}: the top level must be an object")
    return value


class Fields:
    """The members of a JSON object, taken one by one with their types; none may be left over."""

    def __init__(self, value: object, what: str) -> None:
        if not isinstance(value, Mapping):
            raise BundleIntegrityError(f"{what}: must be an object")
        self._rest = dict(value)
        self.what = what

    def take(self, name: str, kind: type[T] | tuple[type, ...], default: Any = ...) -> Any:
        """Remove and return a member, checked to be of a type; ``float`` takes integers too.

        Raises
        ------
        BundleIntegrityError
            If it is missing and has no default, or is of another type.
        """
        if name not in self._rest:
            if default is ...:
                raise BundleIntegrityError(f"{self.what}: {name} is missing")
            return default
        value = self._rest.pop(name)
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if isinstance(value, bool) and bool not in kinds:
            self._wrong(name, kinds)
        if float in kinds and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if not isinstance(value, kinds):
            self._wrong(name, kinds)
        if isinstance(value, str) and len(value) > MAX_TEXT:
            raise BundleIntegrityError(f"{self.what}: {name} is longer than {MAX_TEXT} characters")
        return value

    def _wrong(self, name: str, kinds: tuple[type, ...]) -> None:
        wanted = " or ".join("null" if k is type(None) else k.__name__ for k in kinds)
        raise BundleIntegrityError(f"{self.what}: {name} must be {wanted}")

    def done(self) -> None:
        """Raise BundleIntegrityError if a member is left that nobody asked for."""
        if self._rest:
            names = ", ".join(sorted(str(key)[:40] for key in self._rest)[:5])
            raise BundleIntegrityError(f"{self.what}: unknown {names}")


def utc_time(text: str, what: str) -> datetime:
    """Read a time in `TIME_FORMAT`.

    Parameters
    ----------
    text : str
    what : str
        Name for the message.

    Raises
    ------
    BundleIntegrityError
        If it isn't one.
    """
    try:
        return datetime.strptime(text, TIME_FORMAT).replace(tzinfo=timezone.utc)
    except ValueError:
        raise BundleIntegrityError(
            f"{what} {text[:40]!r} must be a UTC time like 2026-01-31T12:00:00Z"
        ) from None


def _check_depth(value: object) -> None:
    """Bound the nesting, so that later recursive code (writing it again) is safe."""
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        children: list[object] = []
        for item in level:
            if isinstance(item, dict):
                children.extend(item.values())
            elif isinstance(item, list):
                children.extend(item)
        if not children:
            return
        level = children
    raise ValueError(f"nested deeper than {MAX_DEPTH}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key is repeated")
    return result


def _integer(text: str) -> int:
    if len(text) > 20:
        raise ValueError("an integer is too long")
    return int(text)


def _finite(text: str) -> float:
    value = float(text) if len(text) <= _MAX_DIGITS else math.inf
    if not math.isfinite(value):
        raise ValueError("a number isn't finite")
    return value


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} isn't JSON")
