"""Scene context: the atmosphere and scene vector that a bundle's scene network makes of a scene.

The one place where a bundle's networks are fed: retrieval and scoring both come through here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.model import ModelBundle
from akkd_core.bundle.network import Network
from akkd_core.bundle.prediction import blocks
from akkd_core.errors import BundleMismatchError, ParameterError
from akkd_core.inference.pixel_sample import TakeSample
from akkd_core.inference.refinement import refine
from akkd_core.inference.statistics_check import statistics_check
from akkd_core.inference.threads import default_threads
from akkd_core.inference.windows import Window
from akkd_core.physics.features import (
    ATMOSPHERE_NAMES,
    PHYSICS_FEATURES,
    PIXEL_ONLY_FEATURES,
    decode_atmosphere,
    encode_atmosphere,
    physics_features,
)
from akkd_core.physics.local_features import SPATIAL_FEATURES, spatial_features
from akkd_core.physics.scene_statistics import (
    PROFILE_NAMES,
    SCENE_INPUT_SETS,
    SCENE_INPUTS,
    STATISTIC_NAMES,
)

STATISTICS_LIMIT_SD = 6.0
"""Statistics further than this from the training mean are held there and flagged, SD."""

DIRECT_LIMIT_SD = 2.0
"""As `STATISTICS_LIMIT_SD`, where the pixel network takes statistics without a scene network: it
has seen few scenes and goes astray beyond them."""

TCWV_RANGE_KG_M2 = (0.0, 120.0)
AIR_TEMPERATURE_RANGE_K = (180.0, 340.0)

_RADIANCE_MAX = 30.0
_PART = 8192


@dataclass(frozen=True, eq=False)
class BandAtmosphere:
    """A known atmosphere, band by band.

    Parameters
    ----------
    transmittance : ndarray of float64, (5,)
        0-1, above 0.
    path_radiance, downwelling_radiance : ndarray of float64, (5,)
        W m-2 sr-1 um-1, 0-30.

    Raises
    ------
    ParameterError
        If a shape or a value is not possible.
    """

    transmittance: NDArray[np.floating]
    path_radiance: NDArray[np.floating]
    downwelling_radiance: NDArray[np.floating]

    def __post_init__(self) -> None:
        for name, low, high in (
            ("transmittance", 1e-6, 1.0),
            ("path_radiance", 0.0, _RADIANCE_MAX),
            ("downwelling_radiance", 0.0, _RADIANCE_MAX),
        ):
            values = np.asarray(getattr(self, name), dtype=np.float64)
            # a NaN fails the comparison, too
            if values.shape != (5,) or not ((values >= low) & (values <= high)).all():
                raise ParameterError(
                    f"{name} {np.array2string(values, precision=3)}: no atmosphere of five bands. "
                    f"give five numbers of {low:g}-{high:g}"
                )
            object.__setattr__(self, name, values)

    def encoded(self) -> NDArray[np.float32]:
        """Return it as the inputs `PROFILE_NAMES` without the flag, float32 (15,)."""
        return encode_atmosphere(
            self.transmittance, self.path_radiance, self.downwelling_radiance
        )


@dataclass(frozen=True)
class Ancillary:
    """What the user knows of the air.

    Parameters
    ----------
    tcwv_kg_m2 : float, optional
        Total column water vapour, 0-120 kg m-2.
    air_temperature_k : float, optional
        Near-surface air temperature, 180-340 K.
    atmosphere : BandAtmosphere, optional
        That of a profile.

    Raises
    ------
    ParameterError
        If a value is out of its range.
    """

    tcwv_kg_m2: float | None = None
    air_temperature_k: float | None = None
    atmosphere: BandAtmosphere | None = None

    def __post_init__(self) -> None:
        for name, value, (low, high), unit in (
            ("water vapour", self.tcwv_kg_m2, TCWV_RANGE_KG_M2, "kg m-2"),
            ("air temperature", self.air_temperature_k, AIR_TEMPERATURE_RANGE_K, "K"),
        ):
            if value is not None and not low <= value <= high:
                raise ParameterError(
                    f"{name} {value:g} {unit}: out of range. give {low:g}-{high:g} {unit}"
                )

    def values(self) -> tuple[float | None, float | None]:
        """Water vapour and air temperature, in the order of the network's inputs."""
        return self.tcwv_kg_m2, self.air_temperature_k


NOTHING_KNOWN = Ancillary()
"""Retrieval from the file alone."""

KnownAir = Ancillary | Mapping[Window, Ancillary]
"""What is known of a raster's air: all over it, or in each window of its statistics."""


