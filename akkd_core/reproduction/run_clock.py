"""How much processor time a kept run took, over all the attempts that it needed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from akkd_core.raster.temporary import whole_file

T = TypeVar("T")


def timed(path: Path, make: Callable[[], T]) -> tuple[T, float]:
    """Make something that is kept, and add its processor time to a file until it is whole.

    Parameters
    ----------
    path : Path
        JSON with ``cpu_seconds`` and ``whole``; a file that can't be read counts as none.
    make : callable
        Makes what is missing, or reads it.

    Returns
    -------
    made : Any
    cpu_seconds : float
        Of all attempts up to the one that finished.

    Raises
    ------
    ProductWriteError
        If the file can't be written.
    """
    before, whole = _read(path)
    if whole:
        return make(), before
    started = time.process_time()
    try:
        made = make()
        whole = True
    finally:
        path.parent.mkdir(parents=True, exist_ok=True)
        seconds = round(before + time.process_time() - started, 1)
        with whole_file(path) as temporary:
            temporary.write_text(json.dumps({"cpu_seconds": seconds, "whole": whole}) + "\n")
    return made, seconds


def _read(path: Path) -> tuple[float, bool]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return float(found["cpu_seconds"]), found["whole"] is True
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return 0.0, False
