"""Entry points: ``akkd`` and ``akkd-retrieve``."""

from __future__ import annotations

from typing import Any

import click

from akkd_core import __version__
from akkd_core.operations.catalogue import FAMILIES, OPERATIONS, RETRIEVE

from .commands import AkkdCommand, build_group

_HELP = "Land surface temperature and emissivity from ASTER thermal infrared scenes (AK-KD)."


def _show_version(context: click.Context, _: click.Parameter, wanted: Any) -> None:
    if wanted and not context.resilient_parsing:
        click.echo(f"akkd {__version__}")
        context.exit()


def _version_option() -> click.Option:
    return click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_version,
        help="Show the version and exit.",
    )


cli = build_group("akkd", _HELP, OPERATIONS, dict(FAMILIES), [_version_option()])
"""The group ``akkd``."""

retrieve_command = AkkdCommand(RETRIEVE, "akkd-retrieve")
"""``akkd-retrieve``, the same as ``akkd retrieve``."""
retrieve_command.params.append(_version_option())


def main() -> None:
    """Run ``akkd``."""
    cli.main(prog_name="akkd")


def retrieve_main() -> None:
    """Run ``akkd-retrieve``."""
    retrieve_command.main(prog_name="akkd-retrieve")
