"""Bundles that tell the temperature of band 13 plus an offset, and where they belong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from akkd_core.bundle import ErrorTable, ModelBundle, Network, Training, make_manifest, save_bundle
from akkd_core.bundle.belongs import Belongs, Ring, TrainingDomain
from akkd_core.physics.features import OUTPUT_NAMES, PIXEL_ONLY_FEATURES, unit_of

WIDE = TrainingDomain(
    (290.0, 0.0, 0.0, 0.0, 0.0), tuple(tuple(400.0 * (i == j) for j in range(5)) for i in range(5)),
    10.0, 0.99,
)
"""A domain that holds every pixel of these tests."""

ALL_MONTHS = tuple(range(1, 13))


def belongs(
    footprint: Sequence[Ring] | None = None,
    months: tuple[int, ...] = ALL_MONTHS,
    domain: TrainingDomain = WIDE,
) -> Belongs:
    return Belongs(None if footprint is None else tuple(footprint), months, domain)


def offset_bundle(
    name: str,
    offset_k: float,
    where: Belongs | None = None,
    *,
    sigma: float | None = 0.5,
    outputs: tuple[str, ...] = OUTPUT_NAMES,
    sensor: str = "ASTER TIR",
    domain: dict[str, tuple[float, float]] | None = None,
) -> ModelBundle:
    """A pixel-only bundle: LST is band 13's brightness temperature plus an offset, LSE 0.95."""
    n = len(outputs)
    network = Network(
        kernels=(np.zeros((5, 4)), np.zeros((4, n))),
        biases=(np.zeros(4), np.zeros(n)),
        activations=("relu", "linear"),
        input_names=PIXEL_ONLY_FEATURES,
        n_pixel_inputs=5,
        input_mean=np.full(5, 290.0),
        input_scale=np.full(5, 10.0),
        output_names=outputs,
        output_mean=np.array([offset_k if o == "lst" else 0.95 for o in outputs]),
        output_scale=np.ones(n),
        output_add=tuple("bt_13" if o == "lst" else None for o in outputs),
    )
    table = None
    if sigma is not None:
        table = ErrorTable(
            np.array([200.0, 400.0]), np.array([0.0, 1.0]), np.full((n, 1, 1), sigma)
        )
    manifest = make_manifest(
        name,
        pixel_network=network,
        units={o: unit_of(o) for o in (*PIXEL_ONLY_FEATURES, *outputs)},
        description="an offset, for tests",
        training=Training("none"),
        sensor=sensor,
        domain=domain,
        error_table=table,
        uncertainty_method="arbitrary",
        created=datetime(2026, 1, 31, 12, 0, 0, tzinfo=timezone.utc),
        belongs=where,
    )
    return ModelBundle(manifest, network, None, table)


def saved(folder: Path, bundle: ModelBundle) -> Path:
    return save_bundle(bundle, folder / bundle.name)
