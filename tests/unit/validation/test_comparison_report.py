"""Reports of comparisons: every file's content, nothing half-written, nothing replaced unasked."""

from __future__ import annotations

import csv
import gzip
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from akkd_core.errors import InputError, OperationCancelled, ParameterError, ProductWriteError
from akkd_core.progress import SilentProgress
from akkd_core.raster import open_raster
from akkd_core.validation import comparison_files, comparison_report
from akkd_core.validation.comparison_report import Report, check_folder, write_report
from akkd_core.validation.comparison_scores import score_match_ups
from akkd_core.validation.match_up import FilterStep, MatchUp
from akkd_core.validation.report_tables import metrics_table
from tests.builders import comparisons
from tests.builders.command import environment

FACTS = {"Reference": "MOD11A1.A2019305.h14v09.061.hdf"}
COMMAND = "akkd validate modis a_akkd --reference 'M D.hdf'"
EVIL = '<script src="https://evil.example/x.js"></script>'


def write(folder: Path, match_ups: list[MatchUp], **options: object) -> Report:
    return write_report(match_ups, folder, title="LST", facts=FACTS, command=COMMAND, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def match_ups() -> list[MatchUp]:
    first = comparisons.lst(
        "G1", 0.5, 1.0, notes=("MOD11 is cold over dry ground.",)
    )
    warm = first.values > 300.0
    return [
        replace(first, subsets={"warm": warm}),
        comparisons.lst("small model", -0.3, 1.4, seed=1),
        comparisons.lse("G1", 10),
        comparisons.lse("G1", 11, -0.002),
    ]


@pytest.fixture(scope="module")
def report(match_ups: list[MatchUp], tmp_path_factory: pytest.TempPathFactory) -> Report:
    pytest.importorskip("matplotlib")
    return write(tmp_path_factory.mktemp("out") / "a" / "report", match_ups)


def test_files(report: Report) -> None:
    names = sorted(path.name for path in report.folder.iterdir())
    assert names == sorted(
        [
            "G1_LSE_minus_AST_05.qml", "G1_LSE_minus_AST_05.tif", "G1_minus_MOD11A1.qml",
            "G1_minus_MOD11A1.tif", "difference_Emis10.png", "difference_Emis11.png",
            "difference_LST.png", "histogram_LSE.png", "histogram_LST.png", "maps_Emis10.png",
            "maps_Emis11.png", "maps_LST.png", "match_ups.csv", "metrics.json", "report.html",
            "scatter_LSE.png", "scatter_LST.png", "small_model_minus_MOD11A1.qml",
            "small_model_minus_MOD11A1.tif", "taylor_LST.png",
        ]
    )  # fmt: skip
    assert sorted(path.name for path in report.paths) == names
    assert report.paths[-1].name == "report.html"
    assert report.hint == ""


def test_numbers(report: Report, match_ups: list[MatchUp]) -> None:
    found = json.loads((report.folder / "metrics.json").read_text())
    assert found["command"] == COMMAND and found["facts"] == FACTS
    assert found["bootstrap"] == {"level": 0.95, "draws": 1000, "seed": 0}
    assert found["software"]["AKKD"].startswith("AKKD ") and "numpy" in found["software"]
    first, second, third, fourth = found["comparisons"]
    assert (first["product"], second["product"]) == ("G1", "small model")
    assert (third["quantity"], fourth["quantity"]) == ("Emis10", "Emis11")
    assert first["metrics"]["bias"] == pytest.approx(match_ups[0].difference.mean())
    assert first["metrics"]["bias"] == pytest.approx(0.5, abs=0.05)
    low, high = first["intervals"]["bias"]
    assert low < 0.5 < high and 0.03 < high - low < 0.2
    warm = first["subsets"]["warm"]
    assert warm["metrics"]["n"] == int((match_ups[0].values > 300).sum())
    assert first["clusters"] == 42 and 0 < warm["clusters"] < 42
    assert first["filters"][0] == {
        "name": "valid fraction 0.8 or more", "before": 4200, "after": 4100
    }  # fmt: skip
    assert third["metrics"]["bias"] == pytest.approx(0.004)
    assert set(found["files"]) == {path.name for path in report.paths}
    data = report.to_json()
    assert data["comparisons"] == found["comparisons"]
    assert Path(data["report"]).is_file() and len(data["differences"]) == 3
    kinds = ["_LSE_minus_" in path for path in data["differences"]]
    assert kinds == sorted(kinds) and kinds[-1]  # temperature's come first
    assert len(data["charts"]) == 11 and data["match_ups"].endswith("match_ups.csv")
    json.dumps(data)


def test_every_pair_is_in_the_table(report: Report, match_ups: list[MatchUp]) -> None:
    with (report.folder / "match_ups.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == sum(m.estimate.size for m in match_ups)
    assert list(rows[0]) == [
        "product", "reference", "quantity", "unit", "estimate", "reference_value", "difference",
        "block", "row", "col", "in warm",
    ]  # fmt: skip
    ours = [row for row in rows if row["product"] == "G1" and row["quantity"] == "LST"]
    assert np.array([float(row["difference"]) for row in ours]) == pytest.approx(
        match_ups[0].difference, abs=5e-4
    )
    assert [int(row["row"]) for row in ours[:3]] == match_ups[0].columns["row"][:3].tolist()
    assert sum(row["in warm"] == "1" for row in ours) == int((match_ups[0].values > 300).sum())
    assert rows[-1]["in warm"] == "" and rows[-1]["unit"] == ""


def test_difference_raster(report: Report, match_ups: list[MatchUp]) -> None:
    with open_raster(report.folder / "G1_LSE_minus_AST_05.tif") as raster:
        assert raster.grid == comparisons.UTM
        assert raster.descriptions == ("Emis10 difference", "Emis11 difference")
        assert raster.nodata is not None and np.isnan(raster.nodata)
        data = raster.read(0, 0, *raster.shape)
    assert np.nanmedian(data[0]) == pytest.approx(0.004, abs=1e-6)
    assert np.nanmedian(data[1]) == pytest.approx(-0.002, abs=1e-6)
    with open_raster(report.folder / "G1_minus_MOD11A1.tif") as raster:
        assert raster.units == ("K",)
        assert raster.tags["PRODUCT"] == "G1" and raster.tags["REFERENCE"] == comparisons.REFERENCE
        assert raster.tags["ACQUIRED_AT"] == "2019-11-01 10:55:55 UTC"
        assert raster.tags["COMMAND"] == COMMAND and raster.tags["SOFTWARE"].startswith("AKKD")
        data = raster.read(0, 0, *raster.shape)[0]
    assert match_ups[0].maps is not None
    np.testing.assert_array_equal(data, match_ups[0].maps.difference)
    assert np.isnan(data[30, 30])
    style = (report.folder / "G1_minus_MOD11A1.qml").read_text()
    assert 'classificationMin="-3.0" classificationMax="3.0"' in style


def test_report_says_it_all_and_loads_nothing(report: Report) -> None:
    text = (report.folder / "report.html").read_text(encoding="utf-8")
    assert text.count("data:image/png;base64,") == 11
    assert re.findall(r'(?:src|href)="(?!data:)', text) == []
    assert "<script" not in text and "http" not in re.sub(r"data:[^\"]*|http-equiv", "", text)
    for part in (
        "MOD11 is cold over dry ground. (G1)", "MOD11A1.A2019305.h14v09.061.hdf",
        "valid fraction 0.8 or more", "4,200", "\N{MINUS SIGN}100", "2019-11-01 10:55:55 UTC",
        "akkd validate modis a_akkd --reference &#x27;M D.hdf&#x27;", "AKKD 0.", "numpy",
        ">G1, Emis10 to Emis11, against AST_05_00411012019105555_1<",
        "95% interval", "42 blocks", ">warm<", "robust SD", "G1_minus_MOD11A1.tif",
    ):  # fmt: skip
        assert part in text, part
    score = report.scores[0]
    low, high = score.intervals["bias"]
    assert f">+{score.metrics.bias:.2f}<" in text and f"[+{low:.2f}, +{high:.2f}]" in text


def test_text_for_people(report: Report) -> None:
    text = report.text()
    assert "good QC: 4,100 to " in text and "note: MOD11 is cold" in text
    assert f"bias +{report.scores[0].metrics.bias:.2f} [+" in text
    assert text.endswith(f"report: {report.folder / 'report.html'}")


@pytest.fixture
def no_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quick: these tests are of other files."""
    monkeypatch.setattr(comparison_report, "_pictures", lambda *_: ([], ""))


@pytest.mark.usefixtures("no_charts")
def test_names_from_outside_are_text_and_no_path(tmp_path: Path) -> None:
    evil = comparisons.lst(f"../../{EVIL}", notes=(EVIL,), facts={EVIL: EVIL})
    found = write_report([evil], tmp_path / "r", title=EVIL, facts={EVIL: EVIL}, command=EVIL)
    text = (tmp_path / "r" / "report.html").read_text(encoding="utf-8")
    assert "<script" not in text and "&lt;script" in text
    assert {path.parent for path in found.paths} == {tmp_path / "r"}
    assert [p.name for p in tmp_path.iterdir()] == ["r"]


def test_two_references_of_one_kind_do_not_share_a_file(tmp_path: Path) -> None:
    day = comparisons.lst("G1")
    night = replace(day, reference="MOD11A1.A2019306.h14v09.061")
    found = write(tmp_path / "r", [day, night])
    names = [path.name for path in found.paths if path.suffix == ".tif"]
    assert names == ["G1_minus_MOD11A1.tif", "G1_minus_MOD11A1_2.tif"]
    assert (tmp_path / "r" / "maps_LST_2.png").exists()


def test_stations(tmp_path: Path) -> None:
    times = np.array(["2019-07-04T17:55:12", "2019-07-20T17:55:10", "2019-08-05T05:40"],
                     "datetime64[s]")  # fmt: skip
    station = np.array(["Bondville", "Bondville", "Fort Peck"])
    found = MatchUp(
        "ours", "SURFRAD", "LST", "K", np.array([301.0, 302.0, 290.5]),
        np.array([300.0, 302.5, 290.0]), np.arange(3),
        {"station": station, "window_sd_k": np.array([0.2, np.nan, 0.4])},
        (FilterStep("clear", 3, 3),), times=times,
    )  # fmt: skip
    report = write(tmp_path / "r", [found])
    names = {path.name for path in report.paths}
    assert {"series_LST_Bondville.png", "series_LST_Fort_Peck.png"} <= names
    assert not any(name.endswith(".tif") or name.startswith("maps") for name in names)
    text = (tmp_path / "r" / "match_ups.csv").read_text().splitlines()
    assert text[1].endswith(",0,2019-07-04T17:55:12Z,Bondville,0.2")
    assert text[2].endswith(",Bondville,")
    html = (tmp_path / "r" / "report.html").read_text()
    assert "Too few blocks" in html
    assert json.loads((tmp_path / "r" / "metrics.json").read_text())["comparisons"][0][
        "intervals"]["bias"] is None  # fmt: skip


def test_a_single_pair(tmp_path: Path) -> None:
    found = MatchUp(
        "ours", "x.tif", "LST", "K", np.array([301.0]), np.array([300.0]), np.array([0]), {}, ()
    )
    report = write(tmp_path / "r", [found])
    assert report.scores[0].metrics.bias == 1.0
    assert "PCC" in report.text() and "nan" not in report.text()
    assert "nan" not in (tmp_path / "r" / "report.html").read_text().split("<h2>Charts")[0]


def test_long_tables_are_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison_files, "PLAIN_ROWS", 1000)
    monkeypatch.setattr(comparison_files, "_ROWS_AT_ONCE", 700)
    found = comparisons.lst("G1", maps=None)
    paths = [comparison_files.write_match_ups([found], tmp_path)]
    with gzip.open(paths[0], "rt") as stream:
        assert len(stream.read().splitlines()) == found.estimate.size + 1
    assert paths[0].name == "match_ups.csv.gz"
    before = paths[0].read_bytes()
    comparison_files.write_match_ups([found], tmp_path)
    assert paths[0].read_bytes() == before


@pytest.mark.usefixtures("no_charts")
def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    found = comparisons.lst("G1", maps=None)
    folder = tmp_path / "r"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    write(folder, [comparisons.lst("G1")])
    with pytest.raises(ParameterError, match=r"report.html: exists. choose another"):
        write(folder, [found])
    with pytest.raises(ParameterError, match="exists"):
        check_folder(folder, False)
    write(folder, [found], overwrite=True)
    # what the earlier report had beside goes, what was the user's stays
    names = {path.name for path in folder.iterdir()}
    assert "G1_minus_MOD11A1.tif" not in names and "match_ups.csv" in names
    assert (folder / "mine.txt").read_text() == "mine"
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "match_ups.csv").write_text("mine")
    with pytest.raises(ParameterError, match="match_ups.csv: exists"):
        write(tmp_path / "s", [found])
    assert [p.name for p in (tmp_path / "s").iterdir()] == ["match_ups.csv"]
    with pytest.raises(ParameterError, match="is a file"):
        check_folder(folder / "mine.txt", True)


class _Cancelling(SilentProgress):
    def __init__(self, calls: int) -> None:
        self._calls = calls

    def cancelled(self) -> bool:
        self._calls -= 1
        return self._calls < 0


@pytest.mark.parametrize("calls", [0, 2, 4])
def test_cancelled_leaves_nothing(tmp_path: Path, calls: int) -> None:
    with pytest.raises(OperationCancelled):
        write(tmp_path / "r", [comparisons.lst()], progress=_Cancelling(calls))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_charts")
def test_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(comparison_report, "report_html", full)
    with pytest.raises(ProductWriteError, match="No space left on device. Free some space"):
        write(tmp_path / "r", [comparisons.lst(maps=None)])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_charts")
def test_leftovers_of_a_killed_run_go(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    folder.mkdir()
    name = comparison_report.temporary_path(folder / "report").name
    left = folder / re.sub(r"-\d+-", "-999999999-", name)
    left.mkdir()
    (left / "maps.png").write_text("half")
    write(folder, [comparisons.lst(maps=None)])
    assert not left.exists()


def test_nothing_to_report(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to report"):
        write(tmp_path / "r", [])


_WITHOUT = """
import sys
from pathlib import Path
from tests.builders import comparisons
from akkd_core.validation.comparison_report import write_report
report = write_report([comparisons.lst()], sys.argv[1], title="LST", facts={})
assert "matplotlib" not in sys.modules
print(report.text())
"""


def test_without_matplotlib_numbers_and_the_way_to_charts(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _WITHOUT, str(tmp_path / "r")],
        capture_output=True, text=True, env=environment("matplotlib"),
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1].startswith("No charts: matplotlib is not installed.")
    assert "install" in run.stdout.splitlines()[-1]
    names = {path.name for path in (tmp_path / "r").iterdir()}
    assert names == {
        "G1_minus_MOD11A1.tif", "G1_minus_MOD11A1.qml", "match_ups.csv", "metrics.json",
        "report.html",
    }  # fmt: skip
    html = (tmp_path / "r" / "report.html").read_text()
    assert "No charts" in html and "robust SD" in html and "data:image" not in html


def test_intervals_of_few_blocks_are_said_to_be_narrow(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for count, told in ((19, True), (20, False)):
        cluster = np.repeat(np.arange(count), 4)
        values = 300.0 + rng.normal(0.0, 3.0, cluster.size)
        error = rng.normal(0.0, 1.0, cluster.size)
        found = MatchUp("ours", "r", "LST", "K", values + error, values, cluster, {}, ())
        html = metrics_table(score_match_ups([found]))
        assert ("Those of 19 blocks are somewhat too narrow" in html) == told
