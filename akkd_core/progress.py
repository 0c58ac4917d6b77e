"""Progress and cancellation: one small protocol, passed into the loop that owns the work."""

from __future__ import annotations

from typing import Protocol

from akkd_core.errors import OperationCancelled


class Progress(Protocol):
    """What a long operation reports to, and asks whether it should stop."""

    def update(self, fraction: float, message: str = "") -> None:
        """Report the share of work done, 0-1, with a short message."""

    def cancelled(self) -> bool:
        """Tell whether the user asked to stop."""


class SilentProgress:
    """Reports nowhere, never cancels."""

    def update(self, fraction: float, message: str = "") -> None:
        """Ignore the report."""

    def cancelled(self) -> bool:
        """Never."""
        return False


class SubProgress:
    """Maps a part's 0-1 to a span of the whole's progress."""

    def __init__(self, parent: Progress, start: float, stop: float, prefix: str = "") -> None:
        self._parent, self._start, self._stop, self._prefix = parent, start, stop, prefix

    def update(self, fraction: float, message: str = "") -> None:
        """Report the part's share of work done, 0-1."""
        clipped = min(max(fraction, 0.0), 1.0)
        self._parent.update(
            self._start + (self._stop - self._start) * clipped, self._prefix + message
        )

    def cancelled(self) -> bool:
        """Ask the whole."""
        return self._parent.cancelled()


def checkpoint(progress: Progress, fraction: float, message: str = "") -> None:
    """Report, then raise if the user cancelled.

    Raises
    ------
    OperationCancelled
        If ``progress.cancelled()`` is true.
    """
    if progress.cancelled():
        raise OperationCancelled("cancelled by the user")
    progress.update(fraction, message)
