"""MOD11A1 look-alikes: a whole tile with temperatures, QC and view times of day and night."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pyhdf.SD import SD, SDC

LEFT, TOP, TILE_M, CELLS = 8895604.157333, 4447802.078667, 1111950.5196667, 1200
"""Tile h26v05: upper left corner and side in sinusoidal metres, cells along a side."""


def write(path: Path, date: str = "2019-07-04", **fields: np.ndarray) -> Path:
    """A whole tile: counts 15000 + column by day, 13000 by night, good, seen at 11.0 and 22.0."""
    column = np.tile(np.arange(CELLS, dtype=np.uint16), (CELLS, 1))
    arrays: dict[str, np.ndarray] = {
        "LST_Day_1km": (15000 + column).astype(np.uint16),
        "QC_Day": np.zeros((CELLS, CELLS), np.uint8),
        "Day_view_time": np.full((CELLS, CELLS), 110, np.uint8),
        "LST_Night_1km": np.full((CELLS, CELLS), 13000, np.uint16),
        "QC_Night": np.zeros((CELLS, CELLS), np.uint8),
        "Night_view_time": np.full((CELLS, CELLS), 220, np.uint8),
        **fields,
    }
    file = SD(str(path), SDC.WRITE | SDC.CREATE | SDC.TRUNC)
    for name, array in arrays.items():
        kind = SDC.UINT16 if array.dtype == np.uint16 else SDC.UINT8
        dataset = file.create(name, kind, array.shape)
        dataset[:] = array
        dataset.endaccess()
    core = "".join(
        f"OBJECT = {name}\nNUM_VAL = 1\nVALUE = \"{value}\"\nEND_OBJECT = {name}\n"
        for name, value in (("SHORTNAME", "MOD11A1"), ("RANGEBEGINNINGDATE", date))
    )
    file.attr("CoreMetadata.0").set(SDC.CHAR, f"GROUP = I\n{core}END_GROUP = I\nEND\n")
    file.attr("StructMetadata.0").set(
        SDC.CHAR,
        f"GROUP=GridStructure\nUpperLeftPointMtrs=({LEFT:.6f},{TOP:.6f})\n"
        f"LowerRightMtrs=({LEFT + TILE_M:.6f},{TOP - TILE_M:.6f})\nEND_GROUP=GridStructure\nEND\n",
    )
    file.end()
    return path
