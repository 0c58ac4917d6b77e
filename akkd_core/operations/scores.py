"""Score a bundle and the baselines on held-out scenes, side by side."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING

from akkd_core.operations.outputs import refuse_existing, write_text
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, SilentProgress, SubProgress

if TYPE_CHECKING:
    from akkd_core.bundle import ModelBundle
    from akkd_core.simulation.training_set import TrainingSet
    from akkd_core.validation.heldout import MethodScore
    from akkd_core.validation.methods import BundleMethod, Method
    from akkd_core.validation.score_report import ScoreReport

REGRESSION_SCENES = 3000
REGRESSION_PIXELS = 64


def run(
    model: str | None = None,
    pixel_model: str | None = None,
    scenes: int = 387,
    seed: int = 0,
    baselines: bool = True,
    variants: bool = True,
    workers: int | None = None,
    json: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Score, and write the report where asked.

    Raises
    ------
    BundleError
        If a bundle can't be used, or gives not all six outputs.
    ParameterError
        If the report exists already, or a number is out of range.
    OperationCancelled
        If the user cancelled.
    """
    refuse_existing(json, overwrite)
    report = score(
        model,
        pixel_model,
        scenes=scenes,
        seed=seed,
        baselines=baselines,
        variants=variants,
        workers=workers,
        progress=progress,
    )
    data = report.to_json()
    if json:
        write_text(json, dumps(data, indent=1) + "\n")
    return Outcome(tuple(report.text().splitlines()), data)


def score(
    model: str | None = None,
    pixel_model: str | None = None,
    *,
    scenes: int = 387,
    seed: int = 0,
    baselines: bool = True,
    variants: bool = True,
    workers: int | None = None,
    progress: Progress | None = None,
) -> ScoreReport:
    """Score a bundle, a pixel-only bundle and the baselines on the same held-out scenes.

    Parameters
    ----------
    model : path, optional
        Bundle, or the name of a shipped one (``compact``); default: the shipped default.
    pixel_model : path, optional
        Bundle of the same net without scene statistics.
    scenes : int
        Number of scenes.
    seed : int
        Of the scenes, and of those that the regressions are fitted on.
    baselines : bool
        Also quadratic regression, split window, and TES with true and wrong atmospheres.
    variants : bool
        Also score the bundles with noise constant in kelvins and with surfaces 5 K off.
    workers : int, optional
        Processes; default: one per core.
    progress : Progress, optional

    Raises
    ------
    BundleError, ParameterError, OperationCancelled
        As `run`.
    """
    from akkd_core.bundle import bundle_path, default_bundle_path, load_bundle
    from akkd_core.validation.atmosphere_scores import score_atmosphere
    from akkd_core.validation.heldout import VARIANTS, held_out_scenes
    from akkd_core.validation.methods import BundleMethod
    from akkd_core.validation.score_report import ScoreReport

    report = progress or SilentProgress()
    bundle = load_bundle(bundle_path(model) if model else default_bundle_path())
    judged: list[BundleMethod] = [BundleMethod(bundle)]
    if bundle.scene_network is not None:
        name = f"{bundle.name}, water vapour and air known"
        judged.append(BundleMethod(bundle, name, ancillary_seed=seed))
    if pixel_model:
        pixel = load_bundle(bundle_path(pixel_model))
        judged.append(BundleMethod(pixel, f"{pixel.name} (no scene statistics)"))
    methods: list[Method] = [*judged]
    if baselines:
        methods += _baselines(bundle, seed, workers, SubProgress(report, 0.0, 0.3))
    data = held_out_scenes(
        scenes, seed=seed, workers=workers, progress=SubProgress(report, 0.3, 0.4)
    )
    found = _score_all(methods, data, SubProgress(report, 0.4, 0.7))
    others: dict[str, tuple[MethodScore, ...]] = {}
    step = 0.3 / len(VARIANTS)
    for number, (label, recipe) in enumerate(VARIANTS.items() if variants else ()):
        start = 0.7 + step * number
        part = SubProgress(report, start, start + step, f"{label}: ")
        shifted = held_out_scenes(
            scenes, recipe=recipe, seed=seed, workers=workers, progress=SubProgress(part, 0.0, 0.7)
        )
        others[label] = _score_all(judged, shifted, SubProgress(part, 0.7, 1.0))
    report.update(1.0, "scored")
    return ScoreReport(data, found, others, seed, score_atmosphere(bundle, data))


def _score_all(
    methods: list[Method] | list[BundleMethod], scenes: TrainingSet, progress: Progress
) -> tuple[MethodScore, ...]:
    from akkd_core.validation.heldout import score_method

    step = 1.0 / len(methods)
    return tuple(
        score_method(method, scenes, SubProgress(progress, i * step, (i + 1) * step))
        for i, method in enumerate(methods)
    )


def _baselines(
    bundle: ModelBundle, seed: int, workers: int | None, progress: Progress
) -> list[Method]:
    """Regressions fitted on simulated training air and materials, and TES."""
    from akkd_core.physics.tes import TES_PRODUCT
    from akkd_core.simulation.atmospheres import shipped_atmospheres
    from akkd_core.simulation.materials import materials
    from akkd_core.simulation.training_set import SceneRecipe, simulate_training_set
    from akkd_core.validation.humidity import TrueAtmosphere, shipped_wrong_humidity
    from akkd_core.validation.methods import TesMethod, regression_methods
    from akkd_core.validation.tes_sources import RetrievedAtmosphere, TypicalAtmosphere

    air = shipped_atmospheres("train").of_split("train")
    training = simulate_training_set(
        air,
        materials("train"),
        REGRESSION_SCENES,
        recipe=SceneRecipe(pixels=REGRESSION_PIXELS),
        seed=seed,
        workers=workers,
        progress=progress,
    )
    methods = [
        *regression_methods(training),
        TesMethod(TrueAtmosphere(), "TES, true atmosphere"),
        TesMethod(TrueAtmosphere(), "TES as AST_08, true atmosphere", settings=TES_PRODUCT),
        TesMethod(shipped_wrong_humidity(0.9), "TES, water vapour -10 %"),
        TesMethod(shipped_wrong_humidity(1.1), "TES, water vapour +10 %"),
        TesMethod(TypicalAtmosphere(air), "TES, typical air of the true water"),
    ]
    if bundle.scene_network is not None:
        methods.append(TesMethod(RetrievedAtmosphere(bundle), "TES, retrieved atmosphere"))
    return methods
