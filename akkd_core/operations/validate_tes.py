"""Verify TES on spectra of real materials."""

from __future__ import annotations

from json import dumps

from akkd_core.operations.catalogue_baseline import VALIDATE_TES
from akkd_core.operations.outputs import refuse_existing, write_text
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress


def run(
    nedt: float = 0.0,
    variant: str = "standard",
    seed: int = 0,
    json: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Score TES by group of materials and humidity, and write the report where asked.

    Raises
    ------
    ParameterError
        If the report exists already, or a value is out of range.
    OperationCancelled
        If the user cancelled.
    """
    from akkd_core.physics.tes import TES_VARIANTS
    from akkd_core.validation.tes_spectra import score_spectra

    VALIDATE_TES.check(nedt=nedt, variant=variant, seed=seed)
    refuse_existing(json, overwrite)
    report = score_spectra(TES_VARIANTS[variant], nedt_k=nedt, seed=seed, progress=progress)
    data = {"variant": variant, **report.to_json()}
    if json:
        write_text(json, dumps(data, indent=1) + "\n")
    return Outcome((f"variant {variant}", *report.text().splitlines()), data)
