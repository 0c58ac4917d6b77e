"""Methods as they are judged: values with the errors that they tell of themselves.

A bundle goes through the retrieval's own `Retriever`, so its errors are those of the products.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle import ModelBundle
from akkd_core.errors import BundleIntegrityError
from akkd_core.inference.context import (
    AIR_TEMPERATURE_RANGE_K,
    TCWV_RANGE_KG_M2,
    Ancillary,
    BandAtmosphere,
    make_context,
)
from akkd_core.inference.retriever import Retriever
from akkd_core.physics.features import OUTPUT_NAMES, decode_atmosphere
from akkd_core.physics.scene_statistics import PROFILE_NAMES
from akkd_core.progress import Progress, checkpoint
from akkd_core.simulation.training_set import TrainingSet
from akkd_core.validation.error_tally import NORMAL_90, ErrorTally
from akkd_core.validation.methods import AIR_TEMPERATURE_ERROR_K, TCWV_ERROR_SHARE, Method
from akkd_core.validation.scene_sample import sample_of_scene
from akkd_core.validation.told_errors import INTERVAL_90

NOTHING, WATER_AND_AIR, PROFILE = "the file alone", "water vapour and air known", "profile known"
"""What of the air is known: nothing; water vapour with 10 % and air temperature with 2 K of error;
the air of a profile with 1 K and 10 % of layer-correlated error."""

Judged = tuple[NDArray[np.float64], NDArray[np.float64] | None]
"""Values (n, 6), K and 1, NaN where there is none; and their one-sigma errors, if told."""


class JudgedMethod(Protocol):
    """Something that retrieves a scene, and may tell how wrong it is."""

    @property
    def name(self) -> str:
        """Shown in tables."""

    @property
    def interval_90(self) -> NDArray[np.float64]:
        """Half the width of the stated 90 % interval over sigma, (6,)."""

    def judge(self, scenes: TrainingSet, index: int) -> Judged:
        """Retrieve one scene's pixels.

        Parameters
        ----------
        scenes : TrainingSet
        index : int
        """


@dataclass(frozen=True)
class Unsure:
    """A method that tells no errors.

    Parameters
    ----------
    method : Method
    """

    method: Method

    @property
    def name(self) -> str:
        """Shown in tables."""
        return self.method.name

    @property
    def interval_90(self) -> NDArray[np.float64]:
        """Not used."""
        return np.full(len(OUTPUT_NAMES), NORMAL_90)

    def judge(self, scenes: TrainingSet, index: int) -> Judged:
        """Retrieve as `JudgedMethod.judge` says."""
        lst, lse = self.method.retrieve(scenes, index)
        values = np.full((len(lst), len(OUTPUT_NAMES)), np.nan)
        values[:, 0] = lst
        if lse is not None:
            values[:, 1:] = lse
        return values, None


def stated_interval(bundle: ModelBundle) -> NDArray[np.float64]:
    """Half the width of a bundle's 90 % interval over sigma, (6,); normal if none is stated.

    Parameters
    ----------
    bundle : ModelBundle

    Returns
    -------
    ndarray of float64, (6,)
        1, in the order of `OUTPUT_NAMES`.

    Raises
    ------
    BundleIntegrityError
        If what the manifest states isn't one positive number, or six.
    """
    stated = bundle.manifest.extra.get(INTERVAL_90, NORMAL_90)
    if isinstance(stated, dict):
        stated = [stated.get(name) for name in OUTPUT_NAMES]
    try:
        values = np.broadcast_to(np.asarray(stated, dtype=np.float64), (len(OUTPUT_NAMES),))
    except (TypeError, ValueError):
        values = np.zeros(len(OUTPUT_NAMES))
    if not (np.isfinite(values) & (values > 0)).all():
        raise BundleIntegrityError(
            f"bundle {bundle.name}: its manifest's {INTERVAL_90} is {stated!r}, expected one "
            "positive number or six"
        )
    return values.copy()


def takes_profiles(bundle: ModelBundle) -> bool:
    """Whether a bundle was trained with the air of profiles."""
    network = bundle.scene_network
    return network is not None and set(PROFILE_NAMES) <= set(network.input_names)


class JudgedBundle:
    """A bundle, fed from memory through the retrieval's own code.

    Parameters
    ----------
    bundle : ModelBundle
    name : str, optional
    known : str
        `NOTHING`, `WATER_AND_AIR` or `PROFILE`.
    seed : int
        Of the errors of what is known of the air.
    runtime : str
        See `Retriever`.

    Raises
    ------
    BundleMismatchError
        If it lacks an output.
    """

    def __init__(
        self,
        bundle: ModelBundle,
        name: str | None = None,
        *,
        known: str = NOTHING,
        seed: int = 0,
        runtime: str = "auto",
    ) -> None:
        self.bundle, self._known, self._seed = bundle, known, seed
        self._name = name or bundle.name
        self._interval = stated_interval(bundle)
        self.retriever = Retriever(bundle, runtime)

    @property
    def name(self) -> str:
        """Shown in tables."""
        return self._name

    @property
    def interval_90(self) -> NDArray[np.float64]:
        """Half the width of the stated 90 % interval over sigma, (6,)."""
        return self._interval

    def judge(self, scenes: TrainingSet, index: int) -> Judged:
        """Retrieve as `JudgedMethod.judge` says."""
        bt, local = scenes.bt[index], scenes.local[index]
        context = make_context(
            self.bundle,
            scenes.statistics[index],
            self._ancillary(scenes, index),
            sample_of_scene(scenes, index),
        )
        share = np.ones(len(bt), dtype=np.float32)
        found = self.retriever.pixels(bt, [(share, context)], local)
        sigma = found.errors.astype(np.float64)
        return found.values.astype(np.float64), sigma if np.isfinite(sigma).any() else None

    def _ancillary(self, scenes: TrainingSet, index: int) -> Ancillary:
        if self._known == PROFILE:
            told = scenes.profile_atmosphere[index].astype(np.float64)
            return Ancillary(atmosphere=BandAtmosphere(*decode_atmosphere(told)))
        if self._known != WATER_AND_AIR:
            return Ancillary()
        # drawn by the scene itself, so that they don't depend on how scenes are divided
        own = scenes.statistics[index, :4].astype(np.float32).view(np.uint32).tolist()
        error = np.random.default_rng([self._seed, *own]).standard_normal(2)
        tcwv = float(scenes.tcwv_kg_m2[index]) * (1.0 + TCWV_ERROR_SHARE * error[0])
        air = float(scenes.air_temperature_k[index]) + AIR_TEMPERATURE_ERROR_K * error[1]
        return Ancillary(
            float(np.clip(tcwv, *TCWV_RANGE_KG_M2)), float(np.clip(air, *AIR_TEMPERATURE_RANGE_K))
        )


def tally_scenes(
    methods: Sequence[JudgedMethod], scenes: TrainingSet, progress: Progress
) -> tuple[ErrorTally, ...]:
    """Judge methods on scenes, one pass over them.

    Parameters
    ----------
    methods : sequence of JudgedMethod
    scenes : TrainingSet
    progress : Progress

    Returns
    -------
    tuple of ErrorTally
        One for each method.

    Raises
    ------
    OperationCancelled
        If the user cancelled.
    """
    tallies = tuple(ErrorTally(method.interval_90) for method in methods)
    for index in range(len(scenes)):
        checkpoint(progress, index / len(scenes), "judging")
        truth = np.column_stack([scenes.lst[index], scenes.lse[index]])
        for method, tally in zip(methods, tallies, strict=True):
            values, sigma = method.judge(scenes, index)
            tally.add(
                values, truth, sigma, profile=str(scenes.profile[index]),
                tcwv_kg_m2=float(scenes.tcwv_kg_m2[index]),
                land_cover=str(scenes.land_cover[index]),
            )  # fmt: skip
    return tallies
