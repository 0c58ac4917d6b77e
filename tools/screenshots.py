"""Takes the pictures of docs/images, in a real QGIS on a virtual screen.

QGIS runs this file (`--code`) on a profile in which the plugin is enabled; tools/screenshots.sh
makes the profile, a granule and a MODIS look-alike, and starts it. Each step waits until the one
before is on the screen.

Environment: SHOT_FOLDER for the pictures, SHOT_GRANULE, SHOT_MODIS, SHOT_WORK.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import processing
from processing.gui.Postprocessing import handleAlgorithmResults
from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
)
from qgis.PyQt.QtCore import QModelIndex, Qt, QTimer
from qgis.PyQt.QtWidgets import QDockWidget, QWidget
from qgis.utils import iface

FOLDER = Path(os.environ["SHOT_FOLDER"])
GRANULE = os.environ["SHOT_GRANULE"]
MODIS = os.environ["SHOT_MODIS"]
WORK = Path(os.environ["SHOT_WORK"])
PAUSE_MS = 1500
WIDTH, HEIGHT, TALL = 1400, 900, 990
LAYERS_WIDTH = 420

_products: list[str] = []


def save(widget: QWidget, name: str) -> None:
    """Save a picture of a widget."""
    QgsApplication.processEvents()
    widget.grab().save(str(FOLDER / f"{name}.png"))


def run(algorithm: str, values: dict[str, object]) -> dict[str, object]:
    """Run an algorithm and open its layers, as its form does."""
    project = QgsProject.instance()
    context = QgsProcessingContext()
    context.setProject(project)
    made = QgsApplication.processingRegistry().createAlgorithmById(algorithm)
    feedback = QgsProcessingFeedback()
    found = processing.run(made, values, context=context, feedback=feedback)
    handleAlgorithmResults(made, context, feedback)
    return found


def toolbox() -> None:
    """Show the toolbox with AKKD's groups open, on all of the screen's height."""
    iface.mainWindow().resize(WIDTH, TALL)
    for dock in iface.mainWindow().findChildren(QDockWidget):
        dock.setVisible(dock.objectName() in ("Layers", "ProcessingToolbox"))
    layers = iface.mainWindow().findChild(QDockWidget, "Layers")
    iface.mainWindow().resizeDocks([layers], [LAYERS_WIDTH], Qt.Orientation.Horizontal)
    dock = iface.mainWindow().findChild(QDockWidget, "ProcessingToolbox")
    dock.setMinimumWidth(420)
    tree = dock.widget().findChild(QWidget, "algorithmTree")
    tree.collapseAll()
    model = tree.model()
    for row in range(model.rowCount()):
        index = model.index(row, 0)
        if model.data(index) == "AKKD":
            tree.expand(index)
            for group in range(model.rowCount(index)):
                tree.expand(model.index(group, 0, index))
            tree.scrollTo(index, tree.ScrollHint.PositionAtTop)


def save_toolbox() -> None:
    """Picture of the toolbox."""
    save(iface.mainWindow().findChild(QDockWidget, "ProcessingToolbox"), "qgis-toolbox")
    iface.mainWindow().resize(WIDTH, HEIGHT)


def dialog() -> None:
    """Open the form of retrieval."""
    window = processing.createAlgorithmDialog("akkd:retrieve", {"scenes": [GRANULE]})
    window.resize(1000, 680)
    window.show()
    QTimer.singleShot(PAUSE_MS, lambda: (save(window, "qgis-retrieve"), window.close()))


def retrieve() -> None:
    """Retrieve and show the temperature."""
    found = run("akkd:retrieve", {"scenes": [GRANULE], "output": str(WORK / "product")})
    _products.append(str(found["LST"]))
    iface.mainWindow().findChild(QDockWidget, "ProcessingToolbox").hide()
    layers = QgsProject.instance().mapLayers().values()
    (layer,) = [one for one in layers if one.source() == found["LST"]]
    iface.setActiveLayer(layer)
    QgsProject.instance().setCrs(layer.crs())
    iface.mapCanvas().setExtent(layer.extent())
    iface.mapCanvas().refresh()


def save_temperature() -> None:
    """Picture of the window with the temperature."""
    save(iface.mainWindow(), "qgis-lst")


def compare_dialog() -> None:
    """Open the form of comparison as the layer's menu does."""
    from akkd.layer_pairs import comparison
    from akkd.window import open_dialog

    iface.layerTreeView().setCurrentIndex(QModelIndex())  # so that it stands above the group
    iface.addRasterLayer(MODIS, "MOD11A1 LST_Night")
    layers = QgsProject.instance().mapLayers().values()
    window = open_dialog("akkd:validate_modis", comparison([x.source() for x in layers]))
    window.resize(1000, 760)
    QTimer.singleShot(PAUSE_MS, lambda: (save(window, "qgis-compare"), window.close()))


def compare() -> None:
    """Compare with MODIS and show the difference."""
    values = {"products": _products, "reference": MODIS, "output": str(WORK / "comparison")}
    found = run("akkd:validate_modis", values)
    for layer in QgsProject.instance().mapLayers().values():
        node = QgsProject.instance().layerTreeRoot().findLayer(layer.id())
        shown = layer.source() == found["difference"]
        node.setItemVisibilityChecked(shown)
        node.setExpanded(shown)
    iface.mapCanvas().refresh()


def save_difference() -> None:
    """Picture of the window with the difference."""
    save(iface.mainWindow(), "qgis-modis-difference")


STEPS: tuple[Callable[[], None], ...] = (
    toolbox, save_toolbox, dialog, retrieve, save_temperature, compare_dialog, compare,
    save_difference,
)  # fmt: skip


def play(left: list[Callable[[], None]]) -> None:
    """Do the next step, and the rest after a pause; then end QGIS."""
    if not left:
        os._exit(0)
    try:
        left[0]()
    except Exception:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    QTimer.singleShot(2 * PAUSE_MS, lambda: play(left[1:]))


def start() -> None:
    """Begin when the window is there."""
    iface.mainWindow().resize(WIDTH, HEIGHT)
    QTimer.singleShot(PAUSE_MS, lambda: play(list(STEPS)))


iface.initializationCompleted.connect(start)
