"""Figs. 14-16: references made by other physics, and comparisons that give back what is planted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from akkd_core.errors import InputError, ParameterError
from akkd_core.grid import Grid
from akkd_core.progress import SilentProgress
from akkd_core.reproduction import cross_validation, ground_validation
from akkd_core.reproduction.cross_validation import cell_temperatures, compare_cells
from akkd_core.reproduction.ground_validation import PRECISION_K, compare_at_stations
from akkd_core.reproduction.items import Request
from akkd_core.reproduction.modis_like import (
    CELL_M,
    ModisDesign,
    cells_within,
    modis_like,
    projected_area,
)
from akkd_core.reproduction.result import Content
from akkd_core.reproduction.station_like import (
    StationDesign,
    sky_longwave,
    stations_like,
    true_broadband,
)
from akkd_core.reproduction.wide_scenes import LABELS, SMALL, STUDENT, WideScene
from akkd_core.simulation.archive_scene import AirFacts, ArchiveScene

SIDE = 80
GRID = Grid(32650, (300000.0, 90.0, 0.0, 4400000.0, 0.0, -90.0), SIDE, SIDE)
AIR = AirFacts("p", 25.0, 28.0, 298.0, 1.0, 5.0, 23.0)
EXACT = ModisDesign(
    view_zenith_deg=(0.0, 0.0), geolocation_m=0.0, class_share=0.0, scene_error_k=0.0,
    smooth_error_k=0.0, noise_k=0.0,
)  # fmt: skip
FAULTLESS = StationDesign(200, 0.0, 0.0, 0.0)


def scene_of(
    lst: NDArray[np.floating], *, lse: float = 0.96, cloud: NDArray[np.floating] | None = None,
    elevation: NDArray[np.floating] | None = None,
) -> ArchiveScene:  # fmt: skip
    flat = np.zeros((SIDE, SIDE), dtype=np.float32)
    true = np.asarray(lst, dtype=np.float32)
    spectrum = np.full((5, SIDE, SIDE), lse, dtype=np.float32)
    return ArchiveScene(
        "complex-test", "complex", GRID, datetime(2019, 7, 4, 3, tzinfo=timezone.utc), "rock", (),
        np.ones((5, SIDE, SIDE), dtype=np.float32),
        flat if elevation is None else np.asarray(elevation, dtype=np.float32),
        flat if cloud is None else np.asarray(cloud, dtype=np.float32),
        true, spectrum, np.ones((SIDE, SIDE), dtype=bool), true, spectrum, AIR,
    )  # fmt: skip


def ramp() -> NDArray[np.float64]:
    """Warmer by 0.05 K a pixel to the east and by 0.02 K to the south."""
    row, col = np.mgrid[:SIDE, :SIDE]
    return 290.0 + 0.05 * col + 0.02 * row


def test_without_errors_the_modis_like_product_is_the_truth() -> None:
    product = modis_like(scene_of(ramp()), 0, EXACT)
    mean, share = cell_temperatures(ramp(), GRID, product.grid)
    assert product.grid.shape == (6, 6) and product.good.all()
    np.testing.assert_allclose(product.lst, mean, atol=0.02)
    np.testing.assert_allclose(share, 1.0, atol=1e-9)
    np.testing.assert_allclose(product.lst / 0.02, np.rint(product.lst / 0.02), atol=2e-3)


def test_cells_lie_within_and_their_middle_is_the_scenes() -> None:
    cells = cells_within(GRID)
    (left, top), (right, bottom) = cells.xy(0, 0), cells.xy(cells.rows, cells.cols)
    (west, north), (east, south) = GRID.xy(0, 0), GRID.xy(SIDE, SIDE)
    assert left - west > CELL_M / 2 and east - right > CELL_M / 2
    assert (left + right, top + bottom) == pytest.approx((west + east, north + south))
    with pytest.raises(ParameterError, match="too small"):
        cells_within(GRID.window(0, 0, 30, 30))


def test_an_emissivity_by_classes_makes_bare_ground_cold() -> None:
    half = ModisDesign(**{**vars(EXACT), "class_share": 0.5})
    found = modis_like(scene_of(np.full((SIDE, SIDE), 310.0), lse=0.925), 0, half).lst
    # the assumed emissivity is 0.95: B(T) = B(310) 0.925 / 0.95 at 11.03 um
    x = 14387.77 / (11.03 * 310.0)
    expected = 14387.77 / 11.03 / np.log1p(np.expm1(x) * 0.95 / 0.925)
    np.testing.assert_allclose(found, expected, atol=0.02)
    assert 1.5 < 310.0 - expected < 2.0


def test_slopes_that_face_the_sensor_weigh_more() -> None:
    row, col = np.mgrid[:SIDE, :SIDE]
    east = projected_area(-0.2 * 90.0 * col, 90.0, 10.0, 90.0)  # falls towards the east
    assert east == pytest.approx(1.0 + 0.2 * np.tan(np.radians(10.0)))
    north = projected_area(0.2 * 90.0 * row, 90.0, 10.0, 0.0)  # falls towards the north
    assert north == pytest.approx(1.0 + 0.2 * np.tan(np.radians(10.0)))
    assert projected_area(0.2 * 90.0 * col, 90.0, 85.0, 90.0).max() == 0.0


def test_clouds_are_seen_or_chill() -> None:
    cloud = np.zeros((SIDE, SIDE))
    cloud[:30, :30], cloud[50:, 50:] = 0.2, 0.03
    product = modis_like(scene_of(np.full((SIDE, SIDE), 300.0), cloud=cloud), 0, EXACT)
    assert not product.good[0, 0] and product.good[-1, -1] and product.good[0, -1]
    assert product.lst[-1, -1] < 299.5 and product.lst[0, -1] == pytest.approx(300.0, abs=0.02)


def test_the_products_errors_have_the_designs_size() -> None:
    scene = scene_of(np.full((SIDE, SIDE), 300.0))
    noisy = ModisDesign(**{**vars(EXACT), "noise_k": 0.3})
    errors = [modis_like(scene, seed, noisy).lst - 300.0 for seed in range(20)]
    assert np.std(errors) == pytest.approx(0.3, rel=0.1)
    whole = ModisDesign(**{**vars(EXACT), "scene_error_k": 0.5})
    of_scenes = [float((modis_like(scene, s, whole).lst - 300.0).mean()) for s in range(60)]
    assert np.std(of_scenes) == pytest.approx(0.5, rel=0.25)
    np.testing.assert_array_equal(modis_like(scene, 3).lst, modis_like(scene, 3).lst)
    with pytest.raises(ParameterError, match="out of range"):
        ModisDesign(class_share=2.0)


def test_stations_without_errors_measure_the_truth() -> None:
    scene = scene_of(ramp(), lse=0.9)
    found = stations_like(scene, 1, FAULTLESS)
    assert len(set(zip(found.row.tolist(), found.col.tolist(), strict=True))) == 200
    assert found.row.min() >= 1 and found.col.max() <= SIDE - 2
    truth = scene.truth()[0][found.row, found.col]
    np.testing.assert_allclose(found.lst_k, truth, atol=1e-6)
    off = stations_like(scene, 1, StationDesign(200)).lst_k - truth
    assert abs(off.mean()) < 0.3 and 0.7 < off.std() < 1.3
    blind = ArchiveScene(**{**_fields(scene), "lst": None, "lse": None})
    with pytest.raises(InputError, match="truth is unknown"):
        stations_like(blind, 1)


def _fields(scene: ArchiveScene) -> dict[str, object]:
    return {name: getattr(scene, name) for name in scene.__dataclass_fields__}


def test_sky_and_broadband() -> None:
    # w = 1.4 g cm-2: 1 - 2.4 exp(-sqrt(5.4)) = 0.76501; times sigma 288.15**4 = 390.93
    found = sky_longwave(np.array([288.15]), np.array([14.0]))
    assert float(found[0]) == pytest.approx(0.76501 * 390.93, rel=1e-3)
    assert true_broadband(np.full((5, 3), 0.93)) == pytest.approx(0.93)
    quartz = np.array([0.8, 0.8, 0.8, 0.97, 0.97])[:, None]
    assert 0.90 < float(true_broadband(quartz)[0]) < 0.95


def test_cells_average_radiance_over_their_area() -> None:
    lst = np.full((SIDE, SIDE), 300.0)
    lst[:, SIDE // 2 :] = 320.0
    lst[: SIDE // 2] = np.nan
    corner = GRID.xy(36, 36)
    cells = Grid(GRID.epsg, (corner[0], 720.0, 0.0, corner[1], 0.0, -720.0), 1, 1)
    mean, share = cell_temperatures(lst, GRID, cells)
    assert share[0, 0] == pytest.approx(0.5)
    assert 310.3 < mean[0, 0] < 310.8  # warmer than the mean temperature


@pytest.fixture
def planted() -> WideScene:
    rng = np.random.default_rng(5)
    row, col = np.mgrid[:SIDE, :SIDE]
    truth = ramp() + 0.2 * rng.standard_normal((SIDE, SIDE))
    scene = scene_of(truth, elevation=np.maximum(col - 40, 0) * 90.0 * 0.2)
    true = scene.truth()[0]
    small = true - 1.0
    small[60:, :20] = np.nan
    lst = {SMALL: small, STUDENT: true + 0.4, LABELS: true - 1.1}
    return WideScene(1, scene, lst, 6144)


def test_planted_errors_come_back_from_cells(planted: WideScene) -> None:
    found = compare_cells(planted, 2)
    assert found.score(SMALL, "truth").bias == pytest.approx(-1.0, abs=0.01)
    assert found.score(STUDENT, "truth").mae == pytest.approx(0.4, abs=0.01)
    own = found.score("reference", "truth")
    assert found.score(STUDENT, "modis").bias == pytest.approx(0.4 - own.bias, abs=0.01)
    # cells that any of them lacks are left out of all
    assert own.n == found.score(LABELS, "truth").n < found.product.lst.size
    assert np.isnan(found.reference[-1, 0])


def test_planted_errors_come_back_from_stations(planted: WideScene) -> None:
    stations = stations_like(planted.scene, 3, StationDesign(900, 0.0, 0.0, 0.0))
    small, student = compare_at_stations(planted, stations)
    assert small.score(kept=False).bias == pytest.approx(-1.0, abs=1e-3)
    assert student.score(kept=True, truth=True).mae == pytest.approx(0.4, abs=1e-3)
    assert small.estimate.size == student.estimate.size == small.filters[-1].after
    before = [step.before for step in small.filters] + [small.filters[-1].after]
    assert before[0] == 900 > before[1] >= before[2] > before[3] >= before[4] > 100
    # the slope of 0.2 begins beyond column 40: only level ground is left
    level = int((stations.col <= 40).sum())
    assert before[3] <= level
    far = planted.lst[STUDENT].copy()
    far[:, :20] += 3.0 * PRECISION_K + 1.0
    moved = WideScene(1, planted.scene, {**planted.lst, STUDENT: far}, 1)
    _, other = compare_at_stations(moved, stations)
    assert 0 < other.kept.sum() < other.kept.size
    assert other.score(kept=True).mae == pytest.approx(0.4, abs=1e-3)
    assert other.score(kept=False).mae > 1.0


@pytest.fixture
def small_charts() -> Iterator[None]:
    style = pytest.importorskip("akkd_core.figures.style")
    pytest.importorskip("matplotlib")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(style, "DPI", 40)
        yield


def _row(content: Content, title: str) -> dict[str, object]:
    table = content.tables[0]
    row = next(row for row in table.rows if row[0] == title)
    return dict(zip((column.title for column in table.columns), row, strict=True))


@pytest.mark.usefixtures("small_charts")
def test_items_put_the_papers_numbers_beside_ours(
    planted: WideScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = WideScene(2, planted.scene, planted.lst, 6144)
    both = {1: planted, 2: second}
    for module in (cross_validation, ground_validation):
        monkeypatch.setattr(
            module, "wide_scenes", lambda request, numbers, progress: [both[n] for n in numbers]
        )
    request = Request(seed=2, folder=Path("unused"))
    maps = cross_validation.fig15(request, SilentProgress())
    row = _row(maps, "small model 2")
    assert row["paper (MODIS): PCC"] == 0.777 and row["paper (MODIS): MAE, K"] == 2.345
    assert row["ours (truth): MAE, K"] == pytest.approx(1.0, abs=0.01)
    assert _row(maps, "student 2")["paper (MODIS): MAE, K"] == 1.666
    assert [image.name for image in maps.images] == ["", "scatter", "errors", "difference"]
    ground = ground_validation.fig16(request, SilentProgress())
    row = _row(ground, "Student 1")
    assert (row["paper (ground): PCC"], row["paper (ground): MAE, K"]) == (0.986, 1.315)
    assert row["ours (truth): MAE, K"] == pytest.approx(0.4, abs=0.01)
    assert row["N before"] == row["N after"]
    assert ground.headline["smi_2_mae_truth_k"] == pytest.approx(1.0, abs=0.01)
    for content in (maps, ground):
        assert all(image.png.startswith(b"\x89PNG") for image in content.images)
        assert "{" not in "".join((*content.description, *content.notes))
