"""The file behind a layer's source, as GDAL writes it; standard library only."""

from __future__ import annotations

import re

_QUOTED = re.compile(r'^(?:HDF4|HDF5|NETCDF)[A-Z0-9_]*(?::[A-Z0-9_]+)?:"(?P<path>[^"]+)"')


def path_of_source(source: str) -> str:
    """File of a layer's source: without options, and of a data set in a container the container.

    Parameters
    ----------
    source : str
        E.g. ``a.tif|option:x`` or ``HDF4_EOS:EOS_GRID:"MOD11A1.hdf":grid:LST_Day_1km``.
    """
    found = _QUOTED.match(source)
    return found["path"] if found else source.split("|")[0]
