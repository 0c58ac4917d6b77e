"""Bundles of teachers, small models and students that were trained on labels."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np

from akkd_core.bundle import ModelBundle, Score, Training, make_manifest
from akkd_core.physics.features import unit_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from akkd_core.bundle import Architecture, Network
    from akkd_core.bundle.belongs import Belongs
    from akkd_core.distillation.scoring import Scores


def label_bundle(
    name: str,
    network: Network,
    architecture: Architecture,
    *,
    description: str,
    trained_on: str,
    archive_sha256: str,
    command: str,
    seed: int,
    extra: Mapping[str, Any],
    bt: NDArray[np.float32] | None = None,
    scores: tuple[Score, ...] = (),
    belongs: Belongs | None = None,
) -> ModelBundle:
    """Put a network that was trained on labels in a bundle.

    Parameters
    ----------
    name, description : str
    network : Network
    architecture : Architecture
    trained_on : str
        The labels, in words.
    archive_sha256 : str
        Of the archive's index.
    command : str
        That remakes it.
    seed : int
    extra : mapping
        Further facts.
    bt : ndarray of float32, (n, 5), optional
        Inputs that it was trained on, K: its domain of validity.
    scores : tuple of Score
    belongs : Belongs, optional
    """
    names = network.input_names + network.output_names
    manifest = make_manifest(
        name,
        pixel_network=network,
        pixel_architecture=architecture,
        units={name: unit_of(name) for name in names},
        description=description,
        training=Training(trained_on, command, archive_sha256, (seed,)),
        domain={} if bt is None else _domain(network, bt),
        scores=scores,
        software=_versions(),
        extra=extra,
        belongs=belongs,
    )
    return ModelBundle(manifest, network)


def manifest_scores(scores: Scores, scene: str) -> tuple[Score, ...]:
    """Scores in the form of a manifest, each saying what it was measured against."""
    found = []
    for target, by_reference in scores.items():
        for reference, kinds in by_reference.items():
            for kind in ("mae", "bias"):
                value = kinds[kind]
                if value is not None:
                    where = f"held-out blocks of {scene}, against {reference}"
                    found.append(
                        Score(f"{target} {kind} ({reference})", value, unit_of(target), where)
                    )
    return tuple(found)


def _domain(network: Network, bt: NDArray[np.float32]) -> dict[str, tuple[float, float]]:
    """Range of each input, but for a thousandth at either end."""
    ranges = {}
    for column, name in enumerate(network.input_names):
        low, high = np.quantile(bt[:, column], (0.001, 0.999))
        ranges[name] = (round(float(low), 1), round(float(high), 1))
    return ranges


def _versions() -> dict[str, str]:
    found = {}
    for package in ("keras", "tensorflow-cpu", "tensorflow"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
