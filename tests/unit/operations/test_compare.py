"""``akkd compare``: two rasters on any grids, with planted differences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from akkd_core.errors import AkkdError, InputError, OperationCancelled, ParameterError
from akkd_core.grid import Grid
from akkd_core.operations.compare import run
from akkd_core.progress import SilentProgress
from akkd_core.raster import create_cog, open_raster
from akkd_core.raster.projection import from_lonlat, to_lonlat
from akkd_core.raster.resampling import centres
from akkd_core.validation.raster_pairs import PairRules, compare_rasters
from akkd_core.validation.raster_places import RasterChoice

FINE = Grid(32650, (500000.0, 90.0, 0.0, 4400010.0, 0.0, -90.0), 60, 66)
SINUSOIDAL = (
    'PROJCS["Sinusoidal",GEOGCS["GCS_unnamed",DATUM["D_unnamed",SPHEROID["Sphere",6371007.181,0]],'
    'PRIMEM["Greenwich",0],UNIT["Degree",0.0174532925199433]],PROJECTION["Sinusoidal"],'
    'PARAMETER["longitude_of_center",0],PARAMETER["false_easting",0],'
    'PARAMETER["false_northing",0],UNIT["metre",1]]'
)


def field(x: Any, y: Any) -> NDArray[np.float64]:
    """Kelvin, linear over UTM zone 50, so that means and bilinear values are exact."""
    return 300.0 + (x - 503000.0) * 1e-3 + (y - 4397300.0) * 5e-4


def write(
    path: Path, grid: Grid, values: NDArray[Any], *, unit: str = "", wkt: str = "",
    names: tuple[str, ...] = (), dtype: str = "float32", nodata: float | None = float("nan"),
    tags: dict[str, str] | None = None,
) -> Path:  # fmt: skip
    bands = values if values.ndim == 3 else values[None]
    writer = create_cog(
        path, grid=grid, count=len(bands), dtype=dtype, nodata=nodata, tags=tags or {},
        descriptions=names or [""] * len(bands), units=[unit] * len(bands), crs_wkt=wkt,
    )  # fmt: skip
    writer.write(bands.astype(dtype), 0, 0)
    writer.commit()
    return path


def on(grid: Grid, wkt: str = "") -> NDArray[np.float64]:
    x, y = centres(grid)
    if wkt or grid.epsg != 32650:
        x, y = from_lonlat(32650, *to_lonlat(wkt or grid.epsg, x, y))
    return field(x, y)


def pair(a: Path, b: Path, rules: PairRules | None = None, **more: Any) -> Any:
    theirs = {k.removeprefix("reference_"): v for k, v in more.items() if "reference" in k}
    ours = {k: v for k, v in more.items() if "reference" not in k}
    return compare_rasters(RasterChoice(str(a), **ours), RasterChoice(str(b), **theirs), rules)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    values = on(FINE)
    values[:4, :6] = np.nan
    return write(tmp_path_factory.mktemp("ours") / "G_LST.tif", FINE, values, unit="K",
                 names=("LST",))  # fmt: skip


def test_the_same_grid(ours: Path, tmp_path: Path) -> None:
    theirs = on(FINE) - 1.5
    theirs[30, 20:25] = np.nan
    found = pair(ours, write(tmp_path / "b.tif", FINE, theirs, unit="K"))
    np.testing.assert_allclose(found.difference, 1.5, atol=1e-4)
    assert [(s.name, s.before, s.after) for s in found.filters] == [
        ("reference has a value", 60 * 66 - 24, 60 * 66 - 24 - 5)
    ]
    assert found.quantity == "LST" and found.unit == "K"
    assert (found.product, found.reference) == ("G_LST", "b")
    assert found.cluster.max() == 3 * 4 - 1
    lon, lat = to_lonlat(32650, 500045.0 + 90 * found.columns["col"][9], 4399965.0)
    assert found.columns["lon"][9] == pytest.approx(float(lon), abs=1e-6)
    assert found.columns["lat"][9] == pytest.approx(float(lat), abs=1e-6)


def test_a_finer_one_is_averaged_by_exact_area(ours: Path, tmp_path: Path) -> None:
    """Cells of 40 m, of which 90 m hold two and a quarter, with a checkerboard that cancels."""
    grid = Grid(32650, (499960.0, 40.0, 0.0, 4400050.0, 0.0, -40.0), 140, 152)
    theirs = on(grid)
    found = pair(ours, write(tmp_path / "b.tif", grid, theirs - 2.0, unit="K"))
    assert found.facts["resampling"].startswith("mean of the reference")
    assert found.facts["reference_pixels_in_a_pixel"] == "5.06"
    whole = (found.columns["row"] < 60) & (found.columns["col"] < 66)
    # the mean of cells' values by overlap is not quite the linear field's
    assert np.abs(found.difference - 2.0)[whole].max() < 0.01
    # one pixel by hand: its four whole cells and the strips around them
    row, col = 20, 30
    at = (found.columns["row"] == row) & (found.columns["col"] == col)
    left, top = (500000 + 90 * col - 499960) / 40, (4400050 - 4400010 + 90 * row) / 40
    weights = [
        np.clip(np.minimum(start + 2.25, np.arange(n) + 1) - np.maximum(start, np.arange(n)), 0, 1)
        for start, n in ((top, 140), (left, 152))
    ]
    by_hand = weights[0] @ (theirs - 2.0) @ weights[1] / 2.25**2
    assert found.values[at] == pytest.approx([by_hand], abs=2e-4)


def test_a_finer_one_with_gaps(ours: Path, tmp_path: Path) -> None:
    grid = Grid(32650, (500000.0, 30.0, 0.0, 4400010.0, 0.0, -30.0), 180, 198)
    theirs = on(grid)
    theirs[90:93, 60] = np.nan  # a third of a pixel
    path = write(tmp_path / "b.tif", grid, theirs, unit="K")
    found = pair(ours, path)
    assert found.estimate.size == 60 * 66 - 24 - 1
    assert found.filters[-1].name == "reference valid over 80 % of the pixel"
    relaxed = pair(ours, path, PairRules(valid_fraction=0.6))
    at = (relaxed.columns["row"] == 30) & (relaxed.columns["col"] == 20)
    # the mean of the two columns that are left lies half a cell to the east
    assert relaxed.difference[at] == pytest.approx([-0.015], abs=1e-3)


@pytest.mark.parametrize("system", ["utm 51", "lonlat", "sinusoidal"])
def test_another_coordinate_system(ours: Path, tmp_path: Path, system: str) -> None:
    wkt = SINUSOIDAL if system == "sinusoidal" else ""
    epsg = {"utm 51": 32651, "lonlat": 4326, "sinusoidal": 0}[system]
    size = 0.0008 if epsg == 4326 else 100.0
    x, y = (c[[0, -1]][:, [0, -1]] for c in centres(FINE))
    x, y = from_lonlat(wkt or epsg, *to_lonlat(32650, x, y))
    cols, rows = int(np.ptp(x) / size) + 12, int(np.ptp(y) / size) + 12
    grid = Grid(epsg, (x.min() - 5 * size, size, 0.0, y.max() + 5 * size, 0.0, -size), rows, cols)
    path = write(tmp_path / "b.tif", grid, on(grid, wkt) + 0.75, unit="K", wkt=wkt)
    found = pair(ours, path)
    np.testing.assert_allclose(found.difference, -0.75, atol=2e-3)
    assert found.estimate.size == 60 * 66 - 24
    back = pair(path, ours)
    assert back.metrics().bias == pytest.approx(0.75, abs=2e-3)
    assert back.maps is not None and back.maps.grid.epsg == epsg
    assert bool(back.maps.crs_wkt) == bool(wkt)
    # cropped to where they overlap
    assert back.maps.grid.rows < rows and back.maps.grid.cols < cols


@pytest.mark.parametrize("method", ["nearest", "bilinear", "mean"])
def test_a_coarse_one_in_celsius_counts(ours: Path, tmp_path: Path, method: str) -> None:
    """As MODIS's counts are: 0 is fill though the file doesn't say so."""
    grid = Grid(32650, (499000.0, 1000.0, 0.0, 4401000.0, 0.0, -1000.0), 7, 8)
    counts = np.round(on(grid) / 0.02).astype(np.uint16)
    counts[2, 3] = 0
    path = write(tmp_path / "m.tif", grid, counts, dtype="uint16", nodata=None)
    found = pair(ours, path, PairRules(resampling=method), reference_scale=0.02)
    hole = (found.columns["row"] == 14) & (found.columns["col"] == 27)
    assert not hole.any()
    tolerance = {"nearest": 0.8, "bilinear": 0.35, "mean": 0.8}[method]
    assert np.abs(found.difference).max() < tolerance
    assert abs(found.metrics().bias) < 0.02
    text = " ".join(found.notes)
    assert "tells no unit; its values fit K" in text and "times as large" in text


def test_units(ours: Path, tmp_path: Path) -> None:
    celsius = on(FINE) - 273.15 + 0.5
    told = write(tmp_path / "told.tif", FINE, celsius, unit="deg C")
    silent = write(tmp_path / "silent.tif", FINE, celsius)
    for path, more in ((told, {}), (silent, {}), (silent, {"reference_unit": "degC"})):
        found = pair(ours, path, **more)
        assert found.metrics().bias == pytest.approx(-0.5, abs=1e-4)
        assert found.unit == "K"
    with pytest.raises(InputError, match="no valid cell left"):
        pair(ours, silent, reference_unit="K")


def test_emissivity_of_a_band(tmp_path: Path) -> None:
    lse = np.stack([np.full(FINE.shape, 0.9 + 0.01 * band) for band in range(5)])
    lse += np.linspace(0, 0.02, 66)
    names = tuple(f"Emis{band}" for band in range(10, 15))
    a = write(tmp_path / "G_LSE.tif", FINE, lse, names=names)
    b = write(tmp_path / "H_LSE.tif", FINE, lse - 0.004, names=names)
    found = pair(a, b, band=4, reference_band=3)
    assert found.quantity == "Emis13" and found.unit == ""
    assert found.metrics().bias == pytest.approx(0.014, abs=1e-6)
    outcome = run(str(a), str(b), output=str(tmp_path / "out"), band=2, reference_band=2)
    assert (tmp_path / "out" / "G_LSE_LSE_minus_H_LSE.tif").is_file()
    assert outcome.data["comparisons"][0]["metrics"]["mae"] == pytest.approx(0.004, abs=1e-6)


def test_any_other_quantity_of_one_unit(tmp_path: Path) -> None:
    grid = FINE
    a = write(tmp_path / "a.tif", grid, on(grid) / 10, unit="kg m-2", names=("tcwv / up",))
    b = write(tmp_path / "b.tif", grid, on(grid) / 10 + 1, unit="kg m-2")
    found = pair(a, b)
    assert (found.quantity, found.unit) == ("tcwv_up", "kg m-2")
    assert found.metrics().bias == pytest.approx(-1, abs=1e-4)
    run(str(a), str(b), output=str(tmp_path / "out"))
    assert (tmp_path / "out" / "a_tcwv_up_minus_b.tif").is_file()


@pytest.fixture(scope="module")
def wrong(ours: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("wrong")
    far = FINE.window(500, 0, 60, 66)
    made = {
        "far": write(folder / "far.tif", far, on(far), unit="K"),
        "lse": write(folder / "lse.tif", FINE, np.full(FINE.shape, 0.97)),
        "counts": write(folder / "counts.tif", FINE, on(FINE) * 50),
        "index": write(folder / "index.tif", FINE, np.linspace(-1, 1, 66) * np.ones((60, 1))),
        "empty": write(folder / "empty.tif", FINE, np.full(FINE.shape, np.nan)),
        "none": write(folder / "none.tif", FINE, np.full(FINE.shape, np.nan), unit="K"),
        "text": folder / "text.tif",
        "absent": folder / "absent.tif",
    }
    made["text"].write_text("no raster")
    return made


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("far", r"far.tif: lies at latitude .* and doesn't overlap G_LST.tif at latitude"),
        ("lse", r"G_LST.tif is in K \(as told\), lse.tif is in 1 \(by its values\): different"),
        ("counts", "values around 14997.* fit neither K, degC nor an emissivity.*scale"),
        ("index", "fit neither"),
        ("empty", "tells no unit, and a sample of it holds no value"),
        ("none", "no valid cell left"),
        ("text", "can't be read as a raster"),
        ("absent", "no such file"),
    ],
)
def test_what_can_not_be_compared(
    ours: Path, wrong: dict[str, Path], tmp_path: Path, name: str, message: str
) -> None:
    with pytest.raises(AkkdError, match=message):
        run(str(ours), str(wrong[name]), output=str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_bands_and_values_out_of_range(ours: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no band 2. Give one of 1-1"):
        run(str(ours), str(ours), band=2, output=str(tmp_path / "out"))
    with pytest.raises(ParameterError, match="block"):
        run(str(ours), str(ours), block=0, output=str(tmp_path / "out"))


def test_report(ours: Path, tmp_path: Path) -> None:
    theirs = write(tmp_path / "theirs.tif", FINE, on(FINE) - 0.4, unit="K",
                   tags={"ACQUIRED_AT": "2019-07-04T03:00:00Z"})  # fmt: skip
    outcome = run(str(ours), str(theirs), json=str(tmp_path / "r.json"), block=10,
                  output=str(tmp_path / "out"))  # fmt: skip
    data = json.loads((tmp_path / "r.json").read_text())
    assert data == json.loads(json.dumps(dict(outcome.data)))
    one = data["comparisons"][0]
    assert one["metrics"]["bias"] == pytest.approx(0.4, abs=1e-4)
    assert one["intervals"]["bias"] == pytest.approx([0.4, 0.4], abs=1e-4)
    assert one["clusters"] == 6 * 7
    with open_raster(tmp_path / "out" / "G_LST_minus_theirs.tif") as raster:
        difference = raster.read(0, 0, *raster.shape)[0]
        assert raster.units == ("K",) and raster.grid == FINE
    assert np.isnan(difference[:4, :6]).all() and np.isfinite(difference).sum() == 60 * 66 - 24
    assert "<qgis" in (tmp_path / "out" / "G_LST_minus_theirs.qml").read_text()
    page = (tmp_path / "out" / "report.html").read_text()
    assert "akkd compare" in page and "--block 10" in page and "not truth" in page
    assert {Path(p).name for p in data["charts"]} >= {"maps_LST.png", "difference_LST.png"}
    with pytest.raises(ParameterError, match="exists"):
        run(str(ours), str(theirs), output=str(tmp_path / "out"))


def test_report_beside_the_raster(ours: Path, tmp_path: Path) -> None:
    a = write(tmp_path / "a.tif", FINE, on(FINE), unit="K")
    assert run(str(a), str(ours)).data["folder"] == str(tmp_path / "a_vs_G_LST")


def test_map_in_degrees_has_no_kilometres() -> None:
    from akkd_core.validation.comparison_charts import _extent

    part = slice(0, 10), slice(0, 10)
    assert _extent(Grid(4326, (116.0, 0.001, 0.0, 40.0, 0.0, -0.001), 10, 10), *part) is None
    assert _extent(FINE, *part) == (500000.0, 500900.0, 4399110.0, 4400010.0)


def test_many_stripes_and_cancel(
    ours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from akkd_core.validation import raster_pairs, raster_places

    grid = Grid(32650, (500000.0, 30.0, 0.0, 4400010.0, 0.0, -30.0), 180, 198)
    path = write(tmp_path / "b.tif", grid, on(grid), unit="K")
    whole = pair(ours, path)
    monkeypatch.setattr(raster_places, "_CELLS_AT_ONCE", 5000)
    striped = pair(ours, path)
    np.testing.assert_allclose(striped.values, whole.values, atol=1e-4)
    monkeypatch.setattr(raster_pairs, "MOST_PAIRS", 1000)
    thin = pair(ours, path)
    assert 800 < thin.estimate.size <= 1000 and thin.filters[-1].name.startswith("one in 2 rows")
    assert thin.maps is not None
    assert np.isfinite(thin.maps.difference).sum() == whole.estimate.size

    class Cancelled(SilentProgress):
        def cancelled(self) -> bool:
            return True

    with pytest.raises(OperationCancelled):
        run(str(ours), str(path), output=str(tmp_path / "out"), progress=Cancelled())
    assert not (tmp_path / "out").exists()
