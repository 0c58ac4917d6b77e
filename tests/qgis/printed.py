"""What qgis_process prints."""

from __future__ import annotations

import subprocess


def results(run: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """What stands under Results, by name; a value may go on over several lines."""
    found: dict[str, str] = {}
    name = ""
    for line in run.stdout.split("Results\n----------------", 1)[1].splitlines():
        if ":\t" in line:
            name, value = line.split(":\t", 1)
            found[name] = value
        elif name:
            found[name] += f"\n{line}"
    return {name: value.rstrip("\n") for name, value in found.items()}
