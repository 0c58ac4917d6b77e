"""The plugin as QGIS loads it: provider, drop handler and menu entries of layers."""

from __future__ import annotations

from typing import Any

from qgis import utils
from qgis.core import QgsApplication

from .bundled_core import forget_core
from .feedback import listen_to_warnings, stop_listening
from .provider import AkkdProvider
from .translation import install_translator, remove_translator


class AkkdPlugin:
    """The plugin."""

    def __init__(self) -> None:
        self._provider: AkkdProvider | None = None
        self._window: Any = None
        self._translator = install_translator()

    def initProcessing(self) -> None:  # noqa: N802  (QGIS's names from here on)
        """Add the provider; all that qgis_process asks for."""
        if self._provider is None:
            listen_to_warnings()
            self._provider = AkkdProvider()
            QgsApplication.processingRegistry().addProvider(self._provider)

    def initGui(self) -> None:  # noqa: N802
        """Add the provider and what belongs to the window."""
        self.initProcessing()
        if utils.iface is not None:
            from .window import Window

            self._window = Window()

    def unload(self) -> None:
        """Take all of it out again."""
        if self._window is not None:
            self._window.close()
            self._window = None
        if self._provider is not None:
            QgsApplication.processingRegistry().removeProvider(self._provider)
            self._provider = None
        stop_listening()
        remove_translator(self._translator)
        self._translator = None
        forget_core()
