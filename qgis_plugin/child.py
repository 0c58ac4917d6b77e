"""An operation as a child process: JSON lines of progress in, cancelling out. Nothing of QGIS."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from akkd_core.errors import AkkdError, MissingDependencyError, OperationCancelled
from akkd_core.operations.spec import Operation, Outcome, Parameter, ParamKind
from akkd_core.progress import Progress

from .environment import child_environment, command_words

_POLL_S = 0.1
_GRACE_S = 10.0
_CANCELLED = 130
# On Windows a console window would open beside QGIS's.
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


def _texts(parameter: Parameter, value: Any) -> list[str]:
    values = value if parameter.multiple else (value,)
    return [str(one) for one in values]


def words_of(operation: Operation, values: Mapping[str, Any]) -> list[str]:
    """Command line of an operation, without the program.

    Parameters
    ----------
    operation : Operation
    values : mapping
        By parameter name; None is left out.
    """
    options: list[tuple[str, str]] = []
    arguments: list[str] = []
    for parameter in operation.parameters:
        value = values.get(parameter.name)
        if value is None:
            continue
        option = f"--{parameter.name.replace('_', '-')}"
        if parameter.kind is ParamKind.FLAG:
            options += [(option, "")] if value else []
        elif parameter.positional:
            arguments += _texts(parameter, value)
        else:
            options += [(option, text) for text in _texts(parameter, value)]
    return command_words(operation.id, options, arguments)


def _read(stream: Any, lines: queue.Queue[str | None]) -> None:
    with stream:
        for line in stream:
            lines.put(line)
    lines.put(None)


class _Child:
    """One run: the process, its lines, and what they said."""

    def __init__(self, command: list[str], warn: Callable[[str], None]) -> None:
        self._warn = warn
        self.data: dict[str, Any] = {}
        self.lines_for_people: tuple[str, ...] = ()
        self.failures: list[str] = []
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True, encoding="utf-8", errors="replace", env=child_environment(),
                creationflags=_NO_WINDOW,
            )  # fmt: skip
        except OSError as error:
            raise MissingDependencyError(
                f"{command[0]}: can't be started ({error}). Name another Python in the settings"
            ) from error
        self.lines: queue.Queue[str | None] = queue.Queue()
        self._complaints: queue.Queue[str | None] = queue.Queue()
        for stream, into in (
            (self.process.stdout, self.lines),
            (self.process.stderr, self._complaints),
        ):
            threading.Thread(target=_read, args=(stream, into), daemon=True).start()

    def take(self, line: str, progress: Progress) -> None:
        """Act on one line."""
        try:
            event = json.loads(line)
            kind = event["event"]
        except (ValueError, KeyError, TypeError):
            return
        if kind == "progress":
            progress.update(float(event["fraction"]), str(event["message"]))
        elif kind == "warning":
            self._warn(str(event["message"]))
        elif kind == "error":
            self.failures.append(str(event["message"]))
        elif kind == "result":
            self.data = dict(event["data"])
            self.lines_for_people = tuple(map(str, event.get("lines", ())))

    def stop(self) -> None:
        """Ask it to clean up and end; after a while end it."""
        self.process.terminate()
        try:
            self.process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def last_complaint(self) -> str:
        """Last line of its standard error."""
        last = ""
        while (line := self._complaints.get()) is not None:
            last = line.strip() or last
        return last


def run_child(
    command: list[str],
    operation: Operation,
    values: Mapping[str, Any],
    progress: Progress,
    warn: Callable[[str], None],
) -> Outcome:
    """Run an operation as a child process.

    Parameters
    ----------
    command : list of str
        What starts akkd.
    operation : Operation
    values : mapping
        By parameter name.
    progress : Progress
    warn : callable
        Takes a warning's line.

    Returns
    -------
    Outcome

    Raises
    ------
    OperationCancelled
        If the user cancelled; the child has ended by then.
    AkkdError
        The child's own one-line message.
    MissingDependencyError
        If the child can't be started.
    """
    child = _Child([*command, *words_of(operation, values)], warn)
    try:
        _follow(child, progress)
    except BaseException:
        child.stop()
        raise
    code = child.process.wait()
    if code == _CANCELLED:
        raise OperationCancelled("cancelled")
    if code not in (0, 1) or (code == 1 and not child.data):
        said = child.failures[-1] if child.failures else child.last_complaint()
        raise AkkdError(said or f"akkd {operation.id} ended with code {code} without a word")
    return Outcome(child.lines_for_people, child.data, tuple(child.failures))


def _follow(child: _Child, progress: Progress) -> None:
    """Act on the child's lines until it ends. Raises OperationCancelled."""
    asked = time.monotonic()
    while True:
        if time.monotonic() - asked > _POLL_S:
            asked = time.monotonic()
            if progress.cancelled():
                raise OperationCancelled("cancelled by the user")
        try:
            line = child.lines.get(timeout=_POLL_S)
        except queue.Empty:
            continue
        if line is None:
            return
        child.take(line, progress)
