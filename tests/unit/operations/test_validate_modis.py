"""akkd validate modis: the report's files and labels; bad input in one line, nothing left."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.transform
from click.testing import CliRunner, Result

from tests.builders import command  # noqa: F401  (makes akkd_cli importable)

pytest.importorskip("pyhdf")

from akkd_cli.main import cli  # noqa: E402  isort: skip
from tests.builders.layers import write_layers  # noqa: E402
from tests.builders.modis import Tile, write_tile  # noqa: E402
from tests.builders.modis_scene import pixels_over, planted_error  # noqa: E402

TILE = Tile(left=-4125000.0, top=-829000.0, rows=36, cols=40)
WHEN = datetime(2019, 11, 1, 12, 53, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modis")
    row, col = np.indices((36, 40))
    counts = np.rint(15500 + 100 * np.sin(row / 5.0) * np.cos(col / 7.0)).astype(np.uint16)
    seen = np.full(counts.shape, 104, np.uint8)
    name = "MOD11A1.A2019305.h14v09.061.2019306084028.hdf"
    fields = {"LST_Day_1km": counts, "Day_view_time": seen}
    write_tile(folder / name, "2019-11-01", TILE, **fields)
    write_tile(folder / "MYD11A1.hdf", "2019-11-01", TILE, "MYD11A1", **fields)
    pixels = pixels_over(TILE, 120, 130)
    for label, factor in (("small", 1.0), ("student", 0.3)):
        lst = pixels.fine(counts * 0.02 + factor * planted_error(row, col))
        with rasterio.open(
            folder / "plain.tif", "w", driver="GTiff", height=8, width=9, count=1,
            dtype="float32", crs="EPSG:4326",
            transform=rasterio.transform.Affine(0.01, 0, -37.3, 0, -0.01, -7.5),
        ) as file:  # fmt: skip
            file.write(np.full((1, 8, 9), 310.0, np.float32))
        write_layers(folder / label, "G1", pixels.grid, WHEN, lst, model=f"{label} model")
    return folder


def akkd(*words: str | Path) -> Result:
    return CliRunner().invoke(
        cli, ["validate", "modis", *map(str, words), "--progress", "none"], catch_exceptions=False
    )


def reference(files: Path) -> Path:
    return next(files.glob("MOD11A1*.hdf"))


def test_report_of_two_products(files: Path, tmp_path: Path) -> None:
    out, numbers = tmp_path / "report", tmp_path / "n.json"
    result = akkd(
        files / "small", files / "student", "--reference", reference(files), "-o", out,
        "--json", numbers, "--label", "small model", "--label", "student",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "small model against MOD11A1" in result.output
    assert "view time within 30 min of the scene" in result.output
    names = {path.name for path in out.iterdir()}
    assert {"report.html", "metrics.json", "match_ups.csv"} <= names
    assert {"small_model_minus_MOD11A1.tif", "student_minus_MOD11A1.tif"} <= names
    data = json.loads(numbers.read_text())
    first, second = data["comparisons"]
    with (out / "match_ups.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["product"] == "student"]
    expected = 0.3 * planted_error(
        np.array([int(row["row"]) for row in rows]), np.array([int(row["col"]) for row in rows])
    )
    assert len(rows) > 80
    found = np.array([float(row["difference"]) for row in rows])
    assert found.mean() == pytest.approx(expected.mean(), abs=0.02)
    assert first["metrics"]["n"] == second["metrics"]["n"] == len(rows)
    assert first["metrics"]["mae"] > second["metrics"]["mae"]
    html = (out / "report.html").read_text(encoding="utf-8")
    for text in ("Norman and Becker 1995", "too cold over bare arid ground", "2019-11-01",
                 "scene valid over 80 % of the cell", "exact area of overlap"):  # fmt: skip
        assert text in html
    again = akkd(files / "small", "--reference", reference(files), "-o", out)
    assert again.exit_code == 2 and "--overwrite" in again.output


def test_default_folder(files: Path) -> None:
    result = akkd(files / "small", "--reference", reference(files))
    assert result.exit_code == 0, result.output
    assert (files / "small_vs_MOD11A1" / "report.html").is_file()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--reference", "{files}/MYD11A1.hdf"], "MYD11A1 is Aqua's"),
        (["--minutes", "0"], "no valid cell left"),
        (["--reference", "{files}/small/G1_LST.tif"], "is a product of AKKD, not of MODIS"),
        (["--reference", "{files}/plain.tif", "--reference-date", "1.11.2019"], "no date"),
        (["--reference", "{files}/plain.tif", "--reference-date", "2019-11-02"],
         "is of 2019-11-02, the scene G1 of 2019-11-01"),
        (["--reference", "{files}/plain.tif", "--reference", "{files}/MYD11A1.hdf",
          "--reference-date", "2019-11-01"], "tells its product, day and quality itself"),
        (["--reference", "{files}/plain.tif", "--reference", "{files}/plain.tif"], "twice"),
        (["--reference", "{files}/plain.tif", "--reference", "{files}/MYD11A1.hdf",
          "--reference-qc", "{files}/plain.tif"], "is of one reference, 2 are given"),
        (["--json", "{files}/nowhere/r.json"], "its folder isn't there"),
        (["--json", "{files}", "--overwrite"], "is a folder"),
        (["--valid-fraction", "1.5"], "1.5"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_and_leaves_nothing(
    files: Path, tmp_path: Path, change: list[str], message: str
) -> None:
    words = [word.format(files=files) for word in change]
    if "--reference" not in words:
        words += ["--reference", str(reference(files))]
    result = akkd(files / "small", "-o", tmp_path / "out", *words)
    assert result.exit_code == 2
    assert message in result.output
    errors = [line for line in result.output.splitlines() if line.startswith("error:")]
    assert len(errors) <= 1
    assert not (tmp_path / "out").exists()
