"""Run by a real QGIS in its own window (`--code`): a granule from drop to comparison, by its forms.

What was seen is written as JSON to DESKTOP_FOUND; test_desktop.py starts it and looks at that. Not
a test by itself. Environment besides: DESKTOP_GRANULE, DESKTOP_MODIS, DESKTOP_WORK.
"""

from __future__ import annotations

import json
import os
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from qgis import utils
from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from qgis.PyQt.QtGui import QDragEnterEvent, QDropEvent
from qgis.PyQt.QtWidgets import QApplication, QDockWidget, QWidget

GRANULE = os.environ["DESKTOP_GRANULE"]
MODIS = os.environ["DESKTOP_MODIS"]
WORK = Path(os.environ["DESKTOP_WORK"])
POLL_MS = 100
MOST_S = 60.0

Condition = Callable[[], Any]
found: dict[str, Any] = {}


def layers() -> dict[str, Any]:
    return {layer.name(): layer for layer in QgsProject.instance().mapLayers().values()}


def forms() -> list[Any]:
    """Open forms of algorithms."""
    shown = (one for one in QApplication.topLevelWidgets() if one.isVisible())
    return [one for one in shown if type(one).__name__ == "AlgorithmDialog"]


def groups_in_toolbox() -> list[str]:
    dock = utils.iface.mainWindow().findChild(QDockWidget, "ProcessingToolbox")
    model = dock.widget().findChild(QWidget, "algorithmTree").model()
    for row in range(model.rowCount()):
        index = model.index(row, 0)
        if model.data(index) == "AKKD":
            return [model.data(model.index(i, 0, index)) for i in range(model.rowCount(index))]
    return []


def drop(path: str) -> None:
    """What the window gets when a file is dragged over it and dropped."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path)])
    words = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
             Qt.KeyboardModifier.NoModifier)  # fmt: skip
    window = utils.iface.mainWindow()
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(300, 300), *words))
    QApplication.sendEvent(window, QDropEvent(QPointF(300, 300), *words))


def menu_of_layer() -> dict[str, Any]:
    """Entries of AKKD in the context menu of the current layer."""
    menu = utils.iface.layerTreeView().menuProvider().createContextMenu()
    found["menu"] = menu  # must live as long as its entries
    (ours,) = (one.menu() for one in menu.actions() if one.menu() and one.text() == "AKKD")
    return {action.text(): action for action in ours.actions()}


def value(form: Any, name: str) -> Any:
    return form.mainWidget().wrappers[name].parameterValue()


def story() -> Iterator[Condition]:
    """What a user does; each step waits for what it gives."""
    yield groups_in_toolbox
    found["groups"] = groups_in_toolbox()
    drop(GRANULE)
    yield forms
    (form,) = forms()
    found["dropped"] = [form.algorithm().id(), value(form, "scenes")]
    form.runButton().click()
    yield lambda: len(layers()) == 5 and form.runButton().isEnabled()
    form.close()
    found["retrieved"] = sorted(layers())
    found["tree"] = [node.name() for node in QgsProject.instance().layerTreeRoot().children()]

    utils.iface.addRasterLayer(MODIS, "MODIS")
    utils.iface.setActiveLayer(next(x for n, x in layers().items() if n.startswith("LST ")))
    entries = menu_of_layer()
    found["entries"] = sorted(entries)
    entries["Compare with MODIS"].trigger()
    yield forms
    (form,) = forms()
    found["compared"] = [form.algorithm().id(), value(form, "products"), value(form, "reference")]
    form.setParameters({**form.createProcessingParameters(), "output": str(WORK / "comparison")})
    form.runButton().click()
    yield lambda: len(layers()) > 6 and form.runButton().isEnabled()
    form.close()
    found["styles"] = {
        name: type(layer.renderer()).__name__ for name, layer in layers().items() if name != "MODIS"
    }

    drop(str(WORK / "damaged.hdf"))
    bar = utils.iface.messageBar()
    yield lambda: any("damaged.hdf" in item.text() for item in bar.items())
    found["message"] = [item.text() for item in bar.items() if "damaged.hdf" in item.text()]

    utils.unloadPlugin("akkd")
    found["unloaded"] = QgsApplication.processingRegistry().providerById("akkd") is None
    found["again"] = utils.loadPlugin("akkd") and utils.startPlugin("akkd")
    yield groups_in_toolbox


def end(problem: str = "") -> None:
    found.pop("menu", None)
    text = json.dumps({**found, "problem": problem})
    Path(os.environ["DESKTOP_FOUND"]).write_text(text, encoding="utf-8")
    os._exit(0)


def play(steps: Iterator[Condition], condition: Condition, since: float) -> None:
    """Go on as soon as the condition holds."""
    try:
        if condition():
            condition, since = next(steps), time.monotonic()
        elif time.monotonic() - since > MOST_S:
            end(f"waited in vain after {list(found)}")
    except StopIteration:
        end()
    except Exception:
        end(traceback.format_exc())
    QTimer.singleShot(POLL_MS, lambda: play(steps, condition, since))


utils.iface.initializationCompleted.connect(
    lambda: play(story(), lambda: True, time.monotonic())
)
