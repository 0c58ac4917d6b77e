"""``akkd simulate --explain`` and ``akkd simulate explain``: one command, two spellings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from akkd_core.operations.spec import Operation
from tests.builders.command import akkd

from akkd_cli.main import cli  # isort: skip


def test_both_spellings_print_the_same_table() -> None:
    flag = akkd("simulate", "--explain")
    assert flag.returncode == 0, flag.stderr
    word = akkd("simulate", "explain")
    assert word.stdout == flag.stdout
    lines = flag.stdout.splitlines()
    assert [line.split()[0] for line in lines[2:33]].count("10-11-12-13-14") == 1
    assert "no number of bands closes it" in " ".join(lines)


def test_the_flag_takes_the_commands_options(tmp_path: Path) -> None:
    out = tmp_path / "table.md"
    words = ["--scenes", "100", "--seed", "2", "-o", str(out), "--progress", "json"]
    result = CliRunner().invoke(cli, ["simulate", "--explain", *words])
    assert result.exit_code == 0, result.output
    event = json.loads(result.stdout.splitlines()[-1])
    assert event["data"]["scenes"] == 100 and len(event["data"]["subsets"]) == 31
    assert out.read_text(encoding="utf-8").startswith("| bands | equations |")
    again = CliRunner().invoke(cli, ["simulate", "--explain", *words])
    assert again.exit_code == 2
    assert "exists" in again.stderr


def test_help_shows_the_flag() -> None:
    text = CliRunner().invoke(cli, ["simulate", "--help"]).output
    assert "--explain   The same as the command explain." in text
    assert "  explain  " in text
    text = CliRunner().invoke(cli, ["simulate", "--explain", "--help"], prog_name="akkd").output
    assert text.startswith("Usage: akkd simulate explain [OPTIONS]")
    assert "--explain" not in CliRunner().invoke(cli, ["validate", "--help"]).output


@pytest.mark.parametrize(
    "words", [["simulate", "scenes", "--explain"], ["--explain"], ["simulate", "--scenes"]]
)
def test_the_flag_stands_nowhere_else(words: list[str]) -> None:
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 2 and "No such option" in result.stderr


def test_only_a_second_word_can_be_a_flag() -> None:
    with pytest.raises(ValueError, match="second word"):
        Operation("explain", "Explain", "Training", "Help.", (), "akkd_core.a:run", as_flag=True)
