"""Products against AST_08 and AST_05 on rotated grids: planted differences come back exactly."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from akkd_core.errors import InputError, ParameterError
from akkd_core.grid import Grid
from akkd_core.operations.validate_aster import run
from akkd_core.raster import create_cog
from akkd_core.raster.projection import from_lonlat, to_lonlat
from akkd_core.raster.resampling import centres
from akkd_core.readers.aster_l2_layout import find_products
from akkd_core.validation.aster_products import AsterRules, compare_with_aster
from akkd_core.validation.station_scenes import find_scenes
from tests.builders import aster_l2

WHEN = datetime(2019, 7, 4, 3, 15, 1, tzinfo=timezone.utc)
OURS = Grid(32650, (300000.0, 90.0, 0.0, 4400010.0, 0.0, -90.0), 80, 90)
ANGLE = math.radians(8.5)
COS, SIN = 90.0 * math.cos(ANGLE), 90.0 * math.sin(ANGLE)
ROTATED = Grid(32650, (298000.0, COS, SIN, 4400400.0, SIN, -COS), 120, 130)
BIAS_K = 0.7


def field(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Temperature at easting and northing of zone 50, K: 0.02 K a pixel at most."""
    return 300.0 + 2.0 * np.sin((x - 300000.0) / 9000.0) + (y - 4400000.0) / 9000.0


def ours(
    folder: Path, name: str = "G1", bias: float = BIAS_K, *, when: datetime = WHEN,
    model: str = "m",
) -> Path:  # fmt: skip
    """Product with LST, LSE and QC: a column of cloud, a row not produced, a corner without."""
    folder.mkdir(parents=True, exist_ok=True)
    lst = (LST + bias).astype(np.float32)
    lse = np.stack([0.9 + 0.01 * b + 0.0 * lst for b in range(5)]).astype(np.float32)
    qc = np.zeros(OURS.shape, np.uint16)
    qc[:, 40], qc[:, 41], qc[50, :], qc[60, :] = 2, 2 << 4, 3, 1
    tags = {"ACQUIRED_AT": when.isoformat().replace("+00:00", "Z"), "MODEL": model}
    for layer, data in (("LST", lst[None]), ("LSE", lse), ("QC", qc[None])):
        writer = create_cog(
            folder / f"{name}_{layer}.tif", grid=OURS, count=len(data), dtype=data.dtype.name,
            nodata=None, descriptions=["x"] * len(data), tags=tags,
        )  # fmt: skip
        writer.write(data, 0, 0)
        writer.commit()
    return folder


def reference(grid: Grid = ROTATED) -> NDArray[np.float64]:
    lon, lat = to_lonlat(grid.epsg, *centres(grid))
    return field(*from_lonlat(32650, lon, lat))[None]


def ast_05_values() -> NDArray[np.float64]:
    return np.stack([np.full(ROTATED.shape, 0.9 + 0.01 * b - 0.003) for b in range(5)])


