"""The main job: a granule by NASA's own HDF-EOS2 library, the command, products in their place."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.warp import transform

from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.granule_scene import SimulatedScene, simulate_scene
from akkd_core.simulation.materials import materials
from tests.builders.command import akkd
from tests.builders.hdfeos import Granule, write_granule

TIFFS = ("LST", "LST_err", "LSE", "LSE_err", "QC")

# easting and northing of the upper left corner, as UTM has them; EPSG of granule and product
PLACES = {
    "north": ((251955.0, 4400010.0), 32650, 32650),
    "south": ((470115.0, 1433035.0), 32759, 32759),
    "equator": ((300015.0, 5400.0), 32656, 32656),
}


def _scene() -> SimulatedScene:
    return simulate_scene(
        shipped_atmospheres("judge"),
        materials("judge"),
        rows=110,
        cols=120,
        seed=4,
        tcwv_kg_m2=12.0,
        land_cover="crops",
    )


@pytest.fixture(scope="module")
def scene() -> SimulatedScene:
    return _scene()


@pytest.fixture(scope="module", params=list(PLACES))
def product(
    request: pytest.FixtureRequest, scene: SimulatedScene, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Granule, Path]:
    (x, y), epsg, _ = PLACES[request.param]
    granule = Granule(scene.dn, (x, 90.0, 0.0, y, 0.0, -90.0), epsg)
    folder = tmp_path_factory.mktemp(request.param)
    write_granule(folder / "scene.hdf", granule)
    run = akkd("retrieve", folder / "scene.hdf")
    assert run.returncode == 0, run.stderr
    return request.param, granule, folder / "scene_akkd"


def test_products_lie_in_the_right_place_to_the_centimetre(
    product: tuple[str, Granule, Path],
) -> None:
    name, granule, folder = product
    rows, cols = granule.dn.shape[1:]
    for suffix in TIFFS:
        with rasterio.open(folder / f"scene_{suffix}.tif") as raster:
            assert raster.crs.to_epsg() == PLACES[name][2]
            assert raster.transform.to_gdal() == pytest.approx(granule.transform, abs=0.01)
            assert raster.shape == (rows, cols)
            crs = raster.crs
            for row, col in ((0, 0), (rows - 1, cols - 1)):
                x, y = raster.xy(row, col)
                found = transform(crs, "EPSG:4326", [x], [y])
                lon, lat = granule.lonlat(np.float64(row), np.float64(col))  # type: ignore[arg-type]
                # 1e-7 degrees are a centimetre
                assert found[0][0] == pytest.approx(float(lon), abs=1e-7)
                assert found[1][0] == pytest.approx(float(lat), abs=1e-7)


def test_temperature_and_emissivity_are_near_the_truth(
    product: tuple[str, Granule, Path], scene: SimulatedScene
) -> None:
    folder = product[2]
    with rasterio.open(folder / "scene_LST.tif") as raster:
        lst = raster.read(1)
    with rasterio.open(folder / "scene_LSE.tif") as raster:
        lse = raster.read()
    inside = np.isfinite(scene.lst)
    assert np.array_equal(np.isfinite(lst), inside)
    assert np.abs(lst - scene.lst)[inside].mean() < 2.0
    assert np.abs(lse - scene.lse)[:, inside].mean() < 0.03
    assert np.corrcoef(lst[inside], scene.lst[inside])[0, 1] > 0.95


@pytest.mark.parametrize("suffix", TIFFS)
def test_files_are_valid_cogs(product: tuple[str, Granule, Path], suffix: str) -> None:
    cogeo = pytest.importorskip("rio_cogeo", reason="rio-cogeo is not installed")
    valid, errors, warnings = cogeo.cog_validate(product[2] / f"scene_{suffix}.tif", quiet=True)
    assert valid and not errors and not warnings


@pytest.mark.parametrize("suffix", TIFFS)
def test_gdalinfo_reads_every_block(product: tuple[str, Granule, Path], suffix: str) -> None:
    if shutil.which("gdalinfo") is None:
        pytest.skip("no gdalinfo (Debian package gdal-bin)")
    path = product[2] / f"scene_{suffix}.tif"
    run = subprocess.run(
        ["gdalinfo", "-json", "-checksum", str(path)], capture_output=True, text=True
    )
    assert run.returncode == 0 and "ERROR" not in run.stderr
    found = json.loads(run.stdout)
    assert found["metadata"]["IMAGE_STRUCTURE"]["LAYOUT"] == "COG"
    names = [band["description"] for band in found["bands"]]
    assert names[0] == {"LSE": "Emis10", "LSE_err": "Emis10_err"}.get(suffix, suffix)
    assert all(band["checksum"] > 0 for band in found["bands"])
