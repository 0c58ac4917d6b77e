"""Nothing of the machine it was written on stands in the repository."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

# put together from parts, so that this file does not find itself
_MACHINE = (
    r"(?<![\w.])/" + "work/",
    r"(?<![\w.])/" + "opt/",
    "/" + r"(?:home|Users)/\w+",
    "/" + "root/",
)
_REGISTRIES = (
    "pypi" + r"\.org",
    "python" + r"hosted\.org",
    "deb" + r"\.debian\.org",
    "anaconda" + r"\.org",
)
FORBIDDEN = {
    "path of a machine": "|".join(_MACHINE),
    "host of a package registry": "|".join(_REGISTRIES),
    "pip index of a machine": "--" + r"(?:extra-)?index-url|--find" + "-links",
}


def tracked_text_files(root: Path) -> list[Path]:
    """Files under version control that are text."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True
    )
    if listing.returncode != 0:
        pytest.skip("not a git work tree")
    files = [root / name for name in listing.stdout.split("\0") if name]
    return [path for path in files if path.is_file() and b"\0" not in path.read_bytes()[:8192]]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_trace_of_a_machine(what: str, repo_root: Path) -> None:
    pattern = re.compile(FORBIDDEN[what])
    found = [
        f"{path.relative_to(repo_root)}:{number}: {match.group()}"
        for path in tracked_text_files(repo_root)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
        if (match := pattern.search(line))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("path of a machine", "see /" + "home/someone/x"),
        ("path of a machine", "open('/" + "work/main/x')"),
        ("host of a package registry", "https://pypi" + ".org/simple"),
        ("pip index of a machine", "pip install --index" + "-url=x"),
    ],
)
def test_patterns_catch(what: str, line: str) -> None:
    assert re.search(FORBIDDEN[what], line)