def places() -> NDArray[np.intp]:
    """Row of the reference in which each pixel of ours with a temperature lies."""
    x, y = (c[np.isfinite(LST)] for c in centres(OURS))
    found = [ROTATED.rowcol(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    return np.floor(np.array(found)).astype(np.intp)[:, 0]


LST = field(*centres(OURS))
LST[:5, :5] = np.nan


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ours(tmp_path_factory.mktemp("ours"))


def quality() -> NDArray[np.uint8]:
    plane = np.zeros(ROTATED.shape, np.uint8)
    plane[30:40] = 0x10  # data quality
    plane[70:75] = 0x02  # cloud
    return plane


def test_temperature_v004(product: Path, tmp_path: Path) -> None:
    values = reference()
    values[:, 55:60] = np.nan
    aster_l2.write_v004(tmp_path, "AST_08", values, ROTATED, quality=quality())
    (found,) = compare_with_aster(find_scenes([product]), find_products([tmp_path]))
    # within half a pixel of place and half a count
    assert np.abs(found.difference - BIAS_K).max() < 0.02 + 0.05
    assert found.metrics().bias == pytest.approx(BIAS_K, abs=0.005)
    assert found.quantity == "LST" and found.reference.startswith("AST_08_004070420190315")
    names = [step.name for step in found.filters]
    assert names == [
        "acquired within 4 s", "AST_08 has a value", "AST_08: first QA plane is 0",
        "our QC: neither cloud nor unproduced",
    ]  # fmt: skip
    steps = found.filters
    assert steps[0].before == steps[0].after == 80 * 90 - 25
    row = places()
    gap, bad = (row >= 55) & (row < 60), quality()[row, 0] > 0
    assert steps[1].before - steps[1].after == gap.sum()
    assert steps[2].before - steps[2].after == (bad & ~gap).sum() > 1000
    row, col = found.columns["row"], found.columns["col"]
    assert not np.isin(col, (40, 41)).any() and not (row == 50).any() and (row == 60).any()
    assert found.maps is not None and found.maps.grid == OURS
    assert np.isfinite(found.maps.difference).sum() == found.estimate.size
    assert found.cluster.max() <= 4 * 5 - 1
    lon, lat = to_lonlat(32650, *(c[row[7], col[7]] for c in centres(OURS)))
    assert found.columns["lon"][7] == pytest.approx(float(lon), abs=1e-6)
    assert found.columns["lat"][7] == pytest.approx(float(lat), abs=1e-6)
    assert any("not corrected for terrain" in note for note in found.notes)


def test_places_are_exact(product: Path, tmp_path: Path) -> None:
    """The reference holds its own row and column: each pixel got the one around its centre."""
    row, col = np.mgrid[: ROTATED.rows, : ROTATED.cols]
    aster_l2.write_v004(tmp_path, "AST_08", (200.0 + row)[None], ROTATED)
    (found,) = compare_with_aster(find_scenes([product]), find_products([tmp_path]))
    x, y = (c[found.columns["row"], found.columns["col"]] for c in centres(OURS))
    expected = [ROTATED.rowcol(float(a), float(b))[0] for a, b in zip(x, y, strict=True)]
    assert found.values == pytest.approx(200.0 + np.floor(expected), abs=1e-4)


def test_other_zone_and_version_003(product: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyhdf")
    lon, lat = to_lonlat(32650, 298000.0, 4400900.0)
    x, y = from_lonlat(32649, lon, lat)
    # about as rotated as zone 50's north and the orbit's: it covers most of ours
    turn = math.radians(8.5 - 3.9)
    c, s = 90.0 * math.cos(turn), 90.0 * math.sin(turn)
    other = Grid(32649, (float(x), c, s, float(y), s, -c), 120, 130)
    path = aster_l2.write_v003(tmp_path / "a.hdf", "AST_08", reference(other), other)
    (found,) = compare_with_aster(find_scenes([product]), find_products([path]))
    assert found.estimate.size > 4000
    assert found.reference == "AST_08 a"
    assert found.metrics().bias == pytest.approx(BIAS_K, abs=0.01)
    assert found.metrics().robust_sd < 0.05


def test_emissivity_of_each_band(product: Path, tmp_path: Path) -> None:
    aster_l2.write_v004(tmp_path, "AST_05", ast_05_values(), ROTATED)
    found = compare_with_aster(find_scenes([product]), find_products([tmp_path]))
    assert [m.quantity for m in found] == ["Emis10", "Emis11", "Emis12", "Emis13", "Emis14"]
    assert {m.unit for m in found} == {""}
    for match_up in found:
        assert match_up.metrics().bias == pytest.approx(0.003, abs=1e-6)


def test_rules(product: Path, tmp_path: Path) -> None:
    aster_l2.write_v004(tmp_path, "AST_08", reference(), ROTATED, quality=quality())
    scenes, files = find_scenes([product]), find_products([tmp_path])

    def count(**changes: object) -> int:
        (found,) = compare_with_aster(scenes, files, AsterRules(**changes))  # type: ignore[arg-type]
        return found.estimate.size

    strict = count()
    assert count(qa="cloud") > strict + 500
    assert count(qa="none") > count(qa="cloud") + 200
    # row 60 is nominal; columns 40 and 41 are cloud, but for row 50, which was not produced
    row = places()
    own = np.stack(np.nonzero(np.isfinite(LST)))[:, quality()[row, 0] == 0]
    produced, clear = own[0] != 50, ~np.isin(own[1], (40, 41))
    assert strict == (produced & clear).sum()
    assert count(quality="good") == (produced & clear & (own[0] != 60)).sum() < strict
    assert count(quality="produced") == produced.sum() > strict
    (bilinear,) = compare_with_aster(scenes, files, AsterRules(resampling="bilinear"))
    assert strict - 450 < bilinear.estimate.size < strict
    assert np.abs(bilinear.difference - BIAS_K).max() < 0.06
    assert "so have all neighbours" in [step.name for step in bilinear.filters]


def test_several_products_on_the_same_pixels(product: Path, tmp_path: Path) -> None:
    other = ours(tmp_path / "other", bias=-0.3, model="student")
    (other / "G1_QC.tif").unlink()
    aster_l2.write_v004(tmp_path / "r", "AST_08", reference(), ROTATED)
    aster_l2.write_v004(tmp_path / "r", "AST_05", ast_05_values(), ROTATED)
    found = compare_with_aster(
        find_scenes([product, other]), find_products([tmp_path / "r"]), labels=("small", "student")
    )
    assert [(m.product, m.quantity) for m in found[:2]] == [("small", "LST"), ("student", "LST")]
    assert len(found) == 12
    assert found[0].columns["row"].tolist() == found[1].columns["row"].tolist()
    assert found[1].metrics().bias == pytest.approx(-0.3, abs=0.005)
    assert found[1].filters[-1].name == "in all 2 products"
    assert found[1].filters[-1].after < found[1].filters[-1].before


def test_other_times_are_refused_unless_asked(product: Path, tmp_path: Path) -> None:
    aster_l2.write_v004(
        tmp_path, "AST_08", reference(), ROTATED, when=WHEN + timedelta(seconds=9)
    )
    scenes, files = find_scenes([product]), find_products([tmp_path])
    with pytest.raises(InputError, match=r"G1: was acquired at 2019-07-04 03:15:01 .* 9 s "):
        compare_with_aster(scenes, files)
    (found,) = compare_with_aster(scenes, files, AsterRules(seconds=60.0))
    assert found.filters[0].name == "acquired within 60 s"


def test_the_latest_processing_is_taken(product: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyhdf")
    for made, shift in (("20200101000000", 5.0), ("20250101000000", 0.0)):
        aster_l2.write_v003(
            tmp_path / f"AST_08_00307042019031501_{made}_1.hdf", "AST_08",
            reference() + shift, ROTATED, when=WHEN,
        )  # fmt: skip
    (found,) = compare_with_aster(find_scenes([product]), find_products([tmp_path]))
    assert "20250101000000" in found.reference
    assert found.metrics().bias == pytest.approx(BIAS_K, abs=0.01)


def test_elsewhere_and_nothing_left(product: Path, tmp_path: Path) -> None:
    far = Grid(32650, (600000.0, COS, SIN, 4400400.0, SIN, -COS), 100, 110)
    aster_l2.write_v004(tmp_path / "far", "AST_08", np.full((1, *far.shape), 300.0), far)
    scenes = find_scenes([product])
    with pytest.raises(InputError, match=r"G1: doesn't overlap AST_08_004"):
        compare_with_aster(scenes, find_products([tmp_path / "far"]))
    aster_l2.write_v004(
        tmp_path / "bad", "AST_08", reference(), ROTATED,
        quality=np.full(ROTATED.shape, 0x10, np.uint8),
    )  # fmt: skip
    with pytest.raises(InputError, match=r"no valid cell left .*first QA plane is 0: 7\d\d\d to 0"):
        compare_with_aster(scenes, find_products([tmp_path / "bad"]))
    with pytest.raises(InputError, match="2 labels"):
        compare_with_aster(scenes, find_products([tmp_path / "bad"]), labels=("a", "b"))


def test_operation_writes_the_report(product: Path, tmp_path: Path) -> None:
    folder = ours(tmp_path / "scene_akkd")
    aster_l2.write_v004(tmp_path / "r", "AST_08", reference(), ROTATED)
    file = str(next((tmp_path / "r").glob("*_SKT.tif")))
    outcome = run([str(folder)], [file], qa="cloud")
    where = tmp_path / "scene_akkd_vs_AST_08"
    assert outcome.data["report"] == str(where / "report.html")
    assert [Path(path).name for path in outcome.data["differences"]] == ["G1_minus_AST_08.tif"]
    assert f"akkd validate aster {folder} --reference {file} --qa cloud" in (
        where / "metrics.json"
    ).read_text()
    (comparison,) = outcome.data["comparisons"]
    assert comparison["metrics"]["bias"] == pytest.approx(BIAS_K, abs=0.005)
    assert outcome.lines[0] == f"G1 against {comparison['reference']}, LST (K)"
    with pytest.raises(ParameterError, match="exists"):
        run([str(folder)], [file])
    with pytest.raises(ParameterError, match="seconds -1 s"):
        run([str(folder)], [file], seconds=-1.0)
    with pytest.raises(InputError, match="no AST_08 or AST_05 granule there"):
        run([str(folder)], [str(folder)], output=str(tmp_path / "x"))
    assert not (tmp_path / "x").exists()
