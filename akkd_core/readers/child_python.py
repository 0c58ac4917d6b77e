"""A child process that reads what this process should not: libraries that crash on damaged files.

GDAL's HDF4 and netCDF drivers were seen to end the process on files with damaged bytes, and a
reader must not take the host (QGIS) down. The child runs a script of the standard library and GDAL
alone, in whatever Python has it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PYTHON_VARIABLE = "AKKD_PYTHON"
"""Environment variable: the Python that has GDAL, for the child process."""

NO_LIBRARY = 3
"""Exit code of a child whose Python lacks what it needs."""

_DROPPED_VARIABLES = ("PYTHON", "QT_", "QGIS", "GDAL_", "PROJ_", "LD_", "DYLD_")
# GDAL's drivers are plug-ins in some distributions (OSGeo4W, conda).
_KEPT_VARIABLES = ("GDAL_DRIVER_PATH",)


class ChildError(Exception):
    """The child ended badly; the text says how, in one line."""


def ask_child(
    script: Path, request: Mapping[str, Any], python: str | Path | None, timeout_s: float
) -> bytes | None:
    """Run a script in a Python that has its library, and return what it wrote.

    Parameters
    ----------
    script : Path
        Gets the request as JSON on standard input; exit codes 0 done, `NO_LIBRARY`, others failed.
    request : mapping
        Plain JSON values.
    python : path, optional
        The only interpreter to try; by default those of `interpreters`.
    timeout_s : float
        Seconds.

    Returns
    -------
    bytes or None
        None if no Python has the library.

    Raises
    ------
    ChildError
        If the child crashed, failed or took too long.
    """
    for interpreter in interpreters(python):
        try:
            child = subprocess.run(
                [interpreter, "-I", str(script)],
                input=json.dumps(request).encode(), capture_output=True, env=_environment(),
                timeout=timeout_s, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise ChildError(f"GDAL took over {timeout_s:.0f} s") from error
        except OSError:
            continue
        if child.returncode == 0:
            return child.stdout
        if child.returncode != NO_LIBRARY:
            detail = child.stderr.decode(errors="replace").strip().splitlines()[-1:]
            reason = detail[0] if detail else "no message"
            raise ChildError(f"GDAL ended with code {child.returncode}: {reason}")
    return None


def interpreters(python: str | Path | None = None) -> Iterator[str]:
    """Yield interpreters to try, best first; one that was asked for is the only one."""
    asked = python or os.environ.get(PYTHON_VARIABLE)
    if asked:
        yield str(asked)
        return
    seen = set()
    name = Path(sys.executable or "").name.lower()
    # In QGIS sys.executable is QGIS itself.
    own = [sys.executable] if name.startswith("python") else []
    prefix = Path(sys.base_prefix)
    beside = [prefix / "bin" / "python3", prefix / "python3.exe", prefix / "python.exe"]
    found = [shutil.which("python3"), "/usr/bin/python3"]
    for candidate in [*own, *map(str, beside), *found]:
        if candidate and candidate not in seen and Path(candidate).is_file():
            seen.add(candidate)
            yield candidate


def _environment() -> dict[str, str]:
    """Return this process's environment without what would bend another Python's libraries."""
    return {
        key: value
        for key, value in os.environ.items()
        if key in _KEPT_VARIABLES or not key.upper().startswith(_DROPPED_VARIABLES)
    }
