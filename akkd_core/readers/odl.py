"""Object Description Language, the text in which EOS granules carry their metadata.

ODL as the Planetary Data System defines it (PDS Standards Reference, chapter 12), with the habits
of real EOS files: metadata split over attributes ``name.0``, ``name.1``; one key many times
(ASTER's GAIN); several documents behind each other; CLASS to tell repeated objects apart.
It knows nothing of what the keys mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from akkd_core.errors import GranuleReadError

OdlValue = int | float | str | tuple["OdlValue", ...]
"""A number, a text, or a list of values."""

_TOKEN = re.compile(
    r"""(?P<skip>\s+|/\*.*?\*/|<[^<>=]*>)
      | "(?P<text>[^"]*)"
      | '(?P<symbol>[^']*)'
      | (?P<mark>[=(){},;])
      | (?P<bare>[^\s=(){},;"']+)""",
    re.VERBOSE | re.DOTALL,
)
# A leading zero is kept as text: it matters in times such as 040446.
_INTEGER = re.compile(r"[+-]?(0|[1-9]\d{0,17})\Z")
_REAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d{1,4})?\Z")
_OPENERS = {"(": ")", "{": "}"}
_MAX_DEPTH = 64


@dataclass
class OdlGroup:
    """A GROUP or OBJECT: its own assignments and the groups inside it, in file order.

    Parameters
    ----------
    name : str
    assignments : list of (str, OdlValue)
        In file order; a key may occur more than once.
    groups : list of OdlGroup
    """

    name: str
    assignments: list[tuple[str, OdlValue]] = field(default_factory=list)
    groups: list[OdlGroup] = field(default_factory=list)

    def own(self, key: str) -> OdlValue | None:
        """First value assigned to ``key`` directly in this group, case ignored."""
        wanted = key.upper()
        return next((v for k, v in self.assignments if k.upper() == wanted), None)

    def walk(self) -> Iterator[OdlGroup]:
        """Yield this group and all inside it, depth first."""
        stack = [self]
        while stack:
            group = stack.pop()
            yield group
            stack.extend(reversed(group.groups))

    def find(self, name: str) -> Iterator[OdlGroup]:
        """Find groups and objects called ``name``, case ignored."""
        wanted = name.upper()
        return (group for group in self.walk() if group.name.upper() == wanted)

    def values(self, key: str, cls: str | None = None) -> list[OdlValue]:
        """All values known by ``key``: the VALUE of objects of that name, and assignments to it.

        Parameters
        ----------
        key : str
            Case is ignored.
        cls : str, optional
            Only objects of this CLASS.
        """
        wanted = key.upper()
        found: list[OdlValue] = []
        for group in self.walk():
            if group.name.upper() == wanted and (
                cls is None or str(group.own("CLASS")).strip() == cls
            ):
                found.extend(v for k, v in group.assignments if k.upper() == "VALUE")
            if cls is None:
                found.extend(v for k, v in group.assignments if k.upper() == wanted)
        return found

    def value(self, key: str, cls: str | None = None) -> OdlValue | None:
        """Return the first of :meth:`values`, or None."""
        return next(iter(self.values(key, cls)), None)

    def text(self, key: str, cls: str | None = None) -> str | None:
        """First value of ``key`` as stripped text (lists joined by ``, ``), or None."""
        value = self.value(key, cls)
        return None if value is None else as_text(value)

    def numbers(self, key: str, cls: str | None = None) -> tuple[float, ...]:
        """First value of ``key`` as numbers: a list, one number, or text such as ``"1.0, 2.0"``."""
        value = self.value(key, cls)
        return () if value is None else as_numbers(value)

    def number(self, key: str, cls: str | None = None) -> float | None:
        """First number of ``key``, or None if there is none."""
        return next(iter(self.numbers(key, cls)), None)


def as_text(value: OdlValue) -> str:
    """Text of a value; lists are joined by ``, ``."""
    if isinstance(value, tuple):
        return ", ".join(as_text(v) for v in value)
    return str(value).strip()


def as_numbers(value: OdlValue) -> tuple[float, ...]:
    """Numbers of a value, nested lists flattened; text that is no number is left out."""
    if isinstance(value, tuple):
        return tuple(number for part in value for number in as_numbers(part))
    if isinstance(value, str):
        parts = (part for part in re.split(r"[\s,()]+", value) if _REAL.match(part))
        return tuple(float(re.sub("[dD]", "e", part)) for part in parts)
    return (float(value),)


