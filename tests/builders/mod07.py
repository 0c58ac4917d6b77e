"""MOD07_L2 look-alikes by pyhdf: twenty levels on cells of 5 km."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyhdf.SD import SD, SDC

LEVELS_HPA = (
    5, 10, 20, 30, 50, 70, 100, 150, 200, 250, 300, 400, 500, 620, 700, 780, 850, 920, 950, 1000,
)  # fmt: skip
FILL = -32768


def write_mod07(
    path: Path,
    latitude: NDArray[np.float64],
    longitude: NDArray[np.float64],
    temperature_k: NDArray[np.float64],
    dew_point_k: NDArray[np.float64],
    *,
    water_vapour_cm: NDArray[np.float64] | None = None,
    mixing_ratio_g_kg: NDArray[np.float64] | None = None,
    surface_pressure_hpa: NDArray[np.float64] | None = None,
    surface_elevation_m: NDArray[np.float64] | None = None,
    begin: str = "2019-07-04 10:25:00",
    levels: str = ", ".join(map(str, LEVELS_HPA)) + " hPa",
) -> Path:
    """Write a granule; NaN becomes fill. Profiles are (20, row, col), from the top down."""
    fields = {
        "Retrieved_Temperature_Profile": (temperature_k, 0.01, -15000.0),
        "Retrieved_Moisture_Profile": (dew_point_k, 0.01, -15000.0),
        "Retrieved_WV_Mixing_Ratio_Profile": (mixing_ratio_g_kg, 0.001, 0.0),
        "Water_Vapor": (water_vapour_cm, 0.001, 0.0),
        "Surface_Pressure": (surface_pressure_hpa, 0.1, 0.0),
        "Surface_Elevation": (surface_elevation_m, 1.0, 0.0),
    }
    file = SD(str(path), SDC.WRITE | SDC.CREATE | SDC.TRUNC)
    for name, values in (("Latitude", latitude), ("Longitude", longitude)):
        dataset = file.create(name, SDC.FLOAT32, values.shape)
        dataset[:] = values.astype(np.float32)
        dataset.endaccess()
    for name, (given, scale, offset) in fields.items():
        if given is None:
            continue
        dataset = file.create(name, SDC.INT16, given.shape)
        dataset.setcompress(SDC.COMP_DEFLATE, 5)
        counts = np.where(np.isfinite(given), np.rint(np.nan_to_num(given) / scale + offset), FILL)
        dataset[:] = counts.astype(np.int16)
        dataset.attr("scale_factor").set(SDC.FLOAT64, scale)
        dataset.attr("add_offset").set(SDC.FLOAT64, offset)
        dataset.attr("valid_range").set(SDC.INT16, [-32767, 32767])
        dataset.setfillvalue(FILL)
        dataset.endaccess()
    file.attr("Pressure_Levels").set(SDC.CHAR, levels)
    day, clock = begin.split()
    end = clock[:3] + f"{int(clock[3:5]) + 5:02d}" + clock[5:]
    core = "".join(
        f'OBJECT = {key}\nVALUE = "{value}"\nEND_OBJECT = {key}\n'
        for key, value in (
            ("SHORTNAME", "MOD07_L2"), ("RANGEBEGINNINGDATE", day), ("RANGEENDINGDATE", day),
            ("RANGEBEGINNINGTIME", f"{clock}.000000"), ("RANGEENDINGTIME", f"{end}.000000"),
        )
    )  # fmt: skip
    text = f"GROUP = INVENTORYMETADATA\n{core}END_GROUP = INVENTORYMETADATA\nEND\n"
    file.attr("CoreMetadata.0").set(SDC.CHAR, text)
    file.end()
    return path
