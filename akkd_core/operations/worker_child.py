"""A worker: a process that does jobs which come as JSON lines, until its standard input ends."""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import time
from typing import Any, TextIO

from akkd_core.errors import OperationCancelled
from akkd_core.operations.scene_jobs import perform_telling

_REPORT_EVERY_S = 0.2


class _Reports:
    """Progress as lines; cancelled once the parent is gone or has closed the pipe."""

    def __init__(self, out: TextIO, gone: threading.Event) -> None:
        self._out, self._gone, self._last = out, gone, 0.0

    def update(self, fraction: float, message: str = "") -> None:
        """Tell the parent, a few times a second."""
        now = time.monotonic()
        if now - self._last > _REPORT_EVERY_S:
            self._last = now
            say(self._out, {"progress": fraction, "message": message})

    def cancelled(self) -> bool:
        """Whether the parent wants no more."""
        return self._gone.is_set()


def say(out: TextIO, values: dict[str, Any]) -> None:
    """Write one line of JSON."""
    out.write(json.dumps(values) + "\n")
    out.flush()


def _listen(jobs: queue.Queue[Any], gone: threading.Event) -> None:
    for line in sys.stdin:
        jobs.put(json.loads(line))
    gone.set()
    jobs.put(None)


def serve() -> None:
    """Do jobs until standard input ends."""
    # Ctrl-C reaches the whole group; the parent tells its workers to stop by closing the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # What a library prints must not come between the lines.
    os.dup2(2, 1)
    jobs: queue.Queue[Any] = queue.Queue()
    gone = threading.Event()
    threading.Thread(target=_listen, args=(jobs, gone), daemon=True).start()
    try:
        say(out, {"ready": list(sys.version_info[:2])})
        while (job := jobs.get()) is not None:
            say(out, {"result": perform_telling(job, _Reports(out, gone))})
    except (OperationCancelled, BrokenPipeError):
        return
