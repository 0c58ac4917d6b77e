"""Forms, the drop handler and the entries in a layer's menu, without a screen."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.builders.hdfeos_malformed import write_nameless_dimension

pytestmark = pytest.mark.usefixtures("qgis")


class Bar:
    def __init__(self) -> None:
        self.messages: list[str] = []

    def pushWarning(self, title: str, text: str) -> None:  # noqa: N802
        self.messages.append(text)


class Interface:
    """Stands in for QGIS's window, which a test has none of."""

    def __init__(self) -> None:
        from qgis.PyQt.QtWidgets import QMainWindow

        self.bar, self.window = Bar(), QMainWindow()
        self.handlers: list[Any] = []
        self.actions: list[Any] = []
        self.current: Any = None

    def messageBar(self) -> Bar:  # noqa: N802
        return self.bar

    def mainWindow(self) -> Any:  # noqa: N802
        return self.window

    def registerCustomDropHandler(self, handler: Any) -> None:  # noqa: N802
        self.handlers.append(handler)

    def unregisterCustomDropHandler(self, handler: Any) -> None:  # noqa: N802
        self.handlers.remove(handler)

    def addCustomActionForLayerType(self, action: Any, *rest: Any) -> None:  # noqa: N802
        self.actions.append(action)

    def removeCustomActionForLayerType(self, action: Any) -> None:  # noqa: N802
        self.actions.remove(action)

    def layerTreeView(self) -> Any:  # noqa: N802
        return self

    def currentLayer(self) -> Any:  # noqa: N802
        return self.current


@pytest.fixture
def interface(qgis: Any, monkeypatch: pytest.MonkeyPatch) -> Interface:
    from qgis import utils

    made = Interface()
    monkeypatch.setattr(utils, "iface", made)
    return made


@pytest.fixture
def opened(interface: Interface, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Forms that were opened: algorithm and values."""
    from akkd import window

    calls: list[tuple[str, Any]] = []
    monkeypatch.setattr(window, "open_dialog", lambda name, values: calls.append((name, values)))
    return calls


def form_of(algorithm: str, values: dict[str, Any]) -> Any:
    from processing.gui.AlgorithmDialog import AlgorithmDialog
    from qgis.core import QgsApplication

    made = QgsApplication.processingRegistry().createAlgorithmById(f"akkd:{algorithm}")
    dialog = AlgorithmDialog(made, False, None)
    dialog.setParameters(values)
    return dialog


def test_every_form_opens_with_the_defaults() -> None:
    from qgis.core import QgsApplication

    for algorithm in QgsApplication.processingRegistry().providerById("akkd").algorithms():
        dialog = form_of(algorithm.name(), {})
        wrappers = dialog.mainWidget().wrappers
        for field in algorithm.form.fields:
            wanted = field.parameter
            if wanted.name in wrappers and wanted.default is not None:
                shown = wrappers[wanted.name].parameterValue()
                assert shown == wanted.default, (algorithm.name(), wanted.name)
        dialog.deleteLater()


def test_form_leaves_files_closed(tmp_path: Path) -> None:
    """A file on which GDAL's HDF-EOS route ends the process; QGIS's own element opens it."""
    from akkd.form import form_of_algorithm

    from akkd_core.operations.spec import ParamKind

    path = write_nameless_dimension(tmp_path / "nameless.hdf")
    for algorithm in ("retrieve", "validate_modis", "validate_aster", "validate_stations"):
        for field in form_of_algorithm(algorithm).fields:
            if field.parameter.kind is ParamKind.INPUT_PATH:
                name = field.parameter.name
                value: Any = [str(path)] if field.parameter.multiple else str(path)
                dialog = form_of(algorithm, {name: value})
                assert dialog.mainWidget().wrappers[name].parameterValue() == value
                dialog.deleteLater()


def test_form_shows_several_files_and_layers(product: Path) -> None:
    from qgis.core import QgsProject, QgsRasterLayer

    dialog = form_of("retrieve", {"scenes": ["/a b/1.hdf", "/c/2.hdf"]})
    assert dialog.mainWidget().wrappers["scenes"].parameterValue() == ["/a b/1.hdf", "/c/2.hdf"]
    dialog.deleteLater()
    layer = QgsRasterLayer(str(product / "GRANULE_LST.tif"), "a layer")
    QgsProject.instance().addMapLayer(layer)
    dialog = form_of("validate_stations", {"dem": layer.id()})
    assert dialog.mainWidget().wrappers["dem"].parameterValue() == layer.id()
    dialog.deleteLater()
    QgsProject.instance().removeMapLayer(layer.id())


def test_batch_of_three_rows_with_a_bad_one(
    interface: Interface, granule: Path, product: Path, tmp_path: Path
) -> None:
    """QGIS's own batch form, run as its button does."""
    from processing.gui.BatchAlgorithmDialog import BatchAlgorithmDialog
    from qgis.core import QgsApplication, QgsProcessingContext, QgsProject

    from tests.qgis.rasters import read

    scenes = [tmp_path / f"{name}.hdf" for name in ("first", "second", "third")]
    for scene in scenes:
        scene.write_bytes(granule.read_bytes())
    scenes[1].write_bytes(b"no granule")
    made = QgsApplication.processingRegistry().createAlgorithmById("akkd:retrieve")
    dialog = BatchAlgorithmDialog(made, None)
    panel = dialog.mainWidget()
    panel.addRow(len(scenes) - panel.batchRowCount())
    column = panel.parameter_to_column["scenes"]
    for row, scene in enumerate(scenes):
        panel.wrappers[row][column].setParameterValue([str(scene)], QgsProcessingContext())
        assert panel.valueForParameter(row, "scenes") == [str(scene)]
    dialog.runAlgorithm()
    # QGIS 3.40 runs the rows in the background.
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("third_akkd/*.json")) and time.monotonic() < deadline:
        QgsApplication.processEvents()
        time.sleep(0.05)
    QgsApplication.processEvents()
    dialog.deleteLater()
    QgsProject.instance().clear()
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {
        "first_akkd", "third_akkd",
    }  # fmt: skip
    for name in ("first", "third"):
        (found,) = (tmp_path / f"{name}_akkd").glob("*_LST.tif")
        difference = read(found) - read(product / "GRANULE_LST.tif")
        assert np.nanmax(np.abs(difference)) <= 1e-3


