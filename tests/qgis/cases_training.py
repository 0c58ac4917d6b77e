"""Cases of the group Training: simulating, searching, training and joining."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from tests.qgis.case import Case, Done
from tests.qgis.rasters import read

SCENE = "triple/AST_L1T_00307042019031500_20250409092553_1.hdf"


def manifest(bundle: str | Path) -> dict[str, Any]:
    """Manifest of a bundle, whose networks must lie beside it."""
    folder = Path(bundle)
    assert (folder / "weights.npz").is_file() and (folder / "model.onnx").is_file()
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found


def command_of(bundle: str | Path) -> str:
    """Command line that a bundle says it was made with."""
    return str(manifest(bundle)["training"]["command"])


def _air(done: Done) -> None:
    with Path(done.results["output"]).open() as stream:
        rows = list(csv.DictReader(line for line in stream if not line.startswith("#")))
    assert len(rows) == 2
    assert all(0 < float(row["transmittance_11"]) < 1 for row in rows)


def _training_set(done: Done) -> None:
    with np.load(done.results["output"]) as found:
        assert found["bt"].shape == (3, 8, 5) and found["lst"].shape == (3, 8)
        assert 200 < found["bt"].min() and found["bt"].max() < 350


def _granule(done: Done) -> None:
    assert done.results["truth"] == str(done.out / "known.tif")
    lst = read(done.results["truth"])[0]
    # a swath that is rotated on its grid
    assert lst.shape[0] > 30 and abs(np.isfinite(lst).sum() - 30 * 26) < 10
    assert "water" in done.summary


def _explained(done: Done) -> None:
    rows = Path(done.results["output"]).read_text().splitlines()
    assert len(rows) >= 32  # subsets of five bands, and the heading


def _archive(done: Done) -> None:
    folder = Path(done.results["output"])
    entries = json.loads((folder / "archive.json").read_text())["scenes"]
    assert len(entries) == 2 and len(list(folder.glob("*.npz"))) == 2
    for path in folder.glob("*.npz"):
        with np.load(path) as scene:
            assert scene["label_lst"].shape == (16, 16)


def _own_archive(done: Done) -> None:
    report = json.loads((done.out / "a" / "selection.json").read_text())
    (path,) = (done.out / "a").glob("AST_L1T*.npz")
    with np.load(path) as scene:
        assert 500 <= scene["label_valid"].sum() <= scene["label_valid"].size
    assert "6000" in json.dumps(report)


def _trained(done: Done) -> None:
    words = command_of(done.results["output"])
    for option in ("--epochs 1", "--architecture 8,8", "--seed 5"):
        assert option in words, words
    assert manifest(done.results["output"])["name"] == "tiny"
    assert (done.out / "work" / "learning_curve.csv").is_file()


def _searched(done: Done) -> None:
    trials = json.loads((done.out / "s" / "trials.json").read_text())
    assert len(trials["trials"]) == 2
    best = json.loads((done.out / "s" / "best.json").read_text())
    assert all(layer["units"] in (4, 8, 12, 16) for layer in best["layers"])
    assert best["learning_rate"] == 0.01


def _joined(done: Done) -> None:
    with zipfile.ZipFile(done.results["output"]) as joint:
        (index,) = (name for name in joint.namelist() if name.endswith("joint.json"))
        facts = json.loads(joint.read(index))
    assert facts["name"] == "pair" and facts["rule"]["blend_m"] == 250.0
    assert "first" in done.summary and "second" in done.summary


CASES = (
    Case(
        "simulate_atmospheres",
        lambda i, out: {"output": out / "air.csv", "count": 2, "seed": 4},
        _air,
    ),
    Case(
        "simulate_scenes",
        lambda i, out: {
            "output": out / "set.npz", "scenes": 3, "pixels": 8, "split": "validation",
            "nedt": 0.25, "seed": 4,
        },
        _training_set,
    ),
    Case(
        "simulate_granule",
        lambda i, out: {
            "output": out / "s.hdf", "truth": out / "known.tif", "rows": 30, "cols": 26,
            "land_cover": "water", "latitude": -33.5, "longitude": 18.25, "seed": 4,
        },
        _granule,
    ),
    Case(
        "simulate_explain",
        lambda i, out: {"output": out / "bands.csv", "scenes": 100, "nedt": 0.2},
        _explained,
    ),
    Case(
        "simulate_archive",
        lambda i, out: {
            "output": out / "a", "training_scenes": 1, "complex_scenes": 1, "pixels_per_side": 16,
        },
        _archive,
    ),
    Case(
        "archive",
        lambda i, out: {
            "scenes": [i[SCENE]], "labels": [i["labels"]],
            "output": out / "a", "evaluation_epochs": 0, "most_per_class": 6000, "qa": "cloud",
        },
        _own_archive,
    ),
    Case(
        "train",
        lambda i, out: {
            "output": out / "bundle", "data": [i["train.npz"]], "validation": i["check.npz"],
            "epochs": 1, "architecture": "8,8", "held_out_scenes": 2, "seed": 5, "name": "tiny",
            "work_dir": out / "work",
        },
        _trained,
        long=True,
    ),
    Case(
        "search",
        lambda i, out: {
            "output": out / "s", "data": i["search.npz"], "trials": 2, "epochs": 1,
            "layers": "1-3", "units": "4-16:4", "learning_rates": "1e-2", "batch_size": 64,
            "samples": 128, "tuner": "random",
        },
        _searched,
        long=True,
    ),
    Case(
        "join",
        lambda i, out: {
            "teacher": i["first"], "students": [i["second"]], "output": out / "joint.zip",
            "name": "pair", "blend": 250.0,
        },
        _joined,
    ),
)  # fmt: skip