def known_in(air: KnownAir, window: Window) -> Ancillary:
    """Return what is known of the air in one window of a raster's statistics.

    Parameters
    ----------
    air : Ancillary, or mapping of Window to Ancillary
    window : Window
        One of `akkd_core.inference.windows.statistics_windows`.
    """
    return air if isinstance(air, Ancillary) else air[window]


@dataclass(frozen=True)
class SceneContext:
    """What a scene's pixels share.

    Parameters
    ----------
    transmittance, path_radiance, downwelling_radiance : ndarray of float32, (5,), or None
        The atmosphere, 0-1 and W m-2 sr-1 um-1; None for a bundle without a scene network.
    scene : ndarray of float32 or None
        Scene inputs of the pixel network.
    in_domain : bool
        Whether the scene's statistics lie where the network was trained.
    departure : float
        The farthest statistic's distance from the training mean, in units of its limit.
    """

    transmittance: NDArray[np.float32] | None = None
    path_radiance: NDArray[np.float32] | None = None
    downwelling_radiance: NDArray[np.float32] | None = None
    scene: NDArray[np.float32] | None = None
    in_domain: bool = True
    departure: float = 0.0

    @classmethod
    def of_air(
        cls,
        transmittance: NDArray[np.floating],
        path_radiance: NDArray[np.floating],
        downwelling_radiance: NDArray[np.floating],
    ) -> SceneContext:
        """Return the context of an atmosphere, (5,) each, without scene inputs."""
        return cls(
            np.asarray(transmittance, dtype=np.float32),
            np.asarray(path_radiance, dtype=np.float32),
            np.asarray(downwelling_radiance, dtype=np.float32),
        )


def make_context(
    bundle: ModelBundle,
    statistics: NDArray[np.float32],
    ancillary: Ancillary = NOTHING_KNOWN,
    sample: TakeSample | None = None,
) -> SceneContext:
    """Context of a scene with given statistics.

    Parameters
    ----------
    bundle : ModelBundle
    statistics : ndarray of float32, (75,)
        See `akkd_core.physics.scene_statistics`; not used by a bundle without a scene network.
    ancillary : Ancillary
    sample : callable, optional
        Takes a sample of the scene's pixels; asked by a bundle with a refinement network.

    Raises
    ------
    BundleMismatchError
        If a network has other inputs than this software makes, or an atmosphere is known and the
        bundle can't take it, or the bundle needs a sample and there is none.
    """
    network = bundle.scene_network
    if ancillary.atmosphere is not None:
        require_profile_inputs(bundle)
    if network is None:
        if not bundle.pixel_network.n_scene_inputs:
            return SceneContext()
        values, inside = held_statistics(bundle.pixel_network, statistics)
        return SceneContext(scene=values, in_domain=inside)
    if (
        network.input_names not in SCENE_INPUT_SETS
        or network.output_names[:15] != ATMOSPHERE_NAMES
    ):
        raise BundleMismatchError(
            f"bundle {bundle.name}: its scene network has other inputs or outputs than this "
            "version of AKKD makes. use the version that wrote the bundle"
        )
    raw = _scene_inputs(network, statistics, ancillary)
    scaled = (raw - network.input_mean) / network.input_scale
    departure = float(np.abs(scaled[: len(statistics)]).max()) / STATISTICS_LIMIT_SD
    in_domain = departure <= 1.0
    held = np.clip(scaled, -STATISTICS_LIMIT_SD, STATISTICS_LIMIT_SD)
    output = network.forward((held * network.input_scale + network.input_mean)[None])[0]
    named = dict(zip(network.output_names, output, strict=True))
    if bundle.refinement_network is not None:
        named |= refine(bundle, output, None if sample is None else sample())
        in_domain &= statistics_check().passes(statistics)
    air = np.array([named[name] for name in ATMOSPHERE_NAMES], dtype=np.float32)
    tau, path, down = decode_atmosphere(air)
    wanted = bundle.pixel_network.scene_input_names
    missing = [name for name in wanted if name not in named]
    if missing:
        raise BundleMismatchError(f"bundle {bundle.name}: no scene output {missing[0]!r}")
    scene = np.array([named[name] for name in wanted], dtype=np.float32)
    return SceneContext(tau, path, down, scene if len(wanted) else None, in_domain, departure)


def _scene_inputs(
    network: Network, statistics: NDArray[np.float32], ancillary: Ancillary
) -> NDArray[np.float32]:
    """Return inputs of a scene network; the unknown is the training mean, its flag 0."""
    known: list[list[float] | None] = [None if v is None else [v] for v in ancillary.values()]
    if network.input_names != SCENE_INPUTS:
        air = ancillary.atmosphere
        known.append(None if air is None else air.encoded().tolist())
    widths = (1, 1, len(PROFILE_NAMES) - 1)
    raw = list(statistics)
    for width, values in zip(widths, known, strict=False):
        column = len(raw)
        mean = network.input_mean[column : column + width]
        raw += [*mean, 0.0] if values is None else [*values, 1.0]
    return np.array(raw, dtype=np.float32)


