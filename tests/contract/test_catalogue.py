"""The catalogue and the faces made from it say the same."""

from __future__ import annotations

import inspect
import re

import pytest
from click.testing import CliRunner

from akkd_core.operations.catalogue import FAMILIES, OPERATIONS, find_operation
from akkd_core.operations.spec import Operation, Parameter, ParamKind
from tests.builders import command  # noqa: F401  (makes akkd_cli importable)

from akkd_cli.main import cli  # isort: skip

each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.id)


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def shown_help(operation: Operation) -> str:
    result = CliRunner().invoke(
        cli, [*operation.id.split(), "--help"], terminal_width=500, max_content_width=500
    )
    assert result.exit_code == 0, result.output
    return flat(result.output)


def test_ids_differ_and_families_are_explained() -> None:
    ids = [operation.id for operation in OPERATIONS]
    assert len(set(ids)) == len(ids)
    for operation in OPERATIONS:
        words = operation.id.split()
        assert len(words) <= 2
        if len(words) == 2:
            assert words[0] in FAMILIES
    assert find_operation("retrieve").id == "retrieve"


@each_operation
def test_command_line_shows_the_specification(operation: Operation) -> None:
    text = shown_help(operation)
    for paragraph in operation.help.split("\n\n"):
        assert flat(paragraph) in text
    for parameter in operation.parameters:
        name = (
            parameter.name.upper()
            if parameter.positional
            else f"--{parameter.name.replace('_', '-')}"
        )
        assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text), name
        assert flat(parameter.help) in text, parameter.name
        for fact in (parameter.unit, parameter.bounds):
            assert fact in text, (parameter.name, fact)
        if parameter.default is not None and parameter.kind is not ParamKind.FLAG:
            assert f"default {parameter.default}" in text, parameter.name
        if parameter.choices:
            assert f"[{'|'.join(parameter.choices)}]" in text, parameter.name
        if parameter.short:
            assert f"-{parameter.short}, --" in text, parameter.name


@each_operation
def test_command_has_no_other_options(operation: Operation) -> None:
    found = cli
    for word in operation.id.split():
        found = found.commands[word]  # type: ignore[assignment, attr-defined]
    names = {parameter.name for parameter in found.params}
    assert names == {p.name for p in operation.parameters} | {"show_progress", "verbose", "quiet"}


@each_operation
def test_runner_takes_the_parameters(operation: Operation) -> None:
    runner = operation.load_runner()
    signature = inspect.signature(runner)
    values = {parameter.name: None for parameter in operation.parameters}
    signature.bind(progress=None, **values)


@pytest.mark.parametrize("name", ["retrieve", "preprocess"])
def test_python_function_has_the_same_parameters_and_defaults(name: str) -> None:
    from akkd_core.operations.preprocess import preprocess
    from akkd_core.operations.retrieve import retrieve

    function = {"retrieve": retrieve, "preprocess": preprocess}[name]
    operation = find_operation(name)
    signature = dict(inspect.signature(function).parameters)
    del signature["progress"]
    assert set(signature) == {parameter.name for parameter in operation.parameters}
    for parameter in operation.parameters:
        default = signature[parameter.name].default
        assert (None if default is inspect.Parameter.empty else default) == parameter.default


def value_on_the_command_line(parameter: Parameter) -> tuple[list[str], object]:
    option = f"--{parameter.name.replace('_', '-')}"
    if parameter.kind is ParamKind.FLAG:
        return [option], True
    if parameter.kind is ParamKind.CHOICE:
        text: str = parameter.choices[-1]
        value: object = text
    elif parameter.kind in (ParamKind.FLOAT, ParamKind.INTEGER):
        number = parameter.maximum if parameter.maximum is not None else parameter.minimum
        number = 7 if number is None else number
        value = int(number) if parameter.kind is ParamKind.INTEGER else float(number)
        text = str(value)
    else:
        text = value = "some where/é x"
    words = [text] if parameter.positional else [option, text]
    return words, (value,) if parameter.multiple else value


@each_operation
def test_values_reach_the_runner(operation: Operation, monkeypatch: pytest.MonkeyPatch) -> None:
    from akkd_core.operations.spec import Outcome

    seen: dict[str, object] = {}

    def runner(*, progress: object, **values: object) -> Outcome:
        seen.update(values)
        return Outcome(("done",))

    monkeypatch.setattr(Operation, "load_runner", lambda self: runner)
    words, expected = operation.id.split(), {}
    for parameter in operation.parameters:
        more, expected[parameter.name] = value_on_the_command_line(parameter)
        words += more
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    assert seen == expected
    assert result.output == "done\n"


@each_operation
def test_defaults_reach_the_runner(operation: Operation, monkeypatch: pytest.MonkeyPatch) -> None:
    from akkd_core.operations.spec import Outcome

    seen: dict[str, object] = {}

    def runner(*, progress: object, **values: object) -> Outcome:
        seen.update(values)
        return Outcome()

    monkeypatch.setattr(Operation, "load_runner", lambda self: runner)
    words = operation.id.split()
    for parameter in operation.parameters:
        if parameter.required:
            words += value_on_the_command_line(parameter)[0]
    assert CliRunner().invoke(cli, words).exit_code == 0
    for parameter in operation.parameters:
        if not parameter.required:
            default = () if parameter.multiple and parameter.default is None else parameter.default
            assert seen[parameter.name] == default, parameter.name
