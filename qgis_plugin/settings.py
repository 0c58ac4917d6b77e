"""The plugin's settings, among those of Processing: Settings, Options, Processing, Providers."""

from __future__ import annotations

import os

from processing.core.ProcessingConfig import ProcessingConfig, Setting
from qgis.PyQt.QtGui import QIcon

from akkd_core.readers.child_python import PYTHON_VARIABLE

from .environment import find_command
from .translation import tr

GROUP = "AKKD"
TRAINING_PYTHON = "AKKD_TRAINING_PYTHON"
HDF4_PYTHON = "AKKD_HDF4_PYTHON"

_found_at_start = os.environ.get(PYTHON_VARIABLE)


def add_settings(icon: QIcon) -> None:
    """Add the settings and read their values.

    Parameters
    ----------
    icon : QIcon
    """
    ProcessingConfig.settingIcons[GROUP] = icon
    for name, text in (
        (TRAINING_PYTHON, tr("Python of the training environment (or its akkd)")),
        (HDF4_PYTHON, tr("Python with osgeo.gdal, for compressed HDF4 files")),
    ):
        setting = Setting(
            GROUP, name, text, "", valuetype=Setting.FILE, placeholder=tr("found by itself")
        )
        ProcessingConfig.addSetting(setting)
        setting.read()


def remove_settings() -> None:
    """Take the settings out again."""
    for name in (TRAINING_PYTHON, HDF4_PYTHON):
        if name in ProcessingConfig.settings:
            ProcessingConfig.removeSetting(name)
    ProcessingConfig.settingIcons.pop(GROUP, None)
    _name_python(None)


def _text(name: str) -> str:
    return str(ProcessingConfig.getSetting(name) or "").strip()


def training_command() -> list[str] | None:
    """Words that start akkd in the training environment; None if there is none."""
    return find_command(_text(TRAINING_PYTHON))


def use_hdf4_python() -> None:
    """Tell the core the Python for HDF4 files that the settings name now."""
    _name_python(_text(HDF4_PYTHON))


def _name_python(chosen: str | None) -> None:
    named = chosen or _found_at_start
    if named:
        os.environ[PYTHON_VARIABLE] = named
    else:
        os.environ.pop(PYTHON_VARIABLE, None)
