"""Compare a product with the truth of a simulated granule."""

from __future__ import annotations

import io
import os
from csv import DictWriter
from json import dumps
from pathlib import Path

from akkd_core.errors import ParameterError
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress


def run(
    product: str,
    truth: str,
    json: str | None = None,
    csv: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Compare, and write the report where asked.

    Raises
    ------
    InputError
        If there is no such product, or the truth has other bands.
    GridMismatchError
        If product and truth don't share a grid.
    GranuleReadError
        If a file can't be read.
    ParameterError
        If a report exists already.
    ProductWriteError
        If a report can't be written.
    """
    from akkd_core.validation.truth import compare_with_truth

    for name in (json, csv):
        refuse_existing(name, overwrite)
    report = compare_with_truth(product, truth, progress)
    data = report.to_json()
    if json:
        write_text(json, dumps(data, indent=1) + "\n")
    if csv:
        rows = report.rows()
        stream = io.StringIO()
        writer = DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(csv, stream.getvalue())
    return Outcome(tuple(report.text().splitlines()), data)


def refuse_existing(name: str | None, overwrite: bool) -> None:
    """Raise ParameterError if a file is there that may not be replaced."""
    if name and Path(name).exists() and not overwrite:
        raise ParameterError(f"{name}: exists. choose another name or --overwrite")


def write_text(name: str, text: str) -> None:
    """Write a text file, whole or not at all; raises ProductWriteError."""
    from akkd_core.raster.temporary import temporary_path, write_error

    temporary = temporary_path(name)
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, name)
    except OSError as error:
        raise write_error(name, error) from error
    finally:
        temporary.unlink(missing_ok=True)
