"""``akkd tes`` as a Python function, on simulated granules whose truth is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from akkd_core.errors import (
    GranuleReadError,
    InputError,
    MissingDependencyError,
    ParameterError,
    UnsupportedGranuleError,
)
from akkd_core.grid import Grid
from akkd_core.inference.product import is_complete
from akkd_core.operations.info import describe
from akkd_core.operations.retrieve import retrieve
from akkd_core.operations.simulate import run_granule
from akkd_core.operations.tes import tes
from akkd_core.physics.planck import broadcast_band_radiance
from akkd_core.raster import open_raster
from akkd_core.simulation.atmospheres import AtmosphereTable, shipped_atmospheres
from akkd_core.validation.truth import TruthReport, compare_with_truth
from tests.builders import command

pytest.importorskip("pyhdf")
from tests.builders.ast_09t import counts, write_v003, write_v004  # noqa: E402


class Granule:
    """A simulated granule, its truth, and a table of its very air."""

    def __init__(self, folder: Path, tcwv: float, cover: str, nedt: float, seed: int) -> None:
        judge = shipped_atmospheres("judge")
        mild = judge.select(judge.air_temperature_k > 265)
        row = int(np.argmin(np.abs(mild.tcwv_kg_m2 - tcwv)))
        self.air: AtmosphereTable = mild.select(np.array([row]))
        self.table, self.path = folder / "air.csv", folder / "G.hdf"
        self.air.save_csv(self.table)
        run_granule(
            str(self.path), rows=110, cols=120, atmospheres=str(self.table), land_cover=cover,
            nedt=nedt, seed=seed,
        )  # fmt: skip
        self.truth = folder / "G_truth.tif"

    def judged(self, product: Path) -> TruthReport:
        return compare_with_truth(product, self.truth)

    def true_values(self) -> tuple[NDArray[np.float64], NDArray[np.float64], Grid]:
        with open_raster(self.truth) as raster:
            values = raster.read(0, 0, *raster.shape).astype(np.float64)
            assert raster.grid is not None
            return values[0], values[1:], raster.grid


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Granule:
    return Granule(tmp_path_factory.mktemp("crops"), 20.0, "crops", 0.3, 5)


@pytest.mark.parametrize(
    ("tcwv", "cover", "nedt", "lst_k", "lse"),
    [
        (5.0, "crops", 0.0, 0.6, 0.012),
        (20.0, "desert", 0.0, 0.9, 0.018),
        (40.0, "forest", 0.0, 0.7, 0.016),
        (5.0, "rock", 0.3, 1.1, 0.022),
        (20.0, "crops", 0.3, 1.1, 0.022),
    ],
)
def test_near_the_truth_with_the_true_atmosphere(
    tmp_path: Path, tcwv: float, cover: str, nedt: float, lst_k: float, lse: float
) -> None:
    granule = Granule(tmp_path, tcwv, cover, nedt, seed=11)
    tes(granule.path, tmp_path / "out", granule.table, nedt=nedt)
    report = granule.judged(tmp_path / "out")
    assert report.retrieved_share > 0.999
    assert report.metrics["LST"].mae < lst_k
    assert report.lse_mae < lse
    # and a wrong atmosphere would not do
    wet = granule.air.tcwv_kg_m2[0] + 15.0
    tes(granule.path, tmp_path / "wrong", f"tcwv={wet:g}", nedt=nedt)
    wrong = granule.judged(tmp_path / "wrong")
    assert wrong.metrics["LST"].mae > report.metrics["LST"].mae + 0.5


def test_product(crops: Granule, tmp_path: Path) -> None:
    (summary,) = tes(crops.path, tmp_path, crops.table, variant="product", nedt=0.2)
    assert (summary.scene_id, summary.status) == ("G", "written")
    names = {"G_LST.tif", "G_LSE.tif", "G_QC.tif", "G_preview.png", "G.json"}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert {path.name for path in summary.files} == names and is_complete("G", tmp_path)
    facts = json.loads((tmp_path / "G.json").read_text())["properties"]
    assert facts["akkd:method"] == "TES" and facts["akkd:variant"] == "product"
    assert facts["akkd:nedt_k"] == "0.2" and "akkd:model" not in facts
    assert facts["akkd:atmosphere"].startswith("air.csv, row 1 of 1 (ecmwf")
    assert facts["akkd:ancillary"]["tcwv_kg_m2"] == pytest.approx(crops.air.tcwv_kg_m2[0])
    for suffix in ("LST", "LSE", "QC"):
        with open_raster(tmp_path / f"G_{suffix}.tif") as raster:
            assert raster.tags["METHOD"] == "TES" and raster.tags["VARIANT"] == "product"
            assert raster.tags["ATMOSPHERE"] == facts["akkd:atmosphere"]
            assert "MODEL" not in raster.tags
    told = "\n".join(describe(tmp_path).lines)
    assert "method       TES" in told and "air.csv" in told and "model" not in told


def test_retrieved_names_the_bundle_and_takes_what_is_known(
    crops: Granule, tmp_path: Path
) -> None:
    model = command.bundle(tmp_path / "bundle")
    tes(crops.path, tmp_path / "out", model=model, tcwv=20.0, t_air=290.0)
    facts = json.loads((tmp_path / "out" / "G.json").read_text())["properties"]
    assert facts["akkd:atmosphere"] == "retrieved by arbitrary"
    assert facts["akkd:model"] == "arbitrary"
    assert len(facts["akkd:model_sha256"]) == 64
    assert facts["akkd:ancillary"] == {"tcwv_kg_m2": 20.0, "air_temperature_k": 290.0}


def test_shipped_bundle_and_typical_air_serve(crops: Granule, tmp_path: Path) -> None:
    tes(crops.path, tmp_path / "a")
    choice = f"tcwv={crops.air.tcwv_kg_m2[0]:g}"
    tes(crops.path, tmp_path / "b", choice, t_air=float(crops.air.air_temperature_k[0]))
    tes(crops.path, tmp_path / "c", choice)
    tes(crops.path, tmp_path / "d", crops.table)
    retrieved, typical, by_warmth, true = (
        crops.judged(tmp_path / name).metrics["LST"].mae for name in "abcd"
    )
    assert true < 1.1 and retrieved < 2.5 and typical < 2.6
    # this ground is 14 K colder than its air, which its warmth can't tell
    assert by_warmth > typical + 1.0


def test_row_of_a_table(crops: Granule, tmp_path: Path) -> None:
    judge = shipped_atmospheres("judge")
    judge.select(np.array([3, 40, 80, 120])).save_npz(tmp_path / "air.npz")
    with pytest.raises(ParameterError, match="4 atmospheres.*--tcwv"):
        tes(crops.path, tmp_path / "out", tmp_path / "air.npz")
    wanted = float(judge.tcwv_kg_m2[80])
    tes(crops.path, tmp_path / "out", tmp_path / "air.npz", tcwv=wanted + 0.1)
    facts = json.loads((tmp_path / "out" / "G.json").read_text())["properties"]
    assert "row 3 of 4" in facts["akkd:atmosphere"]


def test_reference_profile(crops: Granule, tmp_path: Path) -> None:
    try:
        tes(crops.path, tmp_path, "midlatitude-summer", elevation=500.0)
    except MissingDependencyError as error:
        pytest.skip(str(error))
    facts = json.loads((tmp_path / "G.json").read_text())["properties"]
    assert facts["akkd:atmosphere"] == "profile midlatitude-summer from 500 m up, by LOWTRAN7"
    # 29.1 kg m-2 from sea level
    assert 22.0 < facts["akkd:ancillary"]["tcwv_kg_m2"] < 27.0


def test_without_the_simulation_extra(
    crops: Granule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "joseki", None)
    with pytest.raises(MissingDependencyError, match=r"akkd\[simulate\]"):
        tes(crops.path, tmp_path, "tropical")
    assert not is_complete("G", tmp_path)


@pytest.mark.parametrize("layout", ["v003", "v004"])
def test_ast_09t_gives_what_the_table_gives(crops: Granule, tmp_path: Path, layout: str) -> None:
    """To rounding: the product's counts are steps of 0.05 K, and lie on the scene's grid here."""
    lst, lse, grid = crops.true_values()
    with open_raster(crops.truth) as raster:
        assert raster.grid == grid
    from akkd_core.calibration import Calibration
    from akkd_core.readers import open_scene

    scene = open_scene(crops.path)
    radiance = Calibration.for_scene(scene.metadata).radiance(scene.dn)
    tau, path, sky = (
        np.asarray(part[0], dtype=np.float64)[:, None, None]
        for part in (
            crops.air.transmittance, crops.air.path_radiance, crops.air.downwelling_radiance,
        )
    )  # fmt: skip
    stored = counts((radiance - path) / tau, sky * np.ones_like(radiance), milli=True)
    if layout == "v003":
        product = write_v003(tmp_path / "AST_09T_X.hdf", stored, grid)
    else:
        product = write_v004(tmp_path, stored, grid)
    tes(crops.path, tmp_path / "a", product)
    tes(crops.path, tmp_path / "b", crops.table)
    found = []
    for name in "ab":
        with open_raster(tmp_path / name / "G_LST.tif") as raster:
            found.append(raster.read(0, 0, *raster.shape)[0])
    difference = np.abs(found[0] - found[1])
    assert np.array_equal(np.isfinite(found[0]), np.isfinite(found[1]))
    # but for pixels that rounding takes over one of NEM's thresholds
    assert np.nanquantile(difference, 0.995) < 0.1 and np.nanmean(difference) < 0.02
    facts = json.loads((tmp_path / "a" / "G.json").read_text())["properties"]
    assert facts["akkd:atmosphere"].startswith("AST_09T AST_09T_")


def test_ast_09t_on_its_rotated_grid(crops: Granule, tmp_path: Path) -> None:
    """Counts of its own, half a kelvin coarser in place, still give the ground's temperature."""
    lst, lse, grid = crops.true_values()
    x0, _, _, y0, _, _ = grid.geotransform
    turned = Grid(grid.epsg, (x0 + 1500.0, 89.0, 13.3, y0 - 3000.0, 13.3, -89.0), 80, 90)
    ground = lse * broadcast_band_radiance(lst) + (1 - lse) * np.asarray(
        crops.air.downwelling_radiance[0]
    )[:, None, None]
    row, col = np.mgrid[: turned.rows, : turned.cols] + 0.5
    x, y = turned.xy(0, 0)
    _, a, b, _, d, e = turned.geotransform
    at_row, at_col = grid.rowcol(x + a * col + b * row, y + d * col + e * row)  # type: ignore[arg-type]
    r = np.clip(np.floor(at_row).astype(int), 0, grid.rows - 1)
    c = np.clip(np.floor(at_col).astype(int), 0, grid.cols - 1)
    sky = np.asarray(crops.air.downwelling_radiance[0])[:, None, None] * np.ones((5, 80, 90))
    path = write_v003(tmp_path / "AST_09T_R.hdf", counts(ground[:, r, c], sky), turned)
    tes(crops.path, tmp_path / "out", path, nedt=0.0)
    report = crops.judged(tmp_path / "out")
    assert 0.3 < report.retrieved_share < 0.9
    assert report.metrics["LST"].mae < 1.2


