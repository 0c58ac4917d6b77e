"""Cases of the group Comparison."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.qgis.case import Case, Done, Inputs
from tests.qgis.rasters import read
from tools.modis_look_alike import OFFSET_K

AST_08 = "labels/AST_08_00407042019031500_20250409092553_SKT.tif"


def _metrics(done: Done) -> dict[str, Any]:
    """Metrics of the first comparison of the JSON report."""
    report = json.loads(Path(done.results["json"]).read_text())
    metrics: dict[str, Any] = report["comparisons"][0]["metrics"]
    return metrics


def _report(done: Done) -> None:
    """Page and raster of differences stand where the results say, and agree with the numbers."""
    assert Path(done.results["report"]) == done.out / "r" / "report.html"
    assert Path(done.results["difference"]).parent == done.out / "r"
    difference = read(done.results["difference"])
    assert np.nanmean(difference) == pytest.approx(_metrics(done)["bias"], abs=0.01)


def _modis(done: Done) -> None:
    _report(done)
    assert done.results["json"] == str(done.out / "modis.json")
    # the look-alike is 0.4 K off the truth
    assert _metrics(done)["bias"] == pytest.approx(-OFFSET_K, abs=1.5)


def _aster(done: Done) -> None:
    _report(done)
    (found,) = json.loads(Path(done.results["json"]).read_text())["comparisons"]
    assert found["quantity"] == "LST" and found["metrics"]["n"] > 5000


def _stations(done: Done) -> None:
    with (done.out / "r" / "match_ups.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["station"] for row in rows] == ["meadow"]
    lst = read(done.inputs.product / "GRANULE_LST.tif")
    qc = read(done.inputs.product / "GRANULE_QC.tif")
    assert float(rows[0]["reference_value"]) == 290.0
    off = np.abs(lst - 290.0 - float(rows[0]["difference"]))
    assert np.nanmin(off) < 1e-3 and qc[off == np.nanmin(off)][0] != 65535
    assert Path(done.results["report"]) == done.out / "r" / "report.html"


def _truth(done: Done) -> None:
    ours, truth = (read(path) for path in (done.inputs.product / "GRANULE_LST.tif",
                                           done.inputs.truth))  # fmt: skip
    with Path(done.results["csv"]).open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 6
    assert float(rows[0]["bias"]) == pytest.approx(np.nanmean(ours - truth[0]), abs=1e-3)
    assert "report" not in done.results and "difference" not in done.results


def _scores(done: Done) -> None:
    report = json.loads(Path(done.results["json"]).read_text())
    assert "akkd-surroundings-compact" in json.dumps(report) and "split window" in done.summary
    assert done.results["json"] == str(done.out / "scores.json")


def _cloud(done: Done) -> None:
    found = json.loads(Path(done.results["json"]).read_text())
    assert found["retrieval_of_half_cloudy_scenes"]["no mask"]["scenes"] == 2
    assert "false alarm" in done.summary


def _tes(done: Done) -> None:
    assert "1.5 K" in done.summary
    assert Path(done.results["json"]).stat().st_size > 500


def _same(done: Done) -> None:
    _report(done)
    assert _metrics(done)["n"] > 100 and abs(_metrics(done)["bias"]) < 3.0


def _kept_distillation(inputs: Inputs, out: Path) -> None:
    shutil.copytree(inputs["reproduced"], out / "items")


def _reproduced(done: Done) -> None:
    items = done.out / "items"
    assert (items / "reproduction.md").read_text().count("Table 4") > 0
    rows = (items / "table4.csv").read_text().splitlines()
    assert len(rows) > 9
    made = json.loads((items / "table4.json").read_text())
    assert "table4" in made["command"] and "--seed 1" in made["command"]


CASES = (
    Case(
        "validate_modis",
        lambda i, out: {
            "products": [i.product], "reference": [i.modis], "output": out / "r", "mean": True,
            "json": out / "modis.json", "view_zenith": 20.0,
        },
        _modis,
    ),
    Case(
        "validate_aster",
        lambda i, out: {
            "products": [i["triple_product"]], "reference": [i[AST_08]],
            "output": out / "r", "json": out / "aster.json", "resampling": "bilinear",
        },
        _aster,
    ),
    Case(
        "validate_stations",
        lambda i, out: {
            "products": [i.product], "stations": [i["stations.csv"]], "output": out / "r",
            "max_sd": 50.0, "json": out / "stations.json",
        },
        _stations,
    ),
    Case(
        "compare",
        lambda i, out: {
            "raster": i.product / "GRANULE_LST.tif", "reference": i.truth, "output": out / "r",
            "json": out / "two.json", "reference_band": 1,
        },
        _same,
    ),
    Case(
        "validate_truth",
        lambda i, out: {
            "product": i.product, "truth": i.truth, "json": out / "truth.json",
            "csv": out / "truth.csv",
        },
        _truth,
    ),
    Case(
        "validate_scores",
        lambda i, out: {"model": "compact", "scenes": 3, "json": out / "scores.json"},
        _scores,
        long=True,
    ),
    Case(
        "validate_cloud",
        lambda i, out: {
            "model": "compact", "scenes": 2, "seed": 3, "air_known": True,
            "json": out / "cloud.json",
        },
        _cloud,
    ),
    Case(
        "validate_tes",
        lambda i, out: {"nedt": 0.3, "seed": 2, "json": out / "tes.json"},
        _tes,
    ),
    Case(
        "reproduce",
        lambda i, out: {"items": "table4", "output": out / "items"},
        _reproduced,
        _kept_distillation,
        long=True,
    ),
)  # fmt: skip
