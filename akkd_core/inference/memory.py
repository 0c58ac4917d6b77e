"""Giving freed memory back to the system.

glibc keeps what a thread has freed for that thread's next request. Arrays of a tile are made on
changing threads and in changing sizes, so that a scene would end with a third of its memory free
and held.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any


def give_back_memory() -> None:
    """Hand freed memory to the system, where the C library knows how (glibc)."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
    trim.argtypes, trim.restype = [ctypes.c_size_t], ctypes.c_int
    return trim
