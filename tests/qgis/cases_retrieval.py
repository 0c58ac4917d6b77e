"""Cases of the groups Retrieval and Models."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from tests.qgis.case import Case, Done, Inputs
from tests.qgis.rasters import read

_LAYERS = ("LST", "LST_err", "LSE", "LSE_err", "QC")


def _beside_the_truth(done: Done) -> None:
    lst, truth = read(done.results["LST"]), read(done.inputs.truth)[0]
    assert np.sqrt(np.nanmean((lst - truth) ** 2)) < 3.0
    qc = read(done.results["QC"])
    assert np.array_equal(qc == 65535, np.isnan(lst) & (qc == 65535))
    assert all(Path(done.results[name]).parent == done.out / "p" for name in _LAYERS)


def _retrieved(done: Done) -> None:
    _beside_the_truth(done)
    item = json.loads((done.out / "p" / "GRANULE.json").read_text())
    assert item["properties"]["akkd:ancillary"]["tcwv_kg_m2"] == 20.0
    assert item["properties"]["akkd:ancillary"]["air_temperature_k"] == 290.0


def _separated(done: Done) -> None:
    item = json.loads((done.out / "t" / "GRANULE.json").read_text())
    assert "paper" in json.dumps(item["properties"])
    lse = read(done.results["LSE"])
    assert lse.shape[0] == 5 and 0.6 < np.nanmin(lse) and np.nanmax(lse) <= 1.0


def _calibrated(done: Done) -> None:
    bt, radiance = read(done.results["bt"]), read(done.results["radiance_toa"])
    wavelength = np.array([8.291, 8.634, 9.075, 10.657, 11.318])[:, None, None]
    planck = 1.191042972e8 / wavelength**5 / np.expm1(14387.768775 / (wavelength * bt))
    assert np.nanmax(np.abs(planck / radiance - 1)) < 0.02


def _scene(done: Done) -> None:
    assert "AST_L1T 003 GRANULE" in done.summary and "EPSG:32650" in done.summary
    assert "acquired     2019-07-04 03:15:00 UTC" in done.summary


def _installed(done: Done) -> None:
    assert "installed as mine" in done.summary
    own = done.out / "models" / "mine" / "manifest.json"
    given = json.loads((done.inputs["first"] / "manifest.json").read_text())
    assert json.loads(own.read_text()) == given


def _listed(done: Done) -> None:
    for words in ("default (shipped)", "compact (shipped)", "kept (installed)"):
        assert words in done.summary, done.summary


def _examined(done: Done) -> None:
    for words in ("AKKD 0.", "GDAL, ", "HDF4, HDF-EOS", "default", "kept"):
        assert words in done.summary, done.summary
    assert "needed:" not in done.summary


def _one_is_installed(inputs: Inputs, out: Path) -> None:
    shutil.copytree(inputs["models"], out / "models")


CASES = (
    Case(
        "retrieve",
        lambda i, out: {"scenes": [i.granule], "output": out / "p", "tcwv": "20", "t_air": 290.0},
        _retrieved,
    ),
    Case(
        "retrieve_raster",
        lambda i, out: {
            "rasters": [i["bt/GRANULE_bt.tif"]], "quantity": "bt", "output": out / "p",
            "model": "compact",
        },
        _beside_the_truth,
    ),
    Case("preprocess", lambda i, out: {"scenes": [i.granule], "output": out / "p"}, _calibrated),
    Case(
        "tes",
        lambda i, out: {
            "scenes": [i.granule], "output": out / "t", "atmosphere": "tcwv=20", "variant": "paper",
        },
        _separated,
    ),
    Case("info", lambda i, out: {"target": i.granule}, _scene),
    Case("install", lambda i, out: {"bundle": i["first"], "name": "mine"}, _installed),
    Case("models", lambda i, out: {}, _listed, _one_is_installed),
    Case("doctor", lambda i, out: {}, _examined, _one_is_installed),
)  # fmt: skip
