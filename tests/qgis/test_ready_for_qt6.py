"""What the plugin asks of QGIS and Qt is there in this QGIS, and would be in one built on Qt 6.

No such build is at hand to run it. QGIS's own classes are looked at in the QGIS that runs the test;
Qt's in the stubs (.pyi) of PyQt6, which tools/make_qgis_venv.sh fetches beside the environment.
"""

from __future__ import annotations

import enum
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.builders.qt_names import Source, Stubs, Use

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [Source(path) for path in sorted((ROOT / "qgis_plugin").rglob("*.py"))]
STUBS_OF_6 = Path(sys.prefix) / "qt6" / "PyQt6"
STUBS_OF_5 = Path("/usr/lib/python3/dist-packages/PyQt5")
MODULES = ("QtCore", "QtGui", "QtWidgets")
# Qt 6 has them in QtGui; qgis.PyQt of a QGIS on Qt 6 gives them in QtWidgets too (3.40's does).
MOVED = {"QAction", "QActionGroup", "QShortcut"}


@pytest.fixture(scope="module")
def six() -> Stubs:
    if not STUBS_OF_6.is_dir():
        pytest.skip(f"no stubs of PyQt6 in {STUBS_OF_6}")
    return Stubs(STUBS_OF_6, MODULES)


def qt_uses() -> list[Use]:
    return [use for source in SOURCES for use in source.uses("qgis.PyQt")]


def unscoped(use: Use) -> bool:
    """Whether it ends in a member of an enumeration that isn't asked of the enumeration itself."""
    found: Any = import_module(use.module)
    owner = found
    for name in use.names:
        if name == "iface":  # there is none without a window
            return False
        owner, found = found, getattr(found, name)
    number = isinstance(found, int) and type(found) not in (int, bool)
    return (number or isinstance(found, enum.Enum)) and type(found) is not owner


@pytest.mark.usefixtures("qgis")
def test_names_are_there_and_enumerations_are_scoped() -> None:
    uses = [use for source in SOURCES for use in source.uses("qgis")]
    assert len(uses) > 50
    assert [str(use) for use in uses if unscoped(use)] == []


@pytest.mark.usefixtures("qgis")
def test_an_unscoped_one_is_found() -> None:
    assert unscoped(Use("qgis.core", ("QgsProcessingParameterDefinition", "FlagAdvanced"), ""))
    assert unscoped(Use("qgis.PyQt.QtCore", ("Qt", "ISODate"), ""))
    assert not unscoped(Use("qgis.PyQt.QtCore", ("Qt", "DateFormat", "ISODate"), ""))


def test_qt_6_has_every_name(six: Stubs) -> None:
    absent = [
        str(use)
        for use in qt_uses()
        if use.names[0] not in MOVED and not six.knows(use.module.split(".")[-1], use.names)
    ]
    assert absent == []
    assert all(six.knows("QtGui", (name,)) for name in MOVED)
    assert not six.knows("QtCore", ("Qt", "ISODate")) and not six.knows("QtCore", ("QRegExp",))


def test_nothing_is_asked_that_a_class_has_lost(six: Stubs) -> None:
    """Members of the classes a file imports, theirs in Qt 5 and not in Qt 6."""
    five = Stubs(STUBS_OF_5, MODULES)
    names = {use.names[0] for use in qt_uses()}
    lost = {name: five.members_of(name) - six.members_of(name) for name in sorted(names)}
    assert "exec_" in lost["QFileDialog"] and "exec_" in lost["QMenu"]
    found = {
        f"{source.path.name}: {name}.{member}"
        for source in SOURCES
        for name in {use.names[0] for use in source.uses("qgis.PyQt")}
        for member in lost[name] & source.attributes
    }
    assert found == set()
