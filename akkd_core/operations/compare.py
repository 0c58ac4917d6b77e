"""Compare two rasters of one quantity, and write the report."""

from __future__ import annotations

from pathlib import Path

from akkd_core.operations.catalogue_compare import COMPARE
from akkd_core.operations.comparison import command_text, report_outcome
from akkd_core.operations.outputs import check_file
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, SilentProgress, SubProgress

_COMPARING = 0.4
"""Share of the progress that goes to comparing; the rest to the report."""


def run(
    raster: str,
    reference: str,
    output: str | None = None,
    band: int = 1,
    reference_band: int = 1,
    unit: str = "auto",
    reference_unit: str = "auto",
    scale: float = 1.0,
    reference_scale: float = 1.0,
    resampling: str = "auto",
    valid_fraction: float = 0.8,
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
        If the rasters are of different quantities or places, or no pixel is left.
    ParameterError
        If a value is out of range, or a report exists already.
    GranuleReadError
        If a file can't be read.
    ProductWriteError, OperationCancelled
    """
    from akkd_core.validation.comparison_report import check_folder, write_report
    from akkd_core.validation.raster_pairs import PairRules, compare_rasters
    from akkd_core.validation.raster_places import RasterChoice

    values = {
        "raster": raster, "reference": reference, "output": output, "band": band,
        "reference_band": reference_band, "unit": unit, "reference_unit": reference_unit,
        "scale": scale, "reference_scale": reference_scale, "resampling": resampling,
        "valid_fraction": valid_fraction, "block": block, "seed": seed,
    }  # fmt: skip
    COMPARE.check(**values)
    folder = Path(output) if output else _folder(raster, reference)
    check_folder(folder, overwrite)
    check_file(json, overwrite)
    whole = progress or SilentProgress()
    found = compare_rasters(
        RasterChoice(raster, band, unit, scale),
        RasterChoice(reference, reference_band, reference_unit, reference_scale),
        PairRules(resampling, valid_fraction, block),
        SubProgress(whole, 0.0, _COMPARING),
    )
    report = write_report(
        [found],
        folder,
        title=f"{found.product} against {found.reference}",
        facts={
            "raster": found.facts["raster"],
            "reference": found.facts["reference_raster"],
            "place": found.facts["resampling"],
            "confidence intervals": f"blocks of {block} x {block} pixels resampled",
        },
        command=command_text(COMPARE, values),
        seed=seed,
        overwrite=overwrite,
        progress=SubProgress(whole, _COMPARING, 1.0),
    )
    return report_outcome(report, json)


def _folder(raster: str, reference: str) -> Path:
    path = Path(raster).resolve()
    return path.parent / f"{path.stem}_vs_{Path(reference).stem}"
