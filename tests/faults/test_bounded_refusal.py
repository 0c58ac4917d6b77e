"""Hostile bundles in a process that may take 250 MB: refused with BundleError, soon, measured."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from akkd_core.bundle import save_bundle
from tests.builders import bundles, command

LOADER = """
import json, resource, sys, time
from pathlib import Path
from akkd_core.bundle import load_bundle
from akkd_core.errors import BundleError
from akkd_core.joint.store import load_model

page = resource.getpagesize()
now = int(Path("/proc/self/statm").read_text().split()[0]) * page
limit = now + 250_000_000
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
told = {}
for path in sys.argv[1:]:
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    try:
        load = load_model if path.endswith("joint") else load_bundle
        load(path)
        error = "loaded"
    except Exception as caught:
        error = type(caught).__mro__[1 if type(caught) is not BundleError else 0].__name__
    seconds = time.process_time() - start
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    told[Path(path).name] = [error, seconds, grown / 1024]
print(json.dumps(told))
"""
BOMB_BYTES = 1 << 28


def rehash(folder: Path) -> Path:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for name in manifest["files"]:
        manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    path.write_text(json.dumps(manifest))
    return folder


def bomb(folder: Path) -> Path:
    """A quarter of a gigabyte of zeros in a quarter of a megabyte."""
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "manifest.json", "manifest.json")
        with archive.open("weights.npz", "w", force_zip64=True) as entry:
            for _ in range(BOMB_BYTES >> 24):
                entry.write(bytes(1 << 24))
    return path


def bomb_that_declares_little(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "manifest.json", "manifest.json")
        with archive.open("weights.npz", "w") as entry:
            for _ in range(4):
                entry.write(bytes(1 << 24))
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<L", 1 << 26), struct.pack("<L", 1000)))
    return path


def ten_gigabytes_on_disk(folder: Path) -> Path:
    with open(folder / "weights.npz", "r+b") as handle:
        handle.truncate(10 << 30)
    return folder


def ten_gigabytes_declared(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    size = struct.pack("<L", (folder / "weights.npz").stat().st_size)
    path.write_bytes(path.read_bytes().replace(size, struct.pack("<L", 0xFFFFFFF0)))
    return path


def absurd_shape(folder: Path) -> Path:
    """2^31 weights that the manifest and the array's own header both declare."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["networks"]["pixel"]["architecture"] = None
    manifest["networks"]["pixel"]["layers"][0]["units"] = 1 << 31
    path.write_text(json.dumps(manifest))
    return folder


def not_a_number(folder: Path) -> Path:
    with np.load(folder / "weights.npz") as found:
        arrays = {name: found[name] for name in found.files}
    arrays["pixel.bias.0"][3] = np.nan
    np.savez(folder / "weights.npz", **arrays)
    return rehash(folder)


def link_out(folder: Path) -> Path:
    (folder / "weights.npz").unlink()
    os.symlink("/dev/zero", folder / "weights.npz")
    return folder


def way_out(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(folder / "manifest.json", "manifest.json")
        archive.writestr("../../outside", b"x")
    return path


def deep_json(folder: Path) -> Path:
    (folder / "manifest.json").write_text('{"a":' * 150_000)
    return folder


def long_number(folder: Path) -> Path:
    (folder / "manifest.json").write_text('{"format_version": ' + "9" * 900_000 + "}")
    return folder


def joint_of_many(folder: Path) -> Path:
    target = folder.with_name(folder.name + "-joint")
    target.mkdir()
    member: dict[str, Any] = {"folder": "../" + folder.name}
    (target / "joint.json").write_text(json.dumps({"members": [member] * 20_000}))
    return target


MAKERS: tuple[Callable[[Path], Path], ...] = (
    bomb, bomb_that_declares_little, ten_gigabytes_on_disk, ten_gigabytes_declared, absurd_shape,
    not_a_number, link_out, way_out, deep_json, long_number, joint_of_many,
)  # fmt: skip


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is told by /proc")
def test_hostile_bundles_take_little(tmp_path: Path) -> None:
    made = {
        maker.__name__: maker(save_bundle(bundles.bundle(), tmp_path / maker.__name__))
        for maker in MAKERS
    }
    whole = save_bundle(bundles.bundle(), tmp_path / "whole")
    run = subprocess.run(
        [sys.executable, "-c", LOADER, str(whole), *map(str, made.values())],
        capture_output=True, text=True, env=command.environment(), timeout=280,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert told.pop("whole")[0] == "loaded"
    assert len(told) == len(MAKERS)
    for name, (error, seconds, grown_mb) in told.items():
        assert error == "BundleError", (name, error)
        assert seconds < 5 and grown_mb < 200, (name, seconds, grown_mb)
