"""Writes requirements/constraints.txt: the versions that continuous integration installs.

They are those that pip chooses today for the project with its extras, on this machine and with
this Python; nothing is installed. Run it with the Python that the versions are for: ``make lock``.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / "requirements" / "constraints.txt"
EXTRAS = ("dev", "train", "simulate", "stations", "scale")
# A virtual environment comes with these; what builds a package from source brings its own.
_LEFT_OUT = ("akkd", "pip")


def resolve(extras: Sequence[str]) -> dict[str, Any]:
    """Return pip's report of what it would install; raises CalledProcessError."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        words = ["install", "--quiet", "--dry-run", "--ignore-installed", "--report", str(report)]
        project = f"{ROOT}[{','.join(extras)}]"
        subprocess.run([sys.executable, "-m", "pip", *words, project], check=True)
        found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return found


def constraints(report: Mapping[str, Any]) -> str:
    """Text of the file: a line for each package, in order of name."""
    metadata = [entry["metadata"] for entry in report["install"]]
    versions = {m["name"].lower().replace("_", "-"): m["version"] for m in metadata}
    lines = [f"{name}=={versions[name]}" for name in sorted(set(versions) - set(_LEFT_OUT))]
    version = ".".join(map(str, sys.version_info[:2]))
    head = (
        f"# python {version} {platform.system()} {platform.machine()}",
        "# What continuous integration installs (.ci/run); written by `make lock`.",
    )
    return "\n".join((*head, *lines)) + "\n"


if __name__ == "__main__":
    CONSTRAINTS.parent.mkdir(exist_ok=True)
    text = constraints(resolve(EXTRAS))
    CONSTRAINTS.write_text(text, encoding="utf-8")
    print(f"{CONSTRAINTS.relative_to(ROOT)}: {text.count('==')} versions")
