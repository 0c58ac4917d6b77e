"""Progress and warnings of the core, passed to Processing's feedback."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from qgis.core import QgsProcessingFeedback

from akkd_core.errors import AkkdWarning

_INTERVAL_S = 0.1


class FeedbackProgress:
    """The core's progress protocol on a QgsProcessingFeedback.

    Parameters
    ----------
    feedback : QgsProcessingFeedback
    """

    def __init__(self, feedback: QgsProcessingFeedback) -> None:
        self._feedback = feedback
        self._last = 0.0
        self._message = ""

    def update(self, fraction: float, message: str = "") -> None:
        """Report the share of work done, 0-1."""
        now = time.monotonic()
        if now - self._last < _INTERVAL_S and fraction < 1.0:
            return
        self._last = now
        self._feedback.setProgress(100.0 * min(max(fraction, 0.0), 1.0))
        if message and message != self._message:
            self._message = message
            self._feedback.setProgressText(message)

    def cancelled(self) -> bool:
        """Tell whether the user asked to stop."""
        return bool(self._feedback.isCanceled())


_feedback_of_thread: dict[int, QgsProcessingFeedback] = {}
_show_before = warnings.showwarning


def _show(message: Warning | str, category: type[Warning], *rest: Any, **named: Any) -> None:
    feedback = _feedback_of_thread.get(threading.get_ident())
    if feedback is not None and issubclass(category, AkkdWarning):
        feedback.pushWarning(" ".join(str(message).split()))
    else:
        _show_before(message, category, *rest, **named)


def listen_to_warnings() -> None:
    """Begin to pass the core's warnings to the algorithm that caused them.

    Once for the process, not around each run: algorithms run at the same time in several threads,
    and Python's own context manager for warnings isn't made for these.
    """
    global _show_before
    if warnings.showwarning is not _show:
        _show_before = warnings.showwarning
        warnings.showwarning = _show
    warnings.simplefilter("always", AkkdWarning)


def stop_listening() -> None:
    """Put back how warnings were shown."""
    if warnings.showwarning is _show:
        warnings.showwarning = _show_before
    ours = [one for one in warnings.filters if one[2] is AkkdWarning]
    for one in ours:
        cast("list[Any]", warnings.filters).remove(one)


@contextmanager
def warnings_to(feedback: QgsProcessingFeedback) -> Iterator[None]:
    """Pass warnings of this thread to a feedback while the block runs."""
    thread = threading.get_ident()
    _feedback_of_thread[thread] = feedback
    try:
        yield
    finally:
        _feedback_of_thread.pop(thread, None)
