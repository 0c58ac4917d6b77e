"""What setup.cfg says is what is there, and a wheel holds all of it."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def setup_cfg(repo_root: Path) -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(repo_root / "setup.cfg")
    return config


def _rooms(root: Path) -> set[str]:
    core = {
        ".".join(path.parent.relative_to(root).parts)
        for path in (root / "akkd_core").rglob("__init__.py")
    }
    cli = {
        ".".join(("akkd_cli", *path.parent.relative_to(root / "cli").parts))
        for path in (root / "cli").rglob("__init__.py")
    }
    return core | cli


def test_every_room_is_packaged(repo_root: Path, setup_cfg: configparser.ConfigParser) -> None:
    listed = setup_cfg["options"]["packages"].split()
    assert sorted(listed) == sorted(_rooms(repo_root))


@pytest.fixture(scope="module")
def wheel(repo_root: Path, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of the files in a wheel built from a copy of the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    skipped = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("akkd_core", "cli"):
        shutil.copytree(repo_root / name, source / name, ignore=skipped)
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(repo_root / name, source / name)
    pytest.importorskip("setuptools", minversion="68")
    pytest.importorskip("wheel")
    run = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation",
         "--quiet", "--wheel-dir", str(folder), str(source)],
        capture_output=True, text=True,
    )
    assert run.returncode == 0, run.stderr
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


def test_wheel_holds_code_and_data(repo_root: Path, wheel: set[str]) -> None:
    expected = {
        str(path.relative_to(repo_root))
        for path in (repo_root / "akkd_core").rglob("*")
        if path.is_file() and path.suffix != ".pyc" and not path.name.startswith(".")
    } | {
        str(Path("akkd_cli") / path.relative_to(repo_root / "cli"))
        for path in (repo_root / "cli").rglob("*.py")
    }
    assert expected - wheel == set()


def test_wheel_holds_nothing_else(wheel: set[str]) -> None:
    top = {name.split("/")[0] for name in wheel}
    assert {name for name in top if not name.endswith(".dist-info")} == {"akkd_core", "akkd_cli"}


def test_wheel_carries_licence_and_commands(wheel: set[str]) -> None:
    inside = {name.split("/", 1)[1] for name in wheel if ".dist-info/" in name}
    assert "entry_points.txt" in inside
    assert any(name.endswith("LICENSE") for name in inside)
