"""Text in the user's language. The zip holds i18n/akkd.ts, made by tools/make_translation.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QLocale, QSettings, QTranslator

CONTEXT = "AKKD"
_FOLDER = Path(__file__).with_name("i18n")


def tr(text: str) -> str:
    """Text in the user's language, or as it is."""
    return str(QCoreApplication.translate(CONTEXT, text)) if text else ""


def install_translator() -> Any:
    """Load the translation of the user's language; None where there is none."""
    language = str(QSettings().value("locale/userLocale") or QLocale.system().name())
    for name in (language, language[:2]):
        file = _FOLDER / f"akkd_{name}.qm"
        if file.is_file():
            translator = QTranslator()
            if translator.load(str(file)):
                QCoreApplication.installTranslator(translator)
                return translator
    return None


def remove_translator(translator: Any) -> None:
    """Take a translation out again; None where there was none."""
    if translator is not None:
        QCoreApplication.removeTranslator(translator)
