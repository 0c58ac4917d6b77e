"""How far apart two architectures are: the least cost of turning one into the other.

Source: Jin et al. 2019 (Auto-Keras, KDD, section 3.1.1), whose layers are matched in order at the
cost of their differences, the others inserted or deleted at cost 1. There the layers of a fully
connected network differ by width alone; here by activation and dropout, too, which the paper's
search varies (Dai, Mao et al. 2025, eqs. 5-6), and the ways of training by optimizer and rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.architecture import ACTIVATIONS, MAX_DROPOUT, OPTIMIZERS, Architecture

INSERTION_COST = 1.0
"""Cost of inserting or deleting a layer: that of changing all three things of one."""

_RATE_DECADES = 2.0
_CHUNK = 64


@dataclass(frozen=True)
class _Encoded:
    """Architectures as arrays, their layers padded to a common number."""

    depth: NDArray[np.intp]
    units: NDArray[np.float64]
    activation: NDArray[np.intp]
    dropout: NDArray[np.float64]
    optimizer: NDArray[np.intp]
    log_rate: NDArray[np.float64]

    @classmethod
    def of(cls, architectures: Sequence[Architecture]) -> _Encoded:
        depth = np.array([len(a.layers) for a in architectures], dtype=np.intp)
        shape = (len(architectures), int(depth.max(initial=1)))
        units, dropout = np.ones(shape), np.zeros(shape)
        activation = np.zeros(shape, dtype=np.intp)
        for i, architecture in enumerate(architectures):
            for j, layer in enumerate(architecture.layers):
                units[i, j], dropout[i, j] = layer.units, layer.dropout
                activation[i, j] = ACTIVATIONS.index(layer.activation)
        return cls(
            depth,
            units,
            activation,
            dropout,
            np.array([OPTIMIZERS.index(a.optimizer) for a in architectures], dtype=np.intp),
            np.log10([a.learning_rate for a in architectures]),
        )

    def rows(self, part: slice) -> _Encoded:
        return _Encoded(**{name: value[part] for name, value in vars(self).items()})


def edit_distances(
    first: Sequence[Architecture], second: Sequence[Architecture]
) -> NDArray[np.float64]:
    """Edit distance of every architecture of one list to every one of another.

    The distance of two layers is the mean of three parts between 0 and 1: ``|u - v| / max(u, v)``
    of their units (Jin et al. 2019), whether activations differ, and the difference of dropout over
    its largest value; to the matched layers' sum comes the mean of whether optimizers differ and
    the decades between learning rates over two (at most 1).

    Parameters
    ----------
    first, second : sequence of Architecture
        m and k of them.

    Returns
    -------
    ndarray of float64, (m, k)
        0 for equal architectures; symmetric.
    """
    layers, _, optimizer, rate = distance_parts(first, second)
    total: NDArray[np.float64] = layers + (optimizer + rate) / 2.0
    return total


def distance_parts(
    first: Sequence[Architecture], second: Sequence[Architecture]
) -> NDArray[np.float64]:
    """Parts of the difference of architectures, for a kernel that weights them.

    Parameters
    ----------
    first, second : sequence of Architecture
        m and k of them.

    Returns
    -------
    ndarray of float64, (4, m, k)
        Edit distance of the layers alone; whether the layers that see the inputs differ in
        activation; whether optimizers differ; decades between learning rates over two (at most 1).
    """
    a, b = _Encoded.of(first), _Encoded.of(second)
    layers = [
        _distances(a.rows(slice(i, i + _CHUNK)), b) for i in range(0, max(len(first), 1), _CHUNK)
    ]
    rate = np.abs(a.log_rate[:, None] - b.log_rate[None, :]) / _RATE_DECADES
    return np.stack(
        [
            np.concatenate(layers),
            a.activation[:, None, 0] != b.activation[None, :, 0],
            a.optimizer[:, None] != b.optimizer[None, :],
            np.minimum(rate, 1.0),
        ]
    )


def _distances(a: _Encoded, b: _Encoded) -> NDArray[np.float64]:
    cost = _layer_costs(a, b)
    rows, cols = cost.shape[2:]
    shape = cost.shape[:2]
    # table[i][j]: cost of turning the first i layers into the first j
    table = [[np.full(shape, j * INSERTION_COST) for j in range(cols + 1)]]
    for i in range(1, rows + 1):
        line = [np.full(shape, i * INSERTION_COST)]
        for j in range(1, cols + 1):
            matched = table[i - 1][j - 1] + cost[:, :, i - 1, j - 1]
            skipped = np.minimum(table[i - 1][j], line[j - 1]) + INSERTION_COST
            line.append(np.minimum(matched, skipped))
        table.append(line)
    stacked = np.array(table)
    here, there = np.indices(shape)
    layers: NDArray[np.float64] = stacked[a.depth[:, None], b.depth[None, :], here, there]
    return layers


def _layer_costs(a: _Encoded, b: _Encoded) -> NDArray[np.float64]:
    """Distance of each layer of ``a`` to each of ``b``, (m, k, layer, layer)."""
    u, v = a.units[:, None, :, None], b.units[None, :, None, :]
    width = np.abs(u - v) / np.maximum(u, v)
    activation = a.activation[:, None, :, None] != b.activation[None, :, None, :]
    dropout = np.abs(a.dropout[:, None, :, None] - b.dropout[None, :, None, :]) / MAX_DROPOUT
    mean: NDArray[np.float64] = (width + activation + dropout) / 3.0
    return mean

