"""Clouds over a simulated scene: fields of optical depth with thin edges, and what they send.

A layer absorbs and emits; scattering is left out, as it is weak against absorption and forward in
8-12 um. Absorption follows from the complex refractive index of water (Hale and Querry 1973, doi
10.1364/AO.12.000555) and ice (Warren and Brandt 2008, doi 10.1029/2007JD009744) by the anomalous
diffraction approximation (van de Hulst 1957; for clouds Ackerman and Stephens 1987). Air above and
below a layer is parted by the scale heights of what absorbs in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.physics.planck import broadcast_band_radiance
from akkd_core.sensors import aster_tir
from akkd_core.simulation.surfaces import fractal_field

if TYPE_CHECKING:
    from akkd_core.simulation.scenes import Atmosphere

CLOUD_OPTICAL_DEPTH = 0.3
"""Visible optical depth from which a pixel counts as cloud in the truth; below it is thin."""

_IMAGINARY_INDEX = {
    "water": (
        (8.2, 8.4, 8.6, 8.8, 9.0, 9.2, 10.5, 11.0, 11.5),
        (0.0351, 0.0361, 0.0372, 0.0385, 0.0399, 0.0415, 0.0662, 0.0968, 0.142),
    ),
    "ice": (
        (8.197, 8.333, 8.475, 8.696, 8.929, 9.091, 9.259, 10.53, 10.64, 10.75, 11.0, 11.11, 11.36),
        (.03724, .0370, .03677, .03654, .03664, .03706, .03789, .108, .134, .168, .248, .280, .341),
    ),
}  # fmt: skip
"""Wavelength, um, and imaginary part of the refractive index."""

# Optical depth of the bands that isn't water vapour's: the driest tenth of the shipped air.
_DRY_OPTICAL_DEPTH = (0.10, 0.08, 0.065, 0.03, 0.02)
_WET_SCALE_KM, _DRY_SCALE_KM = 1.6, 6.0  # vapour's continuum goes with nearly its square
_EMITTING_KM = 1.0  # above a level, where its air sends from
_COLDEST_K = 195.0
_ICE_BELOW_K = 253.0


@dataclass(frozen=True)
class CloudKind:
    """One kind of cloud; ranges are drawn from evenly (optical depth: its logarithm).

    Parameters
    ----------
    top_km : (float, float)
        Height of the top above the ground.
    optical_depth : (float, float)
        Visible, of its thick parts.
    edge : (float, float)
        Width of the edges in standard deviations of the field: 0.1 sharp, 2 veil.
    exponent : (float, float)
        Of the field's power spectrum, see `fractal_field`.
    water_radius_um, ice_radius_um : (float, float)
        Effective radius of droplets and crystals.
    """

    top_km: tuple[float, float]
    optical_depth: tuple[float, float]
    edge: tuple[float, float]
    exponent: tuple[float, float]
    water_radius_um: tuple[float, float] = (6.0, 15.0)
    ice_radius_um: tuple[float, float] = (15.0, 60.0)


CLOUD_KINDS: dict[str, CloudKind] = {
    "cumulus": CloudKind((0.8, 3.0), (3.0, 40.0), (0.1, 0.6), (2.0, 2.9)),
    "stratus": CloudKind((0.3, 1.8), (2.0, 30.0), (0.4, 2.0), (2.8, 3.6)),
    "middle": CloudKind((2.5, 6.0), (1.0, 20.0), (0.3, 1.5), (2.3, 3.4)),
    "cirrus": CloudKind((6.0, 12.0), (0.5, 4.0), (0.8, 2.5), (2.6, 3.6)),
    "deep": CloudKind((6.0, 13.0), (10.0, 60.0), (0.2, 0.8), (2.4, 3.2)),
}
"""Kinds of cloud by name, heights and depths after the classes of ISCCP (Rossow and Schiffer 1999,
doi 10.1175/1520-0477(1999)080<2261:AIUCFI>2.0.CO;2)."""


@dataclass(frozen=True)
class CloudLayer:
    """One layer.

    Parameters
    ----------
    kind : str
        A key of `CLOUD_KINDS`.
    optical_depth : ndarray of float32, (row, col)
        Visible, 0 where there is none.
    top_temperature_k : ndarray of float32, (row, col)
    top_km : float
        Mean height of the top above the ground.
    absorption : ndarray of float64, (5,)
        Absorption optical depth of each band over the visible one.
    """

    kind: str
    optical_depth: NDArray[np.float32]
    top_temperature_k: NDArray[np.float32]
    top_km: float
    absorption: NDArray[np.float64]

    def emissivity(self) -> NDArray[np.float64]:
        """Emissivity of the layer, (5, row, col), 0-1."""
        result: NDArray[np.float64] = 1.0 - np.exp(
            -self.absorption[:, None, None] * self.optical_depth
        )
        return result


def absorption_ratio(phase: str, radius_um: float) -> NDArray[np.float64]:
    """Absorption optical depth of bands 10-14 over the visible extinction optical depth, (5,).

    Parameters
    ----------
    phase : {'water', 'ice'}
    radius_um : float
        Effective radius.
    """
    wavelength = np.asarray(aster_tir().effective_wavelength_um, dtype=np.float64)
    index = np.interp(wavelength, *_IMAGINARY_INDEX[phase])
    path = 8.0 * np.pi * radius_um * index / wavelength
    efficiency = 1.0 + 2.0 * np.exp(-path) / path + 2.0 * np.expm1(-path) / path**2
    result: NDArray[np.float64] = efficiency / 2.0  # droplets take out twice their area
    return result


def draw_clouds(
    rng: np.random.Generator,
    shape: tuple[int, int],
    cover: float,
    air_temperature_k: float,
    daytime: bool,
    kind: str | None = None,
) -> tuple[CloudLayer, ...]:
    """Draw clouds: one layer, or two of them in three of ten scenes.

    By night the free air may be up to 8 K warmer than the air at the ground, so low cloud may be as
    warm as the ground or warmer.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : (rows, cols)
    cover : float
        Share of pixels with an optical depth of at least `CLOUD_OPTICAL_DEPTH`, 0-1.
    air_temperature_k : float
        Near the ground.
    daytime : bool
    kind : str, optional
        A key of `CLOUD_KINDS`, then one layer; default: drawn.

    Raises
    ------
    ParameterError
        If the cover is out of range or the kind unknown.
    """
    if not 0.0 <= cover <= 1.0 or (kind is not None and kind not in CLOUD_KINDS):
        raise ParameterError(
            f"cloud cover {cover:g} of kind {kind}: give 0-1 and one of {', '.join(CLOUD_KINDS)}"
        )
    if cover == 0.0:
        return ()
    names = list(CLOUD_KINDS)
    kinds = [kind] if kind else [names[rng.integers(len(names))]]
    if kind is None and rng.random() < 0.3:
        kinds.append(names[rng.integers(len(names))])
        cover = 1.0 - float(np.sqrt(1.0 - cover))
    free_air = air_temperature_k + (0.0 if daytime else rng.uniform(0.0, 8.0))
    layers = [_draw_layer(rng, shape, cover, free_air, name) for name in kinds]
    return tuple(sorted(layers, key=lambda layer: layer.top_km))


def _draw_layer(
    rng: np.random.Generator, shape: tuple[int, int], cover: float, free_air_k: float, name: str
) -> CloudLayer:
    kind = CLOUD_KINDS[name]
    top_km = rng.uniform(*kind.top_km)
    peak = float(np.exp(rng.uniform(*np.log(kind.optical_depth))))
    edge = rng.uniform(*kind.edge)
    field = fractal_field(rng, shape, rng.uniform(*kind.exponent))[0]
    # the field's value where the optical depth is that of the truth's limit
    limit = float(np.quantile(field, 1.0 - cover)) if cover < 1.0 else float(field.min())
    start = limit - edge * float(-np.log(1.0 - CLOUD_OPTICAL_DEPTH / peak)) ** (1.0 / 1.5)
    depth = peak * -np.expm1(-(np.maximum(field - start, 0.0) / edge) ** 1.5)
    lapse = rng.uniform(5.0, 7.5)
    relief = fractal_field(rng, shape, 3.0)[0] * rng.uniform(0.1, 1.5)
    # thick parts reach higher
    top = free_air_k - lapse * top_km + relief - 1.5 * np.clip(field - start, 0.0, 2.0)
    mean = float(top.mean())
    phase = "ice" if mean < _ICE_BELOW_K else "water"
    radius = rng.uniform(*(kind.ice_radius_um if phase == "ice" else kind.water_radius_um))
    return CloudLayer(
        name,
        depth.astype(np.float32),
        np.maximum(top, _COLDEST_K).astype(np.float32),
        top_km,
        absorption_ratio(phase, radius),
    )


def total_optical_depth(
    layers: Sequence[CloudLayer], shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Visible optical depth of all layers, float32 (row, col), dimensionless."""
    total = np.zeros(shape, dtype=np.float32)
    for layer in layers:
        total += layer.optical_depth
    return total


