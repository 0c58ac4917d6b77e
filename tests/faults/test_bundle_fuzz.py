"""Bundles altered at random: loaded or refused with BundleError, nothing else."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akkd_core.bundle import load_bundle, save_bundle
from akkd_core.bundle.npz import read_npz, write_npz
from akkd_core.bundle.onnx_check import check_onnx
from akkd_core.bundle.onnx_graph import onnx_bytes
from akkd_core.errors import BundleError, BundleIntegrityError
from tests.builders import bundles


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("fuzz") / "bundle.zip"
    folder = save_bundle(bundles.bundle(), target.with_suffix(""))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.iterdir()):
            file.write(path, path.name)
    return target


def altered(whole: bytes, data: st.DataObject) -> bytes:
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    # mostly whole, since a cut archive is refused at its end already
    return bytes(content[: data.draw(st.sampled_from([len(content)] * 3 + [len(content) // 2]))])


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_altered_archives(archive: Path, data: st.DataObject) -> None:
    path = archive.with_name("altered.zip")
    path.write_bytes(altered(archive.read_bytes(), data))
    try:
        load_bundle(path)
    except BundleError:
        pass


@settings(deadline=None)
@given(st.data())
def test_altered_onnx(data: st.DataObject) -> None:
    try:
        check_onnx(altered(onnx_bytes(bundles.network((3,), ("relu",))), data), "x")
    except BundleIntegrityError:
        pass


@settings(deadline=None)
@given(st.data())
def test_altered_weights(data: st.DataObject) -> None:
    arrays = {f"pixel.bias.{i}": bias for i, bias in enumerate(bundles.network().biases)}
    shapes = {name: array.shape for name, array in arrays.items()}
    try:
        read_npz(altered(write_npz(arrays), data), shapes, "x")
    except BundleIntegrityError:
        pass


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    with pytest.raises(BundleIntegrityError):
        read_npz(data, {"a": (1,)}, "x")
    with pytest.raises(BundleIntegrityError):
        check_onnx(data, "x")
