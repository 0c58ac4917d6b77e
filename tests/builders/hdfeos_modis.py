"""MODIS grids and swaths written by NASA's own HDF-EOS2 library (see hdfeos.py)."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.builders.hdfeos import require_hdfeos
from tests.builders.modis import Fields, Tile, core_metadata

_CREATE, _CHAR8, _DEFLATE, _SINUSOIDAL = 4, 4, 4, 16
_KINDS = {"uint8": 21, "uint16": 23, "float32": 5}


def _ok(status: int, what: str) -> int:
    assert status != -1, f"HDF-EOS2: {what} failed"
    return status


def _edge(array: NDArray[np.generic]) -> ctypes.Array[ctypes.c_int32]:
    return (ctypes.c_int32 * 2)(*array.shape)


def _set_core(eos: ctypes.CDLL, file: int, text: str) -> None:
    hdf_id, sd_id = ctypes.c_int32(), ctypes.c_int32()
    _ok(eos.EHidinfo(file, ctypes.byref(hdf_id), ctypes.byref(sd_id)), "EHidinfo")
    data = text.encode("latin-1")
    _ok(eos.SDsetattr(sd_id, b"CoreMetadata.0", _CHAR8, len(data), data), "SDsetattr")


def write_eos_grid(path: Path, tile: Tile, fields: Fields, product: str, date: str) -> Path:
    """Write a sinusoidal grid; the library itself writes StructMetadata.0."""
    eos = require_hdfeos()
    file = _ok(eos.GDopen(str(path).encode(), _CREATE), "GDopen")
    corner = ctypes.c_double * 2
    upper_left = corner(tile.left, tile.top)
    lower_right = corner(
        tile.left + tile.cols * tile.cell_m, tile.top - tile.rows * tile.cell_m
    )
    grid = _ok(
        eos.GDcreate(file, b"MODIS_Grid", tile.cols, tile.rows, upper_left, lower_right), "GDcreate"
    )
    parameters = (ctypes.c_double * 13)(6371007.181, *[0.0] * 7, 86400.0, *[0.0] * 4)
    _ok(eos.GDdefproj(grid, _SINUSOIDAL, 0, -1, parameters), "GDdefproj")
    _ok(eos.GDdefcomp(grid, _DEFLATE, (ctypes.c_int * 5)(6)), "GDdefcomp")
    for name, array in fields.items():
        kind = _KINDS[array.dtype.name]
        _ok(eos.GDdeffield(grid, name.encode(), b"YDim,XDim", kind, 0), "GDdeffield")
    for name, array in fields.items():
        data = np.ascontiguousarray(array)
        pointer = data.ctypes.data_as(ctypes.c_void_p)
        _ok(eos.GDwritefield(grid, name.encode(), None, None, _edge(data), pointer), "GDwritefield")
    _ok(eos.GDdetach(grid), "GDdetach")
    _set_core(eos, file, core_metadata(product, date))
    _ok(eos.GDclose(file), "GDclose")
    return path


def write_eos_swath(
    path: Path,
    longitude: NDArray[np.float64],
    latitude: NDArray[np.float64],
    fields: Fields,
    product: str = "MOD11_L2",
    date: str = "2019-11-01",
) -> Path:
    """Write a swath whose places are each fifth pixel's from the third on."""
    eos = require_hdfeos()
    rows, cols = longitude.shape
    places = {
        "Latitude": latitude[2::5, 2::5].astype(np.float32),
        "Longitude": longitude[2::5, 2::5].astype(np.float32),
    }
    file = _ok(eos.SWopen(str(path).encode(), _CREATE), "SWopen")
    swath = _ok(eos.SWcreate(file, b"MOD_Swath_LST"), "SWcreate")
    coarse_rows, coarse_cols = places["Latitude"].shape
    for name, size in (
        (b"Coarse_swath_lines_5km", coarse_rows), (b"Coarse_swath_pixels_5km", coarse_cols),
        (b"Swath_lines_1km", rows), (b"Swath_pixels_1km", cols),
    ):  # fmt: skip
        _ok(eos.SWdefdim(swath, name, size), "SWdefdim")
    for coarse, fine in (
        (b"Coarse_swath_lines_5km", b"Swath_lines_1km"),
        (b"Coarse_swath_pixels_5km", b"Swath_pixels_1km"),
    ):
        _ok(eos.SWdefdimmap(swath, coarse, fine, 2, 5), "SWdefdimmap")
    for name in places:
        dims = b"Coarse_swath_lines_5km,Coarse_swath_pixels_5km"
        _ok(eos.SWdefgeofield(swath, name.encode(), dims, 5, 0), "SWdefgeofield")
    for name, array in fields.items():
        dims = b"Swath_lines_1km,Swath_pixels_1km"
        kind = _KINDS[array.dtype.name]
        _ok(eos.SWdefdatafield(swath, name.encode(), dims, kind, 0), "SWdefdatafield")
    _ok(eos.SWdetach(swath), "SWdetach")
    swath = _ok(eos.SWattach(file, b"MOD_Swath_LST"), "SWattach")
    for name, array in {**places, **fields}.items():
        data = np.ascontiguousarray(array)
        pointer = data.ctypes.data_as(ctypes.c_void_p)
        status = eos.SWwritefield(swath, name.encode(), None, None, _edge(data), pointer)
        _ok(status, "SWwritefield")
    _ok(eos.SWdetach(swath), "SWdetach")
    core = core_metadata(
        product, date, RANGEBEGINNINGTIME="13:00:00.000000", RANGEENDINGTIME="13:05:00.000000"
    )
    _set_core(eos, file, core)
    _ok(eos.SWclose(file), "SWclose")
    return path
