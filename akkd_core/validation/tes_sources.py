"""Atmospheres that TES could be handed: retrieved from the scene, or typical of its water."""

from __future__ import annotations

import numpy as np

from akkd_core.bundle import ModelBundle
from akkd_core.errors import ParameterError
from akkd_core.inference.context import make_context
from akkd_core.physics.features import decode_atmosphere
from akkd_core.physics.scene_statistics import STATISTIC_NAMES
from akkd_core.simulation.atmosphere_choice import atmosphere_near
from akkd_core.simulation.atmospheres import AtmosphereTable
from akkd_core.simulation.training_set import TrainingSet
from akkd_core.validation.humidity import BandAtmosphere
from akkd_core.validation.scene_sample import sample_of_scene

_WARMTH = STATISTIC_NAMES.index("mean_bt_13")


class RetrievedAtmosphere:
    """What a bundle's scene network predicts from the scene alone, as in ``akkd tes``.

    Parameters
    ----------
    bundle : ModelBundle

    Raises
    ------
    ParameterError
        If it has no scene network.
    """

    def __init__(self, bundle: ModelBundle) -> None:
        if bundle.scene_network is None:
            raise ParameterError(f"bundle {bundle.name}: has no scene network. give one that has")
        self._bundle = bundle

    def atmosphere(self, scenes: TrainingSet, index: int) -> BandAtmosphere:
        """Hand out as `AtmosphereSource.atmosphere` says."""
        sample = sample_of_scene(scenes, index)
        context = make_context(self._bundle, scenes.statistics[index], sample=sample)
        parts = (context.transmittance, context.path_radiance, context.downwelling_radiance)
        tau, path, down = (np.asarray(part, dtype=np.float64) for part in parts)
        return tau, path, down


class TypicalAtmosphere:
    """Typical air of the true water vapour, as ``akkd tes --atmosphere tcwv=..`` takes it.

    Parameters
    ----------
    table : AtmosphereTable
        Training atmospheres.
    """

    def __init__(self, table: AtmosphereTable) -> None:
        self._table = table

    def atmosphere(self, scenes: TrainingSet, index: int) -> BandAtmosphere:
        """Hand out as `AtmosphereSource.atmosphere` says."""
        warmth = float(scenes.statistics[index][_WARMTH])
        air = atmosphere_near(self._table, float(scenes.tcwv_kg_m2[index]), warmth)
        tau, path, down = (
            np.asarray(part, dtype=np.float64)
            for part in (air.transmittance, air.path_radiance, air.downwelling_radiance)
        )
        return tau, path, down


class ToldAtmosphere:
    """The air of the scene's profile with its errors, as ``akkd tes --profile`` takes it."""

    def atmosphere(self, scenes: TrainingSet, index: int) -> BandAtmosphere:
        """Hand out as `AtmosphereSource.atmosphere` says."""
        told = scenes.profile_atmosphere[index].astype(np.float64)
        tau, path, down = decode_atmosphere(told)
        return tau, path, down
