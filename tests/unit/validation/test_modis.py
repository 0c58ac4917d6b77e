"""Products against MODIS: what was planted comes back, filters count what they take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from akkd_core.errors import InputError
from akkd_core.grid import Grid
from akkd_core.quality import qc_field
from akkd_core.raster.projection import to_lonlat
from akkd_core.readers.modis_lst import ModisLst, read_modis_lst
from akkd_core.readers.modis_mosaic import join_modis
from akkd_core.validation.match_up import MatchUp
from akkd_core.validation.modis import ModisRules, compare_with_modis, product_labels
from akkd_core.validation.station_scenes import find_scenes

pytest.importorskip("pyhdf")

from tests.builders.layers import write_layers  # noqa: E402
from tests.builders.modis import Tile, swath_lonlat, write_swath, write_tile  # noqa: E402
from tests.builders.modis_scene import (  # noqa: E402
    pixels_over,
    planck,
    planck_inverse,
    planted_error,
)
from tests.unit.readers.test_modis_geotiff import write  # noqa: E402

TILE = Tile(left=-4125000.0, top=-829000.0, rows=36, cols=40)
SHAPE = (36, 40)
# 10.4 h of local solar time at 37.3 W
WHEN = datetime(2019, 11, 1, 12, 53, tzinfo=timezone.utc)
DAY = "2019-11-01"
ROW, COL = np.indices(SHAPE)
COUNTS = np.rint(
    15500 + 150 * np.sin(ROW / 5.0) + np.random.default_rng(3).normal(0, 40, SHAPE)
).astype(np.uint16)
FIELD = COUNTS * 0.02
PIXELS = pixels_over(TILE, 200, 220)

Write = Callable[..., ModisLst]


@pytest.fixture
def reference(tmp_path: Path) -> Write:
    def tile(**fields: Any) -> ModisLst:
        usual = {"LST_Day_1km": COUNTS, "Day_view_time": np.full(SHAPE, 104, np.uint8)}
        path = tmp_path / "MOD11A1.hdf"
        return read_modis_lst(write_tile(path, fields.pop("date", DAY), TILE, **usual | fields))

    return tile


def product(folder: Path, lst: np.ndarray, pixels: Any = PIXELS, **more: Any) -> Path:
    when = more.pop("when", WHEN)
    return write_layers(folder, more.pop("name", "G1"), pixels.grid, when, lst, **more)


def compare(
    modis: ModisLst, *folders: Path, labels: tuple[str, ...] = (), **rules: Any
) -> tuple[MatchUp, ...]:
    return compare_with_modis(find_scenes(folders), modis, ModisRules(**rules), labels)


def steps(found: MatchUp) -> dict[str, int]:
    """Cells that each filter took."""
    return {step.name.split(" (")[0]: step.before - step.after for step in found.filters}


@pytest.mark.parametrize("turn", [0.0, 8.2])
def test_planted_error_comes_back(tmp_path: Path, reference: Write, turn: float) -> None:
    pixels = pixels_over(TILE, 200, 220, turn_deg=turn)
    lst = pixels.fine(FIELD + planted_error(ROW, COL))
    (found,) = compare(reference(), product(tmp_path / "p", lst, pixels))
    error = planted_error(found.columns["row"], found.columns["col"])
    assert found.metrics().n > 300
    assert found.metrics().bias == pytest.approx(error.mean(), abs=0.02)
    assert found.metrics().mae == pytest.approx(np.abs(error).mean(), abs=0.02)
    np.testing.assert_allclose(found.difference, error, atol=0.5)
    assert float(np.std(found.difference - error)) < 0.1
    places = found.columns["row"], found.columns["col"]
    np.testing.assert_allclose(found.values, FIELD[places], atol=1e-4)


def test_emitted_radiance_and_plain_mean(tmp_path: Path, reference: Write) -> None:
    lst = PIXELS.fine(np.full(SHAPE, 310.0), contrast=0.2)
    folder = product(tmp_path / "p", lst)
    (radiance,) = compare(reference(), folder)
    np.testing.assert_allclose(radiance.estimate, 310.0, atol=0.15)
    assert radiance.estimate.mean() == pytest.approx(310.0, abs=0.005)
    (mean,) = compare(reference(), folder, plain_mean=True)
    hot, cold = planck_inverse(planck(np.array([310.0])) * np.array([1.2, 0.8]))
    assert mean.estimate.mean() == pytest.approx(0.5 * (hot + cold), abs=0.005)
    assert 310.0 - 0.5 * (hot + cold) > 0.6


def test_emissivity_weighs_radiance(tmp_path: Path, reference: Write) -> None:
    """Norman and Becker's ensemble: sand of 320 K, leaves of 300 K, half of each."""
    sand = np.indices(PIXELS.grid.shape).sum(axis=0) % 2 == 0
    lst = np.where(sand, 320.0, 300.0)
    lse = np.where(sand, 0.92, 0.99) * np.ones((5, 1, 1))
    (found,) = compare(reference(), product(tmp_path / "p", lst, lse=lse))
    hot, cold = planck(np.array([320.0, 300.0]))
    expected = planck_inverse(np.array([0.92 * hot + 0.99 * cold]) / (0.92 + 0.99))[0]
    assert found.estimate.mean() == pytest.approx(expected, abs=0.01)
    assert found.columns["spread_in_cell_k"].mean() == pytest.approx(10.0, abs=0.1)


