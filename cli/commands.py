"""Click commands made from the catalogue of operations."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from akkd_core.operations.spec import Operation, Parameter, ParamKind

from .progress import MODES
from .session import EXIT_CODES, Session, report_error, run_operation

_SESSION_OPTIONS = ("show_progress", "verbose", "quiet")


_METAVARS = {
    ParamKind.INPUT_PATH: "PATH",
    ParamKind.OUTPUT_FILE: "FILE",
    ParamKind.OUTPUT_FOLDER: "DIR",
    ParamKind.BUNDLE: "BUNDLE",
}


def _type(parameter: Parameter) -> Any:
    """Click's type; bounds, and whether paths exist, are the core's to say, in one line."""
    if parameter.kind is ParamKind.CHOICE:
        return click.Choice(parameter.choices)
    return {ParamKind.FLOAT: click.FLOAT, ParamKind.INTEGER: click.INT}.get(
        parameter.kind, click.STRING
    )


def parameter_help(parameter: Parameter) -> str:
    """Help sentence with unit, bounds and default.

    Parameters
    ----------
    parameter : Parameter
    """
    facts = [parameter.unit, parameter.bounds]
    if parameter.default is not None and parameter.kind is not ParamKind.FLAG:
        facts.append(f"default {parameter.default}")
    shown = ", ".join(fact for fact in facts if fact)
    return f"{parameter.help} [{shown}]" if shown else parameter.help


def _option(
    parameter: Parameter, option: type[click.Option] = click.Option
) -> click.Parameter:
    # Click takes any default, None too, as a value given.
    extra: dict[str, Any] = {} if parameter.required else {"default": parameter.default}
    if parameter.positional:
        return click.Argument(
            [parameter.name],
            type=_type(parameter),
            required=parameter.required,
            nargs=-1 if parameter.multiple else 1,
            **extra,
            metavar=parameter.name.upper() + ("..." if parameter.multiple else ""),
        )
    names = [f"--{parameter.name.replace('_', '-')}", parameter.name]
    if parameter.short:
        names.insert(0, f"-{parameter.short}")
    if parameter.kind is ParamKind.FLAG:
        return option(
            names, is_flag=True, default=bool(parameter.default), help=parameter_help(parameter)
        )
    return option(
        names,
        type=_type(parameter),
        metavar=_METAVARS.get(parameter.kind),
        required=parameter.required,
        multiple=parameter.multiple,
        **extra,
        help=parameter_help(parameter),
    )


def _session_options(option: type[click.Option] = click.Option) -> list[click.Parameter]:
    return [
        option(
            ["--progress", "show_progress"],
            type=click.Choice(MODES),
            default="auto",
            help="Show progress: auto is a bar on a terminal, else none; json writes JSON lines "
            "to standard output. [default auto]",
        ),
        option(
            ["-v", "--verbose"], count=True, help="Say more; -vv adds tracebacks to errors."
        ),
        option(["-q", "--quiet"], is_flag=True, help="Say nothing but errors."),
    ]


def _leave(code: int) -> None:
    """Flush and end."""
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)


class _Translating:
    """Gives a Click command our exit codes and one-line errors."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run with command line arguments and exit."""
        call: Callable[..., Any] = super().main  # type: ignore[misc]
        options = {"prog_name": prog_name, "complete_var": complete_var, **extra}
        if not standalone_mode:
            return call(args=args, standalone_mode=False, **options)
        try:
            code = call(args=args, standalone_mode=False, **options)
        except (click.ClickException, click.Abort) as error:
            code = report_error(error, Session("none"))
        _leave(int(code or 0))


def _run(operation: Operation, given: dict[str, Any]) -> int:
    shown, verbose, quiet = (given.pop(name) for name in _SESSION_OPTIONS)
    return run_operation(operation, Session(shown, -1 if quiet else verbose), given)


def _epilog() -> str:
    return f"Exit codes: {', '.join(f'{code} {text}' for code, text in EXIT_CODES.items())}."


