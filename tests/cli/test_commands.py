"""The group, its help, versions, and the small commands, in process and out of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from akkd_core import __version__
from tests.builders.command import akkd

from akkd_cli.main import cli, retrieve_command  # isort: skip


def test_version() -> None:
    for entry in (cli, retrieve_command):
        result = CliRunner().invoke(entry, ["--version"])
        assert (result.exit_code, result.output) == (0, f"akkd {__version__}\n")


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_help_lists_the_commands(words: list[str]) -> None:
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0
    for name in ("retrieve", "preprocess", "info"):
        assert f"  {name} " in result.output


def test_akkd_retrieve_is_akkd_retrieve() -> None:
    one = CliRunner().invoke(cli, ["retrieve", "--help"], prog_name="akkd").output
    other = CliRunner().invoke(retrieve_command, ["--help"], prog_name="akkd-retrieve").output
    shared = set(one.splitlines()) - set(other.splitlines())
    assert shared == {"Usage: akkd retrieve [OPTIONS] SCENES..."}


@pytest.mark.parametrize("words", [["nope"], ["retrieve"], ["info"], ["--nope"]])
def test_usage_errors(words: list[str]) -> None:
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 2 and result.stdout == ""
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("error: ") and "--help" in line


def test_info_of_a_qc_value() -> None:
    result = CliRunner().invoke(cli, ["info", "0xD101"])
    assert result.exit_code == 0
    assert "nominal" in result.output and "lst_accuracy   < 1 K" in result.output
    result = CliRunner().invoke(cli, ["info", "65535"])
    assert "outside the scene" in result.output
    result = CliRunner().invoke(cli, ["info", "70000"])
    assert result.exit_code == 2 and "0-65535" in result.stderr


def test_info_of_a_scene(scene: Path) -> None:
    run = akkd("info", scene)
    assert run.returncode == 0, run.stderr
    for text in (
        "AST_L1T 003 AST_L1T_A", "2015-06-07 03:04:05 UTC (day)", "cloud        7 %",
        "60 x 70 pixels of 90 m, EPSG:32650", "117.0000 to 117.07", "missing   1.7 %",
        "view zenith  5 degrees",
    ):
        assert text in run.stdout, text


@pytest.mark.parametrize("name", ["default", "compact"])
def test_info_of_a_shipped_bundle_by_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = akkd("info", name)
    assert run.returncode == 0, run.stderr
    assert "scene network: 95 inputs" in run.stdout


def test_info_of_a_bundle(model: Path) -> None:
    run = akkd("info", model)
    assert run.returncode == 0, run.stderr
    for text in ("model bundle arbitrary", "sensor", "pixel network: 34 inputs", "lst, lse_10"):
        assert text in run.stdout, text
    run = akkd("info", model, "--progress", "json")
    result = json.loads(run.stdout.splitlines()[-1])
    assert result["event"] == "result" and result["data"]["manifest"]["name"] == "arbitrary"


def test_info_of_products(scene: Path, model: Path) -> None:
    assert akkd("retrieve", scene, "-m", model).returncode == 0
    folder = scene.with_name("AST_L1T_A_akkd")
    for target in (folder, folder / "AST_L1T_A.json"):
        run = akkd("info", target)
        assert "product AST_L1T_A (complete)" in run.stdout, run.stderr
        assert "1.7 % outside the scene" in run.stdout
    run = akkd("info", folder / "AST_L1T_A_QC.tif")
    assert "saturated in one or more bands" in run.stdout and "mandatory_qa" in run.stdout
    run = akkd("info", folder / "AST_L1T_A_LST.tif")
    assert "source_id" in run.stdout and "mean" in run.stdout
    (folder / "AST_L1T_A_LST.tif").unlink()
    assert "NOT complete" in akkd("info", folder).stdout


def test_info_of_something_else(tmp_path: Path) -> None:
    for name, content in (("a.hdf", b"x"), ("b.tif", b"II*\0"), ("c.json", b"{}")):
        (tmp_path / name).write_bytes(content)
        run = akkd("info", tmp_path / name)
        assert run.returncode == 2 and name in run.stderr
        assert len(run.stderr.strip().splitlines()) == 1


def test_preprocess(scene: Path, tmp_path: Path) -> None:
    import numpy as np

    from akkd_core.raster import open_raster

    out = tmp_path / "out"
    run = akkd("preprocess", scene, "-o", out)
    assert run.returncode == 0, run.stderr
    assert sorted(os.listdir(out)) == ["AST_L1T_A_bt.tif", "AST_L1T_A_radiance_toa.tif"]
    with open_raster(out / "AST_L1T_A_bt.tif") as raster:
        bt = raster.read(0, 0, 60, 70)
        assert raster.units == ("K",) * 5 and raster.descriptions[0] == "band 10"
    with open_raster(out / "AST_L1T_A_radiance_toa.tif") as raster:
        radiance = raster.read(0, 0, 60, 70)
        assert raster.units == ("W m-2 sr-1 um-1",) * 5
    assert np.isnan(bt[:, :8, :9]).all() and np.isnan(bt[2, 30, 30])
    # Row 30 holds the ramp at 0.8 + 0.4 * 30/59 of 9.6 W m-2 sr-1 um-1 in band 13.
    assert radiance[3, 30, 50] == pytest.approx(9.6 * (0.8 + 0.4 * 30 / 59), abs=0.004)
    # 9.633 W m-2 sr-1 um-1 at the band's centroid, 10.6592 um, is 299.33 K by Planck's law.
    assert bt[3, 30, 50] == pytest.approx(299.33, abs=0.1)
    assert "kept" in akkd("preprocess", scene, "-o", out).stdout
    table = tmp_path / "table.csv"
    table.write_text("band,gain,offset\n" + "".join(f"{b},1.01,0\n" for b in range(10, 15)))
    run = akkd("preprocess", scene, "-o", out, "--overwrite", "--gain-offset", table)
    assert run.returncode == 0, run.stderr
    with open_raster(out / "AST_L1T_A_radiance_toa.tif") as raster:
        assert raster.tags["RECALIBRATION"] == "table.csv"
        assert raster.read(30, 50, 1, 1)[3, 0, 0] == pytest.approx(1.01 * radiance[3, 30, 50])


def test_documented_exit_codes(repo_root: Path) -> None:
    from akkd_cli.session import EXIT_CODES

    page = (repo_root / "docs" / "commands.md").read_text(encoding="utf-8")
    for code, text in EXIT_CODES.items():
        assert f"| {code} | {text} |" in page


def test_install_and_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from akkd_core.bundle import compact_bundle_path

    monkeypatch.setenv("AKKD_MODELS", str(tmp_path / "models"))
    words = ["install", str(compact_bundle_path()), "--name", "small"]
    first = CliRunner().invoke(cli, words)
    assert first.exit_code == 0 and "--model small" in first.output
    listed = CliRunner().invoke(cli, ["models"]).output
    assert "small (installed): model bundle akkd-surroundings-compact" in listed
    cases = ((words, 2, "exists"), (["install", str(tmp_path)], 4, "manifest.json: can't be read"))
    for given, code, text in cases:
        result = CliRunner().invoke(cli, given)
        assert result.exit_code == code
        (line,) = result.stderr.strip().splitlines()
        assert line.startswith("error: ") and text in line
