"""A bundle or joint model, ready to retrieve, with what its products say of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from akkd_core.inference.layers import LAYERS, Layer, model_layer
from akkd_core.physics.features import LOG_SIGMA_NAMES

if TYPE_CHECKING:
    from akkd_core.bundle import ModelBundle
    from akkd_core.inference.retriever import Retriever
    from akkd_core.joint.bundle import JointBundle
    from akkd_core.joint.retriever import JointRetriever


@dataclass(frozen=True)
class RetrievalModel:
    """What retrieves.

    Parameters
    ----------
    retriever : Retriever or JointRetriever
    bundles : tuple of ModelBundle
        That make it up.
    name, sha256 : str
        Of the bundle or joint model.
    error_method : str
        How the errors were found, in words.
    facts : mapping of str to str
        What else goes into the tags.
    layers : tuple of Layer
        Of its products.
    """

    retriever: Retriever | JointRetriever
    bundles: tuple[ModelBundle, ...]
    name: str
    sha256: str
    error_method: str
    facts: Mapping[str, str] = field(default_factory=dict)
    layers: tuple[Layer, ...] = LAYERS


def open_model(path: str | Path | None, runtime: str, device: str) -> RetrievalModel:
    """Load a bundle or joint model for retrieval.

    Parameters
    ----------
    path : path, optional
        A folder or zip, or the name of a shipped or installed bundle; without it, ``default``.
    runtime, device : str
        As for `akkd_core.inference.retriever.Retriever`.

    Raises
    ------
    BundleError
        If it can't be used.
    MissingDependencyError
        If the runtime is not installed.
    """
    from akkd_core.bundle import ModelBundle, bundle_path, default_bundle_path
    from akkd_core.inference.retriever import Retriever
    from akkd_core.joint.store import load_model
    from akkd_core.joint.student_retriever import StudentRetriever

    model = load_model(default_bundle_path() if path is None else bundle_path(path))
    if isinstance(model, ModelBundle):
        digest = hashlib.sha256(model.manifest.to_bytes()).hexdigest()
        kind = Retriever if model.manifest.belongs is None else StudentRetriever
        retriever = kind(model, runtime, device)
        return RetrievalModel(retriever, (model,), model.name, digest, _error_method(model))
    return _joint(model, runtime, device)


def _joint(joint: JointBundle, runtime: str, device: str) -> RetrievalModel:
    from akkd_core.joint.retriever import JointRetriever

    method = "mean of the members' variances plus the spread between them; " + "; ".join(
        f"{number} {_error_method(bundle)}" for number, bundle in enumerate(joint.members)
    )
    facts = {
        f"model_{number}": f"{'student' if number else 'teacher'} {label}"
        for number, label in enumerate(joint.labels)
    }
    facts |= {"blend_m": f"{joint.rule.blend_m:g}", "domain_ramp": f"{joint.rule.domain_ramp:g}"}
    layers = (*LAYERS, model_layer(joint.labels))
    retriever = JointRetriever(joint, runtime, device)
    return RetrievalModel(
        retriever, joint.members, joint.name, joint.sha256, method, facts, layers
    )


def _error_method(bundle: ModelBundle) -> str:
    if bundle.error_table is None and not set(LOG_SIGMA_NAMES) <= set(
        bundle.pixel_network.output_names
    ):
        return "not given: the model bundle carries no error table"
    return bundle.manifest.uncertainty.method
