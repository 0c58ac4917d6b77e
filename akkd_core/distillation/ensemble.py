"""Several networks in one: their mean, and each of them, as outputs of one plain network.

A mean of networks of equal depth is a network again, block by block, so a bundle holds an ensemble
as it holds any network, and every runtime evaluates it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.network import Network
from akkd_core.errors import DistillationError

Array = NDArray[np.float64]


def member_name(target: str, member: int) -> str:
    """Name of a member's own output."""
    return f"{target}_member_{member}"


def columns(network: Network, names: Sequence[str]) -> Network:
    """Return a network of some of the outputs, in the order asked for.

    Parameters
    ----------
    network : Network
    names : sequence of str
        Of its outputs.
    """
    chosen = [network.output_names.index(name) for name in names]
    return replace(
        network,
        kernels=(*network.kernels[:-1], network.kernels[-1][:, chosen]),
        biases=(*network.biases[:-1], network.biases[-1][chosen]),
        output_names=tuple(names),
        output_mean=network.output_mean[chosen],
        output_scale=network.output_scale[chosen],
        output_add=tuple(network.output_add[column] for column in chosen),
    )


def merge(networks: Sequence[Network]) -> Network:
    """Put networks in one whose first outputs are their mean; each one's own follow.

    Parameters
    ----------
    networks : sequence of Network
        Of the same inputs, outputs and activations.

    Returns
    -------
    Network
        A single one as it is; else with outputs ``lst`` ... ``lst_member_0`` ...

    Raises
    ------
    DistillationError
        If they don't go together.
    """
    first = networks[0]
    if len(networks) == 1:
        return first
    for other in networks:
        if (other.input_names, other.output_names, other.activations, other.output_add) != (
            first.input_names, first.output_names, first.activations, first.output_add,
        ):  # fmt: skip
            raise DistillationError("an ensemble's networks differ in inputs, outputs or layers")
    layers = [_rescaled(network, first) for network in networks]
    kernels, biases = [], []
    for depth in range(len(first.kernels)):
        parts = [kernel[depth] for kernel, _ in layers]
        # the first layer's members share its inputs; from there on each has its own
        kernels.append(np.concatenate(parts, axis=1) if depth == 0 else _diagonal(parts))
        biases.append(np.concatenate([bias[depth] for _, bias in layers]))
    share = np.tile(np.eye(len(first.output_names)), (len(networks), 1)) / len(networks)
    kernels[-1] = np.concatenate([kernels[-1] @ share, kernels[-1]], axis=1)
    biases[-1] = np.concatenate([biases[-1] @ share, biases[-1]])
    times = len(networks) + 1
    return replace(
        first,
        kernels=tuple(kernel.astype(np.float32) for kernel in kernels),
        biases=tuple(bias.astype(np.float32) for bias in biases),
        output_names=first.output_names + member_names(first.output_names, len(networks)),
        output_mean=np.tile(first.output_mean, times),
        output_scale=np.tile(first.output_scale, times),
        output_add=first.output_add * times,
    )


def member_names(targets: Sequence[str], members: int) -> tuple[str, ...]:
    """Names of the members' own outputs, member by member; none of a single one."""
    if members < 2:
        return ()
    return tuple(member_name(target, member) for member in range(members) for target in targets)


def spread(values: NDArray[np.floating], n_targets: int) -> NDArray[np.float32]:
    """Compute the standard deviation over members of what each predicts, (n, n_targets).

    Parameters
    ----------
    values : ndarray, (n, members * n_targets)
        Outputs as `member_names` orders them; two members or more.
    n_targets : int
    """
    apart = values.astype(np.float64).reshape(len(values), -1, n_targets)
    result: NDArray[np.float32] = apart.std(axis=1, ddof=1).astype(np.float32)
    return result


def _rescaled(network: Network, like: Network) -> tuple[list[Array], list[Array]]:
    """Kernels and biases of a network as if its inputs and outputs were scaled as another's."""
    kernels = [kernel.astype(np.float64) for kernel in network.kernels]
    biases = [bias.astype(np.float64) for bias in network.biases]
    own = network.input_scale.astype(np.float64)
    shift = (like.input_mean.astype(np.float64) - network.input_mean) / own
    biases[0] = biases[0] + shift @ kernels[0]
    kernels[0] = (like.input_scale / own)[:, None] * kernels[0]
    ratio = network.output_scale.astype(np.float64) / like.output_scale
    offset = (network.output_mean.astype(np.float64) - like.output_mean) / like.output_scale
    kernels[-1] = kernels[-1] * ratio
    biases[-1] = biases[-1] * ratio + offset
    return kernels, biases


def _diagonal(parts: Sequence[Array]) -> Array:
    rows, cols = (sum(part.shape[axis] for part in parts) for axis in (0, 1))
    whole = np.zeros((rows, cols))
    row = col = 0
    for part in parts:
        whole[row : row + part.shape[0], col : col + part.shape[1]] = part
        row, col = row + part.shape[0], col + part.shape[1]
    return whole
