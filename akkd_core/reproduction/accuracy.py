"""The item ``accuracy``: what AKKD's bundle reaches on air and materials never trained on."""

from __future__ import annotations

import hashlib
from pathlib import Path

import akkd_core
from akkd_core.bundle import ModelBundle, bundle_path, default_bundle_path, load_bundle
from akkd_core.progress import Progress
from akkd_core.reproduction.accuracy_claims import claims, number
from akkd_core.reproduction.accuracy_run import (
    USUAL,
    AccuracyPlan,
    AccuracySums,
    judge,
    known_name,
)
from akkd_core.reproduction.accuracy_tables import (
    classes_table,
    coverage_table,
    covers_table,
    edges_table,
    granules_table,
    images,
    likelihood_table,
    methods_table,
    poor_table,
    reliability_table,
)
from akkd_core.reproduction.items import Request
from akkd_core.reproduction.result import Content
from akkd_core.validation.error_summary import ErrorSummary
from akkd_core.validation.judged_methods import NOTHING, PROFILE, WATER_AND_AIR

_IN_A_CLONE = Path("benchmarks") / "bundles" / "pixel-only"
_KEYS = ((NOTHING, "file_alone"), (WATER_AND_AIR, "water_and_air"), (PROFILE, "profile"))


def make(request: Request, progress: Progress) -> Content:
    """Judge, and tell it as tables and charts.

    Parameters
    ----------
    request : Request
        With bundles, scenes and seed; its folder keeps finished parts.
    progress : Progress

    Raises
    ------
    BundleError
        If a bundle can't be used.
    ProductWriteError
        If a part can't be kept.
    OperationCancelled
        If the user cancelled.
    """
    bundle = load_bundle(bundle_path(request.model) if request.model else default_bundle_path())
    plan = AccuracyPlan(bundle, _pixel_bundle(request.pixel_model), request.scenes, request.seed)
    return content(plan, judge(plan, request.folder, progress))


def _pixel_bundle(path: str | None) -> ModelBundle | None:
    if path:
        return load_bundle(bundle_path(path))
    beside = Path(akkd_core.__file__).resolve().parents[1] / _IN_A_CLONE
    return load_bundle(beside) if beside.is_dir() else None


def content(plan: AccuracyPlan, sums: AccuracySums) -> Content:
    """Tell what was judged.

    Parameters
    ----------
    plan : AccuracyPlan
    sums : AccuracySums
    """
    tally = sums.tallies[USUAL][plan.bundle.name]
    profiles = len(set(tally.facts.profile.tolist()))
    digest = hashlib.sha256(plan.bundle.manifest.to_bytes()).hexdigest()[:12]
    described = (
        f"Bundle {plan.bundle.name} {digest}. {len(tally)} simulated scenes of 96 x 96 pixels, "
        f"2304 of each judged: air of {profiles} ECMWF profiles and materials that nothing was "
        "trained on, NEdT 0.3 K at 300 K, 12-bit counts. Water vapour and air are known with "
        "errors of 10 % and 2 K; a profile with 1 K and 10 %, correlated over 2 km of height.",
        "Intervals are of 95 %, by drawing profiles anew 1,000 times: scenes of one profile aren't "
        "independent. Parts that an earlier run had finished are taken as they are; the wall time "
        "is that of the rest.",
    )
    notes = [] if plan.pixel_bundle else ["No bundle of single pixels was given (--pixel-model)."]
    failed = [
        f"{name}: {1.0 - share:.2%} of the pixels have no temperature; they are left out."
        for name, other in sums.tallies[USUAL].items()
        if (share := ErrorSummary(other).retrieved_share(plan.recipe.pixels)) < 1.0
    ]
    return Content(
        described,
        (
            claims(plan, sums),
            methods_table(plan, sums),
            classes_table(plan, sums),
            covers_table(plan, sums),
            coverage_table(plan, sums),
            likelihood_table(plan, sums),
            reliability_table(plan, sums),
            poor_table(plan, sums),
            edges_table(sums),
            granules_table(plan, sums),
        ),
        (*notes, *failed),
        _headline(plan, sums),
        images(plan, sums),
    )


def _headline(plan: AccuracyPlan, sums: AccuracySums) -> dict[str, float]:
    found: dict[str, float] = {}
    for known, key in _KEYS:
        tally = sums.tallies[USUAL].get(known_name(plan, known))
        if tally is not None:
            summary = ErrorSummary(tally)
            found[f"{key}_lst_mae_k"] = summary.lst_mae().value
            found[f"{key}_lse_mae"] = summary.lse_mae().value
    own = ErrorSummary(sums.tallies[USUAL][plan.bundle.name])
    for name, kind in (("one_sigma", "in_sigma"), ("ninety", "in_90")):
        share = number(own.coverage(0, kind).value)
        if share is not None:
            found[f"{name}_holds_lst"] = share
    return found
