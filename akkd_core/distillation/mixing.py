"""What mixing two estimates can gain at best: why distillation helps, or doesn't.

A student under the GOC learns the mean of the composite label, ``(1 - w) y + w teacher(x)``, at
given inputs x; with squared losses that is ``(1 - w) small(x) + w teacher(x)``, a mixture of what
the small model and the teacher predict. So the errors of these two, and how they go together, bound
what distillation can gain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError

GRID = tuple(round(0.05 * step, 2) for step in range(21))
"""Teacher weights at which the error of mixtures is computed."""


@dataclass(frozen=True)
class Mixing:
    """Errors of an estimate and of the teacher on the same pixels, and of their mixtures.

    Parameters
    ----------
    n : int
        Pixels.
    own_bias, teacher_bias : float
        Mean error, in the quantity's unit.
    own_square, teacher_square, product : float
        Mean squares of both errors, and the mean of their product.
    correlation : float
        Of both errors, pixel by pixel, about their means; 0 where one doesn't vary.
    mae : tuple of float
        Mean absolute error of the mixture at each weight of `GRID`.
    """

    n: int
    own_bias: float
    teacher_bias: float
    own_square: float
    teacher_square: float
    product: float
    correlation: float
    mae: tuple[float, ...]

    def to_json(self) -> dict[str, float | list[float]]:
        """Return as a JSON object."""
        return {**asdict(self), "mae": list(self.mae)}


def best_weight(own_square: float, teacher_square: float, product: float) -> float:
    """Weight w, 0-1, that makes ``E((1 - w) a + w b)**2`` least.

    ``(E a**2 - E ab) / (E a**2 + E b**2 - 2 E ab)``, held within 0-1; 0 where both are the same.

    Parameters
    ----------
    own_square, teacher_square : float
        Mean squares of the errors a and b.
    product : float
        Mean of their product.
    """
    spread = own_square + teacher_square - 2.0 * product
    if spread <= 1e-12 * max(own_square, teacher_square):
        return 0.0
    return float(min(max((own_square - product) / spread, 0.0), 1.0))


def mix(own: NDArray[np.floating], teacher: NDArray[np.floating]) -> Mixing:
    """Compare the errors of two estimates.

    Parameters
    ----------
    own, teacher : ndarray of float, (n,)
        Estimate minus truth of each pixel, K or emissivity; computed in float64.

    Raises
    ------
    ParameterError
        If they differ in shape or are empty.
    """
    a, b = own.astype(np.float64), teacher.astype(np.float64)
    if a.shape != b.shape or a.ndim != 1 or not a.size:
        raise ParameterError(f"errors {a.shape} and {b.shape}: expected two of one length")
    spread = float(a.std() * b.std())
    together = float((a * b).mean() - a.mean() * b.mean())
    return Mixing(
        n=int(a.size),
        own_bias=float(a.mean()),
        teacher_bias=float(b.mean()),
        own_square=float((a**2).mean()),
        teacher_square=float((b**2).mean()),
        product=float((a * b).mean()),
        correlation=together / spread if spread > 0 else 0.0,
        mae=tuple(float(np.abs((1.0 - w) * a + w * b).mean()) for w in GRID),
    )


@dataclass(frozen=True)
class MixingSummary:
    """Mixtures over many scenes.

    Parameters
    ----------
    scenes : int
    own_mae, teacher_mae : float
        Means over scenes.
    own_bias_sd, teacher_bias_sd : float
        Standard deviation over scenes of the scene's mean error.
    bias_correlation : float
        Over scenes; NaN with less than three.
    pixel_correlation : float
        Mean over scenes of the correlation within a scene.
    common_weight : float
        The one weight for all scenes that makes the mean MAE least.
    common_mae : float
        That mean.
    own_weight_mae : float
        Mean over scenes of each one's least MAE, with a weight of its own.
    """

    scenes: int
    own_mae: float
    teacher_mae: float
    own_bias_sd: float
    teacher_bias_sd: float
    bias_correlation: float
    pixel_correlation: float
    common_weight: float
    common_mae: float
    own_weight_mae: float

    def to_json(self) -> dict[str, float | None]:
        """Return as a JSON object, null where undefined."""
        return {k: v if np.isfinite(v) else None for k, v in asdict(self).items()}


def summarise(scenes: Sequence[Mixing]) -> MixingSummary:
    """Summarise one mixture per scene.

    Parameters
    ----------
    scenes : sequence of Mixing

    Raises
    ------
    ParameterError
        If there is none.
    """
    if not scenes:
        raise ParameterError("no scene with known truth: nothing to compare errors with")
    mae = np.array([scene.mae for scene in scenes])
    means = mae.mean(axis=0)
    biases = np.array([(scene.own_bias, scene.teacher_bias) for scene in scenes])
    several = len(scenes) > 1
    sds = biases.std(axis=0, ddof=1) if several else np.full(2, np.nan)
    correlated = len(scenes) > 2 and bool((sds > 0).all())
    return MixingSummary(
        scenes=len(scenes),
        own_mae=float(means[0]),
        teacher_mae=float(means[-1]),
        own_bias_sd=float(sds[0]),
        teacher_bias_sd=float(sds[1]),
        bias_correlation=float(np.corrcoef(biases.T)[0, 1]) if correlated else float("nan"),
        pixel_correlation=float(np.mean([scene.correlation for scene in scenes])),
        common_weight=GRID[int(np.argmin(means))],
        common_mae=float(means.min()),
        own_weight_mae=float(mae.min(axis=1).mean()),
    )
