"""What the plugin adds to QGIS's window: dropping a granule, and entries in a layer's menu."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis import utils
from qgis.core import QgsApplication, QgsMapLayerType, QgsProject, QgsRasterLayer
from qgis.gui import QgsCustomDropHandler
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction

from .icon import ICON
from .layer_pairs import comparison
from .sources import path_of_source
from .translation import tr

RETRIEVE = "akkd:retrieve"
RETRIEVE_RASTER = "akkd:retrieve_raster"
COMPARE = "akkd:validate_modis"
MENU = "AKKD"
_BANDS = 5


def look_at(path: str) -> tuple[bool, str]:
    """Tell whether a file is an ASTER thermal granule, and if it is damaged what about it.

    Parameters
    ----------
    path : str

    Returns
    -------
    (bool, str)
        Whether it can be retrieved; the core's message on a damaged HDF4 file, else empty.
    """
    from akkd_core.errors import AkkdError, GranuleReadError
    from akkd_core.readers import open_scene

    if Path(path).suffix.lower() != ".hdf" or not Path(path).is_file():
        return False, ""
    try:
        open_scene(path)
    except GranuleReadError as error:
        return False, str(error)
    except (AkkdError, OSError):
        return False, ""
    return True, ""


def retrieval(path: str, bands: int) -> tuple[str, dict[str, Any]]:
    """Tell which form retrieves from a layer, and what to fill in.

    Parameters
    ----------
    path : str
        Empty if there is no layer.
    bands : int
        Of the layer. A GeoTIFF with all thermal bands that is no granule is a raster of them.
    """
    from akkd_core.errors import AkkdError, UnsupportedGranuleError
    from akkd_core.readers import open_scene

    if bands >= _BANDS and path.lower().endswith((".tif", ".tiff")):
        try:
            open_scene(path)
        except UnsupportedGranuleError:
            return RETRIEVE_RASTER, {"rasters": [path]}
        except (AkkdError, OSError):
            pass
    return RETRIEVE, {"scenes": [path]} if path else {}


def open_dialog(algorithm: str, parameters: dict[str, Any]) -> Any:
    """Open an algorithm's form with values filled in."""
    from qgis import processing

    dialog = processing.createAlgorithmDialog(algorithm, parameters)
    if dialog is not None:
        dialog.show()
    return dialog


class GranuleDropHandler(QgsCustomDropHandler):
    """A granule dropped on the window opens the form of retrieval."""

    def __init__(self) -> None:
        super().__init__()
        self.dialog: Any = None

    def handleFileDrop(self, file: str) -> bool:  # noqa: N802  (QGIS's name)
        """Take an ASTER granule, and keep damaged HDF4 files from GDAL; leave others to QGIS."""
        fits, complaint = look_at(file)
        if complaint:
            utils.iface.messageBar().pushWarning(MENU, complaint)
        if fits:
            self.dialog = open_dialog(RETRIEVE, {"scenes": [file]})
        return fits or bool(complaint)


class Window:
    """Everything that must be taken out again when the plugin is unloaded."""

    def __init__(self) -> None:
        self._iface = utils.iface
        self._dialog: Any = None
        self._handler = GranuleDropHandler()
        self._iface.registerCustomDropHandler(self._handler)
        self._actions = [
            self._add(tr("Retrieve LST"), self._retrieve),
            self._add(tr("Compare with MODIS"), self._compare),
        ]

    def _add(self, title: str, run: Any) -> QAction:
        action = QAction(QIcon(ICON), title, self._iface.mainWindow())
        action.triggered.connect(run)
        kind = QgsMapLayerType.RasterLayer
        self._iface.addCustomActionForLayerType(action, MENU, kind, True)
        return action

    def _layer(self) -> QgsRasterLayer | None:
        layer = self._iface.layerTreeView().currentLayer()
        return layer if isinstance(layer, QgsRasterLayer) else None

    def _retrieve(self) -> None:
        layer = self._layer()
        path = path_of_source(layer.source()) if layer is not None else ""
        bands = layer.bandCount() if layer is not None else 0
        self._dialog = open_dialog(*retrieval(path, bands))

    def _compare(self) -> None:
        if QgsApplication.processingRegistry().algorithmById(COMPARE) is None:
            self._iface.messageBar().pushWarning("AKKD", tr("Comparison isn't available"))
            return
        layers = QgsProject.instance().mapLayers().values()
        sources = [layer.source() for layer in layers if isinstance(layer, QgsRasterLayer)]
        chosen = self._layer()
        values = comparison(sources, "" if chosen is None else chosen.source())
        self._dialog = open_dialog(COMPARE, values)

    def close(self) -> None:
        """Take all of it out."""
        self._iface.unregisterCustomDropHandler(self._handler)
        for action in self._actions:
            self._iface.removeCustomActionForLayerType(action)
            action.deleteLater()
        self._actions = []
