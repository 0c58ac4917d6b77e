from __future__ import annotations

import os
import shutil
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from akkd_core.bundle import (
    ModelBundle,
    Network,
    Training,
    bundle_hash,
    load_bundle,
    make_manifest,
    save_bundle,
)
from akkd_core.errors import BundleMismatchError, ParameterError, ProductWriteError
from tests.builders import bundles
from tests.builders.retrieval import refined_bundle


def pack(folder: Path, target: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, prefix + path.name)
    return target


def assert_same(a: Network | None, b: Network | None) -> None:
    assert a is not None
    assert b is not None
    for left, right in zip((*a.kernels, *a.biases), (*b.kernels, *b.biases), strict=True):
        np.testing.assert_array_equal(left, right)
    for name in ("input_mean", "input_scale", "output_mean", "output_scale"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    for name in ("activations", "input_names", "n_pixel_inputs", "output_names", "output_add"):
        assert getattr(a, name) == getattr(b, name)


@pytest.mark.parametrize("form", ["folder", "zip", "zip of the folder"])
def test_what_is_saved_is_loaded(tmp_path: Path, form: str) -> None:
    whole = bundles.bundle()
    path = save_bundle(whole, tmp_path / "a folder ü" / "random")
    if form != "folder":
        path = pack(path, tmp_path / "b.zip", "random/" if "of" in form else "")
    loaded = load_bundle(path, sensor="ASTER TIR")
    assert_same(whole.pixel_network, loaded.pixel_network)
    assert_same(whole.scene_network, loaded.scene_network)
    assert loaded.error_table is not None
    np.testing.assert_array_equal(loaded.error_table.sigma, bundles.error_table().sigma)
    assert set(loaded.manifest.files) == {"weights.npz", "model.onnx", "scene_model.onnx"}
    assert loaded.manifest.with_files({}) == whole.manifest
    assert bundle_hash(loaded) == bundle_hash(whole)


def test_a_pixel_network_alone_is_a_bundle(tmp_path: Path) -> None:
    net = bundles.network(scene=False, add=False)
    manifest = make_manifest(
        "alone",
        pixel_network=net,
        units=bundles.UNITS,
        description="",
        training=Training("none"),
    )
    loaded = load_bundle(save_bundle(ModelBundle(manifest, net), tmp_path / "alone"))
    assert_same(net, loaded.pixel_network)
    assert loaded.scene_network is None
    assert loaded.error_table is None


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_four_networks_are_saved_and_loaded(tmp_path: Path, form: str) -> None:
    whole = refined_bundle()
    path = save_bundle(whole, tmp_path / "refined")
    if form == "zip":
        path = pack(path, tmp_path / "b.zip")
    loaded = load_bundle(path, sensor="ASTER TIR")
    for which, network in whole.networks().items():
        assert_same(network, loaded.networks()[which])
    graphs = {f"{which}model.onnx" for which in ("", "scene_", "sample_", "refinement_")}
    assert set(loaded.manifest.files) == {"weights.npz", *graphs}
    assert bundle_hash(loaded) == bundle_hash(whole)
    kernel = np.array(whole.networks()["sample"].kernels[0])  # type: ignore[union-attr]
    kernel[0, 0] += 1e-3
    sample = whole.sample_network
    assert sample is not None
    other = replace(whole, sample_network=replace(sample, kernels=(kernel, *sample.kernels[1:])))
    assert bundle_hash(other) != bundle_hash(whole)


def test_hash_changes_with_a_weight_and_is_the_same_for_the_same() -> None:
    whole = bundles.bundle()
    kernel = np.array(whole.pixel_network.kernels[0])
    kernel[0, 0] += 1e-3
    other = replace(whole.pixel_network, kernels=(kernel, *whole.pixel_network.kernels[1:]))
    assert bundle_hash(whole) == bundle_hash(bundles.bundle())
    assert bundle_hash(whole) != bundle_hash(replace(whole, pixel_network=other))
    assert len(bundle_hash(whole)) == 12


def test_same_bundle_same_bytes(tmp_path: Path) -> None:
    first = save_bundle(bundles.bundle(), tmp_path / "1")
    second = save_bundle(bundles.bundle(), tmp_path / "2")
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()


def test_weights_are_an_ordinary_npz(tmp_path: Path) -> None:
    folder = save_bundle(bundles.bundle(), tmp_path / "b")
    with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["pixel.kernel.0"], bundles.network().kernels[0])


