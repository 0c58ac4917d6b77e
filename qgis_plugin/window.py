"""What the plugin adds to QGIS's window: dropping a granule, and entries in a layer's menu."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis import utils
from qgis.core import Qgis, QgsApplication, QgsMapLayerType, QgsRasterLayer
from qgis.gui import QgsCustomDropHandler
from qgis.PyQt.QtCore import QMimeData, QUrl
from qgis.PyQt.QtGui import QDesktopServices, QIcon
from qgis.PyQt.QtWidgets import QAction

from .algorithm import LOG
from .icon import ICON
from .layer_pairs import comparison
from .project_layers import is_raster_file, raster_files
from .results import REPORT
from .sources import path_of_source
from .translation import tr

RETRIEVE = "akkd:retrieve"
RETRIEVE_RASTER = "akkd:retrieve_raster"
COMPARE = "akkd:validate_modis"
MENU = "AKKD"
_BANDS = 5
_SEVERAL = 2


def look_at(path: str) -> tuple[bool, str]:
    """Tell whether a file is an ASTER thermal granule, and if QGIS had better not open it why.

    Parameters
    ----------
    path : str

    Returns
    -------
    (bool, str)
        Whether it can be retrieved; the message on a damaged or malformed HDF4 file, else empty.
    """
    from akkd_core.errors import AkkdError, GranuleReadError
    from akkd_core.readers import open_scene
    from akkd_core.readers.sniff import FileKind, sniff

    file = Path(path)
    try:
        if not file.is_file() or sniff(file) is not FileKind.HDF4:
            return False, ""
        open_scene(file)
    except GranuleReadError as error:
        return False, str(error)
    except AkkdError:
        return False, _why_not_in_qgis(file)
    except OSError:
        return False, ""
    return True, ""


def _why_not_in_qgis(file: Path) -> str:
    from akkd_core.errors import GranuleReadError

    from .gdal_probe import check_survivable

    try:
        check_survivable(file)
    except GranuleReadError as error:
        return str(error)
    return ""


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
    if dialog is None:
        message = tr("AKKD is switched off under Settings, Options, Processing, Providers")
        utils.iface.messageBar().pushWarning(MENU, message)
    else:
        dialog.show()
    return dialog


class GranuleDropHandler(QgsCustomDropHandler):
    """A granule dropped on the window, or several, opens the form of retrieval."""

    def __init__(self) -> None:
        super().__init__()
        self.dialog: Any = None

    def handleMimeDataV2(self, data: QMimeData) -> bool:  # noqa: N802  (QGIS's names)
        """Take several granules at once; all else comes file by file."""
        paths = [url.toLocalFile() for url in data.urls()]
        if len(paths) < _SEVERAL or not all(look_at(path)[0] for path in paths):
            return False
        self.dialog = open_dialog(RETRIEVE, {"scenes": paths})
        return True

    def handleFileDrop(self, file: str) -> bool:  # noqa: N802
        """Take an ASTER granule, and keep damaged HDF4 files from GDAL; leave others to QGIS."""
        fits, complaint = look_at(file)
        if complaint:
            utils.iface.messageBar().pushWarning(MENU, complaint)
        if fits:
            self.dialog = open_dialog(RETRIEVE, {"scenes": [file]})
        return fits or bool(complaint)


def open_report(successful: bool, results: dict[str, Any]) -> None:
    """Show a comparison's report as this computer shows HTML files.

    Parameters
    ----------
    successful : bool
    results : dict
        Of the algorithm.
    """
    report = results.get(REPORT) if successful else None
    if report:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(report)))


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
        QgsApplication.messageLog().messageReceived.connect(self._show)

    def _add(self, title: str, run: Any) -> QAction:
        """Add an entry to the menu of raster layers, and to the menu Raster."""
        action = QAction(QIcon(ICON), title, self._iface.mainWindow())
        action.triggered.connect(run)
        kind = QgsMapLayerType.RasterLayer
        self._iface.addCustomActionForLayerType(action, MENU, kind, True)
        self._iface.addPluginToRasterMenu(MENU, action)
        return action

    def _show(self, message: str, tag: str, level: Qgis.MessageLevel) -> None:
        """Put what an algorithm complained of into the message bar."""
        if tag == LOG and level == Qgis.MessageLevel.Critical:
            self._iface.messageBar().pushCritical(MENU, message)

    def _layer(self) -> QgsRasterLayer | None:
        layer = self._iface.layerTreeView().currentLayer()
        return layer if isinstance(layer, QgsRasterLayer) else None

    def _retrieve(self) -> None:
        layer, path, bands = self._layer(), "", 0
        if layer is not None:
            if is_raster_file(layer):
                path, bands = path_of_source(layer.source()), layer.bandCount()
            else:
                message = tr("layer {}: isn't a file on this computer. Choose the scene's file")
                self._iface.messageBar().pushWarning(MENU, message.format(layer.name()))
        self._dialog = open_dialog(*retrieval(path, bands))

    def _compare(self) -> None:
        sources = [layer.source() for layer in raster_files()]
        chosen = self._layer()
        values = comparison(sources, "" if chosen is None else chosen.source())
        self._dialog = open_dialog(COMPARE, values)
        if self._dialog is not None:
            self._dialog.algorithmFinished.connect(open_report)

    def close(self) -> None:
        """Take all of it out."""
        QgsApplication.messageLog().messageReceived.disconnect(self._show)
        self._iface.unregisterCustomDropHandler(self._handler)
        for action in self._actions:
            self._iface.removeCustomActionForLayerType(action)
            self._iface.removePluginRasterMenu(MENU, action)
            action.deleteLater()
        self._actions = []
