"""Expected errors from held-out residuals, and whether they hold on other air.

The error table of a bundle is the root mean square residual of each output in bins of retrieved
temperature and retrieved band-13 transmittance. Residuals of a scene share one bias, so a bin is
as sure as its scenes are many: bins borrow from their neighbours and from their opacity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle import ErrorTable, ModelBundle
from akkd_core.errors import ParameterError
from akkd_core.inference.predictors import make_predictor
from akkd_core.physics.features import REFERENCE
from akkd_core.progress import Progress, SilentProgress, checkpoint
from akkd_core.simulation.training_set import TrainingSet
from akkd_core.validation.methods import predict_scene

Array = NDArray[np.float64]

LST_EDGES_K = np.array([230.0, 255, 270, 280, 290, 300, 310, 320, 335])
TRANSMITTANCE_EDGES = np.array([0.0, 0.3, 0.45, 0.6, 0.7, 0.8, 0.88, 0.94, 1.0])

_NEIGHBOUR_WEIGHT = 0.3
_PRIOR_SCENES = 5.0
_SIGMA_FLOOR = 1e-4


@dataclass(frozen=True)
class Residuals:
    """Residuals of a bundle on held-out scenes.

    Parameters
    ----------
    names : tuple of str
        Outputs of the bundle's pixel network.
    error : ndarray of float64, (n_out, scene, pixel)
        Retrieved minus true, in each output's unit.
    lst : ndarray of float64, (scene, pixel)
        Retrieved temperature, K; band 13's BT for a bundle that doesn't retrieve it.
    transmittance_13 : ndarray of float64, (scene,)
        Retrieved band-13 transmittance, 0-1.
    """

    names: tuple[str, ...]
    error: Array
    lst: Array
    transmittance_13: Array


def residuals(
    bundle: ModelBundle, scenes: TrainingSet, progress: Progress | None = None
) -> Residuals:
    """Residuals of a bundle, from the file alone.

    Parameters
    ----------
    bundle : ModelBundle
    scenes : TrainingSet
    progress : Progress, optional

    Raises
    ------
    ParameterError
        If an output isn't ``lst`` or ``lse_<band>``.
    OperationCancelled
        If the user cancelled.
    """
    report = progress or SilentProgress()
    predictor = make_predictor(bundle)
    names = predictor.network.output_names
    truth = np.stack([_truth(scenes, name) for name in names])
    found = np.empty(truth.shape)
    tau = np.empty(len(scenes))
    for index in range(len(scenes)):
        checkpoint(report, index / len(scenes), "held-out residuals")
        values, tau[index] = predict_scene(bundle, predictor, scenes, index)
        found[:, index] = values.T
    bt_13 = scenes.bt[:, :, REFERENCE].astype(np.float64)
    lst = found[names.index("lst")] if "lst" in names else bt_13
    return Residuals(names, found - truth, lst, tau)


def _truth(scenes: TrainingSet, name: str) -> Array:
    if name == "lst":
        return scenes.lst.astype(np.float64)
    for band in range(5):
        if name == f"lse_{band + 10}":
            return scenes.lse[:, :, band].astype(np.float64)
    raise ParameterError(f"output {name!r}: there is no truth for it, only lst and lse_10-lse_14")


def error_table(
    bundle: ModelBundle, scenes: TrainingSet, progress: Progress | None = None
) -> ErrorTable:
    """Error table of a bundle from its residuals on held-out scenes.

    Parameters
    ----------
    bundle : ModelBundle
        Its own table, if any, is not used.
    scenes : TrainingSet
        Of air that was neither trained on nor serves to check the table.
    progress : Progress, optional

    Returns
    -------
    ErrorTable
        One output of the pixel network after the other.
    """
    return table_of(residuals(bundle, scenes, progress))


def table_of(found: Residuals) -> ErrorTable:
    """Error table of residuals.

    Sums of squares and counts are smoothed over neighbouring bins, then drawn towards the bin's
    opacity class (over all temperatures) with the weight of five scenes, and that class towards
    the next clearer one, since errors grow with opacity; so sparse and empty bins are filled.
    """
    rows, columns = len(LST_EDGES_K) - 1, len(TRANSMITTANCE_EDGES) - 1
    row = np.clip(np.searchsorted(LST_EDGES_K, found.lst, side="right") - 1, 0, rows - 1)
    tau = np.searchsorted(TRANSMITTANCE_EDGES, found.transmittance_13, side="right") - 1
    flat = row * columns + np.clip(tau, 0, columns - 1)[:, None]
    shape = (rows, columns)
    count = np.bincount(flat.ravel(), minlength=rows * columns).reshape(shape)
    prior = _PRIOR_SCENES * found.lst.shape[1]
    tables = []
    for error in found.error:
        square = np.bincount(flat.ravel(), weights=(error**2).ravel(), minlength=rows * columns)
        sums = square.astype(np.float64).reshape(shape)
        tables.append(_filled(sums, count.astype(np.float64), prior))
    sigma = np.maximum(np.sqrt(np.stack(tables)), _SIGMA_FLOOR)
    return ErrorTable(
        LST_EDGES_K.astype(np.float32),
        TRANSMITTANCE_EDGES.astype(np.float32),
        sigma.astype(np.float32),
    )


def _filled(square: Array, count: Array, prior: float) -> Array:
    """Mean squares of bins, (temperature, transmittance), without gaps."""
    of_class, in_class = _smooth(square.sum(axis=0), 0), _smooth(count.sum(axis=0), 0)
    by_opacity = np.empty(len(of_class))
    clearer = square.sum() / count.sum()
    for number in reversed(range(len(by_opacity))):
        clearer = (of_class[number] + prior * clearer) / (in_class[number] + prior)
        by_opacity[number] = clearer
    smooth_square = _smooth(_smooth(square, 0), 1)
    smooth_count = _smooth(_smooth(count, 0), 1)
    result: Array = (smooth_square + prior * by_opacity) / (smooth_count + prior)
    return result


def _smooth(values: Array, axis: int) -> Array:
    """Add a share of the neighbours on both sides along an axis."""
    moved = np.moveaxis(values, axis, 0)
    out = moved.copy()
    out[1:] += _NEIGHBOUR_WEIGHT * moved[:-1]
    out[:-1] += _NEIGHBOUR_WEIGHT * moved[1:]
    return np.moveaxis(out, 0, axis)


@dataclass(frozen=True)
class Coverage:
    """How often the true value lies within the expected error; 0.683 and 0.954 if normal.

    Parameters
    ----------
    name : str
        The output.
    one_sigma, two_sigma : float
        Shares of pixels, 0-1.
    calibration : float
        Root mean square of error over expected error; 1 is right, more is too confident.
    """

    name: str
    one_sigma: float
    two_sigma: float
    calibration: float

    @classmethod
    def of(cls, name: str, ratio: Array) -> Coverage:
        """Coverage of absolute errors over expected errors, 1, of any shape."""
        return cls(
            name,
            float((ratio <= 1.0).mean()),
            float((ratio <= 2.0).mean()),
            float(np.sqrt((ratio**2).mean())),
        )


def coverage(
    table: ErrorTable, bundle: ModelBundle, scenes: TrainingSet, progress: Progress | None = None
) -> tuple[Coverage, ...]:
    """Check an error table on scenes of other air than it was made from.

    Parameters
    ----------
    table : ErrorTable
    bundle : ModelBundle
    scenes : TrainingSet
    progress : Progress, optional
    """
    return coverage_of(table, residuals(bundle, scenes, progress))


def coverage_of(table: ErrorTable, found: Residuals) -> tuple[Coverage, ...]:
    """Check an error table on residuals."""
    sigma = table.lookup(found.lst, found.transmittance_13[:, None])
    shares = []
    for name, error, expected in zip(found.names, found.error, sigma, strict=True):
        shares.append(Coverage.of(name, np.abs(error) / expected))
    return tuple(shares)
