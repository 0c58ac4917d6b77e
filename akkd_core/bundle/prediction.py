"""What every runtime does before and after its own arithmetic: checks, and marking invalid rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.network import Network
from akkd_core.errors import BundleMismatchError

_CACHE_BYTES = 1 << 20
_ROWS_MIN, _ROWS_MAX = 128, 4096


def checked_inputs(
    network: Network, features: NDArray[np.float32], scene: NDArray[np.float32] | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Check the inputs of a prediction and give them the dtype the runtimes take.

    Parameters
    ----------
    network : Network
    features : array (n, n_pixel_inputs)
        Any strides; not copied if float32.
    scene : array (n_scene_inputs,), optional

    Returns
    -------
    (float32 array (n, n_pixel_inputs), float32 array (1, n_scene_inputs))

    Raises
    ------
    BundleMismatchError
        If a shape isn't what the network takes, or a scene input isn't finite.
    """
    rows = np.asarray(features, dtype=np.float32)
    if rows.ndim != 2 or rows.shape[1] != network.n_pixel_inputs:
        raise BundleMismatchError(
            f"network takes (n, {network.n_pixel_inputs}) features, not {rows.shape}"
        )
    given = np.zeros(0) if scene is None else scene
    values = np.array(given, dtype=np.float32).reshape(1, -1)
    if values.shape[1] != network.n_scene_inputs or not np.isfinite(values).all():
        raise BundleMismatchError(
            f"network takes {network.n_scene_inputs} finite scene inputs, "
            f"{values.shape[1]} were given, {int((~np.isfinite(values)).sum())} of them not finite"
        )
    return rows, values


def blocks(count: int, size: int) -> Iterator[slice]:
    """Yield slices that cover ``range(count)`` in order, each at most `size` long."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def cache_rows(network: Network) -> int:
    """Return how many rows keep the widest pair of layers within 1 MiB of cache, a power of 2."""
    widths = [network.n_pixel_inputs, *(bias.size for bias in network.biases)]
    widest = max(a + b for a, b in zip(widths, widths[1:], strict=False))
    rows = _CACHE_BYTES // (4 * widest)
    power = 1 << max(rows.bit_length() - 1, 0)
    return min(max(power, _ROWS_MIN), _ROWS_MAX)


def mark_invalid(features: NDArray[np.float32], outputs: NDArray[np.float32]) -> None:
    """Set float32 outputs to NaN, in place, in rows whose features aren't all finite.

    Runtimes differ in what an activation makes of NaN, so none of them is relied on.
    """
    finite = np.isfinite(features)
    if not finite.all():
        outputs[~finite.all(axis=1)] = np.nan
