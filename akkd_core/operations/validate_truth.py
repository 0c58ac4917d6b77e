"""Compare a product with the truth of a simulated granule."""

from __future__ import annotations

import io
from csv import DictWriter
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING

from akkd_core.operations.catalogue_validation import VALIDATE_TRUTH
from akkd_core.operations.comparison import command_text
from akkd_core.operations.outputs import check_file, write_text
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, SilentProgress, SubProgress

if TYPE_CHECKING:
    from akkd_core.validation.comparison_report import Report
    from akkd_core.validation.truth import TruthReport

_COMPARING = 0.4
"""Share of the progress that goes to comparing if a report follows."""


def run(
    product: str,
    truth: str,
    output: str | None = None,
    json: str | None = None,
    csv: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Compare, and write the figures where asked, and the report with pictures.

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
    from akkd_core.validation.comparison_report import check_folder
    from akkd_core.validation.truth import compare_with_truth

    for name in (json, csv):
        check_file(name, overwrite)
    whole = progress or SilentProgress()
    if output:
        check_folder(output, overwrite)
    compared = SubProgress(whole, 0.0, _COMPARING if output else 1.0)
    report = compare_with_truth(product, truth, compared)
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
    lines = report.text().splitlines()
    if output:
        pictures = _report(report, product, truth, Path(output), overwrite, whole)
        lines += [line for line in (f"report: {pictures.paths[-1]}", pictures.hint) if line]
        data["report"] = pictures.to_json()
    return Outcome(tuple(lines), data)


def _report(
    figures: TruthReport, product: str, truth: str, folder: Path, overwrite: bool, whole: Progress
) -> Report:
    from akkd_core.validation.comparison_report import write_report
    from akkd_core.validation.truth_match_ups import truth_match_ups

    inside = figures.within_error.get("LST")
    facts = {
        "product": figures.scene_id,
        "truth": figures.truth,
        "retrieved": f"{figures.retrieved_share:.2%} of the truth's pixels",
        "true LST within the product's 1-sigma error": "no error layer"
        if inside is None
        else f"{inside:.1%} of the pixels",
    }
    return write_report(
        truth_match_ups(product, truth),
        folder,
        title=f"{figures.scene_id} against the truth of the simulation",
        facts=facts,
        command=command_text(
            VALIDATE_TRUTH, {"product": product, "truth": truth, "output": str(folder)}
        ),
        overwrite=overwrite,
        progress=SubProgress(whole, _COMPARING, 1.0),
    )
