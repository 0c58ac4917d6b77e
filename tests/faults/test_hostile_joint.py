"""Joint models made to do harm, or damaged: refused with BundleIntegrityError."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akkd_core.bundle import load_bundle
from akkd_core.errors import (
    BundleError,
    BundleIntegrityError,
    BundleMismatchError,
    BundleVersionError,
)
from akkd_core.joint.bundle import JointBundle
from akkd_core.joint.store import load_model, save_joint
from tests.builders.joint import belongs, offset_bundle, saved


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("joint")
    teacher = saved(base, offset_bundle("teacher", 0.0))
    student = saved(base, offset_bundle("student", 1.0, belongs()))
    save_joint(base / "joint", teacher, [student], name="j")
    return base / "joint"


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "joint"))


def pack(folder: Path, extra: dict[str, bytes] | None = None, prefix: str = "") -> Path:
    target = folder.with_suffix(".zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(path, prefix + str(path.relative_to(folder)))
        for name, data in (extra or {}).items():
            archive.writestr(name, data)
    return target


def refuse(path: Path, match: str, kind: type[BundleError] = BundleIntegrityError) -> None:
    with pytest.raises(kind, match=match) as caught:
        load_model(path)
    text = str(caught.value)
    assert str(path) in text and "\n" not in text and text.count(str(path)) == 1


def edit(folder: Path, **change: Any) -> None:
    path = folder / "joint.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))


def test_whole_ones_load(folder: Path) -> None:
    for path in (folder, pack(folder), pack(folder, prefix="inner/")):
        joint = load_model(path)
        assert isinstance(joint, JointBundle)
        assert [bundle.name for bundle in joint.members] == ["teacher", "student"]


def test_commands_for_plain_bundles_say_what_it_is(folder: Path) -> None:
    for path in (folder, pack(folder)):
        with pytest.raises(BundleMismatchError, match="is a joint model") as caught:
            load_bundle(path)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../x"},
        {"created": "yesterday"},
        {"rule": {"blend_m": -1, "domain_ramp": 1.5}},
        {"rule": {"blend_m": 10, "domain_ramp": 1e9}},
        {"rule": {"blend_m": 10}},
        {"rule": {"blend_m": 10, "domain_ramp": 1.5, "code": "x"}},
        {"members": []},
        {"members": ["0" * 64]},
        {"members": ["0" * 63, "1" * 64]},
        {"members": ["0" * 64] * 2},
        {"members": [f"{i:064x}" for i in range(17)]},
        {"members": [f"{i:064x}" for i in range(10_000)]},
        {"members": [1, 2]},
        {"members": {"00": "0" * 64}},
        {"members": [["0" * 64], ["1" * 64]]},
        {"software": 1},
        {"path": "/etc/passwd"},
    ],
)
def test_malformed_indexes(folder: Path, change: dict[str, Any]) -> None:
    edit(folder, **change)
    refuse(folder, "joint.json")


def test_versions_to_come(folder: Path) -> None:
    edit(folder, format_version=2)
    refuse(folder, "version 2", BundleVersionError)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a":NaN}', '{"a":1,"a":2}', "[" * 10_000])
def test_an_index_that_is_no_json_object(folder: Path, text: str) -> None:
    (folder / "joint.json").write_text(text)
    refuse(folder, "joint.json")


def test_a_huge_index(folder: Path) -> None:
    with open(folder / "joint.json", "r+b") as handle:
        handle.truncate(10 << 30)
    refuse(folder, "larger than")


@pytest.mark.parametrize("name", ["00", "01", "01/manifest.json", "01/weights.npz"])
def test_a_missing_member(folder: Path, name: str) -> None:
    path = folder / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    refuse(folder, f"member {name[:2]}")
    refuse(pack(folder), f"member {name[:2]}")


def test_an_altered_manifest_of_a_member(folder: Path) -> None:
    path = folder / "01" / "manifest.json"
    path.write_text(path.read_text().replace("an offset", "a gift"))
    refuse(folder, "member 01: manifest.json: altered")


def test_altered_weights_of_a_member(folder: Path) -> None:
    data = bytearray((folder / "01" / "weights.npz").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "01" / "weights.npz").write_bytes(data)
    refuse(folder, "SHA-256")


def test_members_that_changed_places(folder: Path) -> None:
    (folder / "00").rename(folder / "02")
    (folder / "01").rename(folder / "00")
    (folder / "02").rename(folder / "01")
    refuse(folder, "member 00")


def test_a_student_that_does_not_say_where_it_belongs(folder: Path) -> None:
    """Hashes are right: made so by the maker of a hostile model."""
    members = json.loads((folder / "joint.json").read_text())["members"]
    (folder / "00").rename(folder / "02")
    (folder / "01").rename(folder / "00")
    (folder / "02").rename(folder / "01")
    edit(folder, members=members[::-1])
    refuse(folder, "where it belongs")


def test_a_joint_model_in_a_joint_model(folder: Path) -> None:
    shutil.copy(folder / "joint.json", folder / "01" / "joint.json")
    refuse(folder, "joint model itself")
    refuse(pack(folder), "joint model itself|manifests")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_bundle_and_a_joint_model_in_one(folder: Path) -> None:
    shutil.copy(folder / "00" / "manifest.json", folder / "manifest.json")
    refuse(folder, "both")
    refuse(pack(folder), "both")
    shutil.rmtree(folder / "00")
    (folder / "manifest.json").rename(folder / "01" / "other.json")
    refuse(pack(folder, {"x/joint.json": b"{}", "joint.json": b"{}"}), "twice|manifests")


@pytest.mark.parametrize("name", ["00", "00/manifest.json", "01/weights.npz", "joint.json"])
def test_links_are_refused(folder: Path, name: str) -> None:
    outside = folder.parent / "outside"
    (folder / name).rename(outside)
    os.symlink(outside, folder / name)
    refuse(folder, "link")


@pytest.mark.parametrize("name", ["../evil", "/evil", "00/../../evil", "C:\\evil", "00\\..\\x"])
def test_entries_that_leave_the_archive(folder: Path, name: str) -> None:
    refuse(pack(folder, {name: b"evil"}), "isn't allowed")
    assert not (folder.parent.parent / "evil").exists()


def test_too_many_entries(folder: Path) -> None:
    extra = {f"{i:02d}/manifest.json": b"{}" for i in range(2, 100)}
    extra |= {f"{i:02d}/weights.npz": b"" for i in range(2, 100)}
    extra |= {f"{i:02d}/model.onnx": b"" for i in range(2, 100)}
    refuse(pack(folder, extra), "entries")


def test_a_zip_bomb(folder: Path) -> None:
    target = pack(folder)
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("02/weights.npz", "w") as entry:
            for _ in range(100):
                entry.write(bytes(1 << 20))
    refuse(target, "unpacks to")
    data = target.read_bytes().replace(struct.pack("<L", 100 << 20), struct.pack("<L", 1000))
    target.write_bytes(data)
    load_or_refuse(target)


def test_members_that_together_are_too_large(folder: Path) -> None:
    hashes = []
    for member in ("00", "01"):
        with open(folder / member / "weights.npz", "r+b") as handle:
            handle.truncate(40 << 20)
        path = folder / member / "manifest.json"
        manifest = json.loads(path.read_text())
        data = (folder / member / "weights.npz").read_bytes()
        manifest["files"]["weights.npz"] = hashlib.sha256(data).hexdigest()
        path.write_text(json.dumps(manifest))
        hashes.append(hashlib.sha256(path.read_bytes()).hexdigest())
    edit(folder, members=hashes)
    refuse(folder, "member 0")


def load_or_refuse(path: Path) -> None:
    try:
        load_model(path)
    except BundleError:
        pass


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_altered_archives(original: Path, data: st.DataObject) -> None:
    whole = pack(original).read_bytes() if not original.with_suffix(".zip").exists() else (
        original.with_suffix(".zip").read_bytes()
    )
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = original.with_name("altered.zip")
    path.write_bytes(bytes(content))
    load_or_refuse(path)


def test_a_pipe_in_place_of_the_index(folder: Path) -> None:
    (folder / "joint.json").unlink()
    os.mkfifo(folder / "joint.json")
    refuse(folder, "plain file")


