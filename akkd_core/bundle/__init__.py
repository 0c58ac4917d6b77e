"""Model bundles: networks with everything that is needed to use and to judge them."""

from __future__ import annotations

from akkd_core.bundle.architecture import AK_KD_TRIAL3, Architecture, Layer
from akkd_core.bundle.content import bundle_hash
from akkd_core.bundle.error_table import ErrorTable
from akkd_core.bundle.facts import Score, Training, Uncertainty
from akkd_core.bundle.installed import bundle_path, find_bundle
from akkd_core.bundle.manifest import Manifest, make_manifest
from akkd_core.bundle.model import ModelBundle
from akkd_core.bundle.network import Network
from akkd_core.bundle.onnx_graph import write_onnx
from akkd_core.bundle.store import (
    compact_bundle_path,
    default_bundle_path,
    load_bundle,
    save_bundle,
    shipped_bundle_path,
)

__all__ = [
    "AK_KD_TRIAL3",
    "Architecture",
    "ErrorTable",
    "Layer",
    "Manifest",
    "ModelBundle",
    "Network",
    "Score",
    "Training",
    "Uncertainty",
    "bundle_hash",
    "bundle_path",
    "compact_bundle_path",
    "default_bundle_path",
    "find_bundle",
    "load_bundle",
    "make_manifest",
    "save_bundle",
    "shipped_bundle_path",
    "write_onnx",
]
