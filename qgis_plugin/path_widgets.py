"""Form elements for paths. QGIS's own open a file with GDAL as soon as it is named.

GDAL's HDF4 driver ends the whole process on some malformed files; these leave files closed, for
the core to check. In the model designer QGIS's own elements stand, which link to other steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from processing.gui.wrappers import WidgetWrapper
from qgis.core import QgsMapLayer, QgsProcessing, QgsProject
from qgis.gui import QgsFileWidget, QgsGui
from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QMenu, QToolButton, QWidget

from akkd_core.operations.models import model_names

from .project_layers import raster_files
from .sources import path_of_source
from .translation import tr

_MODELER = "ModelerParametersDialog"


def _path(value: Any) -> str:
    """Path of a layer, given by itself or its id, or the path itself."""
    layer = value if isinstance(value, QgsMapLayer) else QgsProject.instance().mapLayer(str(value))
    return str(value) if layer is None else path_of_source(layer.source())


def _row(wide: QWidget, button: QToolButton) -> QWidget:
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(wide, 1)
    layout.addWidget(button)
    return holder


def _menu_button(text: str, fill: Callable[[QMenu], None]) -> QToolButton:
    """Button with a menu that is filled whenever it opens."""
    button = QToolButton()
    button.setText(text)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    menu = QMenu(button)
    menu.aboutToShow.connect(menu.clear)
    menu.aboutToShow.connect(lambda: fill(menu))
    button.setMenu(menu)
    return button


def _ask_folder(parent: QWidget, take: Callable[[str], None]) -> None:
    folder = QFileDialog.getExistingDirectory(parent, tr("Choose a folder"))
    if folder:
        take(folder)


class _Files(WidgetWrapper):
    """A line of file names, with a button that chooses several; files may be dropped on it.

    A second button adds a folder or, where rasters are asked for, a layer of the project.
    """

    def createWidget(self, **_: Any) -> QWidget:  # noqa: N802  (QGIS's names)
        """Make the element."""
        self._line = QgsFileWidget()
        self._line.setStorageMode(QgsFileWidget.StorageMode.GetMultipleFiles)
        self._line.fileChanged.connect(lambda _: self.widgetValueHasChanged.emit(self))
        return _row(self._line, _menu_button(tr("Add"), self._fill))

    def _fill(self, menu: QMenu) -> None:
        menu.addAction(tr("Folder…")).triggered.connect(
            lambda: _ask_folder(self.widget, self._add)
        )
        if self.parameterDefinition().layerType() == QgsProcessing.SourceType.TypeFile:
            return
        menu.addSection(tr("Layers"))
        for layer in raster_files():
            path = path_of_source(layer.source())
            menu.addAction(layer.name()).triggered.connect(lambda _, path=path: self._add(path))

    def _add(self, path: str) -> None:
        self.setValue([*self.value(), path])

    def setValue(self, value: Any) -> None:  # noqa: N802
        """Show paths."""
        values = value if isinstance(value, (list, tuple)) else [value] if value else []
        paths = [_path(one) for one in values]
        quoted = " ".join(f'"{path}"' for path in paths)
        self._line.setFilePath(quoted if len(paths) > 1 else "".join(paths))

    def value(self) -> list[str]:
        """Paths, one or several."""
        return [str(path) for path in QgsFileWidget.splitFilePaths(self._line.filePath()) if path]


class _OneOrPath(WidgetWrapper):
    """A list of what is known by name; a path may be typed or chosen."""

    def known(self) -> list[tuple[str, str]]:
        """List what may be chosen by name: as it is shown, and its value."""
        raise NotImplementedError

    def createWidget(self, **_: Any) -> QWidget:  # noqa: N802
        """Make the element."""
        self._combo = QComboBox()
        self._combo.setEditable(True)
        self._combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        for shown, value in self.known():
            self._combo.addItem(shown, value)
        self._combo.setCurrentIndex(-1)
        self._combo.currentTextChanged.connect(lambda _: self.widgetValueHasChanged.emit(self))
        return _row(self._combo, _menu_button("…", self._fill))

    def _fill(self, menu: QMenu) -> None:
        menu.addAction(tr("File…")).triggered.connect(lambda: self._ask_file())
        menu.addAction(tr("Folder…")).triggered.connect(
            lambda: _ask_folder(self.widget, self._combo.setEditText)
        )

    def _ask_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self.widget, tr("Choose a file"))
        if path:
            self._combo.setEditText(path)

    def setValue(self, value: Any) -> None:  # noqa: N802
        """Show what is known, by itself or its value, or a path."""
        text = value.id() if isinstance(value, QgsMapLayer) else str(value or "")
        index = self._combo.findData(text) if text else -1
        self._combo.setCurrentIndex(index)
        if index < 0:
            self._combo.setEditText(text)

    def value(self) -> str | None:
        """Value of what is known, or a path; None if nothing is named."""
        text, index = self._combo.currentText(), self._combo.currentIndex()
        if index < 0 or self._combo.itemText(index) != text:
            index = self._combo.findText(text.strip())
        return (self._combo.itemData(index) if index >= 0 else text.strip()) or None


class _LayerOrPath(_OneOrPath):
    def known(self) -> list[tuple[str, str]]:
        """List the project's raster layers."""
        return [(layer.name(), layer.id()) for layer in raster_files()]


class _NameOrPath(_OneOrPath):
    def known(self) -> list[tuple[str, str]]:
        """List models that are shipped or installed, or of a text layers whose file it may be."""
        definition = self.parameterDefinition()
        if definition.metadata().get("akkd_models"):
            return [(name, name) for name in model_names()]
        layers = raster_files() if definition.type() == "string" else []
        return [(layer.name(), path_of_source(layer.source())) for layer in layers]


def _for_dialog(wrapper: type[WidgetWrapper], parameter: Any, dialog: Any, *place: int) -> Any:
    if type(dialog).__name__ != _MODELER:
        return wrapper(parameter, dialog, *place)
    own = QgsGui.processingGuiRegistry().createModelerParameterWidget(
        dialog.model, dialog.childId, parameter, dialog.context
    )
    own.setDialog(dialog)
    return own


class FilesElement:
    """What the metadata of a parameter names: makes the element that fits the dialog."""

    def __new__(cls, parameter: Any, dialog: Any, row: int = 0, col: int = 0) -> Any:
        """Make the element."""
        return _for_dialog(_Files, parameter, dialog, row, col)


class LayerOrPathElement:
    """What the metadata of a parameter names: makes the element that fits the dialog."""

    def __new__(cls, parameter: Any, dialog: Any, row: int = 0, col: int = 0) -> Any:
        """Make the element."""
        return _for_dialog(_LayerOrPath, parameter, dialog, row, col)


class NameOrPathElement:
    """What the metadata of a parameter names: makes the element that fits the dialog."""

    def __new__(cls, parameter: Any, dialog: Any, row: int = 0, col: int = 0) -> Any:
        """Make the element."""
        return _for_dialog(_NameOrPath, parameter, dialog, row, col)
