"""L1T V003: place to the centimetre in both hemispheres, metadata, missing bands."""

from __future__ import annotations

import subprocess
import warnings
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from shutil import which

import numpy as np
import pyproj
import pytest

from akkd_core import open_scene
from akkd_core.errors import (
    AkkdWarning,
    GranuleReadError,
    MissingBandError,
    UnsupportedGranuleError,
)
from tests.builders.hdfeos import Granule, require_hdfeos, write_granule
from tests.unit.readers.scenes import COLS, ROWS, counts, lonlat, metres_apart

NORTH = Granule(counts(), (251955.0, 90.0, 0.0, 1744605.0, 0.0, -90.0), 32648)
SOUTH = Granule(counts(), (470115.0, 90.0, 0.0, 1433035.0, 0.0, -90.0), 32759)

NO_LATITUDES = {"NORTHBOUNDINGCOORDINATE": "N", "SCENEFOURCORNERS": "C"}


def _equator(epsg: int) -> Granule:
    northing = 5400.0 + (1e7 if epsg >= 32700 else 0.0)
    return Granule(counts(), (300015.0, 90.0, 0.0, northing, 0.0, -90.0), epsg)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("granule", "epsg"),
    [(NORTH, 32648), (SOUTH, 32759), (_equator(32656), 32656), (_equator(32756), 32656)],
    ids=["north", "south", "equator", "equator-by-southern-zone"],
)
def test_place_to_the_centimetre(tmp_path: Path, granule: Granule, epsg: int, sign: int) -> None:
    scene = open_scene(write_granule(tmp_path / "scene.hdf", replace(granule, zone_sign=sign)))
    assert scene.grid.epsg == epsg and scene.grid.shape == (ROWS, COLS)
    if granule.epsg == epsg:
        assert scene.grid.geotransform == pytest.approx(granule.transform, abs=0.001)
    for row, col in ((0, 0), (0, COLS - 1), (ROWS - 1, COLS - 1), (57, 31)):
        lon, lat = granule.lonlat(np.float64(row), np.float64(col))  # type: ignore[arg-type]
        place = lonlat(scene.grid, row + 0.5, col + 0.5)
        assert metres_apart(place, (float(lon), float(lat))) < 0.01
    np.testing.assert_array_equal(scene.dn, granule.dn)


def test_southern_northings_with_false_northing_are_kept(tmp_path: Path) -> None:
    # 1433035 - 45 - 1e7 is what the product should say; some processor may have added 1e7.
    changed = replace(SOUTH, replace={"(-8567010.000": "(1432990.000"})
    scene = open_scene(write_granule(tmp_path / "scene.hdf", changed))
    assert scene.grid.geotransform == SOUTH.transform and scene.grid.epsg == 32759


def test_exchanged_corner_is_recognised(tmp_path: Path) -> None:
    swap = {"(1744560.000, 252000.000)": "(252000.000, 1744560.000)"}
    scene = open_scene(write_granule(tmp_path / "scene.hdf", replace(NORTH, replace=swap)))
    assert scene.grid.geotransform == NORTH.transform


def test_corners_stand_in_for_a_missing_upper_left(tmp_path: Path) -> None:
    gone = {"UPPERLEFTM": "SOMETHINGELSE"}
    scene = open_scene(write_granule(tmp_path / "scene.hdf", replace(SOUTH, replace=gone)))
    assert scene.grid.geotransform == pytest.approx(SOUTH.transform, abs=0.01)


def test_metadata(tmp_path: Path) -> None:
    granule = replace(NORTH, daytime=False, ucc=(0.007, *NORTH.ucc[1:]), split_core_at=333)
    scene = open_scene(write_granule(tmp_path / "AST_L1T_x.hdf", granule))
    meta = scene.metadata
    assert (meta.granule_id, meta.product, meta.collection) == ("AST_L1T_x", "AST_L1T", "003")
    assert meta.acquired_at == datetime(2003, 3, 4, 20, 34, 4, 227000, tzinfo=timezone.utc)
    assert meta.daytime is False and meta.cloud_cover_percent == 57.0
    assert meta.view_zenith_deg == 5.709 and meta.radiometric_version == "04.00"
    assert meta.ucc == (0.007, 0.00678, 0.00659, 0.005693, 0.005225)
    assert meta.source_files == (str(tmp_path / "AST_L1T_x.hdf"),)
    facts = {"utm_zone": "48", "day_night": "Night", "map_orientation_deg": "0.0",
             "ucc_source": "granule", "observation_mode": "TIR, ON"}  # fmt: skip
    assert facts.items() <= meta.extra.items()


def test_compact_date_and_time(tmp_path: Path) -> None:
    scene = open_scene(write_granule(tmp_path / "a.hdf", replace(NORTH, compact_times=True)))
    expected = datetime(2003, 3, 4, 20, 34, 4, 227000, tzinfo=timezone.utc)
    assert scene.metadata.acquired_at == expected


def test_time_from_the_name_when_the_metadata_lack_it(tmp_path: Path) -> None:
    gone = {"TIMEOFDAY": "OTHER", "AST_L1X_003": "AST_L1T_003"}
    scene = open_scene(write_granule(tmp_path / "a.hdf", replace(NORTH, replace=gone)))
    assert scene.metadata.acquired_at == datetime(2003, 3, 4, 20, 34, 4, tzinfo=timezone.utc)


