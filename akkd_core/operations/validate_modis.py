"""Compare products with MODIS's temperature and write the report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from akkd_core.errors import ParameterError
from akkd_core.operations.catalogue_modis import VALIDATE_MODIS
from akkd_core.operations.comparison import command_text, report_folder, report_outcome
from akkd_core.operations.outputs import check_file
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, SilentProgress, SubProgress

if TYPE_CHECKING:
    from akkd_core.readers.modis_lst import ModisLst
    from akkd_core.validation.match_up import MatchUp
    from akkd_core.validation.modis import ModisRules

_COMPARING = 0.4
"""Share of the progress that goes to comparing; the rest to the report."""


def run(
    products: Sequence[str],
    reference: Sequence[str],
    output: str | None = None,
    label: Sequence[str] = (),
    valid_fraction: float = 0.8,
    minutes: float = 30.0,
    view_zenith: float = 15.0,
    quality: str = "good",
    mean: bool = False,
    aqua: bool = False,
    other_date: bool = False,
    reference_qc: str | None = None,
    reference_product: str | None = None,
    reference_date: str | None = None,
    block: int = 5,
    seed: int = 0,
    json: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Compare, and write the report.

    Raises
    ------
    InputError
        If product and reference don't overlap, are of other days, or no cell is left.
    UnsupportedGranuleError
        If the reference is no MODIS temperature.
    ParameterError
        If a value is out of range, or a report exists already.
    GranuleReadError
        If a file can't be read, or the reference's quality layer is unknown.
    ProductWriteError, OperationCancelled
    """
    from akkd_core.readers.modis_lst import read_modis_lst
    from akkd_core.readers.modis_mosaic import join_modis
    from akkd_core.validation.comparison_report import check_folder, write_report
    from akkd_core.validation.comparison_scores import file_name, short_reference
    from akkd_core.validation.modis import ModisRules, compare_with_modis
    from akkd_core.validation.station_scenes import find_scenes

    values = {
        "products": products, "reference": reference, "output": output, "label": label,
        "valid_fraction": valid_fraction, "minutes": minutes, "view_zenith": view_zenith,
        "quality": quality, "mean": mean, "aqua": aqua, "other_date": other_date,
        "reference_qc": reference_qc, "reference_product": reference_product,
        "reference_date": reference_date, "block": block, "seed": seed,
    }  # fmt: skip
    VALIDATE_MODIS.check(**values)
    if output:
        check_folder(output, overwrite)
    check_file(json, overwrite)
    day = _day(reference_date)
    rules = ModisRules(
        valid_fraction, minutes, view_zenith, quality, mean, block, aqua, other_date
    )
    if reference_qc and len(reference) > 1:
        raise ParameterError(
            f"reference_qc {reference_qc}: is of one reference, {len(reference)} are given. Name "
            "each QC layer as its temperature, beside it"
        )
    modis = join_modis(
        [read_modis_lst(one, reference_qc, reference_product, day) for one in reference]
    )
    name = file_name(short_reference(modis.name))
    folder = Path(output) if output else report_folder(products[0], name)
    check_folder(folder, overwrite)
    whole = progress or SilentProgress()
    scenes = find_scenes(products)
    found = compare_with_modis(
        scenes, modis, rules, tuple(label), SubProgress(whole, 0.0, _COMPARING)
    )
    report = write_report(
        found,
        folder,
        title=f"Surface temperature against {modis.product or 'MODIS'}",
        facts=_facts(modis, found, rules),
        command=command_text(VALIDATE_MODIS, values),
        seed=seed,
        overwrite=overwrite,
        progress=SubProgress(whole, _COMPARING, 1.0),
    )
    return report_outcome(report, json)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ParameterError(
            f"reference_date {text!r}: is no date. Give it as 2019-11-01"
        ) from error


def _facts(modis: ModisLst, found: Sequence[MatchUp], rules: ModisRules) -> dict[str, str]:
    days = "unknown"
    if modis.begins is not None:
        last = "" if modis.ends in (None, modis.begins) else f" to {modis.ends}"
        days = f"{modis.begins}{last}"
    how = "temperature (plain mean)" if rules.plain_mean else (
        "emitted radiance at 11 um, weighted by emissivity (Norman and Becker 1995)"
    )
    return {
        "reference": f"{modis.name} ({modis.file_names})",
        "product": f"{modis.product or 'unknown'}, {'Aqua' if modis.aqua else 'Terra'}"
        if modis.product else "unknown",
        "day of the reference (UTC)": days,
        "scenes acquired": ", ".join(dict.fromkeys(m.facts["acquired_at"] for m in found)),
        "aggregation": f"exact area of overlap of pixels and cells, {how}",
        "product pixels": "those its QC calls cloud or not produced don't count",
        "confidence intervals": f"blocks of {rules.block} x {rules.block} cells resampled",
    }  # fmt: skip
