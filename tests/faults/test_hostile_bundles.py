"""Bundles made to do harm, or damaged: refused with BundleError, in bounded memory and time."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import stat
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from akkd_core.bundle import load_bundle, save_bundle
from akkd_core.errors import BundleIntegrityError, BundleVersionError
from tests.builders import bundles
from tests.builders.retrieval import refined_bundle

FILES = ("manifest.json", "weights.npz", "model.onnx", "scene_model.onnx")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_bundle(bundles.bundle(), tmp_path / "bundle")


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """Each refusal takes under 5 s and 300 MB."""
    tracemalloc.start()
    start = time.process_time()
    yield
    seconds, peak = time.process_time() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds < 5
    assert peak < 300e6


def rehash(folder: Path) -> None:
    """Write the hashes of the files as they are now, as the maker of a hostile bundle would."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for name in manifest["files"]:
        manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    path.write_text(json.dumps(manifest))


def edit(folder: Path, change: dict[str, Any]) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))


def members(folder: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(folder / "weights.npz") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def put_members(folder: Path, content: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(folder / "weights.npz", "w", method) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    rehash(folder)


def npy(array: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), **options)
    return buffer.getvalue()


def refuse(path: Path, match: str | None = None) -> None:
    with pytest.raises(BundleIntegrityError, match=match) as caught:
        load_bundle(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def pack(folder: Path, target: Path, extra: dict[str, bytes] | None = None) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
        for name, data in (extra or {}).items():
            archive.writestr(name, data)
    return target


# Damaged files


def test_nothing_there(tmp_path: Path) -> None:
    refuse(tmp_path / "absent", "no such bundle")
    (tmp_path / "empty").mkdir()
    refuse(tmp_path / "empty", "manifest.json")
    (tmp_path / "note.txt").write_text("hello")
    refuse(tmp_path / "note.txt", "not a zip archive")
    (tmp_path / "empty.zip").write_bytes(b"")
    refuse(tmp_path / "empty.zip")


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file(folder: Path, name: str) -> None:
    (folder / name).unlink()
    refuse(folder, name)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("keep", [0, 1, 0.5, -1])
def test_a_truncated_file(folder: Path, name: str, keep: float) -> None:
    data = (folder / name).read_bytes()
    stop = int(len(data) * keep) if 0 < keep < 1 else int(keep)
    # the manifest's last byte is only a newline
    (folder / name).write_bytes(data.rstrip()[:stop])
    refuse(folder)


@pytest.mark.parametrize("name", FILES[1:])
def test_one_flipped_bit(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    refuse(folder, "SHA-256")


def test_a_wrong_hash_in_the_manifest(folder: Path) -> None:
    files = json.loads((folder / "manifest.json").read_text())["files"]
    edit(folder, {"files": files | {"weights.npz": "0" * 64}})
    refuse(folder, "SHA-256")


def test_weights_without_a_hash(folder: Path) -> None:
    files = json.loads((folder / "manifest.json").read_text())["files"]
    del files["weights.npz"]
    edit(folder, {"files": files})
    refuse(folder, "weights.npz")


def test_an_unknown_version_is_named(folder: Path) -> None:
    edit(folder, {"format_version": 99})
    with pytest.raises(BundleVersionError, match="version 99"):
        load_bundle(folder)


# Leaving the folder


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "a/../../b", "C:\\x", "model.keras", "", "manifest.json"]
)
def test_the_manifest_can_not_name_other_files(folder: Path, name: str) -> None:
    (folder.parent / "secret").write_bytes(b"x")
    files = json.loads((folder / "manifest.json").read_text())["files"]
    edit(folder, {"files": files | {name: hashlib.sha256(b"x").hexdigest()}})
    refuse(folder, "files must be")


@pytest.mark.parametrize("name", FILES)
def test_links_are_refused(folder: Path, name: str) -> None:
    (folder / name).rename(folder.parent / name)
    os.symlink(folder.parent / name, folder / name)
    refuse(folder, "link")


@pytest.mark.parametrize("name", FILES[:2])
def test_pipes_and_folders_are_refused_without_waiting(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)
    refuse(folder, "plain file")
    (folder / name).unlink()
    (folder / name).mkdir()
    refuse(folder, name)


def test_a_device_is_no_bundle() -> None:
    refuse(Path("/dev/zero"), "no such bundle")


# Archives


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt",
        "/evil.txt",
        "a/../../evil.txt",
        "..",
        "C:\\evil",
        "a\\..\\b",
        "./x",
        "a//b",
        "x\ny",
    ],
)
def test_entries_that_leave_the_archive(folder: Path, tmp_path: Path, name: str) -> None:
    refuse(pack(folder, tmp_path / "b.zip", {name: b"evil"}), "isn't allowed")
    assert not (tmp_path.parent / "evil.txt").exists()


