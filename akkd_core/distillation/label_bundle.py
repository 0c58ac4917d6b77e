"""Bundles of teachers, small models and students that were trained on labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from akkd_core.bundle import ErrorTable, ModelBundle, Score, Training, make_manifest
from akkd_core.physics.features import unit_of
from akkd_core.provenance import training_software

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from akkd_core.bundle import Architecture, Network
    from akkd_core.bundle.belongs import Belongs
    from akkd_core.distillation.scoring import Scores

_WHOLE_RANGE_K = (150.0, 400.0)
_PRIOR_PIXELS = 50.0
_SIGMA_FLOOR = 1e-4


def label_bundle(
    name: str,
    network: Network,
    architecture: Architecture | None,
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
    table: ErrorTable | None = None,
    error_method: str = "none",
) -> ModelBundle:
    """Put a network that was trained on labels in a bundle.

    Parameters
    ----------
    name, description : str
    network : Network
    architecture : Architecture, optional
        None of several networks in one.
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
    table : ErrorTable, optional
    error_method : str
        How the table was found, or what the network's own errors are.
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
        software=training_software(),
        extra=extra,
        belongs=belongs,
        error_table=table,
        uncertainty_method=error_method,
    )
    return ModelBundle(manifest, network, None, table)


def error_table(
    targets: Sequence[str],
    predicted: NDArray[np.float32],
    errors: NDArray[np.floating],
    *,
    classes: int = 4,
) -> ErrorTable:
    """Root mean square errors by predicted temperature, whatever the air.

    Parameters
    ----------
    targets : sequence of str
    predicted : ndarray of float32, (n, n_targets)
    errors : ndarray, (n, n_out)
        Of all outputs, each in its unit.
    classes : int
        Of temperature, about equally filled; one where temperature is no target.
    """
    edges = np.array(_WHOLE_RANGE_K, dtype=np.float32)
    which = np.zeros(len(errors), dtype=np.intp)
    if "lst" in targets:
        lst = predicted[:, list(targets).index("lst")]
        inner = np.unique(np.quantile(lst, np.linspace(0, 1, classes + 1)[1:-1]).astype(np.float32))
        edges = np.concatenate([[edges[0]], inner, [edges[1]]]).astype(np.float32)
        which = np.searchsorted(inner, lst, side="right")
    whole = (errors.astype(np.float64) ** 2).mean(axis=0)
    rows = []
    for number in range(len(edges) - 1):
        chosen = errors[which == number].astype(np.float64)
        # a class of few pixels leans on all of them
        square = ((chosen**2).sum(axis=0) + _PRIOR_PIXELS * whole) / (len(chosen) + _PRIOR_PIXELS)
        rows.append(np.sqrt(np.maximum(square, _SIGMA_FLOOR**2)))
    sigma = np.stack(rows, axis=1)[:, :, None].astype(np.float32)
    return ErrorTable(edges, np.array([0.0, 1.0], dtype=np.float32), sigma)


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
