"""Retrieval methods under one protocol, so that all are scored alike on the same scenes.

A method sees a scene's brightness temperatures; only TES, the reference, is handed an atmosphere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle import ModelBundle
from akkd_core.errors import BundleMismatchError, ParameterError
from akkd_core.inference.context import (
    AIR_TEMPERATURE_RANGE_K,
    TCWV_RANGE_KG_M2,
    Ancillary,
    make_context,
    pixel_features,
)
from akkd_core.inference.predictors import Predictor, make_predictor
from akkd_core.physics.features import LSE_RANGE, OUTPUT_NAMES, REFERENCE
from akkd_core.physics.planck import band_radiance
from akkd_core.physics.rte import ground_leaving_radiance
from akkd_core.physics.split_window import (
    QuadraticCoefficients,
    SplitWindowCoefficients,
    fit_quadratic,
    fit_split_window,
)
from akkd_core.physics.tes import TesSettings, temperature_emissivity_separation
from akkd_core.simulation.scenes import noise_radiance
from akkd_core.simulation.training_set import TrainingSet
from akkd_core.validation.humidity import AtmosphereSource
from akkd_core.validation.scene_sample import sample_of_scene

TCWV_ERROR_SHARE = 0.10
AIR_TEMPERATURE_ERROR_K = 2.0
"""One-sigma errors of the ancillary data in scores "with ancillary"."""

Result = tuple[NDArray[np.float64], NDArray[np.float64] | None]
"""LST (n,), K, and LSE (n, 5), 0-1, or None where a method gives no emissivity."""


class Method(Protocol):
    """Something that retrieves a scene."""

    @property
    def name(self) -> str:
        """Shown in tables."""

    def retrieve(self, scenes: TrainingSet, index: int) -> Result:
        """Temperatures and emissivities of one scene's pixels.

        Parameters
        ----------
        scenes : TrainingSet
            Truth is in it too; a method doesn't look at it.
        index : int
        """


def predict_scene(
    bundle: ModelBundle,
    predictor: Predictor,
    scenes: TrainingSet,
    index: int,
    ancillary: Ancillary | None = None,
) -> tuple[NDArray[np.float64], float]:
    """Run a bundle on a scene, as in retrieval.

    Parameters
    ----------
    bundle : ModelBundle
    predictor : Predictor
        Of its pixel network.
    scenes : TrainingSet
    index : int
    ancillary : Ancillary, optional
        Nothing known if None.

    Returns
    -------
    values : ndarray of float64, (n, n_out)
        In the order of the network's outputs, K and 1.
    transmittance_13 : float
        Retrieved band-13 transmittance, 0-1; 0 for a bundle without a scene network.
    """
    sample = sample_of_scene(scenes, index)
    context = make_context(bundle, scenes.statistics[index], ancillary or Ancillary(), sample)
    features = pixel_features(predictor.network, scenes.bt[index], context, scenes.local[index])
    values = predictor.predict(features, context.scene).astype(np.float64)
    for column, name in enumerate(predictor.network.output_names):
        if name.startswith("lse_"):
            values[:, column] = np.clip(values[:, column], *LSE_RANGE)
    tau = 0.0 if context.transmittance is None else float(context.transmittance[REFERENCE])
    return values, tau


class BundleMethod:
    """A model bundle, fed as in retrieval.

    Parameters
    ----------
    bundle : ModelBundle
    name : str, optional
        Default: the bundle's.
    ancillary_seed : int, optional
        If given, water vapour and air temperature are known with errors of 10 % and 2 K (one
        sigma, drawn per scene).
    runtime : str
        See `make_predictor`.

    Raises
    ------
    BundleMismatchError
        If the bundle lacks an output.
    """

    def __init__(
        self,
        bundle: ModelBundle,
        name: str | None = None,
        *,
        ancillary_seed: int | None = None,
        runtime: str = "auto",
    ) -> None:
        self._name = name or bundle.name
        self.bundle = bundle
        self._seed = ancillary_seed
        self.predictor = make_predictor(bundle, runtime)
        outputs = bundle.pixel_network.output_names
        missing = [output for output in OUTPUT_NAMES if output not in outputs]
        if missing:
            raise BundleMismatchError(
                f"bundle {bundle.name}: gives no {', '.join(missing)}; scores need all six outputs"
            )
        self._columns = [outputs.index(output) for output in OUTPUT_NAMES]

    @property
    def name(self) -> str:
        """Shown in tables."""
        return self._name

    def retrieve(self, scenes: TrainingSet, index: int) -> Result:
        """Retrieve as `Method.retrieve` says."""
        ancillary = self._ancillary(scenes, index)
        values, _ = predict_scene(self.bundle, self.predictor, scenes, index, ancillary)
        return values[:, self._columns[0]], values[:, self._columns[1:]]

    def _ancillary(self, scenes: TrainingSet, index: int) -> Ancillary:
        if self._seed is None:
            return Ancillary()
        error = np.random.default_rng([self._seed, index]).standard_normal(2)
        tcwv = float(scenes.tcwv_kg_m2[index]) * (1.0 + TCWV_ERROR_SHARE * error[0])
        air = float(scenes.air_temperature_k[index]) + AIR_TEMPERATURE_ERROR_K * error[1]
        return Ancillary(
            float(np.clip(tcwv, *TCWV_RANGE_KG_M2)), float(np.clip(air, *AIR_TEMPERATURE_RANGE_K))
        )


@dataclass(frozen=True)
class QuadraticMethod:
    """Quadratic regression on the five brightness temperatures."""

    coefficients: QuadraticCoefficients
    name: str = "quadratic regression"

    def retrieve(self, scenes: TrainingSet, index: int) -> Result:
        """Retrieve as `Method.retrieve` says."""
        values = self.coefficients.predict(scenes.bt[index])
        return values[:, 0], np.clip(values[:, 1:], *LSE_RANGE)


@dataclass(frozen=True)
class SplitWindowMethod:
    """Generalised split window: of unknown emissivity, or with that of a quadratic regression."""

    coefficients: SplitWindowCoefficients
    emissivity: QuadraticCoefficients | None = None
    name: str = "split window"

    def retrieve(self, scenes: TrainingSet, index: int) -> Result:
        """Retrieve as `Method.retrieve` says; it gives no emissivity."""
        bt = scenes.bt[index]
        lse = None
        if self.emissivity is not None:
            lse = np.clip(self.emissivity.predict(bt)[:, 1:], *LSE_RANGE)
        return self.coefficients.lst(bt, lse), None


@dataclass(frozen=True)
class TesMethod:
    """TES with an atmosphere that it is handed.

    Parameters
    ----------
    source : AtmosphereSource
        Which atmosphere.
    name : str
    nedt_k : float
        Noise that the contrast is corrected for, K at 300 K.
    settings : TesSettings
    """

    source: AtmosphereSource
    name: str
    nedt_k: float = 0.3
    settings: TesSettings = TesSettings()

    def retrieve(self, scenes: TrainingSet, index: int) -> Result:
        """Retrieve as `Method.retrieve` says."""
        tau, path, down = self.source.atmosphere(scenes, index)
        radiance = band_radiance(scenes.bt[index].T)
        found = temperature_emissivity_separation(
            ground_leaving_radiance(radiance, tau, path),
            down,
            nedl=noise_radiance(self.nedt_k) / tau,
            settings=self.settings,
        )
        return found.lst, found.lse.T


def regression_methods(training: TrainingSet) -> tuple[Method, ...]:
    """Fit the regressions on a training set.

    Parameters
    ----------
    training : TrainingSet

    Returns
    -------
    tuple of Method
        Quadratic regression; split window with emissivity unknown; split window with the
        quadratic regression's emissivities (fitted with the same ones, so that their errors are
        allowed for).

    Raises
    ------
    ParameterError
        If the set has fewer pixels than there are coefficients.
    """
    bt = training.bt.reshape(-1, 5)
    lst = training.lst.ravel()
    if len(bt) < 100:
        raise ParameterError(f"regressions: {len(bt)} training pixels are too few, give 100")
    lse = training.lse.reshape(-1, 5)
    quadratic = fit_quadratic(bt, np.column_stack([lst, lse]))
    estimated = np.clip(quadratic.predict(bt)[:, 1:], *LSE_RANGE)
    return (
        QuadraticMethod(quadratic),
        SplitWindowMethod(fit_split_window(bt, lst), name="split window, emissivity unknown"),
        SplitWindowMethod(
            fit_split_window(bt, lst, estimated),
            quadratic,
            "split window, emissivity by regression",
        ),
    )
