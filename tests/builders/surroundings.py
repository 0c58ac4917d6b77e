"""Bundles of models that see pixels' surroundings, as they are before any training."""

from __future__ import annotations

from typing import Any

import numpy as np

from akkd_core.bundle import Architecture, Layer, ModelBundle, Network, Training, make_manifest
from akkd_core.nn.options import SurroundingsArchitectures, SurroundingsOptions
from akkd_core.physics.features import unit_of
from akkd_core.simulation.training_set import TrainingSet

FACTOR = np.array([1.5, 1.1, 1.2, 1.3, 1.4, 0.9])
"""From the heads' scales to one-sigma errors."""

SHAPE: dict[str, Any] = {"sample_pixels": (12,), "vector_size": 4, "first_vector_size": 6}
ARCHITECTURES = SurroundingsArchitectures(
    Architecture((Layer(24, "relu"), Layer(16, "tanh"))),
    Architecture((Layer(32, "relu", 0.1), Layer(16, "relu"))),
    Architecture.of((12, 10)),
    Architecture.of((20,)),
)


def untrained_bundle(data: TrainingSet) -> ModelBundle:
    """What it says depends on all of its inputs, and is near no truth. Needs Keras."""
    import keras

    from akkd_core.nn.surroundings_teacher import (
        SurroundingsScaling,
        build_surroundings_teacher,
        export_surroundings,
    )

    keras.utils.set_random_seed(5)
    built = build_surroundings_teacher(
        SurroundingsScaling.of(data), SurroundingsOptions(**SHAPE), ARCHITECTURES
    )
    return bundle_of(vars(export_surroundings(built, FACTOR)))


def bundle_of(made: dict[str, Network]) -> ModelBundle:
    """Bundle of four networks by name."""
    networks: dict[str, Any] = {f"{part}_network": network for part, network in made.items()}
    names = {n for net in made.values() for n in (*net.input_names, *net.output_names)}
    manifest = make_manifest(
        "untrained", **networks, units={n: unit_of(n) for n in names}, description="for tests",
        training=Training("none"),
    )  # fmt: skip
    return ModelBundle(manifest, **networks)
