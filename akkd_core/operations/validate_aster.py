"""Compare products with AST_08 and AST_05, and write the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from akkd_core.operations.catalogue_aster import VALIDATE_ASTER
from akkd_core.operations.comparison import command_text, report_folder, report_outcome
from akkd_core.operations.outputs import check_file
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, SilentProgress, SubProgress

if TYPE_CHECKING:
    from akkd_core.validation.aster_products import AsterRules
    from akkd_core.validation.match_up import MatchUp

_COMPARING = 0.3
"""Share of the progress that goes to comparing; the rest to the report."""


def run(
    products: Sequence[str],
    reference: Sequence[str],
    output: str | None = None,
    label: Sequence[str] = (),
    seconds: float = 4.0,
    qa: str = "strict",
    quality: str = "clear",
    resampling: str = "nearest",
    block: int = 20,
    seed: int = 0,
    json: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Compare, and write the report.

    Raises
    ------
    InputError
        If a product has no reference of its seconds or place, or no pixel is left.
    UnsupportedGranuleError, MissingBandError
        If a reference is something else, or incomplete.
    ParameterError
        If a value is out of range, or a report exists already.
    GranuleReadError
        If a file can't be read.
    ProductWriteError, OperationCancelled
    """
    from akkd_core.readers.aster_l2_layout import find_products
    from akkd_core.validation.aster_products import AsterRules, compare_with_aster
    from akkd_core.validation.comparison_report import check_folder, write_report
    from akkd_core.validation.station_scenes import find_scenes

    values = {
        "products": products, "reference": reference, "output": output, "label": label,
        "seconds": seconds, "qa": qa, "quality": quality, "resampling": resampling,
        "block": block, "seed": seed,
    }  # fmt: skip
    VALIDATE_ASTER.check(**values)
    if output:
        check_folder(output, overwrite)
    check_file(json, overwrite)
    references = find_products(reference)
    kinds = sorted({entry.product for entry in references}, reverse=True)
    folder = Path(output) if output else report_folder(products[0], "_".join(kinds))
    check_folder(folder, overwrite)
    whole = progress or SilentProgress()
    rules = AsterRules(seconds, qa, quality, resampling, block)
    found = compare_with_aster(
        find_scenes(products), references, rules, tuple(label),
        SubProgress(whole, 0.0, _COMPARING),
    )  # fmt: skip
    report = write_report(
        found,
        folder,
        title=f"Products against {' and '.join(kinds)}",
        facts=_facts(found, rules),
        command=command_text(VALIDATE_ASTER, values),
        seed=seed,
        overwrite=overwrite,
        progress=SubProgress(whole, _COMPARING, 1.0),
    )
    return report_outcome(report, json)


def _facts(found: Sequence[MatchUp], rules: AsterRules) -> dict[str, str]:
    how = {"nearest": "value of the pixel that holds the centre of ours",
           "bilinear": "bilinear between the four pixels around the centre of ours"}  # fmt: skip
    return {
        "references": ", ".join(dict.fromkeys(m.reference for m in found)),
        "scenes acquired": ", ".join(dict.fromkeys(m.facts["acquired_at"] for m in found)),
        "place": f"{how[rules.resampling]}, by both grids' own geometry",
        "confidence intervals": f"blocks of {rules.block} x {rules.block} pixels resampled",
    }
