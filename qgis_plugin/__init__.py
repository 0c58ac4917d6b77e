"""QGIS plugin: the operations of AKKD as Processing algorithms. Nothing of QGIS is loaded here."""

from __future__ import annotations

from typing import Any

from .bundled_core import use_bundled_core

use_bundled_core()


def classFactory(iface: Any) -> Any:  # noqa: N802  (QGIS's name)
    """Make the plugin; QGIS calls it."""
    from .plugin import AkkdPlugin

    return AkkdPlugin()
