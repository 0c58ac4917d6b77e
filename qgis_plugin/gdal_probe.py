"""Whether GDAL's HDF4 driver survives a file, tried in a child process before QGIS opens it."""

from __future__ import annotations

from pathlib import Path

from akkd_core.errors import GranuleReadError
from akkd_core.readers.child_python import ChildError, ask_child

_SCRIPT = Path(__file__).with_name("gdal_probe_child.py")
_TIMEOUT_S = 20.0


def check_survivable(path: Path) -> None:
    """Raise GranuleReadError if GDAL ends or hangs the process that opens a file.

    Where no Python with GDAL is found nothing is known against the file.

    Parameters
    ----------
    path : Path
    """
    try:
        ask_child(_SCRIPT, {"path": str(path)}, None, _TIMEOUT_S)
    except ChildError as error:
        raise GranuleReadError(
            f"{path}: QGIS would end on this malformed file, so it wasn't opened ({error}). "
            "Download it again"
        ) from error
