"""MOD05_L2 look-alikes by pyhdf: 5 km latitudes and longitudes, 1 km and 5 km water vapour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyhdf.SD import SD, SDC

FILL = -9999


def write_mod05(
    path: Path,
    latitude: NDArray[np.float64],
    longitude: NDArray[np.float64],
    infrared_cm: NDArray[np.float64],
    near_infrared_cm: NDArray[np.float64] | None = None,
) -> Path:
    """Write a granule; NaN becomes fill. Near infrared has 5 x 5 values a cell."""
    fields = {"Water_Vapor_Infrared": infrared_cm}
    if near_infrared_cm is not None:
        fields["Water_Vapor_Near_Infrared"] = near_infrared_cm
    file = SD(str(path), SDC.WRITE | SDC.CREATE | SDC.TRUNC)
    for name, values in (("Latitude", latitude), ("Longitude", longitude)):
        dataset = file.create(name, SDC.FLOAT32, values.shape)
        dataset[:] = values.astype(np.float32)
        dataset.endaccess()
    for name, values in fields.items():
        dataset = file.create(name, SDC.INT16, values.shape)
        # Compressed, as the real product.
        dataset.setcompress(SDC.COMP_DEFLATE, 5)
        counts = np.where(np.isfinite(values), np.rint(np.nan_to_num(values) * 1000), FILL)
        dataset[:] = counts.astype(np.int16)
        dataset.attr("scale_factor").set(SDC.FLOAT64, 0.001)
        dataset.attr("add_offset").set(SDC.FLOAT64, 0.0)
        dataset.attr("valid_range").set(SDC.INT16, [0, 20000])
        dataset.setfillvalue(FILL)
        dataset.endaccess()
    file.attr("CoreMetadata.0").set(
        SDC.CHAR,
        "GROUP = INVENTORYMETADATA\nOBJECT = SHORTNAME\nVALUE = \"MOD05_L2\"\n"
        "END_OBJECT = SHORTNAME\nEND_GROUP = INVENTORYMETADATA\nEND\n",
    )
    file.end()
    return path