def test_an_archive_is_never_unpacked_to_disk(folder: Path, tmp_path: Path) -> None:
    path = pack(folder, tmp_path / "b.zip")
    before = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*"))
    load_bundle(path)
    assert sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*")) == before


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["weights.npz", "Weights.NPZ"])
def test_an_entry_twice(folder: Path, tmp_path: Path, name: str) -> None:
    refuse(pack(folder, tmp_path / "b.zip", {name: b"x"}), "twice")


def test_two_manifests(folder: Path, tmp_path: Path) -> None:
    refuse(pack(folder, tmp_path / "b.zip", {"other/manifest.json": b"{}"}), "2 manifests")


def test_a_link_in_an_archive(folder: Path, tmp_path: Path) -> None:
    path = pack(folder, tmp_path / "b.zip")
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    refuse(path, "link")


def test_a_zip_bomb(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "manifest.json", "manifest.json")
        with archive.open("weights.npz", "w") as entry:
            for _ in range(100):
                entry.write(bytes(1 << 20))
    assert (tmp_path / "b.zip").stat().st_size < 200_000
    refuse(tmp_path / "b.zip", "unpacks to")


def test_a_zip_bomb_that_declares_little(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "manifest.json", "manifest.json")
        with archive.open("weights.npz", "w") as entry:
            for _ in range(100):
                entry.write(bytes(1 << 20))
    data = path.read_bytes().replace(struct.pack("<L", 100 << 20), struct.pack("<L", 1000))
    path.write_bytes(data)
    refuse(path)


def test_ten_gigabytes_declared(folder: Path, tmp_path: Path) -> None:
    path = pack(folder, tmp_path / "b.zip")
    size = (folder / "weights.npz").stat().st_size
    data = path.read_bytes().replace(struct.pack("<L", size), struct.pack("<L", 0xFFFFFFF0))
    path.write_bytes(data)
    refuse(path, "unpacks to")


def test_a_sparse_file_of_ten_gigabytes(folder: Path) -> None:
    for name in ("manifest.json", "weights.npz"):
        with open(folder / name, "r+b") as handle:
            handle.truncate(10 << 30)
    refuse(folder, "larger than 1000000")
    with open(folder.parent / "big.zip", "wb") as handle:
        handle.truncate(10 << 30)
    refuse(folder.parent / "big.zip", "larger than")


def test_files_that_together_are_too_large(folder: Path) -> None:
    for name in FILES[1:]:
        with open(folder / name, "r+b") as handle:
            handle.truncate(40 << 20)
    rehash(folder)
    refuse(folder, "larger than")


def test_a_directory_of_very_many_entries(tmp_path: Path) -> None:
    record = b"PK\x01\x02" + bytes(42)
    count = 200_000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, 46 * count, 0, 0)
    (tmp_path / "b.zip").write_bytes(record * count + end)
    refuse(tmp_path / "b.zip", "directory is too large")


def test_an_encrypted_entry(folder: Path, tmp_path: Path) -> None:
    path = pack(folder, tmp_path / "b.zip")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    refuse(path, "encrypted")


def test_an_unusual_compression(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_LZMA) as archive:
        for name in FILES:
            archive.write(folder / name, name)
    refuse(tmp_path / "b.zip", "unusually compressed")


