"""Temperature Emissivity Separation (TES): the algorithm of ASTER's AST_05 and AST_08 products.

Gillespie et al. 1998 (IEEE TGRS 36, 1113-1126) and the Algorithm Theoretical Basis Document,
version 2.4 (Gillespie et al. 1999): NEM (normalised emissivity method) with an iterative removal
of the reflected sky and a refinement of its largest emissivity, RATIO, and MMD (maximum-minimum
difference), whose regression ``eps_min = 0.994 - 0.687 MMD**0.737`` closes the system.
It knows nothing of the atmosphere between ground and sensor: that is removed before.

Three variants: `TesSettings()`, `TES_1998` with the classifier of grey bodies, and `TES_PRODUCT`,
how AST_05 and AST_08 are made since 1 August 2007 (Gustafson et al. 2006; Hulley and Hook 2009):
no classifier, no iterated removal of the sky and none at the end. What of the thresholds could be
compared with which source stands in docs/method.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from akkd_core.errors import ParameterError
from akkd_core.physics.planck import brightness_temperature, broadcast_band_radiance

Array = NDArray[np.float64]

_BLOCK_PIXELS = 65_536
_RATIO_FLOOR = 1e-3
_EMISSIVITY_RANGE = (0.2, 1.0)


class TesQuality(IntEnum):
    """How the separation of a pixel went."""

    CONVERGED = 0
    """The reflected sky was removed."""
    NOT_CONVERGED = 1
    """Its removal diverged or took too long: the result is that without removing it in NEM."""
    FAILED = 2
    """No temperature: the radiance isn't positive, not finite, or below the reflected sky."""


@dataclass(frozen=True)
class TesSettings:
    """Constants of TES; the defaults are ASTER's.

    Parameters
    ----------
    eps_max : float
        First guess of the largest emissivity, 0-1.
    eps_max_rock : float
        Taken where the emissivities vary by more than ``variance_rock``, as rocks and soils do.
    eps_max_grey : float
        Taken where the refinement finds no clear minimum, as in near-grey bodies.
    candidates : tuple of float
        Largest emissivities tried in the refinement, beside ``eps_max``.
    variance_rock : float
        V1: variance of the emissivities above which there is no refinement.
    slope_limit, curvature_limit, variance_limit : float
        V2, V3, V4: the parabola of variance over largest emissivity must be less steep than V2 on
        average over the range tried (else its minimum lies outside), more curved than V3, and its
        minimum lower than V4.
    convergence, divergence : float
        Change (t2) and second difference (t1) of the ground's radiance between iterations,
        W m-2 sr-1 um-1.
    least_emissivity : float
        Below it, in any band and iteration, the removal of the sky is given up.
    iterations : int
        At most so many; 1 removes the sky once, with the first largest emissivity.
    sky_again : bool
        Whether the sky is removed once more with the emissivities from the regression.
    grey_contrast : float
        MMD below which the least emissivity is ``eps_min_grey`` (classifier of grey bodies); 0 for
        none.
    eps_min_grey : float
    offset, factor, exponent : float
        The regression ``eps_min = offset - factor * MMD**exponent``.
    noise_factor : float
        c in ``MMD'**2 = MMD**2 - c * NEde**2``.
    """

    eps_max: float = 0.99
    eps_max_rock: float = 0.96
    eps_max_grey: float = 0.983
    candidates: tuple[float, ...] = (0.92, 0.95, 0.97)
    variance_rock: float = 1.7e-4
    slope_limit: float = 1e-3
    curvature_limit: float = 1e-3
    variance_limit: float = 1e-4
    convergence: float = 0.05
    divergence: float = 0.05
    least_emissivity: float = 0.5
    iterations: int = 12
    sky_again: bool = True
    grey_contrast: float = 0.0
    eps_min_grey: float = 0.983
    offset: float = 0.994
    factor: float = 0.687
    exponent: float = 0.737
    noise_factor: float = 1.52

    def __post_init__(self) -> None:
        for value in (self.eps_max, self.eps_max_rock, self.eps_max_grey, *self.candidates):
            if not 0.5 < value < 1.0:
                raise ParameterError(f"TES: largest emissivity {value:g} is outside 0.5-1")
        if len(self.candidates) < 2:
            raise ParameterError("TES: a parabola needs two or more candidates beside eps_max")
        if self.iterations < 1 or self.convergence <= 0 or self.divergence <= 0:
            raise ParameterError("TES: iterations, convergence and divergence must be positive")


TES_1998 = TesSettings(grey_contrast=0.03)
"""With the threshold classifier that the team introduced for grey bodies (water, vegetation)."""

TES_PRODUCT = TesSettings(iterations=1, sky_again=False)
"""As AST_05 and AST_08 are made since 1 August 2007."""

TES_VARIANTS = {"standard": TesSettings(), "product": TES_PRODUCT, "paper": TES_1998}
"""Settings by name."""


