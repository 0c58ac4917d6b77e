"""Forms, the drop handler and the entries in a layer's menu, without a screen."""

from __future__ import annotations

import time
from collections.abc import Iterator
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

    pushCritical = pushWarning  # noqa: N815


class Interface:
    """Stands in for QGIS's window, which a test has none of."""

    def __init__(self) -> None:
        from qgis.PyQt.QtWidgets import QMainWindow

        self.bar, self.window = Bar(), QMainWindow()
        self.handlers: list[Any] = []
        self.actions: list[Any] = []
        self.raster_menu: list[Any] = []
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

    def addPluginToRasterMenu(self, menu: str, action: Any) -> None:  # noqa: N802
        self.raster_menu.append(action)

    def removePluginRasterMenu(self, menu: str, action: Any) -> None:  # noqa: N802
        self.raster_menu.remove(action)

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


@pytest.fixture
def window(interface: Interface) -> Iterator[Any]:
    from akkd.window import Window

    made = Window()
    yield made
    made.close()


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


def test_malformed_hdf_eos_file_is_kept_from_gdal(
    opened: list[Any], interface: Interface, tmp_path: Path
) -> None:
    """QGIS ended when it was dropped: it is sound HDF4, but GDAL's HDF-EOS route isn't."""
    from akkd.window import GranuleDropHandler

    path = write_nameless_dimension(tmp_path / "nameless.hdf")
    assert GranuleDropHandler().handleFileDrop(str(path))
    (message,) = interface.bar.messages
    assert message.startswith(f"{path}: QGIS would end on this malformed file")
    assert opened == []


def test_sound_hdf_file_of_another_kind_goes_on_to_qgis(
    opened: list[Any], interface: Interface, shared_data: Path
) -> None:
    from akkd.window import GranuleDropHandler

    for name in ("Grid219", "sinusoid", "swath_3_3d_dimmap"):
        path = shared_data / "hdfeos_edge" / f"{name}.hdf"
        if not path.is_file():
            pytest.skip("no such file")
        assert not GranuleDropHandler().handleFileDrop(str(path))
    assert opened == [] and interface.bar.messages == []


def test_several_granules_are_dropped_on_one_form(
    opened: list[Any], granule: Path, truth: Path, tmp_path: Path
) -> None:
    from akkd.window import GranuleDropHandler
    from qgis.PyQt.QtCore import QMimeData, QUrl

    def dropped(*paths: Path) -> bool:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        return GranuleDropHandler().handleMimeDataV2(data)

    second = tmp_path / "second.hdf"
    second.write_bytes(granule.read_bytes())
    assert not dropped(granule, truth) and not dropped(granule)
    assert opened == []
    assert dropped(granule, second)
    assert opened == [("akkd:retrieve", {"scenes": [str(granule), str(second)]})]


def test_settings_page_opens(qgis: Any) -> None:
    """An icon of the wrong kind kept QGIS's dialog of options from opening at all."""
    from processing.gui.ConfigDialog import ConfigDialog

    page = ConfigDialog(False)
    model = page.model
    (providers,) = model.findItems("Providers")
    rows = [providers.child(row) for row in range(providers.rowCount())]
    (ours,) = [row for row in rows if row.text() == "AKKD"]
    assert ours.rowCount() == 2 and not ours.icon().isNull()
    page.deleteLater()


