"""Judging for the item ``accuracy``, part by part; finished parts are kept, so that it goes on.

A part is a block of scenes, a kind of poor scenes, the striped scenes or the granules. Its sums lie
in ``DIR/accuracy_parts/KEY``, where the key stands for bundles, number of scenes and seed.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core import __version__
from akkd_core.bundle import ModelBundle
from akkd_core.errors import InputError
from akkd_core.progress import Progress, SubProgress, checkpoint
from akkd_core.raster.temporary import whole_file
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.materials import materials
from akkd_core.simulation.training_set import JUDGE_RECIPE, SceneRecipe, simulate_training_set
from akkd_core.validation.edge_response import EdgeTally, striped_scene
from akkd_core.validation.error_tally import ErrorTally
from akkd_core.validation.granule_scores import (
    GRANULE_TCWV_KG_M2,
    SHAPE,
    GranuleScore,
    score_granule,
)
from akkd_core.validation.humidity import TrueAtmosphere, shipped_wrong_humidity
from akkd_core.validation.judged_methods import (
    NOTHING,
    PROFILE,
    WATER_AND_AIR,
    JudgedBundle,
    JudgedMethod,
    Unsure,
    takes_profiles,
    tally_scenes,
)
from akkd_core.validation.judging_blocks import JudgingScenes, judging_rows
from akkd_core.validation.methods import TesMethod, regression_methods
from akkd_core.validation.poor_scenes import POOR_KINDS
from akkd_core.validation.scene_images import retrieve_image
from akkd_core.validation.tes_sources import ToldAtmosphere

USUAL, OTHER_ENGINE = "LOWTRAN7", "as another engine"
"""Air of the judging scenes: as profiles and aerosol give it; optical depths off as between two
engines (profiles still go through the first one)."""

SAME_NOISE = "LOWTRAN7, noise the same in K at any temperature"
"""The same scenes, but an NEdT that holds at the scene's temperature instead of 300 K: in cold
scenes less noise than a detector's."""

SMALL_BELOW, _SMALL_GRANULE = 129, (80, 100)
"""Runs of fewer scenes take smaller granules: they only show that all works."""

_FORMAT = 2
_PER_PROFILE = 8
_MOST_POOR = 129
_REGRESSION_SCENES, _REGRESSION_PIXELS = 3000, 64
_POOR_SEED, _STRIPES_SEED = 11, 12

