"""The plugin in QGIS's own window, on a virtual screen."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.qgis.conftest import PROGRAMS, QgisProcess

SCRIPT = Path(__file__).with_name("desktop.py")
SETTINGS = """\
[PythonPlugins]
akkd=true
processing=true
[core]
openCLEnabled=false
[qgis]
checkVersion=false
"""


@pytest.fixture(scope="module")
def seen(
    bare_process: QgisProcess, granule: Path, truth: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What desktop.py saw."""
    screen, program = shutil.which("xvfb-run"), shutil.which("qgis", path=PROGRAMS)
    if screen is None or program is None or shutil.which("xauth") is None:
        pytest.skip("no virtual screen here (Debian packages xvfb and xauth)")
    from tools.modis_look_alike import look_alike

    work = tmp_path_factory.mktemp("desktop")
    modis = work / "MOD11A1.A2019185.h26v05.061_LST_Night_1km.tif"
    look_alike(truth, modis)
    (work / "damaged.hdf").write_bytes(granule.read_bytes()[:9000])
    ini = work / "profiles" / "profiles" / "default" / "QGIS" / "QGIS3.ini"
    ini.parent.mkdir(parents=True)
    ini.write_text(SETTINGS)
    (work / "temporary").mkdir()
    environment = {
        name: value
        for name, value in bare_process.environment.items()
        if name not in ("QT_QPA_PLATFORM", "QGIS_CUSTOM_CONFIG_PATH")
    } | {
        "DESKTOP_GRANULE": str(granule), "DESKTOP_MODIS": str(modis), "DESKTOP_WORK": str(work),
        "DESKTOP_FOUND": str(work / "found.json"), "TMPDIR": str(work / "temporary"),
    }  # fmt: skip
    run = subprocess.run(
        [screen, "-a", "-s", "-screen 0 1500x1000x24", program, "--nologo", "--noversioncheck",
         "--profiles-path", str(work / "profiles"), "--profile", "default", "--code", str(SCRIPT)],
        env=environment, capture_output=True, text=True, timeout=250, cwd=os.sep,
    )  # fmt: skip
    assert (work / "found.json").is_file(), run.stdout + run.stderr
    found = json.loads((work / "found.json").read_text(encoding="utf-8"))
    assert not found["problem"], found["problem"]
    assert "Traceback" not in run.stdout + run.stderr
    return found


def test_toolbox_has_the_groups(seen: dict[str, Any]) -> None:
    assert sorted(seen["groups"]) == ["Comparison", "Models", "Retrieval", "Training"]


def test_from_a_dropped_granule_to_its_layers(seen: dict[str, Any], granule: Path) -> None:
    assert seen["dropped"] == ["akkd:retrieve", [str(granule)]]
    assert [name.split()[0] for name in seen["retrieved"]] == [
        "LSE", "LSE_err", "LST", "LST_err", "QC",
    ]  # fmt: skip
    assert seen["tree"] == ["GRANULE 2019-07-04"]


def test_from_the_layers_menu_to_the_difference(seen: dict[str, Any]) -> None:
    assert seen["entries"] == ["Compare with MODIS", "Retrieve LST"]
    algorithm, products, reference = seen["compared"]
    assert algorithm == "akkd:validate_modis"
    assert [Path(path).name for path in products] == ["GRANULE_LST.tif"]
    assert [Path(path).name for path in reference] == [
        "MOD11A1.A2019185.h26v05.061_LST_Night_1km.tif"
    ]
    (difference,) = (kind for name, kind in seen["styles"].items() if "inus" in name)
    assert difference == "QgsSingleBandPseudoColorRenderer"


def test_damaged_granule_is_a_message(seen: dict[str, Any]) -> None:
    (message,) = seen["message"]
    assert "Traceback" not in message and "\n" not in message


def test_plugin_is_unloaded_and_loaded_again(seen: dict[str, Any]) -> None:
    assert seen["unloaded"] and seen["again"]
