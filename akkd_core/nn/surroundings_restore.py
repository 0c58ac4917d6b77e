"""A bundle's four networks as the Keras model that they were exported from."""

from __future__ import annotations

from typing import Any

import numpy as np

from akkd_core.bundle.architecture import Architecture
from akkd_core.bundle.model import ModelBundle
from akkd_core.bundle.network import Network
from akkd_core.errors import BundleMismatchError
from akkd_core.nn.options import SurroundingsArchitectures, SurroundingsOptions
from akkd_core.nn.surroundings_teacher import (
    ERROR_UNITS,
    SURROUNDINGS_INPUTS,
    SurroundingsNetworks,
    SurroundingsScaling,
    SurroundingsTeacher,
    build_surroundings_teacher,
    export_surroundings,
)
from akkd_core.physics.features import ATMOSPHERE_NAMES, LOG_SIGMA_NAMES, OUTPUT_NAMES
from akkd_core.physics.local_features import SAMPLE_FEATURES, SPATIAL_FEATURES

_AIR, _COUNT = len(ATMOSPHERE_NAMES), len(OUTPUT_NAMES)
_PLAIN = ("activations", "input_names", "n_pixel_inputs", "output_names", "output_add")
_ARRAYS = ("input_mean", "input_scale", "output_mean", "output_scale")


def restore_surroundings(bundle: ModelBundle) -> SurroundingsTeacher:
    """Return the model of a bundle that sees pixels' surroundings; the inverse of its export.

    Parameters
    ----------
    bundle : ModelBundle
        With scene, sample, refinement and pixel network.

    Returns
    -------
    SurroundingsTeacher
        Without dropout; its error heads as trained, not as calibrated.

    Raises
    ------
    BundleMismatchError
        If the networks are not of the form that `export_surroundings` gives.
    """
    networks = _networks(bundle)
    scaling = _scaling(networks)
    architectures = SurroundingsArchitectures(
        **{part: _hidden(network) for part, network in vars(networks).items()}
    )
    options = SurroundingsOptions(
        first_vector_size=len(networks.scene.output_names) - _AIR,
        vector_size=len(networks.refinement.output_names) - _AIR,
    )
    teacher = build_surroundings_teacher(scaling, options, architectures)
    for part, network in vars(networks).items():
        _set_weights(teacher.model, part, network)
    told = np.exp(networks.pixel.output_mean[_COUNT:].astype(np.float64))
    again = export_surroundings(teacher, told / ERROR_UNITS)
    if not all(_same(getattr(again, part), network) for part, network in vars(networks).items()):
        raise _other(bundle)
    return teacher


def begun_from(
    bundle: ModelBundle, options: SurroundingsOptions, architectures: SurroundingsArchitectures
) -> SurroundingsTeacher:
    """Return a model to train that starts with a bundle's weights and scaling.

    Parameters
    ----------
    bundle : ModelBundle
        As for `restore_surroundings`.
    options : SurroundingsOptions
    architectures : SurroundingsArchitectures
        As the bundle's, with the dropout of the training to come.

    Raises
    ------
    BundleMismatchError
        If the bundle is of another form, or of other architectures.
    """
    restored = restore_surroundings(bundle)
    teacher = build_surroundings_teacher(restored.scaling, options, architectures)
    weights = restored.model.get_weights()
    if [w.shape for w in weights] != [w.shape for w in teacher.model.get_weights()]:
        raise BundleMismatchError(
            f"bundle {bundle.name}: its networks have other layers than are to be trained. give "
            "--architecture as in the bundle's own training (akkd info tells it)"
        )
    teacher.model.set_weights(weights)
    return teacher


def _networks(bundle: ModelBundle) -> SurroundingsNetworks:
    """Networks whose names, and so their sizes, are those of an export."""
    scene, sample, refinement = (
        bundle.scene_network, bundle.sample_network, bundle.refinement_network
    )  # fmt: skip
    if scene is None or sample is None or refinement is None:
        raise BundleMismatchError(
            f"bundle {bundle.name}: has no refinement network. give one of akkd train --inputs "
            "surroundings"
        )
    pixel, air = bundle.pixel_network, ATMOSPHERE_NAMES
    codes = np.eye(len(sample.output_names), dtype=np.float32)
    fits = (
        scene.input_names == SURROUNDINGS_INPUTS
        and scene.output_names[:_AIR] == air == refinement.output_names[:_AIR]
        and sample.input_names == SAMPLE_FEATURES + air
        and np.array_equal(sample.kernels[-1], codes)
        and not sample.biases[-1].any()
        and refinement.n_inputs == 2 * len(codes) + len(scene.output_names)
        and pixel.input_names == SPATIAL_FEATURES + refinement.output_names
        and pixel.output_names == OUTPUT_NAMES + LOG_SIGMA_NAMES
        and all(len(net.kernels) > 1 for net in (scene, sample, refinement, pixel))
    )
    if not fits:
        raise _other(bundle)
    return SurroundingsNetworks(scene, sample, refinement, pixel)


def _other(bundle: ModelBundle) -> BundleMismatchError:
    return BundleMismatchError(
        f"bundle {bundle.name}: its networks are not of the form that akkd train --inputs "
        "surroundings of this version writes. use the version that wrote the bundle"
    )


def _scaling(networks: SurroundingsNetworks) -> SurroundingsScaling:
    scene, sample, pixel = networks.scene, networks.sample, networks.pixel
    own = sample.n_pixel_inputs, pixel.n_pixel_inputs
    return SurroundingsScaling(
        scene_mean=scene.input_mean,
        scene_scale=scene.input_scale,
        atmosphere_mean=scene.output_mean[:_AIR],
        atmosphere_scale=scene.output_scale[:_AIR],
        sample_mean=sample.input_mean[: own[0]],
        sample_scale=sample.input_scale[: own[0]],
        pixel_mean=pixel.input_mean[: own[1]],
        pixel_scale=pixel.input_scale[: own[1]],
        target_mean=pixel.output_mean[:_COUNT],
        target_scale=pixel.output_scale[:_COUNT],
    )


def _hidden(network: Network) -> Architecture:
    return Architecture.of([bias.size for bias in network.biases[:-1]], network.activations[:-1])


def _set_weights(model: Any, part: str, network: Network) -> None:
    for i, (kernel, bias) in enumerate(zip(network.kernels, network.biases, strict=True)):
        last = i == len(network.kernels) - 1
        if last and part == "sample":
            return  # the identity that an export ends with
        model.get_layer(f"{part}_out" if last else f"{part}_{i}").set_weights([kernel, bias])


def _same(one: Network, other: Network) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in _PLAIN) and all(
        np.allclose(getattr(one, name), getattr(other, name), rtol=1e-5, atol=1e-6)
        for name in _ARRAYS
    )