def test_python_for_hdf4_is_that_of_the_settings(
    qgis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change counts at once, and what was chosen is taken back."""
    import os

    from akkd import settings
    from processing.core.ProcessingConfig import ProcessingConfig

    from akkd_core.readers.child_python import PYTHON_VARIABLE

    monkeypatch.setattr(settings, "_found_at_start", None)
    monkeypatch.setattr(ProcessingConfig.settings[settings.HDF4_PYTHON], "value", "/x/python")
    settings.use_hdf4_python()
    assert os.environ[PYTHON_VARIABLE] == "/x/python"
    monkeypatch.setattr(ProcessingConfig.settings[settings.HDF4_PYTHON], "value", "")
    settings.use_hdf4_python()
    assert PYTHON_VARIABLE not in os.environ


@pytest.mark.usefixtures("window")
def test_complaints_reach_the_message_bar(interface: Interface, truth: Path) -> None:
    """In one line; those of others do not."""
    import processing
    from qgis.core import Qgis, QgsApplication, QgsMessageLog, QgsProcessingException

    with pytest.raises(QgsProcessingException):
        processing.run("akkd:retrieve", {"scenes": [str(truth)], "output": "TEMPORARY_OUTPUT"})
    QgsMessageLog.logMessage("theirs", "Other", Qgis.MessageLevel.Critical)
    QgsMessageLog.logMessage("a traceback", "AKKD", Qgis.MessageLevel.Warning)
    QgsApplication.processEvents()
    (message,) = interface.bar.messages
    assert message.startswith(str(truth)) and "\n" not in message


@pytest.mark.usefixtures("window")
def test_layer_from_the_web_is_told_apart(opened: list[Any], interface: Interface) -> None:
    from qgis.core import QgsRasterLayer

    source = "type=xyz&url=https://example.invalid/%7Bz%7D/%7Bx%7D/%7By%7D.png&zmax=1&zmin=0"
    interface.current = QgsRasterLayer(source, "tiles", "wms")
    interface.actions[0].trigger()
    (message,) = interface.bar.messages
    assert message.startswith("layer tiles: isn't a file on this computer")
    assert opened == [("akkd:retrieve", {})]


def test_report_is_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from akkd import window

    shown: list[str] = []

    class Services:
        @staticmethod
        def openUrl(url: Any) -> bool:  # noqa: N802
            shown.append(url.toLocalFile())
            return True

    monkeypatch.setattr(window, "QDesktopServices", Services)
    window.open_report(False, {"report": "x"})
    window.open_report(True, {})
    assert shown == []
    window.open_report(True, {"report": str(tmp_path / "report.html")})
    assert shown == [str(tmp_path / "report.html")]


def test_required_lists_must_not_be_empty() -> None:
    from qgis.core import QgsApplication, QgsProcessingContext

    made = QgsApplication.processingRegistry().createAlgorithmById("akkd:retrieve")
    scenes = made.parameterDefinition("scenes")
    for definition in (scenes, scenes.clone()):
        assert not definition.checkValueIsAcceptable([], QgsProcessingContext())
        assert definition.checkValueIsAcceptable(["/x"], QgsProcessingContext())


def test_layers_of_one_name_are_told_apart(product: Path) -> None:
    from qgis.core import QgsProject, QgsRasterLayer

    layers = [QgsRasterLayer(str(product / f"GRANULE_{x}.tif"), "same") for x in ("LST", "QC")]
    QgsProject.instance().addMapLayers(layers)
    for layer in layers:
        dialog = form_of("validate_stations", {"dem": layer.id()})
        wrapper = dialog.mainWidget().wrappers["dem"]
        assert wrapper.parameterValue() == layer.id()
        dialog.deleteLater()
    QgsProject.instance().clear()


def test_paths_are_typed_where_names_are_chosen(tmp_path: Path) -> None:
    """Models by name; a path that is typed and entered stays a path."""
    from qgis.PyQt.QtCore import Qt
    from qgis.PyQt.QtTest import QTest
    from qgis.PyQt.QtWidgets import QComboBox

    dialog = form_of("retrieve", {})
    wrapper = dialog.mainWidget().wrappers["model"]
    combo = wrapper.widget.findChild(QComboBox)
    names = [combo.itemText(index) for index in range(combo.count())]
    assert names[:2] == ["default", "compact"] and wrapper.parameterValue() is None
    combo.setEditText(str(tmp_path))
    QTest.keyClick(combo.lineEdit(), Qt.Key.Key_Return)
    assert wrapper.parameterValue() == str(tmp_path)
    dialog.deleteLater()
    dialog = form_of("info", {"target": "4095"})
    assert dialog.mainWidget().wrappers["target"].parameterValue() == "4095"
    dialog.deleteLater()


def test_text_may_be_the_file_of_a_layer(product: Path) -> None:
    from qgis.core import QgsProject, QgsRasterLayer
    from qgis.PyQt.QtWidgets import QComboBox

    path = str(product / "GRANULE_LST.tif")
    QgsProject.instance().addMapLayer(QgsRasterLayer(path, "a layer"))
    dialog = form_of("retrieve", {})
    for name in ("tcwv", "t_air"):
        wrapper = dialog.mainWidget().wrappers[name]
        wrapper.widget.findChild(QComboBox).setCurrentIndex(0)
        assert wrapper.parameterValue() == path
        wrapper.widget.findChild(QComboBox).setEditText("293.5")
        assert wrapper.parameterValue() == "293.5"
    dialog.deleteLater()
    QgsProject.instance().clear()


def test_numbers_are_shown_without_a_tail_of_zeros() -> None:
    from akkd.parameters import _decimals

    assert _decimals(1000.0, 0.0) == 3 and _decimals(None, None) == 3
    assert _decimals(0.0075, 0.0) == 4 and _decimals(None, 1e-6) == 6


def test_menu_of_a_layer(opened: list[Any], interface: Interface, product: Path) -> None:
    from akkd.window import Window
    from qgis.core import QgsProject, QgsRasterLayer

    window = Window()
    retrieve, compare = interface.actions
    assert interface.raster_menu == interface.actions
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
    assert interface.actions == interface.handlers == interface.raster_menu == []
