"""Products against truth: right figures window by window, and grids that must agree."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from akkd_core.errors import GranuleReadError, GridMismatchError, InputError, ParameterError
from akkd_core.grid import Grid
from akkd_core.operations import validate_truth
from akkd_core.raster import create_cog
from akkd_core.validation.metrics import metrics
from akkd_core.validation.truth import TRUTH_BANDS, compare_with_truth, find_scene_id

# more than one window each way, the last ones narrow
GRID = Grid(32650, (300000.0, 90.0, 0.0, 4400000.0, 0.0, -90.0), 530, 600)
EMISSIVITY_NAMES = TRUTH_BANDS[1:]


def write(
    path: Path, array: NDArray[np.float32], names: tuple[str, ...], grid: Grid = GRID
) -> Path:
    writer = create_cog(
        path,
        grid=grid,
        count=len(array),
        dtype="float32",
        nodata=float("nan"),
        descriptions=names,
        tags={},
    )
    writer.write(array, 0, 0)
    writer.commit()
    return path


def fields(grid: Grid = GRID) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Truth and product, (6, row, col), with fill in both."""
    rng = np.random.default_rng(6)
    shape = (grid.rows, grid.cols)
    truth = np.concatenate(
        [rng.normal(300.0, 8.0, (1, *shape)), rng.uniform(0.9, 0.99, (5, *shape))]
    ).astype(np.float32)
    found = truth.copy()
    found[0] += rng.normal(0.2, 0.7, shape).astype(np.float32)
    found[1:] += rng.normal(0.0, 0.012, (5, *shape)).astype(np.float32)
    truth[:, :40, :] = np.nan
    found[:, :, :30] = np.nan
    return truth, found


def product(
    folder: Path, found: NDArray[np.float32], grid: Grid = GRID, errors: bool = True
) -> Path:
    folder.mkdir(exist_ok=True)
    write(folder / "G_LST.tif", found[:1], ("LST",), grid)
    write(folder / "G_LSE.tif", found[1:], EMISSIVITY_NAMES, grid)
    if errors:
        sigma = np.full_like(found, 0.012)
        sigma[0] = 0.7
        write(folder / "G_LST_err.tif", sigma[:1], ("LST_err",), grid)
        names = tuple(f"{name}_err" for name in EMISSIVITY_NAMES)
        write(folder / "G_LSE_err.tif", sigma[1:], names, grid)
    return folder


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("truth")
    truth, found = fields()
    return product(folder / "G_akkd", found), write(folder / "T.tif", truth, TRUTH_BANDS)


def test_figures_are_those_of_the_whole_arrays(example: tuple[Path, Path]) -> None:
    report = compare_with_truth(*example)
    truth, found = fields()
    for band, name in enumerate(TRUTH_BANDS):
        expected, seen = metrics(found[band], truth[band]), report.metrics[name]
        for field in ("n", "bias", "mae", "rmse", "ubrmse", "pcc", "r2"):
            assert getattr(seen, field) == pytest.approx(getattr(expected, field), rel=1e-6)
        assert seen.robust_sd == pytest.approx(expected.robust_sd, abs=4e-3)
    assert report.metrics["LST"].n == 490 * 570
    assert report.retrieved_share == pytest.approx(570 / 600)
    assert report.lse_mae == pytest.approx(0.012 * np.sqrt(2 / np.pi), rel=0.01)


def test_share_within_the_expected_error(example: tuple[Path, Path]) -> None:
    within = compare_with_truth(*example).within_error
    assert within["Emis12"] == pytest.approx(0.683, abs=0.005)
    # bias 0.2 K beside a spread of 0.7 K
    assert within["LST"] == pytest.approx(0.655, abs=0.01)


def test_bands_of_the_truth_go_by_name(example: tuple[Path, Path], tmp_path: Path) -> None:
    truth, _ = fields()
    turned = write(tmp_path / "T2.tif", truth[::-1], TRUTH_BANDS[::-1])
    assert compare_with_truth(example[0], turned).metrics == compare_with_truth(*example).metrics


def test_a_product_without_errors(tmp_path: Path, example: tuple[Path, Path]) -> None:
    _, found = fields()
    report = compare_with_truth(product(tmp_path / "p", found, errors=False), example[1])
    assert report.within_error == {} and "-" in report.text()


@pytest.mark.parametrize(
    "grid",
    [
        Grid(32650, (300090.0, 90.0, 0.0, 4400000.0, 0.0, -90.0), 530, 600),
        Grid(32651, (300000.0, 90.0, 0.0, 4400000.0, 0.0, -90.0), 530, 600),
        Grid(32650, (300000.0, 90.0, 0.0, 4400000.0, 0.0, -90.0), 530, 599),
        Grid(32650, (300000.0, 90.001, 0.0, 4400000.0, 0.0, -90.0), 530, 600),
    ],
)
def test_other_grids_are_refused(
    grid: Grid, example: tuple[Path, Path], tmp_path: Path
) -> None:
    truth = write(tmp_path / "T.tif", fields(grid)[0], TRUTH_BANDS, grid)
    with pytest.raises(GridMismatchError, match=r"T\.tif.*give the truth of this very granule"):
        compare_with_truth(example[0], truth)


def test_wrong_files(example: tuple[Path, Path], tmp_path: Path) -> None:
    folder, truth = example
    with pytest.raises(InputError, match="lacks the band LST"):
        compare_with_truth(folder, folder / "G_LSE.tif")
    with pytest.raises(GranuleReadError, match="nothing"):
        compare_with_truth(folder, tmp_path / "nothing.tif")
    with pytest.raises(InputError, match="0 products"):
        compare_with_truth(tmp_path, truth)
    with pytest.raises(InputError, match="no product"):
        compare_with_truth(tmp_path / "absent", truth)


def test_finding_the_product(tmp_path: Path) -> None:
    for name in ("A_LST.tif", "B_LST.tif", "A_LST_err.tif"):
        (tmp_path / name).touch()
    with pytest.raises(InputError, match="2 products"):
        find_scene_id(tmp_path)
    assert find_scene_id(tmp_path / "B_LST.tif") == ("B", tmp_path)


def test_operation_writes_its_reports(example: tuple[Path, Path], tmp_path: Path) -> None:
    folder, truth = (str(path) for path in example)
    names = {"json": str(tmp_path / "r.json"), "csv": str(tmp_path / "r.csv")}
    outcome = validate_truth.run(folder, truth, **names)
    assert any(line.startswith("LST") for line in outcome.lines)
    data = json.loads(Path(names["json"]).read_text())
    assert data == json.loads(json.dumps(outcome.data))
    assert data["bands"]["LST"]["mae"] == pytest.approx(0.583, abs=0.01)
    with open(names["csv"], newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["band"] for row in rows] == list(TRUTH_BANDS)
    assert float(rows[0]["mae"]) == data["bands"]["LST"]["mae"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.csv", "r.json"]
    with pytest.raises(ParameterError, match="overwrite"):
        validate_truth.run(folder, truth, **names)
    validate_truth.run(folder, truth, overwrite=True, **names)
