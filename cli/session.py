"""One run of a command: exit codes, one-line errors, warnings, signals."""

from __future__ import annotations

import logging
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

from akkd_core.errors import (
    AkkdError,
    AkkdWarning,
    BundleError,
    CalibrationError,
    GranuleReadError,
    InputError,
    MissingDependencyError,
    OperationCancelled,
)
from akkd_core.operations.spec import Operation

from .progress import Reporter, make_reporter, write_event

DONE, SOME_FAILED, BAD_INPUT, MISSING, BAD_BUNDLE, FAILED, CANCELLED = 0, 1, 2, 3, 4, 5, 130

EXIT_CODES = {
    DONE: "done",
    SOME_FAILED: "some scenes failed",
    BAD_INPUT: "bad input or usage",
    MISSING: "a package is missing",
    BAD_BUNDLE: "bad model bundle",
    FAILED: "computation or writing failed",
    CANCELLED: "cancelled",
}

_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (OperationCancelled, CANCELLED),
    (KeyboardInterrupt, CANCELLED),
    (click.Abort, CANCELLED),
    (click.UsageError, BAD_INPUT),
    (MissingDependencyError, MISSING),
    (BundleError, BAD_BUNDLE),
    (InputError, BAD_INPUT),
    (GranuleReadError, BAD_INPUT),
    (CalibrationError, BAD_INPUT),
)


def exit_code(error: BaseException) -> int:
    """Exit code of an error."""
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    return FAILED


def one_line(error: BaseException) -> str:
    """Message of an error on one line."""
    if exit_code(error) == CANCELLED:
        return "cancelled"
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx is not None else "akkd"
        return f"{' '.join(error.format_message().split())} Try {where} --help"
    text = " ".join(str(error).split())
    if isinstance(error, AkkdError):
        return text
    return f"unforeseen {type(error).__name__}: {text}. Run again with -vv for the traceback"


class Session:
    """Settings of a run, and whether the user asked to stop.

    Parameters
    ----------
    progress : str
        One of :data:`akkd_cli.progress.MODES`.
    verbosity : int
        -1 quiet, 0 normal, 1 talkative, 2 with tracebacks.
    """

    def __init__(self, progress: str = "auto", verbosity: int = 0) -> None:
        self.json = progress == "json"
        self.verbosity = verbosity
        self.interrupted = False
        if verbosity < 0 and not self.json:
            progress = "none"
        self.reporter: Reporter = make_reporter(progress, lambda: self.interrupted)

    def warn(self, message: str) -> None:
        """Show a warning."""
        self.reporter.close()
        if self.json:
            write_event("warning", message=message)
        if self.verbosity >= 0:
            click.echo(f"warning: {message}", err=True)

    def fail(self, message: str, code: int) -> None:
        """Show an error."""
        self.reporter.close()
        if self.json:
            try:
                write_event("error", message=message, code=code)
            except OperationCancelled:
                # Nobody reads; standard error is still told.
                silence_stdout()
        click.echo(f"error: {message}", err=True)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Signals, warnings and logging as a run needs them, put back afterwards."""
        with _signals(self._stop), warnings.catch_warnings(), _logging(self.verbosity):
            warnings.simplefilter("default" if self.verbosity > 0 else "ignore")
            warnings.simplefilter("always", AkkdWarning)
            warnings.showwarning = self._show_warning
            yield

    def _stop(self) -> None:
        self.interrupted = True

    def _show_warning(self, message: Warning | str, *_: Any, **__: Any) -> None:
        self.warn(" ".join(str(message).split()))


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """Turn SIGTERM into KeyboardInterrupt, as SIGINT is, so that all cleaning up is done."""

    def handle(number: int, frame: Any) -> None:
        stop()
        raise KeyboardInterrupt

    try:
        before = {number: signal.signal(number, handle) for number in (signal.SIGTERM,)}
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            before[signal.SIGINT] = signal.signal(signal.SIGINT, handle)
    except ValueError:
        # Signals belong to the main thread; elsewhere the host decides.
        before = {}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextmanager
def _logging(verbosity: int) -> Iterator[None]:
    """Libraries' log messages appear with -v alone: errors have one line."""
    root = logging.getLogger()
    level = root.level
    handler: logging.Handler = logging.NullHandler()
    if verbosity > 0:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        root.setLevel(logging.DEBUG if verbosity > 1 else logging.INFO)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def silence_stdout() -> None:
    """Point standard output at nothing after its reader has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _echo(lines: tuple[str, ...]) -> None:
    try:
        for line in lines:
            click.echo(line)
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()


def run_operation(operation: Operation, session: Session, values: Mapping[str, Any]) -> int:
    """Run an operation and show what comes of it.

    Parameters
    ----------
    operation : Operation
    session : Session
    values : mapping
        By parameter name.

    Returns
    -------
    int
        Exit code.
    """
    try:
        with session.running():
            operation.check(**values)
            outcome = operation.load_runner()(progress=session.reporter, **values)
            session.reporter.close()
            for failure in outcome.failures:
                session.fail(failure, SOME_FAILED)
            if session.json:
                write_event("result", data=dict(outcome.data), lines=list(outcome.lines))
            elif session.verbosity >= 0:
                _echo(outcome.lines)
    except (Exception, KeyboardInterrupt) as error:
        return report_error(error, session)
    return SOME_FAILED if outcome.failures else DONE


def report_error(error: BaseException, session: Session) -> int:
    """Show an error, with its traceback at -vv, and return its exit code."""
    code = exit_code(error)
    session.fail(one_line(error), code)
    if session.verbosity > 1:
        traceback.print_exception(error)
    return code
