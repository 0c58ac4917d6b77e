"""The QGIS plugin's forms say what the catalogue says; checked without QGIS."""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from akkd_core.operations.catalogue import OPERATIONS
from akkd_core.operations.spec import Operation, Parameter, ParamKind
from qgis_plugin.child import words_of
from qgis_plugin.form import all_forms, make_field, make_form
from tests.builders.qt_names import Source

each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.id)
ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "qgis_plugin"


class _Names(type):
    """Any name asked of a stand-in class is a stand-in itself."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Names(name, (StandIn,), {})


class StandIn(metaclass=_Names):
    """Stands in for a class of QGIS and remembers how it was made and set."""

    def __init__(self, *given: Any, **named: Any) -> None:
        self.given, self.named, self.calls = given, named, {}

    def flags(self) -> int:
        return 0

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("set"):
            raise AttributeError(name)
        return lambda value: self.calls.update({name: value})


class _Module(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = _Names(name, (StandIn,), {})
        setattr(self, name, made)
        return made


class _Flags:
    FlagAdvanced = 2


@pytest.fixture
def parameters(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The plugin's module of parameters, over stand-ins for QGIS's classes."""
    core = _Module("qgis.core")
    core.QgsProcessingParameterDefinition.Flag = _Flags
    for name in ("qgis", "qgis.PyQt", "qgis.PyQt.QtCore", "qgis.core"):
        monkeypatch.setitem(sys.modules, name, core if name == "qgis.core" else _Module(name))
    sys.modules["qgis"].core = core  # type: ignore[attr-defined]
    translation = types.ModuleType("qgis_plugin.translation")
    translation.tr = lambda text: text  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "qgis_plugin.translation", translation)
    monkeypatch.delitem(sys.modules, "qgis_plugin.parameters", raising=False)
    yield import_module("qgis_plugin.parameters")
    sys.modules.pop("qgis_plugin.parameters", None)


def test_every_operation_has_a_form() -> None:
    assert [form.operation for form in all_forms()] == list(OPERATIONS)
    names = [form.algorithm for form in all_forms()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)
    assert {form.group for form in all_forms()} == {"Retrieval", "Comparison", "Training", "Models"}


def test_what_trains_runs_outside() -> None:
    inside = {form.operation.id for form in all_forms() if form.in_process}
    assert {"retrieve", "preprocess", "tes", "info", "join", "validate truth"} <= inside
    assert inside.isdisjoint({"train", "search", "distill", "simulate granule", "reproduce"})


@each_operation
def test_parameters_of_the_form_are_those_of_the_catalogue(
    operation: Operation, parameters: Any
) -> None:
    form = make_form(operation)
    assert [field.parameter for field in form.fields] == list(operation.parameters)
    for field in form.fields:
        wanted = field.parameter
        made = parameters.make_parameter(field)
        values = list(made.given) + list(made.named.values())
        assert made.given[0] == wanted.name
        label = made.given[1]
        assert label.startswith(wanted.label) and wanted.unit.lower() in label.lower()
        help_text = made.calls["setHelp"]
        assert help_text.startswith(wanted.help) and wanted.bounds in help_text
        assert ("setFlags" in made.calls) == wanted.advanced
        assert made.calls.get("setMinimum") == wanted.minimum
        assert made.calls.get("setMaximum") == wanted.maximum
        if wanted.choices:
            assert list(wanted.choices) in values
        if wanted.default is not None:
            assert wanted.default in values
        optional = made.named.get("optional", made.given[-1])
        assert optional is (not wanted.required and wanted.default is None)


@pytest.mark.parametrize("kind", ParamKind)
def test_every_kind_has_a_class(kind: ParamKind, parameters: Any) -> None:
    choices = ("a", "b") if kind is ParamKind.CHOICE else ()
    for multiple in (False, True):
        field = make_field(
            OPERATIONS[0], Parameter("x", kind, "X", "An x.", choices=choices, multiple=multiple)
        )
        assert parameters.make_parameter(field).given[0] == "x"


