"""AST_09T look-alikes: surface-leaving radiance and sky irradiance, V003 (HDF4) and V004."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyhdf.HDF import HC, HDF
from pyhdf.SD import SD, SDC
from pyhdf.V import V  # noqa: F401  (HDF.vgstart needs it)

from akkd_core.grid import Grid
from akkd_core.raster.projection import to_lonlat
from akkd_core.sensors import aster_tir
from tests.builders.v004 import write_tif

GRANULE = "AST_09T_00407042019031500_20250409092553"


def counts(
    surface: NDArray[np.floating], sky: NDArray[np.floating], milli: bool = False
) -> NDArray[np.int16]:
    """Counts (10, row, col) of radiances (5, row, col); NaN becomes fill."""
    scale = np.full(5, 0.001) if milli else np.asarray(aster_tir().ucc)
    values = np.concatenate([surface / scale[:, None, None], math.pi * sky / scale[:, None, None]])
    return np.where(np.isfinite(values), np.rint(np.nan_to_num(values)), 0).astype(np.int16)


def write_v004(folder: Path, stored: NDArray[np.int16], grid: Grid, granule: str = GRANULE) -> Path:
    """Ten GeoTIFFs in a folder; returns the first."""
    files = [
        write_tif(
            folder / f"{granule}_{kind}_TIR_B{band}.tif",
            stored[band - 10 + offset], grid.geotransform, grid.epsg,
        )
        for kind, offset in (("SRA", 0), ("SIR", 5)) for band in range(10, 15)
    ]  # fmt: skip
    return files[0]


def write_v003(
    path: Path,
    stored: NDArray[np.int16],
    grid: Grid,
    *,
    short_name: str = "AST_09T",
    sky_swath: str = "SkyIrradianceTIR",
    bands: tuple[int, ...] = (10, 11, 12, 13, 14),
) -> Path:
    """HDF4 with two swaths and a lattice of 11 x 11 geodetic latitudes and longitudes."""
    rows, cols = grid.shape
    fields: dict[str, dict[str, NDArray[np.generic]]] = {
        "SurfaceRadianceTIR": {f"Band{b}": stored[b - 10] for b in bands},
        sky_swath: {f"Band{b}": stored[b - 5] for b in bands},
    }
    line, pixel = np.meshgrid(
        np.linspace(0, rows, 11), np.linspace(0, cols, 11), indexing="ij"
    )
    x0, a, b, y0, d, e = grid.geotransform
    x, y = x0 + a * (pixel + 0.5) + b * (line + 0.5), y0 + d * (pixel + 0.5) + e * (line + 0.5)
    lon, lat = to_lonlat(grid.epsg, x, y)
    fields["SurfaceRadianceTIR"] |= {"GeodeticLatitude": lat, "Longitude": lon}
    file = SD(str(path), SDC.WRITE | SDC.CREATE | SDC.TRUNC)
    refs: dict[str, list[int]] = {}
    for swath, named in fields.items():
        for name, array in named.items():
            kind = SDC.FLOAT64 if array.dtype == np.float64 else SDC.INT16
            dataset = file.create(name, kind, array.shape)
            dataset[:] = array
            refs.setdefault(swath, []).append(dataset.ref())
            dataset.endaccess()
    zone = grid.epsg % 100
    core = [("SHORTNAME", f'"{short_name}"'), ("CALENDARDATE", '"20190704"')]
    core += [("TIMEOFDAY", '"031500000000Z"'), ("UTMZONENUMBER", str(zone))]
    text = "".join(
        f"OBJECT = {name}\nNUM_VAL = 1\nVALUE = {value}\nEND_OBJECT = {name}\n"
        for name, value in core
    )
    group = f"GROUP = INVENTORYMETADATA\n{text}END_GROUP = INVENTORYMETADATA\nEND\n"
    file.attr("coremetadata.0").set(SDC.CHAR, group)
    file.end()
    _group(path, refs)
    return path


def _group(path: Path, refs: dict[str, list[int]]) -> None:
    """Put data sets into HDF-EOS swaths."""
    file = HDF(str(path), HC.WRITE)
    groups = file.vgstart()
    for swath, members in refs.items():
        outer, inner = groups.create(swath), groups.create("Data Fields")
        outer._class, inner._class = "SWATH", "SWATH Vgroup"
        for ref in members:
            inner.add(HC.DFTAG_NDG, ref)
        outer.insert(inner)
        inner.detach()
        outer.detach()
    groups.end()
    file.close()
