"""How an operation is declared: its parameters, and what it returns. Standard library only."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from typing import Any

from akkd_core.errors import ParameterError

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_RUNNER = re.compile(r"akkd_core(\.[a-z0-9_]+)+:[a-z_]+")


class ParamKind(Enum):
    """What a parameter's value is; a face maps each kind to its own type.

    Values reach the runner as str (paths, too), float, int, bool, or tuples of them.
    """

    INPUT_PATH = "an existing file or folder"
    OUTPUT_FILE = "a file to be written"
    OUTPUT_FOLDER = "a folder to be written to"
    BUNDLE = "a model bundle: folder or zip"
    FLOAT = "a number"
    INTEGER = "a whole number"
    CHOICE = "one of several words"
    FLAG = "yes or no"
    TEXT = "text"


@dataclass(frozen=True)
class Parameter:
    """One parameter of an operation.

    Parameters
    ----------
    name : str
        Python name; the option is the same with dashes.
    kind : ParamKind
    label : str
        A few words, for forms.
    help : str
        A sentence, without unit, default and bounds: faces add these.
    default : object
        None where there is none.
    minimum, maximum : float, optional
        Bounds of a number, inclusive.
    choices : tuple of str
    unit : str
    advanced : bool
        Hidden at first in forms.
    multiple : bool
        Takes several values, as a tuple.
    required : bool
    positional : bool
        An argument, not an option, on the command line.
    short : str
        One-letter option, e.g. ``o``.

    Raises
    ------
    ValueError
        If the declaration contradicts itself.
    """

    name: str
    kind: ParamKind
    label: str
    help: str
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    advanced: bool = False
    multiple: bool = False
    required: bool = False
    positional: bool = False
    short: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or not self.label or not self.help.endswith("."):
            raise ValueError(f"parameter {self.name!r}: needs a name, a label, a help sentence")
        if bool(self.choices) != (self.kind is ParamKind.CHOICE):
            raise ValueError(f"parameter {self.name}: choices belong to the kind CHOICE")
        numeric = self.kind in (ParamKind.FLOAT, ParamKind.INTEGER)
        if not numeric and (self.minimum is not None or self.maximum is not None):
            raise ValueError(f"parameter {self.name}: bounds belong to numbers")
        if self.required and self.default is not None:
            raise ValueError(f"parameter {self.name}: required, so it has no default")
        if self.default is not None:
            self.check(self.default)

    def check(self, value: Any) -> None:
        """Raise ValueError, with the remedy, for a value that doesn't fit."""
        if self.kind is ParamKind.CHOICE and value not in self.choices:
            raise ValueError(f"{self.name} {value!r}: give one of {', '.join(self.choices)}")
        if self.kind in (ParamKind.FLOAT, ParamKind.INTEGER):
            low = -math.inf if self.minimum is None else self.minimum
            high = math.inf if self.maximum is None else self.maximum
            if not low <= value <= high:
                unit = f" {self.unit}" if self.unit else ""
                raise ValueError(f"{self.name} {value:g}{unit}: give {self.bounds}{unit}")

    @property
    def bounds(self) -> str:
        """Bounds in words, e.g. ``16-16384``; empty without."""
        low, high = self.minimum, self.maximum
        if low is not None and high is not None:
            return f"{low:g}-{high:g}"
        if low is not None:
            return f">= {low:g}"
        return "" if high is None else f"<= {high:g}"


@dataclass(frozen=True)
class Outcome:
    """What an operation tells its caller.

    Parameters
    ----------
    lines : tuple of str
        For people.
    data : mapping
        The same for machines; plain JSON values.
    failures : tuple of str
        One line for each item that failed while others went on.
    """

    lines: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    failures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """One operation of AKKD.

    Parameters
    ----------
    id : str
        The command's words, e.g. ``retrieve`` or ``simulate granule``.
    title : str
        A few words.
    group : str
        Heading under which forms list it.
    help : str
        Paragraphs; the first sentence stands alone in lists.
    parameters : tuple of Parameter
    runner : str
        ``module:function``, called as ``function(progress=..., **values)``; returns an Outcome.
    as_flag : bool
        On the command line the second word may be written as a flag of the first, too.
    """

    id: str
    title: str
    group: str
    help: str
    parameters: tuple[Parameter, ...]
    runner: str
    as_flag: bool = False

    def __post_init__(self) -> None:
        names = [p.name for p in self.parameters]
        if len(set(names)) != len(names) or "progress" in names:
            raise ValueError(f"operation {self.id}: parameter names must differ")
        if not _RUNNER.fullmatch(self.runner):
            raise ValueError(f"operation {self.id}: runner {self.runner!r} isn't module:function")
        if self.as_flag and len(self.id.split()) < 2:
            raise ValueError(f"operation {self.id}: only the second word of an id can be a flag")

    def check(self, **values: Any) -> None:
        """Raise ParameterError for a value out of its bounds or choices; None is left alone."""
        for parameter in self.parameters:
            value = values.get(parameter.name)
            if value is not None:
                try:
                    parameter.check(value)
                except ValueError as error:
                    raise ParameterError(str(error)) from None

    def load_runner(self) -> Callable[..., Outcome]:
        """Import and return the function that runs it. Raises ImportError."""
        module, name = self.runner.split(":")
        runner: Callable[..., Outcome] = getattr(import_module(module), name)
        return runner
