"""What comparisons with references share: where reports go, and the command that remakes one."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from akkd_core.operations.outputs import write_text
from akkd_core.operations.spec import Operation, Outcome, ParamKind

if TYPE_CHECKING:
    from akkd_core.validation.comparison_report import Report

_SUFFIX = "_LST.tif"
_NOT_REPEATED = ("json", "csv", "overwrite")


def report_folder(product: str, reference: str) -> Path:
    """Folder of a report by default: ``<product>_vs_<reference>`` beside the product.

    Parameters
    ----------
    product : str
        Path of a product's folder or of its ``G_LST.tif``.
    reference : str
        Short name.
    """
    path = Path(product)
    name = path.name[: -len(_SUFFIX)] if path.name.endswith(_SUFFIX) else path.resolve().name
    return path.resolve().parent / f"{name}_vs_{reference}"


def report_outcome(report: Report, json: str | None) -> Outcome:
    """Tell a face what was found, and write the JSON file where one is asked for.

    Parameters
    ----------
    report : Report
    json : str, optional
        File to write.

    Raises
    ------
    ProductWriteError
        If it can't be written.
    """
    data = report.to_json()
    if json:
        write_text(json, dumps(data, indent=1) + "\n")
    return Outcome(tuple(report.text().splitlines()), data)


def command_text(operation: Operation, values: Mapping[str, Any]) -> str:
    """Command that repeats an operation, for a shell.

    Parameters
    ----------
    operation : Operation
    values : mapping of str to object
        What its parameters were; those with their default's value are left out.
    """
    words = ["akkd", *operation.id.split()]
    options: list[str] = []
    for parameter in operation.parameters:
        value = values.get(parameter.name)
        if value is None or value == parameter.default or parameter.name in _NOT_REPEATED:
            continue
        given = [str(one) for one in value] if parameter.multiple else [_text(value)]
        if parameter.positional:
            words += given
        elif parameter.kind is ParamKind.FLAG:
            options.append(f"--{parameter.name.replace('_', '-')}")
        else:
            name = f"--{parameter.name.replace('_', '-')}"
            options += [word for one in given for word in (name, one)]
    return shlex.join(words + options)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