def require_profile_inputs(bundle: ModelBundle) -> None:
    """Make sure that a bundle's scene network takes the atmosphere of a profile.

    Parameters
    ----------
    bundle : ModelBundle

    Raises
    ------
    BundleMismatchError
        If not.
    """
    network = bundle.scene_network
    if network is None or network.input_names != SCENE_INPUTS + PROFILE_NAMES:
        raise BundleMismatchError(
            f"bundle {bundle.name}: was not trained with profiles, so it can't use one. "
            "use akkd tes --profile, or a bundle trained with profiles"
        )


def held_statistics(
    network: Network, statistics: NDArray[np.float32]
) -> tuple[NDArray[np.float32], bool]:
    """Scene inputs of a pixel network that takes statistics themselves.

    Parameters
    ----------
    network : Network
        Its scene inputs are names of `STATISTIC_NAMES`.
    statistics : ndarray of float32, (75,)

    Returns
    -------
    values : ndarray of float32, (n_scene_inputs,)
        Held within `DIRECT_LIMIT_SD` of the training mean.
    inside : bool
        Whether all were.

    Raises
    ------
    BundleMismatchError
        If a scene input is no statistic.
    """
    names = network.scene_input_names
    if not set(names) <= set(STATISTIC_NAMES):
        raise BundleMismatchError(
            f"pixel network with scene inputs {', '.join(names[:3])}..: unknown to this version of "
            "AKKD. use the version that wrote the bundle"
        )
    raw = statistics[[STATISTIC_NAMES.index(name) for name in names]]
    mean, scale = (v[network.n_pixel_inputs :] for v in (network.input_mean, network.input_scale))
    held = np.clip((raw - mean) / scale, -DIRECT_LIMIT_SD, DIRECT_LIMIT_SD)
    inside = bool((np.abs((raw - mean) / scale) <= DIRECT_LIMIT_SD).all())
    return (held * scale + mean).astype(np.float32), inside


def sees_surroundings(network: Network) -> bool:
    """Whether a pixel network takes what a pixel's surroundings tell."""
    return network.pixel_input_names == SPATIAL_FEATURES


def pixel_features(
    network: Network,
    bt: NDArray[np.float32],
    context: SceneContext,
    local: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Per-pixel inputs of a pixel network.

    Parameters
    ----------
    network : Network
    bt : ndarray of float32, (n, 5)
        Brightness temperature of valid pixels, K.
    context : SceneContext
    local : ndarray of float32, (n, 14), optional
        What the pixels' surroundings tell, for a network that `sees_surroundings`.

    Returns
    -------
    ndarray of float32, (n, n_pixel_inputs)

    Raises
    ------
    BundleMismatchError
        If the network has other inputs than this software makes, or needs surroundings that
        aren't given.
    """
    air = context.transmittance, context.path_radiance, context.downwelling_radiance
    if network.pixel_input_names == PIXEL_ONLY_FEATURES:
        return bt
    if network.pixel_input_names == PHYSICS_FEATURES and air[0] is not None:
        return _in_parts(bt, network, lambda pixels, part: physics_features(pixels, *air))
    if sees_surroundings(network) and air[0] is not None:
        if local is None:
            raise BundleMismatchError(
                "pixel network sees a pixel's surroundings, which are not to be had here. give a "
                "bundle whose pixel network sees single pixels"
            )
        beside = local
        return _in_parts(
            bt, network, lambda pixels, part: spatial_features(pixels, beside[part], *air)
        )
    raise BundleMismatchError(
        f"pixel network with inputs {', '.join(network.pixel_input_names[:3])}..: unknown to "
        "this version of AKKD. use the version that wrote the bundle"
    )


def _in_parts(
    bt: NDArray[np.float32],
    network: Network,
    make: Callable[[NDArray[np.float32], slice], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """Make features of pixels in parts that stay in the processor's cache, on threads."""
    features = np.empty((len(bt), network.n_pixel_inputs), dtype=np.float32)

    def work(part: slice) -> None:
        # band by band in memory: formulas take the bands one by one
        features[part] = make(np.asfortranarray(bt[part]), part)

    if len(bt) <= _PART:
        work(slice(None))
        return features
    with ThreadPoolExecutor(default_threads()) as pool:
        list(pool.map(work, blocks(len(bt), _PART)))
    return features
