"""``akkd validate stations``: report, numbers and one-line errors."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from akkd_core.errors import InputError, ParameterError
from akkd_core.operations import validate_stations
from akkd_core.validation.ground_temperature import longwave_temperature
from tests.unit.validation.test_stations import at, flat, scene_of, write

UP, DOWN, EPS = 456.0, 330.0, 0.97
TRUTH = float(longwave_temperature(UP, DOWN, EPS))
BIASES = {"small model": (0.9, 1.3, 0.2), "student": (0.3, 0.5, -0.2)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models' products of three days, a table of two stations in them."""
    root = tmp_path_factory.mktemp("stations")
    lines = ["station,lat,lon,time,lw_up,lw_down"]
    for day in range(3):
        when = datetime(2019, 7, 4 + day, 3, 14, 30, tzinfo=timezone.utc)
        scene = scene_of(f"G{day}", when)
        for number, (model, biases) in enumerate(BIASES.items()):
            write(root / model.split()[0], scene, flat(TRUTH + biases[day]), model=model,
                  sha=f"{number:02d}" * 32)  # fmt: skip
        for name, place in (("meadow", (6, 8)), ("field", (15, 12))):
            lat, lon = at(*place, scene.grid)
            lines += [
                f"{name},{lat:.6f},{lon:.6f},{when.replace(minute=m):%Y-%m-%dT%H:%M:%SZ},{UP},{DOWN}"
                for m in (14, 15)
            ]
    (root / "stations.csv").write_text("\n".join(lines) + "\n")
    return root


def test_report_of_two_models(folder: Path, tmp_path: Path) -> None:
    products = [str(folder / "small"), str(folder / "student")]
    outcome = validate_stations.run(
        products, [str(folder / "stations.csv")], output=str(tmp_path / "rep"), emissivity=EPS,
        json=str(tmp_path / "x.json"),
    )  # fmt: skip
    text = "\n".join(outcome.lines)
    assert "SD of 3 x 3 pixels at most 1.5 K: 6 to 6" in text
    assert "within 3 sigma" in text and "drops 0 of 6" in text
    with (tmp_path / "rep" / "match_ups.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 12
    assert {row["station"] for row in rows} == {"meadow", "field"}
    for model, biases in BIASES.items():
        of = [float(row["difference"]) for row in rows if row["product"] == model]
        assert np.mean(of) == pytest.approx(np.mean(biases), abs=2e-3)
    found = json.loads((tmp_path / "x.json").read_text())["comparisons"]
    assert found == json.loads(json.dumps(outcome.data["comparisons"]))
    scored = {one["product"]: one["metrics"] for one in found}
    assert scored["student"]["mae"] == pytest.approx(1.0 / 3.0, abs=2e-3)
    html = (tmp_path / "rep" / "report.html").read_text()
    for fact in ("stations.csv", "0.97 for all", "meadow (39.7", "not looked at"):
        assert fact in html
    assert "akkd validate stations" in html and "--emissivity 0.97" in html


def test_the_folder_without_option_and_what_is_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stations = [str(folder / "stations.csv")]
    monkeypatch.chdir(folder)
    outcome = validate_stations.run(["small"], stations, emissivity=EPS)
    assert outcome.data["folder"] == str(folder / "small_vs_stations")
    with pytest.raises(ParameterError, match="exists. choose another folder or --overwrite"):
        validate_stations.run(["small"], stations, emissivity=EPS)
    single = validate_stations.run(
        ["small/G0_LST.tif"], stations, emissivity=EPS, window="3x3", precision=0.2, overwrite=True
    )
    assert single.data["folder"] == str(folder / "small" / "G0_vs_stations")
    assert "nothing would be left" in "\n".join(single.lines)


def test_nothing_left_is_one_line_and_no_report(folder: Path, tmp_path: Path) -> None:
    for options, message in (
        ({"max_sd": 0.01, "window": "1x1", "stations": "far.csv"}, "inside the scene: 3 to 0"),
        ({"stations": "late.csv"}, "measured within 5 min: 3 to 0"),
    ):
        table = tmp_path / str(options["stations"])
        lat, lon = at(6, 8, scene_of().grid)
        place, hour = ("10,10", 3) if "far" in table.name else (f"{lat},{lon}", 5)
        table.write_text(f"station,lat,lon,time,lst_k\nA,{place},2019-07-04T0{hour}:14:00Z,300\n")
        with pytest.raises(InputError, match=message):
            validate_stations.run(
                [str(folder / "small")], [str(table)], output=str(tmp_path / "none")
            )
        assert not (tmp_path / "none").exists()
    with pytest.raises(ParameterError, match="window"):
        validate_stations.run(["x"], ["y"], window="5x5")
