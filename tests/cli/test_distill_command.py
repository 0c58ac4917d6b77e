"""``akkd distill``: a command that has further commands under its name."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from akkd_core.operations.catalogue_distill import DISTILL_OPERATIONS
from akkd_core.operations.spec import Operation, Outcome
from tests.builders import command  # noqa: F401  (makes akkd_cli importable)

from akkd_cli.main import cli  # isort: skip


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, object]]]:
    """Calls of runners, by their operation's name."""
    seen: list[tuple[str, dict[str, object]]] = []

    def load(operation: Operation) -> object:
        def runner(*, progress: object, **values: object) -> Outcome:
            seen.append((operation.id, values))
            return Outcome(("done",))

        return runner

    monkeypatch.setattr(Operation, "load_runner", load)
    return seen


def test_alone_it_distils(called: list[tuple[str, dict[str, object]]]) -> None:
    result = CliRunner().invoke(
        cli, ["distill", "--archive", "arch", "--teacher-weight", "0.7", "--keep-small"]
    )
    assert result.exit_code == 0, result.output
    ((name, values),) = called
    assert name == "distill"
    assert values["archive"] == "arch" and values["teacher_weight"] == 0.7
    assert values["keep_small"] is True
    assert values["weight_from"] is None and values["target"] == "joint"


@pytest.mark.parametrize("operation", DISTILL_OPERATIONS[1:], ids=lambda o: o.id)
def test_its_commands_have_their_own_options(
    operation: Operation, called: list[tuple[str, dict[str, object]]]
) -> None:
    result = CliRunner().invoke(cli, [*operation.id.split(), "somewhere", "--seed", "9"])
    assert result.exit_code == 0, result.output
    ((name, values),) = called
    assert name == operation.id and values["seed"] == 9


def test_what_is_missing_or_stands_in_the_wrong_place_is_said(
    called: list[tuple[str, dict[str, object]]],
) -> None:
    for words, expected in (
        (["distill"], "Missing option '--archive'"),
        (["distill", "teacher"], "Missing argument 'ARCHIVE'"),
        (["distill", "--archive", "a", "teacher", "a"], "--archive must stand after teacher"),
        (["distill", "--seed", "2", "chain", "a"], "--seed must stand after chain"),
        (["distill", "nothing"], "No such command 'nothing'"),
        (["distill", "--archive", "a", "--teacher-weight", "1.5"], "0-1"),
    ):
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == 2, words
        assert expected in result.stderr, (words, result.stderr)
    assert called == []


def test_help_lists_options_and_commands() -> None:
    text = CliRunner().invoke(cli, ["distill", "--help"]).output
    for word in ("--archive", "--teacher-weight", "select-weight", "ablation", "chain", "teacher"):
        assert word in text
    assert "eq. (9)" in " ".join(text.split())
    own = CliRunner().invoke(cli, ["distill", "select-weight", "--help"], prog_name="akkd").output
    assert own.startswith("Usage: akkd distill select-weight [OPTIONS] ARCHIVE")


def test_a_missing_option_of_any_command_is_said() -> None:
    result = CliRunner().invoke(cli, ["train", "bundle"])
    assert result.exit_code == 2 and "Missing option '--data'" in result.stderr