# Weights


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, ("pickle-was-run",))


@pytest.mark.parametrize("form", ["object array", "bare pickle"])
def test_a_pickle_is_never_run(
    folder: Path, form: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    content = members(folder)
    content["pixel.bias.0.npy"] = (
        npy(np.array([Bomb()], dtype=object), allow_pickle=True)
        if form == "object array"
        else pickle.dumps(Bomb())
    )
    put_members(folder, content)
    refuse(folder)
    (folder / "weights.npz").write_bytes(pickle.dumps(Bomb()))
    rehash(folder)
    refuse(folder)
    assert not (tmp_path / "pickle-was-run").exists()


@pytest.mark.parametrize(
    "data",
    [
        npy(np.full(16, np.nan, np.float32)),
        npy(np.full(16, np.inf, np.float32)),
        npy(np.zeros(16, np.float64)),
        npy(np.zeros(16, ">f4")),
        npy(np.zeros(15, np.float32)),
        npy(np.zeros(17, np.float32)),
        npy(np.zeros((4, 4), np.float32)),
        npy(np.zeros(16, np.float32), version=(2, 0)),
        npy(np.zeros(16, np.float32))[:-1],
        npy(np.zeros(16, np.float32)).replace(b"(16,)", b"(9" + b"9" * 3 + b",)"),
        npy(np.zeros(16, np.float32)).replace(b"'<f4'", b"exit "),
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x01\x00\xff\xff" + bytes(100),
    ],
)
def test_other_arrays_than_declared(folder: Path, data: bytes) -> None:
    put_members(folder, members(folder) | {"pixel.bias.0.npy": data})
    refuse(folder)


def test_arrays_too_many_or_too_few(folder: Path) -> None:
    content = members(folder)
    put_members(folder, content | {"more.npy": npy(np.zeros(1, np.float32))})
    refuse(folder, "aren't those of the manifest")
    del content["pixel.bias.0.npy"]
    put_members(folder, content)
    refuse(folder, "aren't those of the manifest")


def test_a_bomb_in_the_weights(folder: Path) -> None:
    content = members(folder) | {"pixel.bias.0.npy": bytes(70 << 20)}
    put_members(folder, content, zipfile.ZIP_DEFLATED)
    refuse(folder, "unpacks to")


@pytest.mark.parametrize("units", [0, -1, 4097, 10**9, 10**18])
def test_absurd_widths(folder: Path, units: int) -> None:
    networks = json.loads((folder / "manifest.json").read_text())["networks"]
    networks["pixel"]["layers"][0]["units"] = units
    networks["pixel"]["architecture"] = None
    edit(folder, {"networks": networks})
    refuse(folder)


def test_absurdly_many_layers_inputs_or_weights(folder: Path) -> None:
    whole = json.loads((folder / "manifest.json").read_text())["networks"]
    for change in ("layers", "inputs", "weights"):
        networks = json.loads(json.dumps(whole))
        pixel = networks["pixel"]
        pixel["architecture"] = None
        if change == "layers":
            pixel["layers"] = pixel["layers"][:1] * 40 + pixel["layers"][-1:]
        elif change == "inputs":
            row = pixel["inputs"][0]
            pixel["inputs"] = [row | {"name": str(i)} for i in range(5000)]
        else:
            pixel["layers"] = [{"units": 4096, "activation": "relu"}] * 4 + pixel["layers"][-1:]
        edit(folder, {"networks": networks})
        refuse(folder)


def test_absurd_error_tables(folder: Path) -> None:
    for shape in ([2, 10**6, 10**6], [2, 3, -1], [2, 3, 4], [1024, 1024, 1024]):
        edit(folder, {"uncertainty": {"method": "x", "table_shape": shape}})
        refuse(folder)


# ONNX


def external_data(onnx: Any, model: Any) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def custom_domain(onnx: Any, model: Any) -> None:
    model.graph.node[0].domain = "com.evil"


def custom_domain_unused(onnx: Any, model: Any) -> None:
    model.opset_import.append(onnx.helper.make_opsetid("com.evil", 1))


def custom_operator(onnx: Any, model: Any) -> None:
    model.graph.node[0].op_type = "PyOp"


def loop(onnx: Any, model: Any) -> None:
    body = onnx.helper.make_graph([], "body", [], [])
    model.graph.node[0].attribute.append(onnx.helper.make_attribute("body", body))


def subgraph_list(onnx: Any, model: Any) -> None:
    body = onnx.helper.make_graph([], "body", [], [])
    model.graph.node[0].attribute.append(onnx.helper.make_attribute("b", [body]))


def function(onnx: Any, model: Any) -> None:
    model.functions.add(name="f", domain="com.evil")


def sparse(onnx: Any, model: Any) -> None:
    model.graph.sparse_initializer.add()


def absurd_shape(onnx: Any, model: Any) -> None:
    model.graph.initializer[0].dims[:] = [1 << 40, 1 << 40]


def other_type(onnx: Any, model: Any) -> None:
    model.graph.initializer[0].data_type = onnx.TensorProto.STRING


def no_graph(onnx: Any, model: Any) -> None:
    model.ClearField("graph")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (external_data, "external data|data location"),
        (custom_domain, "com.evil"),
        (custom_domain_unused, "com.evil"),
        (custom_operator, "PyOp"),
        (loop, "subgraph"),
        (subgraph_list, "subgraphs"),
        (function, "functions"),
        (sparse, "sparse"),
        (absurd_shape, "shape"),
        (other_type, "float32"),
        (no_graph, "0 graphs"),
    ],
)
def test_onnx_that_does_more_than_a_network(
    folder: Path, change: Callable[[Any, Any], None], named: str
) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load_from_string((folder / "model.onnx").read_bytes())
    change(onnx, model)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    rehash(folder)
    refuse(folder, named)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00", b"\xff" * 100, b"\x3a\xff\xff\xff\xff\x0f", b"\x3a\x00" * 60_000, b"\x38\x01"],
)
def test_malformed_onnx(folder: Path, data: bytes) -> None:
    (folder / "model.onnx").write_bytes(data)
    rehash(folder)
    refuse(folder, "model.onnx")