def join_pieces(attributes: Mapping[str, str], base: str) -> str:
    """Text of ``base.0``, ``base.1``, ... or of ``base`` alone, in order; case ignored.

    Pieces are cut at a byte count, anywhere, so they are joined without a separator unless one
    ends its own document.
    """
    pattern = re.compile(re.escape(base) + r"(?:\.(\d{1,4}))?\Z", re.IGNORECASE)
    pieces = []
    for name, text in attributes.items():
        match = pattern.match(name)
        if match:
            pieces.append((int(match.group(1) or 0), text.rstrip("\0")))
    joined = ""
    for _, text in sorted(pieces, key=lambda piece: piece[0]):
        ended = re.search(r"(\A|\n)[ \t]*END\s*\Z", joined)
        joined += ("\n" if ended else "") + text
    return joined


def parse_odl(text: str, source: str) -> OdlGroup:
    """Parse ODL.

    Parameters
    ----------
    text : str
        One or more documents; NUL padding is ignored.
    source : str
        File (and attribute) named in errors.

    Returns
    -------
    OdlGroup
        A nameless root.

    Raises
    ------
    GranuleReadError
        If the text is not ODL.
    """
    return _Parser(text.replace("\0", " "), source).parse()


def _scalar(token: str) -> int | float | str:
    if _INTEGER.match(token):
        return int(token)
    if _REAL.match(token) and not re.match(r"[+-]?0\d+\Z", token):
        return float(token.replace("d", "e").replace("D", "e"))
    return token


class _Parser:
    def __init__(self, text: str, source: str) -> None:
        self._text, self._source, self._at = text, source, 0
        self._peeked: tuple[str, str] | None = None
        self._newline = False

    def _error(self, what: str) -> GranuleReadError:
        line = self._text.count("\n", 0, self._at) + 1
        return GranuleReadError(
            f"{self._source}: metadata is malformed at line {line} ({what}). "
            "Download the granule again"
        )

    def _peek(self) -> tuple[str, str]:
        """Kind and text of the next token; kind ``end`` at the end of the text."""
        if self._peeked is None:
            self._newline = False
            self._peeked = self._scan()
        return self._peeked

    def _scan(self) -> tuple[str, str]:
        while self._at < len(self._text):
            match = _TOKEN.match(self._text, self._at)
            if match is None:
                raise self._error("unterminated string or stray character")
            self._at = match.end()
            kind = match.lastgroup or "skip"
            if kind != "skip":
                return kind, match.group(kind)
            self._newline = self._newline or "\n" in match.group()
        return "end", ""

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._peeked = None
        return token

    def parse(self) -> OdlGroup:
        root = OdlGroup("")
        stack = [root]
        while True:
            kind, token = self._next()
            if kind == "end":
                return root
            if (kind, token) == ("mark", ";"):
                continue
            if kind != "bare":
                raise self._error(f"expected a key, found {token[:20]!r}")
            self._statement(token, stack)

    def _statement(self, key: str, stack: list[OdlGroup]) -> None:
        word = key.upper()
        has_value = self._peek() == ("mark", "=")
        if not has_value:
            if word == "END":
                del stack[1:]
            elif word in ("END_GROUP", "END_OBJECT"):
                self._close(stack)
            else:
                raise self._error(f"no value for {key[:40]!r}")
            return
        self._next()
        value = self._value(0)
        if word in ("GROUP", "OBJECT"):
            if len(stack) > _MAX_DEPTH:
                raise self._error("groups nested too deeply")
            group = OdlGroup(as_text(value))
            stack[-1].groups.append(group)
            stack.append(group)
        elif word in ("END_GROUP", "END_OBJECT"):
            self._close(stack)
        else:
            stack[-1].assignments.append((key, value))

    def _close(self, stack: list[OdlGroup]) -> None:
        if len(stack) == 1:
            raise self._error("a group ends that never began")
        stack.pop()

    def _value(self, depth: int) -> OdlValue:
        kind, token = self._next()
        if kind == "mark" and token in _OPENERS:
            return self._list(_OPENERS[token], depth + 1)
        if kind in ("text", "symbol"):
            return token
        if kind != "bare":
            raise self._error(f"expected a value, found {token[:20] or 'the end'!r}")
        words = [token]
        # Unquoted text with blanks isn't ODL, but occurs; the line's end ends it.
        while depth == 0 and self._peek()[0] == "bare" and not self._newline:
            words.append(self._next()[1])
        return _scalar(token) if len(words) == 1 else " ".join(words)

    def _list(self, closer: str, depth: int) -> tuple[OdlValue, ...]:
        if depth > _MAX_DEPTH:
            raise self._error("lists nested too deeply")
        items: list[OdlValue] = []
        while True:
            kind, token = self._peek()
            if (kind, token) == ("mark", closer):
                self._next()
                return tuple(items)
            if (kind, token) == ("mark", ","):
                self._next()
                continue
            items.append(self._value(depth))
