"""Provenance: hashes and the facts that go into every product's tags."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
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


def versions_of(packages: Iterable[str]) -> dict[str, str]:
    """Return the installed packages' versions, in their order; those that are absent left out."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def training_software() -> dict[str, str]:
    """Return the versions of what trains, by package."""
    return versions_of(("keras", "tensorflow-cpu", "tensorflow"))
