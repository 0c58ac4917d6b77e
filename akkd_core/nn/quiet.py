"""Importing TensorFlow without its notices, which no setting silences."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_import() -> Iterator[None]:
    """Hold back what the block's libraries write to standard error; show it if the block fails.

    TensorFlow's C++ writes to the file descriptor, past Python's streams.
    """
    try:
        sys.stderr.flush()
        kept = os.dup(2)
    except (OSError, AttributeError):  # a program without standard error
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException as error:
            _restore(kept)
            if not isinstance(error, ImportError):  # which says itself what is missing
                held.seek(0)
                os.write(2, held.read())
            raise
        _restore(kept)


def _restore(kept: int) -> None:
    sys.stderr.flush()
    os.dup2(kept, 2)
    os.close(kept)