def test_pixels_that_qc_refuses_do_not_count(tmp_path: Path, reference: Write) -> None:
    lst = PIXELS.fine(FIELD)
    qc = np.zeros(lst.shape, np.uint16)
    bad = np.zeros(lst.shape, bool)
    for name, value, part in (
        ("cloud", 2, np.s_[40:60, 40:60]), ("mandatory_qa", 3, np.s_[40:60, 100:120]),
        ("mandatory_qa", 2, np.s_[120:140, 40:60]),
    ):  # fmt: skip
        qc[part] |= qc_field(name).encode(np.full((20, 20), value))
        bad[part] = True
    qc[120:140, 100:120], bad[120:140, 100:120] = 65535, True
    (whole,) = compare(reference(), product(tmp_path / "w", lst))
    (found,) = compare(reference(), product(tmp_path / "p", np.where(bad, 200.0, lst), qc=qc))
    # cloud of 200 K moves nothing, but takes cells
    np.testing.assert_allclose(found.difference, 0.0, atol=0.5)
    assert found.metrics().bias == pytest.approx(whole.metrics().bias, abs=0.02)
    assert 8 <= whole.metrics().n - found.metrics().n <= 64
    assert (found.columns["valid_fraction"] >= 0.8 - 1e-6).all()
    (loose,) = compare(reference(), tmp_path / "p", valid_fraction=0.05)
    assert loose.metrics().n > whole.metrics().n
    nominal = np.full(lst.shape, 1, np.uint16)
    (kept,) = compare(reference(), product(tmp_path / "n", lst, qc=nominal))
    assert kept.metrics().n == whole.metrics().n