def test_dropped_granule_opens_retrieval(opened: list[Any], granule: Path) -> None:
    from akkd.window import GranuleDropHandler

    assert GranuleDropHandler().handleFileDrop(str(granule))
    assert opened == [("akkd:retrieve", {"scenes": [str(granule)]})]


def test_other_files_are_left_to_qgis(
    opened: list[Any], interface: Interface, truth: Path, tmp_path: Path
) -> None:
    from akkd.window import GranuleDropHandler

    text = tmp_path / "notes.txt"
    text.write_text("no granule")
    for path in (truth, text, tmp_path / "absent.hdf", tmp_path):
        assert not GranuleDropHandler().handleFileDrop(str(path))
    assert opened == [] and interface.bar.messages == []


def test_damaged_granule_is_kept_from_gdal(
    opened: list[Any], interface: Interface, granule: Path, tmp_path: Path
) -> None:
    from akkd.window import GranuleDropHandler

    damaged = tmp_path / "damaged.hdf"
    damaged.write_bytes(granule.read_bytes()[:9000])
    assert GranuleDropHandler().handleFileDrop(str(damaged))
    (message,) = interface.bar.messages
    assert message.startswith(str(damaged)) and "\n" not in message
    assert opened == []


def test_menu_of_a_layer(opened: list[Any], interface: Interface, product: Path) -> None:
    from akkd.window import Window
    from qgis.core import QgsProject, QgsRasterLayer

    window = Window()
    retrieve, compare = interface.actions
    assert len(interface.handlers) == 1
    path = str(product / "GRANULE_LST.tif")
    interface.current = QgsRasterLayer(path, "LST")
    QgsProject.instance().addMapLayer(interface.current)
    retrieve.trigger()
    compare.trigger()
    assert opened == [
        ("akkd:retrieve", {"scenes": [path]}), ("akkd:validate_modis", {"products": [path]}),
    ]  # fmt: skip
    path = str(product / "GRANULE_LSE.tif")
    interface.current = QgsRasterLayer(path, "any GeoTIFF of five bands")
    retrieve.trigger()
    assert opened[2:] == [("akkd:retrieve_raster", {"rasters": [path]})]
    QgsProject.instance().clear()
    window.close()
    assert interface.actions == [] and interface.handlers == []
