"""MODIS temperature look-alikes: HDF4 with the product's fields, attributes and metadata.

Grids by plain SDS with StructMetadata.0, as the readers need them; swaths likewise, with the 5 km
lattice of longitudes and latitudes. `require_hdfeos` files come from NASA's library (hdfeos.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyhdf.SD import SD, SDC

LEFT, TOP, TILE_M, CELLS = 8895604.157333, 4447802.078667, 1111950.5196667, 1200
"""Tile h26v05: upper left corner and side in sinusoidal metres, cells along a side."""

RADIUS = 6371007.181
CELL_M = TILE_M / CELLS

LST_ATTRIBUTES = {"scale_factor": 0.02, "valid_range": (7500, 65535), "_FillValue": 0}
TIME_ATTRIBUTES = {"scale_factor": 0.1, "valid_range": (0, 240), "_FillValue": 255}
ANGLE_ATTRIBUTES = {
    "scale_factor": 1.0, "add_offset": -65.0, "valid_range": (0, 130), "_FillValue": 255,
}  # fmt: skip
EMISSIVITY_ATTRIBUTES = {
    "scale_factor": 0.002, "add_offset": 0.49, "valid_range": (1, 255), "_FillValue": 0,
}  # fmt: skip

Fields = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Tile:
    """What a grid is: upper left corner in sinusoidal metres, shape, cell's side in metres."""

    left: float = LEFT
    top: float = TOP
    rows: int = CELLS
    cols: int = CELLS
    cell_m: float = CELL_M

    def struct_metadata(self) -> str:
        right, bottom = self.left + self.cols * self.cell_m, self.top - self.rows * self.cell_m
        return (
            "GROUP=SwathStructure\nEND_GROUP=SwathStructure\nGROUP=GridStructure\n\tGROUP=GRID_1\n"
            f'\t\tGridName="MODIS_Grid"\n\t\tXDim={self.cols}\n\t\tYDim={self.rows}\n'
            f"\t\tUpperLeftPointMtrs=({self.left:.6f},{self.top:.6f})\n"
            f"\t\tLowerRightMtrs=({right:.6f},{bottom:.6f})\n"
            "\t\tProjection=GCTP_SNSOID\n"
            "\t\tProjParams=(6371007.181000,0,0,0,0,0,0,0,86400,0,0,0,0)\n"
            "\tEND_GROUP=GRID_1\nEND_GROUP=GridStructure\nEND\n"
        )


def core_metadata(product: str, begins: str, ends: str | None = None, **more: str) -> str:
    items = {
        "SHORTNAME": product,
        "RANGEBEGINNINGDATE": begins,
        "RANGEENDINGDATE": ends or begins,
        **more,
    }
    text = "".join(
        f"OBJECT = {name}\nNUM_VAL = 1\nVALUE = \"{value}\"\nEND_OBJECT = {name}\n"
        for name, value in items.items()
    )
    return f"GROUP = INVENTORYMETADATA\n{text}END_GROUP = INVENTORYMETADATA\nEND\n"


def attributes_of(name: str) -> dict[str, object]:
    lower = name.lower()
    if lower.startswith("lst"):
        return dict(LST_ATTRIBUTES)
    if "time" in lower:
        return dict(TIME_ATTRIBUTES)
    if "angl" in lower:
        return dict(ANGLE_ATTRIBUTES)
    if lower.startswith("emis"):
        return dict(EMISSIVITY_ATTRIBUTES)
    # MOD21's QC declares its best value as fill
    return {"_FillValue": 0} if lower.startswith("qc") else {}


def write_hdf(
    path: Path,
    fields: Fields,
    core: str,
    struct: str,
    attributes: Mapping[str, Mapping[str, object]] | None = None,
) -> Path:
    """Write fields and metadata, compressed as the real products are."""
    kinds = {"uint16": SDC.UINT16, "uint8": SDC.UINT8, "float32": SDC.FLOAT32}
    file = SD(str(path), SDC.WRITE | SDC.CREATE | SDC.TRUNC)
    for name, array in fields.items():
        kind = kinds[array.dtype.name]
        dataset = file.create(name, kind, array.shape)
        dataset.setcompress(SDC.COMP_DEFLATE, 4)
        dataset[:] = array
        for key, value in {**attributes_of(name), **((attributes or {}).get(name, {}))}.items():
            stored = kind if key in ("valid_range", "_FillValue") else SDC.FLOAT64
            dataset.attr(key).set(stored, list(value) if isinstance(value, tuple) else value)
        dataset.endaccess()
    file.attr("CoreMetadata.0").set(SDC.CHAR, core)
    file.attr("StructMetadata.0").set(SDC.CHAR, struct)
    file.end()
    return path


