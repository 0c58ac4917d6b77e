"""Tiles side by side as one; what can't be joined is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from akkd_core.errors import InputError
from akkd_core.readers.modis_lst import ModisLst, read_modis_lst
from akkd_core.readers.modis_mosaic import join_modis
from akkd_core.readers.modis_places import GridPlaces

pytest.importorskip("pyhdf")

from tests.builders.modis import CELL_M, Tile, swath_lonlat, write_swath, write_tile  # noqa: E402

LEFT, TOP, ROWS, COLS = -4_125_000.0, -829_000.0, 6, 9


def tile(folder: Path, down: float, right: float, count: int = 15000, **more: str) -> ModisLst:
    place = Tile(LEFT + right * COLS * CELL_M, TOP - down * ROWS * CELL_M, ROWS, COLS)
    lst = count + np.arange(ROWS * COLS, dtype=np.uint16).reshape(ROWS, COLS)
    path = folder / f"MOD11A1.h{right:g}v{down:g}{''.join(more.values())}.hdf"
    return read_modis_lst(write_tile(path, tile=place, LST_Day_1km=lst, **more))


def test_tiles_take_their_places(tmp_path: Path) -> None:
    first, second = tile(tmp_path, 0, 0), tile(tmp_path, 1, -1, 16000)
    whole = join_modis([first, second])
    assert whole.places.shape == (2 * ROWS, 2 * COLS)
    day = whole.layers[0]
    np.testing.assert_array_equal(day.lst[:ROWS, COLS:], first.layers[0].lst)
    np.testing.assert_array_equal(day.lst[ROWS:, :COLS], second.layers[0].lst)
    assert np.isnan(day.lst[:ROWS, :COLS]).all()
    assert day.quality is not None and day.solar_hour is not None
    assert day.quality.good.sum() == 2 * ROWS * COLS
    assert not day.quality.produced[:ROWS, :COLS].any()
    assert np.isnan(day.solar_hour[ROWS:, COLS:]).all()
    assert whole.emissivity["31"].shape == day.lst.shape
    # a cell keeps its place on the ground
    for joined in (whole, join_modis([second, first])):
        assert isinstance(joined.places, GridPlaces)
        for part, row, col in ((first, 0, COLS), (second, ROWS, 0)):
            here = part.places.centres(np.array([2]), np.array([3]))
            there = joined.places.centres(np.array([row + 2]), np.array([col + 3]))
            np.testing.assert_allclose(here, there, atol=1e-9)
    assert whole.others == (second.path,) and "1 more" in whole.source and "1 more" in whole.name
    assert second.path.name in whole.file_names
    assert join_modis([first]) is first


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    first, below = tile(tmp_path, 0, 0), tile(tmp_path, 1, 0)
    for other, message in (
        (tile(tmp_path, 1, 0, date="2019-07-05"), "of 2019-07-05, not 2019-07-04"),
        (replace(below, product="MOD21A1D"), "is MOD21A1D, not MOD11A1"),
        (replace(below, product=""), "is of an unknown product, not MOD11A1"),
        (replace(below, layers=below.layers[:1]), "other half of the day"),
        (tile(tmp_path, 1.05, 0), "on another grid"),
        (tile(tmp_path, 0.5, 0), "on top of another"),
        (first, "twice"),
        (tile(tmp_path, 9000, 900), "too far apart"),
        (
            replace(below, layers=tuple(replace(one, quality=None) for one in below.layers)),
            "has no quality",
        ),
    ):
        with pytest.raises(InputError, match=message):
            join_modis([first, other])


def test_granules_of_a_swath(tmp_path: Path) -> None:
    parts = []
    for number, lat in enumerate((-7.0, -7.5)):
        lon, latitude = swath_lonlat(20, 25, lat=lat)
        fields = {"LST": np.full((20, 25), 15000 + number, np.uint16),
                  "QC": np.zeros((20, 25), np.uint16)}  # fmt: skip
        path = tmp_path / f"s{number}.hdf"
        parts.append(read_modis_lst(write_swath(path, lon, latitude, fields)))
    whole = join_modis(parts)
    assert whole.places.shape == (40, 25)
    np.testing.assert_allclose(whole.layers[0].lst[[19, 20], 0], [300.0, 300.02], atol=1e-4)
    rows, cols = np.array([22]), np.array([4])
    np.testing.assert_allclose(
        whole.places.outlines(rows, cols), parts[1].places.outlines(rows - 20, cols)
    )
    with pytest.raises(InputError, match="a grid beside a swath"):
        join_modis([parts[0], replace(parts[1], places=tile(tmp_path, 0, 0).places)])
    with pytest.raises(InputError, match="of 2019-11-02"):
        join_modis([parts[0], replace(parts[1], begins=parts[0].begins.replace(day=2))])
