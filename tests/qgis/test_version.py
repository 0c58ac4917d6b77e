"""The QGIS that is tested is the one that was meant, in all its parts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.qgis.conftest import QGIS_ROOT


@pytest.fixture
def version() -> str:
    """Major and minor version that the run is meant for."""
    expected = os.environ.get("AKKD_QGIS_VERSION", "")
    if not expected:
        pytest.skip("AKKD_QGIS_VERSION names no version")
    return expected


def test_binary(version: str, bare_process: Any) -> None:
    assert bare_process("--version").stdout.startswith(f"QGIS {version}.")


def test_modules_and_resources(version: str, qgis: Any) -> None:
    import processing
    import qgis as package
    from qgis.core import Qgis

    assert Qgis.version().startswith(f"{version}.")
    for path in (package.__file__, processing.__file__, qgis.pkgDataPath(), qgis.libexecPath()):
        assert Path(path).is_relative_to(f"{QGIS_ROOT}/usr"), path
    assert Path(qgis.srsDatabaseFilePath()).is_file()