def test_nominal_coefficients_where_the_granule_has_none(tmp_path: Path) -> None:
    gone = {"INCL12": "GONE12", "VALUE = 0.005225": "VALUE = -0.005225"}
    scene = open_scene(write_granule(tmp_path / "a.hdf", replace(NORTH, replace=gone)))
    assert scene.metadata.ucc == NORTH.ucc


def test_other_swaths_do_not_disturb(tmp_path: Path) -> None:
    scene = open_scene(write_granule(tmp_path / "a.hdf", replace(NORTH, vnir=True)))
    assert scene.grid.geotransform == NORTH.transform


def test_content_counts_not_the_name(tmp_path: Path) -> None:
    assert open_scene(write_granule(tmp_path / "photo.jpg", NORTH)).grid.epsg == 32648


def test_vnir_alone_and_missing_band(tmp_path: Path) -> None:
    vnir = write_granule(tmp_path / "v.hdf", replace(NORTH, vnir=True, bands=()))
    with pytest.raises(MissingBandError, match="without thermal bands .it has VNIR_Swath"):
        open_scene(vnir)
    part = write_granule(tmp_path / "p.hdf", replace(NORTH, bands=(10, 11, 13, 14)))
    with pytest.raises(MissingBandError, match="thermal band 12 is missing"):
        open_scene(part)


@pytest.mark.parametrize("name", ["AST_L1A", "AST_08"])
def test_other_aster_products(tmp_path: Path, name: str) -> None:
    file = write_granule(tmp_path / "a.hdf", replace(NORTH, product=name))
    with pytest.raises(UnsupportedGranuleError, match=f"is product {name} .*expected|{name}"):
        open_scene(file)


def test_contradictory_metadata(tmp_path: Path) -> None:
    far = {"NUM_VAL = 1\nVALUE = 48": "NUM_VAL = 1\nVALUE = 20"}
    with pytest.raises(GranuleReadError, match="contradict each other"):
        open_scene(write_granule(tmp_path / "zone.hdf", replace(NORTH, replace=far)))
    near = {"(1744560.000, 252000.000)": "(1744560.000, 253000.000)"}
    with pytest.raises(GranuleReadError, match="1000 m apart"):
        open_scene(write_granule(tmp_path / "near.hdf", replace(NORTH, replace=near)))
    # nothing else speaks against the stated corner
    with pytest.warns(AkkdWarning, match="1000 m apart"):
        alone = near | {"LOWERRIGHTM": "SOMETHINGELSE"}
        open_scene(write_granule(tmp_path / "alone.hdf", replace(NORTH, replace=alone)))
    wrong = {"VALUE = (1744560.000, 252000.000)": "VALUE = (44560.000, 252000.000)"}
    with pytest.raises(GranuleReadError, match="doesn't fit latitudes"):
        open_scene(write_granule(tmp_path / "y.hdf", replace(NORTH, replace=wrong)))
    odd = replace(NORTH, lattice=False, replace=NO_LATITUDES)
    with pytest.raises(GranuleReadError, match="give no latitudes"):
        open_scene(write_granule(tmp_path / "odd.hdf", odd))


def test_hemisphere_from_the_lattice_alone(tmp_path: Path) -> None:
    bare = replace(SOUTH, replace=NO_LATITUDES)
    scene = open_scene(write_granule(tmp_path / "a.hdf", bare))
    assert scene.grid.epsg == 32759 and scene.grid.geotransform == SOUTH.transform


def test_compressed_bands(tmp_path: Path) -> None:
    scene = open_scene(write_granule(tmp_path / "a.hdf", replace(NORTH, compressed=True)))
    np.testing.assert_array_equal(scene.dn, NORTH.dn)


def test_a_sound_granule_warns_of_nothing(tmp_path: Path) -> None:
    file = write_granule(tmp_path / "a.hdf", SOUTH)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_scene(file)


def test_real_corners_of_an_antarctic_granule(tmp_path: Path) -> None:
    # AST_L1T_00303042000203404_20150409092553_2788: its four corners (degrees) are pixel centres.
    corner = (169.795347787951, -77.1786039739731)
    x, y = pyproj.Transformer.from_crs(4326, 32759, always_xy=True).transform(*corner)
    scene = open_scene(write_granule(tmp_path / "a.hdf", SOUTH))
    assert scene.grid.xy(0.5, 0.5) == pytest.approx((x, y), abs=0.01)


def test_gdal_lists_the_swath(tmp_path: Path) -> None:
    require_hdfeos()
    if which("gdalinfo") is None:
        pytest.skip("no gdalinfo (Debian package gdal-bin)")
    file = write_granule(tmp_path / "a.hdf", NORTH)
    listing = subprocess.run(
        ["gdalinfo", str(file)], capture_output=True, text=True, check=False, timeout=60
    ).stdout
    if "HDF4" not in listing:
        pytest.skip("gdalinfo has no HDF4 driver")
    for band in (10, 14):
        assert f'HDF4_EOS:EOS_SWATH:"{file}":TIR_Swath:ImageData{band}' in listing