def write_tile(
    path: Path,
    date: str = "2019-07-04",
    tile: Tile | None = None,
    product: str = "MOD11A1",
    ends: str | None = None,
    **fields: NDArray[np.generic],
) -> Path:
    """A MOD11A1 tile: counts 15000 + column by day, 13000 by night, good, seen at 11.0 and 22.0.

    Overhead: view angle 0. ``fields`` replace or add.
    """
    where = tile or Tile()
    shape = (where.rows, where.cols)
    column = np.tile(np.arange(where.cols, dtype=np.uint16), (where.rows, 1))
    arrays: dict[str, NDArray[np.generic]] = {
        "LST_Day_1km": (15000 + column).astype(np.uint16),
        "QC_Day": np.zeros(shape, np.uint8),
        "Day_view_time": np.full(shape, 110, np.uint8),
        "Day_view_angl": np.full(shape, 65, np.uint8),
        "LST_Night_1km": np.full(shape, 13000, np.uint16),
        "QC_Night": np.zeros(shape, np.uint8),
        "Night_view_time": np.full(shape, 220, np.uint8),
        "Night_view_angl": np.full(shape, 65, np.uint8),
        "Emis_31": np.full(shape, 240, np.uint8),
        **fields,
    }
    core = core_metadata(product, date, ends)
    return write_hdf(path, arrays, core, where.struct_metadata())


def swath_struct(rows: int, cols: int, offset: int = 2, increment: int = 5) -> str:
    """StructMetadata of a swath whose lattice starts at ``offset`` and takes each fifth pixel."""
    maps = "".join(
        f"\t\t\tOBJECT=DimensionMap_{n}\n\t\t\t\tGeoDimension=\"Coarse_{axis}\"\n"
        f"\t\t\t\tDataDimension=\"Swath_{axis}\"\n\t\t\t\tOffset={offset}\n"
        f"\t\t\t\tIncrement={increment}\n\t\t\tEND_OBJECT=DimensionMap_{n}\n"
        for n, axis in enumerate(("lines", "pixels"), 1)
    )
    return (
        'GROUP=SwathStructure\n\tGROUP=SWATH_1\n\t\tSwathName="MOD_Swath_LST"\n'
        f"\t\tGROUP=DimensionMap\n{maps}\t\tEND_GROUP=DimensionMap\n"
        "\tEND_GROUP=SWATH_1\nEND_GROUP=SwathStructure\nEND\n"
    )


def swath_lonlat(
    rows: int, cols: int, lon: float = -38.0, lat: float = -7.0, heading_deg: float = 190.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres of pixels of 1 km flown along a heading; scans of ten lines overlap by 8 %."""
    line = np.arange(rows)
    # within a scan lines are 1.08 km apart, scans 10 km
    along = 10.0 * (line // 10) + 1.08 * (line % 10 - 4.5) + 4.5
    across = np.arange(cols) - (cols - 1) / 2.0
    theta = np.radians(heading_deg)
    north = along[:, None] * np.cos(theta) + across[None, :] * np.sin(theta)
    east = along[:, None] * np.sin(theta) - across[None, :] * np.cos(theta)
    latitude = lat + np.degrees(north * 1000.0 / RADIUS)
    longitude = lon + np.degrees(east * 1000.0 / RADIUS / np.cos(np.radians(latitude)))
    return longitude, latitude


def write_swath(
    path: Path,
    longitude: NDArray[np.float64],
    latitude: NDArray[np.float64],
    fields: Fields,
    product: str = "MOD11_L2",
    coarse: bool = True,
    date: str = "2019-11-01",
    times: tuple[str, str] = ("13:00:00.000000", "13:05:00.000000"),
) -> Path:
    """A swath with its places on the 5 km lattice, or at every pixel."""
    step = np.s_[2::5, 2::5] if coarse else np.s_[:, :]
    places = {
        "Longitude": longitude[step].astype(np.float32),
        "Latitude": latitude[step].astype(np.float32),
    }
    core = core_metadata(
        product, date, RANGEBEGINNINGTIME=times[0], RANGEENDINGTIME=times[1], DAYNIGHTFLAG="Day"
    )
    angle = {"View_angle": {"scale_factor": 0.5, "add_offset": 0.0, "valid_range": (0, 180)}}
    struct = swath_struct(*longitude.shape)
    return write_hdf(path, {**fields, **places}, core, struct, angle)