def test_valid_fraction_is_the_share_of_area(tmp_path: Path, reference: Write) -> None:
    """A scene without its western half: cells across the cut have the share that is left."""
    lst = PIXELS.fine(FIELD)
    lst[:, :110] = np.nan
    (found,) = compare(reference(), product(tmp_path / "p", lst), valid_fraction=0.01)
    inner = (found.columns["row"] > ROW[TILE.rows // 2, 0] - 5) & (
        found.columns["row"] < TILE.rows // 2 + 5
    )
    share, col = found.columns["valid_fraction"][inner], found.columns["col"][inner]
    for c in np.unique(col)[2:6]:
        assert share[col == c] == pytest.approx(1.0, abs=1e-5)
    cut = share[col == col.min()]
    # the middle of the tile lies on a border of cells; the cut is vertical in UTM, cells lean
    assert ((cut > 0.0) & (cut < 1.0)).all()


def test_filters_and_their_counts(tmp_path: Path, reference: Write) -> None:
    folder = product(tmp_path / "p", PIXELS.fine(FIELD))
    (whole,) = compare(reference(), folder)
    rows, cols = whole.columns["row"], whole.columns["col"]
    lst, qc = COUNTS.copy(), np.zeros(SHAPE, np.uint8)
    seen, angle = np.full(SHAPE, 104, np.uint8), np.full(SHAPE, 65 + 15, np.uint8)
    chosen = np.random.default_rng(0).permutation(rows.size)[:30]
    at = [(rows[part], cols[part]) for part in np.split(chosen, [3, 10, 15, 19])]
    lst[at[0]] = 0
    qc[at[1]] = 0b01000001
    qc[at[0]] = 2
    seen[at[2]] = 110
    angle[at[3]] = 65 - 16
    modis = reference(LST_Day_1km=lst, QC_Day=qc, Day_view_time=seen, Day_view_angl=angle)
    (found,) = compare(modis, folder)
    took = steps(found)
    assert list(took.values())[:4] == [3, 7, 5, 4]
    assert list(took) == [
        "MODIS has a temperature", "good MODIS quality", "view time within 30 min of the scene",
        "MODIS view zenith within 15 deg", "scene valid over 80 % of the cell",
    ]  # fmt: skip
    assert found.metrics().n == whole.metrics().n - 19
    assert found.filters[0].before == whole.filters[0].before
    (loose,) = compare(modis, folder, quality="produced", minutes=45.0, view_zenith_deg=16.0)
    assert loose.metrics().n == whole.metrics().n - 3
    worse = loose.columns["modis_qc"] == 0b01000001
    assert worse.any() and loose.columns["modis_qc"].max() == 0b01000001
    np.testing.assert_array_equal(loose.columns["modis_lst_error_k"], np.where(worse, 2.0, 1.0))
    away = loose.columns["minutes_apart"]
    assert (away > 30).sum() == 5 and away.max() < 45


def test_view_times_in_utc(tmp_path: Path, reference: Write) -> None:
    (found,) = compare(reference(), product(tmp_path / "p", PIXELS.fine(FIELD)))
    times, lon = found.columns["view_time_utc"], found.columns["lon"]
    expected = (10.4 - lon / 15.0) * 3600.0
    seconds = (times - np.datetime64(DAY, "s")) / np.timedelta64(1, "s")
    np.testing.assert_allclose(seconds, expected, atol=1.0)
    away = np.abs(times - np.datetime64("2019-11-01T12:53:00")) / np.timedelta64(1, "m")
    np.testing.assert_allclose(found.columns["minutes_apart"], away, atol=0.05)


def test_views_of_the_other_end_of_the_utc_day(tmp_path: Path, reference: Write) -> None:
    """At the same local solar time, but nearly a day earlier."""
    # of 22.5 h at 37.3 W, UTC's day begins 2.5 min later, at 0:59
    seen = np.full(SHAPE, 213, np.uint8)
    seen[:, :20] = 217
    when = datetime(2019, 11, 1, 23, 50, tzinfo=timezone.utc)
    modis = reference(LST_Night_1km=COUNTS, Night_view_time=seen)
    (found,) = compare(modis, product(tmp_path / "p", PIXELS.fine(FIELD), when=when))
    assert (found.columns["col"] >= 20).all()
    assert steps(found)["view time within 30 min of the scene"] > 100


def test_what_lies_beside_the_tile_is_told(tmp_path: Path, reference: Write) -> None:
    folder = product(tmp_path / "p", PIXELS.fine(FIELD))
    half = replace(TILE, rows=TILE.rows // 2)
    below = replace(half, top=TILE.top - half.rows * TILE.cell_m)
    top, bottom = (
        read_modis_lst(
            write_tile(tmp_path / f"{name}.hdf", DAY, tile, LST_Day_1km=counts,
                       Day_view_time=np.full(counts.shape, 104, np.uint8))
        )
        for name, tile, counts in (
            ("a", half, COUNTS[: half.rows]), ("b", below, COUNTS[half.rows :])
        )
    )  # fmt: skip
    (whole,) = compare(reference(), folder)
    (part,) = compare(top, folder)
    told = [note for note in part.notes if "holds 5" in note]
    assert len(told) == 1 and "--reference may be repeated" in told[0]
    (joined,) = compare(join_modis([top, bottom]), folder)
    assert joined.metrics() == whole.metrics()
    assert not any("of the scene" in note for note in (*joined.notes, *whole.notes))
    assert part.metrics().n < 0.6 * whole.metrics().n


def test_a_product_without_quality_says_so(tmp_path: Path, reference: Write) -> None:
    lst = PIXELS.fine(FIELD)
    (without,) = compare(reference(), product(tmp_path / "a", lst))
    assert any("G1_QC.tif isn't there" in note for note in without.notes)
    (found,) = compare(reference(), product(tmp_path / "b", lst, qc=np.zeros(lst.shape, np.uint16)))
    assert not any("QC.tif" in note for note in found.notes)


def test_night_scene_takes_the_night(tmp_path: Path, reference: Write) -> None:
    # 22.0 h at 37.3 W
    when = datetime(2019, 11, 1, 0, 29, tzinfo=timezone.utc)
    lst = PIXELS.fine(np.full(SHAPE, 262.0))
    (found,) = compare(reference(), product(tmp_path / "p", lst, when=when))
    assert found.metrics().bias == pytest.approx(2.0, abs=0.01)


def test_several_products_on_the_same_cells(tmp_path: Path, reference: Write) -> None:
    whole = PIXELS.fine(FIELD)
    torn = whole + 1.0
    torn[50:90, 60:100] = np.nan
    folders = (
        product(tmp_path / "a", whole, model="small"), product(tmp_path / "b", torn, model="big"),
    )  # fmt: skip
    small, big = compare(reference(), *folders)
    assert (small.product, big.product) == ("small", "big")
    for name in ("row", "col"):
        np.testing.assert_array_equal(small.columns[name], big.columns[name])
    assert steps(small)["in all 2 products"] > 5 and steps(big)["in all 2 products"] == 0
    assert big.metrics().bias - small.metrics().bias == pytest.approx(1.0, abs=0.01)
    one, two = compare(reference(), *folders, labels=("one", "two"))
    assert (one.product, two.product) == ("one", "two")
    with pytest.raises(InputError, match="1 labels .* for 2 products"):
        compare(reference(), *folders, labels=("one",))
    # products of different scenes are judged each on its own cells
    other = product(tmp_path / "c", torn, name="G2", when=WHEN + timedelta(seconds=8))
    alone, _ = compare(reference(), folders[0], other)
    assert alone.metrics().n > small.metrics().n


def test_labels_tell_products_apart(tmp_path: Path) -> None:
    lst = np.full(PIXELS.grid.shape, 300.0)
    first = product(tmp_path / "a", lst, model="m")
    assert product_labels(find_scenes([first])) == ["G1"]
    second = product(tmp_path / "b", lst, model="m")
    assert product_labels(find_scenes([first, second])) == ["G1 m in a", "G1 m in b"]


def test_what_is_refused(tmp_path: Path, reference: Write) -> None:
    folder = product(tmp_path / "p", PIXELS.fine(FIELD))
    with pytest.raises(InputError, match="is of 2019-11-02, the scene G1 of 2019"):
        compare(reference(date="2019-11-02"), folder)
    assert compare(reference(date="2019-11-02"), folder, other_date=True)[0].metrics().n > 300
    path = tmp_path / "MYD11A1.hdf"
    aqua = read_modis_lst(write_tile(path, DAY, TILE, "MYD11A1", LST_Day_1km=COUNTS))
    with pytest.raises(InputError, match="MYD11A1 is Aqua's.*or --aqua"):
        compare(aqua, folder)
    (found,) = compare(aqua, folder, aqua=True, minutes=60.0)
    assert any("Aqua" in note for note in found.notes)
    elsewhere = replace(TILE, left=TILE.left + 200_000.0)
    far = read_modis_lst(write_tile(tmp_path / "f.hdf", DAY, elsewhere))
    with pytest.raises(InputError, match="overlap the scene G1 .latitude -7.* Give the tile"):
        compare(far, folder)
    with pytest.raises(InputError, match=r"no valid cell left .*view time within 30 min.* to 0\)"):
        compare(reference(Day_view_time=np.full(SHAPE, 130, np.uint8),
                          Night_view_time=np.full(SHAPE, 220, np.uint8)), folder)  # fmt: skip


def test_notes_and_kinds_of_ground(tmp_path: Path, reference: Write) -> None:
    lst = PIXELS.fine(FIELD)
    lse = np.full((5, *lst.shape), 0.97)
    lse[2, :, 110:] = 0.80
    (found,) = compare(reference(), product(tmp_path / "p", lst, lse=lse))
    assert any("too cold over bare arid ground" in note for note in found.notes)
    sandy, other = found.subsets.values()
    assert list(found.subsets)[0].startswith("bare sandy ground (emissivity at 9.1 um < 0.9")
    east = found.columns["col"] > np.median(found.columns["col"]) + 1
    assert sandy[east].all() and (sandy ^ other).all()
    assert found.facts["MODIS layer"] == "day"
    lse[2] = 0.97
    both = compare(reference(), tmp_path / "p", product(tmp_path / "q", lst, lse=lse, model="m"))
    # half of the scene is sandy to one product alone: the same cells for each
    assert [one.subsets[name].sum() for one in both for name in one.subsets][0] > 50
    np.testing.assert_array_equal(*(list(one.subsets.values())[0] for one in both))


def test_maps_lie_on_the_tile(tmp_path: Path, reference: Write) -> None:
    (found,) = compare(reference(), product(tmp_path / "p", PIXELS.fine(FIELD) + 1.0))
    maps = found.maps
    assert maps is not None and maps.grid.epsg == 0 and "Sinusoidal" in (maps.crs_wkt or "")
    row, col = found.columns["row"], found.columns["col"]
    top, left = row.min(), col.min()
    x, y = maps.grid.xy(0, 0)
    assert x == pytest.approx(TILE.left + left * TILE.cell_m, abs=0.01)
    assert y == pytest.approx(TILE.top - top * TILE.cell_m, abs=0.01)
    np.testing.assert_allclose(maps.reference[row - top, col - left], found.values, atol=1e-3)
    assert np.isfinite(maps.difference).sum() == found.metrics().n


def test_swath(tmp_path: Path) -> None:
    lon, lat = swath_lonlat(80, 90, lon=-37.2, lat=-7.25)

    # a plane in degrees, so that pixels of 90 m know the value at any place
    def plane(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
        return 305.0 + 12.0 * (lon + 37.35) - 9.0 * (lat + 7.75)

    fields = {
        "LST": np.rint(plane(lon, lat) / 0.02).astype(np.uint16),
        "QC": np.uint16(0b110000) * (np.indices(lon.shape)[1] % 2).astype(np.uint16),
        "View_angle": np.full(lon.shape, 20, np.uint8),
        "View_time": np.full(lon.shape, 104, np.uint8),
    }  # fmt: skip
    modis = read_modis_lst(write_swath(tmp_path / "s.hdf", lon, lat, fields))
    row, col = np.indices(PIXELS.grid.shape) + 0.5
    x0, a, _, y0, _, e = PIXELS.grid.geotransform
    where = to_lonlat(32724, x0 + a * col, y0 + e * row)
    (found,) = compare(modis, product(tmp_path / "p", plane(*where) + 0.7))
    assert found.metrics().n > 300
    assert found.metrics().bias == pytest.approx(0.7, abs=0.02)
    assert found.metrics().robust_sd < 0.02
    assert any("quadrilaterals" in note for note in found.notes)
    odd = found.columns["col"] % 2 == 1
    np.testing.assert_array_equal(found.columns["modis_near_cloud"], odd)
    assert "modis_lst_error_k" not in found.columns
    # lines without places are left out, the rest stays
    broken_lat = lat.copy()
    broken_lat[40:50] = -999.0
    broken = read_modis_lst(write_swath(tmp_path / "b.hdf", lon, broken_lat, fields))
    (less,) = compare(broken, tmp_path / "p")
    assert 100 < less.metrics().n < found.metrics().n
    assert less.metrics().bias == pytest.approx(0.7, abs=0.02)
    maps = found.maps
    assert maps is not None and maps.grid.epsg == 32724 and maps.grid.geotransform[1] == 1000.0
    assert np.isfinite(maps.difference).mean() > 0.8


def test_a_geotiff_without_anything_is_not_filtered(tmp_path: Path) -> None:
    step = 0.0083
    grid = Grid(4326, (-37.7, step, 0.0, -7.4, 0.0, -step), 80, 80)
    write(tmp_path / "lst.tif", {"": np.full(grid.shape, 310.0, np.float32)}, grid)
    modis = read_modis_lst(tmp_path / "lst.tif")
    (found,) = compare(modis, product(tmp_path / "p", np.full(PIXELS.grid.shape, 310.5)))
    assert found.metrics().bias == pytest.approx(0.5, abs=1e-4)
    assert len(found.filters) == 2
    (note,) = [note for note in found.notes if "not filtered" in note]
    assert note.startswith("lst.tif doesn't tell its day, quality, view time and view zenith: not")
    assert found.maps is not None and found.maps.grid.epsg == 4326


@pytest.mark.shared_data
def test_planted_error_on_a_real_tile(shared_data: Path, tmp_path: Path) -> None:
    """A scene of full size laid over the real MOD11A1 tile: its field plus fine structure."""
    path = shared_data / "modis" / "MOD11A1_LSTtools.hdf"
    if not path.exists():
        pytest.skip("no real MOD11A1 granule")
    modis = read_modis_lst(path)
    day = modis.layers[0].lst.astype(np.float64)
    # around a part without cloud that Terra saw from above
    side = 1111950.519667 / 1200
    top, left = 880, 320
    tile = Tile(-4447802.079066 + left * side, -top * side, 80, 90, side)
    pixels = pixels_over(tile, 700, 830)
    row, col = np.indices((80, 90))
    error = planted_error(row / 3.0, col / 3.0)
    lst = pixels.fine(day[top : top + 80, left : left + 90] + error)
    (found,) = compare(modis, product(tmp_path / "p", lst, pixels))
    planted = error[found.columns["row"] - top, found.columns["col"] - left]
    assert found.metrics().n > 4000
    assert found.metrics().bias == pytest.approx(planted.mean(), abs=0.02)
    assert found.metrics().mae == pytest.approx(np.abs(planted).mean(), abs=0.02)
    assert found.filters[1].before > found.filters[1].after
