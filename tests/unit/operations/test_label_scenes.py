"""Labels on a scene's grid, and the selection step by step, against what was planted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from akkd_core.errors import InputError
from akkd_core.grid import Grid
from akkd_core.operations.label_scenes import Labelled, Triple, find_triple, read_labelled
from akkd_core.operations.label_selection import (
    Selected,
    agreement,
    balance,
    clusters,
    ground_agreement,
    land_cover,
    main_class,
    select_good,
)
from akkd_core.raster.projection import to_lonlat
from akkd_core.raster.resampling import source_places
from akkd_core.readers.aster_l2_layout import find_products
from akkd_core.readers.ground_lst import GroundMeasurement, read_ground_lst
from akkd_core.readers.reference_raster import read_under

pytest.importorskip("pyhdf")
from tests.builders.aster_l2 import WHEN  # noqa: E402
from tests.builders.triples import (  # noqa: E402
    ROTATED,
    SCENE,
    lse,
    lst,
    write_products,
    write_scene,
)
from tests.builders.v004 import write_tif  # noqa: E402

COARSE = Grid(32650, (400005.0, 900.0, 0.0, 4400010.0, 0.0, -900.0), 9, 10)


@pytest.fixture(scope="module")
def triple(tmp_path_factory: pytest.TempPathFactory) -> Triple:
    folder = tmp_path_factory.mktemp("triple")
    quality = np.zeros(ROTATED.shape, np.uint8)
    quality[50, 50], quality[60, 60] = 0x80, 0x04
    scene = write_scene(folder)
    products = find_products([write_products(folder / "labels", quality=quality)])
    return find_triple(str(scene), WHEN, products)


@pytest.fixture(scope="module")
def labelled(triple: Triple) -> Labelled:
    return read_labelled(triple, "strict", "bilinear")


def test_labels_are_what_was_planted(triple: Triple, labelled: Labelled) -> None:
    good = labelled.good
    # of 84 x 96 pixels the rotated products leave out corners alone
    assert 0.95 < good.mean() < 1.0
    # counts of 0.1 K and 0.001, and what bilinear makes of waves of 2 km
    places = source_places(ROTATED, SCENE)
    inner = good & (places.row >= 0) & (places.row <= 109) & (places.col >= 0) & (places.col <= 109)
    assert np.abs(labelled.lst - lst(SCENE)[0])[inner].max() < 0.15
    # at the products' edge the last half pixel takes the edge's value
    assert np.abs(labelled.lst - lst(SCENE)[0])[good].max() < 0.7
    assert np.abs(labelled.lse - lse(SCENE))[:, inner].max() < 0.0015
    near = read_labelled(triple, "strict", "nearest")
    error = np.abs(near.lst - lst(SCENE)[0])[near.good]
    assert 0.2 < error.max() < 1.3, "half a pixel of up to 14 K a km"
    steps = (near.lst[near.good] * 10).round(2)
    np.testing.assert_allclose(steps, steps.round(), atol=0.01)


@pytest.mark.parametrize(("qa", "lost"), [("strict", 2), ("cloud", 1), ("none", 0)])
def test_qa_rules(triple: Triple, qa: str, lost: int) -> None:
    found = read_labelled(triple, qa, "nearest")
    places = source_places(ROTATED, SCENE)
    row, col = np.rint(places.row), np.rint(places.col)
    bad = [(50, 50), (60, 60)][2 - lost :]
    expected = sum(((row == r) & (col == c)).sum() for r, c in bad)
    selected = select_good(found, qa)
    assert [step.after for step in selected.steps[:1]] == [SCENE.rows * SCENE.cols]
    last = selected.steps[-1]
    assert last.before - last.after == expected and (expected > 0) == (lost > 0)
    assert "data_quality 2, cloud_and_adjacency 2" in last.note


def test_bilinear_keeps_off_what_qa_rejects(triple: Triple, labelled: Labelled) -> None:
    places = source_places(ROTATED, SCENE)
    for r, c in ((50, 50), (60, 60)):
        touched = (np.abs(places.row - r) < 0.999) & (np.abs(places.col - c) < 0.999)
        assert touched.sum() >= 3 and not labelled.good[touched].any()


def test_products_of_other_seconds(triple: Triple) -> None:
    products = [triple.ast_08, triple.ast_05]
    assert find_triple("s", WHEN + timedelta(seconds=3), products) == replace(triple, scene="s")
    path = triple.ast_08.path
    later = replace(triple.ast_08, path=path.with_name(path.name.replace("_2025", "_2026")))
    for order in ([later, *products], [*products, later]):
        assert find_triple("s", WHEN, order).ast_08 == later
    with pytest.raises(InputError, match="no AST_08 of 2019-07-04 03:15:09.*nearest is 9 s away"):
        find_triple("s", WHEN + timedelta(seconds=9), products)
    with pytest.raises(InputError, match="no AST_05 of .* UTC is among the labels. Add"):
        find_triple("s", WHEN, [triple.ast_08])


def test_products_of_another_place(triple: Triple, tmp_path: Path) -> None:
    from tests.builders.aster_l2 import write_v004

    x0, *rest = ROTATED.geotransform
    elsewhere = replace(ROTATED, geotransform=(x0 + 50_000.0, *rest))
    write_v004(tmp_path, "AST_05", lse(elsewhere), elsewhere)
    moved = replace(triple, ast_05=find_products([tmp_path])[0])
    with pytest.raises(InputError, match="AST_05_004.* has no value over the scene"):
        read_labelled(moved, "strict", "bilinear")


def coarse(tmp_path: Path, errors: np.ndarray) -> Path:
    """Means of the planted field over cells of 10 x 10 pixels, plus errors."""
    padded = np.full((90, 100), np.nan)
    padded[:84, :96] = lst(SCENE)[0]
    blocks = padded.reshape(9, 10, 10, 10)
    means = np.nanmean(blocks, axis=(1, 3)) + errors
    return write_tif(tmp_path / "modis.tif", means.astype(np.float32), COARSE.geotransform, 32650)


def test_agreement_with_a_coarse_field(labelled: Labelled, tmp_path: Path) -> None:
    errors = np.zeros((9, 10))
    errors[2, 3], errors[4, 5], errors[6, 7] = 3.0, -1.5, np.nan
    cells = read_under(coarse(tmp_path, errors), SCENE)
    assert cells is not None and cells.values.size == 90
    before = select_good(labelled, "strict")
    after = agreement(labelled, before, cells, "MODIS", 2.0)
    lost = before.chosen & ~after.chosen
    row, col = np.mgrid[:84, :96] // 10
    expected = ((row == 2) & (col == 3)) | ((row == 6) & (col == 7))
    assert (lost <= before.chosen).all() and (expected & before.chosen <= lost).all()
    # elsewhere only cells that hold too few labels are lost: those at the corners
    others = lost & ~expected
    share = [before.chosen[(row == r) & (col == c)].mean() for r, c in
             {(int(r), int(c)) for r, c in zip(row[others], col[others], strict=True)}]  # fmt: skip
    assert all(s < 0.5 for s in share)
    step = after.steps[-1]
    assert step.before == before.chosen.sum() and step.after == after.chosen.sum()
    assert "within 2 K" in step.note
    assert agreement(labelled, before, cells, "MODIS", 1.0).steps[-1].after < step.after


def test_cells_with_few_labels_agree_with_nothing(labelled: Labelled, tmp_path: Path) -> None:
    lst_holes = labelled.lst.copy()
    lst_holes[50:56, 50:60] = np.nan
    lst_holes[30:34, 60:70] = np.nan
    holes = replace(labelled, lst=lst_holes)
    cells = read_under(coarse(tmp_path, np.zeros((9, 10))), SCENE)
    assert cells is not None
    before = select_good(holes, "strict")
    assert before.chosen[56:60, 50:60].all() and before.chosen[34:40, 60:70].all()
    after = agreement(holes, before, cells, "MODIS", 20.0)
    # 40 of 100 labels are too few, 60 are enough
    assert not after.chosen[50:60, 50:60].any()
    assert after.chosen[34:40, 60:70].all()


def test_a_field_that_is_no_temperature(labelled: Labelled, tmp_path: Path) -> None:
    cells = read_under(coarse(tmp_path, np.full((9, 10), 14_000.0)), SCENE)
    assert cells is not None
    with pytest.raises(InputError, match="no temperature in K"):
        agreement(labelled, select_good(labelled, "strict"), cells, "MODIS", 2.0)


def station(name: str, row: int, col: int, error: float, minutes: float) -> GroundMeasurement:
    x, y = SCENE.xy(row + 0.5, col + 0.5)
    lon, lat = to_lonlat(32650, x, y)
    kelvin = float(lst(SCENE)[0, row, col]) - error
    time = WHEN + timedelta(minutes=minutes)
    return GroundMeasurement(name, float(lat), float(lon), time, kelvin)


def test_agreement_with_the_ground(labelled: Labelled) -> None:
    before = select_good(labelled, "strict")
    far = station("A", 30, 40, 50.0, 31)
    near = [station("A", 30, 40, 9.0, 20), station("A", 30, 40, 1.0, -5), far,
            station("A", 30, 40, 9.0, 15)]  # fmt: skip
    kept = ground_agreement(labelled, before, [*near, station("B", 20, 70, -2.0, 0)], 2.0)
    assert kept.steps[-1].after == kept.steps[-1].before
    assert kept.steps[-1].note.startswith("2 stations, labels minus them -0.49 K, MAE 1.5")
    assert ground_agreement(labelled, before, near[:1], 2.0).steps[-1].after == 0
    outside = ground_agreement(labelled, before, [far], 2.0).steps[-1]
    assert outside.after == outside.before and "nothing asked" in outside.note


def test_balance_over_land_cover(labelled: Labelled, tmp_path: Path) -> None:
    classes = np.full((84, 96), 10, np.uint8)
    classes[:, 90:], classes[:4] = 20, 255
    path = write_tif(
        tmp_path / "cover.tif", classes, SCENE.geotransform, 32650, nodata=255
    )
    cells = read_under(path, SCENE)
    assert cells is not None
    before = select_good(labelled, "strict")
    after = balance(before, land_cover(cells), 100, "land cover", 3)
    assert not after.chosen[:4].any()
    assert after.chosen[:, :90].sum() == 100 and after.chosen[:, 90:].sum() == 100
    assert after.steps[-1].note == "2 classes, 2 of more than 100 pixels"
    again = balance(before, land_cover(cells), 100, "land cover", 3)
    np.testing.assert_array_equal(after.chosen, again.chosen)
    other = balance(before, land_cover(cells), 100, "land cover", 4)
    assert (after.chosen != other.chosen).any()
    assert main_class(before, land_cover(cells)) == 10
    assert main_class(Selected(np.zeros((84, 96), bool), ()), land_cover(cells)) is None


def test_clusters_part_unlike_ground(labelled: Labelled) -> None:
    found = clusters(labelled)
    np.testing.assert_array_equal(found >= 0, labelled.good)
    values = np.unique(found[found >= 0])
    assert values.size > 10
    contrast = np.ptp(labelled.lse, axis=0)
    for value in values[:20]:
        assert np.ptp(contrast[found == value]) <= 0.03 + 1e-6


def test_rasters_elsewhere_and_without_place(tmp_path: Path) -> None:
    data = np.zeros((4, 4), np.float32)
    elsewhere = write_tif(tmp_path / "e.tif", data, (0.0, 90.0, 0.0, 90.0, 0.0, -90.0), 32650)
    assert read_under(elsewhere, SCENE) is None
    with pytest.raises(InputError, match="no coordinate system"):
        read_under(write_tif(tmp_path / "n.tif", data, (0.0, 1, 0, 0, 0, -1.0), None), SCENE)


def test_cells_of_degrees(tmp_path: Path) -> None:
    """A raster in longitude and latitude lies where it should."""
    lon, lat = to_lonlat(32650, *SCENE.xy(42.0, 48.0))
    west, north = float(lon) - 0.05, float(lat) + 0.05
    data = np.arange(100, dtype=np.float32).reshape(10, 10)
    path = write_tif(tmp_path / "deg.tif", data, (west, 0.01, 0.0, north, 0.0, -0.01), 4326)
    cells = read_under(path, SCENE)
    assert cells is not None
    for row, col in ((10, 20), (42, 48), (80, 90)):
        lon, lat = to_lonlat(32650, *SCENE.xy(row + 0.5, col + 0.5))
        expected = data[int((north - float(lat)) / 0.01), int((float(lon) - west) / 0.01)]
        assert cells.of_pixels()[row, col] == expected


def test_tables_of_stations(tmp_path: Path) -> None:
    path = tmp_path / "ground.csv"
    path.write_text(
        "time,station,lst_k,latitude,longitude,more\n"
        "2019-07-04T03:14:00Z,A,301.5,39.7,115.8,x\n2019-07-04 11:14:00+08:00,B,299,39.7,115.9,\n"
    )
    found = read_ground_lst(path)
    assert [one.station for one in found] == ["A", "B"]
    assert found[0].time == found[1].time and found[0].lst_k == 301.5
    for text, message in (
        ("station,time\n", "has no column latitude, longitude, lst_k"),
        ("station,latitude,longitude,time,lst_k\n", "holds no measurement"),
        ("station,latitude,longitude,time,lst_k\nA,39,115,2019-07-04,29.5\n", "line 2"),
        ("station,latitude,longitude,time,lst_k\nA,39,115,noon,295\n", "line 2"),
        ("station,latitude,longitude,time,lst_k\nA,39,115,2019-07-04,nan\n", "line 2"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            read_ground_lst(path)