@dataclass(frozen=True)
class TesResult:
    """What TES finds.

    Parameters
    ----------
    lst : ndarray of float64, (n,)
        Land surface temperature, K; NaN where it failed.
    lse : ndarray of float64, (5, n)
        Emissivity, 0-1; NaN where it failed.
    eps_max : ndarray of float64, (n,)
        Largest emissivity that NEM ended with.
    iterations : ndarray of int16, (n,)
        Iterations of the last run of NEM.
    quality : ndarray of uint8, (n,)
        See `TesQuality`.
    """

    lst: Array
    lse: Array
    eps_max: Array
    iterations: NDArray[np.int16]
    quality: NDArray[np.uint8]


def temperature_emissivity_separation(
    radiance_surface: ArrayLike,
    downwelling_radiance: ArrayLike,
    *,
    nedl: ArrayLike = 0.0,
    settings: TesSettings = TesSettings(),
) -> TesResult:
    """Separate temperature and emissivity of many pixels.

    Parameters
    ----------
    radiance_surface : array_like, (5, n)
        Radiance leaving the ground, ``(L - L_up) / tau``, W m-2 sr-1 um-1.
    downwelling_radiance : array_like, (5,) or (5, n)
        Sky radiance, W m-2 sr-1 um-1 (AST_09T's sky irradiance divided by pi).
    nedl : array_like, scalar or (5,)
        Noise-equivalent difference of the radiance leaving the ground (that of the sensor over
        the transmittance), W m-2 sr-1 um-1; 0 leaves the contrast uncorrected for noise.
    settings : TesSettings

    Returns
    -------
    TesResult

    Raises
    ------
    ParameterError
        If shapes don't fit.
    """
    ground = np.asarray(radiance_surface, dtype=np.float64)
    sky = np.asarray(downwelling_radiance, dtype=np.float64)
    if ground.ndim != 2 or ground.shape[0] != 5 or sky.shape not in ((5,), ground.shape):
        raise ParameterError(
            f"TES: radiance {ground.shape} and sky radiance {sky.shape}, expected (5, n) and (5,) "
            "or (5, n)"
        )
    if sky.ndim == 1:
        sky = sky[:, None]
    noise = np.broadcast_to(np.asarray(nedl, dtype=np.float64), (5,))[:, None]
    count = ground.shape[1]
    result = TesResult(
        np.full(count, np.nan),
        np.full((5, count), np.nan),
        np.full(count, np.nan),
        np.zeros(count, dtype=np.int16),
        np.full(count, TesQuality.FAILED, dtype=np.uint8),
    )
    usable = np.flatnonzero((np.isfinite(ground) & (ground > 0) & np.isfinite(sky)).all(axis=0))
    for part in _blocks(usable):
        above = _of(sky, part)
        run = _nem_refined(ground[:, part], above, settings)
        lst, lse = _ratio_mmd(ground[:, part], above, run, noise, settings)
        failed = ~(np.isfinite(lst) & np.isfinite(lse).all(axis=0))
        lst[failed], lse[:, failed] = np.nan, np.nan
        result.lst[part], result.lse[:, part] = lst, lse
        result.eps_max[part], result.iterations[part] = run.eps_max, run.iterations
        quality = np.where(run.converged, TesQuality.CONVERGED, TesQuality.NOT_CONVERGED)
        result.quality[part] = np.where(failed, TesQuality.FAILED, quality)
    return result


