"""How many threads to use, and keeping numpy's BLAS from using its own.

OpenBLAS splits every matrix product over its threads and spins while it waits. For the small
products of these networks that costs more than it brings, on a busy machine tenfold; whole blocks
of pixels on threads of our own scale better.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

_SYMBOLS = (
    ("scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"),
    ("scipy_openblas_get_num_threads", "scipy_openblas_set_num_threads"),
    ("openblas_get_num_threads64_", "openblas_set_num_threads64_"),
    ("openblas_get_num_threads", "openblas_set_num_threads"),
)
_lock = threading.Lock()
_users = 0
_before = 1


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def default_threads() -> int:
    """Return the number of threads to use: the cores, or fewer if OMP_NUM_THREADS says so."""
    wish = os.environ.get("OMP_NUM_THREADS", "")
    cores = available_cores()
    return min(cores, max(int(wish), 1)) if wish.isdecimal() else cores


@contextmanager
def single_blas_thread() -> Iterator[bool]:
    """Hold OpenBLAS to one thread, for the whole process, while the block runs.

    Yields
    ------
    bool
        Whether it is held; False where numpy uses another library, which keeps its threads.
    """
    global _users, _before
    library = _openblas()
    if library is None:
        yield False
        return
    get, limit = library
    with _lock:
        if _users == 0:
            _before = get()
            limit(1)
        _users += 1
    try:
        yield True
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                limit(_before)


@cache
def _openblas() -> tuple[Any, Any] | None:
    """Find the functions of the OpenBLAS that numpy has loaded."""
    for path in _candidates():
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue
        for get, limit in _SYMBOLS:
            if hasattr(library, get) and hasattr(library, limit):
                getattr(library, get).restype = ctypes.c_int
                getattr(library, limit).argtypes = [ctypes.c_int]
                getattr(library, limit).restype = None
                return getattr(library, get), getattr(library, limit)
    return None


def _candidates() -> Iterator[str]:
    """Yield libraries that numpy's wheel brought, then, for a system's numpy, those in memory."""
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        yield from (str(path) for path in sorted(folder.glob("*openblas*")))
    try:
        lines = Path("/proc/self/maps").read_text(errors="replace").splitlines()
    except OSError:
        return
    loaded = {line.split(maxsplit=5)[-1] for line in lines if "openblas" in line}
    yield from sorted(path for path in loaded if "scipy.libs" not in path)