def test_skips_and_never_mistakes_another_methods_product(
    crops: Granule, tmp_path: Path
) -> None:
    model = command.bundle(tmp_path / "bundle")
    assert tes(crops.path, tmp_path / "a", crops.table)[0].status == "written"
    assert tes(crops.path, tmp_path / "a", crops.table)[0].status == "skipped"
    with pytest.raises(ParameterError, match="method TES, not network"):
        retrieve(crops.path, tmp_path / "a", model)
    retrieve(crops.path, tmp_path / "b", model)
    with pytest.raises(ParameterError, match="method network, not TES.*--overwrite"):
        tes(crops.path, tmp_path / "b", crops.table)
    assert (tmp_path / "b" / "G_LST_err.tif").exists()
    tes(crops.path, tmp_path / "b", crops.table, overwrite=True)
    # no error layers of the earlier product stay beside temperatures that aren't theirs
    assert not (tmp_path / "b" / "G_LST_err.tif").exists() and is_complete("G", tmp_path / "b")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"atmosphere": "nowhere"}, ParameterError, "no such file, nor a choice"),
        ({"atmosphere": "tcwv=much"}, GranuleReadError, "much"),
        ({"atmosphere": "tcwv=900"}, ParameterError, "0-120 kg m-2"),
        ({"atmosphere": "tcwv=9", "tcwv": 3.0}, ParameterError, "--tcwv: tells nothing"),
        ({"atmosphere": "tropical", "t_air": 290.0}, ParameterError, "--t-air: tells nothing"),
        ({"elevation": 100.0}, ParameterError, "--elevation: tells nothing"),
        ({"atmosphere": "tropical", "model": "b"}, ParameterError, "--model: tells nothing"),
        ({"variant": "mine"}, ParameterError, "standard, product, paper"),
        ({"nedt": -1.0}, ParameterError, "nedt"),
        ({"tile_size": 3}, ParameterError, "64-8192"),
        ({"gain_offset": "absent.csv"}, ParameterError, "absent.csv"),
    ],
)
def test_refused_before_any_scene(
    crops: Granule, tmp_path: Path, options: dict[str, object], error: type, message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        tes(crops.path, tmp_path / "out", **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_refused_files(crops: Granule, tmp_path: Path, repo_root: Path) -> None:
    (tmp_path / "air.csv").write_text("profile,tcwv_kg_m2\n")
    with pytest.raises(InputError, match=r"air\.csv"):
        tes(crops.path, tmp_path / "out", tmp_path / "air.csv")
    with pytest.raises(UnsupportedGranuleError, match="not AST_09T"):
        tes(crops.path, tmp_path / "out", crops.path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(UnsupportedGranuleError, match="without AST_09T"):
        tes(crops.path, tmp_path / "out", tmp_path / "folder")
    pixel_only = repo_root / "benchmarks" / "bundles" / "pixel-only"
    with pytest.raises(ParameterError, match="predicts no atmosphere"):
        tes(crops.path, tmp_path / "out", model=pixel_only)


def test_ast_09t_of_another_day(crops: Granule, tmp_path: Path) -> None:
    _, _, grid = crops.true_values()
    stored = np.full((10, *grid.shape), 9000, dtype=np.int16)
    first = write_v004(tmp_path, stored, grid, "AST_09T_00407052019031500_20250409092553")
    with pytest.raises(InputError, match="2019-07-05.*2019-07-04"):
        tes(crops.path, tmp_path / "out", first)
