"""The files of a bundle as bytes: what is saved, and what is understood when loading."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.error_table import ErrorTable
from akkd_core.bundle.manifest import Manifest
from akkd_core.bundle.model import ModelBundle
from akkd_core.bundle.network import Network
from akkd_core.bundle.network_spec import NetworkSpec
from akkd_core.bundle.npz import read_npz, write_npz
from akkd_core.bundle.onnx_check import check_onnx
from akkd_core.bundle.onnx_graph import onnx_bytes
from akkd_core.errors import BundleIntegrityError, BundleMismatchError

MANIFEST = "manifest.json"
WEIGHTS = "weights.npz"
ONNX_OF = {
    "pixel": "model.onnx",
    "scene": "scene_model.onnx",
    "sample": "sample_model.onnx",
    "refinement": "refinement_model.onnx",
}
"""Files of the networks for other tools."""
JOINT = "joint.json"
"""Index of a joint model, whose members are bundles in sub-folders."""


def bundle_files(bundle: ModelBundle) -> dict[str, bytes]:
    """Return the bytes of every file of a bundle by name, the manifest with their hashes.

    Deterministic: the same bundle gives the same bytes.
    """
    arrays: dict[str, NDArray[np.float32]] = {}
    files = {}
    for which, network in bundle.networks().items():
        if network is not None:
            title = bundle.name if which == "pixel" else f"{bundle.name}.{which}"
            arrays |= _network_arrays(which, network)
            files[ONNX_OF[which]] = onnx_bytes(network, title)
    if bundle.error_table is not None:
        arrays["error_table.lst_edges_k"] = bundle.error_table.lst_edges_k
        arrays["error_table.transmittance_edges"] = bundle.error_table.transmittance_edges
        arrays["error_table.sigma"] = bundle.error_table.sigma
    files[WEIGHTS] = write_npz(arrays)
    hashes = {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
    return {MANIFEST: bundle.manifest.with_files(hashes).to_bytes(), **files}


def bundle_hash(bundle: ModelBundle) -> str:
    """Return 12 hexadecimal digits that name this bundle's content.

    They begin the SHA-256 of its manifest, which holds the hashes of all its files.
    """
    manifest = bundle.manifest
    data = manifest.to_bytes() if manifest.files else bundle_files(bundle)[MANIFEST]
    return hashlib.sha256(data).hexdigest()[:12]


def read_bundle(read: Callable[[str], bytes]) -> ModelBundle:
    """Build a bundle from its files.

    Parameters
    ----------
    read : callable
        Returns the bytes of a file of the bundle by its name, bounded in size; raises
        BundleIntegrityError if it can't. Only names of this format are asked for.

    Raises
    ------
    BundleVersionError
        If the format is of another version.
    BundleIntegrityError
        If a file is missing, altered or malformed.
    """
    manifest = Manifest.from_bytes(read(MANIFEST))
    specs = {which: spec for which, spec in manifest.networks().items() if spec is not None}
    graphs = {ONNX_OF[which] for which in specs}
    allowed = {WEIGHTS} | graphs
    unknown = set(manifest.files) - allowed
    if unknown or WEIGHTS not in manifest.files:
        raise BundleIntegrityError(
            f"manifest: files must be {WEIGHTS} and at most {', '.join(sorted(allowed))}"
        )
    files = {name: _verified(read(name), name, digest) for name, digest in manifest.files.items()}
    for name in files.keys() & graphs:
        check_onnx(files[name], name)
    arrays = read_npz(files[WEIGHTS], _shapes(manifest), WEIGHTS)
    try:
        found = {f"{which}_network": _network(specs[which], which, arrays) for which in specs}
        return ModelBundle(manifest, error_table=_error_table(manifest, arrays), **found)
    except BundleMismatchError as error:
        raise BundleIntegrityError(f"manifest: contradicts itself ({error})") from None


def _verified(data: bytes, name: str, digest: str) -> bytes:
    if hashlib.sha256(data).hexdigest() != digest:
        raise BundleIntegrityError(
            f"{name}: altered or damaged (its SHA-256 isn't the manifest's); fetch the bundle again"
        )
    return data


def _network_arrays(prefix: str, network: Network) -> dict[str, NDArray[np.float32]]:
    arrays = {f"{prefix}.kernel.{i}": kernel for i, kernel in enumerate(network.kernels)}
    return arrays | {f"{prefix}.bias.{i}": bias for i, bias in enumerate(network.biases)}


def _shapes(manifest: Manifest) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for prefix, spec in manifest.networks().items():
        if spec is not None:
            for i, shape in enumerate(spec.shapes()):
                shapes[f"{prefix}.kernel.{i}"] = shape
                shapes[f"{prefix}.bias.{i}"] = shape[1:]
    table = manifest.uncertainty.table_shape
    if table is not None:
        shapes["error_table.lst_edges_k"] = (table[1] + 1,)
        shapes["error_table.transmittance_edges"] = (table[2] + 1,)
        shapes["error_table.sigma"] = table
    return shapes


def _network(spec: NetworkSpec, prefix: str, arrays: Mapping[str, NDArray[np.float32]]) -> Network:
    layers = range(len(spec.units))
    return spec.network(
        [arrays[f"{prefix}.kernel.{i}"] for i in layers],
        [arrays[f"{prefix}.bias.{i}"] for i in layers],
    )


def _error_table(
    manifest: Manifest, arrays: Mapping[str, NDArray[np.float32]]
) -> ErrorTable | None:
    if manifest.uncertainty.table_shape is None:
        return None
    return ErrorTable(
        arrays["error_table.lst_edges_k"],
        arrays["error_table.transmittance_edges"],
        arrays["error_table.sigma"],
    )
