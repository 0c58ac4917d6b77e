"""Small valid bundles with random weights."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

import numpy as np

from akkd_core.bundle import (
    Architecture,
    ErrorTable,
    ModelBundle,
    Network,
    Score,
    Training,
    make_manifest,
)

UNITS = {
    "bt_10": "K",
    "bt_13": "K",
    "departure": "K",
    "tcwv": "kg m-2",
    "elevation": "m",
    "lst": "K",
    "lse_13": "1",
    "transmittance_13": "1",
}


def network(
    hidden: Sequence[int] = (16, 12),
    activations: Sequence[str] = ("tanh", "relu"),
    *,
    scene: bool = True,
    add: bool = True,
    seed: int = 1,
) -> Network:
    """Return a network on three pixel inputs and, if asked, two scene inputs; two outputs."""
    rng = np.random.default_rng(seed)
    names = ("bt_10", "bt_13", "departure") + (("tcwv", "elevation") if scene else ())
    widths = (len(names), *hidden, 2)
    mean = np.array([290.0, 288.0, 0.0, 20.0, 1000.0])[: len(names)]
    scale = np.array([12.0, 11.0, 3.0, 15.0, 900.0])[: len(names)]
    return Network(
        kernels=tuple(
            rng.normal(size=(a, b)).astype(np.float32) / np.float32(np.sqrt(a))
            for a, b in zip(widths, widths[1:], strict=False)
        ),
        biases=tuple(rng.normal(0, 0.3, size=b).astype(np.float32) for b in widths[1:]),
        activations=(*activations, "linear"),
        input_names=names,
        n_pixel_inputs=3,
        input_mean=mean,
        input_scale=scale,
        output_names=("lst", "lse_13"),
        output_mean=np.array([2.0 if add else 290.0, 0.95]),
        output_scale=np.array([4.0, 0.02]),
        output_add=("bt_13", None) if add else (),
    )


def scene_network() -> Network:
    """Return a network of one input and one output without residual."""
    return Network(
        kernels=(np.ones((1, 4)), np.full((4, 1), 0.25)),
        biases=(np.zeros(4), np.array([0.5])),
        activations=("relu", "linear"),
        input_names=("tcwv",),
        n_pixel_inputs=1,
        input_mean=np.array([20.0]),
        input_scale=np.array([10.0]),
        output_names=("transmittance_13",),
        output_mean=np.array([0.7]),
        output_scale=np.array([0.1]),
    )


def error_table() -> ErrorTable:
    """Return a table of two outputs, three temperature bins and two transmittance bins."""
    sigma = np.arange(1, 13, dtype=np.float32).reshape(2, 3, 2) / 10
    return ErrorTable(np.array([250.0, 280, 300, 330]), np.array([0.0, 0.6, 1.0]), sigma)


def bundle(**changes: Any) -> ModelBundle:
    """Return a bundle with both networks and an error table; `changes` go to the manifest."""
    pixel, scene, table = network(), scene_network(), error_table()
    facts: dict[str, Any] = {
        "units": UNITS,
        "description": "random weights",
        "training": Training("none", "akkd train", "ab" * 32, (7,)),
        "pixel_architecture": Architecture.of((16, 12), ("tanh", "relu")),
        "domain": {"bt_13": (200.0, 350.0)},
        "scores": [Score("lst mae", 0.5, "K", "nothing")],
        "uncertainty_method": "held-out residuals",
        "extra": {"note": ["é", 1.5, None]},
        "created": datetime(2026, 1, 31, 12, 0, 0, tzinfo=timezone.utc),
    }
    manifest = make_manifest(
        "random-1",
        pixel_network=pixel,
        scene_network=scene,
        error_table=table,
        **(facts | changes),
    )
    return ModelBundle(manifest, pixel, scene, table)
