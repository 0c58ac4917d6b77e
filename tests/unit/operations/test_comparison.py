"""The command that repeats a comparison, and where its report goes."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner

from akkd_core.operations.catalogue_aster import VALIDATE_ASTER
from akkd_core.operations.comparison import command_text, report_folder
from akkd_core.operations.spec import Outcome
from tests.builders import command  # noqa: F401  (makes akkd_cli importable)

from akkd_cli.commands import AkkdCommand  # isort: skip

SEEN: dict[str, object] = {}


def remember(**values: object) -> Outcome:
    SEEN.update(values)
    return Outcome()


def test_only_what_differs_from_the_defaults() -> None:
    text = command_text(
        VALIDATE_ASTER,
        {"products": ["a b", "c"], "reference": ("x.hdf", "y.hdf"), "seconds": 4.0, "qa": "none",
         "output": None, "label": (), "block": 5, "overwrite": True, "json": "r.json"},
    )  # fmt: skip
    assert text == (
        "akkd validate aster 'a b' c --reference x.hdf --reference y.hdf --qa none --block 5"
    )


def test_flags_and_numbers() -> None:
    from akkd_core.operations.catalogue_modis import VALIDATE_MODIS

    text = command_text(
        VALIDATE_MODIS,
        {"products": ["a"], "reference": ["m.hdf"], "mean": True, "aqua": False, "minutes": 60.0,
         "valid_fraction": 0.75},
    )  # fmt: skip
    assert text == (
        "akkd validate modis a --reference m.hdf --valid-fraction 0.75 --minutes 60 --mean"
    )


def test_the_command_line_reads_it_back() -> None:
    values = {
        "products": ("a b", "c"), "reference": ("x.hdf",), "seconds": 9.5, "label": ("it's", "2"),
        "resampling": "bilinear", "output": "o",
    }  # fmt: skip
    operation = replace(VALIDATE_ASTER)
    object.__setattr__(operation, "load_runner", lambda: remember)
    words = shlex.split(command_text(VALIDATE_ASTER, values))[3:]
    result = CliRunner().invoke(AkkdCommand(operation, "aster"), [*words, "--progress", "none"])
    assert result.exit_code == 0, result.output
    assert {name: SEEN[name] for name in values} == values


def test_report_beside_the_product(tmp_path: Path) -> None:
    folder = tmp_path / "scene_akkd"
    assert report_folder(str(folder), "AST_08") == tmp_path / "scene_akkd_vs_AST_08"
    assert report_folder(str(folder / "G_LST.tif"), "MOD11A1") == folder / "G_vs_MOD11A1"
