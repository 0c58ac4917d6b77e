"""Progress on a terminal, as JSON lines, or nowhere.

JSON lines go to standard output, one object a line, each with an ``event``: ``progress``
(``fraction`` 0-1, ``message``), ``warning``, ``error`` (``message``, ``code``), ``result``
(``data``, and ``lines`` for people). Nothing else is written there in that mode, so a calling
program can read it line by line; standard error carries the same errors and warnings for people.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from akkd_core.errors import OperationCancelled

MODES = ("auto", "bar", "json", "none")

_INTERVAL_S = 0.1
_BAR_WIDTH = 24
_MESSAGE_WIDTH = 44


def write_event(event: str, **content: Any) -> None:
    """Write one JSON line. Raises OperationCancelled if nobody reads any more."""
    try:
        print(json.dumps({"event": event, **content}, allow_nan=False), flush=True)
    except BrokenPipeError as error:
        raise OperationCancelled("nobody reads the progress any more") from error


class Reporter(Protocol):
    """A progress that can be closed."""

    def update(self, fraction: float, message: str = "") -> None:
        """Report the share of work done, 0-1."""

    def cancelled(self) -> bool:
        """Tell whether the user asked to stop."""

    def close(self) -> None:
        """Tidy up before other text is written."""


class _Throttled:
    """Passes on a report at most every tenth of a second, and the last one."""

    def __init__(self, interrupted: Callable[[], bool]) -> None:
        self._interrupted = interrupted
        self._last = -_INTERVAL_S

    def update(self, fraction: float, message: str = "") -> None:
        """Report the share of work done, 0-1."""
        now = time.monotonic()
        if now - self._last >= _INTERVAL_S or fraction >= 1.0:
            self._last = now
            self._show(min(max(fraction, 0.0), 1.0), message)

    def cancelled(self) -> bool:
        """Tell whether the user asked to stop."""
        return self._interrupted()

    def close(self) -> None:
        """Nothing to tidy up."""

    def _show(self, fraction: float, message: str) -> None:
        """Show nothing."""


class BarReporter(_Throttled):
    """A bar on standard error."""

    _shown = False

    def _show(self, fraction: float, message: str) -> None:
        filled = int(fraction * _BAR_WIDTH)
        bar = "#" * filled + "." * (_BAR_WIDTH - filled)
        text = message[:_MESSAGE_WIDTH].ljust(_MESSAGE_WIDTH)
        sys.stderr.write(f"\r[{bar}] {100 * fraction:3.0f} % {text}")
        sys.stderr.flush()
        self._shown = True

    def close(self) -> None:
        """Clear the bar's line."""
        if self._shown:
            sys.stderr.write("\r" + " " * (_BAR_WIDTH + _MESSAGE_WIDTH + 9) + "\r")
            sys.stderr.flush()
            self._shown = False


class JsonReporter(_Throttled):
    """JSON lines on standard output."""

    def _show(self, fraction: float, message: str) -> None:
        write_event("progress", fraction=round(fraction, 4), message=message)


class QuietReporter(_Throttled):
    """Reports nowhere."""


def make_reporter(mode: str, interrupted: Callable[[], bool]) -> Reporter:
    """Make the reporter of a mode.

    Parameters
    ----------
    mode : {"auto", "bar", "json", "none"}
        ``auto`` is a bar on a terminal, else none.
    interrupted : callable
        Tells whether the user asked to stop.
    """
    if mode == "auto":
        mode = "bar" if sys.stderr.isatty() else "none"
    kinds: Mapping[str, Callable[[Callable[[], bool]], Reporter]] = {
        "bar": BarReporter, "json": JsonReporter, "none": QuietReporter,
    }  # fmt: skip
    return kinds[mode](interrupted)
