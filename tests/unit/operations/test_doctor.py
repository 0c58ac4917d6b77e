"""``akkd doctor``: what is there, what is missing with its remedy, and nothing that is private."""

from __future__ import annotations

import json
import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from akkd_core import __version__
from akkd_core.bundle import bundle_hash, compact_bundle_path, load_bundle
from akkd_core.operations import doctor, doctor_parts
from akkd_core.operations.doctor_parts import Package, package_facts, tidy
from akkd_core.progress import SilentProgress
from akkd_core.raster.drivers import GdalFacts, find_gdal
from tests.builders import command

QUIET = SilentProgress()


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the user's own, with a whole and a damaged model."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    folder = tmp_path / "my models"
    monkeypatch.setenv("AKKD_MODELS", str(folder))
    shutil.copytree(compact_bundle_path(), folder / "good")
    shutil.copytree(compact_bundle_path(), folder / "bad")
    (folder / "bad" / "weights.npz").write_bytes(b"PK")
    return folder


def test_versions_drivers_and_models(tmp_path: Path) -> None:
    outcome = doctor.run(progress=QUIET, json=False)
    data, text = outcome.data, "\n".join(outcome.lines)
    packages = {entry["name"]: entry for entry in data["packages"]}
    assert data["akkd"] == __version__ and text.startswith(f"AKKD {__version__}, CPython 3.")
    assert packages["numpy"]["version"] == np.__version__ and packages["numpy"]["remedy"] is None
    assert packages["click"]["version"] == version("click")
    assert f"  numpy           {np.__version__}" in text
    assert outcome.failures == (), "this installation works"
    machine = data["machine"]
    assert machine["cores"] == len(os.sched_getaffinity(0))
    assert 0.1 < machine["memory_free_gib"] <= machine["memory_gib"] < 1e5
    free = shutil.disk_usage(tmp_path).free / 2**30
    assert machine["disk_free_gib"]["folder of models"] == pytest.approx(free, rel=0.2, abs=2)
    assert data["runtimes"]["numpy"].startswith("BLAS ")
    if "onnxruntime" in sys.modules:
        assert "CPUExecutionProvider" in data["runtimes"]["onnxruntime"]
    found = {entry["name"]: entry for entry in data["models"]}
    assert list(found) == ["default", "compact", "bad", "good"]
    assert found["good"]["hash"] == bundle_hash(load_bundle(compact_bundle_path()))
    assert "weights.npz" in found["bad"]["error"]
    (entry,) = (e for e in data["missing"] if e["what"].startswith("model bad can't be used"))
    assert entry["remedy"] == "akkd install BUNDLE --name bad --overwrite"
    assert not entry["essential"]


def test_every_gdal_writes_geotiff() -> None:
    found = find_gdal()
    assert found and all({"GTiff", "COG"} <= set(gdal.drivers) for gdal in found)
    assert all(gdal.version[0].isdigit() for gdal in found)
    data = doctor.run(progress=QUIET, json=False).data
    assert [g["version"] for g in data["gdal"]] == [gdal.version for gdal in found]


def test_json_is_the_same_for_programs() -> None:
    outcome = doctor.run(progress=QUIET, json=True)
    (line,) = outcome.lines
    parsed = json.loads(line)
    assert parsed == json.loads(json.dumps(outcome.data))
    assert set(parsed) == {
        "akkd", "machine", "packages", "gdal", "hdf4", "runtimes", "models", "missing"
    }  # fmt: skip


def test_nothing_private_is_told(tmp_path: Path) -> None:
    for as_json in (False, True):
        text = "\n".join(doctor.run(progress=QUIET, json=as_json).lines)
        assert str(tmp_path) not in text and "hunter2" not in text
        assert os.uname().nodename not in text
        assert "~/my models" in text and "OMP_NUM_THREADS" in text
    assert tidy(f"at {tmp_path}/x") == "at ~/x"


def test_packages_that_are_absent_or_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = package_facts(Package("no_such_module", ("no-such",), "magic", "pip install no-such"))
    assert absent["version"] is None and absent["error"] is None
    assert absent["remedy"] == "pip install no-such"
    (tmp_path / "broken_module.py").write_text("raise OSError('libx.so:\\n cannot open')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    broken = package_facts(Package("broken_module", ("no-such",), "magic", "apt install libx"))
    assert broken["error"] == "OSError: libx.so: cannot open"
    assert broken["remedy"] == "apt install libx"
    monkeypatch.setitem(sys.modules, "qgis", sys)
    kept_away = Package("broken_module", ("numpy",), "magic", "x", disturbs_qgis=True)
    assert package_facts(kept_away)["error"] is None


def missing(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> dict[str, bool]:
    """What is missing where parts are other than here: text, and whether it is essential."""
    for name, value in changes.items():
        monkeypatch.setattr(doctor, name, lambda *_, value=value: value)
    data = doctor.diagnose(QUIET)
    return {entry["what"]: entry["essential"] for entry in data["missing"]}


def test_what_is_essential(monkeypatch: pytest.MonkeyPatch) -> None:
    none = Package("no_such_module", ("no-such",), "arrays", "pip install no-such", essential=True)
    monkeypatch.setattr(doctor, "PACKAGES", (none, *doctor_parts.PACKAGES[1:]))
    damaged = {"name": "default", "shipped": True, "error": "weights.npz: altered"}
    found = missing(monkeypatch, _gdal=[], _models=([damaged], Path.cwd()))
    assert found["no-such is missing (arrays)"]
    assert found["no GDAL can be imported: no GeoTIFF can be written"]
    assert found["model default can't be used: weights.npz: altered"]
    assert list(found.values()) == sorted(found.values(), reverse=True), "the essential first"
    failures = doctor.run(progress=QUIET, json=False).failures
    assert len(failures) == 3 and failures[0].endswith("pip install no-such")


def test_scarce_disk_memory_and_hdf4(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = doctor.machine_facts({"working folder": Path.cwd()})
    machine |= {"memory_free_gib": 0.2, "disk_free_gib": {"working folder": 0.3}}
    found = missing(monkeypatch, machine_facts=machine, _hdf4="compressed by nothing")
    assert not any(found.values())
    assert {
        "0.3 GiB are free on the disk of the working folder",
        "0.2 GiB of memory are free",
        "compressed HDF4 (MODIS, some ASTER) can't be read",
    } <= set(found)


@pytest.mark.parametrize(("gdal", "code"), [(True, 0), (False, 1)])
def test_exit_code(gdal: bool, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from akkd_cli.main import cli

    facts = (GdalFacts("rasterio", "3.9.0", ("GTiff",)),) if gdal else ()
    monkeypatch.setattr("akkd_core.raster.drivers.find_gdal", lambda: facts)
    run = CliRunner().invoke(cli, ["doctor"])
    assert run.exit_code == code, run.output
    assert ("GDAL, rasterio  3.9.0        GTiff" in run.output) is gdal
    assert ("error: no GDAL can be imported" in run.output) is not gdal


def test_without_numpy(tmp_path: Path) -> None:
    """It tells what is missing where nothing else of AKKD can run."""
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError('No module named numpy')\n")
    environment = command.environment()
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), environment["PYTHONPATH"]])
    run = command.subprocess.run(
        command.arguments("doctor"), capture_output=True, text=True, env=environment
    )
    assert run.returncode == 1, run.stderr
    assert "needed: numpy can't be used: No module named numpy (arrays)" in run.stdout
    assert "error: numpy can't be used: No module named numpy" in run.stderr
