"""One version number, and the faces of the project agree with it."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

from akkd_core import __version__


def test_version_is_semantic() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


def test_package_takes_it_from_the_core(repo_root: Path) -> None:
    setup = configparser.ConfigParser()
    setup.read(repo_root / "setup.cfg")
    assert setup["metadata"]["version"] == "attr: akkd_core.__version__"


def test_plugin_metadata(repo_root: Path) -> None:
    metadata = configparser.ConfigParser()
    metadata.read(repo_root / "metadata.txt")
    assert metadata["general"]["version"] == __version__


def test_citation(repo_root: Path) -> None:
    text = (repo_root / "CITATION.cff").read_text()
    assert re.findall(r"^version: (\S+)$", text, re.MULTILINE) == [__version__]


def test_changelog_has_it_as_newest(repo_root: Path) -> None:
    text = (repo_root / "CHANGELOG.md").read_text()
    assert re.findall(r"^## \[(\d[^\]]*)\]", text, re.MULTILINE)[0] == __version__