def _blocks(index: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    for start in range(0, len(index), _BLOCK_PIXELS):
        yield index[start : start + _BLOCK_PIXELS]


def _of(sky: Array, pixels: NDArray[np.intp]) -> Array:
    """Sky of some pixels: (5, 1) is that of all."""
    return sky if sky.shape[1] == 1 else sky[:, pixels]


@dataclass
class _Nem:
    """A run of NEM on n pixels."""

    temperature: Array
    lse: Array
    emitted: Array
    eps_max: Array
    iterations: NDArray[np.int16]
    converged: NDArray[np.bool_]

    def variance(self) -> Array:
        result: Array = self.lse.var(axis=0)
        return result

    def take(self, index: NDArray[np.intp], other: _Nem) -> None:
        """Replace some pixels by those of another run."""
        self.temperature[index], self.lse[:, index] = other.temperature, other.lse
        self.emitted[:, index] = other.emitted
        self.eps_max[index], self.iterations[index] = other.eps_max, other.iterations
        self.converged[index] = other.converged


def _normalised(emitted: Array, eps_max: Array) -> tuple[Array, Array]:
    """Temperature as the largest of the bands at ``eps_max``, and the emissivities with it."""
    temperature = brightness_temperature(emitted / eps_max).max(axis=0)
    return temperature, emitted / broadcast_band_radiance(temperature)


def _nem(ground: Array, sky: Array, eps_max: Array, settings: TesSettings) -> _Nem:
    """Normalised emissivity method with iterated removal of the reflected sky."""
    count = ground.shape[1]
    emitted = ground - (1.0 - eps_max) * sky
    temperature, lse = _normalised(emitted, eps_max)
    once = settings.iterations == 1
    out = _Nem(
        temperature, lse, emitted.copy(), eps_max.copy(), np.ones(count, dtype=np.int16),
        np.isfinite(temperature) & once,
    )  # fmt: skip
    active = np.arange(count)
    change = np.zeros_like(emitted)
    for iteration in range(2, settings.iterations + 1):
        updated = ground[:, active] - (1.0 - lse) * _of(sky, active)
        step = updated - emitted
        settled = (np.abs(step) < settings.convergence).all(axis=0)
        growing = np.abs(step) > np.abs(change)
        jump = np.abs(step - change) > settings.divergence
        # the first step has none before it
        diverging = (growing & jump).any(axis=0) & (iteration > 2)
        temperature, lse = _normalised(updated, eps_max[active])
        # NaN never settles; a diverging pixel keeps the first pass
        lost = ~np.isfinite(temperature) | diverging | (lse < settings.least_emissivity).any(axis=0)
        done = active[settled & ~lost]
        out.temperature[done] = temperature[settled & ~lost]
        out.lse[:, done] = lse[:, settled & ~lost]
        out.emitted[:, done] = updated[:, settled & ~lost]
        out.converged[done] = True
        out.iterations[active] = iteration
        going = ~(settled | lost)
        active, lse = active[going], lse[:, going]
        emitted, change = updated[:, going], step[:, going]
        if not len(active):
            break
    return out


def _nem_refined(ground: Array, sky: Array, settings: TesSettings) -> _Nem:
    """NEM with its largest emissivity chosen by the variance of the emissivities."""
    count = ground.shape[1]
    best = _nem(ground, sky, np.full(count, settings.eps_max), settings)
    variance = best.variance()
    rock = np.flatnonzero(variance > settings.variance_rock)
    lower = np.full(len(rock), settings.eps_max_rock)
    best.take(rock, _nem(ground[:, rock], _of(sky, rock), lower, settings))
    grey = np.flatnonzero(variance <= settings.variance_rock)
    if len(grey):
        radiance, above = ground[:, grey], _of(sky, grey)
        tried = [
            _nem(radiance, above, np.full(len(grey), eps), settings).variance()
            for eps in settings.candidates
        ]
        eps = _least_variance(np.stack([*tried, variance[grey]]), settings)
        best.take(grey, _nem(radiance, above, eps, settings))
    return best


def _least_variance(variance: Array, settings: TesSettings) -> Array:
    """Largest emissivity at the vertex of the parabola of variances, (runs, n) to (n,)."""
    eps = np.array([*settings.candidates, settings.eps_max])
    centred = eps - eps.mean()
    curve, slope, level = np.linalg.lstsq(np.vander(centred, 3), variance, rcond=None)[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        vertex = -slope / (2.0 * curve)
        least = level - slope**2 / (4.0 * curve)
    # of the chord over the range, which is also the mean of the parabola's slope there
    mean_slope = np.abs(slope + curve * (centred.min() + centred.max()))
    clear: NDArray[np.bool_] = (
        (mean_slope < settings.slope_limit)
        & (2.0 * curve > settings.curvature_limit)
        & (least < settings.variance_limit)
        & (vertex + eps.mean() > 0.9)
        & (vertex + eps.mean() < 1.0)
    )
    chosen = np.where(clear, vertex + eps.mean(), settings.eps_max_grey)
    return chosen.astype(np.float64)


def _ratio_mmd(
    ground: Array, sky: Array, run: _Nem, noise: Array, settings: TesSettings
) -> tuple[Array, Array]:
    """RATIO and MMD, and where asked the sky removed once more by the emissivities they give."""
    nede = noise / broadcast_band_radiance(run.temperature)
    noise_square = settings.noise_factor * (nede**2).mean(axis=0)
    lse = _scaled(run.lse, noise_square, settings)
    if not settings.sky_again:
        return _largest_band_temperature(run.emitted, lse), lse
    temperature = _largest_band_temperature(ground - (1.0 - lse) * sky, lse)
    # the reflected sky now goes out with better emissivities than NEM's
    emitted = ground - (1.0 - lse) * sky
    lse = _scaled(emitted / broadcast_band_radiance(temperature), noise_square, settings)
    temperature = _largest_band_temperature(ground - (1.0 - lse) * sky, lse)
    return temperature, lse


def _scaled(lse: Array, noise_square: Array, settings: TesSettings) -> Array:
    """Emissivities of the same ratios with the least one from the regression on their contrast."""
    ratio = lse / lse.mean(axis=0)
    contrast = ratio.max(axis=0) - ratio.min(axis=0)
    corrected = np.sqrt(np.maximum(contrast**2 - noise_square, 0.0))
    least = settings.offset - settings.factor * corrected**settings.exponent
    if settings.grey_contrast > 0:
        least = np.where(contrast < settings.grey_contrast, settings.eps_min_grey, least)
    scaled = ratio * (least / np.maximum(ratio.min(axis=0), _RATIO_FLOOR))
    held: Array = np.clip(scaled, *_EMISSIVITY_RANGE)
    return held


def _largest_band_temperature(emitted: Array, lse: Array) -> Array:
    """Temperature from the band of largest emissivity, the least affected by the sky, K."""
    band = np.argmax(lse, axis=0)[None, :]
    every = brightness_temperature(emitted / lse)
    result: Array = np.take_along_axis(every, band, axis=0)[0]
    return result
