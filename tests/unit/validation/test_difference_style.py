"""QGIS styles of differences: centred at zero, and read by QGIS itself where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from akkd_core.errors import ParameterError
from akkd_core.grid import Grid
from akkd_core.raster import create_cog
from akkd_core.validation.difference_style import COLOURS, difference_style, round_limit

_QGIS = """
import os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from qgis.core import QgsApplication, QgsRasterLayer
app = QgsApplication([], False)
app.initQgis()
layer = QgsRasterLayer(sys.argv[1], "difference")
renderer = layer.renderer()
shader = renderer.shader().rasterShaderFunction()
items = shader.colorRampItemList()
print(renderer.type(), shader.minimumValue(), shader.maximumValue(), shader.colorRampType())
print([(item.value, item.color.name()) for item in items][5], len(items))
print(shader.shade(0.0)[1:4], shader.shade(2.5)[1:4], shader.shade(-99.0)[1:4])
del layer
app.exitQgis()
"""


def test_colours_lie_evenly_around_zero() -> None:
    root = ElementTree.fromstring(difference_style(2.5, "K").split("\n", 1)[1])
    renderer = root.find(".//rasterrenderer")
    assert renderer is not None and renderer.get("type") == "singlebandpseudocolor"
    assert (renderer.get("classificationMin"), renderer.get("classificationMax")) == ("-2.5", "2.5")
    items = root.findall(".//item")
    values = [float(item.get("value", "nan")) for item in items]
    assert values == pytest.approx(np.linspace(-2.5, 2.5, 11).tolist())
    assert values[5] == 0.0 and items[5].get("label") == "0 K"
    assert items[0].get("label") == "\N{MINUS SIGN}2.5 K"
    assert tuple(item.get("color") for item in items) == COLOURS


@pytest.mark.parametrize(
    ("values", "limit"),
    [([0.4, -2.3], 2.5), ([-0.0123, 0.001], 0.015), ([7.0, np.nan], 8.0), ([3.0], 3.0),
     ([0.0, 0.0], 1.0), ([np.nan], 1.0), ([99.0], 100.0)],
)  # fmt: skip
def test_round_limits(values: list[float], limit: float) -> None:
    assert round_limit(np.array(values)) == pytest.approx(limit)


def test_outliers_do_not_stretch_the_scale() -> None:
    values = np.random.default_rng(0).normal(0, 1, 10_000)
    values[:50] = 80.0
    assert round_limit(values) == 2.5


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan"), float("inf")])
def test_mistakes(limit: float) -> None:
    with pytest.raises(ParameterError, match="must be positive"):
        difference_style(limit, "K")


@pytest.mark.qgis
def test_qgis_loads_it_unasked(tmp_path: Path) -> None:
    python = Path("/usr/bin/python3")
    if shutil.which("qgis_process") is None or not python.exists():
        pytest.skip("QGIS is not installed")
    grid = Grid(32650, (300000.0, 90.0, 0.0, 4400000.0, 0.0, -90.0), 4, 4)
    writer = create_cog(
        tmp_path / "d.tif", grid=grid, count=1, dtype="float32", nodata=float("nan"),
        descriptions=["d"], tags={},
    )  # fmt: skip
    writer.write(np.full((1, 4, 4), 0.5, np.float32), 0, 0)
    writer.commit()
    (tmp_path / "d.qml").write_text(difference_style(2.5, "K"), encoding="utf-8")
    run = subprocess.run(
        [str(python), "-c", _QGIS, str(tmp_path / "d.tif")],
        capture_output=True, text=True, timeout=120,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin"},
    )  # fmt: skip
    if "No module named 'qgis'" in run.stderr:
        pytest.skip("QGIS without Python")
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == [
        "singlebandpseudocolor -2.5 2.5 0",
        "(0.0, '#f7f7f7') 11",
        "(247, 247, 247) (103, 0, 31) (5, 48, 97)",
    ]
