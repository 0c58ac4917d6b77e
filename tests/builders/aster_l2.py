"""AST_08 and AST_05 look-alikes: V003 (HDF4) and V004 (one GeoTIFF a layer)."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyhdf.HDF import HC, HDF
from pyhdf.SD import SD, SDC
from pyhdf.V import V  # noqa: F401  (HDF.vgstart needs it)

from akkd_core.grid import Grid
from akkd_core.raster.projection import to_lonlat
from tests.builders.v004 import write_tif

WHEN = datetime(2019, 7, 4, 3, 15, 0, tzinfo=timezone.utc)
BANDS = (10, 11, 12, 13, 14)
_SDC = {"uint16": SDC.UINT16, "int16": SDC.INT16, "uint8": SDC.UINT8, "float64": SDC.FLOAT64}


def stem(product: str, when: datetime = WHEN, version: str = "004") -> str:
    return f"{product}_{version}{when:%m%d%Y%H%M%S}_20250409092553"


def counts(product: str, values: NDArray[np.floating]) -> NDArray[np.uint16]:
    """Counts of K or emissivity (band, row, col); NaN becomes fill."""
    scale = 0.1 if product == "AST_08" else 0.001
    stored = np.rint(np.nan_to_num(values) / scale)
    return np.where(np.isfinite(values), stored, 0).astype(np.uint16)


def write_v004(
    folder: Path,
    product: str,
    values: NDArray[np.floating],
    grid: Grid,
    *,
    quality: NDArray[np.uint8] | None = None,
    when: datetime = WHEN,
) -> Path:
    """Layers of a granule in a folder; returns the first."""
    folder.mkdir(parents=True, exist_ok=True)
    stored, name = counts(product, values), stem(product, when)
    layers = ["SKT"] if product == "AST_08" else [f"SRE_TIR_B{band}" for band in BANDS]
    planes = "SKT" if product == "AST_08" else "SRE_TIR"
    plane = np.zeros(grid.shape, np.uint8) if quality is None else quality
    place = grid.geotransform, grid.epsg
    files = [
        write_tif(folder / f"{name}_{layer}.tif", data, *place)
        for layer, data in zip(layers, stored, strict=True)
    ]
    write_tif(folder / f"{name}_{planes}_QA_DataPlane.tif", plane, *place)
    write_tif(folder / f"{name}_{planes}_QA_DataPlane2.tif", plane * 0 + np.uint8(9), *place)
    return files[0]


def write_v003(
    path: Path,
    product: str,
    values: NDArray[np.floating],
    grid: Grid,
    *,
    quality: NDArray[np.uint8] | None = None,
    when: datetime = WHEN,
    leave_out: tuple[str, ...] = (),
) -> Path:
    """HDF4 with one swath and a lattice of 11 x 11 geodetic latitudes and longitudes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = counts(product, values)
    names = ["KineticTemperature"] if product == "AST_08" else [f"Band{b}" for b in BANDS]
    plane = np.zeros(grid.shape, np.uint8) if quality is None else quality
    fields: dict[str, NDArray[np.generic]] = dict(zip(names, stored, strict=True))
    fields |= {"QA_DataPlane": plane, "QA_DataPlane2": plane * 0 + np.uint8(9)}
    line, pixel = np.meshgrid(
        np.linspace(0, grid.rows, 11), np.linspace(0, grid.cols, 11), indexing="ij"
    )
    x0, a, b, y0, d, e = grid.geotransform
    x, y = x0 + a * (pixel + 0.5) + b * (line + 0.5), y0 + d * (pixel + 0.5) + e * (line + 0.5)
    lon, lat = to_lonlat(grid.epsg, x, y)
    fields |= {"GeodeticLatitude": lat, "Longitude": lon}
    file = SD(str(path), SDC.WRITE | SDC.CREATE | SDC.TRUNC)
    refs = []
    for name, array in fields.items():
        if name in leave_out:
            continue
        dataset = file.create(name, _SDC[str(array.dtype)], array.shape)
        dataset[:] = array
        refs.append(dataset.ref())
        dataset.endaccess()
    core = [
        ("SHORTNAME", f'"{product}"'), ("CALENDARDATE", f'"{when:%Y%m%d}"'),
        ("TIMEOFDAY", f'"{when:%H%M%S}000000Z"'), ("UTMZONENUMBER", str(grid.epsg % 100)),
    ]  # fmt: skip
    text = "".join(
        f"OBJECT = {name}\nNUM_VAL = 1\nVALUE = {value}\nEND_OBJECT = {name}\n"
        for name, value in core
    )
    group = f"GROUP = INVENTORYMETADATA\n{text}END_GROUP = INVENTORYMETADATA\nEND\n"
    file.attr("coremetadata.0").set(SDC.CHAR, group)
    file.end()
    swath = "SurfaceKineticTemperature" if product == "AST_08" else "SurfaceEmissivity"
    _swath(path, swath, refs)
    return path


def _swath(path: Path, name: str, refs: list[int]) -> None:
    """Put data sets into an HDF-EOS swath."""
    file = HDF(str(path), HC.WRITE)
    groups = file.vgstart()
    outer, inner = groups.create(name), groups.create("Data Fields")
    outer._class, inner._class = "SWATH", "SWATH Vgroup"
    for ref in refs:
        inner.add(HC.DFTAG_NDG, ref)
    outer.insert(inner)
    inner.detach()
    outer.detach()
    groups.end()
    file.close()
