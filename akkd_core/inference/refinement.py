"""The second look at a scene: what a sample of its pixels says under the air found first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.model import ModelBundle
from akkd_core.bundle.network import Network
from akkd_core.errors import BundleMismatchError
from akkd_core.inference.pixel_sample import PixelSample
from akkd_core.physics.features import ATMOSPHERE_NAMES, decode_atmosphere
from akkd_core.physics.local_features import (
    SAMPLE_FEATURES,
    pooled_codes,
    pooled_names,
    sample_features,
)


def refine(
    bundle: ModelBundle, guess: NDArray[np.float32], sample: PixelSample | None
) -> dict[str, float]:
    """Run a bundle's sample and refinement networks.

    Parameters
    ----------
    bundle : ModelBundle
        With a scene, a sample and a refinement network.
    guess : ndarray of float32, (n,)
        Outputs of the scene network; first the atmosphere, see `ATMOSPHERE_NAMES`.
    sample : PixelSample
        Of the same scene.

    Returns
    -------
    dict of str to float
        By name, the refined atmosphere among them.

    Raises
    ------
    BundleMismatchError
        If the networks have other inputs or outputs than this software makes, or no sample is
        given.
    """
    scene, first, last = bundle.scene_network, bundle.sample_network, bundle.refinement_network
    assert scene is not None and first is not None and last is not None
    _check(bundle.name, scene, first, last)
    if sample is None:
        raise BundleMismatchError(
            f"bundle {bundle.name}: refines the air by a sample of pixels with their surroundings, "
            "which is not to be had here. give a bundle without a refinement network"
        )
    air = guess[: len(ATMOSPHERE_NAMES)]
    features = sample_features(sample.bt, sample.local, *decode_atmosphere(air))
    shared = np.broadcast_to(air, (len(features), len(air)))
    codes = first.forward(np.concatenate([features, shared], axis=1))
    inputs = np.concatenate([pooled_codes(codes), guess])
    return dict(zip(last.output_names, last.forward(inputs[None])[0], strict=True))


def _check(name: str, scene: Network, first: Network, last: Network) -> None:
    air = len(ATMOSPHERE_NAMES)
    fits = (
        first.input_names == SAMPLE_FEATURES + ATMOSPHERE_NAMES
        and first.n_pixel_inputs == len(SAMPLE_FEATURES)
        and last.input_names == pooled_names(first.output_names) + scene.output_names
        and last.output_names[:air] == ATMOSPHERE_NAMES
    )
    if not fits:
        raise BundleMismatchError(
            f"bundle {name}: its sample and refinement networks have other inputs or outputs than "
            "this version of AKKD makes. use the version that wrote the bundle"
        )
