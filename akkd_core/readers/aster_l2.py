"""AST_08 and AST_05: surface temperature and emissivity as products, V003 and V004.

V003 is HDF4, a swath with KineticTemperature (AST_08) or Band10 to Band14 (AST_05), QA_DataPlane,
QA_DataPlane2, GeodeticLatitude and Longitude; V004 is one GeoTIFF a layer, ``.._SKT.tif`` and
``.._SRE_TIR_B10.tif`` to B14 with ``.._QA_DataPlane.tif`` and ``.._QA_DataPlane2.tif``. Both lie on
a rotated grid, and neither is corrected for terrain.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import (
    GranuleReadError,
    GridMismatchError,
    InputError,
    MissingBandError,
    UnsupportedGranuleError,
)
from akkd_core.grid import Grid
from akkd_core.raster import open_raster
from akkd_core.readers.aster_l1b import rotated_grid
from akkd_core.readers.aster_l2_layout import (
    FILE_NAME,
    PRODUCTS,
    ProductKind,
    identify,
    time_of_name,
)
from akkd_core.readers.aster_metadata import AsterOdl
from akkd_core.readers.hdf4 import read_arrays
from akkd_core.readers.hdf4_structure import Hdf4Structure, SdsInfo, read_structure
from akkd_core.readers.sniff import FileKind, describe_hdf4, sniff

_INTEGERS = ("int16", "uint16", "int32")
_CLOCK_LIMIT_S = 60.0


@dataclass(frozen=True)
class SurfaceProduct:
    """What AST_08 or AST_05 says.

    Parameters
    ----------
    product : {'AST_08', 'AST_05'}
    granule_id : str
    grid : Grid
        As stored, rotated.
    acquired_at : datetime
        Aware, UTC.
    values : ndarray of float32, (1 or 5, row, col)
        K; 0-1 for bands 10-14; NaN where fill or not possible.
    quality : ndarray of uint8, (row, col)
        First QA data plane, 0 is good; see `QA_FIELDS`.
    detail : ndarray of uint8, (row, col), optional
        Second QA data plane, as stored.
    source_files : tuple of str
    """

    product: str
    granule_id: str
    grid: Grid
    acquired_at: datetime
    values: NDArray[np.float32]
    quality: NDArray[np.uint8]
    detail: NDArray[np.uint8] | None
    source_files: tuple[str, ...]


def open_surface_product(path: str | Path, product: str) -> SurfaceProduct:
    """Read an AST_08 or AST_05 granule.

    Parameters
    ----------
    path : path
        HDF4 of V003; of V004 the folder, the files' stem, or any one of the files.
    product : {'AST_08', 'AST_05'}

    Raises
    ------
    GranuleReadError
        If a file is absent, truncated or damaged, or says two times.
    MissingBandError
        If a layer is missing.
    UnsupportedGranuleError
        If it is something else.
    GridMismatchError
        If layers don't share a grid.
    InputError
        If a folder holds several granules.
    """
    file, kind = Path(path), PRODUCTS[product]
    if file.is_dir():
        return _open_folder(file, kind)
    if FILE_NAME.match(file.name) or not file.exists():
        siblings = file.parent.iterdir() if file.parent.is_dir() else ()
        stem = FILE_NAME.match(file.name)
        name = stem["id"] if stem else file.name
        chosen = [entry for entry in siblings if entry.name.upper().startswith(f"{name}_".upper())]
        if file.exists() or chosen:
            return _open_files(file, chosen, kind)
    content = sniff(file)
    if content is not FileKind.HDF4:
        raise UnsupportedGranuleError(
            f"{file}: is {content.value}, not {product}. {kind.expected}"
        )
    return _open_hdf4(read_structure(file), kind)


def open_ast_08(path: str | Path) -> SurfaceProduct:
    """Read surface temperature; see `open_surface_product`."""
    return open_surface_product(path, "AST_08")


def open_ast_05(path: str | Path) -> SurfaceProduct:
    """Read surface emissivity; see `open_surface_product`."""
    return open_surface_product(path, "AST_05")


def _open_folder(folder: Path, kind: ProductKind) -> SurfaceProduct:
    entries = sorted(entry for entry in folder.iterdir() if entry.is_file())
    tif = {m["id"] for e in entries if (m := FILE_NAME.match(e.name)) and _is(m, kind)}
    hdf = [
        e for e in entries
        if e.suffix.lower() == ".hdf" and (f := identify(e)) and f.product == kind.product
    ]  # fmt: skip
    if len(tif) + len(hdf) != 1:
        what = "several granules" if tif or hdf else "no granule"
        raise InputError(f"{folder}: holds {what} of {kind.product}. {kind.expected}")
    if hdf:
        return _open_hdf4(read_structure(hdf[0]), kind)
    return _open_files(folder, entries, kind)


def _is(match: re.Match[str], kind: ProductKind) -> bool:
    return match["product"].upper() == kind.product


def _open_files(path: Path, entries: Sequence[Path], kind: ProductKind) -> SurfaceProduct:
    layers: dict[str, Path] = {}
    for entry in entries:
        match = FILE_NAME.match(entry.name)
        if match and _is(match, kind):
            layers[_layer(match["layer"])] = entry
            name = match["id"]
    if not layers:
        other = next((m["product"] for e in entries if (m := FILE_NAME.match(e.name))), "something")
        raise UnsupportedGranuleError(f"{path}: is {other}, not {kind.product}. {kind.expected}")
    wanted = [*map(_layer, kind.layers), "QA1"]
    missing = [layer for layer in wanted if layer not in layers]
    if missing:
        names = ", ".join(
            f"{kind.stem}_QA_DataPlane.tif" if layer == "QA1" else f"{layer}.tif"
            for layer in missing
        )
        raise MissingBandError(f"{path}: {name} lacks {names}. Download them too")
    if "QA2" in layers:
        wanted.append("QA2")
    grid, arrays = _read_files([layers[layer] for layer in wanted], kind)
    acquired = time_of_name(name, path)
    assert acquired is not None
    count = len(kind.layers)
    return _product(
        kind, name, grid, acquired, arrays[:count], arrays[count:],
        tuple(str(layers[layer]) for layer in wanted),
    )  # fmt: skip


def _layer(text: str) -> str:
    """Return a layer's name as here: the QA planes' differ by product and case."""
    upper = text.upper()
    if "QA_DATAPLANE" in upper:
        return "QA2" if upper.endswith("2") else "QA1"
    return upper


def _read_files(files: Sequence[Path], kind: ProductKind) -> tuple[Grid, list[NDArray[Any]]]:
    grid: Grid | None = None
    arrays = []
    for file in files:
        with open_raster(file) as reader:
            if reader.count != 1 or reader.grid is None:
                raise UnsupportedGranuleError(
                    f"{file}: is a raster of {reader.count} x {reader.dtype}, not a layer of "
                    f"{kind.product} with its place. {kind.expected}"
                )
            grid = grid or reader.grid
            if reader.grid != grid:
                raise GridMismatchError(
                    f"{file}: lies on another grid than {files[0].name}. Give layers of one granule"
                )
            arrays.append(reader.read(0, 0, *reader.shape)[0])
    assert grid is not None
    return grid, arrays


def _open_hdf4(structure: Hdf4Structure, kind: ProductKind) -> SurfaceProduct:
    path = structure.path
    odl = AsterOdl.parse(path, structure.attributes)
    named = {info.name: info for info in structure.datasets}
    if odl.short_name != kind.product:
        what = describe_hdf4(structure, odl.short_name)
        raise UnsupportedGranuleError(f"{path}: is {what}, not {kind.product}. {kind.expected}")
    wanted = [*kind.datasets, "QA_DataPlane"]
    missing = [name for name in wanted if name not in named]
    if missing:
        raise MissingBandError(
            f"{path}: {kind.product} granule without {', '.join(missing)}. Download it again"
        )
    if "QA_DataPlane2" in named:
        wanted.append("QA_DataPlane2")
    infos = [named[name] for name in wanted]
    _check_shapes(path, infos)
    acquired, by_name = odl.acquired_at(), time_of_name(path.name, path)
    if by_name and abs((by_name - acquired).total_seconds()) > _CLOCK_LIMIT_S:
        raise GranuleReadError(
            f"{path}: was acquired at {acquired:%Y-%m-%d %H:%M:%S} by its metadata and at "
            f"{by_name:%Y-%m-%d %H:%M:%S} by its name. Download the granule again"
        )
    arrays = read_arrays(structure, infos)
    swath = infos[0].group[0] if infos[0].group else ""
    grid = rotated_grid(structure, odl, *infos[0].shape, swath=swath)
    count = len(kind.datasets)
    return _product(
        kind, path.stem, grid, acquired, arrays[:count], arrays[count:], (str(path),)
    )


def _check_shapes(path: Path, infos: Sequence[SdsInfo]) -> None:
    shapes = {info.shape for info in infos}
    if len(shapes) != 1 or len(infos[0].shape) != 2 or 0 in infos[0].shape:
        raise GranuleReadError(
            f"{path}: data sets have shapes {sorted(shapes)}, expected one raster shape. "
            "Download the granule again"
        )


def _product(
    kind: ProductKind,
    name: str,
    grid: Grid,
    acquired: datetime,
    counts: Sequence[NDArray[Any]],
    planes: Sequence[NDArray[Any]],
    files: tuple[str, ...],
) -> SurfaceProduct:
    for array, allowed in ((counts[0], _INTEGERS), (planes[0], ("uint8", "int8"))):
        if str(array.dtype) not in allowed:
            raise UnsupportedGranuleError(
                f"{files[0]}: {kind.product} with a layer of {array.dtype}, expected "
                f"{' or '.join(allowed)}. Give the granule as distributed"
            )
    stored = np.stack(counts).astype(np.int32)
    low, high = kind.valid
    values = (stored * kind.scale).astype(np.float32)
    values[(stored < low) | (stored > high)] = np.nan
    quality, *detail = [np.ascontiguousarray(plane).view(np.uint8) for plane in planes]
    return SurfaceProduct(
        kind.product, name, grid, acquired, values, quality, detail[0] if detail else None, files
    )