@each_operation
def test_child_is_called_with_the_same_values(
    operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the plugin puts on the command line reaches the runner as it was."""
    from click.testing import CliRunner

    from akkd_core.operations.spec import Outcome
    from tests.builders import command  # noqa: F401  (makes akkd_cli importable)

    from akkd_cli.main import cli  # isort: skip

    seen: dict[str, object] = {}

    def runner(*, progress: object, **values: object) -> Outcome:
        seen.update(values)
        return Outcome()

    monkeypatch.setattr(Operation, "load_runner", lambda self: runner)
    values = {parameter.name: _value(parameter) for parameter in operation.parameters}
    result = CliRunner().invoke(cli, words_of(operation, values))
    assert result.exit_code == 0, result.output
    assert seen == values


def _value(parameter: Parameter) -> object:
    value: object = "-some where/é x"
    if parameter.kind is ParamKind.FLAG:
        value = True
    elif parameter.kind is ParamKind.CHOICE:
        value = parameter.choices[-1]
    elif parameter.kind in (ParamKind.FLOAT, ParamKind.INTEGER):
        low = parameter.minimum if parameter.minimum is not None else -3
        value = int(low) if parameter.kind is ParamKind.INTEGER else float(low)
    return (value, f"{value}2") if parameter.multiple else value


REMOVED_IN_QT_6 = (
    r"\bPyQt[45]\b|\bPySide|\bQtWebKit|\bQtScript\b|\bQVariant\.[A-Z]|resources_rc"
    r"|\bQ(RegExp|StringRef|StringList|TextCodec|LinkedList|Matrix|DesktopWidget|GLWidget)\b"
    r"|\.(exec_|print_|toTime_t|fromTime_t|setTime_t|setMargin|setResizeMode|setCodec|desktop)\("
    r"|\bSIGNAL\(|\bSLOT\(|\bMidButton\b|\bQPalette\.(Back|Fore)ground\b"
)
# In Qt 6 they are QtGui's. qgis.PyQt.QtWidgets has them in QGIS 3 and 4, QtGui not yet in 3.22.
MOVED_IN_QT_6 = {"QAction", "QActionGroup", "QShortcut"}


@pytest.mark.parametrize("path", sorted(PLUGIN.rglob("*.py")), ids=lambda path: path.name)
def test_ready_for_qt_6(path: Path) -> None:
    """Scoped enumerations, Qt by qgis.PyQt alone, no name that Qt 6 took away or moved.

    tests/qgis/test_ready_for_qt6.py looks each name up; no Qt 6 build of QGIS is at hand.
    """
    source = Source(path)
    assert re.findall(REMOVED_IN_QT_6, path.read_text(encoding="utf-8")) == []
    assert [name for name in source.modules if re.match(r"PyQt|PySide|sip\b", name)] == []
    for module, name in source.imports.values():
        assert name not in MOVED_IN_QT_6 or module == "qgis.PyQt.QtWidgets"
        assert name != "*"
    unscoped = [
        str(use)
        for use in source.uses("qgis.PyQt")
        if len(use.names) == 2 and (use.names[0] == "Qt" or use.names[1][0].isupper())
    ]
    assert unscoped == []


@pytest.mark.parametrize(
    "line",
    ["dialog.exec_()", "QRegExp('a')", "QVariant.Int", "from PyQt5.QtCore import Qt",
     "stamp.toTime_t()", "application.desktop()"],
)  # fmt: skip
def test_what_qt_6_took_away_is_found(line: str) -> None:
    assert re.search(REMOVED_IN_QT_6, line)


def test_layers_for_a_comparison_are_found_by_their_files() -> None:
    from qgis_plugin.layer_pairs import comparison

    ours, other = "/p/G_LST.tif", "/p/H_LST.tif|option:x"
    tile = 'HDF4_EOS:EOS_GRID:"/m/MOD11A1.A2019185.h26v05.061.hdf":MODIS_Grid:LST_Day_1km'
    quality = 'HDF4_EOS:EOS_GRID:"/m/MOD11A1.A2019185.h26v05.061.hdf":MODIS_Grid:QC_Day'
    found = comparison([ours, other, "/p/G_QC.tif", quality, tile], other)
    assert found == {
        "products": ["/p/H_LST.tif"], "reference": ["/m/MOD11A1.A2019185.h26v05.061.hdf"],
    }  # fmt: skip
    counts, flags = "/m/MOD11A1.A2019185_LST_Day_1km.tif", "/m/MOD11A1.A2019185_QC_Day.tif"
    found = comparison([flags, counts])
    assert found == {"reference": [counts], "reference_qc": flags}
    assert comparison(["/x/dem.tif"]) == {}


def test_absolute_imports_name_no_module_of_the_plugin() -> None:
    for path in PLUGIN.rglob("*.py"):
        assert "qgis_plugin" not in re.sub(r'""".*?"""', "", path.read_text(), flags=re.DOTALL)
