"""GeoTIFFs of MODIS temperature: units by values, bands and neighbours by name, any system."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.crs
import rasterio.transform

from akkd_core.errors import (
    GranuleReadError,
    GridMismatchError,
    InputError,
    UnsupportedGranuleError,
)
from akkd_core.grid import Grid
from akkd_core.readers.modis_lst import read_modis_lst
from akkd_core.readers.modis_places import SINUSOIDAL_WKT
from tests.builders.modis import CELL_M

SINUSOIDAL = Grid(0, (-4150000.0, CELL_M, 0.0, -810000.0, 0.0, -CELL_M), 12, 15)
DEGREES = Grid(4326, (-38.0, 0.0083, 0.0, -7.0, 0.0, -0.0083), 12, 15)
NAME = "MOD11A1.061_{}_doy2019305_aid0001.tif"


def write(
    path: Path,
    bands: dict[str, np.ndarray],
    grid: Grid = SINUSOIDAL,
    nodata: float | None = None,
    **tags: str,
) -> Path:
    arrays = [np.broadcast_to(array, grid.shape) for array in bands.values()]
    dtype = arrays[0].dtype.name
    crs = rasterio.crs.CRS.from_user_input(grid.epsg or SINUSOIDAL_WKT)
    with rasterio.open(
        path, "w", driver="GTiff", height=grid.rows, width=grid.cols, count=len(arrays),
        dtype=dtype, nodata=nodata, crs=crs,
        transform=rasterio.transform.Affine.from_gdal(*grid.geotransform),
    ) as file:  # fmt: skip
        file.write(np.stack(arrays))
        file.update_tags(**tags)
        for number, name in enumerate(bands, 1):
            file.set_band_description(number, name)
    return path


def counts(value: int, dtype: str = "uint16") -> np.ndarray:
    array = np.full(SINUSOIDAL.shape, value, dtype)
    array[0, 0] = 0
    return array


def test_counts_and_kelvins_by_value(tmp_path: Path) -> None:
    found = read_modis_lst(write(tmp_path / "a.tif", {"": counts(15500)}))
    (layer,) = found.layers
    assert np.isnan(layer.lst[0, 0]) and layer.lst[3, 3] == pytest.approx(310.0)
    assert layer.quality is None and layer.solar_hour is None and layer.view_zenith_deg is None
    assert found.product == "" and found.begins is None and found.covers(date(2019, 1, 1)) is None
    assert any("the product is unknown" in note for note in found.notes)
    kelvin = np.full(SINUSOIDAL.shape, 310.0, np.float32)
    kelvin[0, 0], kelvin[0, 1] = np.nan, -9999.0
    found = read_modis_lst(write(tmp_path / "b.tif", {"LST": kelvin}, nodata=-9999.0))
    assert np.isnan(found.layers[0].lst[0, :2]).all()
    assert found.layers[0].lst[3, 3] == pytest.approx(310.0)
    # counts as floats
    found = read_modis_lst(write(tmp_path / "c.tif", {"LST": counts(15500).astype(np.float32)}))
    assert found.layers[0].lst[3, 3] == pytest.approx(310.0)


def test_places_in_sinusoidal_metres_and_in_degrees(tmp_path: Path) -> None:
    place = read_modis_lst(write(tmp_path / "s.tif", {"": counts(15500)})).places
    lon, lat = place.centres(np.array([2]), np.array([3]))
    y = -810000.0 - 2.5 * CELL_M
    assert lat[0] == pytest.approx(np.degrees(y / 6371007.181), abs=1e-7)
    x = (-4150000.0 + 3.5 * CELL_M) / 6371007.181 / np.cos(np.radians(lat[0]))
    assert lon[0] == pytest.approx(np.degrees(x), abs=1e-7)
    place = read_modis_lst(write(tmp_path / "d.tif", {"": counts(15500)}, DEGREES)).places
    lon, lat = place.centres(np.array([2]), np.array([3]))
    assert (lon[0], lat[0]) == pytest.approx((-38.0 + 3.5 * 0.0083, -7.0 - 2.5 * 0.0083))


def test_named_bands(tmp_path: Path) -> None:
    bands = {
        "LST_Day_1km": counts(15500), "QC_Day": counts(1), "Day_view_time": counts(104),
        "Day_view_angle": counts(60), "LST_Night_1km": counts(14500), "QC_Night": counts(0),
        "Emis_31": counts(240), "Clear_day_cov": counts(9),
    }  # fmt: skip
    path = write(tmp_path / "MOD11A1_2019_11_01.tif", bands, nodata=0)
    found = read_modis_lst(path)
    assert (found.product, found.begins) == ("MOD11A1", date(2019, 11, 1))
    day, night = found.layers
    # nodata 0 of the whole file doesn't take the best quality away
    assert day.quality.mandatory[0, 0] == 0 and day.quality.mandatory[3, 3] == 1
    assert night.quality.good.all()
    assert day.solar_hour[3, 3] == pytest.approx(10.4) and day.view_zenith_deg[3, 3] == 5.0
    assert night.solar_hour is None
    assert found.emissivity["31"][3, 3] == pytest.approx(0.97)
    # counts as floats, as Earth Engine may export them, are counts still
    floats = {name: array.astype(np.float32) for name, array in bands.items()}
    path = write(tmp_path / "MOD11A1_2019_11_02.tif", floats, nodata=0)
    day = read_modis_lst(path).layers[0]
    assert day.view_zenith_deg[3, 3] == 5.0 and day.quality.mandatory[3, 3] == 1
    assert day.quality.good[0, 0]
    # beside kelvins, hours and degrees are what they are
    units = {"LST_Day_1km": floats["LST_Day_1km"] * 0.02, "Day_view_time": counts(10) + 0.4,
             "Day_view_angle": counts(-7, "int16").astype(np.float32)}  # fmt: skip
    units = {name: array.astype(np.float32) for name, array in units.items()}
    day = read_modis_lst(write(tmp_path / "MOD11A1_2019_11_03.tif", units)).layers[0]
    assert day.view_zenith_deg[3, 3] == 7.0 and day.solar_hour[3, 3] == pytest.approx(10.4)


def test_neighbours_by_name(tmp_path: Path) -> None:
    path = write(tmp_path / NAME.format("LST_Day_1km"), {"": counts(15500)})
    write(tmp_path / NAME.format("QC_Day"), {"": counts(65, "uint8")})
    write(tmp_path / NAME.format("Day_view_time"), {"": counts(104, "uint8")})
    write(tmp_path / NAME.format("Day_view_angl"), {"": counts(55, "uint8")})
    write(tmp_path / NAME.format("QC_Night"), {"": counts(3, "uint8")})
    found = read_modis_lst(path)
    assert (found.product, found.begins) == ("MOD11A1", date(2019, 11, 1))
    (layer,) = found.layers
    assert layer.half == "day" and layer.quality.lst_error_k[3, 3] == 2.0
    assert layer.solar_hour[3, 3] == pytest.approx(10.4) and layer.view_zenith_deg[3, 3] == 10.0
    other = write(tmp_path / "mine.tif", {"": counts(2, "uint8")})
    given = read_modis_lst(path, quality=other)
    assert given.layers[0].quality.mandatory[3, 3] == 2


def test_tags_of_a_converted_granule(tmp_path: Path) -> None:
    tags = {
        "SHORTNAME": "MYD21A1D", "RANGEBEGINNINGDATE": "2019-11-03",
        "LOCALGRANULEID": "MYD21A1D.A2019307.h14v09.061.hdf",
    }  # fmt: skip
    found = read_modis_lst(write(tmp_path / "x.tif", {"LST_1KM": counts(15500)}, **tags))
    assert (found.product, found.begins, found.aqua) == ("MYD21A1D", date(2019, 11, 3), True)
    assert found.name == "MYD21A1D.A2019307.h14v09.061" and found.layers[0].half == "day"
    told = read_modis_lst(tmp_path / "x.tif", product="MOD21A1D", day=date(2019, 11, 4))
    assert (told.product, told.begins) == ("MOD21A1D", date(2019, 11, 4))


def test_what_cannot_be_used(tmp_path: Path) -> None:
    celsius = write(tmp_path / "c.tif", {"LST": np.full(SINUSOIDAL.shape, 37.0, np.float32)})
    with pytest.raises(InputError, match="values 37 to 37 are neither K nor MODIS's counts"):
        read_modis_lst(celsius)
    empty = write(tmp_path / "e.tif", {"LST": np.zeros(SINUSOIDAL.shape, np.uint16)})
    with pytest.raises(InputError, match="holds no temperature"):
        read_modis_lst(empty)
    nameless = write(tmp_path / "n.tif", {"one": counts(15500), "two": counts(0)})
    with pytest.raises(InputError, match="none of its 2 bands is named LST"):
        read_modis_lst(nameless)
    lst = write(tmp_path / "l.tif", {"LST": counts(15500)})
    quality = write(tmp_path / "q.tif", {"": counts(65, "uint8")})
    with pytest.raises(InputError, match="a quality layer, but of which product"):
        read_modis_lst(lst, quality=quality)
    with pytest.raises(GranuleReadError, match="of 8 bits, MOD21A1D has 16"):
        read_modis_lst(lst, quality=quality, product="MOD21A1D")
    with pytest.raises(UnsupportedGranuleError, match="is product MOD13A1"):
        read_modis_lst(lst, product="MOD13A1")
    shifted = Grid(0, (-4140000.0, *SINUSOIDAL.geotransform[1:]), 12, 15)
    elsewhere = write(tmp_path / "s.tif", {"": counts(65, "uint8")}, shifted)
    with pytest.raises(GridMismatchError, match="another grid"):
        read_modis_lst(lst, quality=elsewhere, product="MOD11A1")
