"""Child process of the drop handler: opens a file as QGIS would, to see whether that goes well.

Runs alone, as ``python -I gdal_probe_child.py`` with a JSON request on standard input, in a Python
that need not have AKKD. Exit codes: 0 whatever GDAL says, 3 no GDAL here; a crash has another.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module


def main() -> int:
    """Open the file and each of its data sets; return the exit code."""
    path = json.load(sys.stdin)["path"]
    try:
        gdal = import_module("osgeo.gdal")
    except ImportError:
        return 3
    gdal.DontUseExceptions()
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    dataset = gdal.Open(path)
    if dataset is not None:
        for name, _ in dataset.GetSubDatasets():
            gdal.Open(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
