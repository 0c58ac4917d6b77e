"""The Processing provider: all operations of the catalogue."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from akkd_core import __version__

from .algorithm import OperationAlgorithm
from .form import all_forms
from .icon import ICON
from .settings import add_settings, remove_settings


class AkkdProvider(QgsProcessingProvider):
    """Provider ``akkd``."""

    def id(self) -> str:
        """Id, part of every algorithm's."""
        return "akkd"

    def name(self) -> str:
        """Name in the toolbox."""
        return "AKKD"

    def longName(self) -> str:  # noqa: N802  (QGIS's names from here on)
        """Name with what it does."""
        return "AKKD, land surface temperature and emissivity"

    def versionInfo(self) -> str:  # noqa: N802
        """Version of AKKD."""
        return str(__version__)

    def icon(self) -> QIcon:
        """Icon in the toolbox."""
        return QIcon(ICON)

    def load(self) -> bool:
        """Add settings and algorithms."""
        add_settings(self.icon())
        self.refreshAlgorithms()
        return True

    def unload(self) -> None:
        """Take the settings out."""
        remove_settings()

    def loadAlgorithms(self) -> None:  # noqa: N802
        """Add an algorithm for each operation."""
        for form in all_forms():
            self.addAlgorithm(OperationAlgorithm(form))
