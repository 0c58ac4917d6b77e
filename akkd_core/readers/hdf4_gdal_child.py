"""Child process of the HDF4 reader: data sets by osgeo.gdal, as raw bytes on standard output.

Runs alone, as ``python -I hdf4_gdal_child.py`` with a JSON request on standard input, in a Python
that need not have AKKD; so it imports nothing but the standard library and osgeo.
Exit codes: 0 done, 2 unreadable, 3 no GDAL or no HDF4 driver here.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any


def _load_gdal() -> Any:
    try:
        gdal = import_module("osgeo.gdal")
    except ImportError:
        return None
    gdal.UseExceptions()
    return gdal if gdal.GetDriverByName("HDF4Image") is not None else None


def main() -> int:
    """Answer one request; return the exit code."""
    request = json.load(sys.stdin)
    gdal = _load_gdal()
    if gdal is None:
        return 3
    try:
        for index in request["indices"]:
            # The plain SDS route: GDAL's HDF-EOS route crashes on malformed swaths.
            dataset = gdal.Open(f'HDF4_SDS:UNKNOWN:"{request["path"]}":{int(index)}')
            sys.stdout.buffer.write(bytes(dataset.ReadRaster()))
    except (RuntimeError, AttributeError, TypeError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
