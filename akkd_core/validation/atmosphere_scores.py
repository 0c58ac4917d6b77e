"""How well a bundle's scene network knows the atmosphere of held-out scenes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from akkd_core.bundle import ModelBundle
from akkd_core.inference.context import make_context
from akkd_core.progress import Progress, SilentProgress, checkpoint
from akkd_core.simulation.training_set import TrainingSet
from akkd_core.validation.metrics import Metrics, metrics
from akkd_core.validation.scene_sample import sample_of_scene

QUANTITIES = ("transmittance", "path_radiance", "downwelling_radiance")


@dataclass(frozen=True)
class AtmosphereScore:
    """One quantity in one band, over scenes.

    Parameters
    ----------
    quantity : str
        One of `QUANTITIES`.
    band : int
        10-14.
    metrics : Metrics
        1 for transmittance, else W m-2 sr-1 um-1.
    """

    quantity: str
    band: int
    metrics: Metrics


def score_atmosphere(
    bundle: ModelBundle, scenes: TrainingSet, progress: Progress | None = None
) -> tuple[AtmosphereScore, ...]:
    """Score the atmosphere that a bundle predicts from the scenes alone.

    Parameters
    ----------
    bundle : ModelBundle
    scenes : TrainingSet
    progress : Progress, optional

    Returns
    -------
    tuple of AtmosphereScore
        Fifteen; none for a bundle without a scene network.

    Raises
    ------
    OperationCancelled
        If the user cancelled.
    """
    if bundle.scene_network is None:
        return ()
    report = progress or SilentProgress()
    found = np.empty((len(QUANTITIES), len(scenes), 5))
    for index in range(len(scenes)):
        checkpoint(report, index / len(scenes), "atmosphere")
        context = make_context(
            bundle, scenes.statistics[index], sample=sample_of_scene(scenes, index)
        )
        found[:, index] = [getattr(context, quantity) for quantity in QUANTITIES]
    return tuple(
        AtmosphereScore(
            quantity,
            band,
            metrics(found[number, :, band - 10], getattr(scenes, quantity)[:, band - 10]),
        )
        for number, quantity in enumerate(QUANTITIES)
        for band in range(10, 15)
    )