def test_another_sensor_is_refused(tmp_path: Path) -> None:
    folder = save_bundle(bundles.bundle(sensor="ECOSTRESS"), tmp_path / "b")
    with pytest.raises(BundleMismatchError, match="ECOSTRESS"):
        load_bundle(folder, sensor="ASTER TIR")


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    folder = save_bundle(bundles.bundle(), tmp_path / "b")
    before = (folder / "manifest.json").read_bytes()
    with pytest.raises(ParameterError, match="exists"):
        save_bundle(bundles.bundle(description="new"), folder)
    assert (folder / "manifest.json").read_bytes() == before
    save_bundle(bundles.bundle(description="new"), folder, overwrite=True)
    assert load_bundle(folder).manifest.description == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_folder_of_other_things_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("words")
    (tmp_path / "file").write_text("words")
    for name in ("thesis", "file"):
        with pytest.raises(ParameterError):
            save_bundle(bundles.bundle(), tmp_path / name, overwrite=True)
    assert (tmp_path / "thesis" / "chapter1.tex").read_text() == "words"


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    load_bundle(save_bundle(bundles.bundle(), tmp_path / "empty"))


def test_a_failed_write_leaves_the_old_bundle_and_no_rests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_bundle(bundles.bundle(), tmp_path / "b")
    before = (folder / "manifest.json").read_bytes()

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(ProductWriteError, match="No space"):
        save_bundle(bundles.bundle(description="new"), folder, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    assert (folder / "manifest.json").read_bytes() == before


def test_a_failed_last_step_brings_the_old_bundle_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_bundle(bundles.bundle(), tmp_path / "b")
    rename = Path.rename

    def fails_once_whole(self: Path, target: Path) -> Path:
        if self.name.endswith(".partial"):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails_once_whole)
    with pytest.raises(ProductWriteError):
        save_bundle(bundles.bundle(description="new"), folder, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    assert load_bundle(folder).manifest.description == "random weights"


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    folder = save_bundle(bundles.bundle(), tmp_path / "b")
    (folder / "training.log").write_text("epoch 1")
    os.symlink("/nowhere", folder / "link")
    load_bundle(folder)


def test_a_link_to_a_bundle_may_be_given(tmp_path: Path) -> None:
    folder = save_bundle(bundles.bundle(), tmp_path / "b")
    os.symlink(folder, tmp_path / "link")
    os.symlink(pack(folder, tmp_path / "b.zip"), tmp_path / "link.zip")
    assert load_bundle(tmp_path / "link").name == "random-1"
    assert load_bundle(tmp_path / "link.zip").name == "random-1"


def test_four_megabytes_load_quickly(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    widths = (3, 700, 700, 2)
    kernels = tuple(
        rng.normal(size=shape).astype(np.float32) for shape in zip(widths, widths[1:], strict=False)
    )
    net = replace(
        bundles.network(scene=False),
        kernels=kernels,
        biases=tuple(np.zeros(width) for width in widths[1:]),
    )
    manifest = make_manifest(
        "big", pixel_network=net, units=bundles.UNITS, description="", training=Training("")
    )
    folder = save_bundle(ModelBundle(manifest, net), tmp_path / "big")
    assert sum(path.stat().st_size for path in folder.iterdir()) > 3.9e6
    times = []
    for _ in range(5):
        start = time.process_time()
        load_bundle(folder)
        times.append(time.process_time() - start)
    # 10 ms on one core; the limit leaves room for a busy machine
    assert min(times) < 0.05
    shutil.rmtree(folder)
