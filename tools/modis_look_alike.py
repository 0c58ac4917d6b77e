"""Makes a GeoTIFF like MOD11A1's temperature out of the truth of a simulated granule.

Averages over cells of MODIS's sinusoidal grid, with noise and an offset, in counts of 0.02 K. For
pictures and tests of comparison where no MODIS granule of the place and day can exist. Runs on a
Python with osgeo, as QGIS's.

usage: python tools/modis_look_alike.py TRUTH.tif OUTPUT.tif
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from osgeo import gdal

SINUSOIDAL = "+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R=6371007.181 +units=m +no_defs"
CELL_M = 926.625433055834
COUNT_K = 0.02
OFFSET_K = -0.4
NOISE_K = 0.5


def look_alike(truth: Path, output: Path) -> None:
    """Write the look-alike.

    Parameters
    ----------
    truth : Path
        GeoTIFF whose first band is LST in K, as ``akkd simulate granule --truth`` writes it.
    output : Path
        Its name tells product and day, e.g. ``MOD11A1.A2019185.h26v05.061_LST_Night_1km.tif``.
    """
    gdal.UseExceptions()
    cells = gdal.Warp(
        "", str(truth), format="MEM", dstSRS=SINUSOIDAL, xRes=CELL_M, yRes=CELL_M,
        resampleAlg="average", dstNodata=float("nan"), targetAlignedPixels=True,
    )  # fmt: skip
    lst = cells.GetRasterBand(1).ReadAsArray()
    noise = np.random.default_rng(1).normal(OFFSET_K, NOISE_K, lst.shape)
    counts = np.nan_to_num(np.round((lst + noise) / COUNT_K)).astype(np.uint16)
    made = gdal.GetDriverByName("GTiff").Create(
        str(output), cells.RasterXSize, cells.RasterYSize, 1, gdal.GDT_UInt16
    )
    made.SetProjection(cells.GetProjection())
    made.SetGeoTransform(cells.GetGeoTransform())
    made.GetRasterBand(1).SetNoDataValue(0)
    made.GetRasterBand(1).WriteArray(counts)
    made.FlushCache()


if __name__ == "__main__":
    look_alike(Path(sys.argv[1]), Path(sys.argv[2]))