Arrays = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, eq=False)
class AccuracyPlan:
    """What is judged.

    Parameters
    ----------
    bundle : ModelBundle
    pixel_bundle : ModelBundle, optional
        Of single pixels.
    scenes : int
    seed : int
    recipe : SceneRecipe
    workers : int, optional
        Processes of the simulation; default: one per core.
    """

    bundle: ModelBundle
    pixel_bundle: ModelBundle | None
    scenes: int
    seed: int = 1
    recipe: SceneRecipe = JUDGE_RECIPE
    workers: int | None = None

    @property
    def key(self) -> str:
        """Stands for all that the sums depend on."""
        digest = hashlib.sha256()
        for bundle in (self.bundle, self.pixel_bundle):
            digest.update(b"none" if bundle is None else bundle.manifest.to_bytes())
        facts = (_FORMAT, __version__, self.scenes, self.seed, self.recipe)
        digest.update(repr(facts).encode())
        return digest.hexdigest()[:12]

    @property
    def poor_scenes(self) -> int:
        """Number of poor scenes of each kind, and of striped ones."""
        return min(_MOST_POOR, -(-self.scenes // _PER_PROFILE))

    @property
    def granule_shape(self) -> tuple[int, int]:
        """Size of the granules, pixels."""
        return SHAPE if self.scenes >= SMALL_BELOW else _SMALL_GRANULE

    def bundles(self) -> list[JudgedBundle]:
        """Bundles that know nothing of the air: the judged one first."""
        found = [JudgedBundle(self.bundle)]
        if self.pixel_bundle is not None:
            found.append(JudgedBundle(self.pixel_bundle, f"{self.pixel_bundle.name}, single pixel"))
        return found


@dataclass(eq=False)
class AccuracySums:
    """All that was judged.

    Parameters
    ----------
    tallies : dict
        `ErrorTally` by air (`USUAL`, `OTHER_ENGINE`, `SAME_NOISE`) and method's name.
    poor : dict
        `ErrorTally` by kind of poor scenes and bundle's name.
    edges : dict
        `EdgeTally` by bundle's name.
    granules : tuple of GranuleScore
    """

    tallies: dict[str, dict[str, ErrorTally]] = field(default_factory=dict)
    poor: dict[str, dict[str, ErrorTally]] = field(default_factory=dict)
    edges: dict[str, EdgeTally] = field(default_factory=dict)
    granules: tuple[GranuleScore, ...] = ()


class KeptParts:
    """Folder of finished parts.

    Parameters
    ----------
    folder : Path, optional
        Nothing is kept without.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get(self, name: str, make: Callable[[], Arrays]) -> Arrays:
        """Read a part, or make and keep it; a damaged one is made anew.

        Parameters
        ----------
        name : str
            Of its file.
        make : callable
        """
        if self._folder is None:
            return make()
        path = self._folder / f"{name}.npz"
        try:
            with np.load(path, allow_pickle=False) as archive:
                return {key: archive[key] for key in archive.files}
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
            arrays = make()
        self._folder.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as temporary, open(temporary, "wb") as handle:
            np.savez_compressed(handle, **arrays)  # type: ignore[arg-type]
        return arrays


def known_name(plan: AccuracyPlan, known: str) -> str:
    """Name of the judged bundle's row where something is known of the air."""
    return plan.bundle.name if known == NOTHING else f"{plan.bundle.name}, {known}"


def judge(plan: AccuracyPlan, folder: Path | None, progress: Progress) -> AccuracySums:
    """Judge all that the item tells.

    Parameters
    ----------
    plan : AccuracyPlan
    folder : Path, optional
        That finished parts are kept in.
    progress : Progress

    Raises
    ------
    ProductWriteError
        If a part can't be kept.
    OperationCancelled
        If the user cancelled; finished parts stay.
    """
    parts = KeptParts(None if folder is None else folder / "accuracy_parts" / plan.key)
    sums = AccuracySums()
    usual = JudgingScenes(plan.scenes, plan.recipe, plan.seed, plan.workers)
    other = replace(usual, recipe=replace(plan.recipe, engine_error=True))
    sums.tallies[USUAL] = _judge_scenes(
        usual, "scenes", _Lazy(lambda report: _all_methods(plan, report)), parts,
        SubProgress(progress, 0.0, 0.5),
    )  # fmt: skip
    sums.tallies[OTHER_ENGINE] = _judge_scenes(
        other, "engine", _Lazy(lambda report: _engine_methods(plan)), parts,
        SubProgress(progress, 0.5, 0.72, "other engine: "),
    )  # fmt: skip
    same = replace(usual, recipe=replace(plan.recipe, kelvin_noise_share=1.0))
    sums.tallies[SAME_NOISE] = _judge_scenes(
        same, "noise", _Lazy(lambda report: _bundle_rows(plan)), parts,
        SubProgress(progress, 0.72, 0.85, "noise in K: "),
    )  # fmt: skip
    bundles = plan.bundles()
    for number, kind in enumerate(POOR_KINDS):
        start = 0.85 + 0.02 * number
        span = SubProgress(progress, start, start + 0.02, f"{kind}: ")
        make = partial(_poor, plan, bundles, kind, span)
        arrays = parts.get(f"poor_{number}", make)
        sums.poor[kind] = _split(arrays)
    arrays = parts.get(
        "edges", lambda: _edges(plan, bundles, SubProgress(progress, 0.93, 0.95, "borders: "))
    )
    sums.edges = {
        str(name): EdgeTally.from_arrays(np.asarray(arrays[f"{number}"], dtype=np.float64))
        for number, name in enumerate(arrays["names"])
    }
    arrays = parts.get(
        "granules", lambda: _granules(plan, bundles[0], SubProgress(progress, 0.95, 1.0))
    )
    sums.granules = tuple(
        GranuleScore(float(row[0]), str(cover), *(float(value) for value in row[1:]))
        for row, cover in zip(
            np.asarray(arrays["scores"], dtype=np.float64), arrays["cover"], strict=True
        )
    )
    progress.update(1.0, "judged")
    return sums


class _Lazy:
    """Methods that are made when the first part asks for them."""

    def __init__(self, make: Callable[[Progress], list[JudgedMethod]]) -> None:
        self._make, self._made = make, list[JudgedMethod]()

    def get(self, progress: Progress) -> list[JudgedMethod]:
        self._made = self._made or self._make(progress)
        return self._made


def _judge_scenes(
    scenes: JudgingScenes, name: str, methods: _Lazy, parts: KeptParts, progress: Progress
) -> dict[str, ErrorTally]:
    total: dict[str, ErrorTally] = {}
    step = 1.0 / scenes.blocks
    for number in range(scenes.blocks):
        span = SubProgress(
            progress, number * step, (number + 1) * step, f"block {number + 1} of {scenes.blocks}: "
        )
        checkpoint(span, 0.0, "begins")

        def make(number: int = number, span: Progress = span) -> Arrays:
            chosen = methods.get(SubProgress(span, 0.0, 0.2))
            block = scenes.block(number, SubProgress(span, 0.2, 0.5))
            tallies = tally_scenes(chosen, block, SubProgress(span, 0.5, 1.0))
            return _joined(chosen, tallies)

        for method, tally in _split(parts.get(f"{name}_{number:03d}", make)).items():
            if method in total:
                total[method].merge(tally)
            else:
                total[method] = tally
    return total


def _joined(methods: Sequence[JudgedMethod], tallies: Sequence[ErrorTally]) -> Arrays:
    arrays: Arrays = {"names": np.array([method.name for method in methods])}
    for number, tally in enumerate(tallies):
        arrays |= {f"{number}_{name}": values for name, values in tally.arrays().items()}
    return arrays


def _split(arrays: Arrays) -> dict[str, ErrorTally]:
    if "names" not in arrays:
        raise InputError("kept part of accuracy: names are missing. delete its folder")
    found = {}
    for number, name in enumerate(arrays["names"]):
        start = f"{number}_"
        own = {k[len(start) :]: v for k, v in arrays.items() if k.startswith(start)}
        found[str(name)] = ErrorTally.from_arrays(own)
    return found


def _bundle_rows(plan: AccuracyPlan) -> list[JudgedMethod]:
    rows: list[JudgedMethod] = []
    if plan.bundle.scene_network is not None:
        name = known_name(plan, WATER_AND_AIR)
        rows.append(JudgedBundle(plan.bundle, name, known=WATER_AND_AIR, seed=plan.seed))
    if takes_profiles(plan.bundle):
        rows.append(JudgedBundle(plan.bundle, known_name(plan, PROFILE), known=PROFILE))
    first, *others = plan.bundles()
    return [first, *rows, *others]


def _all_methods(plan: AccuracyPlan, progress: Progress) -> list[JudgedMethod]:
    training = simulate_training_set(
        shipped_atmospheres("train").of_split("train"),
        materials("train"),
        min(_REGRESSION_SCENES, max(60, 3 * plan.scenes)),
        recipe=SceneRecipe(pixels=_REGRESSION_PIXELS),
        seed=plan.seed,
        workers=plan.workers,
        progress=progress,
    )
    others = [
        *regression_methods(training),
        TesMethod(TrueAtmosphere(), "TES, true atmosphere"),
        TesMethod(shipped_wrong_humidity(0.9), "TES, water vapour -10 %"),
        TesMethod(shipped_wrong_humidity(1.1), "TES, water vapour +10 %"),
        TesMethod(ToldAtmosphere(), "TES, profile with errors"),
    ]
    return [*_bundle_rows(plan), *(Unsure(method) for method in others)]


def _engine_methods(plan: AccuracyPlan) -> list[JudgedMethod]:
    others = (
        TesMethod(TrueAtmosphere(), "TES, true atmosphere"),
        TesMethod(ToldAtmosphere(), "TES, profile with errors"),
    )
    return [*_bundle_rows(plan), *(Unsure(method) for method in others)]


def _poor(
    plan: AccuracyPlan, bundles: list[JudgedBundle], kind: str, progress: Progress
) -> Arrays:
    air, table = shipped_atmospheres("judge"), materials("judge")
    number = list(POOR_KINDS).index(kind)
    tallies = [ErrorTally(bundle.interval_90) for bundle in bundles]
    for index, row in enumerate(judging_rows(air, plan.poor_scenes, plan.seed).tolist()):
        checkpoint(progress, index / plan.poor_scenes, "judging")
        rng = np.random.default_rng([plan.seed, _POOR_SEED, number, index])
        scene = POOR_KINDS[kind](rng, air, row, table)
        for bundle, tally in zip(bundles, tallies, strict=True):
            found = retrieve_image(bundle.retriever, scene.dn, scene.daytime)
            tally.add(
                found.values[:, scene.clear].T, scene.truth[:, scene.clear].T,
                found.sigma[:, scene.clear].T, profile=scene.profile,
                tcwv_kg_m2=scene.tcwv_kg_m2,
            )  # fmt: skip
    return _joined(bundles, tallies)


def _edges(plan: AccuracyPlan, bundles: list[JudgedBundle], progress: Progress) -> Arrays:
    air, table = shipped_atmospheres("judge"), materials("judge")
    tallies = [EdgeTally() for _ in bundles]
    for index, row in enumerate(judging_rows(air, plan.poor_scenes, plan.seed).tolist()):
        checkpoint(progress, index / plan.poor_scenes, "judging")
        rng = np.random.default_rng([plan.seed, _STRIPES_SEED, index])
        scene = striped_scene(rng, air, row, table)
        for bundle, tally in zip(bundles, tallies, strict=True):
            found = retrieve_image(bundle.retriever, scene.dn, scene.daytime)
            tally.add(found.values, scene.truth)
    arrays: Arrays = {"names": np.array([bundle.name for bundle in bundles])}
    return arrays | {f"{number}": tally.arrays() for number, tally in enumerate(tallies)}


def _granules(plan: AccuracyPlan, bundle: JudgedBundle, progress: Progress) -> Arrays:
    scores = []
    step = 1.0 / len(GRANULE_TCWV_KG_M2)
    for number, tcwv in enumerate(GRANULE_TCWV_KG_M2):
        span = SubProgress(
            progress, number * step, (number + 1) * step, f"granule {number + 1}: "
        )
        checkpoint(span, 0.0, "simulating")
        scores.append(
            score_granule(
                bundle, tcwv, shape=plan.granule_shape, seed=plan.seed + number, progress=span
            )
        )
    rows = [[value for value in astuple(score) if isinstance(value, float)] for score in scores]
    return {
        "scores": np.array(rows, dtype=np.float64),
        "cover": np.array([score.land_cover for score in scores]),
    }
