"""Scores of networks on held-out pixels: against their original labels, and against the truth."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.network import Network
from akkd_core.distillation.chain import predict
from akkd_core.distillation.samples import HeldOut
from akkd_core.validation.metrics import metrics

REFERENCES = ("labels", "truth")
"""What scores are taken against: what a product says, and what is known where it is simulated."""

KINDS = ("n", "bias", "mae", "rmse", "pcc")
"""Bias is estimate minus reference; K for temperature, else 0-1."""

Scores = Mapping[str, Mapping[str, Mapping[str, float | None]]]
"""By target, reference and kind; None where undefined."""


def score_network(network: Network, held_out: HeldOut) -> Scores:
    """Score a network's predictions of held-out pixels.

    Parameters
    ----------
    network : Network
        Of the pixels' targets.
    held_out : HeldOut

    Returns
    -------
    Scores
    """
    return score_values(predict(network, held_out.samples.x), held_out)


def score_labels(held_out: HeldOut) -> Scores:
    """Score the labels themselves against the truth; empty where it is unknown."""
    found = score_values(held_out.samples.labels, held_out)
    return {
        target: {"truth": by_reference["truth"]}
        for target, by_reference in found.items()
        if "truth" in by_reference
    }


def score_values(estimate: NDArray[np.float32], held_out: HeldOut) -> Scores:
    """Score estimates of held-out pixels.

    Parameters
    ----------
    estimate : ndarray of float32, (n, n_targets)
    held_out : HeldOut
    """
    samples = held_out.samples
    references = {"labels": samples.labels}
    if samples.truth is not None:
        references["truth"] = samples.truth
    return {
        target: {
            name: _kinds(estimate[:, column], values[:, column])
            for name, values in references.items()
        }
        for column, target in enumerate(samples.targets)
    }


def _kinds(
    estimate: NDArray[np.float32], reference: NDArray[np.float32]
) -> dict[str, float | None]:
    found = metrics(estimate, reference).to_json()
    return {kind: found[kind] for kind in KINDS}
