"""Form elements for paths. QGIS's own open a file with GDAL as soon as it is named.

GDAL's HDF4 driver ends the whole process on some malformed files; these leave files closed, for
the core to check. In the model designer QGIS's own elements stand, which link to other steps.
"""

from __future__ import annotations

from typing import Any

from processing.gui.wrappers import WidgetWrapper
from qgis.core import QgsMapLayer, QgsProcessing, QgsProject, QgsRasterLayer
from qgis.gui import QgsFileWidget, QgsGui
from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QMenu, QToolButton, QWidget

from .sources import path_of_source
from .translation import tr

_MODELER = "ModelerParametersDialog"


def _raster_layers() -> list[QgsRasterLayer]:
    layers = QgsProject.instance().mapLayers().values()
    return [layer for layer in layers if isinstance(layer, QgsRasterLayer)]


def _path(value: Any) -> str:
    """Path of a layer, given by itself or its id, or the path itself."""
    layer = value if isinstance(value, QgsMapLayer) else QgsProject.instance().mapLayer(str(value))
    return str(value) if layer is None else path_of_source(layer.source())


class _Files(WidgetWrapper):
    """A line of file names, with a button that chooses several; files may be dropped on it.

    Where rasters are asked for, a second button adds the file of one of the project's layers.
    """

    def createWidget(self, **_: Any) -> QWidget:  # noqa: N802  (QGIS's names)
        """Make the element."""
        self._line = QgsFileWidget()
        self._line.setStorageMode(QgsFileWidget.StorageMode.GetMultipleFiles)
        self._line.fileChanged.connect(lambda _: self.widgetValueHasChanged.emit(self))
        if self.parameterDefinition().layerType() == QgsProcessing.SourceType.TypeFile:
            return self._line
        holder, button = QWidget(), QToolButton()
        button.setText(tr("Layers"))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(button)
        self._menu.aboutToShow.connect(self._list_layers)
        button.setMenu(self._menu)
        return _row(holder, self._line, button)

    def _list_layers(self) -> None:
        self._menu.clear()
        for layer in _raster_layers():
            path = path_of_source(layer.source())
            self._menu.addAction(layer.name()).triggered.connect(
                lambda _, path=path: self.setValue([*self.value(), path])
            )

    def setValue(self, value: Any) -> None:  # noqa: N802
        """Show paths."""
        values = value if isinstance(value, (list, tuple)) else [value] if value else []
        paths = [_path(one) for one in values]
        quoted = " ".join(f'"{path}"' for path in paths)
        self._line.setFilePath(quoted if len(paths) > 1 else "".join(paths))

    def value(self) -> list[str]:
        """Paths, one or several."""
        return [str(path) for path in QgsFileWidget.splitFilePaths(self._line.filePath()) if path]


def _row(holder: QWidget, wide: QWidget, button: QToolButton) -> QWidget:
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(wide, 1)
    layout.addWidget(button)
    return holder


class _LayerOrPath(WidgetWrapper):
    """The project's raster layers by name; a path may be typed or chosen."""

    def createWidget(self, **_: Any) -> QWidget:  # noqa: N802
        """Make the element."""
        holder, self._combo, button = QWidget(), QComboBox(), QToolButton()
        self._combo.setEditable(True)
        if self.parameterDefinition().flags() & self.parameterDefinition().Flag.FlagOptional:
            self._combo.addItem("", "")
        for layer in _raster_layers():
            self._combo.addItem(layer.name(), layer.id())
        self._combo.currentTextChanged.connect(lambda _: self.widgetValueHasChanged.emit(self))
        button.setText("…")
        button.clicked.connect(self._choose)
        return _row(holder, self._combo, button)

    def _choose(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self.widget, tr("Choose a file"))
        if path:
            self._combo.setEditText(path)

    def setValue(self, value: Any) -> None:  # noqa: N802
        """Show a layer, by itself or its id, or a path."""
        text = value.id() if isinstance(value, QgsMapLayer) else str(value or "")
        index = self._combo.findData(text)
        if index >= 0:
            self._combo.setCurrentIndex(index)
        else:
            self._combo.setEditText(text)

    def value(self) -> str | None:
        """Id of a layer, or a path; None if nothing is named."""
        text = self._combo.currentText().strip()
        index = self._combo.findText(text)
        return (self._combo.itemData(index) if index >= 0 else text) or None


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
