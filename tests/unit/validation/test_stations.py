"""Products against stations: what was planted comes back, and filters count what they take."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from akkd_core.errors import InputError, ParameterError
from akkd_core.grid import Grid
from akkd_core.images import Scene
from akkd_core.inference.layers import LAYERS, LAYERS_WITHOUT_ERRORS
from akkd_core.inference.product import write_product
from akkd_core.inference.tile import RetrievalTile
from akkd_core.quality import qc_field
from akkd_core.raster import create_cog, open_raster
from akkd_core.raster.projection import to_lonlat
from akkd_core.readers.stations import StationSeries, read_stations
from akkd_core.validation.ground_temperature import broadband_emissivity, longwave_temperature
from akkd_core.validation.match_up import MatchUp
from akkd_core.validation.station_scenes import find_scenes, slope_deg
from akkd_core.validation.stations import (
    WITHIN_3_SIGMA,
    StationRules,
    compare_with_stations,
    measured_at,
)
from tests.builders.products import PROVENANCE, empty_scene

WHEN = datetime(2019, 7, 4, 3, 14, 30, tzinfo=timezone.utc)
SIDE = 24
LSE = (0.91, 0.92, 0.93, 0.96, 0.97)
CLOUDY = int(qc_field("cloud").encode(np.array([2]))[0])


def at(row: float, col: float, grid: Grid) -> tuple[float, float]:
    lon, lat = to_lonlat(grid.epsg, *grid.xy(row + 0.5, col + 0.5))
    return float(lat), float(lon)


def scene_of(
    name: str = "G1", when: datetime = WHEN, epsg: int = 32650, x: float = 300000.0,
    y: float = 4400000.0,
) -> Scene:  # fmt: skip
    scene = empty_scene(SIDE, SIDE, name, epsg, x)
    grid = Grid(epsg, (x, 90.0, 0.0, y, 0.0, -90.0), SIDE, SIDE)
    return Scene(scene.source, grid, replace(scene.metadata, acquired_at=when))


def write(
    folder: Path,
    scene: Scene,
    lst: NDArray[np.float32],
    *,
    model: str = "small model",
    sha: str = "ab" * 32,
    qc: NDArray[np.uint16] | None = None,
    error: float | None = 0.8,
) -> Path:
    shape = scene.grid.shape
    full = None if error is None else np.full(shape, error, dtype=np.float32)
    lse = np.broadcast_to(np.float32(LSE)[:, None, None], (5, *shape)).copy()
    quality = np.zeros(shape, dtype=np.uint16) if qc is None else qc
    tile = RetrievalTile(
        0, 0, lst, full, lse, None if full is None else np.full_like(lse, 0.01), quality
    )
    write_product(
        [tile], scene, folder=folder,
        provenance=replace(PROVENANCE, model_name=model, model_sha256=sha),
        layers=LAYERS if error is not None else LAYERS_WITHOUT_ERRORS,
    )  # fmt: skip
    return folder


def series(
    name: str, place: tuple[float, float], minutes: tuple[float, ...], **values: object
) -> StationSeries:
    start = np.datetime64(WHEN.replace(tzinfo=None), "ms")
    times = np.array([start + np.timedelta64(int(m * 60_000), "ms") for m in minutes])
    found = {
        key: np.broadcast_to(np.asarray(values.get(key, np.nan), float), times.shape).copy()
        for key in ("lst_k", "longwave_up", "longwave_down", "emissivity")
    }
    return StationSeries(name, *place, times, **found)


def flat(value: float) -> NDArray[np.float32]:
    return np.full((SIDE, SIDE), value, dtype=np.float32)


def compare(
    products: list[Path], stations: list[StationSeries], **rules: object
) -> tuple[MatchUp, ...]:
    return compare_with_stations(find_scenes(products), stations, StationRules(**rules))  # type: ignore[arg-type]


def test_the_planted_bias_comes_back(tmp_path: Path) -> None:
    scene = scene_of()
    lst = flat(300.0)
    lst[5, 7] = 304.0
    product = write(tmp_path / "p", scene, lst)
    place = at(5, 7, scene.grid)
    station = series("A", place, (-0.5, 0.5), longwave_up=(455.0, 457.0), longwave_down=330.0)
    (one,) = compare([product], [station], emissivity=0.97, max_spread_k=3.0)
    truth = float(longwave_temperature(456.0, 330.0, 0.97))
    assert one.values[0] == pytest.approx(truth, abs=1e-6)
    assert one.estimate[0] == pytest.approx(304.0, abs=1e-4)
    assert one.metrics().bias == pytest.approx(304.0 - truth, abs=1e-3)
    assert (one.columns["row"][0], one.columns["col"][0]) == (5, 7)
    # one pixel of nine is 4 K warmer: SD 4 / 3
    assert one.columns["window_sd_k"][0] == pytest.approx(4.0 / 3.0, abs=1e-5)
    assert one.columns["lst_err_k"][0] == pytest.approx(0.8)
    assert (one.product, one.reference, one.quantity) == ("small model", "station A", "LST")
    assert one.times is not None and one.times[0] == np.datetime64("2019-07-04T03:14:30.000")
    (mean,) = compare([product], [station], emissivity=0.97, max_spread_k=3.0, window="3x3")
    assert mean.estimate[0] == pytest.approx(300.0 + 4.0 / 9.0, abs=1e-4)


def test_where_emissivity_comes_from(tmp_path: Path) -> None:
    scene = scene_of()
    product = write(tmp_path / "p", scene, flat(300.0))
    fluxes = {"longwave_up": 456.0, "longwave_down": 330.0}
    place = at(10, 10, scene.grid)
    own = series("own", place, (0.0,), **fluxes, emissivity=0.95)
    none = series("none", place, (0.0,), **fluxes)
    direct = series("direct", place, (0.0,), lst_k=299.0, **fluxes)
    (one,) = compare([product], [own, none, direct])
    broadband = float(broadband_emissivity(LSE))
    assert list(one.columns["emissivity_from"]) == ["station", "product's LSE", "not needed"]
    np.testing.assert_allclose(one.columns["emissivity"][:2], [0.95, broadband], atol=1e-6)
    expected = [float(longwave_temperature(456.0, 330.0, e)) for e in (0.95, broadband)] + [299.0]
    np.testing.assert_allclose(one.values, expected, atol=1e-4)
    assert any("Cheng et al. 2013" in note for note in one.notes)
    (given,) = compare([product], [own, none, direct], emissivity=0.99)
    assert list(given.columns["emissivity_from"]) == ["option", "option", "not needed"]


def test_interpolation_in_time_and_its_limit() -> None:
    one = series("A", (39.0, 115.0), (-4.0, 6.0), lst_k=(300.0, 310.0))
    assert measured_at(one, WHEN, 7.0).lst_k == pytest.approx(304.0)
    found = measured_at(one, WHEN, 5.0)  # only the earlier is near enough
    assert (found.lst_k, found.offset_min) == (300.0, -4.0)
    assert np.isnan(measured_at(one, WHEN, 3.0).lst_k)
    # of longwave pairs only whole ones count, on both sides
    gap = series("B", (39.0, 115.0), (-2.0, -1.0, 2.0), longwave_up=(400.0, np.nan, 440.0),
                 longwave_down=300.0)  # fmt: skip
    assert measured_at(gap, WHEN, 5.0).longwave_up == pytest.approx(420.0)


def test_filters_count_what_they_take(tmp_path: Path) -> None:
    scene = scene_of()
    lst = flat(300.0)
    lst[3, 3] = np.nan
    lst[15, 15] = 312.0
    qc = np.zeros((SIDE, SIDE), dtype=np.uint16)
    qc[9, 18] = CLOUDY  # beside the station
    product = write(tmp_path / "p", scene, lst, qc=qc)
    dem = tmp_path / "dem.tif"
    # 30 m cells that rise by 0.2 a metre to the east from column 19 of the product on
    grid = Grid(32650, (299000.0, 30.0, 0.0, 4401000.0, 0.0, -30.0), 140, 140)
    x = 299000.0 + 30.0 * (np.arange(140) + 0.5)
    rise = np.maximum(x - (300000.0 + 19 * 90.0), 0.0) * 0.2
    with_slope = np.broadcast_to(rise, (140, 140)).astype(np.float32)
    writer = create_cog(
        dem, grid=grid, count=1, dtype="float32", nodata=-9999.0, descriptions=("z",), tags={}
    )
    writer.write(with_slope[None], 0, 0)
    writer.commit()
    names = {
        "far": (400, 400), "late": (20, 4), "fill": (3, 3), "cloud": (8, 17),
        "steep": (12, 21), "mixed": (14, 14), "good": (20, 10),
    }  # fmt: skip
    stations = [
        series(name, at(*place, scene.grid), (30.0 if name == "late" else 1.0,), lst_k=299.0)
        for name, place in names.items()
    ]
    (one,) = compare([product], stations, elevation=str(dem))
    assert [(step.before, step.after) for step in one.filters] == [
        (7, 6), (6, 5), (5, 4), (4, 4), (4, 3), (3, 2), (2, 1),
    ]  # fmt: skip
    assert list(one.columns["station"]) == ["good"]
    assert one.columns["slope_deg"][0] == pytest.approx(0.0, abs=1e-3)
    with open_raster(dem) as raster:
        assert slope_deg(raster, scene.grid, 12, 21) == pytest.approx(11.31, abs=0.02)
        assert np.isnan(slope_deg(raster, scene.grid, 12, 400))
    with pytest.raises(InputError, match="station inside the scene: 1 to 0"):
        compare([product], stations[:1])


def test_three_sigma_keeps_metrics_before_and_after(tmp_path: Path) -> None:
    scene = scene_of()
    product = write(tmp_path / "p", scene, flat(300.0), error=0.5)
    values = (300.2, 299.6, 301.6, 300.0)
    stations = [
        series(f"S{i}", at(4 + 4 * i, 10, scene.grid), (0.0,), lst_k=value)
        for i, value in enumerate(values)
    ]
    (own,) = compare([product], stations)
    assert own.metrics().n == 4 and own.metrics().mae == pytest.approx(0.55, abs=1e-4)
    assert own.metrics(WITHIN_3_SIGMA).n == 3
    assert own.metrics(WITHIN_3_SIGMA).mae == pytest.approx(0.2, abs=1e-4)
    assert any("drops 1 of 4" in note for note in own.notes)
    (wide,) = compare([product], stations, precision_k=0.6)
    assert wide.metrics(WITHIN_3_SIGMA).n == 4
    np.testing.assert_allclose(wide.columns["three_sigma_k"], 1.8)
    (narrow,) = compare([product], stations[2:3], precision_k=0.1)
    assert not narrow.subsets and any("nothing would be left" in note for note in narrow.notes)
    bare = write(tmp_path / "bare", scene, flat(300.0), error=None)
    (without,) = compare([bare], stations)
    assert not without.subsets and any("Give --precision" in note for note in without.notes)


def test_scenes_of_one_model_are_judged_together(tmp_path: Path) -> None:
    first, second = scene_of("G1"), scene_of("G2")
    small = [
        write(tmp_path / f"{scene.metadata.granule_id}_s", scene, flat(301.0))
        for scene in (first, second)
    ]
    student = write(tmp_path / "student", first, flat(300.5), model="student", sha="cd" * 32)
    write(tmp_path / "student", second, flat(300.5), model="student", sha="cd" * 32)
    station = series("A", at(10, 10, first.grid), (0.0,), lst_k=300.0)
    found = compare([*small, student, student / "G1_LST.tif"], [station])
    assert [(one.product, one.metrics().n) for one in found] == [("small model", 2), ("student", 2)]
    assert [round(one.metrics().bias, 3) for one in found] == [1.0, 0.5]
    other = write(tmp_path / "other", first, flat(300.1), sha="ef" * 32)
    labels = [scene.label for scene in find_scenes([small[0], other])]
    assert labels == ["small model abababab", "small model efefefef"]


def test_bad_input_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no product"):
        find_scenes([tmp_path])
    for rules, message in (
        ({"window": "5x5"}, "window '5x5'"),
        ({"emissivity": 1.5}, "emissivity 1.5"),
        ({"max_spread_k": 0.0}, "max_spread_k 0"),
        ({"precision_k": -1.0}, "precision_k -1"),
    ):
        with pytest.raises(ParameterError, match=message):
            StationRules(**rules)  # type: ignore[arg-type]


@pytest.mark.shared_data
def test_real_day_of_alamosa(tmp_path: Path, shared_data: Path) -> None:
    """251.6-278.5 K at emissivity 0.98, in Colorado; a planted product gives its bias."""
    pytest.importorskip("pvlib")
    (station,) = read_stations([shared_data / "ground" / "surfrad-slv16001.dat"])
    day = longwave_temperature(station.longwave_up, station.longwave_down, 0.98)
    assert day.min() == pytest.approx(251.58, abs=0.01)
    assert day.max() == pytest.approx(278.49, abs=0.01)
    moments = [
        datetime(2016, 1, 1, hour, 10, 30, tzinfo=timezone.utc) for hour in (5, 11, 15, 18, 21)
    ]
    minutes = (station.times - np.datetime64("2016-01-01")) / np.timedelta64(60_000, "ms")
    planted = (1.0, -0.4, 0.3, 0.8, 0.5)
    folders = []
    for moment, error in zip(moments, planted, strict=True):
        # UTM 13 N: Alamosa at 37.70 N, 105.92 W lies near 418.9 km, 4173.0 km
        scene = scene_of(f"G{moment.hour}", moment, 32613, 418000.0, 4174000.0)
        truth = np.interp(moment.hour * 60 + 10.5, minutes.astype(float), day)
        folders.append(write(tmp_path / f"G{moment.hour}", scene, flat(truth + error)))
    (one,) = compare(folders, [station], emissivity=0.98)
    assert one.metrics().n == 5
    np.testing.assert_allclose(one.difference, planted, atol=2e-3)
    assert one.metrics().bias == pytest.approx(np.mean(planted), abs=1e-3)
    assert (one.columns["longitude"] == -105.92).all()
    assert one.values.min() >= 251.6 and one.values.max() <= 278.5
    # the same file read as if it stood in China: nothing lies in these scenes
    east = replace(station, longitude=105.92)
    with pytest.raises(InputError, match="station inside the scene: 5 to 0"):
        compare(folders, [east], emissivity=0.98)
