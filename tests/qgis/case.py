"""A case: what one algorithm is given to do real work in miniature, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from akkd_core.operations.spec import Operation, ParamKind


@dataclass(frozen=True)
class Inputs:
    """Files that cases begin with; nothing is written to them.

    Parameters
    ----------
    folder : Path
        Of what `tests.qgis.make_inputs` makes.
    granule, truth, product, modis : Path
        A simulated granule, the truth behind it, the command line's product of it, and a GeoTIFF
        like MODIS's of its truth.
    """

    folder: Path
    granule: Path
    truth: Path
    product: Path
    modis: Path

    def __getitem__(self, name: str) -> Path:
        found = self.folder / name
        assert found.exists(), found
        return found


@dataclass(frozen=True)
class Done:
    """A run that ended well.

    Parameters
    ----------
    inputs : Inputs
    out : Path
        Folder that it wrote to.
    results : mapping of str to str
        What it gave back, by the names of its outputs.
    """

    inputs: Inputs
    out: Path
    results: Mapping[str, str]

    @property
    def summary(self) -> str:
        """What it said, with OUT for its folder."""
        return self.results["summary"].replace(str(self.out), "OUT")


def _nothing(where: Inputs | Done, out: Path | None = None) -> None:
    pass


@dataclass(frozen=True)
class Case:
    """A case.

    Parameters
    ----------
    algorithm : str
        Id within the provider.
    values : callable
        Gives the parameters of inputs and a folder to write to; numbers, texts, paths and lists.
    check : callable
        Asserts what must have come of it, beyond what holds for every algorithm.
    prepare : callable
        Puts into the folder what must be there before.
    long : bool
        Trains or simulates for several seconds: isn't run on the command line, too; what both ways
        leave is compared. And it is run in the installed QGIS alone, not in a newer one beside it.
    """

    algorithm: str
    values: Callable[[Inputs, Path], dict[str, Any]]
    check: Callable[[Done], None] = _nothing
    prepare: Callable[[Inputs, Path], None] = _nothing
    long: bool = False


def _text(value: Any) -> str:
    return str(value)


def command_words(operation: Operation, values: Mapping[str, Any]) -> list[str]:
    """Words of the command line for a case, written down without the plugin's help."""
    words, arguments = operation.id.split(), []
    for parameter in operation.parameters:
        if parameter.name not in values:
            continue
        value = values[parameter.name]
        several = [_text(one) for one in (value if isinstance(value, list) else [value])]
        option = "--" + parameter.name.replace("_", "-")
        if parameter.kind is ParamKind.FLAG:
            words += [option] if value else []
        elif parameter.positional:
            arguments += several
        else:
            words += [word for one in several for word in (option, one)]
    return [*words, *arguments]
