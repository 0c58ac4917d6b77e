"""AKKD: land surface temperature and emissivity from ASTER thermal infrared.

The public Python API is small; heavy modules load when a name is first used::

    from akkd_core import open_scene, retrieve
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

__all__ = ["__version__", "open_scene", "retrieve"]

_LAZY = {
    "open_scene": ("akkd_core.readers", "open_scene"),
    "retrieve": ("akkd_core.operations.retrieve", "retrieve"),
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        module, attribute = _LAZY[name]
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
