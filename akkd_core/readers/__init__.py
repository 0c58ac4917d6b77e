"""Readers: from a path to a Scene of digital numbers, or an error that says what the file is.

They know formats and nothing else. Native libraries load when a file needs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from akkd_core.grid import Grid
from akkd_core.images import Scene

__all__ = ["open_scene", "read_tcwv"]


def open_scene(path: str | Path | Sequence[str | Path]) -> Scene:
    """Open an ASTER thermal scene; what the file is is told by its content, not its name.

    Parameters
    ----------
    path : path or sequence of path
        ASTER L1T V003 or L1B V003 (HDF4); ASTER L1T V004: the folder, any one of its TIR band
        files, or a list of them.

    Returns
    -------
    Scene
        Digital numbers of bands 10-14, north-up.

    Raises
    ------
    GranuleReadError
        If a file is absent, empty, truncated or damaged.
    UnsupportedGranuleError
        If it is something else.
    MissingBandError
        If it lacks a thermal band.
    GridMismatchError
        If band files don't share a grid.
    MissingDependencyError
        If no library is there to read it.
    """
    from akkd_core.readers.opening import open_path

    return open_path(path)


def read_tcwv(spec: str, grid: Grid, at: datetime | None = None) -> float | None:
    """Total column water vapour over a scene.

    Parameters
    ----------
    spec : str
        A number in kg m-2; or the path of a raster, a MOD05_L2 or MOD07_L2 granule, or a netCDF
        file of ERA5 or MERRA-2.
    grid : Grid
        Of the scene; files are averaged over it.
    at : datetime, optional
        Of the scene, aware; reanalyses need it, granules are held to it.

    Returns
    -------
    float or None
        kg m-2; None if the file has no valid value there.

    Raises
    ------
    ParameterError
        If a number is out of range, or a raster's unit isn't told.
    InputError
        If a file is of another place or time.
    GranuleReadError, UnsupportedGranuleError, MissingDependencyError
        If a file can't be used.
    """
    from akkd_core.readers.ancillary import read_quantity
    from akkd_core.readers.units import TCWV

    return read_quantity(TCWV, spec, [grid], at)[0].value
