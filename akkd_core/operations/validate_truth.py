"""Compare a product with the truth of a simulated granule."""

from __future__ import annotations

import io
from csv import DictWriter
from json import dumps

from akkd_core.operations.outputs import refuse_existing, write_text
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
