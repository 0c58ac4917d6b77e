"""The plugin's zip: what plugins.qgis.org asks for, and what its scanners look for."""

from __future__ import annotations

import configparser
import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from akkd_core.operations.catalogue import OPERATIONS
from tools.package_plugin import FOLDER, MOST_BYTES, build, plugin_files


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zip")
    assert build(folder / "a.zip") < MOST_BYTES
    build(folder / "b.zip")
    assert (folder / "a.zip").read_bytes() == (folder / "b.zip").read_bytes()
    with zipfile.ZipFile(folder / "a.zip") as archive:
        archive.extractall(folder)
    return folder / FOLDER


def test_holds_plugin_core_licence_and_bundles(unpacked: Path) -> None:
    for name in (
        "__init__.py", "plugin.py", "metadata.txt", "LICENSE", "icons/akkd.png", "i18n/akkd.ts",
        "akkd_core/__init__.py", "akkd_core/operations/catalogue.py",
        "akkd_core/bundle/default/manifest.json", "akkd_core/bundle/compact/manifest.json",
        "akkd_core/sensors/aster.json",
    ):  # fmt: skip
        assert (unpacked / name).is_file(), name
    assert not list(unpacked.rglob("__pycache__"))


def test_refuses_compiled_code(repo_root: Path, tmp_path: Path) -> None:
    for name in ("metadata.txt", "LICENSE"):
        (tmp_path / name).write_text("x")
    (tmp_path / "qgis_plugin").mkdir()
    (tmp_path / "akkd_core").mkdir()
    (tmp_path / "akkd_core" / "fast.so").write_bytes(b"\x7fELF")
    with pytest.raises(ValueError, match="akkd_core/fast.so"):
        plugin_files(tmp_path)


def test_metadata(unpacked: Path) -> None:
    metadata = configparser.ConfigParser()
    metadata.read(unpacked / "metadata.txt", encoding="utf-8")
    general = metadata["general"]
    assert "plugin" not in general["name"].lower()
    assert general["qgisMinimumVersion"] == "3.22" and general["qgisMaximumVersion"] == "4.99"
    assert general["hasProcessingProvider"] == "yes" and general["supportsQt6"] == "True"
    assert (unpacked / general["icon"]).is_file()
    for name in ("description", "about", "author", "license", "category", "tags"):
        assert general[name]


def test_texts_to_translate(unpacked: Path) -> None:
    root = ElementTree.parse(unpacked / "i18n" / "akkd.ts").getroot()
    texts = {source.text for source in root.iter("source")}
    for operation in OPERATIONS:
        assert {operation.title, operation.help} <= texts
        assert {parameter.help for parameter in operation.parameters} <= texts
    assert {"Retrieve LST", "Compare with MODIS", "Open the results in the project"} <= texts


def run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, cwd=folder
    )


@pytest.mark.slow
@pytest.mark.skipif(find_spec("bandit") is None, reason="bandit isn't installed")
def test_bandit_is_content(unpacked: Path) -> None:
    """Without the project's settings, as plugins.qgis.org; `make lint` looks at each source.

    Medium and high; the low ones are calls of child processes, without a shell, and asserts.
    """
    found = run("bandit", "-q", "-r", "-ll", "-f", "json", ".", folder=unpacked)
    assert json.loads(found.stdout)["results"] == []


@pytest.mark.slow
@pytest.mark.skipif(find_spec("detect_secrets") is None, reason="detect-secrets isn't installed")
def test_no_secrets(unpacked: Path) -> None:
    """But for the checksums in the manifests of the bundles; a planted one is found."""
    planted = unpacked.parent / "planted.py"
    planted.write_text('aws_key = "' + "AKIA" + 'IOSFODNN7EXAMPLA"\n')
    # It takes paths below its own folder only.
    left_out = r"manifest\.json$|\.(npz|onnx|csv|zip)$"
    found = run(
        "detect_secrets", "scan", "--all-files", "--exclude-files", left_out, ".",
        folder=unpacked.parent,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert list(json.loads(found.stdout)["results"]) == ["planted.py"]


@pytest.mark.skipif(find_spec("flake8_qgis") is None, reason="flake8-qgis isn't installed")
def test_rules_of_qgis(repo_root: Path) -> None:
    found = run("flake8", "--isolated", "--select", "QGS1", "qgis_plugin", folder=repo_root)
    assert found.stdout == ""