class AkkdCommand(_Translating, click.Command):
    """The command of one operation."""

    def __init__(self, operation: Operation, name: str) -> None:
        self.operation = operation
        super().__init__(
            name,
            params=[*map(_option, operation.parameters), *_session_options()],
            callback=self._run,
            help=operation.help,
            short_help=operation.help.split("\n\n")[0],
            epilog=_epilog(),
            context_settings={"help_option_names": ["-h", "--help"]},
        )

    def _run(self, **given: Any) -> int:
        return _run(self.operation, given)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write arguments with their help, then the options."""
        rows = [
            (parameter.name.upper(), parameter_help(parameter))
            for parameter in self.operation.parameters
            if parameter.positional
        ]
        if rows:
            with formatter.section("Arguments"):
                formatter.write_dl(rows)
        super().format_options(ctx, formatter)


class _FamilyOption(click.Option):
    """An option of a family's own command; where one of its commands is called, not asked for."""

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        """Leave it to the command that follows, if one does."""
        if not args:
            return super().handle_parse_result(ctx, opts, args)
        if self.name in opts:
            raise click.UsageError(f"{self.opts[-1]} must stand after {args[0]}.", ctx)
        return None, args


class AkkdGroup(_Translating, click.Group):
    """Commands under one name."""

    def __init__(self, name: str, help: str, **extra: Any) -> None:
        super().__init__(
            name,
            help=help,
            short_help=help.split("\n\n")[0],
            invoke_without_command=True,
            callback=self._show_help,
            context_settings={"help_option_names": ["-h", "--help"]},
            **extra,
        )
        self._flags: dict[str, str] = {}

    def add_flag(self, name: str) -> None:
        """Let a command be called by a flag as well: ``--name`` first is ``name``."""
        flag = f"--{name}"
        self._flags[flag] = name
        self.params.append(
            click.Option(
                [flag], is_flag=True, expose_value=False, help=f"The same as the command {name}."
            )
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take a flag that stands for a command as that command."""
        return super().parse_args(ctx, [self._flags.get(arg, arg) for arg in args[:1]] + args[1:])

    @staticmethod
    def _show_help() -> None:
        context = click.get_current_context()
        if context.invoked_subcommand is None:
            click.echo(context.get_help())


class AkkdFamily(AkkdGroup):
    """An operation that has others under its name; its own parameters are all options."""

    def __init__(self, operation: Operation, name: str) -> None:
        super().__init__(name, operation.help)
        self.operation, self.callback, self.epilog = operation, self._run, _epilog()
        self.params.extend(_option(parameter, _FamilyOption) for parameter in operation.parameters)
        self.params.extend(_session_options(_FamilyOption))

    def _run(self, **given: Any) -> int | None:
        if click.get_current_context().invoked_subcommand is None:
            return _run(self.operation, given)
        return None


def build_group(
    name: str,
    help: str,
    operations: Sequence[Operation],
    families: dict[str, str],
    params: Sequence[click.Parameter] = (),
) -> AkkdGroup:
    """Make a group with a command for each operation.

    Parameters
    ----------
    name, help : str
    operations : sequence of Operation
        An id of two words becomes a command of a group of that first word; the operation whose id
        is that word alone is what the group does by itself, and stands before the others.
    families : dict of str to str
        Help of these inner groups.
    params : sequence of click.Parameter
        Options of the group itself.

    Returns
    -------
    AkkdGroup
    """
    group = AkkdGroup(name, help, params=list(params))
    first_words = {o.id.split()[0] for o in operations if " " in o.id}
    for operation in operations:
        if operation.id in first_words:
            group.add_command(AkkdFamily(operation, operation.id))
            continue
        *family, last = operation.id.split()
        parent: click.Group = group
        if family:
            if family[0] not in group.commands:
                group.add_command(AkkdGroup(family[0], families[family[0]]))
            found = group.commands[family[0]]
            assert isinstance(found, click.Group)
            parent = found
        parent.add_command(AkkdCommand(operation, last))
        if operation.as_flag and isinstance(parent, AkkdGroup):
            parent.add_flag(last)
    return group
