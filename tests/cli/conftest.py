"""A granule and a bundle for the command line's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import command


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a model bundle."""
    return command.bundle(tmp_path_factory.mktemp("model") / "bundle")


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A small granule."""
    pytest.importorskip("pyhdf")
    return command.granule(tmp_path / "AST_L1T_A.hdf")
