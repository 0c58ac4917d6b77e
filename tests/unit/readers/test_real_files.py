"""Real files made by others: each is read, or named for what it is."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from pyhdf.SD import SD

from akkd_core import open_scene
from akkd_core.errors import UnsupportedGranuleError
from akkd_core.readers.hdf4 import read_arrays
from akkd_core.readers.hdf4_structure import read_structure
from akkd_core.readers.mod05 import read_mod05
from akkd_core.readers.odl import parse_odl

pytestmark = pytest.mark.shared_data

L1T = "AST_L1T_00305032000040446_20150409135350_78838"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("modis/MOD09GA.A2008296.h14v17.006.2015181011753.hdf", "product MOD09GA"),
        ("modis/MOD11A1_LSTtools.hdf", "product MOD11A1"),
        ("modis/MOD05_L2.A2019336.2315.061.2019337071952.hdf", "product MOD05_L2"),
        ("hdfeos_edge/Point219.hdf", "HDF-EOS file .point Simple Point"),
        ("hdfeos_edge/Grid219.hdf", "HDF-EOS file .grid UTMGrid"),
        ("hdfeos_edge/Swath219.hdf", "HDF-EOS file .swath Swath1"),
        ("hdfeos_edge/swath_1_2d_xy_no_dim.hdf", "HDF-EOS file .swath Swath"),
        ("aster/aster-l1t-subset.parquet", "no file format that AKKD knows"),
        (f"aster/{L1T}.hdf.xml", "a text file"),
    ],
)
def test_others_are_named(shared_data: Path, name: str, what: str) -> None:
    with pytest.raises(UnsupportedGranuleError, match=f"is .*{what}") as caught:
        open_scene(shared_data / name)
    assert str(caught.value).startswith(str(shared_data / name))
    assert "\n" not in str(caught.value)


def test_structure_agrees_with_pyhdf(shared_data: Path) -> None:
    for path in sorted(shared_data.glob("*/*.hdf")):
        structure = read_structure(path)
        file = SD(str(path))
        assert file.info()[0] == len(structure.datasets)
        for info in structure.datasets:
            dataset = file.select(info.index)
            shape = dataset.info()[2]
            assert dataset.ref() == info.ref and dataset.info()[0] == info.name
            assert tuple(shape if isinstance(shape, list) else [shape]) == info.shape
            if info.extent is not None:
                (array,) = read_arrays(structure, [info])
                np.testing.assert_array_equal(array, dataset.get())
            dataset.endaccess()
        texts = {k: v for k, v in file.attributes().items() if isinstance(v, str)}
        assert {k: v.rstrip("\0") for k, v in texts.items()} == dict(structure.attributes)
        file.end()


def test_planetary_computer_tif_lies_where_the_metadata_say(shared_data: Path) -> None:
    scene = open_scene(shared_data / "aster" / f"{L1T}.TIR.SIMPLIFIED.tif")
    assert scene.grid.geotransform == (251955.0, 90.0, 0.0, 1744605.0, 0.0, -90.0)
    assert scene.grid.epsg == 32648 and scene.dn.shape == (5, 825, 933)
    xml = (shared_data / "aster" / f"{L1T}.hdf.xml").read_text()
    lon, lat = (
        [float(v) for v in re.findall(rf"<Point{axis}>(.*?)</Point", xml)]
        for axis in ("Longitude", "Latitude")
    )
    from akkd_core.raster.projection import from_lonlat

    x, y = from_lonlat(32648, lon, lat)
    rows, cols = scene.grid.shape
    centres = [(0, 0), (0, cols - 1), (rows - 1, cols - 1), (rows - 1, 0)]
    for easting, northing, (row, col) in zip(x, y, centres, strict=True):
        assert scene.grid.xy(row + 0.5, col + 0.5) == pytest.approx((easting, northing), abs=0.01)


def test_odl_of_a_real_granule(shared_data: Path) -> None:
    (met,) = (shared_data / "aster").glob("AST_L1B_*.met")
    root = parse_odl(met.read_text(), met.name)
    assert root.number("POINTINGANGLE", "3") == 2.861
    assert root.text("TIMEOFDAY") == "22:42:27.87200Z"
    assert root.number("UTMZONE") == -58 and root.value("SHORTNAME") == "ASTL1B"


def test_mod05(shared_data: Path) -> None:
    (path,) = (shared_data / "modis").glob("MOD05_L2*.hdf")
    cells = read_mod05(read_structure(path))
    file = SD(str(path))
    dataset = file.select("Water_Vapor_Infrared")
    infrared = dataset.get().astype(float)
    dataset.endaccess()
    file.end()
    expected = np.where(infrared == -9999, np.nan, infrared * 0.001 * 10)
    np.testing.assert_allclose(cells.tcwv["Water_Vapor_Infrared"], expected, rtol=1e-6)
    # A night granule: its near infrared field was never written.
    assert np.isnan(cells.tcwv["Water_Vapor_Near_Infrared"]).all()
