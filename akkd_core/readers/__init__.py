"""Readers: from a path to a Scene of digital numbers, or an error that says what the file is.

They know formats and nothing else. Native libraries load when a file needs them.
"""

from __future__ import annotations

from collections.abc import Sequence
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


def read_tcwv(spec: str, grid: Grid) -> float | None:
    """Total column water vapour from a number, a GeoTIFF or a MOD05_L2 granule.

    Parameters
    ----------
    spec : str
        A number in kg m-2; or the path of a GeoTIFF in kg m-2; or of a MOD05_L2 HDF4 granule.
    grid : Grid
        Of the scene; rasters are averaged over it.

    Returns
    -------
    float or None
        kg m-2; None if the raster has no valid value there.

    Raises
    ------
    ParameterError
        If a number is out of range.
    GranuleReadError, UnsupportedGranuleError, MissingDependencyError
        If a file can't be used.
    """
    from akkd_core.readers.tcwv import read_tcwv as read

    return read(spec, grid)