# Bundles of four networks


@pytest.fixture
def refined(tmp_path: Path) -> Path:
    return save_bundle(refined_bundle(), tmp_path / "refined")


@pytest.mark.parametrize("name", ["sample_model.onnx", "refinement_model.onnx"])
def test_a_refining_networks_file_is_checked_like_the_others(refined: Path, name: str) -> None:
    whole = (refined / name).read_bytes()
    (refined / name).write_bytes(whole[:-1])
    refuse(refined, "SHA-256")
    rehash(refined)
    refuse(refined, name)
    (refined / name).write_bytes(whole.replace(b"Relu", b"Loop"))
    rehash(refined)
    refuse(refined, "Loop")
    (refined / name).unlink()
    refuse(refined, name)
    (refined / name).symlink_to(refined / "model.onnx")
    refuse(refined, "is a link")


@pytest.mark.parametrize("member", ["sample.kernel.0", "refinement.bias.1"])
def test_a_refining_networks_weights_are_checked_like_the_others(
    refined: Path, member: str
) -> None:
    content = members(refined)
    array = np.load(io.BytesIO(content[f"{member}.npy"]))
    put_members(refined, content | {f"{member}.npy": npy(np.full_like(array, np.nan))})
    refuse(refined, "finite")
    put_members(refined, content | {f"{member}.npy": npy(array[:-1])})
    refuse(refined, "shape")
    del content[f"{member}.npy"]
    put_members(refined, content)
    refuse(refined, "arrays")


def test_files_of_networks_that_a_bundle_lacks_are_refused(folder: Path) -> None:
    (folder / "sample_model.onnx").write_bytes((folder / "model.onnx").read_bytes())
    manifest = json.loads((folder / "manifest.json").read_text())
    edit(folder, {"files": manifest["files"] | {"sample_model.onnx": "0" * 64}})
    refuse(folder, "files must be")
