"""A simulated scene as an ASTER L1T V003 granule: HDF4 with an HDF-EOS swath, by pyhdf.

It carries what a real night or day granule carries for the thermal bands, and no truth.
"""

from __future__ import annotations

import os
import re
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import (
    InputError,
    MissingDependencyError,
    ParameterError,
    ProductWriteError,
)
from akkd_core.grid import Grid
from akkd_core.images import TIR_BANDS
from akkd_core.raster.projection import to_lonlat
from akkd_core.raster.temporary import temporary_path, write_error
from akkd_core.sensors import aster_tir
from akkd_core.simulation.granule_text import LATTICE, SWATH, GranuleFacts, attributes

_PATH_BYTES, _NO_PATH = 240, b"simulated"
_DATA_FIELDS, _GEO_FIELDS = "Data Fields", "Geolocation Fields"


def write_l1t_granule(
    path: str | Path,
    dn: NDArray[np.uint16],
    grid: Grid,
    *,
    acquired_at: datetime,
    daytime: bool,
    view_zenith_deg: float = 0.0,
    cloud_cover_percent: float = 0.0,
    radiometric_version: str = "05.00",
    ucc: tuple[float, ...] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write an ASTER L1T V003 look-alike that :func:`akkd_core.open_scene` reads.

    The file gets its name when it is whole.

    Parameters
    ----------
    path : path
        Its stem becomes LOCALGRANULEID, with ``_`` for what isn't printable ASCII.
    dn : ndarray of uint16, (5, row, col)
        Digital numbers of bands 10-14; 0 fill, 1 zero radiance, 4095 saturated.
    grid : Grid
        North-up UTM (EPSG:326zz or 327zz), pixels of 90 m.
    acquired_at : datetime
        Aware.
    daytime : bool
    view_zenith_deg : float
        0-25 degrees.
    cloud_cover_percent : float
        0-100.
    radiometric_version : str
    ucc : tuple of float, optional
        W m-2 sr-1 um-1 per count; by default the sensor's.
    overwrite : bool

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ParameterError, InputError
        If the arguments don't fit an L1T granule.
    MissingDependencyError
        If pyhdf is not installed.
    ProductWriteError
        If the file exists and ``overwrite`` is false, or can't be written.
    """
    file = Path(path)
    if dn.dtype != np.uint16 or dn.shape != (len(TIR_BANDS), *grid.shape):
        raise InputError(f"dn is {dn.dtype} {dn.shape}, expected uint16 {(5, *grid.shape)}")
    if min(grid.shape) < LATTICE:
        raise ParameterError(f"a granule needs at least {LATTICE} x {LATTICE} pixels")
    if file.exists() and not overwrite:
        raise ProductWriteError(f"{file}: already there. Choose another name, or overwrite it")
    if not file.parent.is_dir():
        raise ProductWriteError(f"{file}: can't be written (its folder isn't there). Make it first")
    facts = GranuleFacts(
        _plain(file.stem), grid, acquired_at, daytime, view_zenith_deg, cloud_cover_percent,
        radiometric_version, ucc or aster_tir().ucc,
    )  # fmt: skip
    temporary = temporary_path(file)
    try:
        _write(temporary, dn, facts)
        os.replace(temporary, file)
    except OSError as error:
        raise write_error(file, error) from error
    finally:
        Path(temporary).unlink(missing_ok=True)
    return file


def _plain(name: str) -> str:
    """HDF4 metadata are ASCII, and a quotation mark would end their text."""
    return re.sub(r'[^ !#-~]', "_", name)


def _write(temporary: str | Path, dn: NDArray[np.uint16], facts: GranuleFacts) -> None:
    try:
        sd_module, hdf_module = import_module("pyhdf.SD"), import_module("pyhdf.HDF")
        import_module("pyhdf.V")
        errors = import_module("pyhdf.error")
    except ImportError as error:
        raise MissingDependencyError(
            "writing an HDF4 granule needs pyhdf. pip install pyhdf"
        ) from error
    try:
        path = _padded(Path(temporary))
        references = _write_arrays(sd_module, path, dn, facts)
        _write_groups(hdf_module, path, references)
    # pyhdf raises ValueError where its library can't write
    except (errors.HDF4Error, ValueError) as error:
        raise OSError(f"HDF4: {error}") from error
    _forget_path(Path(temporary), os.fsencode(path))


def _padded(path: Path) -> str:
    """Return the path spelt with a fixed number of bytes, where it isn't longer.

    HDF4 writes the path that it is given into the file; with one length for all, the file's bytes
    depend on what it holds alone once the path is blotted out.
    """
    folder, name = os.path.abspath(path.parent), path.name
    spare = _PATH_BYTES - len(os.fsencode(os.path.join(folder, name)))
    steps, odd = divmod(max(spare, 0), 2)
    return folder.rstrip(os.sep) + os.sep * (1 + odd) + f".{os.sep}" * steps + name


def _forget_path(path: Path, spelling: bytes) -> None:
    content = path.read_bytes()
    path.write_bytes(content.replace(spelling, _NO_PATH.ljust(len(spelling), b"\0")))


def _write_arrays(
    sd_module: Any, path: str, dn: NDArray[np.uint16], facts: GranuleFacts
) -> dict[str, list[int]]:
    """Write data sets and global attributes; return the data sets' references by group."""
    sdc = sd_module.SDC
    file = sd_module.SD(path, sdc.WRITE | sdc.CREATE | sdc.TRUNC)
    references: dict[str, list[int]] = {_GEO_FIELDS: [], _DATA_FIELDS: []}
    try:
        for name, lattice in zip(("Latitude", "Longitude"), _lattices(facts.grid), strict=True):
            ref = _write_array(file, name, sdc.FLOAT64, lattice, ("GeoTrack", "GeoXtrack"))
            references[_GEO_FIELDS].append(ref)
        for band, counts in zip(TIR_BANDS, dn, strict=True):
            ref = _write_array(
                file, f"ImageData{band}", sdc.UINT16, counts, ("ImageLine", "ImagePixel")
            )
            references[_DATA_FIELDS].append(ref)
        for name, text in attributes(facts).items():
            file.attr(name).set(sdc.CHAR, text)
    finally:
        file.end()
    return references


def _write_array(
    file: Any, name: str, number_type: int, data: NDArray[Any], dimensions: tuple[str, str]
) -> int:
    dataset = file.create(name, number_type, data.shape)
    try:
        for axis, dimension in enumerate(dimensions):
            dataset.dim(axis).setname(f"{dimension}:{SWATH}")
        dataset[:] = np.ascontiguousarray(data)
        return int(dataset.ref())
    finally:
        # A data set that outlives its file crashes the process when it is collected.
        dataset.endaccess()


def _lattices(grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Latitude and longitude, degrees, at pixel centres a tenth of the raster apart."""
    rows = np.arange(LATTICE) * (grid.rows // (LATTICE - 1)) + 0.5
    cols = np.arange(LATTICE) * (grid.cols // (LATTICE - 1)) + 0.5
    x0, a, _, y0, _, e = grid.geotransform
    x, y = np.meshgrid(x0 + a * cols, y0 + e * rows)
    lon, lat = to_lonlat(grid.epsg, x, y)
    return lat, lon


def _write_groups(hdf_module: Any, path: str, references: dict[str, list[int]]) -> None:
    """Tie the data sets to an HDF-EOS swath, so that other software sees one."""
    hc = hdf_module.HC
    file = hdf_module.HDF(path, hc.WRITE)
    groups = file.vgstart()
    try:
        swath = groups.create(SWATH)
        swath._class = "SWATH"
        for name in (_GEO_FIELDS, _DATA_FIELDS, "Swath Attributes"):
            inner = groups.create(name)
            inner._class = "SWATH Vgroup"
            for ref in references.get(name, []):
                inner.add(hc.DFTAG_NDG, ref)
            swath.insert(inner)
            inner.detach()
        swath.detach()
    finally:
        groups.end()
        file.close()
