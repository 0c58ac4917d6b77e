"""``akkd validate truth -o``: the report beside the figures, and the same figures in both."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from akkd_core.errors import GridMismatchError, ParameterError
from akkd_core.operations import validate_truth
from akkd_core.raster import open_raster
from akkd_core.validation import truth_match_ups as module
from akkd_core.validation.truth import TRUTH_BANDS
from akkd_core.validation.truth_match_ups import truth_match_ups
from tests.unit.validation.test_truth import GRID, fields, product, write

SMALL = GRID.window(0, 0, 90, 80)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("truth")
    truth, found = fields(SMALL)
    return (
        product(folder / "G_akkd", found, SMALL),
        write(folder / "T.tif", truth, TRUTH_BANDS, SMALL),
    )


def test_report_and_figures_agree(example: tuple[Path, Path], tmp_path: Path) -> None:
    ours, truth = (str(path) for path in example)
    plain = validate_truth.run(ours, truth)
    outcome = validate_truth.run(ours, truth, output=str(tmp_path / "rep"))
    assert outcome.lines[: len(plain.lines)] == plain.lines
    assert outcome.lines[-1] == f"report: {tmp_path / 'rep' / 'report.html'}"
    assert {key: outcome.data[key] for key in plain.data} == plain.data
    scored = json.loads((tmp_path / "rep" / "metrics.json").read_text())["comparisons"]
    assert [one["quantity"] for one in scored] == list(TRUTH_BANDS)
    for one in scored:
        figures = plain.data["bands"][one["quantity"]]
        assert one["metrics"]["n"] == figures["n"] == 50 * 50
        assert one["metrics"]["mae"] == pytest.approx(figures["mae"], rel=1e-6)
        low, high = one["intervals"]["bias"]
        assert low <= figures["bias"] <= high
    with open_raster(tmp_path / "rep" / "G_minus_truth.tif") as raster:
        difference = raster.read(0, 0, *raster.shape)[0]
    true, found = fields(SMALL)
    np.testing.assert_allclose(difference, (found - true)[0], atol=1e-4)
    with pytest.raises(ParameterError, match="exists"):
        validate_truth.run(ours, truth, output=str(tmp_path / "rep"))
    share = plain.data["bands"]["LST"]["within_error"]
    assert f"{share:.1%} of the pixels" in (tmp_path / "rep" / "report.html").read_text()


def test_the_table_is_a_lattice_and_the_maps_are_whole(
    example: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_PIXELS", 700)
    found = truth_match_ups(*example)
    lst = found[0]
    rows, cols = lst.columns["row"], lst.columns["col"]
    assert (rows % 2 == 0).all() and (cols % 2 == 0).all() and rows.size == 25 * 25
    assert [(step.before, step.after) for step in lst.filters] == [
        (7200, 4000), (4000, 2500), (2500, 625),
    ]  # fmt: skip
    truth, values = fields(SMALL)
    for band, one in enumerate(found):
        np.testing.assert_array_equal(one.estimate, values[band][rows, cols])
        np.testing.assert_array_equal(one.values, truth[band][rows, cols])
    assert lst.maps is not None and np.isfinite(lst.maps.difference).sum() == 2500
    assert found[1].maps is None
    # 3 blocks of 32 rows, as many of columns, of which the first row of blocks has no truth
    assert len(np.unique(lst.cluster)) == 6
    assert lst.columns["lat"].max() < 39.8 and lst.columns["lon"].min() > 114.6


def test_nothing_is_written_for_another_granule(
    example: tuple[Path, Path], tmp_path: Path
) -> None:
    part = GRID.window(0, 0, 40, 80)
    other = write(tmp_path / "T.tif", fields(SMALL)[0][:, :40], TRUTH_BANDS, part)
    with pytest.raises(GridMismatchError, match="give the truth of this very granule"):
        truth_match_ups(example[0], other)
    with pytest.raises(GridMismatchError):
        validate_truth.run(str(example[0]), str(other), output=str(tmp_path / "rep"))
    assert not (tmp_path / "rep").exists()
