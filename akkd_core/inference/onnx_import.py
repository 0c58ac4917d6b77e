"""Importing onnxruntime such that it stays silent.

From 1.29 on its official builds send telemetry to their maker from the moment they are imported
(its Privacy.md). AKKD sends nothing anywhere unasked.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

TELEMETRY_VARIABLE = "ORT_DISABLE_TELEMETRY"
"""Environment variable that keeps onnxruntime's telemetry from being set up, if set in time."""


def import_onnxruntime() -> Any:
    """Import onnxruntime with its telemetry off, unless the user set the variable otherwise.

    Raises
    ------
    ImportError
        If it isn't installed.
    """
    os.environ.setdefault(TELEMETRY_VARIABLE, "1")
    return import_module("onnxruntime")
