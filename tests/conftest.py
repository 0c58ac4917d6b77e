"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is slow; that is no fault of what is tested.
settings.register_profile("akkd", deadline=None)
settings.load_profile("akkd")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """Folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real files made by others; the test skips where it is absent."""
    folder = Path(os.environ.get("AKKD_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no folder of real files (AKKD_SHARED_DATA or ../shared/data)")
    return folder
