"""A raster in MODIS's sinusoidal system, which has no EPSG code: each backend keeps its place."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from akkd_core.grid import Grid
from akkd_core.raster import create_cog
from tests.unit.raster.test_cog import backends

WKT = (
    'PROJCS["MODIS sinusoidal",GEOGCS["Sphere",DATUM["Sphere",SPHEROID["Sphere",6371007.181,0]],'
    'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Sinusoidal"],'
    'PARAMETER["longitude_of_center",0],PARAMETER["false_easting",0],'
    'PARAMETER["false_northing",0],UNIT["metre",1]]'
)
CELL_M = 926.625433055556
GRID = Grid(0, (-4447802.079, CELL_M, 0.0, 1111950.52, 0.0, -CELL_M), 20, 30)


@backends
def test_the_system_is_kept(tmp_path: Path, backend: str) -> None:
    if shutil.which("gdalinfo") is None:
        pytest.skip("gdalinfo is not installed")
    data = np.full((1, 20, 30), 0.5, np.float32)
    writer = create_cog(
        tmp_path / "d.tif", grid=GRID, count=1, dtype="float32", nodata=float("nan"),
        descriptions=["d"], tags={}, crs_wkt=WKT, backend=backend,
    )  # fmt: skip
    writer.write(data, 0, 0)
    writer.commit()
    run = subprocess.run(
        ["gdalinfo", "-json", str(tmp_path / "d.tif")], capture_output=True, text=True, check=True
    )
    found = json.loads(run.stdout)
    assert found["geoTransform"] == pytest.approx(GRID.geotransform)
    text = re.sub(r"\s+", " ", found["coordinateSystem"]["wkt"])
    assert 'METHOD["Sinusoidal"]' in text and "6371007.181" in text
    # the north of the tile is at 10 degrees, as the projection's formula has it
    assert found["wgs84Extent"]["coordinates"][0][0][1] == pytest.approx(10.0, abs=0.07)
