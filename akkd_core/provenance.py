"""Provenance: hashes and the facts that go into every product's tags."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from akkd_core import __version__

SOFTWARE = f"AKKD {__version__}"


def sha256_file(path: str | Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal. Raises OSError."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        for block in iter(lambda: handle.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def sha256_files(paths: Sequence[str | Path]) -> str:
    """SHA-256 of a file; of several, that of their hexadecimal sums in order. Raises OSError."""
    sums = [sha256_file(path) for path in paths]
    return sums[0] if len(sums) == 1 else hashlib.sha256("".join(sums).encode()).hexdigest()