def cloudy_radiance_toa(
    lst: NDArray[np.floating],
    lse: NDArray[np.floating],
    atmosphere: Atmosphere,
    layers: Sequence[CloudLayer],
) -> NDArray[np.float64]:
    """At-sensor radiance through clouds, (5, row, col), W m-2 sr-1 um-1.

    Parameters
    ----------
    lst : ndarray, (row, col)
        K.
    lse : ndarray, (5, row, col)
        0-1.
    atmosphere : Atmosphere
        Of the cloudless air.
    layers : sequence of CloudLayer
        By height, the lowest first.
    """
    tau = np.asarray(atmosphere.transmittance, dtype=np.float64)
    path = np.asarray(atmosphere.path_radiance, dtype=np.float64)
    down = np.asarray(atmosphere.downwelling_radiance, dtype=np.float64)[:, None, None]
    emissivities = [layer.emissivity() for layer in layers]
    emitted = [broadcast_band_radiance(layer.top_temperature_k) for layer in layers]
    levels = [_above(atmosphere, layer.top_km) for layer in layers]
    for emissivity, thermal, (above, _) in zip(emissivities, emitted, levels, strict=True):
        # what the sky sends down, with the cloud in the place of the air behind it
        below = (tau / above)[:, None, None]
        behind = down * (np.log(above) / np.log(tau))[:, None, None]
        down = down + emissivity * below * np.maximum(thermal - behind, 0.0)
    radiance = lse * broadcast_band_radiance(lst) + (1.0 - lse) * down
    reached = (tau, path)  # transmittance and path radiance from the last level to the sensor
    for emissivity, thermal, (above, up) in zip(emissivities, emitted, levels, strict=True):
        between = np.minimum(reached[0] / above, 1.0)[:, None, None]
        added = (np.maximum(reached[1] - up, 0.0) / above)[:, None, None]
        radiance = (radiance * between + added) * (1.0 - emissivity) + emissivity * thermal
        reached = (above, up)
    result: NDArray[np.float64] = (
        radiance * reached[0][:, None, None] + reached[1][:, None, None]
    )
    return result


def _above(
    atmosphere: Atmosphere, height_km: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Transmittance and path radiance of the air above a height, (5,) each."""
    tau = np.asarray(atmosphere.transmittance, dtype=np.float64)
    depth = -np.log(tau)
    dry = np.minimum(np.array(_DRY_OPTICAL_DEPTH), 0.9 * depth)
    wet = depth - dry
    above = wet * np.exp(-height_km / _WET_SCALE_KM) + dry * np.exp(-height_km / _DRY_SCALE_KM)
    lapse = 6.5
    near, high = (
        broadcast_band_radiance(max(atmosphere.air_temperature_k - lapse * km, _COLDEST_K))
        for km in (_EMITTING_KM, height_km + _EMITTING_KM)
    )
    share = -np.expm1(-above) / -np.expm1(-depth) * (high / near)
    return np.exp(-above), np.asarray(atmosphere.path_radiance) * share
